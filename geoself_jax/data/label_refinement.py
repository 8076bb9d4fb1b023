"""Triangulated joints refined by what is known of bodies: they move smoothly, bones are rigid."""

from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Float

from geoself_jax.data.recording import Recording
from geoself_jax.geometry.camera import Camera
from geoself_jax.geometry.triangulation import FINAL_SCALE_PX, robust_equations

DETECTION_PX = 5.0
"""Pixels: usual error of a detection, which the two terms below are weighed against."""

ACCELERATION = 8.0
"""Metres per second squared: a usual acceleration of a joint."""

BONE_METRES = 0.01
"""By how much a bone's triangulated length may differ from its median over the subject."""

ITERATIONS = 8
_BONES_FROM = 3  # iterations without bones: they need lengths that can be believed
_CHUNK = 4096
_TINY = 1e-9  # keeps a joint that nothing says anything of solvable


class _Smoothness(NamedTuple):
    """Diagonals of the quadratic form of all second differences within runs of frames."""

    same: Float[np.ndarray, " frames"]
    next: Float[np.ndarray, " frames"]
    second: Float[np.ndarray, " frames"]


def refine_labels(
    recording: Recording,
    triangulated: Float[np.ndarray, "frames joints 3"],
    *,
    detection_px: float = DETECTION_PX,
    acceleration: float = ACCELERATION,
    bone_metres: float = BONE_METRES,
    iterations: int = ITERATIONS,
) -> Float[np.ndarray, "frames joints 3"]:
    """Triangulated joints refined over time and bones, from detections and cameras alone.

    Least squares in pixels, reweighted as in `triangulate_robust`, to which each second difference
    in time adds (a / `acceleration`)^2 and each bone ((length - median) / `bone_metres`)^2, its
    median that of the subject. One iteration solves, for each joint, a banded system over all
    frames; a bone's two ends share what its length lacks. The defaults are those that best predict
    a camera left out (benchmarks/refinement.py).

    Args:
        recording: Detections, cameras, runs of frames and subjects; its ground truth is not read.
        triangulated: World, metres; NaN where unknown.
        detection_px: Pixels, a detection's usual error.
        acceleration: Metres per second squared.
        bone_metres: Metres.
        iterations: Reweightings.

    Returns:
        World, metres, float32; NaN where `triangulated` is.
    """
    unknown = ~np.isfinite(triangulated).all(-1)
    if unknown.all():
        return triangulated
    points = _filled(triangulated.astype(np.float64), unknown)
    smooth = _smoothness(recording, (recording.fps**2 / acceleration) ** 2)
    bones = [
        (joint, parent) for joint, parent in enumerate(recording.skeleton.parents) if parent >= 0
    ]
    for iteration in range(iterations):
        scale = FINAL_SCALE_PX * 2.0 ** max(0, 2 - iteration)
        A, b = _detections(recording, points, scale)
        A /= detection_px**2
        b /= detection_px**2
        if iteration >= _BONES_FROM:
            for joint, parent in bones:
                known = ~(unknown[:, joint] | unknown[:, parent])
                _add_bone(A, b, points, recording.subject_id, joint, parent, known, bone_metres)
        for joint in range(points.shape[1]):
            points[:, joint] = _solve(A[:, joint], b[:, joint], smooth, points[:, joint])
    points[unknown] = np.nan
    return points.astype(np.float32)


def _filled(points: np.ndarray, unknown: np.ndarray) -> np.ndarray:
    """Unknown joints at the middle of the known ones, or of all: somewhere before a camera."""
    points = np.where(unknown[..., None], 0, points)
    count = np.maximum((~unknown).sum(-1), 1)[:, None]
    middle = points.sum(1) / count
    nobody = unknown.all(-1)
    middle[nobody] = points[~unknown].mean(0)
    return np.where(unknown[..., None], middle[:, None], points)


def _smoothness(recording: Recording, weight: float) -> _Smoothness:
    """Weight * (x[t-1] - 2 x[t] + x[t+1])^2 wherever these three frames follow each other."""
    frames = recording.frames
    follows, at = recording.follows, np.zeros(frames)
    at[1:-1] = weight * (follows[:-1] & follows[1:])
    before, after = np.append(0, at[:-1]), np.append(at[1:], 0)
    return _Smoothness(4 * at + before + after, -2 * (at + after), after)


def _detections(
    recording: Recording, points: np.ndarray, scale: float
) -> tuple[np.ndarray, np.ndarray]:
    """The normal equations of the detections' pixel errors, (T, J, 3, 3) and (T, J, 3), float64."""
    frames, joints, _ = points.shape
    A, b = np.empty((frames, joints, 3, 3)), np.empty((frames, joints, 3))
    chunk = min(_CHUNK, frames)
    for start in range(0, frames, chunk):
        at = slice(min(start, frames - chunk), min(start, frames - chunk) + chunk)
        camera = recording.cameras_of(at).on_device()
        seen = (recording.keypoints_2d[at], recording.confidence[at])
        A[at], along, origin = (
            np.asarray(x) for x in _equations(*seen, camera, points[at].astype(np.float32), scale)
        )
        b[at] = along + np.einsum("tjik,tk->tji", A[at], origin)
    return A, b


@jax.jit
def _equations(
    keypoints_2d: Float[Array, "frames views joints 2"],
    confidence: Float[Array, "frames views joints"],
    camera: Camera,
    points: Float[Array, "frames joints 3"],
    scale: Float[Array, ""],
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """`robust_equations` about a point of each frame's own, and that point."""
    A, b, origin = robust_equations(points, keypoints_2d, confidence, camera, scale)
    return A, b, origin


def _add_bone(
    A: np.ndarray,
    b: np.ndarray,
    points: np.ndarray,
    subject: np.ndarray,
    joint: int,
    parent: int,
    known: np.ndarray,
    bone_metres: float,
) -> None:
    """Pulls both ends of one bone along it by half of what its length lacks, in place."""
    bone = points[:, joint] - points[:, parent]
    length = np.linalg.norm(bone, axis=-1)
    wanted = length.copy()
    for person in np.unique(subject):
        theirs = (subject == person) & known
        if theirs.any():
            wanted[theirs] = np.median(length[theirs])
    weight = known / bone_metres**2
    along = bone / np.maximum(length, _TINY)[:, None]
    outer = weight[:, None, None] * along[:, :, None] * along[:, None, :]
    pull = (weight * (wanted - length) / 2)[:, None] * along
    for end, sign in ((joint, 1), (parent, -1)):
        A[:, end] += outer
        b[:, end] += np.einsum("tik,tk->ti", outer, points[:, end]) + sign * pull


def _solve(A: np.ndarray, b: np.ndarray, smooth: _Smoothness, before: np.ndarray) -> np.ndarray:
    """One joint over all frames: symmetric, three numbers a frame, bound to the next two frames."""
    from scipy.linalg import (
        LinAlgError,
        solveh_banded,
    )  # a tenth of a second that only refined labels need

    frames = len(A)
    bands = np.zeros((7, frames, 3))  # bands[k, t, i]: row 3 t + i + k, column 3 t + i
    for i in range(3):
        bands[0, :, i] = A[:, i, i] + smooth.same + _TINY
        for k in range(1, 3 - i):
            bands[k, :, i] = A[:, i + k, i]
        bands[3, :, i], bands[6, :, i] = smooth.next, smooth.second
    known = (b + _TINY * before).reshape(-1)
    try:
        solved = solveh_banded(bands.reshape(7, -1), known, lower=True, check_finite=False)
    except LinAlgError:  # a joint that is hardly ever seen: as it was
        return before
    return np.asarray(solved.reshape(frames, 3))
