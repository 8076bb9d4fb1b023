"""Frames that are late, missing or counted wrongly."""

from benchmarks import planting
from benchmarks.faults.fault import BACK, Fault
from benchmarks.planting import both, late, put

TIMES = (
    *(
        Fault(
            f"one camera is {n} frame{'s' * (n > 1)} late",
            late(n),
            "warning",
            (BACK, f"{n} frame", "late"),
        )
        for n in range(1, 6)
    ),
    Fault("one camera is 3 frames early", late(-3), "warning", (BACK, "3 frames (60 ms) early")),
    Fault("one camera is 20 frames late", late(20), "warning", (BACK, "20 frames (400 ms) late")),
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
        (BACK, "lag changes", "clip"),
    ),
    Fault(
        "one camera stands still for 30 frames",
        planting.frozen,
        "warning",
        (BACK, "stand still", "30 identical frames", "clip"),
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
