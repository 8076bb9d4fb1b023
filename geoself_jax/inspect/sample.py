"""The sampled instants, and how well their views agree."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from geoself_jax.core.in_chunks import in_chunks
from geoself_jax.core.shown_lengths import ShownUnits, units_for
from geoself_jax.data.body_size import body_size
from geoself_jax.data.recording import HostCamera, Recording
from geoself_jax.data.triangulated import triangulate_frames
from geoself_jax.geometry.camera import Camera, project, world_to_camera
from geoself_jax.geometry.epipolar import epipolar_distance
from geoself_jax.geometry.triangulation import position_covariance

MOST = 2000
USUAL_PX = 4.0
"""A detector's usual error on each axis, px, times `Sample.noise_scale`."""
_MANY_VIEWS = 8


@dataclass(frozen=True)
class Sample:
    """Instants of one rig, spread over a recording's clips.

    Attributes:
        whole: The recording they are from.
        frames: (n,) their places in it, ascending.
    """

    whole: Recording
    frames: np.ndarray

    @cached_property
    def recording(self) -> Recording:
        """The instants alone."""
        return self.whole.select(self.frames)

    @property
    def rig(self) -> int:
        """Their rig."""
        return int(self.whole.rig_id[self.frames[0]])

    @property
    def views(self) -> int:
        """Number of cameras."""
        return self.whole.views

    @cached_property
    def cameras(self) -> HostCamera:
        """The rig's cameras, batch shape (views,)."""
        return HostCamera(*(array[self.rig] for array in self.whole.camera))

    @cached_property
    def seen(self) -> np.ndarray:
        """(n, views, joints) detections with a positive confidence."""
        return self.recording.confidence > 0

    @cached_property
    def pixels(self) -> np.ndarray:
        """(n, views, joints, 2) detections, NaN where one has no confidence."""
        return np.where(self.seen[..., None], self.recording.keypoints_2d, np.float32(np.nan))

    @cached_property
    def points(self) -> np.ndarray:
        """(n, joints, 3) robustly triangulated, world, metres; NaN where fewer than two views."""
        return triangulated(self.recording.keypoints_2d, self.recording.confidence, self.cameras)

    @cached_property
    def shown(self) -> ShownUnits:
        """The units in which lengths are shown, by the body's size."""
        return units_for(self.whole.unit * body_size(self.points))

    @cached_property
    def covariance(self) -> np.ndarray:
        """(n, joints, 3, 3) metres squared, of the points at a detector's usual error."""
        sigma = np.array([USUAL_PX * self.noise_scale(view) for view in range(self.views)])
        return _float64(_covariance, (self.points, self.seen / sigma[:, None] ** 2), self.cameras)

    @cached_property
    def residual(self) -> np.ndarray:
        """(n, views, joints) pixels from each detection to the triangulated joint; NaN unseen."""
        pixels, _ = self.seen_by_all
        error = np.linalg.norm(pixels - self.recording.keypoints_2d, axis=-1)
        return np.where(self.seen, error, np.nan)

    @cached_property
    def seen_by_all(self) -> tuple[np.ndarray, np.ndarray]:
        """Pixels (n, views, joints, 2) and depths (n, views, joints) of the triangulated joints."""
        views = [projected(self.points, one(self.cameras, v)) for v in range(self.views)]
        return np.stack([p for p, _ in views], 1), np.stack([z for _, z in views], 1)

    @cached_property
    def by_others(self) -> np.ndarray:
        """(views, n, joints, 3) triangulated without each view in turn; all NaN for two views."""
        found = []
        for view in range(self.views):
            confidence = self.recording.confidence.copy()
            confidence[:, view] = 0
            found.append(triangulated(self.recording.keypoints_2d, confidence, self.cameras))
        return np.stack(found)

    @cached_property
    def expected(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Of each view the pixels and depths of what the other views say."""
        return [projected(self.by_others[v], one(self.cameras, v)) for v in range(self.views)]

    def error_of(
        self,
        view: int,
        *,
        keypoints_2d: np.ndarray | None = None,
        camera: HostCamera | None = None,
    ) -> np.ndarray:
        """(n, joints) pixels between a view and what the other views say; NaN where unseen.

        To the joint triangulated from the others; with two views to the epipolar line.

        Args:
            view: Which.
            keypoints_2d: (n, joints, 2) in place of the view's own detections.
            camera: In place of the view's own.
        """
        own = self.pixels[:, view] if keypoints_2d is None else keypoints_2d
        if self.views > 2:
            there = projected(self.by_others[view], camera) if camera else self.expected[view]
            pixels, depth = there
            off = pixels - own  # NaN where either is
            error = np.sqrt(off[..., 0] ** 2 + off[..., 1] ** 2)
            behind = depth <= 0
            if behind.any():
                error[behind & ~np.isnan(error)] = np.inf
            return error
        other = self.pixels[:, 1 - view]
        error = epipolar(own, other, camera or one(self.cameras, view), one(self.cameras, 1 - view))
        return np.where(self.seen[:, 1 - view], error, np.nan)

    def thinned(self, most: int) -> "Sample":
        """At most `most` of the instants, evenly spaced."""
        return Sample(self.whole, spread(self.frames, most))

    def pixel_scale(self, view: int) -> float:
        """Pixels that count as one in an image 1000 wide."""
        return float(self.whole.image_size[self.rig, view].max()) / 1000

    def noise_scale(self, view: int) -> float:
        """What a pixel of error counts for: 1 where the image is 1000 wide and the body 400 large.

        A detector's error grows with the body in the image, and with the image's resolution.
        """
        return self.pixel_scale(view) * self._body_in_image

    @cached_property
    def _body_in_image(self) -> float:
        """The body's extent by 0.4 of the image's, median of the cameras, from 0.5 to 2."""
        shares = []
        for view in range(self.views):
            own = self.pixels[self.seen[:, view].any(-1), view]
            if len(own):
                extent = np.linalg.norm(np.nanmax(own, 1) - np.nanmin(own, 1), axis=-1)
                shares.append(float(np.median(extent)) / (1000 * self.pixel_scale(view)))
        return float(np.clip(np.median(shares) / 0.4, 0.5, 2)) if shares else 1.0

    def name(self, view: int) -> str:
        """The camera's name, with the rig's where there are several."""
        rig = f"rig {self.whole.rig_names[self.rig]}, " if len(self.whole.rig_names) > 1 else ""
        return f"{rig}camera {self.whole.camera_names[view]}"


def samples_of(recording: Recording, most: int = MOST) -> list[Sample]:
    """One sample a rig, of instants that two views see; empty where there are none.

    A camera that sees nothing takes no part.
    """
    two = (recording.confidence > 0).any(-1).sum(-1) >= min(2, recording.views)
    rigs = np.unique(recording.rig_id[two])
    most = int(most * min(1, _MANY_VIEWS / recording.views))
    share = max(50, most // max(1, len(rigs)))
    chosen = [spread(np.flatnonzero(two & (recording.rig_id == rig)), share) for rig in rigs]
    return [
        Sample(_seeing(recording, rig), frames) for rig, frames in zip(rigs, chosen, strict=True)
    ]


def _seeing(recording: Recording, rig: int) -> Recording:
    """The recording without the cameras that see nothing in the whole of a rig's frames."""
    sees = (recording.confidence[recording.rig_id == rig] > 0).any((0, 2))
    return recording if sees.all() else recording.select_views(np.flatnonzero(sees))


def spread(frames: np.ndarray, most: int) -> np.ndarray:
    """At most `most` entries of an array, evenly spaced."""
    chosen = np.linspace(0, len(frames) - 1, min(most, len(frames)))
    return frames[np.unique(chosen.astype(int))]


def one(cameras: HostCamera, view: int) -> HostCamera:
    """One camera of several."""
    return HostCamera(*(array[view] for array in cameras))


def place(recording: Recording, frame: int) -> str:
    """A frame by its clip's name and its number in it."""
    clip = recording.clip_names[recording.clip_id[frame]]
    return f"clip {clip} frame {int(recording.frame_id[frame])}"


def triangulated(
    keypoints_2d: np.ndarray, confidence: np.ndarray, cameras: HostCamera
) -> np.ndarray:
    """(n, joints, 3) world, metres, from (n, views, joints, 2) pixels of one rig."""
    return triangulate_frames(keypoints_2d, confidence, cameras).astype(np.float64)


def projected(points: np.ndarray, camera: HostCamera) -> tuple[np.ndarray, np.ndarray]:
    """Pixels (n, joints, 2) and depths (n, joints) of world points in one camera."""
    found = _float64(_project, (points,), camera)
    return found[..., :2], found[..., 2]


def epipolar(
    source_2d: np.ndarray, target_2d: np.ndarray, source: HostCamera, target: HostCamera
) -> np.ndarray:
    """(n, joints) pixels to the epipolar lines, both ways; NaN where either is missing."""
    return _float64(_epipolar, (source_2d, target_2d), source, target)


def _float64(
    function: Callable[..., jax.Array], arrays: tuple[np.ndarray, ...], *cameras: HostCamera
) -> np.ndarray:
    """What a function of frames and of cameras gives, computed in float32."""
    rounded = [tuple(np.asarray(array, np.float32) for array in camera) for camera in cameras]
    return in_chunks(function, arrays, *rounded).astype(np.float64)


@jax.jit
def _project(points: Any, camera: tuple[Any, Any, Any]) -> jax.Array:
    K, R, center = camera
    local = world_to_camera(points, Camera(K, R, center))
    return jnp.concatenate([project(local, K), local[..., 2:]], axis=-1)


@jax.jit
def _covariance(points: Any, weight: Any, camera: tuple[Any, Any, Any]) -> jax.Array:
    frames = [jnp.broadcast_to(array, (len(points), *array.shape)) for array in camera]
    return position_covariance(points, weight, Camera(*frames))


@jax.jit
def _epipolar(source_2d: Any, target_2d: Any, source: Any, target: Any) -> jax.Array:
    return epipolar_distance(source_2d, target_2d, Camera(*source), Camera(*target))
