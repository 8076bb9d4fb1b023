"""The faults that are planted, and what has to be said of each; planting.py says how."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from benchmarks import planting
from benchmarks.planting import (
    CAM,
    Plant,
    become,
    both,
    exchanged,
    in_camera,
    late,
    put,
    sees_only,
    sides,
    turned,
    unseen,
    without,
)

Outcome = Literal["refused", "error", "warning", "note", "silent"]


@dataclass(frozen=True)
class Fault:
    """A fault, and what has to be said of it.

    Attributes:
        what: In words, for the table.
        plant: From good arrays to faulty ones.
        outcome: `refused` when read; the severity of the verdict that names it; `silent`.
        words: All are in the line that is said; why it is silent.
        against: The file to compare with, from the good arrays; None: none.
    """

    what: str
    plant: Plant
    outcome: Outcome
    words: tuple[str, ...]
    against: Plant | None = None


_C = "camera back_left"
_RIG = "rig_test01"
_PLACE = ("frame 81", "clip 'kicking#17'", "view 2 (back_left)", "joint 10 (head)")
_AT = (81, CAM, 10)
_EYE = np.eye(3)

VALUES = (
    Fault("a detection is NaN", put("keypoints_2d", _AT, np.nan), "refused", _PLACE),
    Fault("a detection is infinite", put("keypoints_2d", _AT, np.inf), "refused", _PLACE),
    Fault("a confidence is NaN", put("confidence", _AT, np.nan), "refused", _PLACE),
    Fault("a confidence is 1.5", put("confidence", _AT, 1.5), "refused", ("1.5", *_PLACE)),
    Fault("a confidence is -0.1", put("confidence", _AT, -0.1), "refused", _PLACE),
    Fault(
        "confidences are percent",
        become("confidence", lambda a: 100 * a),
        "refused",
        ("[0, 1]", "frame 0"),
    ),
    Fault(
        "all confidences are 0", put("confidence", (), 0), "refused", ("no joint has a positive",)
    ),
    Fault("K has a NaN", put("K", (0, CAM, 0, 0), np.nan), "refused", ("K of", _C, "not finite")),
    Fault("R has a NaN", put("R", (0, CAM, 1, 1), np.nan), "refused", ("R of", _C, "not finite")),
    Fault("center is infinite", put("center", (0, CAM, 1), np.inf), "refused", ("center of", _C)),
    Fault("a focal length is negative", put("K", (0, CAM, 0, 0), -1145), "refused", ("K of", _C)),
    Fault("K is transposed", become("K", lambda a: a.swapaxes(-1, -2)), "refused", ("K of",)),
    Fault(
        "R is off by 0.1",
        in_camera("R", lambda R: R + planting.noise(0, R.shape, 0.1)),
        "refused",
        (_C, "not orthonormal"),
    ),
    Fault(
        "R is off by 0.001",
        in_camera("R", lambda R: R + planting.noise(0, R.shape, 1e-3)),
        "silent",
        ("made exact when read",),
    ),
    Fault(
        "R is off by 0.000001",
        in_camera("R", lambda R: R + planting.noise(0, R.shape, 1e-6)),
        "silent",
        ("harmless",),
    ),
    Fault(
        "a mirrored camera, det R = -1",
        in_camera("R", lambda R: R * [[[-1], [1], [1]]]),
        "refused",
        (_C, "mirrored"),
    ),
    Fault("fps is 0", put("fps", (), 0), "refused", ("fps 0.0",)),
    Fault("image_size is 0", put("image_size", (0, CAM, 0), 0), "refused", (_C, "image_size")),
    Fault("world_up is 0", put("world_up", (), 0), "refused", ("world_up",)),
)

COUNTS = (
    Fault(
        "confidence is a frame short",
        become("confidence", lambda a: a[1:]),
        "refused",
        ("confidence", "240 frames"),
    ),
    Fault(
        "clip_id is a frame short",
        become("clip_id", lambda a: a[1:]),
        "refused",
        ("clip_id", "(239,)"),
    ),
    Fault(
        "views and joints are exchanged",
        become("keypoints_2d", lambda a: a.swapaxes(1, 2)),
        "refused",
        ("17 views",),
    ),
    Fault(
        "detections carry their confidence",
        become("keypoints_2d", lambda a: a[..., [0, 1, 1]]),
        "refused",
        ("keypoints_2d", "3)"),
    ),
    Fault(
        "one camera lacks its R",
        become("R", lambda a: a[:, 1:]),
        "refused",
        ("R has", "(1, 3, 3, 3)"),
    ),
    Fault("no frames", planting.frames(lambda n: np.arange(0)), "refused", ("0 frames",)),
    Fault(
        "one frame",
        planting.frames(lambda n: np.arange(1)),
        "note",
        ("were not checked", "under 20"),
    ),
    Fault("one view", planting.one_view, "error", ("1 view", "two views or more")),
    Fault("an array is missing", without("center"), "refused", ("no array 'center'",)),
    Fault("clip_id names no clip", put("clip_id", 17, 9), "refused", ("frame 17", "clip_id 9")),
    Fault(
        "text for numbers",
        become("K", lambda a: a.astype(str)),
        "refused",
        ("K has type", "numbers"),
    ),
    Fault(
        "joints of an unknown skeleton",
        both(without("parents", "left_right", "root"), put("joint_names", 3, "foot")),
        "refused",
        ("joint 3", "foot"),
    ),
    Fault(
        "a joint is its own ancestor", put("parents", 1, 3), "refused", ("parents", "own ancestor")
    ),
    Fault(
        "ground truth in millimetres",
        become("pose_world", lambda a: 1000 * a),
        "refused",
        ("pose_world", "millimetres"),
    ),
)

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
        (_C, "R is camera to world"),
    ),
    Fault(
        "one camera's center holds t", planting.one_t_for_center, "error", (_C, "center holds t")
    ),
    Fault(
        "one camera's center is in millimetres",
        in_camera("center", lambda c: 1000 * c),
        "error",
        (_C, "millimetres"),
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
    Fault("one camera turned by 10 degrees", turned(10), "error", (_C, "px")),
    Fault("one camera turned by 2 degrees", turned(2), "error", (_C, "moved by")),
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
        (_C,),
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

LENSES = (
    Fault(
        "one camera's focal length is 10 % short",
        planting.focal(0.9),
        "warning",
        (_C, "the focal length should be 1.1 times"),
    ),
    Fault("one camera's focal length is halved", planting.focal(0.5), "error", (_C, "2 times")),
    Fault(
        "all focal lengths are 30 % short",
        become("K", lambda K: K * [[0.7, 1, 1], [1, 0.7, 1], [1, 1, 1]]),
        "warning",
        ("towards the image's border",),
    ),
    Fault(
        "all detections at half resolution",
        become("keypoints_2d", lambda a: a / 2),
        "error",
        ("0.5 times the size",),
    ),
    Fault(
        "one camera's detections at half resolution",
        in_camera("keypoints_2d", lambda a: a / 2),
        "error",
        (_C, "0.5 times"),
    ),
    Fault(
        "detections are normalised to [0, 1]",
        become("keypoints_2d", lambda a: a / 1000),
        "error",
        ("normalised",),
    ),
    Fault(
        "one camera's detections are normalised",
        in_camera("keypoints_2d", lambda a: a / 1000),
        "error",
        (_C, "normalised"),
    ),
    Fault(
        "one principal point is 0, 0",
        put("K", (0, CAM, slice(2), 2), 0),
        "warning",
        (_C, "K and image_size do not fit"),
    ),
    Fault(
        "image_size is a quarter",
        become("image_size", lambda a: a // 4),
        "warning",
        ("outside its image",),
    ),
    Fault(
        "one camera's picture is cropped by 30 px",
        in_camera("keypoints_2d", lambda a: a - [30, 0]),
        "error",
        (_C, "moved by"),
    ),
    Fault(
        "one camera's strong distortion (k1 = -1.2) is neglected",
        planting.neglected(6),
        "warning",
        (_C, "towards the image's border"),
    ),
    Fault(
        "one camera's usual distortion (k1 = -0.2) is neglected",
        planting.neglected(1.0),
        "silent",
        ("it bends most of these detections, near the middle, by under 3 px",),
    ),
    Fault("one camera's picture is mirrored", planting.mirrored_image, "error", (_C, "mirrored")),
    Fault("one camera is upside down", planting.upside_down, "error", (_C, "upside down")),
    Fault(
        "u and v are exchanged in all cameras",
        become("keypoints_2d", lambda a: a[..., ::-1]),
        "error",
        ("u and v are exchanged",),
    ),
    Fault(
        "u and v are exchanged in one camera",
        in_camera("keypoints_2d", lambda a: a[..., ::-1]),
        "error",
        (_C, "u and v are exchanged"),
    ),
)

TIMES = (
    *(
        Fault(
            f"one camera is {n} frame{'s' * (n > 1)} late",
            late(n),
            "warning",
            (_C, f"{n} frame", "late"),
        )
        for n in range(1, 6)
    ),
    Fault("one camera is 3 frames early", late(-3), "warning", (_C, "3 frames (60 ms) early")),
    Fault("one camera is 20 frames late", late(20), "warning", (_C, "20 frames (400 ms) late")),
    Fault(
        "two cameras are 4 frames late",
        both(late(4), late(4, view=3)),
        "warning",
        ("4 frames", "late"),
    ),
    Fault(
        "one camera dropped 4 frames within each clip",
        late(-4, since=40),
        "warning",
        (_C, "lag changes", "clip"),
    ),
    Fault(
        "one camera stands still for 30 frames",
        planting.frozen,
        "warning",
        (_C, "stand still", "30 identical frames", "clip"),
    ),
    Fault(
        "every frame is there twice",
        planting.doubled,
        "warning",
        ("frames are there twice", "frame 1 as"),
    ),
    Fault(
        "a clip is there twice",
        planting.clip_again,
        "warning",
        ("frames are there twice", "clip again"),
    ),
    Fault("fps is 20 times too high", put("fps", (), 1000), "warning", ("fps 1000 looks wrong",)),
    Fault(
        "fps is half", put("fps", (), 25), "silent", ("a slower person; training does not use fps",)
    ),
)

PEOPLE = (
    Fault(
        "left and right exchanged in one camera",
        sides(CAM),
        "error",
        (_C, "left and right are exchanged"),
    ),
    Fault(
        "left and right exchanged in all cameras",
        sides(slice(None)),
        "error",
        ("left and right are exchanged in all cameras",),
    ),
    Fault(
        "... in a third of one camera's frames",
        sides(CAM, 0.33, 10),
        "warning",
        (_C, "left and right", "in some frames", "first clip"),
    ),
    Fault(
        "... in 3 % of one camera's frames",
        sides(CAM, 0.03),
        "silent",
        ("a detector's own mistakes; triangulation leaves them out",),
    ),
    Fault(
        "one camera follows another person at times",
        planting.somebody_else,
        "warning",
        (_C, "somebody else", "clip"),
    ),
    Fault(
        "knee and ankle exchanged",
        planting.joints("left_knee", "left_ankle"),
        "warning",
        ("left_ankle", "left_knee", "exchanged"),
    ),
    Fault(
        "hip and shoulder exchanged",
        planting.joints("left_hip", "left_shoulder"),
        "warning",
        ("left_hip", "left_shoulder", "exchanged"),
    ),
    Fault(
        "joints in COCO's order under other names",
        planting.coco_order,
        "error",
        ("the joint order is wrong",),
    ),
    Fault(
        "a joint is never seen",
        unseen((slice(None), slice(None), 10)),
        "warning",
        ("joint head is never seen",),
    ),
    Fault(
        "one camera never sees a joint",
        unseen((slice(None), CAM, 10)),
        "note",
        (_C, "never sees head"),
    ),
    Fault("a camera sees nothing", unseen((slice(None), CAM)), "warning", (_C, "sees no joint")),
    Fault(
        "a camera sees every third frame",
        sees_only(lambda f: [0, 1, 2, 3] if f % 3 == 0 else [0, 1, 3]),
        "warning",
        (_C, "sees little"),
    ),
    Fault(
        "each instant is seen by one camera",
        sees_only(lambda f: [f % 4]),
        "error",
        ("fewer than two cameras",),
    ),
    Fault(
        "a third of the instants is seen by one camera",
        sees_only(lambda f: [CAM] if f % 3 == 0 else [0, 1, 2, 3]),
        "warning",
        ("fewer than two cameras", "33 %"),
    ),
    Fault(
        "single pictures are missing",
        sees_only(lambda f: [0, 1, 3] if f % 20 == 0 else [0, 1, 2, 3]),
        "silent",
        ("harmless",),
    ),
)

CONFIDENCES = (
    Fault(
        "one camera's confidences are constant",
        in_camera("confidence", lambda a: 0 * a + 0.7),
        "warning",
        (_C, "constant"),
    ),
    Fault("confidences are all 1", become("confidence", np.ones_like), "warning", ("constant",)),
    Fault(
        "confidences are clipped at 0.3",
        become("confidence", lambda a: np.minimum(a, 0.3)),
        "warning",
        ("saturated",),
    ),
    Fault(
        "confidences are errors: high is bad",
        become("confidence", lambda a: np.clip(1.05 - a, 0.01, 1)),
        "warning",
        ("surer joints are worse",),
    ),
    Fault(
        "confidences are a hundredth", become("confidence", lambda a: a / 100), "warning", ("tiny",)
    ),
    Fault(
        "confidences are random",
        become("confidence", planting.unlike),
        "note",
        ("does not say how good",),
    ),
)

LEAKS = (
    Fault(
        "a file against itself",
        lambda a: a,
        "error",
        ("frames are in other.npz too", "clip dancing#1"),
        lambda a: a,
    ),
    Fault(
        "the same frames from another detector",
        lambda a: a,
        "error",
        ("clips are in other.npz too", "clip"),
        planting.detected_again,
    ),
    Fault(
        "a person of the same name",
        lambda a: a,
        "warning",
        ("subjects of both files: test01",),
        planting.same_name,
    ),
    Fault("another person", lambda a: a, "silent", ("right",), planting.stranger),
)

GROUPS = {
    "Values": VALUES,
    "Counts and names": COUNTS,
    "Cameras": CAMERAS,
    "Lenses and pixels": LENSES,
    "Time": TIMES,
    "People and joints": PEOPLE,
    "Confidences": CONFIDENCES,
    "Two files that should be apart": LEAKS,
}


FAULTS = {fault.what: fault for faults in GROUPS.values() for fault in faults}

ALIKE = {
    "center has the other sign",
    "R is camera to world",
    "one camera's R is camera to world",
    "two cameras' calibrations exchanged",
    "one camera turned by 10 degrees",
    "one camera moved by 0.5 m",
    "center in centimetres",
    "center in feet",
    "all detections at half resolution",
    "one camera's detections are normalised",
    "one camera's picture is cropped by 30 px",
    "one camera is upside down",
    "u and v are exchanged in one camera",
    "one camera's usual distortion (k1 = -0.2) is neglected",
    "one camera is 2 frames late",
    "one camera is 4 frames late",
    "one camera is 5 frames late",
    "two cameras are 4 frames late",
    "fps is half",
    "... in 3 % of one camera's frames",
    "hip and shoulder exchanged",
    "single pictures are missing",
    "confidences are all 1",
    "confidences are a hundredth",
    "R is off by 0.000001",
    "one camera's center holds t",
    "one camera's focal length is halved",
    "a third of the instants is seen by one camera",
    "world_up is another axis",
    "u and v are exchanged in all cameras",
    "the cameras' axes are y up, z backward",
    "detections are normalised to [0, 1]",
    "center 20 % too long",
    "confidences are clipped at 0.3",
}
"""Much like others: the table has them, the tests leave them out."""
