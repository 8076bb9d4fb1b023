"""The lags of a rig's clips: of one clock, of a clock that drifts, or each clip's own."""

import contextlib
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from geoself_jax.calibrate.clocks import Known, find_lags
from geoself_jax.calibrate.rig_clocks import Clocks, Reader, lags_left, lags_of_parts, refine_clocks
from geoself_jax.calibrate.timeline import timeline_of
from geoself_jax.calibrate.views import Pose, Views
from geoself_jax.core.errors import GeoselfError, data_error

_CLIPS = 3  # the longest, each looked at by itself
_AGREE = 1.0  # frames by which what pairs say of clips of one clock differs
_KNOWN = 0.15  # frames: expected error from which on a lag is unknown
_UNSURE = 1.0  # frames: from which on nothing is known of a lag
_PART_SECONDS, _PARTS = 8.0, 24  # of footage that are looked at by themselves
_CHANGED, _SIGMAS = 0.5, 5.0  # frames, expected errors: more is another lag
_ROUNDS, _SETTLED = 8, 0.05  # of reading clips at their own lags; frames
_FARTHEST = 3.0  # frames that a round moves
_FOOTAGE = "use footage with quick movements across all views, or a clap, and cut it by that"


class Clips(NamedTuple):
    """Detections of a rig's clips.

    Attributes:
        views: Of all frames, in the order of time within clips.
        clip_id, frame_id: (F,) clip of each frame, and number in it.
        fps: Frames per second.
        names: Of the cameras.
        clip: Name of a clip by its number.
    """

    views: Views
    clip_id: np.ndarray
    frame_id: np.ndarray
    fps: float
    names: tuple[str, ...]
    clip: Callable[[int], str]


class Lags(NamedTuple):
    """How late the cameras of a rig are against its first.

    Attributes:
        clips: (n,) numbers of clips.
        frames: (n, V) frames, of each clip, at its frame 0.
        rate: (V,) by how many more a frame.
        error: (n, V) expected errors in the middle of the footage, frames.
        one_clock: Whether all clips have the same.
        left_out: Clips whose lags are not known.
        short: Clips too short to show a lag of their own; they have that of the others.
    """

    clips: np.ndarray
    frames: np.ndarray
    rate: np.ndarray
    error: np.ndarray
    one_clock: bool
    left_out: tuple[int, ...]
    short: tuple[int, ...] = ()

    def at(self, clip_id: np.ndarray, frame_id: np.ndarray) -> np.ndarray:
        """(F, V) lags of frames; of clips that were left out, the first's.

        Args:
            clip_id, frame_id: (F,) clip of each frame, and number in it.
        """
        there = np.isin(clip_id, self.clips)
        row = np.searchsorted(self.clips, np.where(there, clip_id, self.clips[0]))
        return np.asarray(self.frames[row] + self.rate * frame_id.astype(np.float64)[:, None])


def find_clip_lags(
    clips: Clips,
    rng: np.random.Generator,
    known: Known | None,
    pose: Pose | None,
    *,
    focal: bool = False,
) -> Lags:
    """Returns the lags of a rig: of all clips together where they have one clock, else of each.

    Args:
        clips: Detections.
        rng: Draws frames and joints.
        known: Relative poses of pairs of calibrated cameras.
        pose: The calibrated cameras themselves.
        focal: Whether focal lengths are free.

    Raises:
        GeoselfError: No clip's lags are known, or they change within one (65).
    """
    rough = _rough_lags(clips, rng, known)
    reader = _reader(clips, np.isin(clips.clip_id, rough.clips))
    clocks = refine_clocks(
        reader, rough.at(reader.clip_id, reader.frame_id), rng, pose, focal=focal
    )
    if clocks is None:
        raise data_error("no rig fits the cameras in step", "their lags are unknown", _FOOTAGE)
    lags = rough._replace(
        frames=rough.frames + clocks.lag,
        rate=clocks.rate,
        error=np.tile(clocks.error[:, 0], (len(rough.clips), 1)),
    )
    return _known_ones(_own_lags(reader, lags, clocks, rng, clips), clips)


def check_in_step(clips: Clips, pose: Pose) -> str:
    """Refuses a camera that is late: the others would stand where they fit it best.

    Args:
        clips: Detections.
        pose: The cameras that were found.

    Returns:
        A line where the joints do not say whether cameras are in step; else empty.

    Raises:
        GeoselfError: One is late, or all others are against the first (65).
    """
    flat = pose._replace(log_focal=np.zeros(len(pose.R)))
    views = clips.views.with_focal(pose.log_focal)
    reader = _reader(clips._replace(views=views))
    clocks = lags_left(reader, flat)
    late = _changed(clocks.lag[None], clocks.error[None, :, 0])[0]
    if late.any():
        raise _late_error(clips.names, clocks.lag, late, "")
    if not (clocks.error[:, 0] < _UNSURE).all():
        return "whether cameras are in step is not known: too few frames come one after the other"
    every = np.unique(clips.clip_id)
    still = np.zeros((len(every), len(pose.R)))
    lags = Lags(every, still, still[0], still, True, ())
    parts = _parts(reader, lags, max(_PARTS, len(every)))
    found, error = _of_parts(reader, lags, clocks, parts)
    changed = _changed(found, error)
    for k in np.flatnonzero(changed.any(1)).tolist():
        clip = clips.clip(int(reader.clip_id[parts[k][0]]))
        raise _late_error(clips.names, found[k], changed[k], f"clip {clip}: ")
    return ""


def _late_error(
    names: tuple[str, ...], lag: np.ndarray, late: np.ndarray, where: str
) -> GeoselfError:
    """What is said of late cameras.

    Args:
        names: Of the cameras.
        lag: (V,) frames.
        late: (V,) which are.
        where: In front of it.
    """
    first = len(lag) > 2 and late[1:].all() and np.ptp(lag[1:]) < _CHANGED
    view = 0 if first else int(np.argmax(np.abs(lag) * late))
    by = -float(lag[1:].mean()) if first else float(lag[view])
    against = "the others" if first else f"camera {names[0]}"
    return data_error(
        f"{where}camera {names[view]} is about {by:+.1f} frames late against {against}",
        "wanted cameras in step: others are found where they fit the late one best",
        f"add --sync; where that finds no lag, prepare --shift={names[view]}={by:.1f}",
    )


def _reader(clips: Clips, there: np.ndarray | None = None) -> Reader:
    """Detections of some frames, or all, to be read at any time."""
    there = np.ones(len(clips.clip_id), bool) if there is None else there
    views, clip_id, frame_id = (
        clips.views.frames(there),
        clips.clip_id[there],
        clips.frame_id[there],
    )
    timeline = timeline_of(views.rays, views.weight, clip_id, frame_id)
    return Reader(timeline, clip_id, frame_id.astype(np.float64), views.focal, clips.fps)


def _rough_lags(clips: Clips, rng: np.random.Generator, known: Known | None) -> Lags:
    """Lags by pairs of cameras, as `find_clip_lags`."""
    views, clip_id, frame_id = clips.views, clips.clip_id, clips.frame_id
    every, count = np.unique(clip_id, return_counts=True)
    found: dict[int, np.ndarray] = {}

    def lags(some: np.ndarray) -> np.ndarray:
        timeline = timeline_of(views.rays[some], views.weight[some], clip_id[some], frame_id[some])
        return find_lags(timeline, views.focal, clips.fps, clips.names, rng, known)

    def look_at(some: list[int]) -> None:
        for clip in some:
            with contextlib.suppress(GeoselfError):  # its lags are not known
                found[clip] = lags(clip_id == clip)

    still = np.zeros(views.views)
    look_at(every[np.argsort(-count)][:_CLIPS].tolist())
    if not found or np.ptp(np.array(list(found.values())), axis=0).max() <= _AGREE:
        enough = len(found) > 1 or (len(every) == 1 and found)
        together = np.median(list(found.values()), axis=0) if enough else lags(clip_id >= 0)
        rows = np.tile(together, (len(every), 1))
        return Lags(every, rows, still, np.zeros_like(rows), True, ())
    look_at([clip for clip in every.tolist() if clip not in found])
    rows = np.array([found[clip] for clip in sorted(found)])
    left = tuple(clip for clip in every.tolist() if clip not in found)
    return Lags(np.array(sorted(found)), rows, still, np.zeros_like(rows), False, left)


def _own_lags(
    reader: Reader, lags: Lags, clocks: Clocks, rng: np.random.Generator, clips: Clips
) -> Lags:
    """The lags, each clip's own where clips have not one clock.

    Raises:
        GeoselfError: They change within a clip (65).
    """
    parts = _parts(reader, lags, max(_PARTS, len(lags.clips)))
    found, error = _of_parts(reader, lags, clocks, parts)
    whose = np.array([reader.clip_id[part[0]] for part in parts])
    looked_at = set(whose[np.isfinite(error).all(1)].tolist())
    lags = lags._replace(short=tuple(n for n in lags.clips.tolist() if n not in looked_at))
    if not _changed(found, error).any():
        return lags
    parts = _parts(reader, lags, len(reader.clip_id))
    if len(lags.clips) > 1:  # a rate is of clips at their own lags
        own = lags._replace(frames=lags.frames + lags.rate * clocks.middle, one_clock=False)
        own = _settled(reader, own._replace(rate=np.zeros_like(lags.rate)), clocks, parts)
        again = refine_clocks(reader, own.at(reader.clip_id, reader.frame_id), rng, clocks.pose)
        if again is not None:
            clocks, lags = again, own._replace(frames=own.frames + again.lag, rate=again.rate)
    lags = _settled(reader, lags, clocks, parts)
    _refuse_changes(reader, parts, lags, clocks, clips)
    return lags


def _settled(reader: Reader, lags: Lags, clocks: Clocks, parts: list[np.ndarray]) -> Lags:
    """The lags with each clip's own added until they stay."""
    whose = np.array([reader.clip_id[part[0]] for part in parts])
    for _ in range(_ROUNDS):
        own, errors = _by_clip(lags.clips, whose, *_of_parts(reader, lags, clocks, parts))
        own = np.clip(own, -_FARTHEST, _FARTHEST)
        lags = lags._replace(frames=lags.frames + own, error=errors)
        if np.abs(own).max() < _SETTLED:
            break
    return lags


def _of_parts(
    reader: Reader, lags: Lags, clocks: Clocks, parts: list[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    return lags_of_parts(reader, lags.at(reader.clip_id, reader.frame_id), clocks, parts)


def _parts(reader: Reader, lags: Lags, most: int) -> list[np.ndarray]:
    """Pieces of the clips of some seconds; where they are too many, fewer of each clip."""
    length = max(round(_PART_SECONDS * reader.fps), 2)
    every = []
    for clip in lags.clips.tolist():
        frames = np.flatnonzero(reader.clip_id == clip)
        every.append(np.array_split(frames, max(len(frames) // length, 1)))
    share = min(most / sum(map(len, every)), 1.0)
    return [
        pieces[k]
        for pieces in every
        for k in np.unique(
            np.linspace(0, len(pieces) - 1, max(int(len(pieces) * share), 1)).astype(int)
        )
    ]


def _by_clip(
    clips: np.ndarray, whose: np.ndarray, found: np.ndarray, error: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(n, V) each clip's mean over its parts by their expected errors, and its own error."""
    own, errors = np.zeros((len(clips), found.shape[1])), np.zeros((len(clips), found.shape[1]))
    for k, clip in enumerate(clips.tolist()):
        here = whose == clip
        weight = 1 / np.maximum(error[here], 1e-3) ** 2
        total = np.maximum(weight.sum(0), 1e-12)
        own[k] = np.sum(weight * found[here], 0) / total
        errors[k, 1:] = np.sqrt(1 / total)[1:]
    return own, errors


def _changed(found: np.ndarray, error: np.ndarray) -> np.ndarray:
    """(parts, V) whether a part has another lag."""
    return np.asarray(np.abs(found) > np.maximum(_CHANGED, _SIGMAS * error))


def _refuse_changes(
    reader: Reader, parts: list[np.ndarray], lags: Lags, clocks: Clocks, clips: Clips
) -> None:
    """Refuses a lag that steps within a clip, with the place of the largest step.

    Raises:
        GeoselfError: It does (65).
    """
    changed = _changed(*_of_parts(reader, lags, clocks, parts))
    if not changed.any():
        return
    still = lags.frames + lags.rate * clocks.middle  # a rate takes up a part of a step
    lags = lags._replace(frames=still, rate=np.zeros_like(lags.rate))
    found, error = _of_parts(reader, lags, clocks, parts)
    whose = np.array([reader.clip_id[part[0]] for part in parts])
    clip = int(whose[np.argwhere(changed)[0, 0]])
    here = np.flatnonzero(whose == clip)
    if len(here) == 1:
        where = f"clip {clips.clip(clip)}: "
        raise _late_error(clips.names, found[here[0]], changed[here[0]], where)
    at, step = _largest_step(found[here], error[here])
    first = len(step) > 2 and np.ptp(step[1:]) < _CHANGED
    view = 0 if first else int(np.argmax(np.abs(step)))
    by = -float(step[1:].mean()) if first else float(step[view])
    which = f"camera {clips.names[view]} becomes"
    if len(step) == 2:  # nothing says which of them
        which = f"camera {clips.names[1]} against {clips.names[0]} becomes"
    start = int(reader.frame_id[parts[here[at]][0]])
    end = int(reader.frame_id[parts[here[at + 1]][-1]])
    raise data_error(
        f"clip {clips.clip(clip)}: between frames {start} and {end} {which} {by:+.1f} frames late",
        "wanted one lag, or one that grows evenly",
        "frames were lost, or its detections are another's there: cut the clip at that place",
    )


def _largest_step(found: np.ndarray, error: np.ndarray) -> tuple[int, np.ndarray]:
    """After which part (n, V) lags step, and by how much (V,): two means that fit them best."""
    weight = 1 / np.maximum(error, 1e-3) ** 2
    weight[:, 0] = 0.0
    best = (np.inf, 0, np.zeros(found.shape[1]))
    for k in range(1, len(found)):
        cost, means = 0.0, []
        for side in (slice(0, k), slice(k, None)):
            total = np.maximum(weight[side].sum(0), 1e-12)
            means.append(np.sum(weight[side] * found[side], 0) / total)
            cost += float(np.sum(weight[side] * (found[side] - means[-1]) ** 2))
        if cost < best[0]:
            best = (cost, k - 1, means[1] - means[0])
    return best[1], best[2]


def _known_ones(lags: Lags, clips: Clips) -> Lags:
    """Without the clips whose lags the joints leave open.

    Raises:
        GeoselfError: No clip is left (65).
    """
    sure = (lags.error <= _KNOWN).all(1)
    if not sure.any():
        best = int(np.argmin(lags.error.max(1)))
        view = int(np.argmax(lags.error[best]))
        raise data_error(
            f"the lag of camera {clips.names[view]} is known from the joints to "
            f"{lags.error[best, view]:.2f} frames",
            f"wanted {_KNOWN:g}",
            _FOOTAGE,
        )
    left = tuple(int(clip) for clip in lags.clips[~sure])
    return lags._replace(
        clips=lags.clips[sure], frames=lags.frames[sure], error=lags.error[sure],
        left_out=tuple(sorted({*lags.left_out, *left})),
    )  # fmt: skip
