"""Ultralytics' folder of labels: NAME_12.txt, a line a person."""

import os
import re
from pathlib import Path

import numpy as np

from geoself_jax.core.errors import data_error
from geoself_jax.data.files import load_text
from geoself_jax.data.files.limits import unreadable
from geoself_jax.prepare.detections.rows import frame_number
from geoself_jax.prepare.detections.yolo_layout import BOX, Layout, layout_of
from geoself_jax.prepare.first_bytes import head

_NUMBER = r"-?\d+(\.\d+)?(e[-+]?\d+)?"
_LINE = re.compile(rf"\d+( {_NUMBER}){{13,}}$")

Found = tuple[int, str, int, np.ndarray, str | None]


def recognize(path: Path) -> str | None:
    """Why the folder is one of these, or None."""
    if not path.is_dir():
        return None
    try:
        with os.scandir(path) as entries:
            names = (entry.name for entry in entries if entry.name.lower().endswith(".txt"))
            name = next(
                (name for name in names if re.search(r"\d+\.txt$", name, re.IGNORECASE)), None
            )
    except OSError:
        return None
    line = "" if name is None else head(path / name).partition("\n")[0].strip()
    return (
        "a folder of text with class, box and joints, one file per frame"
        if (_LINE.match(line))
        else None
    )


def people(path: Path, joints: int | None, max_bytes: int) -> tuple[list[Found], list[str]]:
    """Frame, place, class, (J, 3) x, y, visibility, track of everybody; and what was assumed.

    Args:
        path: The folder.
        joints: Number of joints, where it is known.
        max_bytes: Refuse files that are larger.

    Raises:
        GeoselfError: Files of two videos; a line that is none; joints outside of the boxes (65).
    """
    try:
        names = sorted(each for each in os.listdir(path) if each.lower().endswith(".txt"))
    except OSError as error:
        raise unreadable(path, error) from error
    names = [
        name for name in names if re.search(r"\d+\.txt$", name, re.IGNORECASE) and name[0] != "."
    ]
    _check_one_video(path, names)
    frames, places, written = [], [], []
    for name in names:
        lines = load_text(path / name, max_bytes=max_bytes).splitlines()
        once = {line.strip(): number for number, line in enumerate(lines, 1) if line.strip()}
        for line, number in once.items():  # a second run appends the same lines
            places.append(f"line {number} of {name}")
            frames.append(frame_number(name) or 0)
            written.append(_numbers(path, places[-1], line))
    if not written:
        return [], []
    way = layout_of(path, places, written, joints)
    found = [
        (frame, place, int(numbers[0]), _joints(way, numbers), way.rest(numbers))
        for frame, place, numbers in zip(frames, places, written, strict=True)
    ]
    sure = ": all confidences are 1" if way.size == 2 else ""
    said = f"{path}: read as {way}{sure}" if joints is None or sure else ""
    return _tracked(found), [said] if said else []


def counts_from_one(path: Path) -> bool:
    """Whether the names are a video's, `NAME_1.txt`: those of images may start with 0 or zeros."""
    names = [each for each in os.listdir(path) if each.lower().endswith(".txt")]
    found = [re.search(r"_(\d+)\.txt$", name, re.IGNORECASE) for name in names if name[0] != "."]
    return all(each is None or each[1][0] != "0" for each in found) and any(found)


def _check_one_video(path: Path, names: list[str]) -> None:
    videos = list(
        dict.fromkeys(re.sub(r"\d+\.txt$", "", name, flags=re.IGNORECASE) for name in names)
    )
    if len(videos) > 1:
        named = ", ".join(f"{video}*" for video in videos[:4])
        raise data_error(
            f"{path}: files of {len(videos)} videos, {named}",
            "a folder holds the frames of one camera",
            "give each camera a folder: yolo predict name=CAMERA",
        )


def _numbers(path: Path, place: str, line: str) -> np.ndarray:
    try:
        numbers = np.array([float(word) for word in line.split()])
        int(numbers[0])
    except (ValueError, OverflowError) as error:
        raise data_error(f"{path}: {place}: {error}", "wanted numbers", "check it") from error
    return numbers


def _joints(way: Layout, numbers: np.ndarray) -> np.ndarray:
    """(J, 3) x, y, visibility: 1 of joints that have none and a place."""
    row = numbers[BOX : BOX + way.joints * way.size].reshape(way.joints, way.size)
    return row if way.size == 3 else np.column_stack([row, (row != 0).any(-1)])


def _tracked(found: list[tuple[int, str, int, np.ndarray, list[float]]]) -> list[Found]:
    """The numbers that follow as the track's name: the last of two, or a single whole one."""
    single = [rest[0] for *_, rest in found if len(rest) == 1]
    numbered = any(value > 1 for value in single)
    tracked = []
    for frame, place, kind, row, rest in found:
        track = str(int(rest[-1])) if len(rest) == 2 or (rest and numbered) else None
        tracked.append((frame, place, kind, row, track))
    return tracked
