"""Batches as a pure function of a key: frames, views and synthesized views."""

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key

from geoself_jax.core import augmentation as bodies
from geoself_jax.core.batch import PER_FRAME, Batch, TrainingViews, windows
from geoself_jax.core.config import AugmentationConfig
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.geometry.camera import Camera, project, world_to_camera

AUGMENTED_DEPTH = 1.0
"""Least depth of a joint in a synthesized view, in `ModelConfig.length_unit`: metres for people."""

_IN_MIRROR = (-1.0, 1.0, 1.0)


class Samples(NamedTuple):
    """All random numbers of a batch except dropout.

    Attributes:
        frame: Instant of each sample.
        view: Its views.
        numbers: Uniform in [0, 1), parameters of the synthesized view.
        other: Another instant, whose upper body may replace this one's.
        more: Uniform in [0, 1): whether it does, then one per limb, as many as joints.
        turns: Uniform in [-1, 1): rotation of each limb, as many as joints; then the magnitude of
            all of them, and the tilt of the body.
        tumbles: Uniform in [0, 1): whether the body is tilted by any angle, and whether it then
            comes down to where its lowest joint was.
    """

    frame: Int[Array, " batch"]
    view: Int[Array, "batch views"]
    numbers: Float[Array, "batch 7"]
    other: Int[Array, " batch"]
    more: Float[Array, "batch rest"]
    turns: Float[Array, "batch rest 3"]
    tumbles: Float[Array, "batch 2"]


class _Change(NamedTuple):
    """Augmentation parameters of each pose: leading shape (batch,)."""

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
    joints: int,
) -> Samples:
    """Draws samples `start` to `start + batch` of a step: pure functions of key and index.

    So any part of a batch can be drawn by itself, and the parts make up the whole bit for bit.

    Args:
        key: Of this step.
        start: Number of the first sample.
        batch: Number of samples.
        views: Number of views of each, all different.
        frames: Number of instants to draw from, with replacement.
        rig_views: Number of views to draw from.
        joints: Number of joints of a body.
    """

    def one(number: jax.Array) -> Samples:
        key_sample = jax.random.fold_in(key, number)
        key_frame, key_rest = jax.random.split(key_sample)
        key_other, key_more = jax.random.split(jax.random.fold_in(key_sample, 1))
        uniform = jax.random.uniform(key_rest, (rig_views + 7,))
        return Samples(
            frame=jax.random.randint(key_frame, (), 0, frames),
            view=jnp.argsort(uniform[:rig_views])[:views],
            numbers=uniform[rig_views:],
            other=jax.random.randint(key_other, (), 0, frames),
            more=jax.random.uniform(key_more, (1 + joints,)),
            turns=jax.random.uniform(
                jax.random.fold_in(key_sample, 2), (joints + 2, 3), minval=-1.0
            ),
            tumbles=jax.random.uniform(jax.random.fold_in(key_sample, 3), (2,)),
        )

    return jax.vmap(one)(start + jnp.arange(batch))


def instants_of(
    samples: Samples, run: Int[Array | np.ndarray, "frames 2"], window: int, *, pairs: bool
) -> Any:
    """Returns the instants of samples: (batch,), then an axis of pairs, one of windows.

    Args:
        samples: Result of `draw_samples`.
        run: First and last instant of each instant's run (`TrainingViews.run`).
        window: Length of the windows about each; 1 for no such axis.
        pairs: Whether the other instant comes with each.
    """
    frame = jnp.stack([samples.frame, samples.other], axis=-1) if pairs else samples.frame
    return windows(frame, jnp.asarray(run), window)


def take_frames(data: TrainingViews, frame: Int[Array, "*batch"]) -> TrainingViews:
    """Selects instants.

    Args:
        data: All instants of a training set.
        frame: Indices of the instants to select, in any shape.

    Returns:
        The same with leading shape `*batch` in each field of `PER_FRAME`; other fields unchanged.
    """
    return data._replace(**{name: getattr(data, name)[frame] for name in PER_FRAME})


def make_batch(
    rows: TrainingViews,
    samples: Samples,
    *,
    augmentation: AugmentationConfig,
    skeleton: Skeleton,
) -> Batch:
    """Builds a batch from the instants of its samples.

    Args:
        rows: The instants of each sample (`instants_of`, with pairs where the augmentation
            exchanges).
        samples: What was drawn for each.
        augmentation: New views of the triangulated bodies in place of a share of the samples.
        skeleton: For mirroring.
    """
    other = None
    augmentation = applicable(augmentation, rows.world_up)
    if exchanges(augmentation):
        both = [_part(rows, which) for which in (0, 1)]
        rows, other = (_folded(part, skeleton)[0] for part in both)
        _, mirror, root = _folded(both[0], skeleton)
    else:
        rows, mirror, root = _folded(rows, skeleton)
    own = _observed(rows, samples.view)
    if augmentation.share == 0:
        return own
    new = _new_views(rows, other, samples, own, augmentation, skeleton, mirror, root)
    usable = jnp.all(jnp.nan_to_num(new.label[..., 2], nan=jnp.inf) > AUGMENTED_DEPTH, axis=(1, 2))
    usable &= jnp.all(jnp.isfinite(rows.label_world[:, root]), axis=-1)
    chosen = usable & (samples.numbers[:, 0] < augmentation.share)
    return jax.tree.map(
        lambda a, b: jnp.where(chosen.reshape(-1, *[1] * (a.ndim - 1)), a, b), new, own
    )


def make_batch_in_parts(
    rows: TrainingViews, samples: Samples, *, parts: int, make: Callable[..., Batch]
) -> Batch:
    """Builds a batch part by part, the same as at once.

    On CPU a loop is what has XLA make windows once, small enough for the caches; else it makes them
    again in each of the sums over time that they are part of, in twice the time.

    Args:
        rows, samples: As of `make_batch`.
        parts: How many; it divides the samples.
        make: `make_batch`, its options bound.
    """
    arrays = {name: jnp.asarray(getattr(rows, name)) for name in PER_FRAME}, samples
    arrays = jax.tree.map(lambda x: x.reshape(parts, -1, *x.shape[1:]), arrays)
    made = jax.lax.map(lambda part: make(rows._replace(**part[0]), part[1]), arrays)
    return jax.tree.map(lambda x: x.reshape(-1, *x.shape[2:]), made)


def applicable(augmentation: AugmentationConfig, world_up: Any) -> AugmentationConfig:
    """Returns what of an augmentation can be done: nothing by an unknown vertical.

    Args:
        augmentation: As configured.
        world_up: Of `TrainingViews`; where it is None no body is turned, tilted, moved over the
            ground, or given the upper body of another.
    """
    if world_up is not None:
        return augmentation
    return dataclasses.replace(
        augmentation, turn=False, tilt=0.0, tumble=0.0, shift=0.0, exchange=0.0
    )


def exchanges(augmentation: AugmentationConfig) -> bool:
    """Returns whether each sample needs another instant."""
    return augmentation.share > 0 and augmentation.exchange > 0


def _part(rows: TrainingViews, which: int) -> TrainingViews:
    """Selects one of each pair of instants."""
    return rows._replace(**{name: getattr(rows, name)[:, which] for name in PER_FRAME})


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
    """Draws a batch: `draw_samples`, `take_frames` and `make_batch`, for data on the device.

    Args:
        data: All instants of a training set.
        key, start, batch, views: As of `draw_samples`.
        augmentation, skeleton: As of `make_batch`.
        frames: Length of the window about each instant, odd; 1 for the instant itself.
    """
    total, rig_views = data.confidence.shape[:2]
    samples = draw_samples(
        key,
        start,
        batch=batch,
        views=views,
        frames=total,
        rig_views=rig_views,
        joints=skeleton.joints,
    )
    pairs = exchanges(applicable(augmentation, data.world_up))
    rows = take_frames(data, instants_of(samples, data.run, frames, pairs=pairs))
    return make_batch(rows, samples, augmentation=augmentation, skeleton=skeleton)


def _cameras(rows: TrainingViews, rig: Any, view: jax.Array) -> Camera:
    return Camera(*(array[rig[:, None], view] for array in rows.camera))


def _observed(rows: TrainingViews, view: jax.Array) -> Batch:
    """Returns the unchanged detections."""
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
    other: TrainingViews | None,
    samples: Samples,
    own: Batch,
    augmentation: AugmentationConfig,
    skeleton: Skeleton,
    mirror: jax.Array,
    root: int,
) -> Batch:
    """Synthesizes views of augmented poses, projected into a random rig of the data.

    Where the vertical is unknown poses stay where they are, in their own rig, and are mirrored with
    their cameras: a plane that is not vertical would lay them over.

    The detector's residuals of the same instant and view, in units of rays at the body's distance,
    are re-applied (times `augmentation.noise`), so that synthesized detections have realistic
    noise.
    """
    residual, confidence = _residual(own), own.confidence
    axes = None if rows.world_up is None else _axes(jnp.asarray(rows.world_up))
    if other is not None and axes is not None:
        theirs = _observed(other, samples.view)
        body, taken = _exchanged(rows, other, samples, augmentation, skeleton, axes)
        rows = rows._replace(label_world=body)
        taken = taken[:, None]
        residual = jnp.where(taken[..., None], _residual(theirs), residual)
        confidence = jnp.where(taken, theirs.confidence, confidence)
    if augmentation.limbs or augmentation.bend or augmentation.tilt or augmentation.tumble:
        rows = rows._replace(label_world=_reshaped(rows, samples, augmentation, skeleton, axes))

    change = _change(samples.numbers, len(rows.rig_middle), augmentation)
    mirrored = (change.mirror < 0)[:, None, None]
    if axes is None:
        camera = _cameras(rows, rows.rig_id, samples.view)
        label = world_to_camera(_scaled(rows, change, root)[:, None], camera)
        label = jnp.where(mirrored[..., None], label * jnp.array(_IN_MIRROR), label)
        camera = _mirrored(camera, change)
    else:
        camera = _cameras(rows, change.rig, samples.view)
        label = world_to_camera(_moved(rows, change, axes, root)[:, None], camera)

    flipped = residual[:, :, mirror] * jnp.array([-1.0, 1.0])
    residual = jnp.where(mirrored[..., None], flipped, residual)
    label = jnp.where(mirrored[..., None], label[:, :, mirror], label)
    confidence = jnp.where(mirrored, confidence[:, :, mirror], confidence)

    pixels = augmentation.noise * residual * camera.K[..., None, [0, 1], [0, 1]] / label[..., 2:]
    keypoints_2d = project(label, camera.K) + pixels
    seen = jnp.isfinite(keypoints_2d).all(-1)
    return Batch(keypoints_2d, jnp.where(seen, confidence, 0), camera, label)


def _residual(seen: Batch) -> Float[Array, "batch views joints 2"]:
    """Returns the detector residuals, metres at the body's distance; NaN where missing."""
    error = seen.keypoints_2d - project(seen.label, seen.camera.K)
    return error * seen.label[..., 2:] / seen.camera.K[..., None, [0, 1], [0, 1]]


def _exchanged(
    rows: TrainingViews,
    other: TrainingViews,
    samples: Samples,
    augmentation: AugmentationConfig,
    skeleton: Skeleton,
    axes: tuple[jax.Array, jax.Array, jax.Array],
) -> tuple[Float[Array, "batch points 3"], Bool[Array, "batch points"]]:
    """Exchanges upper bodies in some poses; returns the poses and the exchanged joints."""
    shape = (len(rows.rig_id), -1, skeleton.joints, 3)
    mine, theirs = (jnp.reshape(jnp.asarray(x.label_world), shape) for x in (rows, other))
    roots = mine[:, :, skeleton.root, None]
    relative, theirs = mine - roots, theirs - theirs[:, :, skeleton.root, None]
    angles = [bodies.heading(x, *axes[:2], skeleton) for x in (relative, theirs)]
    theirs = bodies.turned(theirs, angles[0] - angles[1], axes)
    sound = jnp.all(jnp.isfinite(theirs), axis=(1, 2, 3))
    chosen = sound & (samples.more[:, 0] < augmentation.exchange)
    taken = chosen[:, None, None] & bodies.upper_body(skeleton)
    body = jnp.where(taken[..., None], roots + theirs, mine)
    return body.reshape(rows.label_world.shape), jnp.broadcast_to(taken, mine.shape[:3]).reshape(
        rows.label_world.shape[:2]
    )


def _reshaped(
    rows: TrainingViews,
    samples: Samples,
    augmentation: AugmentationConfig,
    skeleton: Skeleton,
    axes: tuple[jax.Array, jax.Array, jax.Array] | None,
) -> Float[Array, "batch points 3"]:
    """Scales, bends and tilts the poses; the root stays, except of those that come down."""
    shape = (len(rows.rig_id), -1, skeleton.joints, 3)
    body = jnp.reshape(jnp.asarray(rows.label_world), shape)
    roots = body[:, :, skeleton.root, None]
    relative = body - roots
    if augmentation.limbs:
        count = bodies.tree(skeleton).limbs
        factor = 1 + augmentation.limbs * (2 * samples.more[:, 1 : 1 + count] - 1)
        relative = bodies.stretched(relative, factor, skeleton)
    limbs, strength, tilt = samples.turns[:, :-2], samples.turns[:, -2, 0], samples.turns[:, -1]
    if augmentation.bend:  # one body keeps its pose, the next loses it
        most = augmentation.bend * jnp.abs(strength)[:, None, None]
        relative = bodies.bent(relative, most * limbs, skeleton)
    if (augmentation.tilt or augmentation.tumble) and axes is not None:
        towards = jnp.pi * tilt[:, :1]
        axis = jnp.cos(towards) * axes[0] + jnp.sin(towards) * axes[1]
        if not augmentation.tumble:
            relative = bodies.tilted(relative, augmentation.tilt * tilt[:, 1:2] * axis)
        else:
            tumbles, falls = (samples.tumbles < jnp.array([augmentation.tumble, 0.5])).T
            most = jnp.where(tumbles, augmentation.tumble_to, augmentation.tilt)[:, None]
            lowest = bodies.lowest(relative, axes[2])
            relative = bodies.tilted(relative, most * tilt[:, 1:2] * axis)
            fall = jnp.where(tumbles & falls, lowest - bodies.lowest(relative, axes[2]), 0)
            roots = roots + fall[:, None, None, None] * axes[2]
    return jnp.reshape(roots + relative, rows.label_world.shape)


def _change(numbers: jax.Array, rigs: int, augmentation: AugmentationConfig) -> _Change:
    """Maps uniform numbers (the first has decided whether) to augmentation parameters."""
    _, rig, mirror, scale, angle, x, y = numbers.T
    shift = jnp.stack([x, y], axis=-1)
    return _Change(
        rig=jnp.minimum((rig * rigs).astype(jnp.int32), rigs - 1),
        mirror=jnp.where(mirror < 0.5 * augmentation.mirror, -1.0, 1.0),
        scale=1 + augmentation.scale * (2 * scale - 1),
        angle=2 * jnp.pi * angle * augmentation.turn,
        shift=augmentation.shift * (2 * shift - 1),
    )


def _moved(
    rows: TrainingViews,
    change: _Change,
    axes: tuple[jax.Array, jax.Array, jax.Array],
    root: int,
) -> Float[Array, "batch joints 3"]:
    """Transforms triangulated poses about their root, feet on the ground, to a rig's world."""
    body, (across, ahead, up) = rows.label_world, axes
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


def _scaled(rows: TrainingViews, change: _Change, root: int) -> Float[Array, "batch joints 3"]:
    """Scales triangulated poses about their root, which stays where it is."""
    middle = jnp.asarray(rows.label_world)[:, root, None]
    return middle + change.scale[:, None, None] * (rows.label_world - middle)


def _mirrored(camera: Camera, change: _Change) -> Camera:
    """Returns the cameras of a world whose x is reversed where poses are mirrored.

    They see in their x reversed what the cameras of the world as it is see: S R S, S center.
    """
    signs = jnp.where((change.mirror < 0)[:, None], jnp.array(_IN_MIRROR), 1.0)
    R = signs[:, None, :, None] * camera.R * signs[:, None, None, :]
    return camera._replace(R=R, center=signs[:, None] * camera.center)


def _axes(up: Float[Array, " 3"]) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Returns two horizontal axes and the vertical one."""
    aside = jnp.where(jnp.abs(up[0]) < 0.9, jnp.array([1.0, 0, 0]), jnp.array([0, 1.0, 0]))
    across = jnp.cross(aside, up)
    across = across / jnp.linalg.norm(across)
    return across, jnp.cross(up, across), up
