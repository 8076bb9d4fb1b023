"""The joint angles to show: of files, or measured on poses."""

from collections.abc import Sequence

import numpy as np

from geoself_jax.core.errors import GeoselfError, usage_error
from geoself_jax.data.angles.angle_files import read_angles
from geoself_jax.data.angles.angle_sequence import AngleSequence
from geoself_jax.data.angles.measure import angles_of
from geoself_jax.data.poses.sequence import PoseSequence

_ALIKE = 1e-3
"""Relative difference up to which two frame rates are taken for one."""
_NEAR = 0.25
"""Frames that a time may be off a frame's to be that frame's."""


def angles_to_show(
    files: Sequence[str], poses: Sequence[PoseSequence], first: int | None, last: int | None
) -> list[AngleSequence]:
    """Returns the angles of each file, or where there is no file those of each pose sequence.

    Args:
        files: `.csv` or `.mot`.
        poses: Sequences of people.
        first, last: First and last frame number; None for all.

    Raises:
        GeoselfError: No frame in that range (64); a file is missing (66) or damaged, or no angle is
            defined for the joints (65).
    """
    found = [read_angles(path) for path in files] or [angles_of(sequence) for sequence in poses]
    return [_between(angles, first, last) for angles in found]


def angles_of_video(files: Sequence[str] | None, poses: PoseSequence) -> AngleSequence | None:
    """Returns the angles to draw next to a video; None where none is defined.

    Args:
        files: One file, or none.
        poses: The scene's first source, measured where there is no file.

    Raises:
        GeoselfError: Several files (64), or one that does not go with the poses or is damaged (65).
    """
    if files and len(files) > 1:
        raise usage_error(f"--angles: {len(files)} files", "a film shows one", "give one")
    if not files:
        try:
            return angles_of(poses)
        except GeoselfError:  # an animal's joints, or too few
            return None
    angles = _in_frames_of(read_angles(files[0]), poses.fps)
    if not np.isin(angles.frame_id, poses.frame_id).any():
        own = f"{poses.frame_id[0]} to {poses.frame_id[-1]}" if poses.frames else "none"
        why = f"has frames {angles.frame_id[0]} to {angles.frame_id[-1]}, the poses {own}"
        raise usage_error(f"--angles={files[0]}", why, "give the angles of this video")
    return angles


def _in_frames_of(angles: AngleSequence, fps: float) -> AngleSequence:
    """The angles with frame numbers at another rate: those at one of its frames, by their times.

    A .mot says times and no numbers, so that of every fifth frame has a fifth of the rate.
    """
    if abs(angles.fps / fps - 1) <= _ALIKE or len(angles.frame_id) < 2:
        return angles
    exact = angles.seconds * fps
    near = np.flatnonzero(np.abs(exact - np.rint(exact)) <= _NEAR)
    frames, first = np.unique(np.rint(exact[near]).astype(np.int64), return_index=True)
    rows = near[first]
    off = angles.uncertainty
    return angles.replace(
        degrees=angles.degrees[rows],
        frame_id=frames,
        uncertainty=None if off is None else off[rows],
        fps=fps,
    )


def _between(angles: AngleSequence, first: int | None, last: int | None) -> AngleSequence:
    low, high = first or 0, np.inf if last is None else last
    rows = (angles.frame_id >= low) & (angles.frame_id <= high)
    if not rows.any():
        why = f"{angles.name} has {angles.frame_id[0]} to {angles.frame_id[-1]}"
        raise usage_error(f"--first={low} --last={last}", why, "choose others")
    off = angles.uncertainty
    return angles.replace(
        degrees=angles.degrees[rows],
        frame_id=angles.frame_id[rows],
        uncertainty=None if off is None else off[rows],
    )
