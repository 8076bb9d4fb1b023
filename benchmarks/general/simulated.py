"""The recording that a general model is trained on: each segment by its own body and cameras."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from benchmarks.general.bodies import draw_stature, resized
from benchmarks.general.cameras import VIEWS, draw_rig
from benchmarks.general.detections import detect
from benchmarks.general.landmarks import joints_of, landmarks
from benchmarks.general.motions import FPS, Segment
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.derive_root import derive_root
from geoself_jax.data.recording import FORMAT, Recording, from_arrays


class Simulated(NamedTuple):
    """What a model is trained on.

    Attributes:
        recording: Detections and cameras.
        pose: (frames, joints, 3) metres, world: the motion that was rendered.
    """

    recording: Recording
    pose: np.ndarray


def simulate(
    segments: Iterable[Segment],
    skeleton: Skeleton,
    seed: int,
    stature: tuple[float, float] | None = None,
) -> Simulated:
    """Renders each segment by another body through four cameras of its own.

    Args:
        segments: Motion.
        skeleton: That the detector writes; a pelvis is derived where it has none.
        seed: Of bodies, cameras and detections.
        stature: Least and largest of the bodies, metres; None for all kinds.
    """
    parts: dict[str, list[np.ndarray]] = {name: [] for name in ("keypoints_2d", "confidence")}
    poses, rigs, people, counts = [], [], [], []
    for number, segment in enumerate(segments):
        rng = np.random.default_rng([seed, number])
        size = draw_stature(rng) if stature is None else float(rng.uniform(*stature))
        body = resized(rng, segment.pose, size)
        body[..., :2] -= body[:, :1, :2].mean(0)
        pose = joints_of(skeleton, landmarks(rng, segment._replace(pose=body), size))
        rig = draw_rig(rng, body[:, 0].mean(0))
        seen = detect(rng, body, pose, skeleton, rig, size)
        parts["keypoints_2d"].append(seen.keypoints_2d)
        parts["confidence"].append(seen.confidence)
        poses.append(pose.astype(np.float32))
        rigs.append(rig)
        people.append(segment.subject)
        counts.append(len(pose))
    arrays = {name: np.concatenate(found) for name, found in parts.items()}
    arrays |= {
        name: np.stack([getattr(rig, name) for rig in rigs])
        for name in ("K", "R", "center", "image_size")
    }
    return _assembled(arrays, np.concatenate(poses), people, counts, skeleton)


def _assembled(
    arrays: dict[str, np.ndarray],
    pose: np.ndarray,
    people: list[str],
    counts: list[int],
    skeleton: Skeleton,
) -> Simulated:
    names, subject = np.unique(people, return_inverse=True)
    of_segment = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
    segments = np.array([f"segment{i}" for i in range(len(counts))])
    recording = from_arrays(
        {
            **arrays,
            "format": np.array(FORMAT),
            "joint_names": np.array(skeleton.joint_names),
            "clip_id": of_segment,
            "rig_id": of_segment,
            "frame_id": np.concatenate([np.arange(n, dtype=np.int32) for n in counts]),
            "subject_id": np.repeat(subject.astype(np.int32), counts),
            "clip_names": segments,
            "clip_actions": segments,
            "rig_names": segments,
            "subject_names": names,
            "camera_names": np.array([f"camera{i}" for i in range(VIEWS)]),
            "fps": np.array(FPS),
            "world_up": np.array([0.0, 0.0, 1.0]),
        },
        "general motion",
    )
    whole = np.ones(pose.shape[:2], np.float32)
    if recording.skeleton.joints != skeleton.joints:
        _, pose, _ = derive_root(skeleton, pose, whole)
    return Simulated(recording, pose)
