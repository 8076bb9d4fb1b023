"""How long writing poses takes in each format, how large they are, and how exactly they come back.

    python -m benchmarks.pose_files --frames=30000 --out=runs/pose_files.json

A walking person with noise as a network's, 17 joints at 50 frames a second, one frame in fifty
without a pose; each file is written `--repeats` times and read once: .c3d by ezc3d, .nwb by pynwb,
.bvh by the reader of motion files, others by `read_poses`. Differences are to the joints as the
file has them.
"""

import argparse
import functools
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from geoself_jax.core.skeleton import H36M_17
from geoself_jax.data.poses.filters import parse_filter
from geoself_jax.data.poses.formats import READ, USUAL_UP, read_poses, write_poses
from geoself_jax.data.poses.orientation import turned
from geoself_jax.data.poses.sequence import PoseSequence
from geoself_jax.data.synthetic import generate
from geoself_jax.prepare.motion.bvh import read_bvh

FILTERS = ("butterworth:6", "one-euro:1.0,0.5")
NOISE = 0.01  # metres on each axis
NEEDED: dict[str, Any] = {".nwb": {"session_start": "2026-01-31T12:00:00+01:00"}}
"""What a format has to be passed."""


def moving(frames: int) -> PoseSequence:
    """Returns N frames in world axes, z up."""
    rng = np.random.default_rng(0)
    body = generate("train", 2000, subjects=1)["pose_world"]
    pose = body[np.arange(frames) % len(body)] + rng.normal(0, NOISE, (frames, 17, 3))
    pose[rng.random(frames) < 0.02] = np.nan
    return PoseSequence(
        name="moving",
        pose=pose.astype(np.float32),
        skeleton=H36M_17,
        fps=50.0,
        frame_id=np.arange(frames),
        axes="world",
        up=np.array([0.0, 0, 1]),
    )


def reread(path: Path) -> np.ndarray:
    """(T, 17, 3) metres of any of the files."""
    if path.suffix in READ:
        return read_poses(path).pose
    if path.suffix == ".bvh":
        motion = read_bvh(path, "cm")
        return motion.positions[:, [motion.joint_names.index(n) for n in H36M_17.joint_names]]
    if path.suffix == ".nwb":
        from pynwb import read_nwb

        series = read_nwb(str(path)).processing["behavior"]["PoseEstimation"]
        return np.stack([series[name].data[:] for name in H36M_17.joint_names], 1)
    import ezc3d

    points: np.ndarray = ezc3d.c3d(str(path))["data"]["points"][:3]
    return points.transpose(2, 1, 0) / 1000


def timed(job: Callable[[], Any], repeats: int) -> tuple[float, Any]:
    """Median of seconds, and the last result."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        result = job()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds), result


def measure(folder: Path, frames: int, repeats: int) -> dict[str, dict[str, float]]:
    """A row a format and a filter."""
    poses = moving(frames)
    rows: dict[str, dict[str, float]] = {}
    for extension, up in USUAL_UP.items():
        path = folder / f"poses{extension}"
        job = functools.partial(write_poses, poses, path, **NEEDED.get(extension, {}))
        written, _ = timed(job, repeats)
        read, found = timed(lambda path=path: reread(path), 1)  # type: ignore[misc]
        wanted = turned(poses, up).pose
        there = np.isfinite(wanted)
        if extension != ".bvh" and (np.isfinite(found) != there).any():
            raise SystemExit(f"{extension}: joints are missing in other places")
        rows[extension] = {
            "write_s": written,
            "read_s": read,
            "megabytes": path.stat().st_size / 1e6,
            "difference_mm": float(np.abs(found - wanted)[there].max() * 1000),
        }
    for text in FILTERS:
        chosen = parse_filter(text)
        seconds, _ = timed(lambda chosen=chosen: chosen(poses), repeats)  # type: ignore[misc]
        rows[text] = {"filter_s": seconds}
    return rows


def main() -> None:
    """Prints a table; writes JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=30_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--out", type=Path)
    flags = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = measure(Path(folder), flags.frames, flags.repeats)
    for name, row in rows.items():
        print(f"{name:>16}: " + ", ".join(f"{key} {value:.3g}" for key, value in row.items()))
    if flags.out:
        flags.out.parent.mkdir(parents=True, exist_ok=True)
        flags.out.write_text(json.dumps({"frames": flags.frames, "rows": rows}, indent=1))


if __name__ == "__main__":
    main()
