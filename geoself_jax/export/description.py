"""model.json: architecture, inputs, outputs, provenance and scores of the networks."""

import contextlib
import dataclasses
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path, PureWindowsPath
from typing import Any

import numpy as np

from geoself_jax.core import config
from geoself_jax.core.errors import data_error
from geoself_jax.export.evaluation_file import read_evaluation
from geoself_jax.lift import exported
from geoself_jax.runtime.restore import Trained

CONVENTIONS = (
    "Single view, single person. Camera frame: origin at the camera centre, x right, y down, z "
    "forward, metres. Image frame: u right, v down, pixels; z (u, v, 1) = K (x, y, z). "
    "Undistort the pixels first. A missing joint is NaN, or has confidence 0; "
    "the networks predict a pose even without any visible joint. pose_3d is root-relative, in "
    "camera axes: the absolute joints in the camera frame are pose_3d + "
    "root_position[..., None, :]. Joints are in the order of skeleton.joint_names."
)
WINDOWS = (
    "The networks see {frames} consecutive frames of one camera and lift the middle one: "
    "keypoints_2d and confidence of each pose hold {frames} frames, of which frame {middle}, "
    "counted from 0, is lifted. Pad a video by its first and last frame; pass a frame without a "
    "detection as missing joints. "
)
UNCERTAIN = (
    " uncertainty is the expected error of each joint of pose_3d, "
    "metres, 0 at the root: a mean over joints like it, not a bound."
)
AXES = (
    " uncertainty_axes is the expected size of the error's two parts: across the ray from the "
    "camera to the joint (to pose_3d + root_position), and along it."
)
PACKAGES = ("geoself_jax", "jax", "flax", "numpy", "safetensors")


def describe(trained: Trained, scores: dict[str, Any], *, onnx: bool) -> dict[str, Any]:
    """Returns model.json except the facts of the program and the other files, and its digest.

    Files of the training and evaluation data are named without their folders: an export is shared.

    Args:
        trained: The trained networks.
        scores: Result of `read_scores`.
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
    if built.uncertainty_axes:
        axes = {"of": "pose_3d", "axes": ["across the ray", "along the ray"]}
        outputs.append(_array("uncertainty_axes", ["b", joints, 2], "m", None, **axes))
    info = {
        "format": exported.FORMAT,
        "conventions": conventions(built),
        "inputs": [
            _array("keypoints_2d", [*seen, 2], "px", "image", missing="NaN"),
            _array("confidence", seen, "1", None, range=[0, 1], missing=0),
            _array("K", ["b", 3, 3], "px", "image", layout="[[fx,s,cx],[0,fy,cy],[0,0,1]]"),
        ],
        "outputs": outputs,
        "skeleton": dataclasses.asdict(skeleton),
        "architecture": config.as_dict(trained.model.config),
        "data": record["data"] | {"source": without_folder(record["data"]["source"])},
        "recording": record.get("recording"),  # not in the records of older runs
        "init": _init(record.get("init")),
        "config": _without_folders(record["config"]),
        "versions": {
            "training": record.get("versions"),
            "export": {name: version(name) for name in packages},
        },
        "scores": scores,
    }
    plain: dict[str, Any] = _without_infinities(info)
    return plain


@contextlib.contextmanager
def unusable_records_refused() -> Iterator[None]:
    """Within, a value that a run's record or its scores lack, or of another kind, is one line.

    Raises:
        GeoselfError: Which (65).
    """
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        what = f"the run's run.json or evaluation.json: {type(error).__name__} {error}"
        do = "restore the files, or evaluate again"
        raise data_error(what, "damaged, or of another version", do) from error


def conventions(built: config.ModelConfig) -> str:
    """Describes the input and output arrays of networks of this configuration."""
    unsure = UNCERTAIN * built.uncertainty + AXES * built.uncertainty_axes
    frames, text = built.frames, CONVENTIONS + unsure
    return text if frames == 1 else WINDOWS.format(frames=frames, middle=frames // 2) + text


def read_scores(run: Path, which: str, trained: Trained) -> tuple[dict[str, Any], list[str]]:
    """Reads the checkpoint's facts and the run's evaluation of it; returns scores and notes.

    Raises:
        GeoselfError: The evaluation is damaged (65).
    """
    path, step = run / "evaluation.json", trained.facts["step"]
    scores = {"checkpoint": {"which": which, **trained.facts}, "evaluation": None}
    if not path.is_file():
        return scores, [f"no scores in {exported.DESCRIPTION}: {run} was not evaluated"]
    evaluation = read_evaluation(path)
    found = evaluation.get("checkpoint_step")
    if found != step:
        return scores, [
            f"no scores in {exported.DESCRIPTION}: {path} is of step {found}, not {step}"
        ]
    sources = {key: without_folder(evaluation[key]) for key in _SOURCES if key in evaluation}
    return {**scores, "evaluation": evaluation | sources}, []


_SOURCES = ("data", "trained_on")


def without_folder(source: str) -> str:
    """Returns the name of a file or data set without its folders."""
    kind = source.partition(":")[0]
    if kind in ("synthetic", "tfds"):
        return source.partition("@")[0]
    return PureWindowsPath(source).name  # which knows both kinds of slashes


def _without_folders(settings: dict[str, Any]) -> dict[str, Any]:
    data = settings["data"]
    init = {"init": without_folder(settings["init"])} if settings.get("init") else {}
    return settings | {"data": data | {"train": without_folder(data["train"])}} | init


def _init(init: dict[str, Any] | None) -> dict[str, Any] | None:
    """What the run started from, without folders; None where it started afresh."""
    if not init:
        return None
    return init | {key: without_folder(init[key]) for key in ("folder", "data")}


def _array(
    name: str, shape: list[Any], unit: str, frame: str | None, **more: Any
) -> dict[str, Any]:
    return {"name": name, "shape": shape, "dtype": "float32", "unit": unit, "frame": frame, **more}


def _without_infinities(value: Any) -> Any:
    """Replaces infinity and NaN, which JSON lacks, by None."""
    if isinstance(value, dict):
        return {key: _without_infinities(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_without_infinities(inner) for inner in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value
