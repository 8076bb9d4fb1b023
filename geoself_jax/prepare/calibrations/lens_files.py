"""Files that hold intrinsics and not where the cameras stand: OpenCV's names, one or several."""

import dataclasses
import re
from itertools import islice
from pathlib import Path

from geoself_jax.prepare.calibrations import opencv
from geoself_jax.prepare.calibrations.camera_table import FileCamera

_APPENDED = re.compile(
    r"(?<=.)[-_. ](intrinsics?|intri|int|calib|calibration|camera|params|lens|k)$", re.IGNORECASE
)
"""What is appended to a camera's name: `cam1_intrinsics.yml`."""


def lens_files(path: Path) -> list[Path]:
    """Those that seem to hold a camera matrix: a file, or the files of a folder and of its folders.

    Args:
        path: A file or folder that is there.
    """
    if path.is_file():
        return [path] if opencv.has_lens(path) else []
    inner = [each for each in _first(path) if each.is_dir()]
    files = [file for folder in (path, *inner) for file in _first(folder)]
    return [file for file in files if opencv.has_lens(file)]


def _first(folder: Path) -> list[Path]:
    shown = (path for path in sorted(folder.iterdir()) if not path.name.startswith("."))
    return list(islice(shown, opencv.MOST))


def read_lens_files(path: Path) -> list[FileCamera]:
    """The cameras of these files; R and t are left at the origin.

    A file of one camera is called as the file, or as its folder where all files have one name.

    Args:
        path: A file or folder that is there.

    Raises:
        GeoselfError: A camera that is none (65).
    """
    files = lens_files(path)
    apart = len({file.stem for file in files}) == len(files)
    cameras = []
    for file in files:
        name = _APPENDED.sub("", file.stem) if apart else file.parent.name
        for camera in opencv.read_lenses(file):
            alone = camera.name == file.stem
            cameras.append(dataclasses.replace(camera, name=name) if alone else camera)
    return cameras
