"""OpenPifPaf's JSON: a folder with a list of people an image, or a file with a line a frame.

`openpifpaf.predict --json-output` writes IMAGE.predictions.json, also of an image without people;
`openpifpaf.video --json-output` a line {"frame": 1, "predictions": [...]} for every frame, counted
from 1. A person has flat keypoints x, y, c, and id_ where a decoder tracks, from 1. x and y are
counted from the centre of the first pixel, of the image as it was before --long-edge; in a video
of what --scale, --crop, --rotate and --horizontal-flip left. A joint that was not found has c 0 and
any x, y. Joints have no names. (src/openpifpaf/annotation.py, predict.py, video.py, stream.py.)
"""

import dataclasses
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from geoself_jax.core.errors import GeoselfError, data_error, joined
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.files import load_json, load_json_lines
from geoself_jax.data.skeletons import COCO_17
from geoself_jax.prepare.detections.frame_files import frame_files, numbers_of
from geoself_jax.prepare.detections.rows import (
    LAST_FRAME,
    body_of,
    flat_keypoints,
    instances_of,
    is_nobody,
    nobody,
    same_joints,
    whole_number,
)
from geoself_jax.prepare.first_bytes import head
from geoself_jax.prepare.instances import Instances

ENDING = ".predictions.json"
"""Of the name of an image's file, after the image's."""
FILLED = 0.01
"""Confidence of a joint that the option force-complete-pose copies from its neighbour: 1e-5, of
which annotation.py makes 0.01. Others have at least 0.15 by default."""
HEAD_LENGTH = 0.3
"""A head is longer than this share of the torso's length or the shoulders' width; the eyes of a
person are a sixth of these apart."""

_LINE = re.compile(r'^\s*\{\s*"frame"\s*:\s*\d+\s*,\s*"predictions"\s*:\s*\[')
_LIST = re.compile(r"^\s*\[\s*(\]|\{|$)")
_MOST = 8  # broken files that are named
_EARS, _SHOULDERS, _HIPS = [3, 4], [5, 6], [11, 12]  # of COCO's 17 and of PoseTrack's


class _Frame(NamedTuple):
    """Number in the file, place for messages, and the list that is to hold the people."""

    number: int
    place: str
    people: Any


def recognize(path: Path) -> str | None:
    """Why the folder or file is one of these, or None."""
    if path.is_dir():
        found = _LIST.match(head(path / name)) if (name := _one_name(path)) else None
        return f"a folder of IMAGE{ENDING}" if found else None
    if path.suffix.lower() in (".json", ".jsonl") and _LINE.match(head(path)):
        return "a JSON of predictions a line, one per frame"
    return None


def read(path: Path, *, skeleton: Skeleton | None = None, max_bytes: int = 1 << 32) -> Instances:
    """The people in every frame.

    Args:
        path: The folder or file.
        skeleton: Of the joints; None for the usual one with as many.
        max_bytes: Refuse files that are larger.

    Raises:
        GeoselfError: Not such files; nobody in any; joints of PoseTrack's order (65).
    """
    source, whole = str(path), path.is_dir()
    numbers, frame, rows, tracks, places = [], [], [], [], []
    boxes = 0
    for number, place, people in (_of_images if whole else _of_lines)(path, max_bytes):
        numbers.append(number)
        for person, found in enumerate(_listed(path, place, people)):
            if "keypoints" not in found and "bbox" in found:
                boxes += 1
            elif not is_nobody(found):
                places.append(f"person {person} of {place}")
                rows.append(flat_keypoints(source, places[-1], found.get("keypoints")))
                frame.append(number)
                tracks.append(_track(path, places[-1], found))
    if not rows:
        raise _only_boxes(path, boxes) if boxes else nobody(source)
    same_joints(source, rows, places)
    values, kept, notes = body_of(source, np.array(rows), skeleton)
    if skeleton is None and kept is COCO_17:
        _check_order(path, values)
    values, filled = _without_filled(source, values)
    left = [f"{source}: {boxes} boxes without keypoints are left out"] if boxes else []
    base = 0 if whole else min(1, *numbers)
    read = instances_of(
        source,
        np.array(frame) - base,
        values,
        tracks if any(track is not None for track in tracks) else None,
        max(numbers) - base + 1,
        kept,
        [*notes, *filled, *left],
        assumed=skeleton is None,
    )
    return dataclasses.replace(read, first=min(numbers) - base, counted_from=base)


def _one_name(path: Path) -> str | None:
    """An image's file that is not empty, whichever comes first."""
    try:
        with os.scandir(path) as entries:
            found = (e for e in entries if e.name.lower().endswith(ENDING) and e.name[0] != ".")
            return next((e.name for e in found if e.is_file() and e.stat().st_size), None)
    except OSError:
        return None


def _of_images(path: Path, max_bytes: int) -> Iterator[_Frame]:
    """The files of a folder; broken ones are named together (65)."""
    names = frame_files(path, ENDING)
    numbers = numbers_of(path, names, ENDING, f"video_000012.jpg{ENDING}")
    errors: list[GeoselfError] = []
    for number, name in zip(numbers, names, strict=True):
        try:
            yield _Frame(number, name, load_json(path / name, max_bytes=max_bytes))
        except GeoselfError as error:
            errors.append(error)
            if len(errors) == _MOST:
                break
    if errors:
        raise joined(errors)


def _of_lines(path: Path, max_bytes: int) -> Iterator[_Frame]:
    """The lines of a video's file, each of another frame."""
    lines: dict[int, int] = {}
    for line, content in load_json_lines(path, max_bytes=max_bytes):
        given = content.get("frame") if isinstance(content, dict) else None
        number = whole_number(given)
        if number is None or number > LAST_FRAME:
            raise data_error(
                f"{path}, line {line}: frame {str(given)[:40]!r}",
                f"wanted a number of 1 to {LAST_FRAME}",
                "fix it, or run openpifpaf.video again",
            )
        if number in lines:
            raise data_error(
                f"{path}: frame {number} is in line {lines[number]} and in line {line}",
                "a file holds the frames of one video",
                "write a file for each video",
            )
        lines[number] = line
        yield _Frame(number, f"line {line}", content.get("predictions"))


def _listed(path: Path, place: str, people: Any) -> Sequence[dict[str, Any]]:
    if not isinstance(people, list) or not all(isinstance(found, dict) for found in people):
        raise data_error(f"{path}: no list of people in {place}", "OpenPifPaf writes one", "fix it")
    return people


def _track(path: Path, place: str, found: dict[str, Any]) -> str | None:
    given = found.get("id_")
    number = whole_number(given)
    if given is not None and number is None:
        raise data_error(
            f"{path}: id_ {str(given)[:40]!r} of {place}", "wanted a track's number", "fix it"
        )
    return None if number is None else str(number)


def _only_boxes(path: Path, boxes: int) -> GeoselfError:
    return data_error(
        f"{path}: {boxes} boxes, and nobody with keypoints",
        "a checkpoint such as resnet18-cocodet finds boxes alone",
        "run OpenPifPaf with one of keypoints, as shufflenetv2k30",
    )


def _without_filled(source: str, values: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Joints of a neighbour's place as missing."""
    filled = (values[..., 2] > 0) & (values[..., 2] <= FILLED)
    if not filled.any():
        return values, []
    note = (
        f"{source}: {filled.sum()} joints with a confidence of at most {FILLED:g} are read as "
        "missing: the option force-complete-pose writes them where their neighbour is"
    )
    return np.where(filled[..., None], 0, values), [note]


def _check_order(path: Path, values: np.ndarray) -> None:
    """Refuses PoseTrack's 17 joints where COCO's are meant.

    They are as COCO's from the shoulders on; joints 1 and 2 are the head's bottom and top, and ears
    are never found (src/openpifpaf/plugins/posetrack/constants.py, decoder/tracking_pose.py).
    """
    place = np.where(values[..., 2:] > 0, values[..., :2], np.nan)
    if np.isfinite(place[:, _EARS]).any():
        return
    apart, wide = (
        np.linalg.norm(place[:, a] - place[:, b], axis=-1) for a, b in ((1, 2), _SHOULDERS)
    )
    long = np.linalg.norm(place[:, _SHOULDERS].mean(1) - place[:, _HIPS].mean(1), axis=-1)
    share = apart / np.fmax(np.fmax(wide, long), 1e-6)
    if np.isfinite(share).any() and np.nanmedian(share) > HEAD_LENGTH:
        raise data_error(
            f"{path}: joints 1 and 2 are {np.nanmedian(apart):.0f} px apart, and no ear is seen",
            "so they are the head's bottom and top, as PoseTrack has them (tshufflenetv2k30), and "
            "not COCO's eyes",
            "describe the joints: --skeleton=FILE.toml; --skeleton=coco_17 if they are eyes",
        )
