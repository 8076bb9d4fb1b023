"""model.json: what the networks are, take and give, where they come from, how good they are."""

import dataclasses
import json
from importlib.metadata import version
from pathlib import Path, PureWindowsPath
from typing import Any

import numpy as np

from geoself_jax.core import config
from geoself_jax.core.errors import data_error
from geoself_jax.export import stablehlo
from geoself_jax.lift import exported
from geoself_jax.runtime.restore import Trained

CONVENTIONS = (
    "Single view, single person. A camera's frame: origin in its centre, x right, y down, z "
    "forward, metres. A picture's frame: u right, v down, pixels; z (u, v, 1) = K (x, y, z). "
    "Remove lens distortion from the pixels first. A missing joint is NaN, or has confidence 0; "
    "the networks answer even where no joint is seen. pose_3d is relative to the root joint and "
    "has the orientation of the camera: the absolute joints in the camera's frame are pose_3d + "
    "root_position[..., None, :]. Joints are in the order of skeleton.joint_names."
)
WINDOWS = (
    "The networks see {frames} consecutive frames of one camera and lift the middle one: of each "
    "pose keypoints_2d and confidence hold {frames} frames, of which frame {middle}, counted from "
    "0, is lifted. Where the video has none, beyond its ends, repeat the frame at its end; a frame "
    "in which nobody is found is one of missing joints. "
)
UNCERTAIN = (
    " uncertainty is the distance at which each joint of pose_3d is expected from where it is, "
    "metres, 0 at the root: a mean over joints like it, not a bound."
)
PACKAGES = ("geoself_jax", "jax", "flax", "numpy", "safetensors")


def describe(trained: Trained, scores: dict[str, Any], *, onnx: bool) -> dict[str, Any]:
    """All of model.json but the facts of the files beside it and its digest.

    Of files that a run was taught by or scored on, the name is told and not the folder: an export
    is handed on.

    Args:
        trained: The networks.
        scores: From `read_scores`.
        onnx: Whether model.onnx is written.
    """
    record, skeleton = trained.record, trained.model.skeleton
    joints, root = skeleton.joints, skeleton.joint_names[skeleton.root]
    seen = ["b", *trained.view]
    packages = (*PACKAGES, "onnx", "onnxruntime") if onnx else PACKAGES
    built = trained.model.config
    outputs = [
        _array("pose_3d", ["b", joints, 3], "m", "camera axes", relative_to=root),
        _array("root_position", ["b", 3], "m", "camera", joint=root),
    ]
    if built.uncertainty:
        outputs.append(_array("uncertainty", ["b", joints], "m", None, of="pose_3d"))
    info = {
        "format": exported.FORMAT,
        "conventions": conventions(built),
        "inputs": [
            _array("keypoints_2d", [*seen, 2], "px", "picture", missing="NaN"),
            _array("confidence", seen, "1", None, range=[0, 1], missing=0),
            _array("K", ["b", 3, 3], "px", "picture", layout="[[fx,s,cx],[0,fy,cy],[0,0,1]]"),
        ],
        "outputs": outputs,
        "skeleton": dataclasses.asdict(skeleton),
        "architecture": config.as_dict(trained.model.config),
        "data": record["data"] | {"source": without_folder(record["data"]["source"])},
        "recording": record.get("recording"),  # not in the records of older runs
        "config": _without_folders(record["config"]),
        "versions": {
            "training": record.get("versions"),
            "export": {name: version(name) for name in packages},
        },
        "program": stablehlo.facts(),
        "scores": scores,
    }
    plain: dict[str, Any] = _without_infinities(info)
    return plain


def conventions(built: config.ModelConfig) -> str:
    """What the arrays mean, for networks that are built so."""
    frames, said = built.frames, CONVENTIONS + (UNCERTAIN if built.uncertainty else "")
    return said if frames == 1 else WINDOWS.format(frames=frames, middle=frames // 2) + said


def read_scores(run: Path, which: str, trained: Trained) -> tuple[dict[str, Any], list[str]]:
    """The checkpoint's facts and, where it is of this checkpoint, the run's evaluation; notes.

    Raises:
        GeoselfError: The evaluation is damaged (65).
    """
    path, step = run / "evaluation.json", trained.facts["step"]
    scores = {"checkpoint": {"which": which, **trained.facts}, "evaluation": None}
    if not path.is_file():
        return scores, [f"no scores in {exported.DESCRIPTION}: {run} was not evaluated"]
    try:
        evaluation = json.loads(path.read_bytes())
    except ValueError as error:
        raise data_error(str(path), f"not JSON ({error})", "evaluate again") from error
    found = evaluation.get("checkpoint_step") if isinstance(evaluation, dict) else None
    if found != step:
        return scores, [
            f"no scores in {exported.DESCRIPTION}: {path} is of step {found}, not {step}"
        ]
    sources = {key: without_folder(evaluation[key]) for key in _SOURCES if key in evaluation}
    return {**scores, "evaluation": evaluation | sources}, []


_SOURCES = ("data", "trained_on")


def without_folder(source: str) -> str:
    """The name of a file or data set, without the folders of the machine where it lies."""
    kind = source.partition(":")[0]
    if kind in ("synthetic", "tfds"):
        return source.partition("@")[0]
    return PureWindowsPath(source).name  # which knows both kinds of slashes


def _without_folders(settings: dict[str, Any]) -> dict[str, Any]:
    data = settings["data"]
    return settings | {"data": data | {"train": without_folder(data["train"])}}


def _array(
    name: str, shape: list[Any], unit: str, frame: str | None, **more: Any
) -> dict[str, Any]:
    return {"name": name, "shape": shape, "dtype": "float32", "unit": unit, "frame": frame, **more}


def _without_infinities(value: Any) -> Any:
    """Infinity and NaN are no JSON: null."""
    if isinstance(value, dict):
        return {key: _without_infinities(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_without_infinities(inner) for inner in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value
