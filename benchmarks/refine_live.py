"""What refinement of a live video gains by how late it may be, and the time of a frame.

    python -m benchmarks.refine_live --model=EXPORT --data=FILE.npz [--camera=NAME] [--every=N]

Each camera is lifted alone, and each person in it is one stream: clips follow each other a second
apart. MPJPE is relative to the root, in millimetres, root the error of its position. The first row
that is refined is that of `lift --refine`, which sees the whole video. Times are CPU time.
"""

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.lifted_people import Lifted, lifted_people
from benchmarks.refine import errors
from geoself_jax.data.poses.sequence import PoseSequence
from geoself_jax.data.refinement.fixed_lag import FixedLag
from geoself_jax.data.refinement.pose_sequences import refine_sequences
from geoself_jax.lift.lift_each import same_people


def main() -> None:
    """Prints a row for each lag."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, help="folder of an export")
    parser.add_argument("--data", default="synthetic:test")
    parser.add_argument("--frames", type=int, default=8000, help="of synthetic data")
    parser.add_argument("--camera", help="look at this one alone")
    parser.add_argument("--every", type=int, default=1, help="look at every Nth clip alone")
    parser.add_argument("--lags", default="0,0.1,0.25,0.5", help="seconds, with commas")
    parser.add_argument("--json", type=Path)
    flags = parser.parse_args()
    lifts = [
        one
        for one in lifted_people(flags.model, flags.data, flags.frames)
        if flags.camera in (None, one.video.view.name)
    ][:: flags.every]
    groups = same_people([one.video for one in lifts])
    table = {"as lifted": errors(lifts, [one.poses for one in lifts])}
    print(f"{sum(one.poses.frames for one in lifts)} poses, mm")
    print(f"{'':20s}{'MPJPE':>8s}{'P-MPJPE':>9s}{'root':>8s}{'ms':>7s}{'99 %':>7s}")
    _row("as lifted", table["as lifted"])
    table["--refine"] = errors(lifts, _whole(lifts, groups))
    _row("--refine", table["--refine"])
    for lag in map(float, flags.lags.split(",")):
        name = f"{lag:g} s late"
        found, seconds = _live(lifts, groups, lag)
        table[name] = errors(lifts, found)
        table[name]["ms"] = 1000 * float(np.median(seconds))
        table[name]["ms_99"] = 1000 * float(np.percentile(seconds, 99))
        _row(name, table[name])
    if flags.json:
        flags.json.write_text(json.dumps(table, indent=1) + "\n")


def _row(name: str, row: dict[str, float]) -> None:
    times = "".join(f"{row[key]:7.1f}" for key in ("ms", "ms_99") if key in row)
    print(
        f"{name:20s}{row['mpjpe']:8.1f}{row['p_mpjpe']:9.1f}{row['root']:8.1f}{times}", flush=True
    )


def _whole(lifts: Sequence[Lifted], groups: Sequence[Sequence[int]]) -> list[PoseSequence]:
    """As `lift --refine`."""
    found = [one.poses for one in lifts]
    for group in groups:
        for i, poses in zip(group, refine_sequences([found[i] for i in group]), strict=True):
            found[i] = poses
    return found


def _live(
    lifts: Sequence[Lifted], groups: Sequence[Sequence[int]], lag: float
) -> tuple[list[PoseSequence], list[float]]:
    """Each person's videos as one stream, and the seconds of each frame."""
    found, seconds = [one.poses for one in lifts], list[float]()
    for group in groups:
        first = found[group[0]]
        refine = FixedLag(first.skeleton, first.fps, round(lag * first.fps))
        for i in group:
            pose = _stream(refine, found[i], seconds)
            found[i] = found[i].replace(pose=pose)
            for _ in range(round(first.fps)):
                _take(refine, found[i], None, [])
    return found, seconds


def _stream(refine: FixedLag, poses: PoseSequence, seconds: list[float]) -> np.ndarray:
    """(T, J, 3): as lifted where the stream has no pose."""
    ends = [*range(poses.frames), *[None] * refine.lag]
    late = np.array([_take(refine, poses, at, seconds) for at in ends])[refine.lag :]
    return np.where(np.isfinite(late), late, poses.pose).astype(np.float32)


def _take(
    refine: FixedLag, poses: PoseSequence, at: int | None, seconds: list[float]
) -> np.ndarray:
    """The next frame; None for one without a person."""
    camera, joints = poses.camera, poses.skeleton.joints
    assert camera is not None and poses.keypoints_2d is not None and poses.confidence is not None
    if at is None or np.isnan(poses.pose[at]).any():
        return refine(None, np.full((joints, 2), np.nan), np.zeros(joints), camera.K)
    start = time.process_time()
    found = refine(
        poses.pose[at],
        poses.keypoints_2d[at],
        poses.confidence[at],
        camera.K,
        distance=None if poses.uncertainty is None else poses.uncertainty[at],
        axes=None if poses.uncertainty_axes is None else poses.uncertainty_axes[at],
    )
    seconds.append(time.process_time() - start)
    return found


if __name__ == "__main__":
    main()
