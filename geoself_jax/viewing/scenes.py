"""Scenes from sequences of any files, and from a recording of several cameras."""

from collections.abc import Collection, Sequence

import numpy as np

from geoself_jax.data.joint_maps import joint_map
from geoself_jax.data.training_views import triangulate_recording
from geoself_jax.poses.sequence import CAMERA, WORLD, PoseCamera, PoseSequence
from geoself_jax.recording import Recording
from geoself_jax.step import Prediction
from geoself_jax.viewing.joining import joined
from geoself_jax.viewing.scene import PREDICTION, TRIANGULATED, TRUTH, Scene, joint_errors

__all__ = ["Scene", "joint_errors", "scenes_from_recording", "scenes_from_sequences"]


def scenes_from_sequences(
    sequences: Sequence[PoseSequence], reference: str | None = None
) -> list[Scene]:
    """One scene a clip and camera, sources in the order given.

    A sequence that names no camera is in all scenes of its clip, one that names no clip in those of
    the only clip. What cannot be brought to the first one's axes or joints, or has another frame
    rate, is in a scene of its own.

    Args:
        sequences: Of any files.
        reference: Name of the source that errors are measured against; where not given, ground
            truth, else the triangulated.
    """
    keys = [(s.clip, s.camera.name if s.camera else "") for s in sequences]
    clips = {clip for clip, _ in keys if clip}
    if len(clips) == 1:
        keys = [(clip, camera) for clip in clips for _, camera in keys]
    groups = dict.fromkeys(key for key in keys if key[1])
    named = {clip for clip, _ in groups}
    groups |= dict.fromkeys(key for key in keys if key[0] not in named)
    scenes = []
    for clip, camera in groups:
        among = [
            sequence
            for sequence, key in zip(sequences, keys, strict=True)
            if key in ((clip, camera), (clip, ""))
        ]
        scenes += joined(among, " · ".join(filter(None, (clip, camera))), reference)
    return scenes


def scenes_from_recording(
    recording: Recording,
    cameras: Collection[str] | None = None,
    prediction: Prediction | None = None,
    triangulated: np.ndarray | None = None,
) -> list[Scene]:
    """One scene a clip and camera: the prediction, the ground truth, the triangulated joints.

    Args:
        recording: In the joints of the prediction (`evaluation.in_joints_of`).
        cameras: Names of those wanted; None for all.
        prediction: Of every view, from `evaluation.evaluate`; None for none.
        triangulated: (frames, joints, 3) world, metres; computed where not given.
    """
    if triangulated is None and recording.views > 1:
        triangulated = triangulate_recording(recording)
    truth = _truth(recording)
    views = [
        v for v, name in enumerate(recording.camera_names) if cameras is None or name in cameras
    ]
    scenes: list[Scene] = []
    pairs = np.stack([recording.clip_id, recording.rig_id], axis=1)
    _, first = np.unique(pairs, axis=0, return_index=True)
    for clip, rig in pairs[np.sort(first)]:
        at = np.flatnonzero((pairs == (clip, rig)).all(1))
        # Ascending, each frame once.
        at = at[np.unique(recording.frame_id[at], return_index=True)[1]]
        for view in views:
            sources: list[PoseSequence] = []
            if prediction is not None:
                lifted = _absolute(prediction, recording, at, view)
                sources.append(_sequence(recording, PREDICTION, lifted, at, view, CAMERA))
            for name, world in ((TRUTH, truth), (TRIANGULATED, triangulated)):
                if world is not None:
                    sources.append(_sequence(recording, name, world[at], at, view, WORLD))
            title = f"{recording.clip_names[clip]} · {recording.camera_names[view]}"
            if sources:
                scenes += joined(_with_detections(recording, sources, at, view), title, None)
    return scenes


def _truth(recording: Recording) -> np.ndarray | None:
    """Ground truth in the detections' joints, NaN where it has nothing for one."""
    if recording.pose_world is None or recording.pose_skeleton is None:
        return recording.pose_world
    return joint_map(recording.pose_skeleton, recording.skeleton).points(recording.pose_world)


def _absolute(
    prediction: Prediction, recording: Recording, at: np.ndarray, view: int
) -> np.ndarray:
    """(frames, joints, 3) camera frame, metres; NaN where an empty view was lifted from nothing."""
    pose = np.asarray(prediction.pose_3d[at, view] + prediction.root_position[at, view][:, None])
    seen = (recording.confidence[at, view] > 0).any(-1)
    return np.where(seen[:, None, None], pose, np.nan)


def _sequence(
    recording: Recording, name: str, pose: np.ndarray, at: np.ndarray, view: int, axes: str
) -> PoseSequence:
    clip, rig = recording.clip_id[at[0]], recording.rig_id[at[0]]
    width, height = recording.image_size[rig, view]
    K, R, center = (array[rig, view] for array in recording.camera)
    return PoseSequence(
        name=name,
        pose=pose.astype(np.float32),
        skeleton=recording.skeleton,
        fps=recording.fps,
        frame_id=recording.frame_id[at].astype(np.int64),
        axes=axes,
        up=recording.world_up if axes == WORLD else R @ recording.world_up,
        clip=recording.clip_names[clip],
        action=recording.clip_actions[clip],
        subject=recording.subject_names[recording.subject_id[at[0]]],
        camera=PoseCamera(recording.camera_names[view], K, (int(width), int(height)), R, center),
    )


def _with_detections(
    recording: Recording, sources: list[PoseSequence], at: np.ndarray, view: int
) -> list[PoseSequence]:
    """The first source with what its camera saw, the others as they are."""
    pixels, confidence = recording.keypoints_2d[at, view], recording.confidence[at, view]
    first = [s.replace(keypoints_2d=pixels, confidence=confidence) for s in sources[:1]]
    return first + sources[1:]
