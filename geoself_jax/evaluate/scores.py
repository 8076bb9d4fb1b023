"""Scores of predictions: against ground truth, and label-free against the other views."""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from geoself_jax.core import metrics
from geoself_jax.core.batch import windows
from geoself_jax.core.float32 import in_float32
from geoself_jax.core.model import Prediction
from geoself_jax.core.notices import silent
from geoself_jax.data.body_size import is_person
from geoself_jax.data.joint_maps import LIMBS, JointMap, joint_map, limb_joints
from geoself_jax.data.length_unit import unit_of
from geoself_jax.data.recording import Recording
from geoself_jax.geometry.camera import (
    Camera,
    project,
    transform_between,
    world_to_camera,
)
from geoself_jax.geometry.numerics import safe_norm

Sums = tuple[jax.Array, jax.Array]
"""Weighted errors summed, and the weights."""

OF_BODY = ("mpjpe", "p_mpjpe", "n_mpjpe")
"""Measures of `metrics.REPORTED` that are also given as shares of the body's size."""

_CHUNK = 4096


@in_float32
def predict_recording(
    predict: Callable[..., Prediction],
    variables: Any,
    recording: Recording,
    frames: int = 1,
    instants: np.ndarray | None = None,
    *,
    progress: Callable[[int], None] = silent,
) -> Prediction:
    """Lifts every view of every frame independently.

    Args:
        predict: Result of `predict.make_predict`.
        variables: The networks' variables.
        recording: Recording to lift.
        frames: Input frames of the networks (`ModelConfig.frames`), within one contiguous run.
        instants: Indices of the frames to lift; None for all.
        progress: Receives how many frames more are lifted.

    Returns:
        NumPy arrays, metres: pose_3d (instants, views, joints, 3), camera axes, root-relative;
        root_position (instants, views, 3), camera frame; and, where the networks predict them,
        uncertainty (instants, views, joints) and the other fields of `Prediction`.
    """
    every = np.arange(recording.frames) if instants is None else instants
    views = recording.views
    K, run = recording.camera.K.astype(np.float32), recording.runs
    count = len(every)
    chunk = min(max(_CHUNK // views // max(frames // 9, 1), 1), count)
    lifted: list[np.ndarray] = []
    for start in range(0, count, chunk):
        to = slice(min(start, count - chunk), min(start, count - chunk) + chunk)
        at = every[to]
        seen = np.asarray(windows(at, run, frames))
        keypoints_2d, confidence = recording.keypoints_2d[seen], recording.confidence[seen]
        if frames > 1:  # to (instants, views, frames)
            keypoints_2d, confidence = keypoints_2d.swapaxes(1, 2), confidence.swapaxes(1, 2)
        found = predict(variables, keypoints_2d, confidence, K[recording.rig_id[at]])
        names = [name for name, array in found._asdict().items() if array is not None]
        arrays = [np.asarray(getattr(found, name)) for name in names]
        lifted = lifted or [np.empty((count, *array.shape[1:]), np.float32) for array in arrays]
        for whole, part in zip(lifted, arrays, strict=True):
            whole[to] = part
        progress(min(chunk, count - start))
    return Prediction(**dict(zip(names, lifted, strict=True)))


def in_cameras(pose_world: np.ndarray, recording: Recording) -> np.ndarray:
    """Transforms poses from the world to every camera's frame.

    Args:
        pose_world: (frames, joints, 3), world, metres; NaN where missing.
        recording: Its cameras and the rig of each frame are used.

    Returns:
        (frames, views, joints, 3), each camera's frame, metres, float32.
    """
    camera = recording.cameras_of(slice(None)).on_device()
    return np.asarray(jax.jit(world_to_camera)(pose_world[:, None].astype(np.float32), camera))


@in_float32
def label_free_scores(
    prediction: Prediction,
    recording: Recording,
    triangulated: np.ndarray,
    sizes: np.ndarray | None = None,
) -> dict[str, float]:
    """Returns the scores that need no 3D label.

    Args:
        prediction: Result of `predict_recording` for all frames.
        recording: Recording that was lifted.
        triangulated: (frames, joints, 3), metres, world frame, from all views' detections.
        sizes: (frames,) of the body in each, metres, for shares of it; None for none.

    Returns:
        reprojection_px: lifted pose against the detections of its own view; insensitive to depth.
        cross_view_px: lifted pose transformed to each other view, against its detections.
        triangulation_mm: lifted pose against the triangulated pose, both root-relative; and
        triangulation_percent_of_body, each distance by the body's own size.
        agreement_mm: lifted poses of all views of a frame, world axes, against their mean.
        bones_mm: standard deviation of lifted bone lengths, mean over bones and subjects.
        The first two are means over joints weighted by detection confidence. Undefined scores are
        left out: a single view has the first and the last only.
    """
    pose_3d = np.asarray(prediction.pose_3d)
    unit = unit_of(pose_3d.reshape(-1, *pose_3d.shape[2:]))
    camera = recording.scaled(1 / unit).cameras_of(slice(None)).on_device()
    pose_camera = (prediction.pose_3d + prediction.root_position[:, :, None]) / np.float32(unit)
    own, cross = jax.jit(_pixel_errors)(
        pose_camera, recording.keypoints_2d, recording.confidence, camera
    )
    target = in_cameras(triangulated, recording)
    root = recording.skeleton.root
    target = target - target[:, :, root, None]
    distance = np.linalg.norm(prediction.pose_3d - target, axis=-1)
    there = np.isfinite(target).all(-1)
    distance = np.where(there & np.isnan(distance), np.inf, distance)[lifted(recording)]
    sums = {"reprojection_px": own, "cross_view_px": cross}
    scores = {name: float(error / weight) for name, (error, weight) in sums.items() if weight > 0}
    if not np.isnan(distance).all():
        scores["triangulation_mm"] = 1000 * float(np.nanmean(distance))
        if sizes is not None:
            own = np.broadcast_to(sizes[:, None], there.shape[:2])[lifted(recording)]
            share = np.nanmean(distance / own[:, None])
            scores["triangulation_percent_of_body"] = 100 * float(share)
    return scores | _of_poses_alone(prediction, recording)


def _of_poses_alone(prediction: Prediction, recording: Recording) -> dict[str, float]:
    """Returns the consistency scores of the lifted poses, without the detections."""
    there = lifted(recording)
    pose_3d = np.where(there[..., None, None], prediction.pose_3d, np.nan)
    scores = {}
    if (there.sum(1) > 1).any():
        R = recording.camera.R[recording.rig_id].astype(np.float32)
        world = np.einsum("fvij,fvpi->fvpj", R, pose_3d)[there.sum(1) > 1]
        apart = np.linalg.norm(world - np.nanmean(world, axis=1, keepdims=True), axis=-1)
        scores["agreement_mm"] = 1000 * float(np.nanmean(apart))
    ends = np.array(recording.skeleton.bones, int).reshape(-1, 2)
    length = np.linalg.norm(pose_3d[:, :, ends[:, 0]] - pose_3d[:, :, ends[:, 1]], axis=-1)
    spread = [
        np.nanstd(length[recording.subject_id == person], axis=(0, 1))
        for person in np.unique(recording.subject_id)
        if there[recording.subject_id == person].any()
    ]
    if spread and len(ends):
        scores["bones_mm"] = 1000 * float(np.mean(spread))
    return scores


def lifted(recording: Recording) -> np.ndarray:
    """Returns the mask of views with a detection, (frames, views); others are not scored."""
    return np.any(recording.confidence > 0, axis=-1)


def _pixel_errors(
    pose_camera: jax.Array, keypoints_2d: jax.Array, confidence: jax.Array, camera: Camera
) -> tuple[Sums, Sums]:
    """Returns sums of own-view and of cross-view error, px, weighted with the target's confidence.

    A view without a detection is not lifted: its pose counts in no other view.
    """

    def summed(projected: jax.Array, target: jax.Array, weight: jax.Array) -> Sums:
        error = safe_norm(jnp.where(weight[..., None] > 0, projected - target, 0))
        return jnp.sum(weight * error), jnp.sum(weight)

    own = summed(project(pose_camera, camera.K), keypoints_2d, confidence)
    seen = jnp.any(confidence > 0, axis=-1, keepdims=True)
    error, total = jnp.zeros(()), jnp.zeros(())
    for shift in range(1, keypoints_2d.shape[1]):
        there = Camera(*(jnp.roll(array, -shift, axis=1) for array in camera))
        moved = project(transform_between(pose_camera, camera, there), there.K)
        target, weight = (jnp.roll(x, -shift, axis=1) for x in (keypoints_2d, confidence))
        more = summed(moved, target, weight * seen)
        error, total = error + more[0], total + more[1]
    return own, (error, total)


def truth_map(recording: Recording) -> JointMap | None:
    """Returns the map from the detections' to the ground truth's joints; None where identical."""
    if recording.pose_world is None or recording.pose_skeleton is None:
        return None
    return joint_map(recording.skeleton, recording.pose_skeleton)


@in_float32
def ground_truth_scores(
    prediction: Prediction,
    recording: Recording,
    sizes: np.ndarray | None = None,
    per_pose: dict[str, np.ndarray] | None = None,
) -> dict[str, Any]:
    """Returns MPJPE and its variants against `pose_world`: overall, per action, mean of actions.

    Where ground truth has other joints, the prediction is mapped to them (`truth_map`); joints
    without a source are not counted. Limb scores count the twelve joints of
    `data.joint_maps.LIMBS`, where both skeletons have them.

    Args:
        prediction: Result of `predict_recording` for all frames.
        recording: Recording that was lifted; views without a detection are not scored.
        sizes: (frames,) of the body in each, metres, for `OF_BODY` by it; None for none.
        per_pose: `measures_of_poses` of these, where they are there already.

    Returns:
        Result of `metrics.aggregate`; empty without ground truth, or where its root cannot be
        derived from the prediction.
    """
    if per_pose is None:
        per_pose = measures_of_poses(prediction, recording)
    if not per_pose:
        return {}
    if sizes is not None:
        own = np.repeat(sizes, recording.views)
        shares = {f"{name}_of_body": per_pose[name] / own for name in OF_BODY}
        per_pose = per_pose | shares
    actions = np.repeat(recording.clip_id, recording.views)
    return metrics.aggregate(per_pose, actions, recording.clip_actions)


@in_float32
def measures_of_poses(prediction: Prediction, recording: Recording) -> dict[str, np.ndarray]:
    """Returns the measures of each view of each frame, (frames * views,), by name.

    Args:
        prediction, recording: As of `ground_truth_scores`; empty where that is.
    """
    if recording.pose_world is None:
        return {}
    skeleton, mapped = recording.truth_skeleton, truth_map(recording)
    target = in_cameras(recording.pose_world, recording)
    target = np.where(lifted(recording)[..., None, None], target, np.nan)
    target = target.reshape(-1, skeleton.joints, 3)
    roots = prediction.root_position.reshape(-1, 3)
    pose_3d = np.asarray(prediction.pose_3d).reshape(len(target), -1, 3)
    counted: np.ndarray = np.ones(skeleton.joints, bool)
    if mapped is not None:
        counted = np.asarray(mapped.weights.any(-1))
        if not counted[skeleton.root]:
            return {}
        pose_3d = mapped.points(pose_3d)
        roots = roots + pose_3d[:, skeleton.root]
        target[:, ~counted] = np.nan
    limbs = limb_joints(skeleton)
    if limbs is not None and not counted[list(limbs)].all():
        limbs = None
    programs = _programs(skeleton.root, limbs)
    poses = len(target)
    chunk = min(_CHUNK, poses)
    per_pose: dict[str, np.ndarray] = {}
    for start in range(0, poses, chunk):
        at = slice(min(start, poses - chunk), min(start, poses - chunk) + chunk)
        for measure in programs:
            for name, value in measure(pose_3d[at], roots[at], target[at]).items():
                per_pose.setdefault(name, np.empty(poses))[at] = value
    if not is_person(skeleton.joint_names):  # 150 mm are a person's
        del per_pose["pck"], per_pose["auc"]
    return per_pose


@functools.lru_cache
def _programs(
    root: int, limbs: tuple[int, ...] | None
) -> tuple[Callable[..., dict[str, jax.Array]], ...]:
    """Returns the compiled metric functions.

    They are separate programs: in one, the two alignments of P-MPJPE deadlock on two CPU cores
    (jaxlib 0.10.2).
    """
    programs: list[Any] = [jax.jit(functools.partial(_measures, root=root))]
    if limbs is not None:
        programs.append(jax.jit(functools.partial(_limb_measures, limbs=limbs)))
    return tuple(programs)


def _measures(
    predicted: jax.Array, root_position: jax.Array, target: jax.Array, *, root: int
) -> dict[str, jax.Array]:
    errors = metrics.joint_errors(predicted, target, root=root)
    return {
        "mpjpe": metrics.mpjpe(predicted, target, root=root),
        "p_mpjpe": metrics.p_mpjpe(predicted, target),
        "n_mpjpe": metrics.n_mpjpe(predicted, target, root=root),
        "pck": metrics.pck(errors),
        "auc": metrics.auc(errors),
        "root_error": metrics.root_position_error(root_position, target[:, root]),
    }


def _limb_measures(
    predicted: jax.Array, _: jax.Array, target: jax.Array, *, limbs: tuple[int, ...]
) -> dict[str, jax.Array]:
    hips = [joint for joint, name in zip(limbs, LIMBS, strict=True) if name.endswith("hip")]
    alone = jnp.asarray(limbs)
    return {
        "limb_mpjpe": metrics.limb_mpjpe(predicted, target, limbs=limbs, hips=hips),
        "limb_p_mpjpe": metrics.p_mpjpe(predicted[:, alone], target[:, alone]),
    }
