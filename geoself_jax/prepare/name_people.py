"""Who is seen in each recording: by the name of its folder or of one above it."""

import collections
import itertools
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from geoself_jax.core.errors import GeoselfError, usage_error
from geoself_jax.prepare.person_folder import (
    Doubtful,
    above,
    no_person,
    person_folders,
    recording_of,
)

LEVELS = ("name", "parent", "grandparent")
"""Of `--subject-from`: the recording's folder, the one above it, and the next."""

TEMPLATES = tuple(f"{{{level}}}" for level in LEVELS)
NAME = TEMPLATES[0]


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
    roots: Sequence[Path],
    subject: str | None,
    subject_from: str | None,
    notice: Callable[[str], None],
) -> list[Who]:
    """The subject and the clip's name of each recording.

    Args:
        folders: Of the recordings.
        roots: The input that each was found in: a tree, or the folder itself.
        subject: One name for all, from the user.
        subject_from: `{name}`, `{parent}`, `{grandparent}` or text with them, from the user.
        notice: Receives one line that says who was found, and one for a name in several folders.

    Raises:
        GeoselfError: No such level, or which level is the person is ambiguous (64).
    """
    paths = [Path(os.path.abspath(folder)) for folder in folders]
    if subject is not None:
        return _named(paths, [subject] * len(paths), in_clip=False)
    if subject_from is not None:
        return _by_template(paths, subject_from, notice)
    people = person_folders(paths, [Path(os.path.abspath(root)) for root in roots])
    if isinstance(people, Doubtful):
        raise _who_is_who(paths, people)
    level = _level(paths, people)
    subjects = [person.name for person in people]
    if len(paths) > 1 or level != NAME:
        notice(_summary(subjects, level or "folder"))
    elif no_person(people[0]):
        notice(f"{paths[0]}: the subject is called {subjects[0]}; --subject=NAME says who it is")
    _say_shared(subjects, people, level, notice)
    return _named(paths, subjects, in_clip=True)


def _by_template(paths: Sequence[Path], template: str, notice: Callable[[str], None]) -> list[Who]:
    subjects = [_filled(template, path) for path in paths]
    if len(paths) > 1 or template != NAME:
        notice(_summary(subjects, template))
    if template in TEMPLATES:
        people = [above(path)[TEMPLATES.index(template)] for path in paths]
        _say_shared(subjects, people, template, notice)
    return _named(paths, subjects, in_clip=True)


def _level(paths: Sequence[Path], people: Sequence[Path]) -> str:
    """What `--subject-from` says of the people's folders; empty where no one level is theirs."""
    at = {above(path).index(person) for path, person in zip(paths, people, strict=True)}
    return TEMPLATES[at.pop()] if len(at) == 1 and max(at) < len(TEMPLATES) else ""


def _who_is_who(paths: Sequence[Path], answers: Doubtful) -> GeoselfError:
    """The error (64) that asks for one of two answers."""
    either, ways = [], []
    for people in answers:
        names = list(dict.fromkeys(person.name for person in people))
        level = _level(paths, people)
        some = f"{', '.join(names[:4])}{', ...' if len(names) > 4 else ''}"
        either.append(f"{some} may be {'subjects' if len(names) > 1 else 'the one subject'}")
        ways.append(f"--subject-from={level} for {some}" if level else f"--subject for {some}")
    return usage_error(
        f"{os.path.commonpath(paths)}: who is who?", ", or ".join(either), f"give {', '.join(ways)}"
    )


def _filled(template: str, path: Path) -> str:
    subject = template
    for level, folder in zip(LEVELS, above(path), strict=False):
        subject = subject.replace(f"{{{level}}}", folder.name)
    if subject == template or "{" in subject or not subject.strip():
        raise usage_error(
            f"--subject-from={template}",
            f"of {path} that is {subject!r}",
            f"write one or several of {', '.join(TEMPLATES)}",
        )
    return subject


def _summary(subjects: Sequence[str], template: str) -> str:
    counts = collections.Counter(subjects)
    listed = [f"{name} ({count})" for name, count in list(counts.items())[:8]]
    more = f" and {len(counts) - 8} more" if len(counts) > 8 else ""
    return (
        f"subjects by {template}: {', '.join(listed)}{more}; recordings of each in brackets; "
        "--subject-from says another level"
    )


def _say_shared(
    subjects: Sequence[str], people: Sequence[Path], level: str, notice: Callable[[str], None]
) -> None:
    """Two folders of one name are one person, so that none is in training and validation."""
    places: dict[str, set[Path]] = {}
    for subject, person in zip(subjects, people, strict=True):
        places.setdefault(subject, set()).add(person)
    higher = dict(itertools.pairwise(TEMPLATES)).get(level)
    cure = f"--subject-from={higher}-{level}" if higher else "prepare each with its --subject"
    for subject, where in places.items():
        if len(where) > 1:
            listed = ", ".join(str(place) for place in sorted(where)[:4])
            notice(f"{subject} is taken for one subject in {listed}; if not: {cure}")


def _named(paths: Sequence[Path], subjects: Sequence[str], *, in_clip: bool) -> list[Who]:
    paths = [recording_of(path) for path in paths]
    clips = [
        f"{subject}/{path.name}" if in_clip and subject != path.name else path.name
        for path, subject in zip(paths, subjects, strict=True)
    ]
    if len(set(clips)) < len(clips):
        top = os.path.commonpath(paths)
        clips = [Path(os.path.relpath(path, top)).as_posix() for path in paths]
    return [Who(subject, clip) for subject, clip in zip(subjects, clips, strict=True)]
