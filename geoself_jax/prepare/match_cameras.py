"""Which file or folder of detections belongs to which camera, by its name."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from geoself_jax.core.errors import data_error, missing_error, nearest_name, usage_error
from geoself_jax.prepare.detections import recognize_detections

DEPTH = 3
"""Depth to which folders are searched: recording/pose/camera_json."""

MOST = 10_000
"""Most entries of a folder that are listed: more are the frames of one camera."""

_NOT_NAMES = re.compile(
    r"_?(json|keypoints|pose|predictions|results|detections|openpose|alphapose|mmpose|2d"
    r"|analysis|dlc.*)$"
)


def match_cameras(
    folder: Path | None, cameras: Sequence[str], given: Mapping[str, Path], kind: str
) -> dict[str, Path]:
    """Detections of each camera.

    Args:
        folder: Where to look; None where `given` names all.
        cameras: Names in the calibration.
        given: Paths by camera, from the user; no other files are looked for then.
        kind: Format of the detections, or `auto`.

    Raises:
        GeoselfError: A name that is no camera's (64); a path that is not there (66); a camera that
            no or several files may belong to (65).
    """
    for name, path in given.items():
        if name not in cameras:
            raise usage_error(
                f"--camera={name}={path}", "no such camera", nearest_name(name, cameras)
            )
        if not path.exists():
            raise missing_error(f"--camera={name}={path}", "no such file", "check the path")
    if given or folder is None:
        return dict(given)
    if not folder.is_dir():
        raise data_error(
            f"{folder}: a file, no folder",
            "which camera these detections belong to is unknown",
            "name each camera's: --camera=NAME=PATH, and the cameras: --calibration=PATH",
        )
    found = _detections_in(folder, kind, DEPTH)
    if not found:
        raise data_error(
            str(folder), "no detections of a known format in it", "name them: --camera=NAME=PATH"
        )
    return _by_name(folder, cameras, found)


def _detections_in(folder: Path, kind: str, depth: int) -> list[Path]:
    """Files and folders of detections in a folder; a folder that is one is not searched."""
    found = []
    for number, path in enumerate(sorted(folder.iterdir())):
        if number >= MOST:
            break
        if path.name.startswith("."):
            continue
        if recognize_detections(path, kind):
            found.append(path)
        elif path.is_dir() and depth > 1:
            found += _detections_in(path, kind, depth - 1)
    return found


def _by_name(folder: Path, cameras: Sequence[str], found: Sequence[Path]) -> dict[str, Path]:
    for alike in (_same, _contains, _same_number):
        matched = {name: [p for p in found if alike(name, p)] for name in cameras}
        used = [path for paths in matched.values() for path in paths]
        if (
            used
            and all(len(paths) <= 1 for paths in matched.values())
            and (len(set(used)) == len(used))
        ):
            there = {name: paths[0] for name, paths in matched.items() if paths}
            if len(there) == len(found):
                return there
            if len(there) == len(cameras):
                _refuse_orphans(folder, cameras, [path for path in found if path not in used])
    names = ", ".join(sorted(path.name for path in found)[:8])
    raise data_error(
        f"{folder}: which detections belong to which camera?",
        f"cameras {', '.join(cameras)}; detections {names}",
        "name them: " + " ".join(f"--camera={name}=PATH" for name in cameras[:3]),
    )


def _refuse_orphans(folder: Path, cameras: Sequence[str], left: Sequence[Path]) -> None:
    raise data_error(
        f"{folder}: no camera for {', '.join(path.name for path in left[:4])}",
        f"the calibration has {', '.join(cameras)}; is a camera's file damaged?",
        "fix the calibration, or name the files: --camera=NAME=PATH ...",
    )


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _stem(path: Path) -> str:
    return _NOT_NAMES.sub("", path.stem.lower() if path.is_file() else path.name.lower())


def _same(camera: str, path: Path) -> bool:
    return _plain(camera) == _plain(_stem(path))


def _contains(camera: str, path: Path) -> bool:
    """The camera's name stands in the file's, not followed by a further digit: cam1, not cam10."""
    pattern = re.escape(camera.lower()) + r"(?!\d)"
    return re.search(r"(?<![a-z0-9])" + pattern, _stem(path)) is not None


def _same_number(camera: str, path: Path) -> bool:
    """Each has one number, and it is the same: int_cam2_img and cam02_json."""
    numbers = [re.findall(r"\d+", text) for text in (camera, _stem(path))]
    return all(len(n) == 1 for n in numbers) and int(numbers[0][0]) == int(numbers[1][0])
