"""AIST++: dancers seen by nine cameras at 60 frames per second, COCO-17 detections with scores.

Source of the layout: aist_plusplus/loader.py and processing/ of google/aistplusplus_api.
"""

import collections
import dataclasses
import os
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from geoself_jax.core.errors import data_error, missing_error
from geoself_jax.data import files as safe_load
from geoself_jax.data.rig import Rig
from geoself_jax.data.skeletons import COCO_17
from geoself_jax.prepare.calibrations import aist as calibration
from geoself_jax.prepare.clip import Clip, Reading, ReadOptions
from geoself_jax.prepare.datasets.choices import chosen, chosen_truth
from geoself_jax.prepare.datasets.shapes import array_of
from geoself_jax.prepare.left_out import frames_left_out

FPS = 60.0
TRUTHS = ("keypoints3d_optim", "keypoints3d")
GENRES = {
    "gBR": "break",
    "gPO": "pop",
    "gLO": "lock",
    "gMH": "middle hip-hop",
    "gLH": "LA-style hip-hop",
    "gHO": "house",
    "gWA": "waack",
    "gKR": "krump",
    "gJS": "street jazz",
    "gJB": "ballet jazz",
}
"""The database's codes of genres (aistdancedb.ongaaccel.jp)."""
BROKEN = {
    "gBR_sBM_cAll_d04_mBR0_ch01": (4, "is not synchronized"),
    "gJB_sBM_cAll_d07_mJB3_ch05": (6, "has images of 640x480"),
}
"""Sequence, view from 0 and why its own authors leave it out (run_estimate_camera.py)."""
OVER = 0.05
"""By so much a score may exceed 1: rounding of a heatmap's peak."""

_VIEWS = 9
_METRES = 0.01
# Duration of a frame in each unit of timestamps: frame numbers, s, ms, us, ns.
_TICKS = (1.0, 1 / FPS, 1e3 / FPS, 1e6 / FPS, 1e9 / FPS)


class _Place(NamedTuple):
    """One sequence: its name and files."""

    name: str
    detections: Path
    cameras: Path
    truth: Path | None


def recognize(path: Path) -> str | None:
    """Why the folder looks like AIST++, or None."""
    root = _root(path)
    return None if root is None else "keypoints2d and cameras/mapping.txt in it"


def read(paths: Sequence[Path], options: ReadOptions) -> Reading:
    """Reads sequences, one clip each: the action is the genre, the subject the dancer (`d04`).

    Sequences of ignore_list.txt are left out, views that are broken have no detections. Ground
    truth, triangulated by the authors from these detections, is in centimetres in a world with y
    up; it serves to compare with, not as a measurement of its own.

    Args:
        paths: Folders with keypoints2d, cameras and, for ground truth, keypoints3d.
        options: `truth` is `keypoints3d_optim` (default), `keypoints3d` or `none`.

    Raises:
        GeoselfError: No such folder or camera file (66); another layout, arrays that contradict
            each other (65); unknown names asked for (64).
    """
    truth = chosen_truth(options.truth, TRUTHS, "AIST++")
    places = [place for path in paths for place in _places(path, truth is not None, options)]
    names = [place.name for place in places]
    subjects = chosen("subject", options.subjects, map(_dancer, names), "AIST++")
    actions = chosen("action", options.actions, map(_genre, names), "AIST++")
    wanted = [p for p in places if _dancer(p.name) in subjects and _genre(p.name) in actions]
    if not wanted:
        raise data_error("AIST++: no sequence", "none matches the selection", "choose others")
    lacking = sum(place.truth is None for place in wanted)
    if truth is not None:
        without = f"; {lacking} of {len(wanted)} sequences have none" if lacking else ""
        options.notice(f"ground truth: {truth}, the authors' triangulation of 2D{without}")
    return Reading(len(wanted), _clips(wanted, truth, options))


def _root(path: Path) -> Path | None:
    """The folder itself or one in it."""
    if not path.is_dir():
        return None
    candidates = [path, *sorted(p for p in path.iterdir() if p.is_dir())]
    here = (p for p in candidates if (p / "cameras" / "mapping.txt").is_file())
    return next((p for p in here if (p / "keypoints2d").is_dir()), None)


def _places(path: Path, with_truth: bool, options: ReadOptions) -> list[_Place]:
    """All sequences of a folder but the ignored ones."""
    root = _root(path)
    if root is None:
        raise missing_error(
            f"{path}: no keypoints2d folder next to cameras/mapping.txt",
            "wanted the folder that AIST++'s annotations were unpacked into",
            "give that folder",
        )
    mapping, ignored = _mapping(root / "cameras" / "mapping.txt"), _ignored(root)
    files = sorted((root / "keypoints2d").glob("*.pkl"))
    if not files:
        raise missing_error(f"{root / 'keypoints2d'}: no .pkl file", "", "unpack keypoints2d")
    left_out = [file.stem for file in files if file.stem in ignored]
    if left_out:
        options.notice(f"left out {len(left_out)} sequences that ignore_list.txt names")
    return [_place(root, file, mapping, with_truth) for file in files if file.stem not in left_out]


def _place(root: Path, file: Path, mapping: dict[str, str], with_truth: bool) -> _Place:
    if file.stem not in mapping:
        raise data_error(
            f"{file}: sequence {file.stem}",
            f"{root / 'cameras' / 'mapping.txt'} does not name its cameras",
            f"add the line `{file.stem} SETTING`, or take the file away",
        )
    cameras = root / "cameras" / f"{mapping[file.stem]}.json"
    if not cameras.is_file():
        raise missing_error(
            f"{cameras}: no such file", f"the cameras of {file.stem}", "unpack cameras"
        )
    truth = root / "keypoints3d" / file.name
    return _Place(file.stem, file, cameras, truth if with_truth and truth.is_file() else None)


def _mapping(path: Path) -> dict[str, str]:
    """Setting of the cameras by sequence."""
    mapping = {}
    for number, line in enumerate(safe_load.load_text(path).split("\n"), 1):
        words = line.split()
        if not words:
            continue
        if len(words) != 2 or not re.fullmatch(r"[\w-]+", words[1]):
            raise data_error(
                f"{path}, line {number}: {line[:60]!r}",
                "wanted a sequence and its setting, `gBR_sBM_cAll_d04_mBR0_ch01 setting1`",
                "take the file as it was published",
            )
        mapping[words[0]] = words[1]
    return mapping


def _ignored(root: Path) -> set[str]:
    path = root / "ignore_list.txt"
    return set(safe_load.load_text(path).split()) if path.is_file() else set()


def _dancer(name: str) -> str:
    """`d04`, or several joined."""
    return "_".join(re.findall(r"(?<=_)d\d+(?=_|$)", name)) or name


def _genre(name: str) -> str:
    code = name.split("_")[0]
    return GENRES.get(code, code)


def _clips(places: Sequence[_Place], truth: str | None, options: ReadOptions) -> Iterator[Clip]:
    """Each file takes a process of its own: some are read ahead while others are waited for."""
    rigs: dict[Path, Rig] = {}
    ahead: collections.deque[Future[Clip]] = collections.deque()
    workers = os.cpu_count() or 1
    with ThreadPoolExecutor(workers) as pool:
        for place in places:
            if place.cameras not in rigs:
                rigs[place.cameras] = _rig(place.cameras, options)
            ahead.append(pool.submit(_clip, place, rigs[place.cameras], truth, options))
            if len(ahead) > 2 * workers:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()


def _rig(path: Path, options: ReadOptions) -> Rig:
    """The nine cameras of a setting, c01 to c09 in this order."""
    rig = calibration.read(path, notice=options.notice)
    wanted = tuple(f"c{view + 1:02d}" for view in range(_VIEWS))
    if rig.camera_names != wanted:
        raise data_error(
            f"{path}: cameras {', '.join(rig.camera_names)}",
            "wanted c01 to c09, the order of the views of keypoints2d",
            "take the file as it was published",
        )
    return dataclasses.replace(rig, name=f"aist_{path.stem}")


def _clip(place: _Place, rig: Rig, truth: str | None, options: ReadOptions) -> Clip:
    content = _content(place.detections, options)
    seen = array_of(
        content.get("keypoints2d"),
        (_VIEWS, None, COCO_17.joints, 3),
        f"{place.detections}: keypoints2d",
    )
    frame = _frames(place.detections, content.get("timestamps"), seen.shape[1])
    keypoints_2d, confidence = _detections(place, rig, seen, options)
    pose = None
    if truth is not None and place.truth is not None:
        pose = _pose(place.truth, truth, len(frame), options)
    would = np.flatnonzero(frame % options.every == 0)
    somebody = np.asarray((confidence[would] > 0).any((1, 2)))
    taken = would[somebody]
    if not somebody.all():
        options.notice(frames_left_out(place.name, frame[would], somebody))
    views = [
        rig.camera_names.index(c)
        for c in chosen("camera", options.cameras, rig.camera_names, str(place.cameras))
    ]
    return Clip(
        name=place.name,
        action=_genre(place.name),
        subject=_dancer(place.name),
        rig=rig.select([rig.camera_names[view] for view in views]),
        skeleton=COCO_17,
        fps=FPS / options.every,
        keypoints_2d=keypoints_2d[taken][:, views],
        confidence=confidence[taken][:, views],
        frame_id=(frame[taken] // options.every).astype(np.int32),
        pose_world=None if pose is None else pose[taken],
    )


def _content(path: Path, options: ReadOptions) -> dict[str, Any]:
    content = safe_load.load_pickle(path, max_bytes=options.max_bytes)
    if not isinstance(content, dict):
        raise data_error(
            f"{path}: a {type(content).__name__}",
            "wanted a mapping of keypoints2d, det_scores and timestamps, or of keypoints3d",
            "take the file as it was published",
        )
    return content


def _frames(path: Path, timestamps: Any, count: int) -> np.ndarray:
    """(T,) number of each frame from 0; the union over cameras may have gaps."""
    if timestamps is None:
        return np.arange(count)
    times = array_of(timestamps, (count,), f"{path}: timestamps").astype(np.float64)
    steps = np.diff(times)
    bad = np.flatnonzero(~(steps > 0))
    if bad.size:
        raise data_error(
            f"{path}: timestamp {times[bad[0] + 1]:g} of frame {bad[0] + 1} comes after "
            f"{times[bad[0]]:g}",
            "wanted ascending times",
            "take the file as it was published",
        )
    if not steps.size:
        return np.arange(count)
    usual = np.median(steps)
    tick = next((tick for tick in _TICKS if 0.8 < usual / tick < 1.2), None)
    if tick is None:
        raise data_error(
            f"{path}: timestamps are {usual:g} apart",
            f"wanted {FPS:g} a second, in ns, us, ms, s or frame numbers",
            "take the file as it was published",
        )
    return np.concatenate([[0], np.cumsum(np.maximum(1, np.round(steps / tick)))]).astype(int)


def _detections(
    place: _Place, rig: Rig, seen: np.ndarray, options: ReadOptions
) -> tuple[np.ndarray, np.ndarray]:
    """Pixels (T, V, J, 2) and confidences (T, V, J); NaN and 0 where missing or broken."""
    keypoints_2d = seen[..., :2].swapaxes(0, 1).astype(np.float32)
    confidence = seen[..., 2].swapaxes(0, 1).astype(np.float32)
    missing = ~np.isfinite(keypoints_2d).all(-1) | ~np.isfinite(confidence)
    outside = ~missing & ((confidence < 0) | (confidence > 1 + OVER))
    if outside.any():
        at, view, joint = (int(i) for i in np.argwhere(outside)[0])
        raise data_error(
            f"{place.detections}: score {confidence[at, view, joint]:g} at frame {at}, camera "
            f"{rig.camera_names[view]}, joint {COCO_17.joint_names[joint]}",
            "wanted a number in [0, 1]",
            "take the file as it was published",
        )
    if place.name in BROKEN:
        view, why = BROKEN[place.name]
        missing[:, view] = True
        options.notice(f"{place.name}: camera {rig.camera_names[view]} {why}; left out")
    missing |= confidence == 0
    keypoints_2d[missing] = np.nan
    return keypoints_2d, np.where(missing, np.float32(0), np.minimum(confidence, 1))


def _pose(path: Path, truth: str, frames: int, options: ReadOptions) -> np.ndarray:
    """(T, 17, 3) float32 metres; NaN where the authors found none."""
    where = f"{path}: {truth}"
    pose = array_of(_content(path, options).get(truth), (None, COCO_17.joints, 3), where)
    if len(pose) != frames:
        raise data_error(
            f"{where} has {len(pose)} frames",
            f"keypoints2d has {frames}",
            "take both files as they were published, or give --truth=none",
        )
    result: np.ndarray = (pose * _METRES).astype(np.float32)
    result[~np.isfinite(result).all(-1)] = np.nan
    return result
