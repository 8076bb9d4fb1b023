"""Batches as a pure function of a key: frames, views and new views of triangulated bodies."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

from geoself_jax.batch import Batch, TrainingViews
from geoself_jax.config import AugmentationConfig
from geoself_jax.geometry.camera import Camera, project, world_to_camera
from geoself_jax.skeleton import Skeleton

AUGMENTED_DEPTH = 1.0
"""Metres: a new view with a joint nearer than this is not one that a rig could have taken."""


class _Change(NamedTuple):
    """What happens to one body: leading shape (batch,)."""

    rig: Int[Array, " batch"]
    mirror: Float[Array, " batch"]  # -1 or 1
    scale: Float[Array, " batch"]
    angle: Float[Array, " batch"]
    shift: Float[Array, "batch 2"]


def draw_batch(
    data: TrainingViews,
    key: Key[Array, ""],
    *,
    batch: int,
    views: int,
    augmentation: AugmentationConfig,
    skeleton: Skeleton,
) -> Batch:
    """Draws instants with replacement and, for each, `views` different views.

    Args:
        data: The training set.
        key: Of this step; the same key gives the same batch.
        batch: Instants.
        views: Views an instant, at most the rig's.
        augmentation: New views of the triangulated bodies in place of a share of the samples.
        skeleton: For mirroring.
    """
    frames, all_views, _, _ = data.keypoints_2d.shape
    key_frame, key_view, key_share, key_change = jax.random.split(key, 4)
    frame = jax.random.randint(key_frame, (batch,), 0, frames)
    order = jnp.argsort(jax.random.uniform(key_view, (batch, all_views)), axis=-1)
    view = order[:, :views]
    own = _observed(data, frame, view)
    if augmentation.share == 0:
        return own
    new = _new_views(data, frame, view, key_change, augmentation, skeleton)
    usable = jnp.all(jnp.nan_to_num(new.label[..., 2], nan=jnp.inf) > AUGMENTED_DEPTH, axis=(1, 2))
    usable &= jnp.all(jnp.isfinite(data.label_world[frame, skeleton.root]), axis=-1)
    chosen = usable & (jax.random.uniform(key_share, (batch,)) < augmentation.share)
    return jax.tree.map(
        lambda a, b: jnp.where(chosen.reshape(-1, *[1] * (a.ndim - 1)), a, b), new, own
    )


def _cameras(data: TrainingViews, rig: jax.Array, view: jax.Array) -> Camera:
    return Camera(*(array[rig[:, None], view] for array in data.camera))


def _observed(data: TrainingViews, frame: jax.Array, view: jax.Array) -> Batch:
    """The detections as they are."""
    camera = _cameras(data, data.rig_id[frame], view)
    return Batch(
        keypoints_2d=data.keypoints_2d[frame[:, None], view],
        confidence=data.confidence[frame[:, None], view],
        camera=camera,
        label=world_to_camera(data.label_world[frame][:, None], camera),
    )


def _new_views(
    data: TrainingViews,
    frame: jax.Array,
    view: jax.Array,
    key: jax.Array,
    augmentation: AugmentationConfig,
    skeleton: Skeleton,
) -> Batch:
    """Bodies mirrored, scaled, turned and moved, seen by a random real rig.

    The detector's residuals of the same instant and view, in units of rays at the body's distance,
    are put back, so that the new detections err as the real ones do.
    """
    own = _observed(data, frame, view)
    residual = own.keypoints_2d - project(own.label, own.camera.K)  # NaN where missing
    residual = residual * own.label[..., 2:] / own.camera.K[..., None, [0, 1], [0, 1]]  # metres

    change = _draw_change(data, key, len(frame), augmentation)
    body = _moved(data, frame, change, skeleton.root)
    camera = _cameras(data, change.rig, view)
    label = world_to_camera(body[:, None], camera)

    mirrored = (change.mirror < 0)[:, None, None]
    swap = jnp.array(skeleton.mirror)
    flipped = residual[:, :, swap] * jnp.array([-1.0, 1.0])
    residual = jnp.where(mirrored[..., None], flipped, residual)
    label = jnp.where(mirrored[..., None], label[:, :, swap], label)
    confidence = jnp.where(mirrored, own.confidence[:, :, swap], own.confidence)

    pixels = residual * camera.K[..., None, [0, 1], [0, 1]] / label[..., 2:]
    keypoints_2d = project(label, camera.K) + pixels
    seen = jnp.isfinite(keypoints_2d).all(-1)
    return Batch(keypoints_2d, jnp.where(seen, confidence, 0), camera, label)


def _draw_change(
    data: TrainingViews, key: jax.Array, batch: int, augmentation: AugmentationConfig
) -> _Change:
    keys = jax.random.split(key, 5)
    mirror = jax.random.bernoulli(keys[1], 0.5 * augmentation.mirror, (batch,))
    angle = jax.random.uniform(keys[3], (batch,), maxval=2 * jnp.pi) * augmentation.turn
    limit = augmentation.scale
    return _Change(
        rig=jax.random.randint(keys[0], (batch,), 0, len(data.rig_middle)),
        mirror=jnp.where(mirror, -1.0, 1.0),
        scale=1 + jax.random.uniform(keys[2], (batch,), minval=-limit, maxval=limit),
        angle=angle,
        shift=augmentation.shift * jax.random.uniform(keys[4], (batch, 2), minval=-1),
    )


def _moved(
    data: TrainingViews, frame: jax.Array, change: _Change, root: int
) -> Float[Array, "batch joints 3"]:
    """Triangulated bodies changed about their root, feet on the ground, in another rig's world."""
    body = data.label_world[frame]
    across, ahead, up = _axes(data.world_up)
    middle = body[:, root]
    relative = body - middle[:, None]
    height, x, y = (jnp.sum(relative * axis, axis=-1) for axis in (up, across, ahead))
    x = x * change.mirror[:, None]
    cos, sin = jnp.cos(change.angle)[:, None], jnp.sin(change.angle)[:, None]
    x, y = cos * x - sin * y, sin * x + cos * y
    scale = change.scale[:, None]
    lift = (1 - change.scale) * jnp.nanmin(height, axis=-1)  # the lowest joint stays where it was
    moved = (
        (scale * x)[..., None] * across
        + (scale * y)[..., None] * ahead
        + (scale * height + lift[:, None])[..., None] * up
    )
    middle = middle - data.rig_middle[data.rig_id[frame]] + data.rig_middle[change.rig]
    middle = middle + change.shift[:, :1] * across + change.shift[:, 1:] * ahead
    return moved + middle[:, None]


def _axes(up: Float[Array, " 3"]) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Two horizontal axes and the vertical one."""
    aside = jnp.where(jnp.abs(up[0]) < 0.9, jnp.array([1.0, 0, 0]), jnp.array([0, 1.0, 0]))
    across = jnp.cross(aside, up)
    across = across / jnp.linalg.norm(across)
    return across, jnp.cross(up, across), up
