"""Left and right exchanged in some frames of calibrated cameras: found by what the others see."""

import jax
import jax.numpy as jnp
import numpy as np

from geoself_jax.core.in_chunks import in_chunks
from geoself_jax.data.exchanged_limbs import find_exchanged_limbs, mark
from geoself_jax.data.exchanges import FAR, body_px, find_exchanges, follows, runs_of
from geoself_jax.data.limb_pairs import Pairs, limb_pairs
from geoself_jax.data.recording import HostCamera, Recording
from geoself_jax.data.triangulated import triangulate_frames
from geoself_jax.geometry.camera import Camera, project, world_to_camera

LEAST_PX = 15.0
"""A limb that fits the other cameras so well is not exchanged; px of an image 1000 wide."""
SWEEPS = 4


def find_in_views(recording: Recording) -> np.ndarray:
    """Finds the joints that are exchanged with their twins.

    A limb in one of three cameras or more is exchanged in a run of frames where that halves its
    distance from what the other cameras see, and makes it move no less evenly: of two cameras that
    disagree the one that jumps is wrong. Two cameras say less than how each sees the body move:
    they are taken one by one.

    Args:
        recording: Of one or more people, one a clip, and calibrated cameras.

    Returns:
        (T, V, J) bool.
    """
    if recording.views < 3:
        return find_in_each_view(recording)[0]
    joints = np.zeros(recording.confidence.shape, bool)
    limbs = limb_pairs(recording.skeleton)
    for rig in np.unique(recording.rig_id).tolist():
        at = np.flatnonzero(recording.rig_id == rig)
        views = _Views(recording, rig, at)
        for limb, pairs in limbs.items():
            if limb == "head":
                continue
            found = views.exchanged(pairs)
            for view in range(recording.views):
                own = joints[at, view]
                mark(own, pairs, found[:, view])
                if limb == "arms" and "head" in limbs:
                    mark(own, limbs["head"], views.head(view, limbs["head"], found[:, view]))
                joints[at, view] = own
    return joints


def find_in_each_view(recording: Recording) -> tuple[np.ndarray, np.ndarray]:
    """Finds the joints that are exchanged with their twins, in each camera by itself.

    Args:
        recording: Of one or more people, one a clip; its cameras are not used.

    Returns:
        (T, V, J) bool; and (T, V) bool where it is not known which side is right.
    """
    joints = np.zeros(recording.confidence.shape, bool)
    undecided = np.zeros(joints.shape[:2], bool)
    for clip in clips_of(recording):
        for view in range(recording.views):
            joints[clip, view], undecided[clip, view] = find_exchanged_limbs(
                recording.keypoints_2d[clip, view],
                recording.confidence[clip, view],
                recording.skeleton,
                recording.frame_id[clip],
                recording.fps,
            )
    return joints, undecided


def clips_of(recording: Recording) -> list[np.ndarray]:
    """Returns the places of the frames of each clip of each person and rig."""
    whose = np.stack([recording.clip_id, recording.subject_id, recording.rig_id], -1)
    which = np.unique(whose, axis=0, return_inverse=True)[1].ravel()
    return [np.flatnonzero(which == clip) for clip in range(which.max(initial=-1) + 1)]


class _Views:
    """The frames of one rig."""

    def __init__(self, recording: Recording, rig: int, at: np.ndarray) -> None:
        self.pixels = recording.keypoints_2d[at]
        self.confidence = recording.confidence[at]
        self.camera = HostCamera(*(array[rig] for array in recording.camera))
        self.frame_id, self.fps = recording.frame_id[at], recording.fps
        self.clips = clips_of(recording.select(at))
        self.least = LEAST_PX * recording.image_size[rig].max(-1) / 1000
        seen = self.confidence > 0
        self.size = [body_px(self.pixels[:, v], seen[:, v]) for v in range(recording.views)]

    def exchanged(self, pairs: Pairs) -> np.ndarray:
        """(T, V) frames and views in which the pairs are exchanged; each view by all others."""
        views = self.confidence.shape[1]
        state = np.stack([self._alone(view, pairs) for view in range(views)], 1)
        for _ in range(SWEEPS):
            before = state.copy()
            for view in range(views):
                state[:, view] = self._of_view(view, pairs, state)
            if (state == before).all():
                break
        return state

    def head(self, view: int, pairs: Pairs, exchanged: np.ndarray) -> np.ndarray:
        """(T,) frames of those given in which the head's pairs are exchanged too."""
        result = np.zeros_like(exchanged)
        for clip in self.clips:
            data = self.pixels[clip, view], self.confidence[clip, view]
            result[clip] = follows(*data, pairs, self.frame_id[clip], self.fps, exchanged[clip])
        return result

    def _alone(self, view: int, pairs: Pairs) -> np.ndarray:
        """(T,) frames of a view that are exchanged by how the body moves in it."""
        result = np.zeros(len(self.frame_id), bool)
        for clip in self.clips:
            data = self.pixels[clip, view], self.confidence[clip, view]
            result[clip] = find_exchanges(*data, pairs, self.frame_id[clip], self.fps).exchanged
        return result

    def _of_view(self, view: int, pairs: Pairs, state: np.ndarray) -> np.ndarray:
        """(T,) frames of a view that are exchanged if the others are as `state` says."""
        error = self._errors(view, pairs, state)
        most = FAR * self.size[view]
        evidence = _mean(np.minimum(error, most)) / self.size[view]
        middle = _median(error)
        result = np.zeros(len(state), bool)
        for clip in self.clips:
            data = self.pixels[clip, view], self.confidence[clip, view]
            found = find_exchanges(
                *data, pairs, self.frame_id[clip], self.fps, evidence=evidence[clip]
            )
            for first, last in runs_of(found.exchanged):
                run = clip[first : last + 1]
                now, exchanged = np.median(middle[run], axis=0)
                result[run] = now > self.least[view] and exchanged < now / 2
        return result

    def _errors(self, view: int, pairs: Pairs, state: np.ndarray) -> np.ndarray:
        """(T, 2, joints of the pairs) px from what the other views see, as it is and exchanged."""
        joints = np.array(pairs, int)
        mirror = np.arange(self.pixels.shape[2])
        mirror[joints] = joints[:, ::-1]
        pixels = np.where(state[..., None, None], self.pixels[:, :, mirror], self.pixels)
        confidence = np.where(state[..., None], self.confidence[:, :, mirror], self.confidence)
        pixels, confidence = pixels[:, :, joints.ravel()], confidence[:, :, joints.ravel()]
        kept = np.where((self.confidence[:, view] > 0)[..., None], self.pixels[:, view], np.nan)
        both = (kept[:, joints.ravel()], kept[:, joints[:, ::-1].ravel()])
        confidence[:, view] = 0
        points = triangulate_frames(pixels, confidence, self.camera)
        there = in_chunks(_shown, (points,), self._one(view))
        return np.stack([np.linalg.norm(there - own, axis=-1) for own in both], 1)

    def _one(self, view: int) -> Camera:
        return HostCamera(*(array[view] for array in self.camera)).on_device()


@jax.jit
def _shown(points: jax.Array, camera: Camera) -> jax.Array:
    """Pixels of world points; NaN behind the camera."""
    local = world_to_camera(points, camera)
    return jnp.where(local[..., 2:] > 0, project(local, camera.K), jnp.nan)


def _mean(error: np.ndarray) -> np.ndarray:
    """Mean over the last axis of what is known; 0 where nothing is."""
    known = np.isfinite(error)
    return np.where(known, error, 0).sum(-1) / np.maximum(known.sum(-1), 1)


def _median(error: np.ndarray) -> np.ndarray:
    """Median over the last axis of what is known; 0 where nothing is."""
    known = np.isfinite(error)
    ordered = np.sort(np.where(known, error, np.inf), -1)
    middle = np.maximum(known.sum(-1) - 1, 0) // 2
    found = np.take_along_axis(ordered, middle[..., None], -1)[..., 0]
    return np.where(np.isfinite(found), found, 0)
