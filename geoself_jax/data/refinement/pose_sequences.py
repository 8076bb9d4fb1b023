"""Sequences of lifted poses refined over time."""

from collections.abc import Callable, Sequence

import numpy as np

from geoself_jax.core.errors import data_error
from geoself_jax.core.float32 import in_float32
from geoself_jax.data.length_unit import unit_of
from geoself_jax.data.poses.resample import step_of
from geoself_jax.data.poses.sequence import (
    CAMERA,
    EXPECTED_ERRORS,
    FILLED,
    MEASURED,
    PREDICTED,
    PoseSequence,
)
from geoself_jax.data.refinement.equations import Terms
from geoself_jax.data.refinement.observed import Observed, observe
from geoself_jax.data.refinement.passes import refine_runs

LONGEST_GAP_SECONDS = 0.5
"""Gaps up to this long are bridged by the motion about them."""


@in_float32
def refine_sequences(
    sequences: Sequence[PoseSequence],
    *,
    terms: Terms = Terms(),  # noqa: B008 - frozen
    done: Callable[[int], None] = lambda frames: None,
) -> list[PoseSequence]:
    """Refines the poses of one person, lifted from one camera.

    Args:
        sequences: Absolute, camera axes, with their detections and camera.
        terms: Widths of the terms.
        done: Receives the number of frames finished since the last call.

    Returns:
        The same with refined poses. Gaps of up to half a second are filled, and marked as such
        (`PoseSequence.marks`). Expected errors remain those of the network; of a filled frame they
        are the larger of those before and after, as of `poses.interpolate_gaps`.

    Raises:
        GeoselfError: Poses without detections or camera, relative to the root or in the world's
            axes (65).
    """
    for poses in sequences:
        _check(poses)
    first = sequences[0]
    lifted = [poses.pose[np.isfinite(poses.pose).all((1, 2))] for poses in sequences]
    together = np.concatenate(lifted)
    if not len(together):
        return list(sequences)
    steps = [_step(poses) for poses in sequences]
    rates = {poses.fps / step for poses, step in zip(sequences, steps, strict=True)}
    if len(rates) > 1:
        return [refine_sequences([poses], terms=terms, done=done)[0] for poses in sequences]
    unit = unit_of(together - together[:, first.skeleton.root, None])
    runs = [_runs(poses, step) for poses, step in zip(sequences, steps, strict=True)]
    pairs = zip(sequences, runs, strict=True)
    seen = [_observe(poses, run, unit) for poses, its in pairs for run in its]
    refined = iter(refine_runs(seen, first.skeleton, rates.pop(), terms=terms, done=done))
    return [
        _replaced(poses, its, [unit * next(refined) for _ in its])
        for poses, its in zip(sequences, runs, strict=True)
    ]


def _lifted(poses: PoseSequence) -> np.ndarray:
    """Frame numbers that have a pose."""
    return poses.frame_id[np.isfinite(poses.pose).all((1, 2))]


def _step(poses: PoseSequence) -> int:
    """Frames from one lifted frame to the next, of a thinned video more than 1."""
    return step_of(_lifted(poses))


def _runs(poses: PoseSequence, step: int) -> list[np.ndarray]:
    """Frame numbers of each run, first to last lifted frame, short gaps included."""
    lifted = _lifted(poses)
    if not len(lifted):
        return []
    longest = max(1, int(LONGEST_GAP_SECONDS * poses.fps / step)) * step
    breaks = (np.diff(lifted) > step + longest) | (np.diff(lifted) % step > 0)
    runs = np.split(lifted, np.flatnonzero(breaks) + 1)
    return [np.arange(run[0], run[-1] + 1, step) for run in runs]


def _check(poses: PoseSequence) -> None:
    if poses.root_relative or poses.axes != CAMERA:
        wanted = "wanted absolute joints in the camera's frame"
        raise data_error(f"{poses.name}: relative or world poses", wanted, "lift them so")
    if poses.keypoints_2d is None or poses.confidence is None or poses.camera is None:
        wanted = "wanted the detections and the camera that they were lifted from"
        raise data_error(f"{poses.name}: no detections", wanted, "lift them once more")


def _observe(poses: PoseSequence, run: np.ndarray, unit: float) -> Observed:
    """What is known of one run of frames."""
    assert poses.keypoints_2d is not None and poses.confidence is not None
    assert poses.camera is not None
    trusted = poses.measured_confidence
    assert trusted is not None
    at = _places(poses, run)
    there = at >= 0

    def taken(array: np.ndarray, missing: float) -> np.ndarray:
        return np.where(there.reshape(-1, *[1] * (array.ndim - 1)), array[at], missing)

    off, axes = poses.uncertainty, poses.uncertainty_axes
    return observe(
        taken(poses.pose, np.nan),
        taken(poses.keypoints_2d, np.nan),
        taken(trusted, 0.0),
        poses.camera.K,
        poses.skeleton,
        distance=None if off is None else taken(off, np.nan),
        axes=None if axes is None else taken(axes, np.nan),
        unit=unit,
    )


def _places(poses: PoseSequence, run: np.ndarray) -> np.ndarray:
    """Index of each frame of a run in the sequence; -1 where the sequence does not have it."""
    at = np.searchsorted(poses.frame_id, run)
    at = np.minimum(at, len(poses.frame_id) - 1)
    return np.where(poses.frame_id[at] == run, at, -1)


def _replaced(
    poses: PoseSequence, runs: list[np.ndarray], refined: list[np.ndarray]
) -> PoseSequence:
    """The sequence with refined poses in its runs, filled frames marked."""
    pose = poses.pose.astype(np.result_type(poses.pose, np.float32))  # whole numbers too
    marks = poses.marks
    missing = np.isnan(poses.pose).any((1, 2))
    for run, points in zip(runs, refined, strict=True):
        at = _places(poses, run)
        pose[at[at >= 0]] = points[at >= 0]
    filled = missing & np.isfinite(pose).all((1, 2))
    if filled.any():
        if marks is None:
            assert poses.confidence is not None
            marks = np.where(poses.confidence > 0, MEASURED, PREDICTED).astype(np.uint8)
        marks = np.where(filled[:, None], np.uint8(FILLED), marks)
    return poses.replace(pose=pose, marks=marks, **_errors(poses, ~missing, filled))


def _errors(poses: PoseSequence, lifted: np.ndarray, filled: np.ndarray) -> dict[str, np.ndarray]:
    """Expected errors, in filled frames the larger of those of the lifted ones about them."""
    known, gaps = np.flatnonzero(lifted), np.flatnonzero(filled)
    after = np.searchsorted(known, gaps)
    found = {k: x.copy() for k in EXPECTED_ERRORS if (x := getattr(poses, k)) is not None}
    for values in found.values():
        values[gaps] = np.fmax(values[known[after - 1]], values[known[after]])
    return found
