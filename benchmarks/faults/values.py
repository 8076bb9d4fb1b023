"""Values, counts, names and confidences that contradict the format."""

import numpy as np

from benchmarks import planting
from benchmarks.faults.fault import AT, BACK, PLACE, Fault
from benchmarks.planting import CAM, become, both, in_camera, put, without

VALUES = (
    Fault("a detection is NaN", put("keypoints_2d", AT, np.nan), "refused", PLACE),
    Fault("a detection is infinite", put("keypoints_2d", AT, np.inf), "refused", PLACE),
    Fault("a confidence is NaN", put("confidence", AT, np.nan), "refused", PLACE),
    Fault("a confidence is 1.5", put("confidence", AT, 1.5), "refused", ("1.5", *PLACE)),
    Fault("a confidence is -0.1", put("confidence", AT, -0.1), "refused", PLACE),
    Fault(
        "confidences are percent",
        become("confidence", lambda a: 100 * a),
        "refused",
        ("[0, 1]", "frame 0"),
    ),
    Fault(
        "all confidences are 0", put("confidence", (), 0), "refused", ("no joint has a positive",)
    ),
    Fault("K has a NaN", put("K", (0, CAM, 0, 0), np.nan), "refused", ("K of", BACK, "not finite")),
    Fault("R has a NaN", put("R", (0, CAM, 1, 1), np.nan), "refused", ("R of", BACK, "not finite")),
    Fault("center is infinite", put("center", (0, CAM, 1), np.inf), "refused", ("center of", BACK)),
    Fault("a focal length is negative", put("K", (0, CAM, 0, 0), -1145), "refused", ("K of", BACK)),
    Fault("K is transposed", become("K", lambda a: a.swapaxes(-1, -2)), "refused", ("K of",)),
    Fault(
        "R is off by 0.1",
        in_camera("R", lambda R: R + planting.noise(0, R.shape, 0.1)),
        "refused",
        (BACK, "not orthonormal"),
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
        (BACK, "mirrored"),
    ),
    Fault("fps is 0", put("fps", (), 0), "refused", ("fps 0.0",)),
    Fault("image_size is 0", put("image_size", (0, CAM, 0), 0), "refused", (BACK, "image_size")),
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

CONFIDENCES = (
    Fault(
        "one camera's confidences are constant",
        in_camera("confidence", lambda a: 0 * a + 0.7),
        "warning",
        (BACK, "constant"),
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
