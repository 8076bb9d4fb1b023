"""OpenCV's FileStorage (yml, xml, json), by the names people give their matrices.

One file a camera in a folder (the file's name without its ending is the camera's), or several in
one file: a table for each, or names with the camera at the end (K_01, dist_01, R_01, T_01: also
EasyMocap's intri.yml and extri.yml in a folder). M1 D1 M2 D2 with one R and T is OpenCV's stereo:
camera 1 is the world, and R1 R2 P1 P2 Q belong to rectified images and are ignored.

x_cam = R x + t; R is 3x3, or a vector as from cv2.calibrateCamera. Unit and up are not in the file.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from geoself_jax.core.errors import data_error, missing_error
from geoself_jax.data.rig import Rig
from geoself_jax.prepare.calibrations.camera_table import FileCamera, checked_camera, fisheye_flag
from geoself_jax.prepare.calibrations.opencv_storage import load_filestorage, suffixes
from geoself_jax.prepare.calibrations.units_and_axes import rig_of, silent
from geoself_jax.prepare.first_bytes import head

K_NAMES = ("camera_matrix", "cameramatrix", "intrinsic_matrix", "intrinsics", "mtx", "k", "m")
LENS_NAMES = (
    *("distortion_coefficients", "distortion_coeffs", "distortions", "distortion"),
    *("dist_coeffs", "dist_coeff", "dist_coefs", "distcoeffs", "distcoef", "dist", "d"),
)
# The first that is there: EasyMocap has both Rot (3x3) and R (a vector).
ROTATION_NAMES = ("rotation_matrix", "rotation", "rot", "rmat", "rvec", "rvecs", "r")
TRANSLATION_NAMES = ("translation_vector", "translation", "tvec", "tvecs", "trans", "t")
SIZE_NAMES = ("image_size", "imagesize", "img_size", "resolution", "size")
WIDTH_NAMES = ("image_width", "imagewidth", "width", "w")
HEIGHT_NAMES = ("image_height", "imageheight", "height", "h")
FISHEYE_NAMES = ("fisheye", "is_fisheye", "fisheye_model")
MODEL_NAMES = ("distortion_model", "camera_model", "model")
_KINDS = {
    "K": K_NAMES,
    "distortion": LENS_NAMES,
    "rotation": ROTATION_NAMES,
    "translation": TRANSLATION_NAMES,
    "size": SIZE_NAMES,
    "width": WIDTH_NAMES,
    "height": HEIGHT_NAMES,
    "fisheye": FISHEYE_NAMES,
    "model": MODEL_NAMES,
}
_SHARED = ("size", "width", "height", "fisheye", "model")  # may be said once for all cameras
_PAIRS = (("intri", "extri"), ("intrinsics", "extrinsics"), ("intrinsic", "extrinsic"))
MOST = 200
"""Most files of a folder that are read."""


def recognize(path: Path) -> str | None:
    """Why the file or folder is one of these, or None."""
    if path.is_dir():
        pair = _intri(path)
        if pair:
            return f"folder with {pair[0].name} and {pair[1].name}"
        found = [file for file in _files(path) if recognize(file)]
        return f"folder of {len(found)} files with camera matrices" if len(found) > 1 else None
    if path.suffix.lower() not in suffixes:
        return None
    names = names_in(path)
    kinds = {kind for name in names for kind, _, _ in _spelled(name)}
    if {"K", "rotation", "translation"} <= kinds:
        return "matrices named " + ", ".join(sorted(n for n in names if is_kind(n, "K"))[:3])
    return None


def has_lens(path: Path) -> bool:
    """Whether a file seems to hold a camera matrix, wherever its camera stands."""
    if path.suffix.lower() not in suffixes or not path.is_file():
        return False
    return any(is_kind(name, "K") for name in names_in(path))


def names_in(path: Path) -> set[str]:
    """Names at the beginning of a file's text.

    Args:
        path: A file, there or not.
    """
    return set(re.findall(r"(?m)(?:^\s*|[\"<])([A-Za-z][\w-]*)(?=\"?\s*:|[\s>])", head(path)))


def read(
    path: Path,
    *,
    unit: str | None = None,
    up: str | None = None,
    notice: Callable[[str], None] = silent,
) -> Rig:
    """The rig.

    Args:
        path: A file with all cameras, or a folder with a file for each.
        unit: Of its world; required, as no file of these says it.
        up: Of its world; None takes the images', with a notice.
        notice: Receives one line for each of these.

    Raises:
        GeoselfError: Not such a file, a camera that is none, no unit (65).
    """
    return rig_of(
        path,
        path.stem,
        list(_folder(path) if path.is_dir() else _cameras(path, load_filestorage(path), path.stem)),
        unit=unit,
        up=up,
        own_unit=None,
        own_up=None,
        notice=notice,
    )


def read_lenses(path: Path) -> list[FileCamera]:
    """The cameras of a file that does not say where they stand; R and t are left at the origin.

    `cv2.calibrateCamera`'s matrices saved without a rotation, ROS's camera_info, a table a camera.

    Raises:
        GeoselfError: Not such a file, or a camera that is none (65).
    """
    content = load_filestorage(path)
    alone = _lens_of(content, "")
    if "K" in alone:
        return [_camera(path, path.stem, alone)]
    tables = {key: each for key, each in content.items() if isinstance(each, dict)}
    tables = {key: each for key, each in tables.items() if "K" in _by_kind(each, "")}
    if tables:
        return [
            _camera(path, str(table.get("name", key)), _lens_of(table, ""))
            for key, table in tables.items()
        ]
    shared = {kind: value for kind, value in alone.items() if kind in _SHARED}
    return [
        _camera(path, end.lstrip("_"), shared | _lens_of(content, end)) for end in _ends(content)
    ]


def _lens_of(content: dict[str, Any], end: str) -> dict[str, Any]:
    origin = {"rotation": np.eye(3).tolist(), "translation": [0, 0, 0]}
    return _by_kind(content, end) | origin


def _files(folder: Path) -> list[Path]:
    files = [file for file in folder.iterdir() if file.suffix.lower() in suffixes]
    return sorted(files)[:MOST]


def _intri(folder: Path) -> tuple[Path, Path] | None:
    """The files of a pair, whatever the case of their names: Pose2Sim writes Intrinsic.yml."""
    there = {file.name.lower(): file for file in _files(folder)}
    for suffix in suffixes:
        for names in _PAIRS:
            pair = [there.get(f"{name}{suffix}") for name in names]
            if pair[0] and pair[1]:
                return pair[0], pair[1]
    return None


def _folder(folder: Path) -> Iterator[FileCamera]:
    pair = _intri(folder)
    if pair:
        inner, outer = (load_filestorage(file) for file in pair)
        yield from _cameras(folder, inner | outer, folder.stem)
        return
    files = [file for file in _files(folder) if recognize(file)]
    if not files:
        raise missing_error(str(folder), "no file with a camera's matrices", "check the folder")
    for file in files:
        yield from _cameras(file, load_filestorage(file), file.stem)


def _cameras(path: Path, content: dict[str, Any], name: str) -> Iterator[FileCamera]:
    """The cameras of one file; `name` is of a camera that has none of its own."""
    tables = {
        key: value
        for key, value in content.items()
        if isinstance(value, dict) and {"K", "rotation"} <= _by_kind(value, "").keys()
    }
    if tables:
        for key, table in tables.items():
            _check_one_translation(path, key, table, "")
            yield _camera(path, str(table.get("name", key)), _by_kind(table, ""))
        return
    alone = _by_kind(content, "")
    if "K" in alone:
        _check_one_translation(path, name, content, "")
        yield _camera(path, name, alone)
        return
    ends = _ends(content)
    if not ends:
        known = ", ".join(("camera_matrix", "K", "M1", "K_01"))
        raise data_error(
            f"{path}: no camera matrix", f"it may be named {known}", "rename it in the file"
        )
    _check_listed(path, content.get("names"), ends)
    stereo = {"rotation", "translation"} <= alone.keys() and len(ends) == 2
    stereo = stereo and not any("translation" in _by_kind(content, end) for end in ends)
    shared = {kind: value for kind, value in alone.items() if kind in _SHARED}
    for number, end in enumerate(ends):
        kinds = _by_kind(content, end)
        _check_one_translation(path, end.lstrip("_"), content, end)
        if stereo:
            kinds["rotation"] = alone["rotation"] if number else np.eye(3).tolist()
            kinds["translation"] = alone["translation"] if number else [0, 0, 0]
        yield _camera(path, end.lstrip("_") or name, shared | kinds)


def _check_listed(path: Path, listed: Any, ends: list[str]) -> None:
    """EasyMocap's list of names is not longer than the list of matrices.

    Pose2Sim 0.10.49 lists cam01 ... there and names the matrices K_1 ...: these names count.
    """
    if isinstance(listed, list) and len(listed) > len(ends):
        found = ", ".join(f"K{end}" for end in ends)
        raise data_error(
            f"{path}: {len(listed)} cameras {', '.join(map(str, listed))} in its names",
            f"matrices are of {len(ends)}: {found}",
            "calibrate the others, or take them out of names",
        )


def _check_one_translation(path: Path, name: str, content: dict[str, Any], end: str) -> None:
    """Refuses two translations of a camera that differ: one of T and t may be its centre."""
    found = {
        key: value
        for key, value in content.items()
        if any(kind == "translation" and tail == end for kind, _, tail in _spelled(key))
    }
    if len({str(np.ravel(np.asarray(value, object)).tolist()) for value in found.values()}) > 1:
        raise data_error(
            f"{path}, camera {name}: {' and '.join(found)} are two translations that differ",
            "one is wanted, t of x_cam = R x_world + t; a camera's centre is none",
            "take the other out, or rename it",
        )


def _ends(content: dict[str, Any]) -> list[str]:
    """What follows the camera matrix's name, in each of the file's: _01 of K_01."""
    ends = [end for key in content for kind, _, end in _spelled(key) if kind == "K" and end]
    return list(dict.fromkeys(ends))


def _spelled(key: str) -> Iterator[tuple[str, int, str]]:
    """What a name may mean: kind, rank among the kind's names, and the camera's part at the end."""
    plain = key.lower()
    for kind, names in _KINDS.items():
        for rank, name in enumerate(names):
            if plain == name:
                yield kind, rank, ""
            elif plain.startswith(name) and re.fullmatch(r"_[\w-]+|\d+", plain[len(name) :]):
                yield kind, rank, key[len(name) :]


def is_kind(key: str, kind: str) -> bool:
    """Whether a name is, in one of its spellings, that of `K`, a `rotation` and so on."""
    return any(found == kind for found, _, _ in _spelled(key))


def _by_kind(content: dict[str, Any], end: str) -> dict[str, Any]:
    """Values of the names that end so, by kind, the first spelling of each."""
    found: dict[str, tuple[int, Any]] = {}
    for key, value in content.items():
        for kind, rank, tail in _spelled(key):
            if tail == end and (kind not in found or rank < found[kind][0]):
                found[kind] = rank, value
    return {kind: value for kind, (_, value) in found.items()}


def _camera(path: Path, name: str, kinds: dict[str, Any]) -> FileCamera:
    where = f"{path}, camera {name}"
    for kind in ("rotation", "translation"):
        if kind not in kinds:
            spelled = ", ".join(ROTATION_NAMES if kind == "rotation" else TRANSLATION_NAMES)
            raise data_error(
                f"{where}: no {kind}",
                "the lens alone does not say where the camera stands",
                f"calibrate the rig; the {kind} may be named {spelled}",
            )
    fisheye = fisheye_flag(kinds.get("fisheye"), f"{where}: fisheye")
    model = str(kinds.get("model", "")).lower()
    return checked_camera(
        path,
        name,
        K=kinds.get("K"),
        distortion=kinds.get("distortion"),
        rotation=kinds["rotation"],
        translation=kinds["translation"],
        size=_size(kinds),
        fisheye=fisheye or "fisheye" in model or "equidistant" in model,
    )


def _size(kinds: dict[str, Any]) -> Any:
    if "size" in kinds:
        return kinds["size"]
    if "width" in kinds and "height" in kinds:
        return [kinds["width"], kinds["height"]]
    return None
