"""Puts cameras in step: finds their lags, reads each at its own time."""

import dataclasses
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from geoself_jax.calibrate.clocks import Known, find_lags
from geoself_jax.calibrate.rig_views import relative, seen_of, views_of
from geoself_jax.calibrate.timeline import Timeline, timeline_of
from geoself_jax.calibrate.views import Views
from geoself_jax.core.errors import GeoselfError, data_error
from geoself_jax.data.recording import Recording

_CLIPS = 3  # the longest, each looked at by itself
_AGREE = 1.0  # frames by which what clips of one clock say differs


class Lags(NamedTuple):
    """How late the cameras of a rig are against its first.

    Attributes:
        clips: (n,) numbers of clips.
        frames: (n, V) frames, of each clip.
        one_clock: Whether all clips have the same.
        left_out: Clips whose lags are not known.
    """

    clips: np.ndarray
    frames: np.ndarray
    one_clock: bool
    left_out: tuple[int, ...]


def put_in_step(
    recording: Recording, rig: int, seed: int, *, known: bool
) -> tuple[Recording, tuple[str, ...]]:
    """The recording with a rig's cameras read at one time, and lines on their lags.

    Args:
        recording: Of any rigs.
        rig: Number of the rig.
        seed: Of what is drawn.
        known: Whether the rig is calibrated; its cameras help then.

    Raises:
        GeoselfError: Lags are not known from the joints (65).
    """
    frames, seen = seen_of(recording, rig)
    views = views_of(recording, frames, rig, seen)
    names = tuple(recording.camera_names[view] for view in seen)
    camera = recording.camera
    poses = relative(camera.R[rig, seen], camera.center[rig, seen]) if known else None
    lags = find_clip_lags(recording, frames, views, names, np.random.default_rng(seed), poses)
    lines = words(lags, names, recording.fps, lambda clip: recording.clip_names[clip])
    return in_step(recording, frames, seen, lags), tuple(lines)


def find_clip_lags(
    recording: Recording,
    frames: np.ndarray,
    views: Views,
    names: tuple[str, ...],
    rng: np.random.Generator,
    known: Known | None,
) -> Lags:
    """Returns the lags of a rig: of all clips together where they have one clock, else of each.

    Args:
        recording: Where the frames are from.
        frames: (F,) of the rig, in the order of time within clips.
        views: Detections of those frames.
        names: Of the cameras.
        rng: Draws frames and joints.
        known: Relative poses of pairs of calibrated cameras.

    Raises:
        GeoselfError: No clip's lags are known (65).
    """
    clip_id, frame_id = recording.clip_id[frames], recording.frame_id[frames]
    clips, count = np.unique(clip_id, return_counts=True)
    found: dict[int, np.ndarray] = {}
    causes = []
    fps = recording.fps

    def lags(some: np.ndarray) -> np.ndarray:
        timeline = timeline_of(views.rays[some], views.weight[some], clip_id[some], frame_id[some])
        return find_lags(timeline, views.focal, fps, names, rng, known)

    for clip in clips[np.argsort(-count)][:_CLIPS].tolist():
        try:
            found[clip] = lags(clip_id == clip)
        except GeoselfError as error:
            causes.append(error)
    every = np.array(list(found.values()))
    if not found or np.ptp(every, axis=0).max() <= _AGREE:
        # Of one clock all clips together say it best.
        together = lags(clip_id >= 0) if len(clips) > 1 or not found else every[0]
        return Lags(clips, np.tile(together, (len(clips), 1)), True, ())
    left = [clip for clip in clips.tolist() if clip not in found]
    for clip in list(left):
        try:
            found[clip] = lags(clip_id == clip)
            left.remove(clip)
        except GeoselfError as error:
            causes.append(error)
    some = np.array(sorted(found))
    return Lags(some, np.array([found[clip] for clip in some.tolist()]), False, tuple(left))


def in_step(recording: Recording, frames: np.ndarray, seen: np.ndarray, lags: Lags) -> Recording:
    """The recording with the views of a rig read at one time; joints between frames interpolated.

    Args:
        recording: As it is.
        frames: (F,) of the rig.
        seen: Its views.
        lags: Theirs.

    Raises:
        GeoselfError: Nothing is left (65).
    """
    pixels, confidence = recording.keypoints_2d.copy(), recording.confidence.copy()
    timeline = _pixels(recording, frames, seen)
    clip_id = recording.clip_id[frames]
    kept = np.isin(clip_id, lags.clips)
    row = np.searchsorted(lags.clips, np.where(kept, clip_id, lags.clips[0]))
    for v, view in enumerate(seen.tolist()):
        for lag in np.unique(lags.frames[:, v]).tolist():
            here = np.flatnonzero(kept & (lags.frames[row, v] == lag))
            moved, weight = timeline.at(here, v, float(lag))
            pixels[frames[here], view] = np.where((weight > 0)[..., None], moved, np.nan)
            confidence[frames[here], view] = weight
    synced = dataclasses.replace(recording, keypoints_2d=pixels, confidence=confidence)
    left = np.ones(recording.frames, bool)
    left[frames] = kept & (confidence[frames] > 0).any((1, 2))
    if not left[frames].any():
        raise data_error("no frame is left in step", "clips are shorter than lags", "longer clips")
    return synced.select(left)


def _pixels(recording: Recording, frames: np.ndarray, seen: np.ndarray) -> Timeline:
    pixels = np.nan_to_num(recording.keypoints_2d[frames][:, seen])
    return timeline_of(
        pixels, recording.confidence[frames][:, seen],
        recording.clip_id[frames], recording.frame_id[frames],
    )  # fmt: skip


def words(lags: Lags, names: tuple[str, ...], fps: float, clip: Callable[[int], str]) -> list[str]:
    """Lines on the lags.

    Args:
        lags: As found.
        names: Of the cameras.
        fps: Frames per second.
        clip: Name of a clip by its number.
    """
    lines = []
    rows = [("all clips", lags.frames[0])]
    if not lags.one_clock:
        rows = [(clip(int(n)), one) for n, one in zip(lags.clips, lags.frames, strict=True)]
    for where, one in rows:
        each = ", ".join(
            f"{name} {lag:+.2f} ({1000 * lag / fps:+.0f} ms)"
            for name, lag in zip(names, one, strict=True)
        )
        lines.append(f"frames late, {where}: {each}")
    if lags.left_out:
        listed = ", ".join(clip(n) for n in lags.left_out[:6])
        lines.append(f"left out, lags unknown: {len(lags.left_out)} clips: {listed}")
    return lines
