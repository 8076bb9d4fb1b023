"""Builds scenes from pose sequences and from multi-view recordings."""

from collections.abc import Collection, Sequence

import numpy as np

from geoself_jax.core.model import Prediction
from geoself_jax.data.poses.sequence import PoseSequence
from geoself_jax.data.recording import Recording
from geoself_jax.view.align import joined
from geoself_jax.view.from_recording import Sources, parts
from geoself_jax.view.scene import Scene, joint_errors
from geoself_jax.view.several_people import together

__all__ = ["Scene", "joint_errors", "scenes_from_recording", "scenes_from_sequences"]


def scenes_from_sequences(
    sequences: Sequence[PoseSequence], reference: str | None = None
) -> list[Scene]:
    """Builds one scene per clip and camera, sources in the order given.

    A sequence without a camera is in all scenes of its clip, one without a clip in those of the
    only clip. The tracks of one video, each in a file of its own, are one scene, called by their
    subjects (`several_people.together`). A sequence that does not align with the first, by axes,
    joints or frame rate, gets a scene of its own.

    Args:
        sequences: Pose sequences of any files.
        reference: Name of the source that errors are measured against; by default ground truth,
            else the triangulated joints.
    """
    sequences = together(sequences)
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
    """Builds one scene per clip and camera: prediction, ground truth and triangulated joints.

    Args:
        recording: In the joints of the prediction (`evaluate.report.in_joints_of`).
        cameras: Names of the cameras to include; None for all.
        prediction: Poses of every view, from `evaluate.report.evaluate`, or None.
        triangulated: (frames, joints, 3), metres, world frame; computed where None.
    """
    sources = Sources(recording, prediction, triangulated)
    views = [
        view
        for view, name in enumerate(recording.camera_names)
        if cameras is None or name in cameras
    ]
    scenes: list[Scene] = []
    for at in parts(recording):
        for view in views:
            found = sources.of(at, view)
            if found:
                clip = recording.clip_names[recording.clip_id[at[0]]]
                scenes += joined(found, f"{clip} · {recording.camera_names[view]}", None)
    return scenes
