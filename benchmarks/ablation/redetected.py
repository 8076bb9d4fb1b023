"""A recording seen again by the second model of a detector: for analysis, as it reads the truth."""

import dataclasses

import jax.numpy as jnp
import numpy as np

from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.recording import Recording
from geoself_jax.data.synthetic.detector import hidden_joints
from geoself_jax.data.synthetic.smooth_detector import H36M_SIZES, SIZE, azimuth_of, detect
from geoself_jax.geometry.camera import project, world_to_camera

H36M_JOINTS = 17


def redetected(recording: Recording, exchanged: float, rng: np.random.Generator) -> Recording:
    """The recording with all detections made again from its ground truth.

    Args:
        recording: With ground truth of the detections' joints, which is read.
        exchanged: Share of bodies whose left and right are exchanged; all else does not depend on
            it.
        rng: Source of chance.
    """
    assert recording.pose_world is not None
    keypoints_2d = np.full_like(recording.keypoints_2d, np.nan)
    confidence = np.zeros_like(recording.confidence)
    key = int(rng.integers(2**31))
    for clip in np.unique(recording.clip_id):
        at = np.flatnonzero(recording.clip_id == clip)
        own = np.random.default_rng([key, int(clip)])
        keypoints_2d[at], confidence[at] = _clip(recording, at, exchanged, own)
    return dataclasses.replace(recording, keypoints_2d=keypoints_2d, confidence=confidence)


def _clip(
    recording: Recording, at: np.ndarray, exchanged: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Detections of one clip; frames that the recording leaves out pass as all others."""
    assert recording.pose_world is not None
    place = recording.frame_id[at] - recording.frame_id[at].min()
    truth = np.full((place.max() + 1, *recording.pose_world.shape[1:]), np.nan, np.float32)
    truth[place] = recording.pose_world[at]
    camera = recording.cameras_of(at[:1]).on_device()
    inside = world_to_camera(jnp.asarray(truth)[:, None], camera)
    pixels, points = np.asarray(project(inside, camera.K)), np.asarray(inside)
    known = recording.skeleton.joints == H36M_JOINTS
    with np.errstate(invalid="ignore"):
        found, confidence = detect(
            pixels,
            points[..., 2] / np.asarray(camera.K)[..., 0, 0, None],
            rng,
            fps=recording.fps,
            mirror=recording.skeleton.mirror,
            azimuth=azimuth_of(points, *_shoulders(recording.skeleton)),
            hidden=hidden_joints(points) if known else None,
            size=H36M_SIZES if known else SIZE,
            exchanged=exchanged,
        )
    return found[place], confidence[place]


def _shoulders(skeleton: Skeleton) -> tuple[int, int]:
    """The pair that says where the body faces: shoulders, or the first pair."""
    pairs = skeleton.left_right
    named = [pair for pair in pairs if "shoulder" in skeleton.joint_names[pair[0]].lower()]
    return (named or list(pairs))[0]
