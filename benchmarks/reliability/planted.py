"""Rows 10 and 13 to 22: faults in recordings, of which `benchmarks.inspect_faults` knows each."""

from collections.abc import Sequence

import numpy as np

from benchmarks import planting
from benchmarks.faults import FAULTS
from benchmarks.inspect_faults import said, verdict
from benchmarks.reliability.lab import Lab
from benchmarks.reliability.life import run
from benchmarks.reliability.row import Row, Test
from benchmarks.reliability.tally import Tally
from geoself_jax.core.errors import DATA

NOT_FINITE = (
    *("a detection is NaN", "a detection is infinite", "a confidence is NaN", "K has a NaN"),
    *("R has a NaN", "center is infinite"),
)
MISSING = (
    *("one view", "each instant is seen by one camera", "single pictures are missing"),
    *("a third of the instants is seen by one camera", "a joint is never seen"),
    *("one camera never sees a joint", "a camera sees nothing", "a camera sees every third frame"),
)
ROTATIONS = ("R is off by 0.000001", "R is off by 0.001", "R is off by 0.1", "R has a NaN")
MIRRORED = (
    *("a mirrored camera, det R = -1", "one camera's picture is mirrored"),
    *("left and right exchanged in all cameras", "one camera is upside down"),
)
CONVENTIONS = (
    *("R and center of camera to world", "center holds t of x_cam = R x + t"),
    *("R is camera to world", "center has the other sign", "one camera's R is camera to world"),
    *("one camera's center holds t", "two cameras' calibrations exchanged"),
    *("two cameras' detections exchanged", "the cameras' axes are y up, z backward"),
    *("K is transposed", "one camera turned by 10 degrees", "one camera moved by 0.5 m"),
)
TIMES = (
    *("confidence is a frame short", "clip_id is a frame short", "one camera is 1 frame late"),
    *("one camera is 2 frames late", "one camera is 3 frames late", "one camera is 4 frames late"),
    *(
        "one camera is 5 frames late",
        "one camera is 3 frames early",
        "one camera is 20 frames late",
    ),
    *("two cameras are 4 frames late", "one camera dropped 4 frames within each clip"),
    *("one camera stands still for 30 frames", "fps is 20 times too high", "fps is half"),
)
CONFIDENCES = (
    *("all confidences are 0", "a confidence is 1.5", "a confidence is -0.1"),
    *("confidences are percent", "one camera's confidences are constant", "confidences are all 1"),
    *("confidences are errors: high is bad", "confidences are a hundredth"),
    *("confidences are clipped at 0.3", "confidences are random"),
)
UNITS = (
    *("center in millimetres", "center in centimetres", "center in feet", "center 20 % too long"),
    *("one camera's center is in millimetres", "ground truth in millimetres"),
    *("detections are normalised to [0, 1]", "one camera's detections are normalised"),
    *("all detections at half resolution", "one camera's detections at half resolution"),
)
JOINTS = (
    *("joints in COCO's order under other names", "knee and ankle exchanged"),
    *("hip and shoulder exchanged", "left and right exchanged in one camera"),
    *("left and right exchanged in all cameras", "... in a third of one camera's frames"),
)
TWICE = (
    *("every frame is there twice", "a clip is there twice", "a file against itself"),
    *("the same frames from another detector", "a person of the same name"),
)


def planted(names: Sequence[str]) -> Test:
    """A test that plants faults of docs/faults.md; what is said has to name each."""

    def test(lab: Lab, count: int, tally: Tally) -> None:
        good = planting.good_arrays()
        for name in names[: count or None]:
            fault = FAULTS[name]
            how, line = verdict(fault, said(fault, good, lab.folder))
            tally.check(how == fault.outcome, f"{name}: {how}, wanted {fault.outcome}: {line}")

    return test


def behind(lab: Lab, count: int, tally: Tally) -> None:
    """Poses at, behind and just before a camera: loss and gradient, and where it pushes."""
    import jax
    import jax.numpy as jnp

    from geoself_jax.core import losses

    dice = np.random.default_rng(24)

    def total(pose: jax.Array) -> jax.Array:
        return losses.depth_barrier(pose).sum()

    for case in range(count):
        pose = dice.normal(0, 1, (1, 2, 17, 3)).astype(np.float32)
        pose[..., 2] += (-3.0, -0.2, 0.0, 0.3)[case % 4]
        pose[..., 2] *= case % 5 != 0
        value, slope = jax.value_and_grad(total)(jnp.asarray(pose))
        near = pose[..., 2] < 0.1
        finite = bool(np.isfinite(value)) and bool(np.isfinite(np.asarray(slope)).all())
        pushed = bool((np.asarray(slope)[..., 2][near] < 0).all())
        share = float(losses.share_behind(jnp.asarray(pose)))
        right = abs(share - near.mean()) < 1e-6
        tally.check(finite and pushed and right, f"case {case}: {value}, {share} of {near.mean()}")


def leaks(lab: Lab, count: int, tally: Tally) -> None:
    """Frames there twice, and frames of one file in another; then `evaluate` on training data."""
    planted(TWICE)(lab, count, tally)
    folder = lab.new("leaks")
    config = lab.config("leaks", length=10)
    words = (f"--config={config}", f"--workdir={folder / 'run'}")
    run("train", *words, log=folder / "log.txt")
    renamed = dict(lab.arrays) | {"subject_names": np.array(["dora", "emil", "fay"])}
    renamed["clip_names"] = np.array([f"other{i}" for i in range(6)])
    np.savez(folder / "renamed.npz", allow_pickle=False, **renamed)
    for what, data in (("its own file", lab.data), ("a renamed copy", folder / "renamed.npz")):
        words = (f"--workdir={folder / 'run'}", f"--data={data}")
        ended = run("evaluate", *words, log=folder / "log.txt")
        warned = "warning" in ended.output and "train" in ended.output.split("warning", 1)[1]
        tally.check(warned or ended.code == DATA, f"evaluated on {what}: {ended.code}, no warning")


PLANTED = {
    "10": Row("NaN or infinity in 2D, K, R or center", "refused (65), with its place", 0,
              planted(NOT_FINITE)),
    "13": Row("views or joints missing in some frames", "counted and said; under two views refused",
              0, planted(MISSING)),
    "14": Row("R not orthonormal by 1e-6, 1e-3, 0.1", "kept, made exact, refused", 0,
              planted(ROTATIONS)),
    "15": Row("mirrored cameras and images", "named, with the camera", 0, planted(MIRRORED)),
    "16": Row("wrong conventions of cameras", "an error that names the convention", 0,
              planted(CONVENTIONS)),
    "17": Row("points behind the camera", "finite loss and gradient, which pushes forward", 200,
              behind),
    "18": Row("frames missing, late cameras, wrong frame rates", "refused, or warned with the lag",
              0, planted(TIMES)),
    "19": Row("confidences of 0, beyond 1, negative, constant", "refused, or warned", 0,
              planted(CONFIDENCES)),
    "20": Row("other units and image sizes", "an error that names the unit", 0, planted(UNITS)),
    "21": Row("wrong order of joints, sides exchanged", "named", 0, planted(JOINTS)),
    "22": Row("frames twice, or of training in the test", "an error or a warning that names them",
              0, leaks),
}  # fmt: skip
"""Rows by number."""
