"""CMU Panoptic: people's 3D bodies in a dome, seen by HD cameras through the detector model.

The data set publishes no 2D: views are simulated from `hdPose3d_stage1_coco19`, a JSON file
per frame, `bodies` of `id` and `joints19` (x y z confidence, centimetres, y down).
"""

import dataclasses
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from geoself_jax.core.errors import data_error, missing_error, usage_error
from geoself_jax.core.skeleton import H36M_17
from geoself_jax.data import files as safe_load
from geoself_jax.data.joint_maps import joint_map
from geoself_jax.data.rig import Rig
from geoself_jax.data.skeletons import PANOPTIC_19
from geoself_jax.prepare.calibrations import panoptic as calibration
from geoself_jax.prepare.clip import Clip, Reading, ReadOptions
from geoself_jax.prepare.datasets.choices import chosen, chosen_truth
from geoself_jax.prepare.motion.views import simulate

FPS = 29.97
CAMERAS = 5
"""How many of the 31 are taken where none are asked for."""
TRUTHS = ("h36m_17", "joints19")
POSES = "hdPose3d_stage1_coco19"
LONGEST_GAP = 30  # frames, 1 s: a longer absence ends a clip
SHORTEST = 30

_METRES = 0.01
_VALUES = 4 * PANOPTIC_19.joints
_TO_17 = joint_map(PANOPTIC_19, H36M_17)


class _Sequence(NamedTuple):
    """One recording: its name, cameras and one file per frame."""

    name: str
    cameras: Path
    poses: list[Path]


def recognize(path: Path) -> str | None:
    """Why the folder looks like CMU Panoptic, or None."""
    return f"{POSES} and calibration_*.json in it" if _folders(path) else None


def read(paths: Sequence[Path], options: ReadOptions) -> Reading:
    """Reads sequences: a clip for each person and each time they are there for a second or more.

    The detector model knows Human3.6M's 17 joints, to which the 19 are mapped (neck for thorax,
    nose for neck, the eyes' middle for head). Instants with a joint missing or outside any image
    are left out. The reading's `total` counts sequences.

    Args:
        paths: Folders of sequences, or folders of such.
        options: `actions` are names of sequences, `subjects` people (`170407_haggling_a1/0`);
            `truth` is `h36m_17` (default), `joints19` or `none`; `cameras` of the HD cameras.

    Raises:
        GeoselfError: No sequence (66); another layout (65); unknown names asked for (64).
    """
    truth = chosen_truth(options.truth, TRUTHS, "CMU Panoptic")
    there = [_sequence(folder) for path in paths for folder in _folders(path)]
    if not there:
        raise missing_error(
            f"{', '.join(map(str, paths)) or 'CMU Panoptic'}: no {POSES}, or no calibration_*.json",
            "wanted the folder of a sequence",
            "download both, and unpack the tar file",
        )
    names = chosen("action", options.actions, [s.name for s in there], "CMU Panoptic")
    wanted = [s for s in there if s.name in names and _own(s, options) != []]
    _check_subjects(wanted, options)
    options.notice(
        "CMU Panoptic has no 2D detections: views are SIMULATED from its 3D bodies, with a "
        "model of a detector"
    )
    if truth is not None:
        options.notice(f"ground truth: {truth}, what the views are simulated from")
    clips = (clip for sequence in wanted for clip in _clips(sequence, truth, options))
    return Reading(len(wanted), clips)


def _folders(path: Path) -> list[Path]:
    """The folder itself, or those in it, that hold a sequence."""
    if not path.is_dir():
        return []
    for folders in ([path], sorted(p for p in path.iterdir() if p.is_dir())):
        found = [p for p in folders if (p / POSES).is_dir() and any(p.glob("calibration_*.json"))]
        if found:
            return found
    return []


def _sequence(folder: Path) -> _Sequence:
    files = sorted((folder / POSES).rglob("body3DScene_*.json"))
    if not files:
        raise missing_error(
            f"{folder / POSES}: no body3DScene_*.json",
            "unpacked it holds one file per frame",
            "unpack",
        )
    cameras = sorted(folder.glob("calibration_*.json"))
    own = [path for path in cameras if path.stem == f"calibration_{folder.name}"]
    if not own and len(cameras) > 1:
        raise data_error(
            f"{folder}: {len(cameras)} calibrations",
            "the one of this sequence is ambiguous",
            "keep that one only",
        )
    path = (own or cameras)[0]
    return _Sequence(path.stem.removeprefix("calibration_"), path, files)


def _clips(sequence: _Sequence, truth: str | None, options: ReadOptions) -> Iterator[Clip]:
    rig = _rig(sequence, options)
    people = _people(sequence)
    subjects = {f"{sequence.name}/{body}": body for body in sorted(people)}
    left_out = total = 0
    for subject in chosen("subject", _own(sequence, options), subjects, sequence.name):
        body = subjects[subject]
        frames, joints = people[body]
        total += len(frames)
        for number, part in enumerate(_stretches(frames)):
            clip = _clip(sequence, subject, number, rig, frames[part], joints[part], truth, options)
            left_out += part.stop - part.start - (len(clip.frame_id) if clip else 0)
            if clip is not None:
                yield _thinned(clip, options.every)
    if left_out:
        options.notice(
            f"{sequence.name}: {left_out} of {total} instants left out: a joint is missing or "
            "outside an image, or the person is there for under a second"
        )


def _check_subjects(sequences: Sequence[_Sequence], options: ReadOptions) -> None:
    for subject in options.subjects or ():
        if not any(subject.startswith(f"{sequence.name}/") for sequence in sequences):
            raise usage_error(
                f"--subjects: {subject!r}",
                "is of no sequence that is read; people go by SEQUENCE/NUMBER",
                "e.g. 170407_haggling_a1/0",
            )


def _own(sequence: _Sequence, options: ReadOptions) -> list[str] | None:
    """The people asked for that are of this sequence."""
    if options.subjects is None:
        return None
    return [s for s in options.subjects if s.startswith(f"{sequence.name}/")]


def _rig(sequence: _Sequence, options: ReadOptions) -> Rig:
    rig = calibration.read(sequence.cameras, notice=options.notice)
    if options.cameras is not None:
        names = chosen("camera", options.cameras, rig.camera_names, str(sequence.cameras))
        return rig.select(names)
    names = spread(rig, CAMERAS)
    options.notice(f"{sequence.name}: took cameras {', '.join(names)} of {rig.views}")
    return rig.select(names)


def spread(rig: Rig, count: int) -> list[str]:
    """Names of cameras at about equal angles round the rig, the first one's first."""
    if rig.views <= count:
        return list(rig.camera_names)
    assert rig.world_up is not None  # the format has one
    level = np.linalg.svd(rig.world_up[None])[2][1:]  # two axes across the vertical
    flat = (rig.center - rig.center.mean(0)) @ level.T
    angle = np.arctan2(flat[:, 1], flat[:, 0])
    taken = [0]
    for step in range(1, count):
        off = angle - angle[0] - 2 * np.pi * step / count
        distance = np.abs((off + np.pi) % (2 * np.pi) - np.pi)
        distance[taken] = np.inf
        taken.append(int(np.argmin(distance)))
    return [rig.camera_names[view] for view in taken]


def _people(sequence: _Sequence) -> dict[int, tuple[np.ndarray, np.ndarray]]:
    """Frames (T,) and joints (T, 19, 3), metres, NaN where missing, of each body."""
    found: dict[int, list[tuple[int, np.ndarray]]] = {}
    for frame, path in _numbered(sequence.poses):
        for body, joints in _bodies(path):
            found.setdefault(body, []).append((frame, joints))
    return {
        body: (np.array([f for f, _ in rows]), np.stack([joints for _, joints in rows]))
        for body, rows in found.items()
    }


def _numbered(paths: Sequence[Path]) -> list[tuple[int, Path]]:
    """Files by frame number, ascending, each once."""
    found: dict[int, Path] = {}
    for path in paths:
        digits = path.stem.rpartition("_")[2]
        if not (digits.isascii() and digits.isdigit() and len(digits) < 10):
            raise data_error(f"{path}", "wanted body3DScene_NUMBER.json", "take it away")
        other = found.setdefault(int(digits), path)
        if other is not path:
            raise data_error(f"{path}", f"the same frame as {other}", "take one away")
    return sorted(found.items())


def _bodies(path: Path) -> Iterator[tuple[int, np.ndarray]]:
    """Number and joints (19, 3) of each person in a frame."""
    content = safe_load.load_json(path)
    bodies = content.get("bodies") if isinstance(content, dict) else None
    if not isinstance(bodies, list):
        raise data_error(f"{path}: bodies", "a list is wanted", "download the file again")
    seen = set()
    for i, body in enumerate(bodies):
        table = body if isinstance(body, dict) else {}
        number = table.get("id")
        if not isinstance(number, int) or number in seen:
            raise data_error(
                f"{path}: bodies[{i}] has id {str(number)[:20]}",
                "wanted a whole number, each once",
                "download the file again",
            )
        seen.add(number)
        yield number, _joints(path, number, table.get("joints19"))


def _joints(path: Path, body: int, values: Any) -> np.ndarray:
    try:
        joints = np.array(values, np.float64)
    except (TypeError, ValueError, OverflowError):
        joints = np.empty(0)
    if joints.size != _VALUES:
        raise data_error(
            f"{path}: joints19 of body {body}",
            f"wanted {_VALUES} numbers, x y z confidence of 19 joints",
            "download the file of hdPose3d_stage1_coco19 again",
        )
    joints = joints.reshape(-1, 4)
    points = joints[:, :3] * _METRES
    missing = (joints[:, 3] < 0) | ~np.isfinite(joints).all(-1) | ~joints.any(-1)
    points[missing] = np.nan
    return points


def _stretches(frames: np.ndarray) -> list[slice]:
    """Cuts where somebody was away for longer than a second; short stays are left out."""
    ends = np.flatnonzero(np.diff(frames) > LONGEST_GAP) + 1
    edges = [0, *ends.tolist(), len(frames)]
    return [slice(a, b) for a, b in itertools.pairwise(edges)]


def _clip(
    sequence: _Sequence,
    subject: str,
    number: int,
    rig: Rig,
    frames: np.ndarray,
    joints: np.ndarray,
    truth: str | None,
    options: ReadOptions,
) -> Clip | None:
    """One stay of one person; None where too short, or never wholly inside all images."""
    if len(frames) < SHORTEST:
        return None
    body = int(subject.rpartition("/")[2])
    pose = _TO_17.points(joints)
    views = simulate(pose, rig, FPS, [body % 2**32, int(frames[0]), 19])
    taken = np.flatnonzero(views.inside)
    if not taken.size:
        return None
    pose_world = {"h36m_17": pose, "joints19": joints}.get(truth or "")
    return Clip(
        name=f"{subject}#{number}",
        action=sequence.name,
        subject=subject,
        rig=rig,
        skeleton=H36M_17,
        fps=FPS,
        keypoints_2d=views.keypoints_2d[taken],
        confidence=views.confidence[taken],
        frame_id=(frames[taken] - frames[0]).astype(np.int32),
        pose_world=None if pose_world is None else pose_world[taken].astype(np.float32),
        pose_skeleton=PANOPTIC_19 if truth == "joints19" else None,
    )


def _thinned(clip: Clip, every: int) -> Clip:
    """Every n-th instant of the clip."""
    if every == 1:
        return clip
    at = np.flatnonzero(clip.frame_id % every == 0)
    return dataclasses.replace(
        clip,
        fps=clip.fps / every,
        keypoints_2d=clip.keypoints_2d[at],
        confidence=clip.confidence[at],
        frame_id=clip.frame_id[at] // every,
        pose_world=None if clip.pose_world is None else clip.pose_world[at],
    )
