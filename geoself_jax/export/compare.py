"""Compares the outputs of the exported files with those of the run's networks."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.export
import numpy as np

from geoself_jax.core.errors import DIVERGED, GeoselfError
from geoself_jax.core.model import Prediction
from geoself_jax.core.predict import make_predict
from geoself_jax.export.folder import ONNX, PROGRAM
from geoself_jax.lift import exported, lifter
from geoself_jax.runtime.restore import Trained

INPUTS = ("keypoints_2d", "confidence", "K")
OUTPUTS = Prediction._fields
"""Of these only the outputs that the networks predict: the first two, and what follows."""

BATCHES = (1, 37)

MAX_DIFFERENCE_MM = {exported.WEIGHTS: 0.05, PROGRAM: 0.05, ONNX: 0.01}
"""Tolerance between an exported file and the run's networks. Rounding causes 0.006 mm in networks
of 4 blocks of 1024 units at another batch size, 0.003 mm in onnxruntime (benchmarks.exports); one
float32 step at 5 m is 0.0005 mm."""

Lift = Callable[..., Sequence[Any]]


class Case(NamedTuple):
    """Inputs, in the order of `INPUTS`, and expected outputs, in that of `OUTPUTS`."""

    inputs: tuple[np.ndarray, ...]
    wanted: tuple[np.ndarray, ...]


def live_cases(trained: Trained) -> list[Case]:
    """Returns inputs and outputs of the run's networks for 1 and 37 poses with missing joints."""
    predict, cases = make_predict(trained.model), []
    for poses in BATCHES:
        inputs = plausible_inputs(trained, poses)
        with jax.default_matmul_precision("highest"):
            answer = predict(trained.variables, *inputs)
        cases.append(Case(inputs, tuple(np.asarray(array) for array in outputs_of(answer))))
    return cases


def differences_mm(folder: Path, cases: Sequence[Case]) -> dict[str, float]:
    """Returns the largest coordinate difference from the networks, mm, by file name.

    Each file is loaded from disk, as a user would.
    """
    return {name: _largest_mm(lift, cases) for name, lift in lifts(folder).items()}


def outputs_of(prediction: Prediction) -> list[Any]:
    """Returns the outputs of the networks, in the order of `OUTPUTS`."""
    return [array for array in prediction if array is not None]


def lifts(folder: Path) -> dict[str, Lift]:
    """Returns a lifting function for each file of an export, by file name."""
    loaded = lifter.load_lifter(folder)
    program = jax.export.deserialize(bytearray((folder / PROGRAM).read_bytes()))
    found: dict[str, Lift] = {
        exported.WEIGHTS: lambda *inputs: outputs_of(loaded.predict(*inputs)),
        PROGRAM: jax.jit(program.call),
    }
    return found | ({ONNX: _onnx(folder / ONNX)} if (folder / ONNX).is_file() else {})


def check_differences(differences: dict[str, float], length_unit: float = 1.0) -> None:
    """Checks that all files agree with the networks.

    Args:
        differences: mm, by file name.
        length_unit: Metres that are 1 in the networks: the tolerance grows with the body.

    Raises:
        GeoselfError: A difference exceeds `MAX_DIFFERENCE_MM` (70).
    """
    for name, difference in differences.items():
        most = MAX_DIFFERENCE_MM[name] * length_unit
        if not difference <= most:  # NaN too
            raise GeoselfError(
                f"{name}, read back, differs from the run's networks by {difference:.3g} mm",
                f"must be at most {most:.3g} mm; nothing was exported",
                "try --checkpoint=best or last; if both fail, report it with the versions of jax",
                DIVERGED,
            )


def plausible_inputs(
    trained: Trained, poses: int, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Generates keypoints_2d, confidence and K of bodies at 3 to 7 m; a tenth of joints missing.

    In windows the bodies move by some centimetres per frame.
    """
    rng = np.random.default_rng([seed, poses])
    config, joints = trained.model.config, trained.model.skeleton.joints
    shape = (poses, config.frames, joints)
    depth = rng.uniform(3, 7, (poses, 1, 1, 1))
    place = rng.uniform(-0.2, 0.2, (poses, 1, 1, 2)) * depth
    body = rng.normal(0, 0.4, (poses, 1, joints, 3))
    if config.frames > 1:
        body = body + np.cumsum(rng.normal(0, 0.03, (*shape, 3)), axis=1)
    focal = config.pixel_scale * rng.uniform(1.8, 2.6, (poses, 1, 1, 1))
    rays = (place + body[..., :2]) / (depth + body[..., 2:])
    keypoints_2d = focal * rays + np.array(config.pixel_center)
    confidence = rng.uniform(0.1, 1, shape)
    missing = rng.random(shape) < 0.1
    missing[0, :, -1] = True
    keypoints_2d[missing], confidence[missing] = np.nan, 0
    K = np.tile(np.eye(3), (poses, 1, 1))
    K[:, :2, :2] *= focal[:, 0]
    K[:, :2, 2] = config.pixel_center
    seen = (poses, *trained.view)
    pixels = keypoints_2d.reshape(*seen, 2).astype(np.float32)
    return pixels, confidence.reshape(seen).astype(np.float32), K.astype(np.float32)


def _onnx(path: Path) -> Lift:
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return lambda *inputs: session.run(None, dict(zip(INPUTS, inputs, strict=True)))


def _largest_mm(lift: Lift, cases: Sequence[Case]) -> float:
    """Returns the largest difference, mm; NaN if any is NaN."""
    worst = [
        np.abs(np.asarray(a) - b).max()
        for case in cases
        for a, b in zip(lift(*case.inputs), case.wanted, strict=True)
    ]
    return 1000 * float(np.max(worst))
