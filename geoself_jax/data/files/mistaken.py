"""Names what a file or folder is that is no input: a video, an image, a web page, a run."""

import shlex
import zipfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from geoself_jax.core.errors import data_error
from geoself_jax.data.files.npz import member_names

Known = tuple[str, str]
"""What something is, and what to do."""

VIDEOS = (".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".wmv", ".mts")
IMAGES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".gif", ".webp")
_DETECT = "run a 2D detector on it first (OpenPose, MMPose, DeepLabCut, ...) and give what it wrote"
_FILMED = ("a video", "a folder of videos")
_SEEN = (*_FILMED, "an image", "a folder of images")
_PREPARE = "make a recording of it first: geoself prepare --input PATH --output=FILE.npz"
_ARRAY = ("a single array (.npy)", "give the detector's own file, or a .npz")
_EXPORT = "lift and evaluate take an export, as --model; all else takes data"
_RUN = "evaluate and export take a run, as --workdir; all else takes data"

MAGIC: tuple[tuple[int, bytes, Known], ...] = (
    (4, b"ftyp", ("a video", _DETECT)),
    (8, b"AVI ", ("a video", _DETECT)),
    (0, b"\x1a\x45\xdf\xa3", ("a video", _DETECT)),
    (0, b"\x89PNG", ("an image", _DETECT)),
    (0, b"\xff\xd8\xff", ("an image", _DETECT)),
    (0, b"GIF8", ("an image", _DETECT)),
    (0, b"II*\x00", ("an image", _DETECT)),
    (0, b"MM\x00*", ("an image", _DETECT)),
    (0, b"version https://git-lfs", ("a Git LFS pointer, not the file", "fetch it: git lfs pull")),
    (0, b"\x1f\x8b", ("packed by gzip", "unpack it first: gunzip")),
    (0, b"7z\xbc\xaf", ("packed by 7-Zip", "unpack it first")),
    (0, b"%PDF", ("a PDF", "give what the detector wrote")),
    (0, b"\x93NUMPY", _ARRAY),
)
"""Place, bytes and meaning of a file's start."""


def mistaken(path: Path) -> Known | None:
    """What a path is that no command reads as data, and what to do; None where it may be data.

    Args:
        path: A file or folder that is there.
    """
    known = _known(path)
    if known is not None and known[0] in _FILMED:
        command = f"geoself detect {shlex.quote(str(path))} --out=joints"
        return known[0], f"find the joints first: {command}, and give what it writes"
    return known


def _known(path: Path) -> Known | None:
    if path.is_dir():
        return _folder(path)
    if not path.is_file():
        return ("a pipe or a device", "give a file") if path.exists() else None
    if path.stat().st_size == 0:
        return "an empty file", "write or copy it again"
    with path.open("rb") as stream:
        start = stream.read(1024)
    for at, mark, known in MAGIC:
        if start[at : at + len(mark)] == mark:
            return known
    if start.lstrip().lower().startswith((b"<!doctype html", b"<html")):
        return "a web page", "download the file itself"
    if path.suffix.lower() in VIDEOS:
        return "a video", _DETECT
    return _zip(path) if start.startswith(b"PK") else None


def refuse_mistaken(what: str, path: Path, wanted: str = "", *, array: bool = False) -> None:
    """Refuses a path that no command reads as data.

    Args:
        what: The path as the user wrote it, with its flag where that helps.
        path: A file or folder, there or not.
        wanted: What to give in place of it, where that is not a detector's output.
        array: Whether a single array is read: MediaPipe's landmarks are saved so.

    Raises:
        GeoselfError: It is a video, an image, a folder of them, a web page, ... (65).
    """
    known = mistaken(path)
    if known is not None and not (array and known == _ARRAY):
        raise data_error(
            what, f"is {known[0]}", wanted if known[0] in _SEEN and wanted else known[1]
        )


def not_a_recording(path: Path) -> Known | None:
    """What a path is that is no recording of ours, and what to do; None where it may be one."""
    known = mistaken(path)
    if known is not None or not path.exists():
        return known
    if path.is_dir():
        return "a folder, not a recording", _PREPARE
    names = member_names(path)
    if names & {"positions_2d", "positions_3d"}:
        return "a file of VideoPose3D, not a recording", _PREPARE
    if names >= {"format", "pose", "frame_id"}:
        why = "3D poses, as lift writes them, not a recording"
        return why, "give what prepare wrote; poses are shown with view --poses"
    if names or _start(path).startswith(b"PK"):
        return None
    if path.suffix.lower() == ".npz" and is_text(path):
        return "a text file, whatever its name says", "give the file that prepare wrote"
    return "no .npz file", _PREPARE


def is_text(path: Path) -> bool:
    """Whether a file begins as text does."""
    return _start(path).decode("utf-8", "replace").replace("\n", " ").isprintable()


def _start(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(512)


def _folder(path: Path) -> Known | None:
    if (path / "run.json").is_file():
        return "a run, not data", _RUN
    if (path / "model.json").is_file():
        return "an export, not data", _EXPORT
    names = [name.suffix.lower() for name in _files(path)]
    if names and all(name in IMAGES for name in names):
        return "a folder of images", _DETECT
    if names and all(name in VIDEOS for name in names):
        return "a folder of videos", _DETECT
    return None


def _files(path: Path, most: int = 100) -> Iterator[Path]:
    shown = (each for each in path.iterdir() if not each.name.startswith("."))
    return islice(shown, most)


def _zip(path: Path) -> Known | None:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return None
    if any(name.endswith("data.pkl") for name in names):
        return "weights or tensors of PyTorch", "give what the detector wrote"
    if "xl/workbook.xml" in names:
        return "a spreadsheet", "give what the detector wrote"
    return None
