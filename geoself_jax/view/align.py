"""Aligns sequences of one clip and camera: common frames, axes and joints."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.find_skeleton import same_joints
from geoself_jax.data.joint_maps import joint_map
from geoself_jax.data.poses.change_axes import in_camera, in_world
from geoself_jax.data.poses.orientation import NEAR_AN_AXIS, turned
from geoself_jax.data.poses.sequence import (
    CAMERA,
    EXPECTED_ERRORS,
    MEASURED,
    WORLD,
    PoseCamera,
    PoseSequence,
)
from geoself_jax.view.scene import TRIANGULATED, TRUTH, Scene


def joined(sequences: Sequence[PoseSequence], name: str, reference: str | None) -> list[Scene]:
    """Builds one scene of all sequences that align with the first, and one of each other.

    Args:
        sequences: Sequences of one clip and camera.
        name: Name of the scene; that of a separate sequence is appended.
        reference: Name of the sequence that errors are measured against, or None to find it.
    """
    placed = _placed(sequences)
    first = placed[0]
    together = [first] + [s for s in placed[1:] if _fits(s, first)]
    scenes = [_scene(together, name, reference)]
    for other in placed[1:]:
        if not _fits(other, first):
            scenes.append(_scene([other], " · ".join(filter(None, (name, other.name))), None))
    return scenes


def _placed(sequences: Sequence[PoseSequence]) -> list[PoseSequence]:
    """Returns all in one world frame, where any of them has the camera's extrinsics."""
    cameras = (s.camera for s in sequences if s.camera is not None and s.camera.R is not None)
    camera = next(cameras, None)
    moved = list(sequences)
    if camera is not None:
        moved = [_in_world_of(sequence, camera) for sequence in sequences]
    return [_upright_as(sequence, moved[0]) for sequence in moved]


def _in_world_of(sequence: PoseSequence, camera: PoseCamera) -> PoseSequence:
    """Returns the sequence in the world frame in which its camera has these extrinsics."""
    own = sequence.camera
    if own is None or own.R is None or own.center is None:
        known = camera if own is None else replace(own, R=camera.R, center=camera.center)
        return in_world(sequence.replace(camera=known))
    if _same(own, camera):
        return in_world(sequence)
    there = replace(own, R=camera.R, center=camera.center)
    return in_world(in_camera(sequence).replace(camera=there))


def _same(a: PoseCamera, b: PoseCamera) -> bool:
    """Returns whether two cameras have the same extrinsics."""
    pairs = ((a.R, b.R), (a.center, b.center))
    return all(x is not None and y is not None and np.array_equal(x, y) for x, y in pairs)


def _upright_as(sequence: PoseSequence, first: PoseSequence) -> PoseSequence:
    """Returns the sequence rotated to the first one's up axis, where that is a coordinate axis."""
    if sequence.axes != WORLD or first.axes != WORLD or _same_up(sequence, first):
        return sequence
    axis = int(np.abs(first.up).argmax())
    if axis == 0 or first.up[axis] < NEAR_AN_AXIS:
        return sequence
    return turned(sequence, "xyz"[axis])


def _same_up(sequence: PoseSequence, first: PoseSequence) -> bool:
    return bool(sequence.up @ first.up >= NEAR_AN_AXIS)


def _fits(sequence: PoseSequence, first: PoseSequence) -> bool:
    """Returns whether a sequence shares axes, frame rate and some joints with the first."""
    return (
        sequence.axes == first.axes
        and (first.axes == CAMERA or _same_up(sequence, first))
        and abs(sequence.fps / first.fps - 1) < 1e-3
        and bool(joint_map(sequence.skeleton, first.skeleton).weights.any())
    )


def _scene(sequences: Sequence[PoseSequence], name: str, reference: str | None) -> Scene:
    first = sequences[0]
    frames = np.unique(np.concatenate([s.frame_id for s in sequences]))
    notes: list[str] = []
    ready: list[PoseSequence] = []
    for sequence in sequences:
        mapped, note = _with_joints(sequence, first.skeleton)
        notes += [f"{sequence.name}: {note}"] if note else []
        taken = {s.name for s in ready}
        ready.append(_at(mapped, frames).replace(name=_free(sequence.name, taken), fps=first.fps))
    action = next((s.action for s in sequences if s.action), "")
    return Scene(
        name or first.name, action, tuple(ready), _reference(ready, reference), tuple(notes)
    )


def _with_joints(sequence: PoseSequence, skeleton: Skeleton) -> tuple[PoseSequence, str]:
    """Returns the sequence in a skeleton's joints, and a note on derived and absent ones."""
    if same_joints(sequence.skeleton.joint_names, skeleton.joint_names):
        return sequence.replace(skeleton=skeleton), ""
    mapped = joint_map(sequence.skeleton, skeleton)
    changes: dict[str, object] = {"pose": mapped.points(sequence.pose), "skeleton": skeleton}
    changes |= dict.fromkeys((*EXPECTED_ERRORS, "marks", "contact"))  # which no page shows
    if sequence.keypoints_2d is not None and sequence.confidence is not None:
        pixels, confidence = mapped.detections(sequence.keypoints_2d, sequence.confidence)
        changes |= {"keypoints_2d": pixels, "confidence": confidence}
    return sequence.replace(**changes), mapped.summary()


def _at(sequence: PoseSequence, frame_id: np.ndarray) -> PoseSequence:
    """Returns the sequence at a superset of its frames; NaN where it has none."""
    places = np.searchsorted(frame_id, sequence.frame_id)

    def spread(values: np.ndarray | None, fill: float) -> np.ndarray | None:
        if values is None:
            return None
        result = np.full((len(frame_id), *values.shape[1:]), fill, values.dtype)
        result[places] = values
        return result

    return sequence.replace(
        frame_id=frame_id,
        pose=spread(sequence.pose, np.nan),
        keypoints_2d=spread(sequence.keypoints_2d, np.nan),
        confidence=spread(sequence.confidence, 0),
        marks=spread(sequence.marks, MEASURED),
        contact=None,
        **dict.fromkeys(EXPECTED_ERRORS),
    )


def _free(name: str, taken: set[str]) -> str:
    """Returns the name, numbered where it is taken."""
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name} {number}"
    return free


def _reference(sequences: Sequence[PoseSequence], wanted: str | None) -> int | None:
    """Returns the reference's index: the named source, ground truth or triangulated; or None."""
    if len(sequences) < 2:
        return None
    root = sequences[0].skeleton.root
    for name in (wanted,) if wanted else (TRUTH, TRIANGULATED):
        for i, sequence in enumerate(sequences):
            if sequence.name == name and np.isfinite(sequence.pose[:, root]).any():
                return i
    return None
