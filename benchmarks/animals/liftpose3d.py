"""LiftPose3D's network, normalization, loss and augmentation, written again from its description.

Gosztolai et al., "LiftPose3D, a deep learning-based approach for transforming two-dimensional to
three-dimensional poses in laboratory animals", Nature Methods 2021. The facts are of the paper and
of its public program: a layer to 1024 units, two residual blocks of two layers (Martinez et al.
2017), each with batch norm, ReLU and dropout 0.5, a linear layer; He's initial weights; 2D and 3D
relative to a root, each coordinate standardized by the mean and standard deviation of the training
set, the root left out; mean squared error; Adam at 1e-3 (times 0.96 after each 100,000 steps), the
gradient's norm clipped at 1. A network is trained for each camera.

Its augmentation projects poses turned by random Euler angles and draws each bone's length from the
training set's; here turned about gravity by any angle, since animals walk freely, and by up to 10
and 2 degrees about the camera's x and z axes (its example's ranges), where the animal was.

What it says nothing of: a joint that is not detected is at its mean, a label that is missing
counts nothing.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import linen as nn
from jax.scipy.spatial.transform import Rotation

from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.recording import Recording

Array = jax.Array

WIDTH, BLOCKS, DROPOUT = 1024, 2, 0.5
RATE, DECAY, DECAY_STEPS, CLIP = 1e-3, 0.96, 100_000, 1.0
TILT, ROLL = 10.0, 2.0
"""Degrees of the augmentation's Euler angles to either side, next to any angle about gravity."""

STEPS_A_CALL = 100


class Views(NamedTuple):
    """Single views to learn from or to lift.

    Attributes:
        keypoints_2d: (..., joints, 2) px; NaN where missing.
        pose_camera: (..., joints, 3) metres, the camera's frame; NaN where unknown.
        K: (..., 3, 3).
        up: (..., 3) against gravity, in the camera's axes.
    """

    keypoints_2d: Any
    pose_camera: Any
    K: Any
    up: Any


class Scale(NamedTuple):
    """Mean and standard deviation of each coordinate relative to the root; the root left out.

    Attributes:
        mean_2d, std_2d: (2 (joints - 1),) px.
        mean_3d, std_3d: (3 (joints - 1),) metres.
    """

    mean_2d: Any
    std_2d: Any
    mean_3d: Any
    std_3d: Any


class Lifter(nn.Module):
    """The network: standardized 2D to standardized 3D."""

    outputs: int
    width: int = WIDTH
    blocks: int = BLOCKS
    dropout: float = DROPOUT

    @nn.compact
    def __call__(self, x: Array, train: bool) -> Array:
        """(batch, inputs) to (batch, outputs)."""

        def layer(x: Array) -> Array:
            x = nn.Dense(self.width, kernel_init=nn.initializers.he_normal())(x)
            x = nn.BatchNorm(use_running_average=not train, momentum=0.9)(x)
            return nn.Dropout(self.dropout, deterministic=not train)(nn.relu(x))

        x = layer(x)
        for _ in range(self.blocks):
            x = x + layer(layer(x))
        return nn.Dense(self.outputs, kernel_init=nn.initializers.he_normal())(x)


def views_of(recording: Recording, label_world: np.ndarray) -> Views:
    """All views of a recording: (frames, views, ...).

    Args:
        recording: Detections and cameras.
        label_world: (frames, joints, 3) triangulated joints, metres.
    """
    camera = recording.cameras_of(slice(None))
    apart = label_world[:, None] - camera.center[:, :, None]
    return Views(
        recording.keypoints_2d,
        np.einsum("tvij,tvpj->tvpi", camera.R, apart).astype(np.float32),
        camera.K.astype(np.float32),
        (camera.R @ recording.world_up).astype(np.float32),
    )


def relative(points: Any, root: int) -> Any:
    """(..., joints, n) to (..., n (joints - 1)): relative to the root, which is left out."""
    moved = points - points[..., root : root + 1, :]
    kept = [joint for joint in range(points.shape[-2]) if joint != root]
    return moved[..., kept, :].reshape(*points.shape[:-2], -1)


def whole(flat: Any, root: int, n: int) -> Any:
    """`relative` undone: (..., joints, n), the root at 0."""
    joints = flat.reshape(*flat.shape[:-1], -1, n)
    zero = jnp.zeros((*joints.shape[:-2], 1, n), joints.dtype)
    return jnp.concatenate([joints[..., :root, :], zero, joints[..., root:, :]], axis=-2)


def scale_of(views: Views, root: int) -> Scale:
    """The training set's, over all views but the last two axes' own."""
    found = []
    for points in (views.keypoints_2d, views.pose_camera):
        flat = np.asarray(relative(np.asarray(points, np.float64), root))
        flat = flat.reshape(-1, flat.shape[-1])
        found += [np.nanmean(flat, axis=0), np.nanstd(flat, axis=0)]
    return Scale(*(np.asarray(values, np.float32) for values in found))


def inputs_of(keypoints_2d: Any, scale: Scale, root: int) -> Array:
    """(..., joints, 2) px to (..., 2 (joints - 1)) standardized; 0 where missing."""
    flat = (relative(keypoints_2d, root) - scale.mean_2d) / scale.std_2d
    return jnp.where(jnp.isfinite(flat), flat, 0)


def targets_of(pose_camera: Any, scale: Scale, root: int) -> Array:
    """(..., joints, 3) metres to (..., 3 (joints - 1)) standardized; NaN where unknown."""
    return (relative(pose_camera, root) - scale.mean_3d) / scale.std_3d


def poses_of(outputs: Any, scale: Scale, root: int) -> Array:
    """`targets_of` undone: (..., joints, 3) metres, relative to the root."""
    return whole(outputs * scale.std_3d + scale.mean_3d, root, 3)


def bone_lengths(pose: np.ndarray, skeleton: Skeleton) -> tuple[np.ndarray, np.ndarray]:
    """(joints,) mean and standard deviation of the bone that ends in each; 0 of the root's."""
    inner = [joint if parent < 0 else parent for joint, parent in enumerate(skeleton.parents)]
    length = np.linalg.norm(pose - pose[..., inner, :], axis=-1)
    length = length.reshape(-1, skeleton.joints)
    return np.nanmean(length, axis=0), np.nanstd(length, axis=0)


def augmented(
    key: Array,
    views: Views,
    lengths: tuple[Any, Any],
    skeleton: Skeleton,
    noise_px: float,
) -> Views:
    """Poses with bones of drawn lengths, turned, seen again where they were, with noise.

    Args:
        key: Of chance.
        views: (batch, ...).
        lengths: Mean and standard deviation of each bone (`bone_lengths`).
        skeleton: Its joints.
        noise_px: Standard deviation on each axis of the noise added to the projections.
    """
    keys = jax.random.split(key, 4)
    batch = views.up.shape[0]
    mean, std = (jnp.asarray(values) for values in lengths)
    wanted = mean + std * jax.random.normal(keys[0], (batch, len(mean)))
    pose = views.pose_camera
    new = {skeleton.root: pose[:, skeleton.root]}
    order = [skeleton.root]
    for joint in order:
        for child in (j for j, parent in enumerate(skeleton.parents) if parent == joint):
            bone = pose[:, child] - pose[:, joint]
            apart = jnp.linalg.norm(bone, axis=-1, keepdims=True)
            new[child] = new[joint] + bone / apart * wanted[:, child, None]
            order.append(child)
    drawn = jnp.stack([new[joint] for joint in range(skeleton.joints)], axis=1)
    root = drawn[:, skeleton.root, None]
    about_up = jax.random.uniform(keys[1], (batch, 1), minval=-jnp.pi, maxval=jnp.pi) * views.up
    limits = jnp.radians(jnp.array([TILT, 0, ROLL]))
    about_axes = jax.random.uniform(keys[2], (batch, 3), minval=-1) * limits
    turn = Rotation.from_rotvec(about_axes) * Rotation.from_rotvec(about_up)
    turned = root + jnp.einsum("bij,bpj->bpi", turn.as_matrix(), drawn - root)
    seen = jnp.einsum("bij,bpj->bpi", views.K, turned)
    pixels = seen[..., :2] / seen[..., 2:]
    pixels = pixels + noise_px * jax.random.normal(keys[3], pixels.shape)
    return Views(pixels, turned, views.K, views.up)


def _one_step(
    model: Lifter,
    optimizer: optax.GradientTransformation,
    augment: Callable[[Array, Views], Views] | None,
    root: int,
    batch: int,
    state: Any,
    key: Array,
    group: Views,
    scale: Scale,
) -> tuple[Any, Array]:
    """One update of one group's network: its state after it, and the loss."""
    params, stats, memory = state
    of_frames, of_views, of_dropout = jax.random.split(key, 3)
    at = jax.random.randint(of_frames, (batch,), 0, group.up.shape[0])
    drawn = Views(*(x[at] for x in group))
    if augment is not None:
        drawn = augment(of_views, drawn)
    target = targets_of(drawn.pose_camera, scale, root)
    known = jnp.isfinite(target)

    def loss_of(params: Any) -> tuple[Array, Any]:
        out, new = model.apply(
            {"params": params, "batch_stats": stats},
            inputs_of(drawn.keypoints_2d, scale, root),
            train=True,
            rngs={"dropout": of_dropout},
            mutable=["batch_stats"],
        )
        off = jnp.where(known, out - jnp.where(known, target, 0), 0)
        return jnp.sum(off**2) / jnp.sum(known), new["batch_stats"]

    (loss, stats), gradient = jax.value_and_grad(loss_of, has_aux=True)(params)
    updates, memory = optimizer.update(gradient, memory, params)
    return (optax.apply_updates(params, updates), stats, memory), loss


def train(
    views: Views,
    skeleton: Skeleton,
    *,
    steps: int,
    batch: int,
    seed: int,
    width: int = WIDTH,
    augment: Callable[[Array, Views], Views] | None = None,
    said: Callable[[str], None] = print,
) -> Callable[[np.ndarray], np.ndarray]:
    """Trains a network for each group of views at once, each on its own.

    Args:
        views: (groups, samples, ...); a group is a camera, or there is one group of all.
        skeleton: Its joints.
        steps: Of each network.
        batch: Views a step, of each network.
        seed: Of weights, batches and dropout.
        width: Units of a layer.
        augment: (key, views) to views, of one group's batch.
        said: Receives a line now and then.

    Returns:
        The trained networks, as a function of (groups, n, joints, 2) px to (groups, n, joints, 3)
        metres relative to the root, in the camera's axes.
    """
    root = skeleton.root
    groups = views.up.shape[0]
    each = [scale_of(Views(*(x[group] for x in views)), root) for group in range(groups)]
    scales = Scale(*(jnp.stack(values) for values in zip(*each, strict=True)))
    data = Views(*(jnp.asarray(x) for x in views))
    model = Lifter(outputs=3 * (skeleton.joints - 1), width=width)
    rate = optax.exponential_decay(RATE, DECAY_STEPS, DECAY)
    optimizer = optax.chain(optax.clip_by_global_norm(CLIP), optax.adam(rate))
    one = functools.partial(_one_step, model, optimizer, augment, root, batch)

    def start(key: Array) -> Any:
        variables = model.init(key, jnp.zeros((2, 2 * (skeleton.joints - 1))), train=False)
        return variables["params"], variables["batch_stats"], optimizer.init(variables["params"])

    @jax.jit
    def advance(states: Any, keys: Array) -> tuple[Any, Array]:
        def step(states: Any, key: Array) -> tuple[Any, Array]:
            own = jax.random.split(key, groups)
            return jax.vmap(one)(states, own, data, scales)

        return jax.lax.scan(step, states, keys)

    states = jax.vmap(start)(jax.random.split(jax.random.key(seed), groups))
    keys = jax.random.split(jax.random.key(seed + 1), steps)
    for done in range(0, steps, STEPS_A_CALL):
        states, loss = advance(states, keys[done : done + STEPS_A_CALL])
        if done % 500 == 0:
            said(f"step {done}: mean squared error {float(loss.mean()):.3f} of standardized 3D")

    @jax.jit
    def lift(keypoints_2d: Array) -> Array:
        def of_group(state: Any, scale: Scale, points: Array) -> Array:
            variables = {"params": state[0], "batch_stats": state[1]}
            out = model.apply(variables, inputs_of(points, scale, root), train=False)
            return poses_of(out, scale, root)

        return jax.vmap(of_group)(states, scales, keypoints_2d)

    return lambda keypoints_2d: np.asarray(lift(jnp.asarray(keypoints_2d)))
