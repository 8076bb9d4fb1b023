"""Adds the sources of a recording, ground truth and triangulated joints, to poses from files."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from geoself_jax.core.errors import nearest_name, usage_error
from geoself_jax.data.poses.sequence import PoseSequence
from geoself_jax.data.recording import Recording
from geoself_jax.view.from_recording import Sources, parts


def with_recording(
    sequences: Sequence[PoseSequence], recording: Recording, clip: str | None = None
) -> list[PoseSequence]:
    """Adds ground truth, triangulated joints and 2D joints of the same clips, cameras and frames.

    Clips and cameras are matched by name; where the recording has only one, it is taken. A track's
    poses (`male`, as lift names them) are of the one clip that ends so (`pair1/male`), or of `clip`
    where several do. Poses that name no camera, in a multi-view recording, get no 2D joints. Frames
    are matched by number.

    Args:
        sequences: Poses of files.
        recording: The recording.
        clip: The one that poses are of which name none; None where none is known.

    Returns:
        The sequences, renamed to the recording's clips, then those of the recording.

    Raises:
        GeoselfError: The recording has no such clip or camera, several such clips, or none of the
            frames (64).
    """
    known = recording.clip_names
    if clip is not None and clip not in known:
        raise usage_error(f"--clip={clip}", "--data has no such clip", nearest_name(clip, known))
    clips = [_clip(s, known, clip) for s in sequences]
    groups = {
        each: [s for s, c in zip(sequences, clips, strict=True) if c == each] for each in clips
    }
    wanted = np.zeros(recording.frames, bool)
    for each, own in groups.items():
        frames = np.unique(np.concatenate([s.frame_id for s in own]))
        there = (recording.clip_id == each) & np.isin(recording.frame_id, frames)
        if not there.any():
            raise usage_error(
                f"--data: no frame of {own[0].name} is in clip {known[each]!r}",
                "frames are matched by number",
                "give the recording that the poses were lifted from",
            )
        wanted |= there
    views = {each: _views(recording, own) for each, own in groups.items()}
    given = [s.replace(clip=known[each]) for each, own in groups.items() for s in own]
    return given + _known(recording.select(wanted), views)


def _clip(sequence: PoseSequence, known: Sequence[str], given: str | None) -> int:
    """Index of the clip that poses are of: of their name, or ending with it."""
    name = sequence.clip or given or ""
    ends = [each for each in known if name and f"/{each}".endswith(f"/{name}")]
    if name in known or not ends:
        return _place(name, known, "clip", sequence.name)
    if given not in ends and len(ends) > 1:
        raise usage_error(
            f"--data: {sequence.name} is of {name!r}, which clips {', '.join(ends[:8])} end with",
            "which of them the poses are of is not known",
            "say it: --clip=NAME here, or --clip=RECORDING to lift",
        )
    return list(known).index(given if given in ends else ends[0])


def _views(recording: Recording, sequences: Sequence[PoseSequence]) -> dict[str, int | None]:
    """Each camera that the sequences of a clip name, and which of the recording's it is.

    One without a name is None's, and only where none has one.
    """
    names = dict.fromkeys(s.camera.name if s.camera else "" for s in sequences)
    known = recording.camera_names
    if recording.views > 1 and not any(names):
        return {"": None}
    return {
        name: _place(name, known, "camera", sequences[0].name)
        for name in names
        if name or recording.views == 1
    }


def _known(recording: Recording, views: dict[int, dict[str, int | None]]) -> list[PoseSequence]:
    """Returns the recording's sources of each clip and camera."""
    sources = Sources(recording)
    found: list[PoseSequence] = []
    for at in parts(recording):
        for name, view in views[int(recording.clip_id[at[0]])].items():
            for source in sources.of(at, view or 0):
                found.append(_blind(source) if view is None else _named(source, name))
    return found


def _blind(source: PoseSequence) -> PoseSequence:
    return source.replace(camera=None, keypoints_2d=None, confidence=None)


def _named(source: PoseSequence, camera: str) -> PoseSequence:
    """Returns the source with its camera renamed as in the poses."""
    if source.camera is None:
        return source
    return source.replace(camera=dataclasses.replace(source.camera, name=camera))


def _place(name: str, known: Sequence[str], kind: str, whose: str) -> int:
    """Index of a name, or of the only one.

    Raises:
        GeoselfError: There are several, and none of that name (64).
    """
    if name in known:
        return list(known).index(name)
    if len(known) == 1:
        return 0
    if not name and kind == "clip":
        listed = ", ".join(known[:8]) + (", ..." if len(known) > 8 else "")
        raise usage_error(
            f"--data: {whose} names no clip, and the recording has {len(known)}: {listed}",
            "which of them the poses are of is not known",
            "say it, --clip=NAME, here or to lift; or leave --data out",
        )
    found = f"{kind} {name!r}" if name else f"no {kind}"
    raise usage_error(
        f"--data: {whose} names {found}",
        nearest_name(name, known),
        "give the recording that the poses were lifted from",
    )
