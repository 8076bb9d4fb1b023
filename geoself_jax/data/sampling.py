"""Batches as a pure function of a key: frames, views and new views of triangulated bodies."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Key

from geoself_jax.batch import PER_FRAME, Batch, TrainingViews, windows
from geoself_jax.config import AugmentationConfig
from geoself_jax.geometry.camera import Camera, project, world_to_camera
from geoself_jax.skeleton import Skeleton

AUGMENTED_DEPTH = 1.0
"""Metres: a new view with a joint nearer than this is not one that a rig could have taken."""


class Samples(NamedTuple):
    """All that is random of a batch, but for what the networks drop.

    Attributes:
        frame: Instant of each sample.
        view: Its views.
        numbers: Uniform in [0, 1), what its change into a new view is made of.
    """

    frame: Int[Array, " batch"]
    view: Int[Array, "batch views"]
    numbers: Float[Array, "batch 7"]


class _Change(NamedTuple):
    """What happens to one body: leading shape (batch,)."""

    rig: Int[Array, " batch"]
    mirror: Float[Array, " batch"]  # -1 or 1
    scale: Float[Array, " batch"]
    angle: Float[Array, " batch"]
    shift: Float[Array, "batch 2"]


def draw_samples(
    key: Key[Array, ""],
    start: int | Int[Array, ""],
    *,
    batch: int,
    views: int,
    frames: int,
    rig_views: int,
) -> Samples:
    """Samples `start` to `start + batch` of a step: each a pure function of the key and its number.

    So any part of a batch can be drawn by itself, and the parts make up the whole bit for bit.

    Args:
        key: Of this step.
        start: First sample's number.
        batch: Samples.
        views: Different views of each.
        frames: Instants to draw from, with replacement.
        rig_views: Views to draw from.
    """

    def one(number: jax.Array) -> Samples:
        key_frame, key_rest = jax.random.split(jax.random.fold_in(key, number))
        uniform = jax.random.uniform(key_rest, (rig_views + 7,))
        return Samples(
            frame=jax.random.randint(key_frame, (), 0, frames),
            view=jnp.argsort(uniform[:rig_views])[:views],
            numbers=uniform[rig_views:],
        )

    return jax.vmap(one)(start + jnp.arange(batch))


def take_frames(data: TrainingViews, frame: Int[Array, "*batch"]) -> TrainingViews:
    """The chosen instants, in that shape."""
    return data._replace(**{name: getattr(data, name)[frame] for name in PER_FRAME})


def make_batch(
    rows: TrainingViews,
    samples: Samples,
    *,
    augmentation: AugmentationConfig,
    skeleton: Skeleton,
) -> Batch:
    """A batch from its samples' instants.

    Args:
        rows: The instant of each sample (`take_frames`), or the window of each, one more axis.
        samples: What was drawn for each.
        augmentation: New views of the triangulated bodies in place of a share of the samples.
        skeleton: For mirroring.
    """
    rows, mirror, root = _folded(rows, skeleton)
    own = _observed(rows, samples.view)
    if augmentation.share == 0:
        return own
    new = _new_views(rows, samples, own, augmentation, mirror, root)
    usable = jnp.all(jnp.nan_to_num(new.label[..., 2], nan=jnp.inf) > AUGMENTED_DEPTH, axis=(1, 2))
    usable &= jnp.all(jnp.isfinite(rows.label_world[:, root]), axis=-1)
    chosen = usable & (samples.numbers[:, 0] < augmentation.share)
    return jax.tree.map(
        lambda a, b: jnp.where(chosen.reshape(-1, *[1] * (a.ndim - 1)), a, b), new, own
    )


def _folded(rows: TrainingViews, skeleton: Skeleton) -> tuple[TrainingViews, jax.Array, int]:
    """Windows as bodies of more joints, frame by frame; each one's mirror image; the root.

    A window moves as a whole, so that to all that follows it is one body.
    """
    mirror = np.array(skeleton.mirror)
    if rows.rig_id.ndim == 1:
        return rows, jnp.array(mirror), skeleton.root
    batch, frames, joints, _ = rows.label_world.shape
    views = rows.confidence.shape[2]
    middle = frames // 2
    folded = rows._replace(
        keypoints_2d=jnp.swapaxes(rows.keypoints_2d, 1, 2).reshape(batch, views, -1, 2),
        confidence=jnp.swapaxes(rows.confidence, 1, 2).reshape(batch, views, -1),
        rig_id=rows.rig_id[:, middle],
        label_world=jnp.reshape(rows.label_world, (batch, -1, 3)),
    )
    swap = (np.arange(frames)[:, None] * joints + mirror).reshape(-1)
    return folded, jnp.array(swap), middle * joints + skeleton.root


def draw_batch(
    data: TrainingViews,
    key: Key[Array, ""],
    start: int | Int[Array, ""] = 0,
    *,
    batch: int,
    views: int,
    augmentation: AugmentationConfig,
    skeleton: Skeleton,
    frames: int = 1,
) -> Batch:
    """`draw_samples`, `take_frames` and `make_batch` in one, for data that lie on the device."""
    total, rig_views = data.confidence.shape[:2]
    samples = draw_samples(key, start, batch=batch, views=views, frames=total, rig_views=rig_views)
    rows = take_frames(data, windows(samples.frame, jnp.asarray(data.run), frames))
    return make_batch(rows, samples, augmentation=augmentation, skeleton=skeleton)


def _cameras(rows: TrainingViews, rig: Any, view: jax.Array) -> Camera:
    return Camera(*(array[rig[:, None], view] for array in rows.camera))


def _observed(rows: TrainingViews, view: jax.Array) -> Batch:
    """The detections as they are."""
    camera = _cameras(rows, rows.rig_id, view)
    at = jnp.arange(len(view))[:, None]
    return Batch(
        keypoints_2d=rows.keypoints_2d[at, view],
        confidence=rows.confidence[at, view],
        camera=camera,
        label=world_to_camera(jnp.asarray(rows.label_world)[:, None], camera),
    )


def _new_views(
    rows: TrainingViews,
    samples: Samples,
    own: Batch,
    augmentation: AugmentationConfig,
    mirror: jax.Array,
    root: int,
) -> Batch:
    """Bodies mirrored, scaled, turned and moved, seen by a random real rig.

    The detector's residuals of the same instant and view, in units of rays at the body's distance,
    are put back, so that the new detections err as the real ones do.
    """
    residual = own.keypoints_2d - project(own.label, own.camera.K)  # NaN where missing
    residual = residual * own.label[..., 2:] / own.camera.K[..., None, [0, 1], [0, 1]]  # metres

    change = _change(samples.numbers, len(rows.rig_middle), augmentation)
    body = _moved(rows, change, root)
    camera = _cameras(rows, change.rig, samples.view)
    label = world_to_camera(body[:, None], camera)

    mirrored = (change.mirror < 0)[:, None, None]
    flipped = residual[:, :, mirror] * jnp.array([-1.0, 1.0])
    residual = jnp.where(mirrored[..., None], flipped, residual)
    label = jnp.where(mirrored[..., None], label[:, :, mirror], label)
    confidence = jnp.where(mirrored, own.confidence[:, :, mirror], own.confidence)

    pixels = residual * camera.K[..., None, [0, 1], [0, 1]] / label[..., 2:]
    keypoints_2d = project(label, camera.K) + pixels
    seen = jnp.isfinite(keypoints_2d).all(-1)
    return Batch(keypoints_2d, jnp.where(seen, confidence, 0), camera, label)


def _change(numbers: jax.Array, rigs: int, augmentation: AugmentationConfig) -> _Change:
    """Uniform numbers (the first of which decided whether) as what they mean."""
    _, rig, mirror, scale, angle, x, y = numbers.T
    shift = jnp.stack([x, y], axis=-1)
    return _Change(
        rig=jnp.minimum((rig * rigs).astype(jnp.int32), rigs - 1),
        mirror=jnp.where(mirror < 0.5 * augmentation.mirror, -1.0, 1.0),
        scale=1 + augmentation.scale * (2 * scale - 1),
        angle=2 * jnp.pi * angle * augmentation.turn,
        shift=augmentation.shift * (2 * shift - 1),
    )


def _moved(rows: TrainingViews, change: _Change, root: int) -> Float[Array, "batch joints 3"]:
    """Triangulated bodies changed about their root, feet on the ground, in another rig's world."""
    body = rows.label_world
    across, ahead, up = _axes(jnp.asarray(rows.world_up))
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
    middle = middle - rows.rig_middle[rows.rig_id] + rows.rig_middle[change.rig]
    middle = middle + change.shift[:, :1] * across + change.shift[:, 1:] * ahead
    return moved + middle[:, None]


def _axes(up: Float[Array, " 3"]) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Two horizontal axes and the vertical one."""
    aside = jnp.where(jnp.abs(up[0]) < 0.9, jnp.array([1.0, 0, 0]), jnp.array([0, 1.0, 0]))
    across = jnp.cross(aside, up)
    across = across / jnp.linalg.norm(across)
    return across, jnp.cross(up, across), up
