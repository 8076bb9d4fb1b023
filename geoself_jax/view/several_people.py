"""The people or animals of one video, lifted track by track, as sources of one scene."""

from collections import Counter, defaultdict
from collections.abc import Sequence

from geoself_jax.data.poses.sequence import PoseSequence

_LONGEST = 40  # characters of a scene's name that is made of its tracks


def together(sequences: Sequence[PoseSequence]) -> list[PoseSequence]:
    """The sequences, those of one video's tracks with one clip and named by their subjects.

    `lift --person=all` names a track's clip `VIDEO/TRACK`, or `TRACK`, and its subject `TRACK`.
    Tracks stay apart where anything else is of the same clip and camera, such as ground truth: what
    is compared is one body.

    Args:
        sequences: Of any files.
    """
    count = Counter(map(_key, sequences))
    videos: dict[tuple[str, str], list[PoseSequence]] = defaultdict(list)
    for sequence in sequences:
        video = _video(sequence)
        if video is not None and count[_key(sequence)] == 1:
            videos[video, _key(sequence)[1]].append(sequence)
    renamed: dict[int, PoseSequence] = {}
    for (video, _), tracks in videos.items():
        subjects = [track.subject for track in tracks]
        if len(tracks) > 1 and len(set(subjects)) == len(tracks):
            clip = video or " + ".join(subjects)[:_LONGEST]
            renamed |= {id(t): t.replace(clip=clip, name=t.subject) for t in tracks}
    return [renamed.get(id(sequence), sequence) for sequence in sequences]


def _key(sequence: PoseSequence) -> tuple[str, str]:
    return sequence.clip, sequence.camera.name if sequence.camera else ""


def _video(sequence: PoseSequence) -> str | None:
    """The clip of the video that a track is of; None of a sequence that is no track's."""
    clip, subject = sequence.clip, sequence.subject
    if not subject or sequence.camera is None:
        return None
    if clip == subject:
        return ""
    return clip.removesuffix(f"/{subject}") if clip.endswith(f"/{subject}") else None
