"""Writes a trained lifter as three files that are read back and compared before they are kept."""

import dataclasses
import json
import os
import shutil
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal, NamedTuple

import jax
import jax.export
import jax.numpy as jnp
import numpy as np
import safetensors.numpy
from flax.traverse_util import flatten_dict

from geoself_jax import config, lifter
from geoself_jax.errors import (
    DIVERGED,
    INPUT_OUTPUT,
    WORKDIR,
    GeoselfError,
    data_error,
)
from geoself_jax.step import make_predict
from geoself_jax.trained import Trained, load_trained

PROGRAM = "model.stablehlo"
FILES = (lifter.WEIGHTS, lifter.DESCRIPTION, PROGRAM)
PLATFORMS = ("cpu", "cuda", "tpu")

MAX_DIFFERENCE_MM = 0.05
"""Between what was read back and the run's networks. Rounding alone makes 0.006 mm in networks of 4
blocks of 1024 units once the batch has another size; one float32 step at 5 m is 0.0005 mm."""

CONVENTIONS = (
    "Single view, single person. A camera's frame: origin in its centre, x right, y down, z "
    "forward, metres. A picture's frame: u right, v down, pixels; z (u, v, 1) = K (x, y, z). "
    "Remove lens distortion from the pixels first. A missing joint is NaN, or has confidence 0; "
    "the networks answer even where no joint is seen. pose_3d is relative to the root joint and "
    "has the orientation of the camera: the absolute joints in the camera's frame are pose_3d + "
    "root_position[..., None, :]. Joints are in the order of skeleton.joint_names."
)

Lift = Callable[..., tuple[Any, Any]]


class Written(NamedTuple):
    """What an export wrote.

    Attributes:
        step: Of the checkpoint.
        sizes: Bytes by file name.
        differences_mm: Largest difference from the run's networks, by file name.
        notes: What the user should know, a line each.
    """

    step: int
    sizes: dict[str, int]
    differences_mm: dict[str, float]
    notes: list[str]


def export(run: Path, out: Path, which: Literal["last", "best"] = "last") -> Written:
    """Exports a run's networks.

    Args:
        run: Folder of the run.
        out: Folder to make; an earlier export there is replaced once the new one is whole.
        which: Checkpoint.

    Raises:
        GeoselfError: `out` is something else's (73); no run or checkpoint (66); damaged (65); what
            was read back differs from the networks (70), then `out` is as it was; the disk (74).
    """
    out = out.resolve()
    _check_free(out)
    trained = load_trained(run, which)
    scores, notes = _scores(run, which, trained)
    temporary = out.with_name(f".{out.name}.{os.getpid()}.tmp")
    try:
        temporary.mkdir(parents=True)
        _write(temporary, trained, scores)
        differences = differences_mm(temporary, trained)
        _check_differences(differences)
        _check_free(out)
        _move(temporary, out)
    except OSError as error:
        raise GeoselfError(
            str(out),
            f"could not be written ({error})",
            "check the disk, or choose another --out",
            INPUT_OUTPUT,
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    sizes = {name: (out / name).stat().st_size for name in FILES}
    return Written(trained.facts["step"], sizes, differences, notes)


def differences_mm(folder: Path, trained: Trained) -> dict[str, float]:
    """Largest coordinate difference between what the files give and the networks, by file name.

    Both files are used as a user would: from the disk, on poses with missing joints, one and 37.
    """
    program = jax.export.deserialize(bytearray((folder / PROGRAM).read_bytes()))
    routes: dict[str, Lift] = {
        lifter.WEIGHTS: lifter.load_lifter(folder),
        PROGRAM: jax.jit(program.call),
    }
    predict = make_predict(trained.model)
    worst = dict.fromkeys(routes, 0.0)
    for poses in (1, 37):
        inputs = plausible_inputs(trained, poses)
        with jax.default_matmul_precision("highest"):
            wanted = predict(trained.variables, *inputs)
        for name, lift in routes.items():
            found = lift(*inputs)
            differences = [
                np.abs(np.asarray(a) - b).max() for a, b in zip(found, wanted, strict=True)
            ]
            worst[name] = float(np.max([worst[name], *(1000 * d for d in differences)]))
    return worst


def plausible_inputs(
    trained: Trained, poses: int, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """keypoints_2d, confidence and K of people 3 to 7 m away, a tenth of their joints missing."""
    rng = np.random.default_rng([seed, poses])
    config, joints = trained.model.config, trained.model.skeleton.joints
    depth = rng.uniform(3, 7, (poses, 1, 1))
    place = rng.uniform(-0.2, 0.2, (poses, 1, 2)) * depth
    body = rng.normal(0, 0.4, (poses, joints, 3))
    focal = config.pixel_scale * rng.uniform(1.8, 2.6, (poses, 1, 1))
    rays = (place + body[..., :2]) / (depth + body[..., 2:])
    keypoints_2d = focal * rays + np.array(config.pixel_center)
    confidence = rng.uniform(0.1, 1, (poses, joints))
    missing = rng.random((poses, joints)) < 0.1
    missing[0, -1] = True
    keypoints_2d[missing], confidence[missing] = np.nan, 0
    K = np.tile(np.eye(3), (poses, 1, 1))
    K[:, :2, :2] *= focal
    K[:, :2, 2] = config.pixel_center
    return keypoints_2d.astype(np.float32), confidence.astype(np.float32), K.astype(np.float32)


def _check_free(out: Path) -> None:
    """The place is free, an empty folder, or an earlier export and nothing besides."""
    if not out.exists():
        return
    names = sorted(path.name for path in out.iterdir()) if out.is_dir() else [out.name]
    if names and not lifter.is_export(out):
        why = "is there already and is no export of geoself_jax"
    elif foreign := [name for name in names if name not in FILES]:
        why = f"is an earlier export with {foreign[0]!r} beside it, which would be lost"
    else:
        return
    raise GeoselfError(
        f"--out={out}", f"{why}; nothing in it was touched", "choose another --out", WORKDIR
    )


def _check_differences(differences: dict[str, float]) -> None:
    for name, difference in differences.items():
        if not difference <= MAX_DIFFERENCE_MM:  # NaN too
            raise GeoselfError(
                f"{name}, read back, differs from the run's networks by {difference:.3g} mm",
                f"wanted at most {MAX_DIFFERENCE_MM} mm; nothing was exported",
                "try --checkpoint=best or last; if both fail, report it with the versions of jax",
                DIVERGED,
            )


def _move(temporary: Path, out: Path) -> None:
    """The new folder in the place of the old one, which is kept until then."""
    old = temporary.with_suffix(".old")
    if out.exists():
        out.rename(old)
    try:
        temporary.rename(out)
    except OSError:
        if old.exists():
            old.rename(out)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _write(folder: Path, trained: Trained, scores: dict[str, Any]) -> None:
    variables = {
        name: np.ascontiguousarray(array)
        for name, array in flatten_dict(dict(trained.variables), sep="/").items()
    }
    contents = {
        lifter.WEIGHTS: safetensors.numpy.save(variables, {"format": lifter.FORMAT}),
        PROGRAM: _program(trained),
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    info = _without_infinities(
        {
            **_description(trained),
            "scores": scores,
            "files": {
                name: {"bytes": len(content), "sha256": lifter.sha256(content)}
                for name, content in contents.items()
            },
        }
    )
    info["sha256"] = lifter.description_sha256(info)
    (folder / lifter.DESCRIPTION).write_text(json.dumps(info, indent=2, allow_nan=False) + "\n")


def _program(trained: Trained) -> bytes:
    """The networks and their weights as a serialized program with a free batch size."""
    joints = trained.model.skeleton.joints
    (b,) = jax.export.symbolic_shape("b")
    shapes = [(b, joints, 2), (b, joints), (b, 3, 3)]
    inputs = [jax.ShapeDtypeStruct(shape, jnp.float32) for shape in shapes]

    def lift(keypoints_2d: jax.Array, confidence: jax.Array, K: jax.Array) -> tuple[Any, Any]:
        return trained.model.apply(trained.variables, keypoints_2d, confidence, K, train=False)

    lines = jax.config.jax_traceback_in_locations_limit  # type: ignore[attr-defined]
    try:
        # Else the program names the source files of this machine, line by line.
        jax.config.update("jax_traceback_in_locations_limit", 0)
        with jax.default_matmul_precision("highest"):  # TF32 and bfloat16 would cost accuracy
            exported = jax.export.export(jax.jit(lift), platforms=PLATFORMS)(*inputs)
    finally:
        jax.config.update("jax_traceback_in_locations_limit", lines)
    return bytes(exported.serialize())


def _description(trained: Trained) -> dict[str, Any]:
    record, skeleton = trained.record, trained.model.skeleton
    joints, root = skeleton.joints, skeleton.joint_names[skeleton.root]
    packages = ("geoself_jax", "jax", "flax", "numpy", "safetensors")
    return {
        "format": lifter.FORMAT,
        "conventions": CONVENTIONS,
        "inputs": [
            _array("keypoints_2d", ["b", joints, 2], "px", "picture", missing="NaN"),
            _array("confidence", ["b", joints], "1", None, range=[0, 1], missing=0),
            _array("K", ["b", 3, 3], "px", "picture", layout="[[fx,s,cx],[0,fy,cy],[0,0,1]]"),
        ],
        "outputs": [
            _array("pose_3d", ["b", joints, 3], "m", "camera axes", relative_to=root),
            _array("root_position", ["b", 3], "m", "camera", joint=root),
        ],
        "skeleton": dataclasses.asdict(skeleton),
        "architecture": config.as_dict(trained.model.config),
        "data": record["data"],
        "config": record["config"],
        "versions": {
            "training": record.get("versions"),
            "export": {name: version(name) for name in packages},
        },
        "program": {
            "platforms": list(PLATFORMS),
            "calling_convention": jax.export.maximum_supported_calling_convention_version,
            "lifetime": "needs the exporting jax or newer, six months promised; keep the weights",
        },
    }


def _array(
    name: str, shape: list[Any], unit: str, frame: str | None, **more: Any
) -> dict[str, Any]:
    return {"name": name, "shape": shape, "dtype": "float32", "unit": unit, "frame": frame, **more}


def _scores(run: Path, which: str, trained: Trained) -> tuple[dict[str, Any], list[str]]:
    """The checkpoint's facts and, where it is of this checkpoint, the run's evaluation; notes."""
    path, step = run / "evaluation.json", trained.facts["step"]
    scores = {"checkpoint": {"which": which, **trained.facts}, "evaluation": None}
    if not path.is_file():
        return scores, [f"no scores in {lifter.DESCRIPTION}: {run} was not evaluated"]
    try:
        evaluation = json.loads(path.read_bytes())
    except ValueError as error:
        raise data_error(str(path), f"not JSON ({error})", "evaluate again") from error
    found = evaluation.get("checkpoint_step") if isinstance(evaluation, dict) else None
    if found != step:
        return scores, [f"no scores in {lifter.DESCRIPTION}: {path} is of step {found}, not {step}"]
    return {**scores, "evaluation": evaluation}, []


def _without_infinities(value: Any) -> Any:
    """Infinity and NaN are no JSON: null."""
    if isinstance(value, dict):
        return {key: _without_infinities(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_without_infinities(inner) for inner in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value
