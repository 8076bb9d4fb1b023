"""Several recordings whose files lie in one folder, by names of a trial and a camera."""

import math
import re
import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from geoself_jax.core.errors import data_error
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
from geoself_jax.prepare.prove_cameras import LIMIT_PX, RATIO

Rule = tuple[str, str]
"""What stands before and after a camera's name within its word: `cam` and nothing in `camA`."""

Trials = dict[str, Match]


Residual = Callable[[Mapping[str, Path]], float]
"""Of files by camera, px in an image 1000 wide; NaN where unknown."""

TRIED = 3
"""Recordings of each reading of the names that are triangulated."""

_BUT = "; but"


def flat_trials(
    folder: Path,
    cameras: Sequence[str],
    kind: str,
    residual: Residual,
    notice: Callable[[str], None],
    *,
    filtered: bool = True,
) -> Trials:
    """Recordings by name where one rule finds a camera in the names of all files; else none.

    Names are words between separators. The camera's word is the same in all (`camA`, `camB`), what
    is left (`trial1`) is the recording, of two cameras or more, each once. Of several rules that do
    so (`s1_c2`), one counts if the joints triangulate by it alone.

    Args:
        folder: Of detections.
        cameras: Names in the calibration.
        kind: Format of the detections, or `auto`.
        residual: How well the files of a recording triangulate.
        notice: Receives one line for what was found, and for each file that is broken.
        filtered: Whether to take a video's filtered table before its raw one.

    Raises:
        GeoselfError: Several rules fit and triangulation does not decide (65).
    """
    found = detections_found(folder, kind, silent, filtered=filtered)
    if len(found) <= 2 or names_say(cameras, found):
        return {}
    ways, whole = _ways(cameras, found)
    if not ways:
        return {}
    if len(ways) > 1:
        trials, why = _decided(folder, ways, residual)
    else:
        trials, why = ways[0], "" if whole else _contradicted(ways[0], residual)
    detections_found(folder, kind, notice, filtered=filtered)
    for path in unread_in(folder, kind):
        if path.is_file() and (error := broken(path, LOOKED_INTO)) is not None:
            notice(f"warning: not read: {error}")
    notice(f"{'warning: ' * why.startswith(_BUT)}{folder}: {_words(trials)}{why}")
    return trials


def _words(trials: Trials) -> str:
    name, match = next(iter(trials.items()))
    pairs = ", ".join(f"{camera} = {path.name}" for camera, path in match.paths.items())
    return (
        f"{len(trials)} recordings by the names of its files: {', '.join(trials)}; "
        f"{name} is {pairs}"
    )


def _decided(folder: Path, ways: Sequence[Trials], residual: Residual) -> tuple[Trials, str]:
    """The reading of the names by which joints triangulate, and the residuals in words."""
    px = [_residual(way, residual) for way in ways]
    order = sorted(range(len(ways)), key=lambda i: math.inf if math.isnan(px[i]) else px[i])
    best, following = order[:2]
    if px[best] <= LIMIT_PX and px[following] >= RATIO * px[best]:
        others = ", ".join(f"{px[i]:.1f} px" for i in order[1:])
        return ways[best], f"; its joints triangulate to {px[best]:.1f} px, otherwise to {others}"
    if all(map(math.isnan, px)):
        listed = " - or ".join(map(_words, ways))
        do = "put each recording into a folder"
        raise data_error(f"{folder}: the names of its files can be read as {listed}", "", do)
    listed = " - or ".join(f"{_words(ways[i])} ({px[i]:.1f} px)" for i in order)
    raise data_error(
        f"{folder}: the names of its files can be read as {listed}",
        f"the triangulation residual must be below {LIMIT_PX:g} px and {RATIO:g} times better than "
        "the next",
        "put each recording into a folder",
    )


def _contradicted(trials: Trials, residual: Residual) -> str:
    """Words where joints do not triangulate as the numbers in the names say; else empty."""
    px = _residual(trials, residual)
    if not px > LIMIT_PX:
        return ""
    return (
        f"{_BUT} joints triangulate to {px:.1f} px only: if that is not a camera's number, put "
        "each recording into a folder and name its files by the calibration's cameras"
    )


def _residual(trials: Trials, residual: Residual) -> float:
    """Median of some recordings; NaN where unknown."""
    px = [residual(match.paths) for match in [*trials.values()][:TRIED]]
    return statistics.median([each for each in px if not math.isnan(each)] or [math.nan])


def _ways(cameras: Sequence[str], found: Sequence[Path]) -> tuple[list[Trials], bool]:
    """What the names say by each rule that fits them, and whether by words, not numbers alone.

    Cameras' whole names come before what distinguishes them.
    """
    for forms in camera_forms(cameras):
        words = [re.split(r"[\W_]+", plain_stem(path)) for path in found]
        fits = [_fits(each, forms) for each in words]
        shared = sorted(set.intersection(*(set(fit) for fit in fits)))
        ways = [_trials(cameras, found, words, [fit[rule] for fit in fits]) for rule in shared]
        if any(ways):
            return [way for way in ways if way], not any(form.isdigit() for form in forms.values())
    return [], False


def plain_stem(path: Path) -> str:
    """The name of a file or folder with its capitals, without what programs append to it."""
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
