"""What the readers of detections share: rows of people, checked and in order of their frames."""

import csv
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from geoself_jax.core.errors import GeoselfError, data_error
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.find_skeleton import name_of
from geoself_jax.data.find_skeleton import same_joints as same_names
from geoself_jax.data.skeletons import BODY_25, COCO_17, COCO_18, COCO_23, HALPE_26, MEDIAPIPE_33
from geoself_jax.prepare.detections.half_given import half_given
from geoself_jax.prepare.detections.named_joints import UnknownJoints
from geoself_jax.prepare.detections.score_scale import without_negative, without_unscored
from geoself_jax.prepare.instances import Instances

_NO_NUMBER = {"", "nan", "na", "n/a", "#n/a", "null", "none"}
FAR_PX = 1e6
"""No image is as large: a joint farther out is not in pixels."""
LAST_FRAME = 2**31 - 1
FRACTION = 2.0
"""Up to here nine joints of ten are fractions of the image: some may lie outside of it."""
BY_COUNT = {17: COCO_17, 18: COCO_18, 25: BODY_25, 26: HALPE_26, 33: MEDIAPIPE_33}
"""The usual skeleton of a detector that does not name its joints, by their number."""
WHOLE = {133: ("COCO-WholeBody", COCO_23), 136: ("Halpe-136", HALPE_26)}
"""Skeletons with hands and a face, by their number of joints, and the body that comes first."""


def skeleton_of(source: str, joints: int, given: Skeleton | None) -> Skeleton:
    """The skeleton of `joints` joints: the given one, else the usual one.

    Raises:
        GeoselfError: It has another number of joints, or there is no usual one (65).
    """
    skeleton = given or BY_COUNT.get(joints)
    if skeleton is None:
        names = [f"joint{number}" for number in range(joints)]
        what, why = f"{joints} joints a body", "no known detector's skeleton has as many"
        raise UnknownJoints(source, names, what, why)
    if skeleton.joints != joints:
        raise data_error(
            f"{source}: {joints} joints a body",
            f"--skeleton has {skeleton.joints}",
            "name the right one: --skeleton=NAME",
        )
    return skeleton


def body_of(
    source: str, values: np.ndarray, given: Skeleton | None
) -> tuple[np.ndarray, Skeleton, list[str]]:
    """The joints to take, their skeleton, and what was left out: of a whole body only the body.

    Args:
        source: For messages.
        values: (N, J, 3).
        given: As of `skeleton_of`; of the first joints, or of all.

    Raises:
        GeoselfError: As `skeleton_of` (65).
    """
    joints = values.shape[1]
    whole, body = WHOLE.get(joints, ("", None))
    if body is None or (given is not None and given.joints == joints):
        return values, skeleton_of(source, joints, given), []
    if given is not None and same_names(given.joint_names, body.joint_names[: given.joints]):
        body = given
    elif given is not None:
        skeleton_of(source, joints, given)
    note = f"{source}: of {whole}'s {joints} joints the first {body.joints} are taken, the body's"
    return values[:, : body.joints], body, [note]


def csv_lines(path: Path, text: str) -> list[list[str]]:
    """The cells of every line.

    Raises:
        GeoselfError: Not a csv (65).
    """
    try:
        return list(csv.reader(text.splitlines()))
    except csv.Error as error:
        raise data_error(f"{path}: not a csv ({error})", "", "check the file") from error


def cell_number(cell: str) -> float:
    """The number in a csv's cell; NaN where it is empty or says so.

    Raises:
        ValueError: Some other text.
    """
    if re.fullmatch(r"\s*-?\d+,\d+\s*", cell):
        raise ValueError(f"{cell} has a decimal comma: write a point")
    return np.nan if cell.strip().lower() in _NO_NUMBER else float(cell)


def frame_number(name: str) -> int | None:
    """The last group of digits in an image name, before the extension."""
    digits = re.findall(r"\d+", re.sub(r"\.[a-zA-Z]\w*$", "", name))
    return int(digits[-1]) if digits and len(digits[-1]) <= 15 else None


def flat_keypoints(source: str, where: str, values: Any) -> np.ndarray:
    """(J, 3) x, y, score from a flat list, or from a list of three numbers a joint.

    Raises:
        GeoselfError: Neither (65).
    """
    try:
        flat = np.array(values, np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise not_keypoints(source, where, "something else") from error
    if flat.ndim == 2 and flat.size and flat.shape[1] == 3:
        return flat
    if flat.ndim != 1 or not flat.size or flat.size % 3:
        raise not_keypoints(source, where, f"an array of shape {flat.shape}")
    return flat.reshape(-1, 3)


def is_nobody(found: dict[str, Any], key: str = "keypoints") -> bool:
    """Whether an entry has a place for keypoints with none in it, as programs write nobody."""
    return key in found and (found[key] is None or found[key] == [])


def whole_number(value: Any) -> int | None:
    """The number that a file may hold as 12, 12.0 or "12"; None if it is none of at least 0."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 15:
        return int(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        value = int(value)
    whole = isinstance(value, int) and not isinstance(value, bool)
    return value if whole and value >= 0 else None


def not_keypoints(source: str, where: str, found: str) -> GeoselfError:
    """The error for keypoints that are none."""
    return data_error(
        f"{source}: the keypoints of {where} are {found}",
        "wanted x, y, score of every joint",
        "write the file again",
    )


def nobody(source: str) -> GeoselfError:
    """The error for a file in which nobody was found."""
    return data_error(f"{source}: nobody in any frame", "", "check the detector's output")


def instances_of(
    source: str,
    frame: Sequence[int] | np.ndarray,
    rows: Sequence[np.ndarray] | np.ndarray,
    tracks: Sequence[str | None] | None,
    frames: int,
    skeleton: Skeleton,
    notes: Sequence[str] = (),
    *,
    assumed: bool = False,
) -> Instances:
    """People in order of their frames.

    Args:
        source: For messages.
        frame: (N,) of each person.
        rows: (N, J, 3) x, y, score; a joint with score 0 or without a place is missing, and who
            has no joint is left out.
        tracks: Name of each person's track, None where there is none; None where nobody has one.
        frames: Number of frames of the video, if beyond the last person's.
        skeleton: Of the joints.
        notes: What was assumed or left out.
        assumed: The file names no joints: the skeleton is the usual one of as many.

    Raises:
        GeoselfError: No person at all; an invalid score (65).
    """
    if not len(frame):
        raise nobody(source)
    last = max(int(max(frame)), frames - 1)
    if last > LAST_FRAME:
        raise data_error(
            f"{source}: frame number {last}",
            f"wanted 0 to {LAST_FRAME}",
            "renumber the frames",
        )
    values = np.asarray(rows, np.float64)
    notes = [*notes, *half_given(source, skeleton.joint_names, values)]
    values, notes = _with_scores(source, values, notes)
    order = np.argsort(np.asarray(frame, np.int64), kind="stable")
    seen = (np.isfinite(values[..., :2]).all(-1) & (values[..., 2] != 0)).any(-1)
    order = order[seen[order]]
    if not order.size:
        raise nobody(source)
    number, values = np.asarray(frame, np.int64)[order], values[order]
    placed = np.isfinite(values[..., :2]).all(-1)
    score = np.where(placed, values[..., 2], 0)
    _check_values(source, number, values, score, skeleton)
    names, index = _tracks(tracks, order)
    _check_once(source, number, index, names)
    return Instances(
        source=source,
        frame=number,
        keypoints_2d=np.where((score > 0)[..., None], values[..., :2], np.nan).astype(np.float32),
        confidence=score.astype(np.float32),
        track=index,
        track_names=names,
        frames=last + 1,
        skeleton=skeleton,
        assumed=name_of(skeleton) if assumed else "",
        notes=tuple(notes),
    )


def _with_scores(
    source: str, rows: np.ndarray, notes: Sequence[str]
) -> tuple[np.ndarray, list[str]]:
    """Rows whose joints in the corner, below 0 or without a score are missing; and what was so."""
    values, said = without_corner(source, rows, notes)
    values, below = without_negative(values)
    if below:
        said.append(f"{source}: {below} scores a little below 0 are read as 0: missing joints")
    values, unscored = without_unscored(values)
    if unscored:
        said.append(f"{source}: {unscored} joints without a score are read as missing")
    return values, said


def are_fractions(found: Instances) -> bool:
    """Whether joints are fractions of the image's width and height, and not pixels."""
    return bool(np.quantile(np.abs(found.keypoints_2d[found.confidence > 0]), 0.9) <= FRACTION)


def without_corner(
    source: str, values: np.ndarray, notes: Sequence[str]
) -> tuple[np.ndarray, list[str]]:
    """Joints at exactly 0, 0 as missing, whatever their score: Ultralytics writes unsure ones so.

    Args:
        source: For messages.
        values: (N, J, 3) x, y, score.
        notes: What was assumed before.
    """
    corner = (values[..., :2] == 0).all(-1) & (values[..., 2] > 0)
    if not corner.any():
        return values, list(notes)
    note = f"{source}: {corner.sum()} joints at exactly 0, 0 are read as missing"
    return np.where(corner[..., None], 0, values), [*notes, note]


def _check_values(
    source: str, number: np.ndarray, values: np.ndarray, score: np.ndarray, skeleton: Skeleton
) -> None:
    bad = ~((score >= 0) & (score <= FAR_PX))
    far = (score > 0) & ~(np.abs(values[..., :2]) <= FAR_PX).all(-1)
    for fault in (bad, far):
        if not fault.any():
            continue
        at, joint = (int(i) for i in np.argwhere(fault)[0])
        where = f"at frame {number[at]}, joint {skeleton.joint_names[joint]}"
        x, y, found = values[at, joint]
        what = f"score {found:g} {where}" if fault is bad else f"x {x:g}, y {y:g} {where}"
        wanted = "a number of at least 0" if fault is bad else "pixels"
        do = "check the detector's output"
        if fault is bad and found < 0:
            do = "write 0 where a joint is missing, and logits as probabilities, 1 / (1 + exp(-x))"
        raise data_error(f"{source}: {what}", f"wanted {wanted}", do)


def _check_once(source: str, number: np.ndarray, index: np.ndarray, names: Sequence[str]) -> None:
    """A track has one person a frame."""
    pairs = np.stack([index, number], -1)[index >= 0]
    found, count = np.unique(pairs, axis=0, return_counts=True)
    if (count > 1).any():
        track, frame = found[count > 1][0]
        raise data_error(
            f"{source}: track {names[track]} is in frame {frame} twice",
            "wanted a track once in a frame",
            "write the file again, or without tracks",
        )


def _tracks(
    tracks: Sequence[str | None] | None, order: np.ndarray
) -> tuple[tuple[str, ...], np.ndarray]:
    if tracks is None:
        return (), np.full(len(order), -1)
    kept = (tracks[i] for i in np.sort(order))
    names = tuple(dict.fromkeys(name for name in kept if name is not None))
    place: dict[str | None, int] = {name: number for number, name in enumerate(names)}
    return names, np.array([place.get(tracks[i], -1) for i in order])


def same_joints(source: str, rows: Sequence[np.ndarray], where: Sequence[str]) -> int:
    """Number of joints of all rows.

    Raises:
        GeoselfError: Some row has another number than the first (65).
    """
    first = len(rows[0])
    for row, place in zip(rows, where, strict=True):
        if len(row) != first:
            raise data_error(
                f"{source}: {place} has {len(row)} joints",
                f"{where[0]} has {first}",
                "write the file again with one model",
            )
    return first
