"""The lifting network and the root position network (Flax Linen).

Linen, not NNX: a training step is a pure function of its state here, which is what Linen is.
"""

import functools
from typing import Any, ClassVar, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, UInt32

from geoself_jax.core.config import ModelConfig
from geoself_jax.core.errors import nearest_name, usage_error
from geoself_jax.core.layers import Compute, Dense, PairedOutput, fold_norm
from geoself_jax.core.mirroring import XYZ, Mirrors, of_features, of_points
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.geometry.camera import pixel_to_ray
from geoself_jax.geometry.numerics import finite_or_zero, rotate, safe_divide
from geoself_jax.geometry.trajectories import fit_paths

CONFIDENCE_SCALE = 0.1
"""Confidences as features are times this: about as spread as a body's rays, 5 m away."""

PATH_OUTLIER = 0.015
"""Of a ray: 17 px at a focal length of 1145. A detection that far off its path counts little."""

UNCERTAINTY_SCALE = "uncertainty_scale"
"""The variable with a factor for each joint's uncertainty, measured on held-out subjects."""

UNCERTAINTY_AXES_SCALE = "uncertainty_axes_scale"
"""The same for each joint's uncertainties across the ray and along it."""

UNCERTAINTY = 0.1
"""Of `length_unit`: how far each joint may be off before anything is learned."""


class Prediction(NamedTuple):
    """What the networks say of single views: jax arrays, or numpy's once they are collected.

    Attributes:
        pose_3d: Camera axes, relative to the root, metres.
        root_position: Camera frame, metres.
        uncertainty: Expected distance of each joint of `pose_3d` from where it truly is, relative
            to the root, metres; 0 at the root. None where the networks do not say it.
        uncertainty_axes: Expected sizes of the two parts of that difference, metres: across the
            camera's ray to the joint (to `pose_3d` + `root_position`), and along it; 0 at the root.
            None where the networks do not say it.
    """

    pose_3d: Float[Array | np.ndarray, "*poses joints 3"]
    root_position: Float[Array | np.ndarray, "*poses 3"]
    uncertainty: Float[Array | np.ndarray, "*poses joints"] | None = None
    uncertainty_axes: Float[Array | np.ndarray, "*poses joints 2"] | None = None


class ResidualNetwork(nn.Module):
    """A fully connected layer, residual blocks, a linear one: Martinez et al. 2017.

    Windows are first narrowed to one frame: the first layer sees three frames at a time, and each
    of `narrowing` blocks three of what the one before gave, its residual from the middle one. These
    are the dilated convolutions of Pavllo et al. 2019 (CVPR), as they train them: strided.

    Attributes:
        width, blocks, layers, dropout: As of `config.ModelConfig`.
        narrowing: Blocks ahead of those that make one frame of three.
        outputs: Values for each window: 3 per joint, or 3 for the root position.
        spread: Further outputs, of a linear layer under stop_gradient: predicted uncertainties.
        zero_output: Start the last layer from zeros, so that the network starts at its bias.
        compute: Type of the products within blocks.
        axis_name: Over which devices batch norm takes its mean.
        folded: Batch norm is folded into the weights (`layers.fold_norm`): for lifting alone.
        mirrors: Where half of the units are mirror images of the others (`mirroring`).
    """

    folds: ClassVar[bool] = True
    """Whether `layers.fold_norm` makes of its weights what it takes as `folded`."""

    width: int
    narrowing: int
    blocks: int
    layers: int
    dropout: float
    outputs: int
    spread: int = 0
    zero_output: bool = False
    compute: Compute = "float32"
    axis_name: str | None = None
    folded: bool = False
    mirrors: Mirrors | None = None

    @nn.compact
    def __call__(
        self,
        x: Float[Array, "batch frames in"],
        keys: UInt32[Array, "layers 2"],
        first_row: int | jax.Array = 0,
        *,
        train: bool,
    ) -> tuple[Float[Array, "batch out"], Float[Array, "batch spread"] | None]:
        """Maps features to outputs and `spread` more, or None where there are none of these.

        Args:
            x: Features of each frame of a window.
            keys: A row for each layer's dropout.
            first_row: Of the whole batch, where this is one device's part: dropout depends on it.
            train: Use dropout and the batch's own mean and variance.
        """
        batch = x.shape[0]

        def dense(x: jax.Array, name: str, number: int) -> jax.Array:
            compute = "float32" if name == "stem" else self.compute  # a pixel is a ray of 1/1145
            how = (self.dropout, compute, self.axis_name, self.folded, self.mirrors is not None)
            mirror = self.mirrors.features if self.mirrors and name == "stem" else None
            layer = Dense(self.width, *how, mirror, name=name)
            row = first_row * (x.shape[0] // batch)
            return layer(x, keys[number], row, train=train)

        def in_threes(x: jax.Array) -> jax.Array:
            return x.reshape(x.shape[0] // 3, 3, -1)

        x = x.reshape(-1, x.shape[-1])
        if x.shape[0] > batch:
            x = in_threes(x).reshape(x.shape[0] // 3, -1)
        x = dense(x, "stem", 0)
        for block in range(self.narrowing + self.blocks):
            y = x
            if block < self.narrowing:
                y = in_threes(x)
                x = y[:, 1]
                y = y.reshape(x.shape[0], -1)
            for layer in range(self.layers):
                y = dense(y, f"block{block}_layer{layer}", 1 + block * self.layers + layer)
            x = x + y
        zeros = nn.initializers.zeros
        init = zeros if self.zero_output else nn.linear.default_kernel_init
        wide = x.astype(jnp.promote_types(x.dtype, jnp.float32))
        out = self._last(self.outputs, "output", init)(wide)
        if not self.spread:
            return out, None
        return out, self._last(self.spread, "spread", zeros)(jax.lax.stop_gradient(wide))

    def _last(self, outputs: int, name: str, init: Any) -> nn.Module:
        if self.mirrors is None:
            return nn.Dense(outputs, kernel_init=init, name=name)
        mirror = self.mirrors.outputs if name == "output" else self.mirrors.spread
        return PairedOutput(outputs, mirror, init, name=name)


BACKBONES: dict[str, type[nn.Module]] = {"residual": ResidualNetwork}
"""By `config.model.backbone`. A backbone has the fields and the call of `ResidualNetwork`. It may
leave fields unused, and rows of `keys`: there are 1 + (narrowing + blocks) * layers of them. ONNX
and numpy know `residual` alone."""


def backbone_of(name: str) -> Any:
    """The class of a backbone.

    Raises:
        GeoselfError: No such backbone (64), the nearest name given.
    """
    if name not in BACKBONES:
        near = nearest_name(name, BACKBONES)
        raise usage_error(f"config.model.backbone={name!r}", "no such backbone", near)
    return BACKBONES[name]


def folded(model: "Networks", variables: dict[str, Any]) -> tuple["Networks", Any, Any]:
    """Networks for lifting alone, their weights and statistics: batch norm folded where it can be.

    Args:
        model: The networks.
        variables: Their `params` and `batch_stats`, numpy arrays.
    """
    params, stats = variables["params"], variables["batch_stats"]
    if not backbone_of(model.config.backbone).folds:
        return model, params, stats
    kept = [UNCERTAINTY_SCALE, UNCERTAINTY_AXES_SCALE][: (model.config.spreads + 1) // 2]
    return model.clone(folded=True), fold_norm(params, stats), {name: stats[name] for name in kept}


class Networks(nn.Module):
    """Both branches: (keypoints_2d, confidence, K) to a `Prediction`.

    Attributes:
        config: Widths, depths and parameterizations.
        skeleton: Its joint count and root.
        compute: Type of the products within the blocks, and of what they store between layers;
            all else is float32: first and last layer, residual sums, statistics, geometry.
        axis_name: Of the mapped axis over whose devices a batch is split (pmap).
        folded: Whether the weights are `layers.fold_norm`'s.
    """

    config: ModelConfig
    skeleton: Skeleton
    compute: Compute = "float32"
    axis_name: str | None = None
    folded: bool = False

    @nn.compact
    def __call__(
        self,
        keypoints_2d: Float[Array, "*seen points 2"],
        confidence: Float[Array, "*seen points"],
        K: Float[Array, "*batch 3 3"],
        *,
        train: bool = False,
    ) -> Prediction:
        """Lifts single views: one frame of each, or the middle of a window of frames.

        With `config.frames` 1 `seen` is `batch` and `points` are the joints. Else `seen` has one
        axis more, the frames; or `points` are the joints of all frames, frame by frame.

        Args:
            keypoints_2d: Undistorted pixels; NaN where missing.
            confidence: In [0, 1]; a joint with 0 is not looked at.
            K: Intrinsics, pixels.
            train: Batch statistics and dropout (needs an rng `dropout`).

        Returns:
            Pose in camera axes relative to the root, and the root in the camera frame: metres, in
            training in the configuration's `length_unit`. With
            `config.uncertainty` that of each joint too: in training as it is learned, else times
            what calibration found (`evaluate.uncertainty.factors`).
        """
        config, joints = self.config, self.skeleton.joints
        batch, points = K.shape[:-2], config.frames * joints
        keypoints_2d = keypoints_2d.reshape(-1, points, 2)
        confidence, K = confidence.reshape(-1, points), K.reshape(-1, 3, 3)
        middle = config.frames // 2 * joints
        rays, root_ray, seen = _rays(keypoints_2d, confidence, K, middle + self.skeleton.root)
        turn = _look_at(root_ray)
        features = _features(config, keypoints_2d, confidence, rays, root_ray, turn, seen)

        every = [config.narrowing + blocks for blocks in (config.blocks, config.root_blocks)]
        counts = [1 + blocks * config.layers for blocks in every]
        keys, first_row = self._dropped(sum(counts), features.shape[0], train=train)
        pose_mirrors, root_mirrors = mirrors_of(config, self.skeleton)
        network = functools.partial(
            backbone_of(config.backbone),
            narrowing=config.narrowing,
            layers=config.layers,
            dropout=config.dropout,
            compute=self.compute,
            axis_name=self.axis_name,
            folded=self.folded,
        )
        lifting = network(
            width=config.width,
            blocks=config.blocks,
            outputs=joints * 3,
            spread=joints * config.spreads,
            name="lifting",
            **pose_mirrors,
        )
        pose_3d, spread = lifting(features, keys[: counts[0]], first_row, train=train)
        pose_3d = pose_3d.reshape(-1, joints, 3)
        pose_3d = pose_3d - pose_3d[:, self.skeleton.root, None]
        if config.input == "centered_ray":
            pose_3d = rotate(jnp.swapaxes(turn, -1, -2), pose_3d)

        placing = network(
            width=config.root_width,
            blocks=config.root_blocks,
            outputs=3,
            zero_output=config.root == "ray",
            name="root",
            **root_mirrors,
        )
        out, _ = placing(features, keys[counts[0] :], first_row, train=train)
        root = _root_position(config, out, root_ray).reshape(*batch, 3)
        pose_3d = pose_3d.reshape(*batch, joints, 3)
        off, axes = self._uncertainties(spread, batch, train=train)
        found = Prediction(pose_3d, root, off, axes)
        if train or config.metres == 1:
            return found
        return jax.tree.map(lambda length: config.metres * length, found)

    def _dropped(self, layers: int, poses: int, *, train: bool) -> tuple[jax.Array, Any]:
        """A key for each layer's dropout, and the first row of this device's part of the batch."""
        if not (train and self.config.dropout):
            return jnp.zeros((layers, 2), jnp.uint32), 0
        keys = jax.random.bits(self.make_rng("dropout"), (layers, 2), jnp.uint32)
        if self.axis_name is None:
            return keys, 0
        return keys, jax.lax.axis_index(self.axis_name) * poses

    def _uncertainties(
        self, spread: jax.Array | None, batch: tuple[int, ...], *, train: bool
    ) -> list[jax.Array | None]:
        """What the last layer says of each joint, (*batch, joints), then (*batch, joints, 2)."""
        joints, each = self.skeleton.joints, self.config.spreads
        if spread is None:
            return [None, None]
        said = UNCERTAINTY * jnp.exp(jnp.clip(spread, -4, 3)).reshape(*batch, joints, each)
        said = said.at[..., self.skeleton.root, :].set(0)

        def scaled(part: jax.Array, name: str) -> jax.Array:
            shape = part.shape[len(batch) :]
            scale = self.variable("batch_stats", name, jnp.ones, shape, jnp.float32)
            return part * (1.0 if train else scale.value)

        off = scaled(said[..., 0], UNCERTAINTY_SCALE)
        return [off, scaled(said[..., 1:], UNCERTAINTY_AXES_SCALE) if each > 1 else None]


def mirrors_of(config: ModelConfig, skeleton: Skeleton) -> list[dict[str, Mirrors]]:
    """What the two networks are passed where they commute with mirroring; else nothing."""
    if not config.symmetric:
        return [{}, {}]
    swap, features = skeleton.mirror, of_features(config, skeleton)
    spread = of_points(swap, config.spreads * (1,))
    outputs = [of_points(swap, XYZ), of_points((0,), XYZ)]
    return [{"mirrors": Mirrors(features, out, spread)} for out in outputs]


def _rays(
    keypoints_2d: jax.Array, confidence: jax.Array, K: jax.Array, root: int
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Rays (0 where not seen), the root's ray (the seen points' mean if it is not seen), seen."""
    rays, seen = finite_or_zero(pixel_to_ray(keypoints_2d, K))
    seen &= confidence > 0
    count = jnp.sum(seen, axis=-1, keepdims=True).astype(rays.dtype)
    mean = safe_divide(jnp.sum(jnp.where(seen[..., None], rays, 0), axis=-2), count)
    return rays, jnp.where(seen[:, root, None], rays[:, root], mean), seen


def _look_at(ray: Float[Array, "batch 2"]) -> Float[Array, "batch 3 3"]:
    """The smallest rotation that brings a ray to the optical axis (Rodrigues)."""
    x, y = ray[..., 0], ray[..., 1]
    length = jnp.sqrt(1 + x * x + y * y)
    x, y, z = x / length, y / length, 1 / length
    a = 1 / (1 + z)
    rows = [[1 - a * x * x, -a * x * y, -x], [-a * x * y, 1 - a * y * y, -y], [x, y, z]]
    return jnp.stack([jnp.stack(row, axis=-1) for row in rows], axis=-2)


def _features(
    config: ModelConfig,
    keypoints_2d: jax.Array,
    confidence: jax.Array,
    rays: jax.Array,
    root_ray: jax.Array,
    turn: jax.Array,
    seen: jax.Array,
) -> Float[Array, "batch frames features"]:
    """The networks' input; 0 for joints that were not seen."""
    frames, extra = config.frames, []
    if config.input == "pixel":
        pixels, _ = finite_or_zero(keypoints_2d)
        coordinates = (pixels - jnp.asarray(config.pixel_center)) / config.pixel_scale
    elif config.input == "ray":
        coordinates = rays
    else:
        turned = rotate(turn, jnp.concatenate([rays, jnp.ones_like(rays[..., :1])], axis=-1))
        coordinates = turned[..., :2] / jnp.maximum(turned[..., 2:], 0.1)
        extra = [jnp.broadcast_to(root_ray[:, None], (rays.shape[0], frames, 2))]
    coordinates = jnp.where(seen[..., None], coordinates, 0)
    trust = jnp.where(seen, confidence if config.confidence else 1.0, 0)
    if config.temporal == "paths" and frames > 1:
        return _path_features(config, coordinates, trust, root_ray)
    if config.confidence:
        scale = 1.0 if config.input == "pixel" else CONFIDENCE_SCALE
        extra.append((trust * scale).reshape(rays.shape[0], frames, -1))
    return jnp.concatenate([coordinates.reshape(rays.shape[0], frames, -1), *extra], axis=-1)


def _path_features(
    config: ModelConfig, coordinates: jax.Array, trust: jax.Array, root_ray: jax.Array
) -> Float[Array, "batch 1 features"]:
    """The middle frame as it was seen, and the joints' paths about it, a short one to a long one.

    Args:
        config: Of the networks; their input is `centered_ray`.
        coordinates: (batch, frames * joints, 2), 0 where a joint was not seen.
        trust: What each counts in its path, (batch, frames * joints), 0 there.
        root_ray: (batch, 2).
    """
    batch, middle = coordinates.shape[0], config.frames // 2
    points = coordinates.reshape(batch, config.frames, -1, 2)
    trust = trust.reshape(batch, config.frames, -1)
    parts = [points[:, middle]]
    supports = [trust[:, middle]]
    for spread in config.path_spreads:
        path, support = fit_paths(points, trust**2, spread=spread, outlier=PATH_OUTLIER)
        parts.append(path)
        supports.append(support)
    if config.confidence:
        parts += [support * CONFIDENCE_SCALE for support in supports]
    features = jnp.concatenate([array.reshape(batch, -1) for array in parts], axis=-1)
    return jnp.concatenate([features, root_ray], axis=-1)[:, None]


def _root_position(
    config: ModelConfig, out: Float[Array, "batch 3"], root_ray: Float[Array, "batch 2"]
) -> Float[Array, "batch 3"]:
    """Camera frame, in `length_unit`. The `ray` root is the one that needs no stage one."""
    if config.root == "plain":
        return out
    z = config.start_depth * jnp.exp(jnp.clip(out[:, 2:], -3, 3))
    return jnp.concatenate([z * (root_ray + 0.1 * out[:, :2]), z], axis=-1)
