"""What is done to a training recording to see what the recipe stands."""

import dataclasses

import jax.numpy as jnp
import numpy as np
from scipy.spatial.transform import Rotation

from benchmarks.ablation.redetected import redetected
from geoself_jax.data.exchanged_limbs import exchanged_back
from geoself_jax.data.exchanged_views import find_in_views
from geoself_jax.data.recording import HostCamera, Recording
from geoself_jax.data.training_set import triangulate_recording
from geoself_jax.geometry.camera import project, world_to_camera

SEED = 20200207
_CHUNK = 4096
CONFIDENCE_DAMAGE = ("shuffled", "flat", "binary")
"""What is done to confidences: a detector that tells so when it trains tells so when it is used."""


def damaged(recording: Recording, damage: tuple[str, float] | None) -> Recording:
    """The recording with one kind of damage, always the same.

    Args:
        recording: Undamaged.
        damage: Kind and amount: `views` kept; `frames` share of them, kept in runs; confidences
            `shuffled`, `flat` or `binary` (1 from that value on); `noise`: each detection's error
            times this; `bias`: metres each joint is off, in the body's own axes; `rotation`:
            degrees each camera is turned by, about an axis of its own; `smooth`: detected again
            from the ground truth (analysis only), that share of bodies exchanged; `repaired`: that,
            and exchanges found and undone as `prepare` does.
    """
    if damage is None:
        return recording
    kind, amount = damage
    change = {
        "views": _fewer_views,
        "frames": _fewer_frames,
        "shuffled": _shuffled,
        "flat": _flat,
        "binary": _binary,
        "noise": _noisier,
        "bias": _biased,
        "rotation": _turned,
        "smooth": redetected,
        "repaired": _repaired,
    }[kind]
    return change(recording, amount, np.random.default_rng(SEED))


def _fewer_views(recording: Recording, amount: float, _: np.random.Generator) -> Recording:
    """Cameras spread evenly over the list of them."""
    kept = np.unique(np.linspace(0, recording.views - 1, int(amount)).round().astype(int))
    camera = HostCamera(*(array[:, kept] for array in recording.camera))
    return dataclasses.replace(
        recording,
        keypoints_2d=recording.keypoints_2d[:, kept],
        confidence=recording.confidence[:, kept],
        camera=camera,
        image_size=recording.image_size[:, kept],
        camera_names=tuple(recording.camera_names[i] for i in kept),
    )


def _fewer_frames(recording: Recording, amount: float, _: np.random.Generator) -> Recording:
    """The first part of every clip, at least one frame."""
    kept = np.zeros(recording.frames, bool)
    for clip in np.unique(recording.clip_id):
        frames = np.flatnonzero(recording.clip_id == clip)
        kept[frames[: max(1, round(amount * len(frames)))]] = True
    return recording.select(kept)


def _shuffled(recording: Recording, _: float, rng: np.random.Generator) -> Recording:
    """Every joint keeps its own confidences, in an order that tells nothing."""
    confidence = recording.confidence.copy()
    seen = confidence > 0
    for joint in range(confidence.shape[-1]):
        at = seen[..., joint]
        confidence[at, joint] = rng.permutation(confidence[at, joint])
    return dataclasses.replace(recording, confidence=confidence)


def _flat(recording: Recording, _: float, __: np.random.Generator) -> Recording:
    confidence = (recording.confidence > 0).astype(np.float32)
    return dataclasses.replace(recording, confidence=confidence)


def _binary(recording: Recording, amount: float, _: np.random.Generator) -> Recording:
    confidence = np.where(recording.confidence >= amount, 1, 0.01).astype(np.float32)
    confidence[recording.confidence == 0] = 0
    return dataclasses.replace(recording, confidence=confidence)


def _noisier(recording: Recording, amount: float, _: np.random.Generator) -> Recording:
    """Scales the residuals from the refined labels; needs no ground truth."""
    label = triangulate_recording(recording, "refined")
    exact = _seen(recording, label)
    found = exact + amount * (recording.keypoints_2d - exact)
    keypoints_2d = np.where(np.isfinite(found), found, recording.keypoints_2d)
    return dataclasses.replace(recording, keypoints_2d=keypoints_2d)


def exact(recording: Recording, error: float = 0.0) -> Recording:
    """Detections put where the ground truth says, confidences kept: for analysis only.

    Args:
        recording: With its ground truth.
        error: What is left of each detection's error; 0 for none, 1 for all.
    """
    assert recording.pose_world is not None
    pixels = _seen(recording, recording.pose_world)
    found = pixels + error * (recording.keypoints_2d - pixels)
    return dataclasses.replace(
        recording, keypoints_2d=np.where(np.isfinite(found), found, recording.keypoints_2d)
    )


def _seen(recording: Recording, pose_world: np.ndarray) -> np.ndarray:
    """Poses as every camera would see them, pixels."""
    pixels = np.empty_like(recording.keypoints_2d)
    for start in range(0, recording.frames, _CHUNK):
        at = slice(start, start + _CHUNK)
        camera = recording.cameras_of(at).on_device()
        pixels[at] = project(world_to_camera(jnp.asarray(pose_world[at, None]), camera), camera.K)
    return pixels


def _biased(recording: Recording, amount: float, rng: np.random.Generator) -> Recording:
    """Offsets every joint's detections by a vector that rotates with its bone in the image."""
    label = triangulate_recording(recording, "refined")
    joints = recording.skeleton.joints
    offset = rng.normal(size=(joints, 3))
    offset *= amount / np.linalg.norm(offset, axis=-1, keepdims=True)
    assert recording.world_up is not None
    up = recording.world_up / np.linalg.norm(recording.world_up)
    left, right = recording.skeleton.left_right[0]
    across = label[:, right] - label[:, left]
    across -= (across @ up)[:, None] * up
    across /= np.maximum(np.linalg.norm(across, axis=-1, keepdims=True), 1e-6)
    axes = np.stack([across, np.cross(up, across), np.broadcast_to(up, across.shape)], axis=1)
    moved = label + np.einsum("jk,tkx->tjx", offset, axes).astype(np.float32)
    shift = np.nan_to_num(_seen(recording, moved) - _seen(recording, label))
    return dataclasses.replace(recording, keypoints_2d=recording.keypoints_2d + shift)


def _repaired(recording: Recording, amount: float, rng: np.random.Generator) -> Recording:
    """Detected again, then exchanges undone by all cameras together."""
    again = redetected(recording, amount, rng)
    blind = again.without_ground_truth()
    joints = find_in_views(blind)
    back = [
        exchanged_back(x, joints, again.skeleton) for x in (again.keypoints_2d, again.confidence)
    ]
    return dataclasses.replace(again, keypoints_2d=back[0], confidence=back[1])


def _turned(recording: Recording, amount: float, rng: np.random.Generator) -> Recording:
    axis = rng.normal(size=(*recording.camera.R.shape[:2], 3))
    axis /= np.linalg.norm(axis, axis=-1, keepdims=True)
    turn = Rotation.from_rotvec(np.deg2rad(amount) * axis.reshape(-1, 3)).as_matrix()
    R = turn.reshape(recording.camera.R.shape) @ recording.camera.R
    return dataclasses.replace(recording, camera=recording.camera._replace(R=R))
