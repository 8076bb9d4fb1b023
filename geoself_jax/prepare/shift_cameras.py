"""Cameras that are known to be late are read at their own time: between frames on a line."""

import dataclasses
from collections.abc import Callable, Iterator, Mapping

import numpy as np

from geoself_jax.core.errors import data_error, nearest_name, usage_error
from geoself_jax.prepare.clip import Clip, Reading


def shifted(reading: Reading, late: Mapping[str, float], notice: Callable[[str], None]) -> Reading:
    """The clips with some cameras read later, so that frames of all are of one instant.

    Args:
        reading: Clips as their files number the frames.
        late: Frames by which cameras are late, by name: negative where they are early.
        notice: Receives one line.

    Raises:
        GeoselfError: While clips are taken: no such camera, or several rigs (64), or nothing is
            left (65).
    """
    return Reading(reading.total, _shifted(reading.clips, late, notice))


def _shifted(
    clips: Iterator[Clip], late: Mapping[str, float], notice: Callable[[str], None]
) -> Iterator[Clip]:
    names: dict[str, None] = {}
    rig = ""
    for clip in clips:
        if rig and clip.rig.name != rig:
            raise usage_error(
                "--shift",
                f"rigs {rig} and {clip.rig.name}: which one's camera is late?",
                "prepare them one by one, or use --sync",
            )
        rig = clip.rig.name
        names |= dict.fromkeys(clip.rig.camera_names)
        yield in_step(clip, late)
    for name in late:
        if name not in names:
            raise usage_error(f"--shift={name}=...", "no such camera", nearest_name(name, names))
    listed = ", ".join(f"{name} {frames:+g}" for name, frames in late.items())
    notice(f"frames late, as given, taken out: {listed}")


def in_step(clip: Clip, late: Mapping[str, float]) -> Clip:
    """The clip with some cameras read later; a frame that a camera has not is missing in it.

    Args:
        clip: One person's.
        late: Frames by which cameras are late, by name.

    Raises:
        GeoselfError: Nobody is left in any frame (65).
    """
    lags = [late.get(name, 0.0) for name in clip.rig.camera_names]
    if not any(lags):
        return clip
    frame = _frames(clip.frame_id, lags)
    read = [_later(clip, view, frame + lag) for view, lag in enumerate(lags)]
    keypoints_2d = np.stack([pixels for pixels, _ in read], 1)
    confidence = np.stack([trust for _, trust in read], 1)
    seen = (confidence > 0).any((1, 2))
    if not seen.any():
        raise data_error(f"{clip.name}: no frame is left", "it is shorter than --shift", "check it")
    at = np.searchsorted(clip.frame_id, frame[seen]).clip(max=len(clip.frame_id) - 1)
    pose = None if clip.pose_world is None else clip.pose_world[at].copy()
    if pose is not None:  # as before: the instants of cameras that are in step
        pose[clip.frame_id[at] != frame[seen]] = np.nan
    return dataclasses.replace(
        clip,
        keypoints_2d=keypoints_2d[seen],
        confidence=confidence[seen],
        frame_id=frame[seen].astype(np.int32),
        pose_world=pose,
    )


def _frames(numbers: np.ndarray, lags: list[float]) -> np.ndarray:
    """Frames within the clip at which some camera may see somebody."""
    whole = {int(round_(lag)) for lag in lags for round_ in (np.floor, np.ceil)}
    every = np.unique(np.concatenate([numbers - by for by in whole]))
    return every[(every >= 0) & (every <= numbers[-1])]


def _later(clip: Clip, view: int, time: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pixels (n, J, 2) and confidences (n, J) of a camera at times (n,), frames of the clip.

    Between two frames on the line between them, as sure as the less sure; missing if one is.
    """
    before = np.floor(time + 1e-6).astype(int)
    part = np.where(time - before > 1e-6, time - before, 0.0)[:, None, None]
    (one, first), (two, second) = (_at(clip, view, before + step) for step in (0, 1))
    between = part > 0
    pixels = np.where(between, (1 - part) * one + part * two, one)
    confidence = np.where(between[..., 0], np.minimum(first, second), first)
    pixels[~(confidence > 0)] = np.nan
    return pixels.astype(np.float32), confidence.astype(np.float32)


def _at(clip: Clip, view: int, frame: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pixels and confidences of a camera in frames by number; NaN and 0 where there is none."""
    at = np.searchsorted(clip.frame_id, frame).clip(max=len(clip.frame_id) - 1)
    there = clip.frame_id[at] == frame
    pixels = np.where(there[:, None, None], clip.keypoints_2d[at, view].astype(np.float64), np.nan)
    return pixels, np.where(there[:, None], clip.confidence[at, view], 0.0)
