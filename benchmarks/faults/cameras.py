"""Cameras that are not as they are calibrated."""

import numpy as np

from benchmarks import planting
from benchmarks.faults.fault import BACK, Fault
from benchmarks.planting import become, exchanged, in_camera, turned

CAMERAS = (
    Fault(
        "R and center of camera to world",
        planting.inverted,
        "error",
        ("the extrinsics are inverted", "in all cameras"),
    ),
    Fault(
        "center holds t of x_cam = R x + t",
        planting.t_for_center,
        "error",
        ("center holds t", "in all cameras"),
    ),
    Fault(
        "R is camera to world",
        become("R", lambda a: a.swapaxes(-1, -2)),
        "error",
        ("R is camera to world", "in all cameras"),
    ),
    Fault(
        "center has the other sign",
        become("center", lambda a: -a),
        "error",
        ("center has the other sign",),
    ),
    Fault(
        "the cameras' axes are y up, z backward",
        become("R", lambda R: R * [[1], [-1], [-1]]),
        "error",
        ("y up, z backward",),
    ),
    Fault(
        "one camera's R is camera to world",
        in_camera("R", lambda R: R.swapaxes(-1, -2)),
        "error",
        (BACK, "R is camera to world"),
    ),
    Fault(
        "one camera's center holds t",
        planting.one_t_for_center,
        "error",
        (BACK, "center holds t"),
    ),
    Fault(
        "one camera's center is in millimetres",
        in_camera("center", lambda c: 1000 * c),
        "error",
        (BACK, "millimetres"),
    ),
    Fault(
        "two cameras' calibrations exchanged",
        exchanged("K", "R", "center", "dist"),
        "error",
        ("front_right and back_right", "exchanged"),
    ),
    Fault(
        "two cameras' detections exchanged",
        exchanged("keypoints_2d", "confidence"),
        "error",
        ("front_right and back_right", "exchanged"),
    ),
    Fault("one camera turned by 10 degrees", turned(10), "error", (BACK, "px")),
    Fault("one camera turned by 2 degrees", turned(2), "error", (BACK, "moved by")),
    Fault(
        "one camera turned by 0.3 degrees",
        turned(0.3),
        "silent",
        ("6 px, twice the detector's noise",),
    ),
    Fault(
        "one camera moved by 0.5 m",
        in_camera("center", lambda c: c + [0.35, 0.35, 0]),
        "error",
        (BACK,),
    ),
    Fault(
        "two cameras stand in one place",
        planting.one_place,
        "warning",
        ("front_right", "stand in one place"),
    ),
    Fault("center in millimetres", become("center", lambda c: 1000 * c), "error", ("millimetres",)),
    Fault("center in centimetres", become("center", lambda c: 100 * c), "error", ("centimetres",)),
    Fault("center in feet", become("center", lambda c: 3.28 * c), "error", ("measures", "metres")),
    Fault(
        "center 20 % too long",
        become("center", lambda c: 1.2 * c),
        "silent",
        ("a tall person; nothing else sets the scale",),
    ),
    Fault(
        "world_up is another axis",
        become("world_up", lambda _: np.array([0.0, 1, 0])),
        "warning",
        ("people lie", "[0, 0, 1]"),
    ),
    Fault(
        "world_up points down",
        become("world_up", lambda a: -a),
        "error",
        ("upside down", "[0, 0, 1]"),
    ),
)
