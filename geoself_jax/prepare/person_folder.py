"""Which folder of a recording's path is the person: by its name, else by its place in the tree."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

INNER = (
    *("pose", "poses", "pose-2d", "pose_2d", "pose2d", "pose-2d-filtered", "pose-sync"),
    *("pose-associated", "keypoints", "detections", "predictions", "openpose", "json", "2d"),
    *("video_preds", "image_preds", "output_data", "raw_data"),
)
"""Folders inside of a recording that hold its detections: programs name them, never people."""

_ANIMALS = (
    *("animal", "ant", "bat", "bee", "bird", "cat", "cheetah", "chick", "cow", "cricket", "dog"),
    *("ferret", "finch", "fish", "fly", "frog", "gerbil", "hamster", "horse", "larva", "lizard"),
    *("locust", "macaque", "marmoset", "monkey", "mouse", "pig", "pigeon", "rabbit", "rat"),
    *("sheep", "squirrel", "worm", "zebrafish"),
)
_PERSON = re.compile(
    r"(p|s|sub|subj|subject|person|participant|patient|proband|individual|ind|id|"
    + "|".join(_ANIMALS)
    + r")[-_ ]?\d+",
    re.I,
)
_WEAK = re.compile(r"s[-_ ]?\d+", re.I)  # a session's number, too
_LETTER = re.compile(r"m[-_ ]?\d+", re.I)  # a mouse, or a motion's number
_DATE = re.compile(
    r"(\d{4}[-_. ]?\d\d[-_. ]?\d\d|\d\d[-_.]\d\d[-_.]\d{2,4})([-_T ].*)?|\d{6}"
    r"|(mon|tues|wednes|thurs|fri|satur|sun)day",
    re.I,
)
_TRIAL = re.compile(
    r"(trial|walk|walking|run|running|take|rec|clip|video|vid|seq|sequence|gait|jump|jumping|squat"
    r"|squats|static|dynamic|task|rep|session|sess|ses|day|week|visit|block|scene|shot|capture"
    r"|motion|treadmill|overground)([-_ ]?\d.*|[-_ ].*)?",
    re.I,
)
_GROUPS = {"train", "training", "test", "testing", "val", "validation", "all", "data", "recordings"}

_LEVELS = 4  # session/person/date/trial


class Doubtful(NamedTuple):
    """Two answers of which only the user knows the right one.

    Attributes:
        low, high: The person's folder of each recording, by either answer.
    """

    low: Sequence[Path]
    high: Sequence[Path]


def is_inner(path: Path) -> bool:
    """Whether a program gave a folder of a recording, or its file of all cameras, its name."""
    if path.name.lower() in INNER or os.path.isfile(path):
        return True
    return os.path.isfile(path / f"xy_{path.name}.csv")  # of one of Caliscope's trackers


def recording_of(path: Path) -> Path:
    """The folder without those in it that programs name, as `P1/walk` of `P1/walk/pose`."""
    return next((up for up in (path, *path.parents) if not is_inner(up)), path)


def above(path: Path) -> list[Path]:
    """The recording's folder and those above it, without those that programs name."""
    ups = [up for up in (path, *path.parents) if up.name and not is_inner(up)]
    return ups + [path.parent] * (_LEVELS - len(ups))  # a path near the root


def person_folders(paths: Sequence[Path], roots: Sequence[Path]) -> list[Path] | Doubtful:
    """The folder of each recording that is the person's.

    Names that are a person's (`P1`, `mouse2`, `m2`) count first. Else dates and names of trials are
    no people; the person is the folder above the trials, or the one that was named.

    Args:
        paths: Folders of the recordings, absolute.
        roots: The input that each was found in, absolute.

    Returns:
        The folders; or both answers, where neither names nor places decide.
    """
    chains = [above(path)[:_LEVELS] for path in paths]
    places = [recording_of(path) for path in paths]
    roots = [recording_of(root) for root in roots]
    return _by_name(chains) or _by_place(chains, roots, walked=places != roots)


def _by_name(chains: Sequence[Sequence[Path]]) -> list[Path] | Doubtful | None:
    """Those called like people; None where some have none, or one far above other names."""
    called = [_called(chain) for chain in chains]
    if not all(called):
        return None
    near = [ups[0] for ups in called]
    if any(len(ups) > 1 and _letter(ups[0]) for ups in called):  # S1/m2
        return Doubtful(near, [ups[-1] for ups in called])
    people = [next((up for up in ups if not _weak(up)), ups[0]) for ups in called]
    if len(set(people)) == 1 < len(set(near)):
        return Doubtful(near, people)
    both = [ups[1] for ups in called if len(ups) > 1]
    own = all(person == chain[0] for person, chain in zip(people, chains, strict=True))
    alike = {_weak(up) for up in people} == {_weak(up) for up in both}
    if own and alike and len(both) == len(near) and len(set(both)) > 1:  # P1/P1
        return Doubtful(near, both)
    below = [chain[: chain.index(up)] for chain, up in zip(chains, people, strict=True)]
    far = any(len(ups) > 1 and not all(map(no_person, ups)) for ups in below)
    return None if far and len(set(people)) == 1 else people


def _called(chain: Sequence[Path]) -> list[Path]:
    """Those called like people; `m2` where no surer name is."""
    people = [up for up in chain if _PERSON.fullmatch(up.name)]
    if not all(map(_weak, people)):
        return people
    return list(dict.fromkeys(up for up in chain if up in people or _letter(up)))


def _by_place(
    chains: Sequence[Sequence[Path]], roots: Sequence[Path], *, walked: bool
) -> list[Path] | Doubtful:
    """Those above the trials, or those that were named."""
    names, ups = [chain[0] for chain in chains], [chain[1] for chain in chains]
    if len(set(names)) == 1 and not _DATE.fullmatch(names[0].name):
        return names
    if walked and _named(names, ups, roots):
        return [*roots]
    kept = [next((up for up in chain if not no_person(up)), chain[1]) for chain in chains]
    parents = set(ups)
    if all(map(no_person, names)):
        several = len(set(kept)) > 1 and not any(map(_group, kept))
        return kept if several else Doubtful(names, kept)
    if len(parents) == 1:
        return Doubtful(names, ups) if walked else names
    if all(map(_group, parents)):
        return names
    if any(map(no_person, parents)):
        return Doubtful(names, [chain[2] for chain in chains])
    uneven = any(up in other.parents for up in parents for other in parents)
    if uneven or any(map(_group, parents)):
        return Doubtful(names, kept if kept != names else ups)
    repeated = len({up.name for up in parents}) < len(parents)  # `before` of anna and of bela
    return Doubtful(ups, [chain[2] for chain in chains]) if repeated else ups


def _named(names: Sequence[Path], ups: Sequence[Path], roots: Sequence[Path]) -> bool:
    """Whether folders next to each other were named, that are recordings or hold some."""
    if len(set(roots)) < 2 or len({root.parent for root in roots}) > 1:
        return False
    if any(no_person(root) or _group(root) for root in roots):
        return False
    return all(root in (name, up) for root, name, up in zip(roots, names, ups, strict=True))


def no_person(folder: Path) -> bool:
    """Whether a folder is called like a date or a trial."""
    return bool(_DATE.fullmatch(folder.name) or _TRIAL.fullmatch(folder.name))


def _group(folder: Path) -> bool:
    return folder.name.lower() in _GROUPS


def _weak(folder: Path) -> bool:
    return bool(_WEAK.fullmatch(folder.name))


def _letter(folder: Path) -> bool:
    return bool(_LETTER.fullmatch(folder.name))
