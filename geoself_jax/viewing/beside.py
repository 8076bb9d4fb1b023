"""What a recording of several cameras knows of poses from files: further sources beside them."""

from collections.abc import Sequence

import numpy as np

from geoself_jax.errors import nearest_name, usage_error
from geoself_jax.poses.sequence import PoseSequence
from geoself_jax.recording import Recording
from geoself_jax.viewing.recorded import Sources, parts


def beside(sequences: Sequence[PoseSequence], recording: Recording) -> list[PoseSequence]:
    """Ground truth, triangulated joints and 2D joints of the same clips, cameras and frames.

    A clip or camera goes by its name; where the recording has only one, that is it. Poses that name
    no camera, in a recording of several, get no 2D joints. Frames go by their numbers.

    Returns:
        The sequences, renamed to the recording's clips, and what there is beside them.

    Raises:
        GeoselfError: The recording has no such clip or camera, or none of the frames (64).
    """
    clips = [_place(s.clip, recording.clip_names, "clip", s.name) for s in sequences]
    given, found = [], []
    for clip in dict.fromkeys(clips):
        own = [s for s, of in zip(sequences, clips, strict=True) if of == clip]
        frames = np.unique(np.concatenate([s.frame_id for s in own]))
        some = recording.select((recording.clip_id == clip) & np.isin(recording.frame_id, frames))
        if not some.frames:
            raise usage_error(
                f"--data: no frame of {own[0].name} is in clip {recording.clip_names[clip]!r}",
                "frames go by their numbers",
                "give the recording that the poses were lifted from",
            )
        given += [s.replace(clip=recording.clip_names[clip]) for s in own]
        found += _known(some, own)
    return given + found


def _known(recording: Recording, sequences: Sequence[PoseSequence]) -> list[PoseSequence]:
    """What a recording, of the frames of one clip, knows for each camera that is named."""
    sources = Sources(recording)
    found: list[PoseSequence] = []
    named = list(dict.fromkeys(s.camera.name if s.camera else "" for s in sequences))
    for at in parts(recording):
        for name in named:
            if name or recording.views == 1:
                view = _place(name, recording.camera_names, "camera", sequences[0].name)
                found += [_named(source, name) for source in sources.of(at, view)]
            elif not any(named):
                blind = {"camera": None, "keypoints_2d": None, "confidence": None}
                found += [source.replace(**blind) for source in sources.of(at, 0)]
    return found


def _named(source: PoseSequence, camera: str) -> PoseSequence:
    """The source under the name that the poses have for its camera."""
    if source.camera is None:
        return source
    own = source.camera
    return source.replace(camera=type(own)(camera, own.K, own.image_size, own.R, own.center))


def _place(name: str, known: Sequence[str], kind: str, whose: str) -> int:
    """Index of a name, or of the only one.

    Raises:
        GeoselfError: There are several, and none of that name (64).
    """
    if name in known:
        return list(known).index(name)
    if len(known) == 1:
        return 0
    found = f"{kind} {name!r}" if name else f"no {kind}"
    raise usage_error(
        f"--data: {whose} names {found}",
        nearest_name(name, known),
        "give the recording that the poses were lifted from",
    )
