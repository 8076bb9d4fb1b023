"""Speed of detection, next to the detector alone in the same Python.

    python -m benchmarks.detect FOLDER --detector-python=mediapipe-env/bin/python [--repeats=3]

FOLDER holds videos. "alone" is a loop of OpenCV's frames and MediaPipe's Pose with the same
settings in one process, started as `geoself detect` starts its own; both times count from the
start of the first process to the written file. The joints of both are compared: they are the same
where both decode a video to the same colours, which OpenCV does not where a video says BT.709.
"""

import argparse
import statistics
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from geoself_jax.data.files.mistaken import VIDEOS
from geoself_jax.detect.video import detect_video
from geoself_jax.prepare.detections import read_detections
from geoself_jax.runtime import cli
from geoself_jax.runtime.workdir import write_json

ALONE = """
import sys, cv2, numpy as np, mediapipe as mp
cap = cv2.VideoCapture(sys.argv[1])
size = cap.get(3), cap.get(4)
pose = mp.solutions.pose.Pose(
    model_complexity=1, smooth_landmarks=False, min_detection_confidence=0.3
)
rows = []
while True:
    ok, image = cap.read()
    if not ok:
        break
    found = pose.process(cv2.cvtColor(image, cv2.COLOR_BGR2RGB)).pose_landmarks
    rows.append(
        np.full((33, 3), np.nan) if found is None
        else [(p.x * size[0], p.y * size[1], p.visibility) for p in found.landmark]
    )
np.save(sys.argv[2], np.array(rows))
"""


def measured(video: Path, python: str, folder: Path, repeats: int) -> dict[str, Any]:
    """Frames per second of both, and how far their joints are apart, px."""
    ours, alone = folder / "ours.json", folder / "alone.npy"
    seconds: dict[str, list[float]] = {"geoself": [], "alone": []}
    frames = 0
    for _ in range(repeats):
        start = time.perf_counter()
        options: dict[str, Any] = {}
        found = detect_video(
            *(video, ours),
            kind="mediapipe",
            python=python,
            options=options,
            again=True,
            notice=lambda _: None,
        )
        seconds["geoself"].append(time.perf_counter() - start)
        frames = found.header.frames
        start = time.perf_counter()
        words = [python, "-c", ALONE, str(video), str(alone)]
        subprocess.run(words, check=True, capture_output=True)
        seconds["alone"].append(time.perf_counter() - start)
    read, other = read_detections(ours), np.load(alone)
    apart = np.linalg.norm(read.keypoints_2d - other[read.frame, :, :2], axis=-1)
    row: dict[str, Any] = {"video": video.name, "frames": frames}
    for name, each in seconds.items():
        row[f"{name} frames/s"] = frames / statistics.median(each)
        row[f"{name} s"] = statistics.median(each)
    row["median px apart"] = float(np.nanmedian(apart))
    row["largest"] = float(np.nanmax(apart))
    return row


def main(argv: Sequence[str]) -> int:
    """Command line."""
    parser = cli.Parser(
        prog="python -m benchmarks.detect",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--detector-python", required=True)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", type=Path, help="JSON to write")
    flags, overrides = cli.parse(parser, argv)
    cli.refuse_overrides(overrides)
    videos = sorted(path for path in flags.folder.iterdir() if path.suffix.lower() in VIDEOS)
    rows = []
    with tempfile.TemporaryDirectory() as made:
        for video in videos:
            rows.append(measured(video, flags.detector_python, Path(made), flags.repeats))
            cells = (f"{v:.3g}" if isinstance(v, float) else str(v) for v in rows[-1].values())
            print("  ".join(map(" ".join, zip(rows[-1], cells, strict=True))), flush=True)
    if flags.json:
        write_json(flags.json, {"videos": rows})
    return 0


if __name__ == "__main__":
    cli.run(main)
