"""The lifting network and the root position network (Flax Linen).

Linen, not NNX: a training step is a pure function of its state here, which is what Linen is.
"""

import functools

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, UInt32

from geoself_jax.config import ModelConfig
from geoself_jax.geometry.camera import pixel_to_ray
from geoself_jax.layers import Compute, Dense
from geoself_jax.numerics import finite_or_zero, rotate, safe_divide
from geoself_jax.skeleton import Skeleton


class ResidualMLP(nn.Module):
    """A fully connected layer, residual blocks, a linear one: Martinez et al. 2017."""

    width: int
    blocks: int
    layers: int
    dropout: float
    outputs: int
    zero_output: bool = False
    compute: Compute = "float32"
    axis_name: str | None = None
    folded: bool = False

    @nn.compact
    def __call__(
        self,
        x: Float[Array, "batch in"],
        keys: UInt32[Array, "layers 2"],
        first_row: int | jax.Array = 0,
        *,
        train: bool,
    ) -> Float[Array, "batch out"]:
        """Features to outputs; a row of `keys` for each layer's dropout."""

        def dense(x: jax.Array, name: str, number: int) -> jax.Array:
            compute = "float32" if name == "stem" else self.compute  # a pixel is a ray of 1/1145
            how = (self.dropout, compute, self.axis_name, self.folded)
            layer = Dense(self.width, *how, name=name)
            return layer(x, keys[number], first_row, train=train)

        x = dense(x, "stem", 0)
        for block in range(self.blocks):
            y = x
            for layer in range(self.layers):
                y = dense(y, f"block{block}_layer{layer}", 1 + block * self.layers + layer)
            x = x + y
        init = nn.initializers.zeros if self.zero_output else nn.linear.default_kernel_init
        wide = x.astype(jnp.promote_types(x.dtype, jnp.float32))
        return nn.Dense(self.outputs, kernel_init=init, name="output")(wide)


class Networks(nn.Module):
    """Both branches: (keypoints_2d, confidence, K) to pose_3d and root_position.

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
        keypoints_2d: Float[Array, "*batch joints 2"],
        confidence: Float[Array, "*batch joints"],
        K: Float[Array, "*batch 3 3"],
        *,
        train: bool = False,
    ) -> tuple[Float[Array, "*batch joints 3"], Float[Array, "*batch 3"]]:
        """Lifts single views.

        Args:
            keypoints_2d: Undistorted pixels; NaN where missing.
            confidence: In [0, 1]; a joint with 0 is not looked at.
            K: Intrinsics, pixels.
            train: Batch statistics and dropout (needs an rng `dropout`).

        Returns:
            Pose in camera axes relative to the root, and the root in the camera frame; metres.
        """
        config, joints = self.config, self.skeleton.joints
        batch = keypoints_2d.shape[:-2]
        keypoints_2d = keypoints_2d.reshape(-1, joints, 2)
        confidence, K = confidence.reshape(-1, joints), K.reshape(-1, 3, 3)
        rays, root_ray, seen = _rays(keypoints_2d, confidence, K, self.skeleton.root)
        turn = _look_at(root_ray)
        features = _features(config, keypoints_2d, rays, root_ray, turn, seen)

        counts = [1 + blocks * config.layers for blocks in (config.blocks, config.root_blocks)]
        keys = jnp.zeros((sum(counts), 2), jnp.uint32)
        first_row: int | jax.Array = 0
        if train and config.dropout:
            keys = jax.random.bits(self.make_rng("dropout"), (sum(counts), 2), jnp.uint32)
            if self.axis_name is not None:
                first_row = jax.lax.axis_index(self.axis_name) * len(features)
        network = functools.partial(
            ResidualMLP,
            layers=config.layers,
            dropout=config.dropout,
            compute=self.compute,
            axis_name=self.axis_name,
            folded=self.folded,
        )
        lifting = network(
            width=config.width, blocks=config.blocks, outputs=joints * 3, name="lifting"
        )
        pose_3d = lifting(features, keys[: counts[0]], first_row, train=train)
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
        )
        out = placing(features, keys[counts[0] :], first_row, train=train)
        root = _root_position(config, out, root_ray)
        return pose_3d.reshape(*batch, joints, 3), root.reshape(*batch, 3)


def _rays(
    keypoints_2d: jax.Array, confidence: jax.Array, K: jax.Array, root: int
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Rays (0 where not seen), the root's ray (the seen joints' mean if it is not seen), seen."""
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
    rays: jax.Array,
    root_ray: jax.Array,
    turn: jax.Array,
    seen: jax.Array,
) -> Float[Array, "batch features"]:
    """The networks' input; 0 for joints that were not seen."""
    extra = []
    if config.input == "pixel":
        pixels, _ = finite_or_zero(keypoints_2d)
        coordinates = (pixels - jnp.asarray(config.pixel_center)) / config.pixel_scale
    elif config.input == "ray":
        coordinates = rays
    else:
        turned = rotate(turn, jnp.concatenate([rays, jnp.ones_like(rays[..., :1])], axis=-1))
        coordinates = turned[..., :2] / jnp.maximum(turned[..., 2:], 0.1)
        extra = [root_ray]
    coordinates = jnp.where(seen[..., None], coordinates, 0)
    return jnp.concatenate([coordinates.reshape(rays.shape[0], -1), *extra], axis=-1)


def _root_position(
    config: ModelConfig, out: Float[Array, "batch 3"], root_ray: Float[Array, "batch 2"]
) -> Float[Array, "batch 3"]:
    """Metres in the camera frame. The `ray` root is the one that needs no stage one."""
    if config.root == "plain":
        return out
    z = config.root_depth * jnp.exp(jnp.clip(out[:, 2:], -3, 3))
    return jnp.concatenate([z * (root_ray + 0.1 * out[:, :2]), z], axis=-1)
