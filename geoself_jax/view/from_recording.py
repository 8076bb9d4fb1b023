"""Sources of one person in one video of a multi-view recording."""

import warnings
from collections.abc import Iterator

import numpy as np

from geoself_jax.core.model import Prediction
from geoself_jax.data.frame_order import repeated
from geoself_jax.data.joint_maps import joint_map
from geoself_jax.data.poses.sequence import CAMERA, WORLD, PoseCamera, PoseSequence
from geoself_jax.data.recording import Recording
from geoself_jax.data.rig import SKYWARD, up_in_camera
from geoself_jax.data.training_set import triangulate_recording
from geoself_jax.geometry.lenses import Lens
from geoself_jax.view.scene import PREDICTION, TRIANGULATED, TRUTH


def parts(recording: Recording) -> Iterator[np.ndarray]:
    """Yields the frames of each clip, subject and rig, ordered by frame number, without duplicates.

    Warns of those that are left out.
    """
    ids = np.stack([recording.clip_id, recording.subject_id, recording.rig_id], axis=1)
    _, first = np.unique(ids, axis=0, return_index=True)
    for one in ids[np.sort(first)]:
        at = np.flatnonzero((ids == one).all(1))
        again = repeated(recording, at)
        if again.size:
            clip = recording.clip_names[one[0]]
            said = f"clip {clip!r}: {again.size} frames are there more than once, first {again[0]}"
            warnings.warn(f"{said} - each is shown once, as it is there first", stacklevel=2)
        yield at[np.unique(recording.frame_id[at], return_index=True)[1]]


class Sources:
    """Prediction, ground truth and triangulated joints of a recording, as far as available.

    Attributes:
        recording: Recording in the joints of the prediction.
        prediction: Poses of every view, or None.
        worlds: Name to (frames, joints, 3), metres, world frame; NaN where missing.
    """

    def __init__(
        self,
        recording: Recording,
        prediction: Prediction | None = None,
        triangulated: np.ndarray | None = None,
    ) -> None:
        self.recording = recording
        self.prediction = prediction
        self.worlds: dict[str, np.ndarray] = {}
        if recording.pose_world is not None:
            self.worlds[TRUTH] = _truth(recording, recording.pose_world)
        if triangulated is None and recording.views > 1:
            triangulated = triangulate_recording(recording)
        if triangulated is not None:
            self.worlds[TRIANGULATED] = triangulated

    def of(self, at: np.ndarray, view: int) -> list[PoseSequence]:
        """Returns the sources of frames of one clip and camera; the first has the 2D detections."""
        found = []
        if self.prediction is not None:
            lifted = _absolute(self.prediction, self.recording, at, view)
            found.append(_sequence(self.recording, PREDICTION, lifted, at, view, CAMERA))
        for name, world in self.worlds.items():
            found.append(_sequence(self.recording, name, world[at], at, view, WORLD))
        seen = {"keypoints_2d": self.recording.keypoints_2d[at, view]}
        seen["confidence"] = self.recording.confidence[at, view]
        return [sequence.replace(**seen) for sequence in found[:1]] + found[1:]


def _truth(recording: Recording, pose_world: np.ndarray) -> np.ndarray:
    """Returns ground truth in the detections' joints; NaN for joints it lacks."""
    if recording.pose_skeleton is None:
        return pose_world
    return joint_map(recording.pose_skeleton, recording.skeleton).points(pose_world)


def _absolute(
    prediction: Prediction, recording: Recording, at: np.ndarray, view: int
) -> np.ndarray:
    """Returns absolute poses (frames, joints, 3), metres, camera frame; NaN without detections."""
    pose = np.asarray(prediction.pose_3d[at, view] + prediction.root_position[at, view][:, None])
    seen = (recording.confidence[at, view] > 0).any(-1)
    return np.where(seen[:, None, None], pose, np.nan)


def _sequence(
    recording: Recording, name: str, pose: np.ndarray, at: np.ndarray, view: int, axes: str
) -> PoseSequence:
    clip, rig = recording.clip_id[at[0]], recording.rig_id[at[0]]
    width, height = recording.image_size[rig, view]
    K, R, center = (array[rig, view] for array in recording.camera)
    lens = None if recording.dist is None else Lens(tuple(recording.dist[rig, view].tolist()))
    return PoseSequence(
        name=name,
        pose=pose.astype(np.float32),
        skeleton=recording.skeleton,
        fps=recording.fps,
        frame_id=recording.frame_id[at].astype(np.int64),
        axes=axes,
        up=_world_up(recording, R) if axes == WORLD else up_in_camera(R, recording.world_up),
        clip=recording.clip_names[clip],
        action=recording.clip_actions[clip],
        subject=recording.subject_names[recording.subject_id[at[0]]],
        camera=PoseCamera(
            recording.camera_names[view], K, (int(width), int(height)), R, center, lens
        ),
    )


def _world_up(recording: Recording, R: np.ndarray) -> np.ndarray:
    """Returns (3,), against gravity; upwards in the image of a camera with `R` where unknown."""
    return R.T @ SKYWARD if recording.world_up is None else recording.world_up
