"""Scenes from sequences of any files, and from a recording of several cameras."""

from collections.abc import Collection, Sequence

import numpy as np

from geoself_jax.core.model import Prediction
from geoself_jax.data.poses.sequence import PoseSequence
from geoself_jax.data.recording import Recording
from geoself_jax.view.align import joined
from geoself_jax.view.from_recording import Sources, parts
from geoself_jax.view.scene import Scene, joint_errors

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
        recording: In the joints of the prediction (`evaluate.report.in_joints_of`).
        cameras: Names of those wanted; None for all.
        prediction: Of every view, from `evaluate.report.evaluate`; None for none.
        triangulated: (frames, joints, 3) world, metres; computed where not given.
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
