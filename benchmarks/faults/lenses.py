"""Lenses and pixels that are not those of the calibration."""

from benchmarks import planting
from benchmarks.faults.fault import BACK, Fault
from benchmarks.planting import CAM, become, in_camera, put

LENSES = (
    Fault(
        "one camera's focal length is 10 % short",
        planting.focal(0.9),
        "warning",
        (BACK, "the focal length should be 1.1 times"),
    ),
    Fault("one camera's focal length is halved", planting.focal(0.5), "error", (BACK, "2 times")),
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
        (BACK, "0.5 times"),
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
        (BACK, "normalised"),
    ),
    Fault(
        "one principal point is 0, 0",
        put("K", (0, CAM, slice(2), 2), 0),
        "warning",
        (BACK, "K and image_size do not fit"),
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
        (BACK, "moved by"),
    ),
    Fault(
        "one camera's strong distortion (k1 = -1.2) is neglected",
        planting.neglected(6),
        "warning",
        (BACK, "towards the image's border"),
    ),
    Fault(
        "one camera's usual distortion (k1 = -0.2) is neglected",
        planting.neglected(1.0),
        "silent",
        ("it bends most of these detections, near the middle, by under 3 px",),
    ),
    Fault("one camera's picture is mirrored", planting.mirrored_image, "error", (BACK, "mirrored")),
    Fault("one camera is upside down", planting.upside_down, "error", (BACK, "upside down")),
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
        (BACK, "u and v are exchanged"),
    ),
)
