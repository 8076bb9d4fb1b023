"""Who is seen in each recording: by the folder's name or by that of the folder above it."""

import collections
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from geoself_jax.core.errors import usage_error

LEVELS = ("name", "parent", "grandparent")
"""Of `--subject-from`: the recording's folder, the one above it, and the next."""

NAME, PARENT = "{name}", "{parent}"

_PERSON = re.compile(
    r"(p|s|sub|subj|subject|person|participant|patient|proband|mouse|rat|animal|id)[-_ ]?\d+", re.I
)
_GROUPS = {"train", "training", "test", "testing", "val", "validation", "all", "data", "recordings"}


class Who(NamedTuple):
    """Names of one recording.

    Attributes:
        subject: Who is seen.
        clip: `P1/walk1`, or the folder's name where that is the person.
    """

    subject: str
    clip: str


def name_people(
    folders: Sequence[Path],
    *,
    walked: bool,
    subject: str | None,
    subject_from: str | None,
    notice: Callable[[str], None],
) -> list[Who]:
    """The subject and the clip's name of each recording.

    Args:
        folders: Of the recordings.
        walked: Whether they were found in a tree, and not named one by one.
        subject: One name for all, from the user.
        subject_from: `{name}`, `{parent}`, `{grandparent}` or text with them, from the user.
        notice: Receives one line that says who was found, and one for a name in several folders.

    Raises:
        GeoselfError: No such level, or which level is the person is ambiguous (64).
    """
    paths = [Path(os.path.abspath(folder)) for folder in folders]
    if subject is not None:
        return _named(paths, [subject] * len(paths), in_clip=False)
    template = subject_from or _level(paths, walked)
    subjects = [_filled(template, path) for path in paths]
    if len(paths) > 1 or template != NAME:
        notice(_summary(subjects, template))
    _say_shared(paths, subjects, template, notice)
    return _named(paths, subjects, in_clip=True)


def _level(paths: Sequence[Path], walked: bool) -> str:
    """The level of folders that are people."""
    parents = {path.parent for path in paths}
    names_are = all(_PERSON.fullmatch(path.name) for path in paths)
    parents_are = all(_PERSON.fullmatch(parent.name) for parent in parents)
    if names_are != parents_are:
        return NAME if names_are else PARENT
    if len(parents) > 1:
        return NAME if all(p.name.lower() in _GROUPS for p in parents) else PARENT
    if walked and len(paths) > 1:
        parent, names = next(iter(parents)), ", ".join(path.name for path in paths[:4])
        raise usage_error(
            f"{parent}: who is who?",
            f"{names} may be people, or recordings of one person, {parent.name}",
            f"give --subject-from={NAME} for people, --subject-from={PARENT} for one person",
        )
    return NAME


def _filled(template: str, path: Path) -> str:
    above = (path.name, path.parent.name, path.parent.parent.name)
    subject = template
    for level, name in zip(LEVELS, above, strict=True):
        subject = subject.replace(f"{{{level}}}", name)
    if subject == template or "{" in subject or not subject.strip():
        known = ", ".join(f"{{{level}}}" for level in LEVELS)
        raise usage_error(
            f"--subject-from={template}",
            f"of {path} that is {subject!r}",
            f"write one or several of {known}",
        )
    return subject


def _summary(subjects: Sequence[str], template: str) -> str:
    counts = collections.Counter(subjects)
    listed = [f"{name} ({count})" for name, count in list(counts.items())[:8]]
    more = f" and {len(counts) - 8} more" if len(counts) > 8 else ""
    return (
        f"people by {template}: {', '.join(listed)}{more}; recordings of each in brackets; "
        "--subject-from says another level"
    )


def _say_shared(
    paths: Sequence[Path], subjects: Sequence[str], template: str, notice: Callable[[str], None]
) -> None:
    """Two folders of one name are one person, so that none is in training and validation."""
    places: dict[str, set[Path]] = {}
    for path, subject in zip(paths, subjects, strict=True):
        place = path if template == NAME else path.parent
        if template in (NAME, PARENT):
            places.setdefault(subject, set()).add(place)
    for subject, where in places.items():
        if len(where) > 1:
            listed = ", ".join(str(place) for place in sorted(where)[:4])
            notice(
                f"{subject} is taken for one person in {listed}; if not: "
                f"--subject-from={'{parent}' if template == NAME else '{grandparent}'}-{template}"
            )


def _named(paths: Sequence[Path], subjects: Sequence[str], *, in_clip: bool) -> list[Who]:
    clips = [
        f"{subject}/{path.name}" if in_clip and subject != path.name else path.name
        for path, subject in zip(paths, subjects, strict=True)
    ]
    if len(set(clips)) < len(clips):
        top = os.path.commonpath(paths)
        clips = [Path(os.path.relpath(path, top)).as_posix() for path in paths]
    return [Who(subject, clip) for subject, clip in zip(subjects, clips, strict=True)]
