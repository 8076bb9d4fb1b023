"""Several recordings whose files lie in one folder, by names of a trial and a camera."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from geoself_jax.core.notices import silent
from geoself_jax.prepare.detections.unknown import broken
from geoself_jax.prepare.find_detections import LOOKED_INTO, detections_found, unread_in
from geoself_jax.prepare.match_cameras import (
    NOT_NAMES,
    Match,
    camera_forms,
    is_certain,
    names_say,
    placements,
)

Rule = tuple[str, str]
"""What stands before and after a camera's name within its word: `cam` and nothing in `camA`."""

Trials = dict[str, Match]


def flat_trials(
    folder: Path, cameras: Sequence[str], kind: str, notice: Callable[[str], None]
) -> Trials:
    """Recordings by name where one rule finds a camera in the names of all files; else none.

    Names are words between separators. The camera's word is the same in all (`camA`, `camB`), what
    is left (`trial1`) is the recording, of two cameras or more, each once. Of several rules that do
    so, one counts if it alone gives every recording all cameras.

    Args:
        folder: Of detections.
        cameras: Names in the calibration.
        kind: Format of the detections, or `auto`.
        notice: Receives one line for what was found, and for each file that is broken.
    """
    found = detections_found(folder, kind, silent)
    if len(found) <= 2 or names_say(cameras, found):
        return {}
    trials = _by_one_rule(cameras, found)
    if not trials:
        return {}
    detections_found(folder, kind, notice)
    for path in unread_in(folder, kind):
        if path.is_file() and (error := broken(path, LOOKED_INTO)) is not None:
            notice(f"warning: not read: {error}")
    name, match = next(iter(trials.items()))
    pairs = ", ".join(f"{camera} = {path.name}" for camera, path in match.paths.items())
    notice(
        f"{folder}: {len(trials)} recordings by the names of its files: {', '.join(trials)}; "
        f"{name} is {pairs}"
    )
    return trials


def _by_one_rule(cameras: Sequence[str], found: Sequence[Path]) -> Trials:
    for forms in camera_forms(cameras):
        words = [re.split(r"[\W_]+", _stem(path)) for path in found]
        fits = [_fits(each, forms) for each in words]
        shared = set.intersection(*(set(fit) for fit in fits))
        ways = [_trials(cameras, found, words, [fit[rule] for fit in fits]) for rule in shared]
        ways = [way for way in ways if way]
        if len(ways) > 1:
            full = [all(len(m.paths) == len(cameras) for m in way.values()) for way in ways]
            ways = [way for way, whole in zip(ways, full, strict=True) if whole]
        if len(ways) == 1:
            return ways[0]
    return {}


def _stem(path: Path) -> str:
    """The name with its capital letters, without what programs append to it."""
    stem = path.stem if path.is_file() else path.name
    return stem[: len(NOT_NAMES.sub("", stem.lower()))]


def _fits(words: Sequence[str], forms: Mapping[str, str]) -> dict[Rule, tuple[int, str]]:
    """Place of the word and the camera, by each rule that fits one word only."""
    fits: dict[Rule, list[tuple[int, str]]] = {}
    for place, word in enumerate(words):
        for rule, camera in placements(word, forms):
            fits.setdefault(rule, []).append((place, camera))
    return {rule: places[0] for rule, places in fits.items() if len(places) == 1}


def _trials(
    cameras: Sequence[str],
    found: Sequence[Path],
    words: Sequence[Sequence[str]],
    at: Sequence[tuple[int, str]],
) -> Trials:
    """The recordings, or none where a camera is there twice in one, or alone."""
    paths: dict[tuple[int, str], dict[str, Path]] = {}
    for path, each, (place, camera) in zip(found, words, at, strict=True):
        rest = [*each[:place], *each[place + 1 :]]
        trial = paths.setdefault((place, "_".join(filter(None, rest))), {})
        if camera in trial:
            return {}
        trial[camera] = path
    names = [name for _, name in paths]
    if len(names) < 2 or len(set(names)) < len(names) or not all(names):
        return {}
    if any(len(trial) < 2 for trial in paths.values()):
        return {}
    return {
        name: Match(trial, tuple(trial.values()), certain=is_certain(cameras, trial))
        for (_, name), trial in paths.items()
    }
