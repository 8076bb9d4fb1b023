"""People and joints that are exchanged or wrong, and files that should be apart."""

from benchmarks import planting
from benchmarks.faults.fault import BACK, Fault
from benchmarks.planting import CAM, sees_only, sides, unseen

PEOPLE = (
    Fault(
        "left and right exchanged in one camera",
        sides(CAM),
        "error",
        (BACK, "left and right are exchanged"),
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
        (BACK, "left and right", "in some frames", "first clip"),
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
        (BACK, "somebody else", "clip"),
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
        (BACK, "never sees head"),
    ),
    Fault("a camera sees nothing", unseen((slice(None), CAM)), "warning", (BACK, "sees no joint")),
    Fault(
        "a camera sees every third frame",
        sees_only(lambda f: [0, 1, 2, 3] if f % 3 == 0 else [0, 1, 3]),
        "warning",
        (BACK, "sees little"),
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
