"""Predictions of a recording refined over time, each view for itself, as `lift --refine` does."""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from geoself_jax.core.errors import data_error
from geoself_jax.core.model import Prediction
from geoself_jax.core.notices import silent
from geoself_jax.data.poses.sequence import CAMERA, PoseCamera, PoseSequence
from geoself_jax.data.recording import Recording
from geoself_jax.data.refinement.one_body import one_body
from geoself_jax.data.refinement.pose_sequences import refine_sequences


def refine_views(
    prediction: Prediction,
    recording: Recording,
    *,
    progress: Callable[[int], None] = silent,
) -> Prediction:
    """Refines every view over time (`data.refinement`); no view sees another.

    Bones are shared by all clips of one person in one camera. Views without a detection keep what
    the networks predict.

    Args:
        prediction: Of all frames and views, `scores.predict_recording`.
        recording: What was lifted, in the networks' joints.
        progress: Receives the number of frames done since the last call.

    Raises:
        GeoselfError: A frame is there twice (65), or nothing can be solved for (65).
    """
    pose_3d, root_position = prediction.pose_3d.copy(), prediction.root_position.copy()
    ids = np.stack([recording.subject_id, recording.rig_id], -1)
    for person in np.unique(ids, axis=0):
        theirs = (ids == person).all(-1)
        clips = [
            _in_time(recording, theirs & (recording.clip_id == clip))
            for clip in np.unique(recording.clip_id[theirs])
        ]
        names = [recording.clip_names[recording.clip_id[clip[0]]] for clip in clips]
        frames = [recording.frame_id[clip] for clip in clips]
        bodies = one_body(names, recording.subject_names[person[0]], frames)
        for view, body in itertools.product(range(recording.views), bodies):
            own = [clips[i] for i in body]
            sequences = [_sequence(prediction, recording, clip, view) for clip in own]
            for clip, poses in zip(own, refine_sequences(sequences), strict=True):
                known = np.isfinite(poses.pose).all((1, 2))
                at, joints = clip[known], poses.pose[known]
                root_position[at, view] = joints[:, recording.skeleton.root]
                pose_3d[at, view] = joints - root_position[at, view][:, None]
        progress(int(theirs.sum()))
    return prediction._replace(pose_3d=pose_3d, root_position=root_position)


def _in_time(recording: Recording, there: np.ndarray) -> np.ndarray:
    """Places of the frames of one person's clip, in the order of their numbers.

    Raises:
        GeoselfError: A frame is there twice (65).
    """
    places = np.flatnonzero(there)
    places = places[np.argsort(recording.frame_id[places], kind="stable")]
    numbers = recording.frame_id[places]
    if (twice := numbers[1:][np.diff(numbers) == 0]).size:
        clip = recording.clip_names[recording.clip_id[places[0]]]
        what = f"clip {clip}: frame {twice[0]} is there {(numbers == twice[0]).sum()} times"
        raise data_error(what, "--refine wants each frame of a person once", "number them again")
    return places


def _sequence(
    prediction: Prediction, recording: Recording, frames: np.ndarray, view: int
) -> PoseSequence:
    """One view of one clip; frames without a detection have no pose."""

    def taken(array: Any) -> np.ndarray | None:
        return None if array is None else np.asarray(array)[frames, view]

    confidence = recording.confidence[frames, view].astype(np.float32)
    pose = prediction.pose_3d[frames, view] + prediction.root_position[frames, view][:, None]
    seen = (confidence > 0).any(-1)
    K = recording.camera.K[recording.rig_id[frames[0]], view].astype(np.float64)
    return PoseSequence(
        name="lifted",
        pose=np.where(seen[:, None, None], pose, np.float32(np.nan)),
        skeleton=recording.skeleton,
        fps=recording.fps,
        frame_id=recording.frame_id[frames].astype(np.int64),
        axes=CAMERA,
        up=np.array([0.0, -1.0, 0.0]),
        camera=PoseCamera(recording.camera_names[view], K),
        keypoints_2d=recording.keypoints_2d[frames, view].astype(np.float32),
        confidence=confidence,
        uncertainty=taken(prediction.uncertainty),
        uncertainty_axes=taken(prediction.uncertainty_axes),
    )
