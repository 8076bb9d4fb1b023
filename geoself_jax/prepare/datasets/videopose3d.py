"""Human3.6M in VideoPose3D's files: data_2d_h36m_<detector>.npz, data_3d_h36m.npz.

Source of the layout: facebookresearch/VideoPose3D, data/ and common/h36m_dataset.py.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from geoself_jax.core.errors import data_error, missing_error, usage_error
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data import files
from geoself_jax.data.files import npz
from geoself_jax.data.skeletons import COCO_17, H36M_17
from geoself_jax.prepare.clip import Clip, Reading, ReadOptions
from geoself_jax.prepare.datasets.choices import chosen, chosen_truth
from geoself_jax.prepare.datasets.human36m_cameras import human36m_rig
from geoself_jax.prepare.datasets.human36m_names import CAMERAS, FPS, action_of, canonical
from geoself_jax.prepare.datasets.shapes import array_of

KEPT_OF_32 = (0, 1, 2, 3, 6, 7, 8, 12, 13, 14, 15, 17, 18, 19, 25, 26, 27)
"""Which of the 32 joints of `positions_3d` are H36M_17's, in its order."""
SHIFTED = ("Greeting", "SittingDown 1", "Waiting 1")
"""Takes of S9 whose ground truth is shifted in the world (Vegetebird/MHFormer, issue 92)."""
OUT_OF_STEP = 50
"""Views whose lengths differ by more frames are not taken to be of one take."""
_LAYOUTS = {"coco": COCO_17, "h36m": H36M_17}


class _Take(NamedTuple):
    subject: str
    name: str
    views: list[np.ndarray | None]
    frames: int
    pose: np.ndarray | None


def recognize(path: Path) -> str | None:
    """Why the file looks like one of VideoPose3D's, or None."""
    names = npz.member_names(path)
    found = [name for name in ("positions_2d", "positions_3d") if name in names]
    return f"an .npz with {found[0]}" if found else None


def read(paths: Sequence[Path], options: ReadOptions) -> Reading:
    """Reads the detections, and the ground truth where its file is among `paths`.

    Pixels are distorted, as in the images; the world is Human3.6M's, z up. These
    files have no confidences: 1 wherever a joint is there (a third column is taken as confidence).
    A view that is None is missing. Detections that go on after the ground truth are cut off.

    Args:
        paths: data_2d_h36m_*.npz and optionally data_3d_h36m.npz, in any order.
        options: `truth` may be `positions_3d` or `none`.

    Raises:
        GeoselfError: Missing (66); other layouts, one view only, detections shorter than the
            ground truth (65); unknown names asked for (64).
    """
    detected, truth = _files(paths)
    cameras = chosen("camera", options.cameras, CAMERAS, "Human3.6M")
    kind = chosen_truth(options.truth, ("positions_3d",), "VideoPose3D's data_3d_h36m.npz")
    content = files.load_npz(detected, max_bytes=options.max_bytes, objects=True)
    metadata = _item(content.get("metadata"))
    takes_2d = _takes(detected, content, "positions_2d")
    _refuse_single_view(detected, metadata, takes_2d)
    skeleton = _skeleton(detected, metadata)
    takes_3d: dict[str, dict[str, Any]] = {}
    if truth is not None and kind is not None:
        content = files.load_npz(truth, max_bytes=options.max_bytes, objects=True)
        takes_3d = _takes(truth, content, "positions_3d")
    takes = list(_usable(detected, truth, takes_2d, takes_3d, skeleton, options))
    if not takes:
        raise data_error(f"{detected}: no take", "none matches the selection", "choose others")
    _tell(takes, options)
    return Reading(len(takes), _clips(takes, skeleton, cameras, options))


def _clips(
    takes: list[_Take], skeleton: Skeleton, cameras: list[str], options: ReadOptions
) -> Iterator[Clip]:
    rigs = {take.subject: human36m_rig(take.subject).select(cameras) for take in takes}
    chosen_views = [CAMERAS.index(name) for name in cameras]
    for take in takes:
        at = slice(0, take.frames, options.every)
        frame_id = np.arange(len(range(take.frames)[at]), dtype=np.int32)
        views = [take.views[i] for i in chosen_views]
        keypoints_2d, confidence = _views(views, at, len(frame_id))
        yield Clip(
            name=f"{take.subject}/{take.name}",
            action=action_of(take.name),
            subject=take.subject,
            rig=rigs[take.subject],
            skeleton=skeleton,
            fps=FPS / options.every,
            keypoints_2d=keypoints_2d,
            confidence=confidence,
            frame_id=frame_id,
            pose_world=None if take.pose is None else _seventeen(take.pose[at]),
            pose_skeleton=None if take.pose is None or skeleton is H36M_17 else H36M_17,
        )


def _views(views: list[np.ndarray | None], at: slice, frames: int) -> tuple[np.ndarray, np.ndarray]:
    """Pixels (T, V, 17, 2) and confidences (T, V, 17) of one take."""
    keypoints_2d = np.empty((frames, len(views), 17, 2), np.float32)
    confidence = np.ones((frames, len(views), 17), np.float32)
    for i, view in enumerate(views):
        keypoints_2d[:, i] = np.nan if view is None else view[at, :, :2]
        if view is not None and view.shape[-1] == 3:
            confidence[:, i] = view[at, :, 2]
    if not np.isfinite(keypoints_2d.sum()):  # rarely: a look at each costs more than the copy
        missing = ~np.isfinite(keypoints_2d).all(-1)
        keypoints_2d[missing], confidence[missing] = np.nan, 0
    return keypoints_2d, confidence


def _seventeen(pose: np.ndarray) -> np.ndarray:
    """Ground truth in H36M_17's joints, float32."""
    kept = pose[:, KEPT_OF_32] if pose.shape[1] == 32 else pose
    return np.ascontiguousarray(kept, np.float32)


def _files(paths: Sequence[Path]) -> tuple[Path, Path | None]:
    """The file of detections and, where given, of ground truth."""
    truths = [path for path in paths if "positions_3d" in npz.member_names(path)]
    detected = [path for path in paths if path not in truths]
    if not detected:
        raise missing_error(
            f"{paths[0] if paths else 'VideoPose3D'}: no detections",
            "ground truth alone cannot be trained from",
            "give data_2d_h36m_<detector>.npz too",
        )
    if len(detected) > 1 or len(truths) > 1:
        extra = (detected if len(detected) > 1 else truths)[1]
        raise usage_error(
            f"{extra}: a second file of its kind",
            "wanted one of detections and at most one of ground truth",
            "prepare them into a file each",
        )
    return detected[0], truths[0] if truths else None


def _item(value: Any) -> Any:
    """What a scalar of type object holds."""
    while isinstance(value, list) and len(value) == 1:
        value = value[0]
    return value


def _takes(file: Path, content: Mapping[str, Any], key: str) -> dict[str, dict[str, Any]]:
    """`positions_2d` or `positions_3d` by subject and canonical name of the take."""
    positions = _item(content.get(key))
    if not isinstance(positions, dict):
        there = ", ".join(map(str, list(content)[:5])) or "nothing"
        raise data_error(
            f"{file}: no {key} by subject and action",
            f"it holds {there}",
            "give one of VideoPose3D's files for Human3.6M",
        )
    result = {}
    for subject, actions in positions.items():
        if not isinstance(actions, dict):
            raise data_error(
                f"{file}: {key} of subject {subject} is a {type(actions).__name__}",
                "wanted actions by name",
                "take the file as it was published",
            )
        result[str(subject)] = {canonical(str(name)): take for name, take in actions.items()}
    return result


def _refuse_single_view(file: Path, metadata: Any, takes: dict[str, dict[str, Any]]) -> None:
    if isinstance(metadata, dict) and "video_metadata" in metadata:
        video = next(iter(takes), "")
        raise data_error(
            f"{file}: video {video!r} is seen by one camera without calibration",
            "training compares two calibrated views of the same instant",
            "detect in the videos of two or more calibrated cameras; lift these with a trained run",
        )


def _skeleton(file: Path, metadata: Any) -> Skeleton:
    """The skeleton whose left and right joints are those of the metadata."""
    metadata = metadata if isinstance(metadata, dict) else {}
    layout, joints = metadata.get("layout_name"), metadata.get("num_joints")
    try:
        left, right = (
            {int(i) for i in np.asarray(side)} for side in metadata["keypoints_symmetry"]
        )
    except (KeyError, TypeError, ValueError):
        left, right = set(), set()
    for name, skeleton in _LAYOUTS.items():
        sides = zip(*skeleton.left_right, strict=True)
        if [left, right] == [set(side) for side in sides] and layout in (None, name):
            return skeleton
    raise data_error(
        f"{file}: metadata of {joints} joints, layout {layout!r}, left {sorted(left)}, "
        f"right {sorted(right)}",
        "known layouts are coco and h36m of 17 joints",
        "fix `metadata`, or write the detections in a format that names the joints",
    )


def _usable(
    detected: Path,
    truth: Path | None,
    takes_2d: dict[str, dict[str, Any]],
    takes_3d: dict[str, dict[str, Any]],
    skeleton: Skeleton,
    options: ReadOptions,
) -> Iterator[_Take]:
    """The takes asked for, checked, each with its number of frames."""
    subjects = chosen("subject", options.subjects, takes_2d, str(detected))
    names = [name for takes in takes_2d.values() for name in takes]
    actions = chosen("action", options.actions, map(action_of, names), str(detected))
    for subject in subjects:
        for name in takes_2d[subject]:
            if action_of(name) not in actions:
                continue
            where = f"{detected}: subject {subject}, action {name!r}"
            views = _arrays(where, takes_2d[subject][name])
            pose = None
            if name in takes_3d.get(subject, {}):
                found = takes_3d[subject][name]
                pose = _pose(f"{truth}: subject {subject}, action {name!r}", found)
            why = _why_left_out(subject, name, views, pose)
            if why:
                options.notice(f"{subject}/{name} is left out: {why}")
            else:
                yield _Take(subject, name, views, _frames(where, views, pose), pose)


def _why_left_out(
    subject: str, name: str, views: list[np.ndarray | None], pose: np.ndarray | None
) -> str | None:
    """Why a take without ground truth is of no use, or None."""
    lengths = [len(view) for view in views if view is not None]
    if pose is not None:
        return None if lengths else "no camera has detections"
    if len(lengths) < 2:
        return f"only {len(lengths)} of its views has detections"
    if max(lengths) - min(lengths) > OUT_OF_STEP:
        return f"its views have {min(lengths)} to {max(lengths)} frames"
    if (subject, name) == ("S11", "Directions") and len(lengths) < len(CAMERAS):
        return "one of its videos is damaged, and it has no ground truth"
    return None


def _arrays(where: str, take: Any) -> list[np.ndarray | None]:
    """One array (T', 17, 2 or 3) a camera; None where the view is missing."""
    views = list(take) if isinstance(take, list | tuple | np.ndarray) else []
    if len(views) != len(CAMERAS):
        raise data_error(
            f"{where}: {len(views)} views",
            f"wanted one array for each of the cameras {', '.join(CAMERAS)}",
            "take the file as it was published",
        )
    for i, view in enumerate(views):
        if view is None or (isinstance(view, np.ndarray) and not view.size):
            views[i] = None
            continue
        coordinates = 3 if isinstance(view, np.ndarray) and view.shape[-1:] == (3,) else 2
        array_of(view, (None, 17, coordinates), f"{where}, camera {CAMERAS[i]}")
    return views


def _pose(where: str, pose: Any) -> np.ndarray:
    """Ground truth (T, 32 or 17, 3) in metres."""
    joints = 17 if isinstance(pose, np.ndarray) and pose.shape[1:2] == (17,) else 32
    pose = array_of(pose, (None, joints, 3), where)
    thigh = np.linalg.norm(np.diff(_seventeen(pose[:1])[:, 1:3], axis=1), axis=-1)
    if thigh.size and not 0.2 < float(thigh[0, 0]) < 0.8:
        raise data_error(
            f"{where}: a right thigh of {float(thigh[0, 0]):.4g} in frame 0",
            "wanted metres, 0.2 to 0.8",
            "take data_3d_h36m.npz as prepare_data_h36m.py writes it",
        )
    return pose


def _frames(where: str, views: list[np.ndarray | None], pose: np.ndarray | None) -> int:
    """How many frames all views, and the ground truth where there is one, have."""
    lengths = [None if view is None else len(view) for view in views]
    shortest = min((n for n in lengths if n is not None), default=0)
    if pose is None:
        return shortest
    for camera, length in zip(CAMERAS, lengths, strict=True):
        if length is not None and length < len(pose):
            raise data_error(
                f"{where}, camera {camera}: {length} frames",
                f"the ground truth has {len(pose)}",
                "give detections and ground truth of the same videos",
            )
    return len(pose)


def _tell(takes: list[_Take], options: ReadOptions) -> None:
    """What is assumed and left out, in a line each."""
    given = [view for take in takes for view in take.views if view is not None]
    if any(view.shape[-1] == 2 for view in given):
        options.notice("no confidences in VideoPose3D's files: 1 for every detected joint")
    for take in takes:
        absent = [c for c, view in zip(CAMERAS, take.views, strict=True) if view is None]
        where = f"{take.subject}/{take.name}"
        if absent:
            options.notice(f"{where}: no detections of camera {', '.join(absent)}")
        if take.pose is not None and take.subject == "S9" and take.name in SHIFTED:
            options.notice(
                f"{where}: its ground truth is shifted in the world; relative to the root it holds"
            )
