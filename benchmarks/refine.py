"""What lift --refine gains, what each of its terms is worth, and what it costs.

    python -m benchmarks.refine --model=EXPORT --data=FILE.npz [--json=FILE] [--long=100000]

Each camera is lifted alone. MPJPE is relative to the root, in millimetres, root the error of its
position. `--long=N` times a recording of N frames and prints the memory at its most.
"""

import argparse
import dataclasses
import json
import resource
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.lifted_people import Lifted, lifted_people
from geoself_jax.core.metrics import p_mpjpe
from geoself_jax.data.poses.filters import parse_filter
from geoself_jax.data.poses.floor import on_floor, parse_floor
from geoself_jax.data.poses.sequence import PoseSequence
from geoself_jax.data.refinement.equations import Terms
from geoself_jax.data.refinement.pose_sequences import refine_sequences
from geoself_jax.lift.lift_each import same_people

Poses = list[PoseSequence]


def main() -> None:
    """Prints a row for each way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, help="folder of an export")
    parser.add_argument("--data", default="synthetic:test")
    parser.add_argument("--frames", type=int, default=8000, help="of synthetic data")
    parser.add_argument("--long", type=int, default=0, help="frames of a long recording")
    parser.add_argument("--json", type=Path)
    flags = parser.parse_args()
    lifts = list(lifted_people(flags.model, flags.data, flags.frames))
    groups = same_people([one.video for one in lifts])
    poses = [one.poses for one in lifts]
    table = {}
    print(f"{'':38s}{'MPJPE':>8s}{'P-MPJPE':>9s}{'root':>8s}{'ms/pose':>9s}")
    for name, way in _ways(groups).items():
        start = time.perf_counter()
        found = way(poses)
        seconds = time.perf_counter() - start
        row = errors(lifts, found)
        row["ms"] = 1000 * seconds / sum(one.frames for one in poses)
        table[name] = row
        print(
            f"{name:38s}{row['mpjpe']:8.1f}{row['p_mpjpe']:9.1f}{row['root']:8.1f}{row['ms']:9.2f}"
        )
    if flags.long:
        _long(poses, flags.long)
    if flags.json:
        flags.json.write_text(json.dumps(table, indent=1) + "\n")


def _ways(groups: Sequence[Sequence[int]]) -> dict[str, Callable[[Poses], Poses]]:
    def refined(poses: Poses, **terms: Any) -> Poses:
        done = list(poses)
        for group in groups:
            people = [poses[i] for i in group]
            new = refine_sequences(people, terms=dataclasses.replace(Terms(), **terms))
            for i, one in zip(group, new, strict=True):
                done[i] = one
        return done

    def unsure(poses: Poses) -> Poses:
        return refined([p.replace(uncertainty=None, uncertainty_axes=None) for p in poses])

    def floored(poses: Poses) -> Poses:
        return [on_floor(one, parse_floor("auto")).poses for one in poses]

    smooth = parse_filter("butterworth:6")
    return {
        "as lifted": lambda poses: poses,
        "--filter=butterworth:6": lambda poses: [smooth(one) for one in poses],
        "--floor": floored,
        "--refine": refined,
        "--refine --floor": lambda poses: floored(refined(poses)),
        "--refine, bones free": lambda poses: refined(poses, bone=None),
        "--refine, bones of each clip alone": lambda poses: [
            refine_sequences([one])[0] for one in poses
        ],
        "--refine, motion twice as free": lambda poses: refined(poses, acceleration=3.0),
        "--refine, motion half as free": lambda poses: refined(poses, acceleration=0.75),
        "--refine, outliers believed": lambda poses: refined(
            poses, detection_outlier=1e3, pose_outlier=1e3
        ),
        "--refine, no predicted uncertainty": unsure,
    }


def errors(lifts: Sequence[Lifted], found: Poses) -> dict[str, float]:
    """Means over poses, millimetres: `mpjpe` and `p_mpjpe` about the root, and `root`."""
    found_all, true_all = [], []
    for one, poses in zip(lifts, found, strict=True):
        known = np.isfinite(one.poses.pose).all((1, 2)) & np.isfinite(one.truth).all((1, 2))
        found_all.append(poses.pose[known].astype(np.float64))
        true_all.append(one.truth[known])
    pose, truth, root = (
        np.concatenate(found_all),
        np.concatenate(true_all),
        lifts[0].poses.skeleton.root,
    )
    place = np.linalg.norm(pose[:, root] - truth[:, root], axis=-1)
    pose, truth = pose - pose[:, root, None], truth - truth[:, root, None]
    aligned = p_mpjpe(pose.astype(np.float32), truth.astype(np.float32))
    values = {"mpjpe": np.linalg.norm(pose - truth, axis=-1), "p_mpjpe": aligned, "root": place}
    return {name: 1000 * float(np.mean(value)) for name, value in values.items()}


def _long(poses: Poses, frames: int) -> None:
    """Times the longest run of lifted frames, repeated to this many frames."""
    one = max((run for poses in poses for run in _runs(poses)), key=lambda run: run.frames)
    again = np.arange(frames) % (2 * one.frames)  # forwards and backwards: it never jumps
    at = np.where(again < one.frames, again, 2 * one.frames - 1 - again)
    long = _at(one, at, np.arange(frames))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    refine_sequences([long])
    seconds = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    more = (after - before) / 2**20
    print(f"{frames} frames ({one.frames} repeated): {seconds:.1f} s, {more:.2f} GiB more at most")


def _runs(poses: PoseSequence) -> list[PoseSequence]:
    """The parts whose frames follow each other and all have a pose."""
    there = np.flatnonzero(np.isfinite(poses.pose).all((1, 2)))
    parts = np.split(there, np.flatnonzero(np.diff(poses.frame_id[there]) > 1) + 1)
    return [_at(poses, part, poses.frame_id[part]) for part in parts]


def _at(poses: PoseSequence, places: np.ndarray, frame_id: np.ndarray) -> PoseSequence:
    """The frames at these places, under other numbers."""
    arrays = ("pose", "keypoints_2d", "confidence", "uncertainty", "uncertainty_axes")
    parts = {name: getattr(poses, name) for name in arrays}
    taken = {name: None if array is None else array[places] for name, array in parts.items()}
    return poses.replace(frame_id=frame_id, **taken)


if __name__ == "__main__":
    main()
