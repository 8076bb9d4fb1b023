"""Which file or folder of detections belongs to which camera, by its name."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from geoself_jax.core.errors import data_error, missing_error, nearest_name, usage_error
from geoself_jax.core.notices import silent
from geoself_jax.prepare.detections import formats_of, recognize_detections
from geoself_jax.prepare.detections.all_cameras import is_there, one_file_of, refuse_whole
from geoself_jax.prepare.find_detections import DEPTH, detections_found, why_none

NOT_NAMES = re.compile(
    r"_?(json|keypoints|pose|predictions|results|detections|openpose|alphapose|mmpose|2d"
    r"|analysis|(?<=.)dlc(_((?!dlc_).)*(net_?\d|shuffle\d).*)?)$"
)
"""What programs append to a video's name; DeepLabCut DLC_resnet50_projectDATEshuffle1_50000."""

_NAME_THEM = "name them: --camera=NAME=PATH"


class Match(NamedTuple):
    """Detections of cameras, as far as names say.

    Attributes:
        paths: Detections by camera; empty where names do not say.
        files: All that were found.
        exact: Whether each file has its camera's whole name.
        certain: Whether nothing is left to prove: no camera's number may be counted from another
            start in the files than in the calibration.
    """

    paths: dict[str, Path]
    files: tuple[Path, ...]
    exact: bool = True
    certain: bool = True


def match_cameras(
    folder: Path | None,
    cameras: Sequence[str],
    given: Mapping[str, Path],
    kind: str,
    notice: Callable[[str], None] = silent,
    *,
    filtered: bool = True,
) -> Match:
    """Detections of each camera, by name.

    Args:
        folder: Where to look; None where `given` names all.
        cameras: Names in the calibration.
        given: Paths by camera, from the user; no other files are looked for then.
        kind: Format of the detections, or `auto`.
        notice: Receives one line where a video has several tables.
        filtered: Whether to take a video's filtered table before its raw one.

    Raises:
        GeoselfError: A name that is no camera's (64); a path that is not there (66); no detections,
            or some of no camera (65).
    """
    for name, path in given.items():
        if name not in cameras:
            raise usage_error(
                f"--camera={name}={path}", "no such camera", nearest_name(name, cameras)
            )
        if not is_there(path):
            raise missing_error(f"--camera={name}={path}", "no such file", "check the path")
    if given or folder is None:
        return Match(dict(given), tuple(given.values()))
    if not folder.is_dir() and not recognize_detections(folder, kind):
        raise data_error(
            f"{folder}: a file, no folder",
            "which camera these detections belong to is unknown",
            "name each camera's: --camera=NAME=PATH, and the cameras: --calibration=PATH",
        )
    found = detections_found(folder, kind, notice, filtered=filtered)
    if not found:
        why = why_none(folder, kind)
        raise data_error(
            f"{folder}: no detections of a known format in it", why, "" if why else _NAME_THEM
        )
    refuse_whole(found)
    _refuse_two_detectors(folder, cameras, found, kind)
    if (file := one_file_of(found)) is not None:
        return _by_order(file, cameras, found, notice)
    return _by_name(folder, cameras, found)


def _refuse_two_detectors(
    folder: Path, cameras: Sequence[str], found: Sequence[Path], kind: str
) -> None:
    by_format: dict[str, list[str]] = {}
    for path in found:
        for format in formats_of(path, kind):
            by_format.setdefault(format, []).append(path.name)
    if len(by_format) < 2 or names_say(cameras, found):
        return
    listed = "; ".join(
        f"{format}: {', '.join(names[:4])}{', ...' if len(names) > 4 else ''}"
        for format, names in by_format.items()
    )
    raise data_error(
        f"{folder}: the output of {len(by_format)} detectors: {listed}",
        "which one is meant is unknown",
        "choose: " + " or ".join(f"--detections={format}" for format in by_format),
    )


def names_say(cameras: Sequence[str], found: Sequence[Path]) -> bool:
    """Whether names alone give each file a camera of its own.

    Args:
        cameras: Names in the calibration.
        found: Files and folders of detections.
    """
    return any(len(way(cameras, found)) == len(found) for way in _WAYS)


def camera_named(cameras: Sequence[str], paths: Mapping[str, Path], other: Path) -> str | None:
    """The camera without detections that a file belongs to, by the names of all; or None.

    Args:
        cameras: Names in the calibration.
        paths: Detections by camera.
        other: A file or folder that is none of these.
    """
    for way in _WAYS:
        named = way(cameras, [*paths.values(), other])
        if len(named) == len(paths) + 1 and paths.items() <= named.items():
            return next(camera for camera in named if camera not in paths)
    return None


def _by_order(
    file: Path, cameras: Sequence[str], found: Sequence[Path], notice: Callable[[str], None]
) -> Match:
    """Of a file that names no cameras: by its videos' names, else as many in the file's order.

    Either is to be proved: somebody may have put the file's cameras into another order.

    Raises:
        GeoselfError: Neither can be (65).
    """
    named, files = _by_whole_name(cameras, found), tuple(found)
    if len(named) == len(found):
        return Match(named, files, exact=len(found) > 2, certain=False)  # two are not searched
    if len(cameras) != len(found):
        raise data_error(
            f"{file}: {len(found)} cameras",
            f"the calibration has {len(cameras)}: {', '.join(cameras)}",
            f"give the calibration that was made with it, or {_NAME_THEM}, PATH as {found[0]}",
        )
    paths = dict(zip(cameras, found, strict=True))
    pairs = ", ".join(f"{path.name} = {camera}" for camera, path in paths.items())
    notice(f"{file}: names no cameras; in the calibration's order they are {pairs}")
    return Match(paths, files, exact=False, certain=False)


def _by_name(folder: Path, cameras: Sequence[str], found: Sequence[Path]) -> Match:
    """By the whole name, or by one pattern of all files; else nothing."""
    files, of = tuple(found), distinct_places(found)
    named = tuple(of)
    for way in (_by_whole_name, _by_pattern):
        paths = {camera: of[each] for camera, each in way(cameras, named).items()}
        if len(paths) == len(found):
            return Match(paths, files, exact=True, certain=is_certain(cameras, paths))
        if len(paths) == len(cameras):
            _refuse_orphans(folder, cameras, [path for path in found if path not in paths.values()])
    paths = {camera: of[each] for camera, each in _by_core(cameras, named).items()}
    if len(paths) == len(found) == len(cameras):
        return Match(paths, files, exact=False)
    if len(paths) == len(found):
        return Match(paths, files, exact=False, certain=False)
    return Match({}, files, exact=False, certain=False)


def distinct_places(found: Sequence[Path]) -> dict[Path, Path]:
    """Detections by what tells them apart: themselves, or their folders: cam1/keypoints.json.

    Args:
        found: Files and folders of detections.
    """
    for level in range(DEPTH):
        places = [path.parents[level - 1] if level else path for path in found]
        if len({place.name.lower() for place in places}) == len(found):
            return dict(zip(places, found, strict=True))
    return {path: path for path in found}


def shown_names(found: Sequence[Path]) -> list[str]:
    """Names of files and folders in messages; from the folder on that tells them apart."""
    return [
        path.name if place == path else f"{place.name}/{path.relative_to(place)}"
        for place, path in distinct_places(found).items()
    ]


def is_certain(cameras: Sequence[str], paths: Mapping[str, Path]) -> bool:
    """Whether files cannot count the cameras from another start than the calibration.

    Args:
        cameras: Names in the calibration.
        paths: Detections by camera.
    """
    return len(paths) == len(cameras) or not _differ_in_digits(cameras)


def _refuse_orphans(folder: Path, cameras: Sequence[str], left: Sequence[Path]) -> None:
    raise data_error(
        f"{folder}: no camera for {', '.join(path.name for path in left[:4])}",
        f"the calibration has {', '.join(cameras)}; is a camera's file damaged?",
        "fix the calibration, or name the files: --camera=NAME=PATH ...",
    )


def _by_whole_name(cameras: Sequence[str], found: Sequence[Path]) -> dict[str, Path]:
    """Files named as a camera, or else with a camera's name as a word of theirs."""
    for alike in (_same, _contains):
        matched = {name: [path for path in found if alike(name, path)] for name in cameras}
        used = [path for paths in matched.values() for path in paths]
        if used and len(set(used)) == len(used) and all(len(p) <= 1 for p in matched.values()):
            paths = {name: paths[0] for name, paths in matched.items() if paths}
            if len(paths) in (len(found), len(cameras)):
                return paths
    return {}


def _by_pattern(cameras: Sequence[str], found: Sequence[Path]) -> dict[str, Path]:
    """Files named BEFORE + camera + AFTER, the same BEFORE and AFTER in all of them."""
    return _one_pattern(_whole(cameras), found)


def _by_core(cameras: Sequence[str], found: Sequence[Path]) -> dict[str, Path]:
    """As `_by_pattern`, of what distinguishes the cameras' names: `2` of `int_cam2_img`."""
    forms = _cores(cameras)
    return _one_pattern(forms, found) if forms else {}


def camera_forms(cameras: Sequence[str]) -> list[dict[str, str]]:
    """How names of files may write the cameras: by their whole names, by what distinguishes them.

    Args:
        cameras: Names in the calibration.
    """
    return [forms for forms in (_whole(cameras), _cores(cameras)) if forms]


def _whole(cameras: Sequence[str]) -> dict[str, str]:
    return {name: _counted(name) for name in cameras}


def _cores(cameras: Sequence[str]) -> dict[str, str]:
    names = [_counted(name) for name in cameras]
    before = _common(names)
    after = _common([name[len(before) :][::-1] for name in names])
    cores = [name[len(before) : len(name) - len(after)] for name in names]
    return dict(zip(cameras, cores, strict=True)) if all(cores) else {}


def _one_pattern(forms: Mapping[str, str], found: Sequence[Path]) -> dict[str, Path]:
    """The files of the cameras by the one pattern that all follow; nothing if two patterns do."""
    if len(set(forms.values())) < len(forms):
        return {}
    fits = [dict(placements(_stem(path), forms)) for path in found]
    shared = set.intersection(*(set(fit) for fit in fits))
    ways = {tuple(fit[pattern] for fit in fits) for pattern in shared}
    ways = {way for way in ways if len(set(way)) == len(way)}
    return dict(zip(ways.pop(), found, strict=True)) if len(ways) == 1 else {}


def placements(stem: str, forms: Mapping[str, str]) -> list[tuple[tuple[str, str], str]]:
    """(before, after) and the camera, wherever its name stands and no digit continues it.

    Args:
        stem: Of a file's name.
        forms: How each camera is written.
    """
    found, stem = [], _counted(stem)
    for camera, form in forms.items():
        begin = r"(?<!\d)" if form[:1].isdigit() else ""
        for at in re.finditer(f"(?={begin}{re.escape(form)}{_end(form)})", stem):
            end = at.start() + len(form)
            found.append(((stem[: at.start()], stem[end:]), camera))
    return found


def _end(form: str) -> str:
    return r"(?!\d)" if form[-1:].isdigit() else ""


def _common(texts: Sequence[str]) -> str:
    """The beginning that all share, without digits at its end: they belong to a number."""
    first, last = min(texts), max(texts)
    length = next((i for i, c in enumerate(first) if c != last[i : i + 1]), len(first))
    return first[:length].rstrip("0123456789")


def _counted(name: str) -> str:
    """In lower case, numbers without leading zeros."""
    return re.sub(r"(?<!\d)0+(?=\d)", "", name.lower())


def _differ_in_digits(names: Sequence[str]) -> bool:
    """Whether two names are the same except for a number."""
    return len({re.sub(r"\d+", "#", name.lower()) for name in names}) < len(names)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _stem(path: Path) -> str:
    return NOT_NAMES.sub("", path.stem.lower() if path.is_file() else path.name.lower())


def _same(camera: str, path: Path) -> bool:
    return _plain(camera) == _plain(_stem(path))


def _contains(camera: str, path: Path) -> bool:
    """The name is a word of the file's; one of digits or one letter is one only by chance."""
    if len(camera) < 2 or camera.isdigit():
        return False
    pattern = re.escape(camera.lower()) + r"(?!\d)"
    return re.search(r"(?<![a-z0-9])" + pattern, _stem(path)) is not None


_WAYS = (_by_whole_name, _by_pattern, _by_core)
