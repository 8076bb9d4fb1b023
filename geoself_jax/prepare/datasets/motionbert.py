"""Human3.6M in MotionBERT's file: h36m_sh_conf_cam_source_final.pkl, with confidences.

Detections of a stacked hourglass network. The file has one row per image, all cameras one after
the other; `source` says whose: `s_01_act_02_cam_01` in the training split, where both takes of an
action follow each other, `s_09_act_02_subact_01_ca_01` in the test split. Its pixels are
distorted (images of 1000 x 1002 or 1000 x 1000), and no frame is left out: 50 per
second (`s_01_act_02` has 2995 rows a camera, the length of the two videos together).

Source of the layout: Walter0807/MotionBERT, lib/data/datareader_h36m.py.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from geoself_jax.core.errors import data_error, usage_error
from geoself_jax.data import files
from geoself_jax.data.skeletons import H36M_17
from geoself_jax.prepare.clip import Clip, Reading, ReadOptions
from geoself_jax.prepare.datasets.choices import chosen, chosen_truth
from geoself_jax.prepare.datasets.human36m_cameras import human36m_rig
from geoself_jax.prepare.datasets.human36m_names import ACTIONS, CAMERAS, FPS
from geoself_jax.prepare.datasets.shapes import array_of

CUT_PX = 40.0
"""A body all of whose views move further between two frames (9 m/s) is that of the next take."""
OUT_OF_STEP = 3
"""Frames by which the ends of the cameras of a take may differ."""
FEW = 0.01
"""Share of confidences outside [0, 1] from which they are not rounding of peaks."""
_SOURCE = re.compile(r"s_(\d{2})_act_(\d{2})(?:_subact_(\d{2}))?_cam?_(\d{2})")


class _Take(NamedTuple):
    subject: str
    action: str
    number: str | None
    rows: dict[str, np.ndarray]  # by camera
    split: "_Split"


class _Split(NamedTuple):
    where: str
    joint_2d: np.ndarray
    confidence: np.ndarray | None
    source: np.ndarray
    camera_name: np.ndarray


def recognize(path: Path) -> str | None:
    """Why the file looks like MotionBERT's, or None."""
    return f"its name, {path.name}" if re.fullmatch(r"h36m_\w*\.pkl", path.name) else None


def read(paths: Sequence[Path], options: ReadOptions) -> Reading:
    """Reads both splits: clips of the cameras of a take, rows matched by their order.

    `joint3d_image` is pixels and a scaled depth, not metres in the world: there is no ground truth.
    Where both takes of an action are one source, `frame_id` skips a number at the cut between them.

    Raises:
        GeoselfError: Missing (66); another layout, cameras of one take that end more than a few
            frames apart (65); unknown names asked for (64).
    """
    if len(paths) != 1:
        raise usage_error(f"{len(paths)} files", "MotionBERT's data are one file", "give one .pkl")
    file = paths[0]
    chosen_truth(options.truth, (), str(file))
    cameras = chosen("camera", options.cameras, CAMERAS, "Human3.6M")
    content = files.load_pickle(file, max_bytes=options.max_bytes)
    takes = [take for split in _splits(file, content, options) for take in _takes(split, options)]
    subjects = chosen("subject", options.subjects, (t.subject for t in takes), str(file))
    actions = chosen("action", options.actions, (t.action for t in takes), str(file))
    takes = [take for take in takes if take.subject in subjects and take.action in actions]
    if not takes:
        raise data_error(f"{file}: no take", "none matches the selection", "choose other actions")
    options.notice("joint3d_image of MotionBERT's file is not metric: no ground truth is read")
    return Reading(len(takes), _clips(takes, cameras, options))


def _splits(file: Path, content: Any, options: ReadOptions) -> Iterator[_Split]:
    """The training and test rows, checked."""
    names = [n for n in ("train", "test") if isinstance(content, dict) and n in content]
    if not names:
        raise data_error(
            f"{file}: neither train nor test in it",
            "wanted MotionBERT's two splits of Human3.6M",
            "give h36m_sh_conf_cam_source_final.pkl",
        )
    for name in names:
        where, split = f"{file}: {name}", content[name]
        if not isinstance(split, dict):
            raise data_error(where, "wanted its arrays by name", "take the file as published")
        joint_2d = split.get("joint_2d")
        coordinates = 3 if isinstance(joint_2d, np.ndarray) and joint_2d.shape[-1:] == (3,) else 2
        joint_2d = array_of(joint_2d, (None, 17, coordinates), f"{where}/joint_2d")
        rows = len(joint_2d)
        confidence = _confidence(split.get("confidence"), rows, where, options)
        source, camera_name = (
            _texts(split.get(key), rows, f"{where}/{key}") for key in ("source", "camera_name")
        )
        yield _Split(where, joint_2d, confidence, source, camera_name)


def _confidence(value: Any, rows: int, where: str, options: ReadOptions) -> np.ndarray | None:
    """Confidences (N, 17); peaks of a heat map, a few of which may leave [0, 1]."""
    if value is None:
        options.notice(f"{where}: no confidences, 1 for every joint")
        return None
    shape = (rows, 17) if getattr(value, "ndim", 3) == 2 else (rows, 17, 1)
    confidence = array_of(value, shape, f"{where}/confidence").reshape(rows, 17)
    outside = int(np.count_nonzero((confidence < 0) | (confidence > 1)))
    if 0 < outside < FEW * confidence.size:
        options.notice(f"{where}: {outside} confidences outside [0, 1] are cut off there")
        return np.clip(confidence, 0, 1)
    return confidence


def _texts(value: Any, rows: int, where: str) -> np.ndarray:
    """One text a row."""
    if isinstance(value, list | tuple) and all(isinstance(text, str) for text in value):
        value = np.array(value, dtype=str)
    if not isinstance(value, np.ndarray) or value.dtype.kind != "U" or value.shape != (rows,):
        texts = isinstance(value, np.ndarray) and value.dtype.kind == "U"
        raise data_error(
            f"{where}: " + (f"{value.size} texts" if texts else f"a {type(value).__name__}"),
            f"wanted {rows} texts, one for each row of joint_2d",
            "take the file as it was published",
        )
    return value


def _takes(split: _Split, options: ReadOptions) -> Iterator[_Take]:
    """The rows of each take by camera, in the order of the file."""
    rows: dict[tuple[str, str, str | None], dict[int, list[np.ndarray]]] = {}
    for start, stop in _runs(split.source):
        found = _SOURCE.fullmatch(str(split.source[start]))
        if not found or int(found[2]) not in ACTIONS or not 1 <= int(found[4]) <= len(CAMERAS):
            raise data_error(
                f"{split.where}/source: {str(split.source[start])!r} in row {start}",
                "wanted s_SUBJECT_act_ACTION_subact_TAKE_ca_CAMERA",
                "take the file as it was published",
            )
        take = (f"S{int(found[1])}", ACTIONS[int(found[2])], found[3])
        of_number = rows.setdefault(take, defaultdict(list))
        of_number[int(found[4])].append(np.arange(start, stop))
    mixed = []
    for (subject, action, number), of_number in rows.items():
        joined = {camera: np.concatenate(parts) for camera, parts in of_number.items()}
        where = f"{split.where}: {subject} {action} {number or ''}".rstrip()
        names = _names(where, joined, split)
        if names is None:
            mixed.append(where)
            names = {camera: CAMERAS[camera - 1] for camera in joined}
        by_name = {names[camera]: of_camera for camera, of_camera in joined.items()}
        yield _Take(subject, action, number, by_name, split)
    if mixed:
        options.notice(
            f"{mixed[0]} and {len(mixed) - 1} more takes: camera_name is mixed up within a source; "
            "the camera's number in source is taken"
        )


def _names(where: str, rows: dict[int, np.ndarray], split: _Split) -> dict[int, str] | None:
    """`camera_name` of each number in `source`; None where it changes within one.

    The name is what MotionBERT itself goes by, but in the test split it is said to be mixed up.
    """
    found = {number: np.unique(split.camera_name[of_camera]) for number, of_camera in rows.items()}
    if any(len(names) > 1 for names in found.values()):
        return None
    result = {number: str(names[0]) for number, names in found.items()}
    if len(set(result.values())) < len(result) or not set(result.values()) <= set(CAMERAS):
        raise data_error(
            f"{where}: camera_name {', '.join(result.values())}",
            f"wanted each of {', '.join(CAMERAS)} once",
            "take the file as it was published",
        )
    return result


def _runs(texts: np.ndarray) -> Iterator[tuple[int, int]]:
    """Bounds of the runs of equal texts."""
    changes = (np.flatnonzero(texts[1:] != texts[:-1]) + 1).tolist()
    starts = [0, *changes] if len(texts) else []
    return zip(starts, [*starts[1:], len(texts)], strict=False)


def _clips(takes: list[_Take], cameras: list[str], options: ReadOptions) -> Iterator[Clip]:
    rigs = {take.subject: human36m_rig(take.subject).select(cameras) for take in takes}
    for take in takes:
        frames = _frames(take, options)
        keypoints_2d, confidence = _views(take, cameras, frames)
        frame_id = np.arange(len(keypoints_2d[:: options.every]), dtype=np.int32)
        if take.number is None:
            frame_id += _takes_before(keypoints_2d)[:: options.every]
        yield Clip(
            name=_name(take),
            action=take.action,
            subject=take.subject,
            rig=rigs[take.subject],
            skeleton=H36M_17,
            fps=FPS / options.every,
            keypoints_2d=keypoints_2d[:: options.every],
            confidence=confidence[:: options.every],
            frame_id=frame_id,
        )


def _name(take: _Take) -> str:
    name = f"{take.subject}/{take.action}"
    return name if take.number is None else f"{name}-{int(take.number)}"


def _frames(take: _Take, options: ReadOptions) -> int:
    """Frames that all cameras of the take have."""
    lengths = {camera: len(rows) for camera, rows in take.rows.items()}
    shortest, longest = min(lengths.values()), max(lengths.values())
    if longest - shortest > OUT_OF_STEP:
        camera = min(lengths, key=lambda name: lengths[name])
        raise data_error(
            f"{take.split.where}: {_name(take)}, camera {camera}: {shortest} rows",
            f"another camera has {longest}: rows are matched by their order",
            "take the file as it was published, or leave the take out (--actions, --subjects)",
        )
    if longest > shortest:
        options.notice(f"{_name(take)}: cut to {shortest} frames; its longest view has {longest}")
    absent = [name for name in CAMERAS if name not in take.rows]
    if absent:
        options.notice(f"{_name(take)}: no detections of camera {', '.join(absent)}")
    return shortest


def _views(take: _Take, cameras: list[str], frames: int) -> tuple[np.ndarray, np.ndarray]:
    """Pixels (T, V, 17, 2) and confidences (T, V, 17)."""
    keypoints_2d = np.empty((frames, len(cameras), 17, 2), np.float32)
    confidence = np.ones((frames, len(cameras), 17), np.float32)
    for i, camera in enumerate(cameras):
        if camera not in take.rows:
            keypoints_2d[:, i] = np.nan
            continue
        rows = take.rows[camera][:frames]
        keypoints_2d[:, i] = take.split.joint_2d[rows, :, :2]
        if take.split.confidence is not None:
            confidence[:, i] = take.split.confidence[rows]
    missing = ~np.isfinite(keypoints_2d).all(-1)
    keypoints_2d[missing], confidence[missing] = np.nan, 0
    return keypoints_2d, confidence


def _takes_before(keypoints_2d: np.ndarray) -> np.ndarray:
    """How many takes have ended before each frame (T,): all views jump where one does."""
    moved = np.linalg.norm(np.diff(keypoints_2d, axis=0), axis=-1)  # (T - 1, V, J)
    moved = np.where(np.isfinite(moved), moved, np.inf)
    cuts = (np.median(moved, axis=-1) > CUT_PX).all(-1)
    return np.append(0, np.cumsum(cuts)).astype(np.int32)
