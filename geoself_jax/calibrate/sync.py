"""Puts cameras in step: finds their lags, reads each at its own time."""

import dataclasses

import numpy as np

from geoself_jax.calibrate.clip_lags import Clips, Lags, find_clip_lags
from geoself_jax.calibrate.rig_views import relative, seen_of, views_of
from geoself_jax.calibrate.timeline import Timeline, timeline_of
from geoself_jax.calibrate.views import Pose
from geoself_jax.core.errors import GeoselfError, data_error
from geoself_jax.data.recording import Recording

_ALIKE = 0.5  # frames: one clock
_MOSTLY = 0.9  # of the frames are left, else it is said
_SIGMAS, _MOST_ROUNDED = 2.0, 0.15  # expected errors, frames: a lag is read as a whole one within


def put_in_step(
    recording: Recording, rig: int, seed: int, *, known: bool, focal: bool = False
) -> tuple[Recording, tuple[str, ...]]:
    """The recording with a rig's cameras read at one time, and lines on their lags.

    Args:
        recording: Of any rigs.
        rig: Number of the rig.
        seed: Of what is drawn.
        known: Whether the rig is calibrated; its cameras help then.
        focal: Whether focal lengths are free, since they are guesses.

    Returns:
        Frames are those of the first camera, or of most cameras where there are true joints.

    Raises:
        GeoselfError: Lags are not known from the joints (65).
    """
    frames, seen = seen_of(recording, rig)
    clips = clips_of(recording, frames, rig, seen)
    R, center = recording.camera.R[rig, seen], recording.camera.center[rig, seen]
    lags = _lags_of(clips, seed, (R, center) if known else None, focal)
    if recording.pose_world is not None:  # true joints are of the instants of most cameras
        lags = lags._replace(frames=lags.frames - _of_most(lags.frames)[:, None])
    synced = in_step(recording, frames, seen, lags)
    lines = words(lags, clips)
    before, after = (_shared(each, rig, seen) for each in (recording, synced))
    if after < _MOSTLY * before:
        lines.append(f"in step, two cameras see {after} frames; before {before}")
    return synced, tuple(lines)


def _lags_of(
    clips: Clips, seed: int, known: tuple[np.ndarray, np.ndarray] | None, focal: bool
) -> Lags:
    """The lags; those of cameras that are elsewhere than they are said to be, without that."""
    if known is None:
        return find_clip_lags(clips, np.random.default_rng(seed), None, None, focal=focal)
    try:
        poses = (relative(*known), Pose.of(*known))
        return find_clip_lags(clips, np.random.default_rng(seed), *poses)
    except GeoselfError as error:
        try:
            return find_clip_lags(clips, np.random.default_rng(seed), None, None, focal=focal)
        except GeoselfError:
            raise error from None


def _of_most(lags: np.ndarray) -> np.ndarray:
    """(n,) of each row the lag that most cameras have, to half a frame."""
    near = (np.abs(lags[:, :, None] - lags[:, None]) < _ALIKE).sum(-1)
    return np.asarray(lags[np.arange(len(lags)), near.argmax(1)])


def _shared(recording: Recording, rig: int, seen: np.ndarray) -> int:
    """Frames of a rig in which two cameras see somebody."""
    here = recording.confidence[recording.rig_id == rig][:, seen]
    return int(((here > 0).any(-1).sum(1) >= 2).sum())


def clips_of(recording: Recording, frames: np.ndarray, rig: int, seen: np.ndarray) -> Clips:
    """Detections of a rig as lags are found in.

    Args:
        recording: Of any rigs.
        frames: (F,) of the rig, in the order of time within clips.
        rig: Number of the rig.
        seen: Numbers of its views.
    """
    return Clips(
        views_of(recording, frames, rig, seen, alone=True), recording.clip_id[frames],
        recording.frame_id[frames], recording.fps,
        tuple(recording.camera_names[view] for view in seen),
        lambda clip: recording.clip_names[clip],
    )  # fmt: skip


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
    here = np.flatnonzero(kept)
    late = _whole_where_alike(lags, clip_id[here], recording.frame_id[frames][here])
    for v, view in enumerate(seen.tolist()):
        if not late[:, v].any():
            continue
        moved, weight = timeline.at(here, v, late[:, v])
        pixels[frames[here], view] = np.where((weight > 0)[..., None], moved, np.nan)
        confidence[frames[here], view] = weight
    synced = dataclasses.replace(recording, keypoints_2d=pixels, confidence=confidence)
    left = np.ones(recording.frames, bool)
    left[frames] = kept & (confidence[frames] > 0).any((1, 2))
    if not left[frames].any():
        raise data_error("no frame is left in step", "clips are shorter than lags", "longer clips")
    return synced.select(left)


def _whole_where_alike(lags: Lags, clip_id: np.ndarray, frame_id: np.ndarray) -> np.ndarray:
    """(F, V) lags, whole frames where they may be: joints between frames are less sure."""
    late = lags.at(clip_id, frame_id)
    row = np.searchsorted(lags.clips, clip_id)
    whole = np.round(late)
    alike = np.abs(late - whole) <= np.minimum(_SIGMAS * lags.error[row], _MOST_ROUNDED)
    return np.where(alike & (lags.rate == 0), whole, late)


def _pixels(recording: Recording, frames: np.ndarray, seen: np.ndarray) -> Timeline:
    pixels = np.nan_to_num(recording.keypoints_2d[frames][:, seen])
    return timeline_of(
        pixels, recording.confidence[frames][:, seen],
        recording.clip_id[frames], recording.frame_id[frames],
    )  # fmt: skip


def words(lags: Lags, clips: Clips) -> list[str]:
    """Lines on the lags.

    Args:
        lags: As found.
        clips: Whose.
    """
    lines = []
    rows = [("all clips", lags.frames[0], lags.error.max(0))]
    if not lags.one_clock:
        every = zip(lags.clips, lags.frames, lags.error, strict=True)
        rows = [(clips.clip(int(n)), one, error) for n, one, error in every]
    for where, one, error in rows:
        each = ", ".join(
            f"{name} {_lag(lag, sure, clips.fps)}"
            for name, lag, sure in zip(clips.names, one, error, strict=True)
        )
        lines.append(f"frames late, {where}: {each}")
    for name, rate in zip(clips.names, lags.rate.tolist(), strict=True):
        if rate:
            slow = "fast" if rate > 0 else "slow"  # of frames, in the same time
            lines.append(
                f"clock of {name}: {1e6 * abs(rate):.0f} ppm {slow} "
                f"({60 * clips.fps * rate:+.2f} frames late each minute; lags are those of frame 0)"
            )
    if lags.short and lags.one_clock and len(lags.clips) > 1:
        lines.append(
            f"too short to show lags of their own, taken as the others: {len(lags.short)} clips"
        )
    if lags.left_out:
        listed = ", ".join(clips.clip(n) for n in lags.left_out[:6])
        lines.append(f"left out, lags unknown: {len(lags.left_out)} clips: {listed}")
    return lines


def _lag(frames: float, error: float, fps: float) -> str:
    sure = f" +- {error:.2f}" if error else ""
    return f"{frames:+.2f}{sure} ({1000 * frames / fps:+.0f} ms)"
