"""What `lift --outliers` and `lift --fill` are worth: errors with and without.

    python -m benchmarks.cleaning --model=EXPORT --data=../shared/data/cmu_h36m_rig/dev.npz

Outliers: every camera's videos are lifted as they are and after each filter. Gaps: frames of the
lifted poses are taken out, a run of N in every 4 N, filled again, and
compared with the truth and with what was lifted there.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.lifted_people import Lifted, lifted_videos
from geoself_jax import load_lifter
from geoself_jax.data.poses.hampel import parse_outliers
from geoself_jax.data.poses.interpolate_gaps import interpolated
from geoself_jax.data.poses.sequence import PoseSequence
from geoself_jax.data.sources import load
from geoself_jax.lift.cleaning import Cleaning

FILTERS = ("hampel", "hampel:7", "hampel:13,2", "hampel:13,4", "hampel:25")
GAPS = (1, 3, 5, 10, 25, 50)
FAR_PX = 30
_APART = 3  # gaps' lengths from one to the next


def errors(poses: PoseSequence, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(N,) millimetres of joints relative to the root, and of the root, of frames with both."""
    off = 1000 * (poses.pose - truth)
    root = off[:, poses.skeleton.root]
    known = np.isfinite(off).all((1, 2))
    pose = np.linalg.norm(off - root[:, None], axis=-1).mean(1)
    return pose[known], np.linalg.norm(root, axis=-1)[known]


def rejections(lifted: Lifted, cleaning: Cleaning) -> dict[str, np.ndarray]:
    """Pixels that rejected and all detections are off the true joints, and which are rejected."""
    video = lifted.video
    _, rejected = cleaning.before(video)
    true = lifted.truth[video.frame_id] @ video.view.K.T
    off = np.linalg.norm(true[..., :2] / true[..., 2:] - video.keypoints_2d, axis=-1)
    known = np.isfinite(off)
    return {"off": off[known], "rejected": rejected[known]}


def gap_errors(poses: PoseSequence, truth: np.ndarray, length: int) -> dict[str, np.ndarray]:
    """Millimetres of absolute joints in gaps: filled against truth, lifted against truth, apart."""
    starts = np.arange(length, poses.frames - 2 * length, _APART * length + length)
    gone = (starts[:, None] + np.arange(length)).ravel()
    holes = poses.pose.copy()
    holes[gone] = np.nan
    filled, _ = interpolated(poses.replace(pose=holes), length)
    pairs = {
        "filled": (filled.pose, truth),
        "lifted": (poses.pose, truth),
        "apart": (filled.pose, poses.pose),
    }
    found = {}
    for name, (a, b) in pairs.items():
        off = 1000 * np.linalg.norm(a[gone] - b[gone], axis=-1).mean(1)
        found[name] = off[np.isfinite(off)]
    return found


def main() -> None:
    """Prints a row a filter and a row a length of gaps."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, help="folder of an export")
    parser.add_argument("--data", default="synthetic:test")
    parser.add_argument("--frames", type=int, default=8000, help="of synthetic data")
    parser.add_argument("--json", type=Path)
    flags = parser.parse_args()
    lifter, recording = load_lifter(flags.model), load(flags.data, synthetic_frames=flags.frames)
    table: dict[str, dict[str, float]] = {}
    gaps: dict[int, list[dict[str, np.ndarray]]] = {length: [] for length in GAPS}
    for text in ("none", *FILTERS):
        cleaning = None if text == "none" else Cleaning(outliers=parse_outliers(text))
        found, rejected = [], []
        for lifted in lifted_videos(lifter, recording, flags.data, cleaning):
            found.append(errors(lifted.poses, lifted.truth))
            if cleaning is not None:
                rejected.append(rejections(lifted, cleaning))
            else:
                for length in GAPS:
                    gaps[length].append(gap_errors(lifted.poses, lifted.truth, length))
        table[text] = _row(found)
        if rejected:
            table[text] |= _rejected(rejected)
        pose, tail, root = (table[text][name] for name in ("pose", "pose p95", "root"))
        rest = ", ".join(f"{name} {table[text][name]:.2f}" for name in list(table[text])[3:])
        print(f"{text:12s} pose {pose:6.2f} mm, p95 {tail:6.1f}, root {root:6.1f}  {rest}")
    for length, parts in gaps.items():
        row = {k: float(np.concatenate([p[k] for p in parts]).mean()) for k in parts[0]}
        table[f"gap {length}"] = row
        cells = ", ".join(f"{name} {value:.1f} mm" for name, value in row.items())
        print(f"gaps of {length} frames ({1000 * length / recording.fps:.0f} ms): {cells}")
    if flags.json:
        flags.json.write_text(json.dumps(table, indent=1))


def _rejected(parts: Sequence[dict[str, np.ndarray]]) -> dict[str, float]:
    off, rejected = (np.concatenate([part[name] for part in parts]) for name in parts[0])
    return {
        "rejected %": 100 * float(rejected.mean()),
        "median px off": float(np.median(off[rejected])),
        f"of those over {FAR_PX} px %": 100 * float(rejected[off > FAR_PX].mean()),
    }


def _row(found: Sequence[tuple[np.ndarray, np.ndarray]]) -> dict[str, float]:
    pose, root = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return {"pose": pose.mean(), "pose p95": float(np.percentile(pose, 95)), "root": root.mean()}


if __name__ == "__main__":
    main()
