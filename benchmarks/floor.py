"""What `lift --floor` is worth: the root's error, sliding and sinking feet, before and after.

    python -m benchmarks.floor --model=EXPORT --data=../shared/data/cmu_h36m_rig/dev.npz
    python -m benchmarks.floor --model=EXPORT --data=synthetic:test --floor=feet

Every camera's videos are lifted alone and put on the floor. A foot truly rests where the true ankle
is slower than 0.15 m/s and within 40 mm of the height that it rests at. Also printed: the videos
whose root is farther off after than before.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from benchmarks.lifted_people import Lifted, lifted_people
from geoself_jax.data.poses.filters import parse_filter
from geoself_jax.data.poses.floor import Floor, OnFloor, on_floor, parse_floor
from geoself_jax.data.poses.foot_lock import legs_of
from geoself_jax.data.poses.hampel import parse_outliers
from geoself_jax.data.poses.sequence import PoseSequence
from geoself_jax.lift.cleaning import Cleaning

SLOW, LOW = 0.15, 0.04  # m/s, metres: of a true ankle that rests
_MM = 1000.0
COLUMNS = (
    *("root", "root after", "pose", "pose after", "joints", "joints after"),
    *("ankles", "ankles after", "slides", "slides after", "m/s", "m/s after"),
    *("below", "below after"),
    *("right", "found"),
)
"""Millimetres: errors of the root, of joints relative to it, of absolute joints and of absolute
ankles; sliding of a resting foot from frame to frame, and in a second; the lower ankle below where
it rests. Per cent: contacts that are true, and true ones that are found."""


def measured(lifted: Lifted, found: OnFloor) -> dict[str, np.ndarray]:
    """Values by column, of frames or of frames with contact."""
    poses, truth = lifted.poses, lifted.truth
    root, ankles = poses.skeleton.root, [leg[2] for leg in legs_of(poses.skeleton)]
    rests, low = resting(lifted, ankles)
    known = np.isfinite(truth).all((1, 2)) & np.isfinite(poses.pose).all((1, 2))
    contact = np.zeros(rests.shape, bool)
    if found.poses.contact is not None:
        contact = found.poses.contact[:, ankles]
    values: dict[str, np.ndarray] = {}
    for after, pose in (("", poses.pose), (" after", found.poses.pose)):
        off, of_root = pose - truth, pose[:, root] - truth[:, root]
        values[f"root{after}"] = _MM * np.linalg.norm(of_root, axis=-1)[known]
        relative = np.linalg.norm(off - of_root[:, None], axis=-1)
        values[f"pose{after}"] = _MM * relative.mean(1)[known]
        distance = _MM * np.linalg.norm(off, axis=-1)[known]
        values[f"joints{after}"] = distance.mean(1)
        values[f"ankles{after}"] = distance[:, ankles].mean(1)
        step = _MM * np.linalg.norm(np.diff(pose[:, ankles], axis=0), axis=-1)
        both = rests[1:] & rests[:-1] & np.isfinite(step)
        values[f"slides{after}"] = step[both]
        values[f"m/s{after}"] = step[both] * poses.fps / _MM
        below = low - np.min(pose[:, ankles] @ poses.up, axis=1)
        values[f"below{after}"] = _MM * np.maximum(below, 0)[known]
    values["right"] = 100.0 * rests[contact]
    values["found"] = 100.0 * contact[rests]
    return values


def resting(lifted: Lifted, ankles: Sequence[int]) -> tuple[np.ndarray, float]:
    """(T, ankles) whether each truly rests, and their height along up in camera axes then."""
    place = lifted.truth[:, ankles]
    speed = np.linalg.norm(np.gradient(place, axis=0), axis=-1) * lifted.poses.fps
    height = place @ lifted.poses.up
    low = float(np.nanpercentile(height, 20))
    return (speed < SLOW) & (height < low + LOW), low


def main() -> None:
    """Prints a row an action, and the videos that are worse."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, help="folder of an export")
    parser.add_argument("--data", default="synthetic:test")
    parser.add_argument("--floor", default="auto", help="as of lift")
    parser.add_argument("--outliers", help="rejected first, as of lift")
    parser.add_argument("--filter", help="of the lifted poses, as of lift")
    parser.add_argument("--frames", type=int, default=8000, help="of synthetic data")
    parser.add_argument("--json", type=Path)
    flags = parser.parse_args()
    floor = parse_floor(flags.floor)
    filter = parse_outliers(flags.outliers) if flags.outliers else None
    videos = lifted_people(flags.model, flags.data, flags.frames, Cleaning(outliers=filter))
    smooth = parse_filter(flags.filter) if flags.filter else _as_it_is
    table, worse, seconds, frames = _table(videos, floor, smooth)
    print(f"{'':18s}{'frames':>7s}" + "".join(f"{name:>14s}" for name in COLUMNS))
    for action, row in table.items():
        cells = "".join(f"{row[name]:14.1f}" for name in COLUMNS)
        print(f"{action:18s}{int(row['frames']):7d}{cells}")
    print(f"{1000 * seconds / max(frames, 1):.3f} ms a frame")
    for line in worse:
        print(line)
    if flags.json:
        flags.json.write_text(json.dumps({"table": table, "worse": worse}, indent=1))


def _table(
    lifts: Iterable[Lifted], floor: Floor, smooth: Callable[[PoseSequence], PoseSequence]
) -> tuple[dict[str, dict[str, float]], list[str], float, int]:
    """Means by action and of all, the videos that are worse, seconds, and frames."""
    parts: dict[str, list[dict[str, np.ndarray]]] = {}
    worse, seconds, frames, videos = [], 0.0, 0, 0
    for lifted in lifts:
        start = time.perf_counter()
        lifted = lifted._replace(poses=smooth(lifted.poses))
        found = on_floor(lifted.poses, floor)
        seconds += time.perf_counter() - start
        frames, videos = frames + lifted.poses.frames, videos + 1
        values = measured(lifted, found)
        for name in (lifted.video.action or "?", "all"):
            parts.setdefault(name, []).append(values)
        before, after = values["root"].mean(), values["root after"].mean()
        if after > before:
            video = lifted.video
            worse.append(f"worse: {video.clip}, {video.view.name}: {before:.0f} to {after:.0f} mm")
    worse.append(f"worse: {len(worse)} of {videos} videos")
    table = {name: _mean(rows) for name, rows in parts.items()}
    table["all"] = table.pop("all")
    return table, worse, seconds, frames


def _as_it_is(poses: PoseSequence) -> PoseSequence:
    return poses


def _mean(rows: Sequence[dict[str, np.ndarray]]) -> dict[str, float]:
    whole = {name: np.concatenate([row[name] for row in rows]) for name in COLUMNS}
    means = {name: float(v.mean()) if len(v) else float("nan") for name, v in whole.items()}
    return {"frames": float(len(whole["root"])), **means}


if __name__ == "__main__":
    main()
