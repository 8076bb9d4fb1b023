"""The networks' layers: matrix products, batch norm in one pass, dropout without stored masks."""

from typing import Any, Literal

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, UInt32

from geoself_jax.core.mirroring import Mirror, first_kernel, last_bias, last_kernel

Compute = Literal["float32", "bfloat16"]
EPSILON = 1e-5
MOMENTUM = 0.99


def hash_uint32(x: UInt32[Array, "*shape"], key: UInt32[Array, " 2"]) -> UInt32[Array, "*shape"]:
    """Hashes a counter: two multiply-and-shift rounds, each with half of a key.

    The constants are lowbias32's (C. Wellons, Hash Function Prospector, public domain). Ten integer
    operations a number: a compiler puts them into the loop that uses the number, where threefry's
    hundred would be a loop, and an array, of their own.

    Args:
        x: Counter of each number.
        key: One half for each round.

    Returns:
        Uniform in [0, 2^32).
    """
    x = x ^ key[0]
    x = (x ^ (x >> 16)) * jnp.uint32(0x7FEB352D)
    x = x ^ key[1]
    x = (x ^ (x >> 15)) * jnp.uint32(0x846CA68B)
    return x ^ (x >> 16)


def keep_mask(
    key: UInt32[Array, " 2"], shape: tuple[int, ...], rate: float, first_row: int | jax.Array = 0
) -> jax.Array:
    """Returns the dropout mask of `(rows, units)`: a pure function of key, row and unit.

    Args:
        key: Key of this step and layer.
        shape: Rows and units.
        rate: Share that is dropped.
        first_row: Index of the first row, where only part of a batch is available.
    """
    units = shape[1]
    row = jax.lax.broadcasted_iota(jnp.uint32, shape, 0) + jnp.asarray(first_row, jnp.uint32)
    place = jax.lax.broadcasted_iota(jnp.uint32, shape, 1)
    bits = hash_uint32(row * jnp.uint32(units) + place, key)
    return bits >= jnp.uint32(round(rate * 2**32))


class BatchNorm(nn.Module):
    """Batch norm over rows, with one-pass statistics in float32.

    Attributes:
        axis_name: Of the mapped axis whose devices share their statistics (pmap); none where a
            batch is one array.
        paired: Whether the second half of the units are mirror images of the first, of the same
            statistics, scale and bias.
    """

    axis_name: str | None = None
    paired: bool = False

    @nn.compact
    def __call__(self, x: Float[Array, "batch units"], *, train: bool) -> jax.Array:
        """Normalizes, scales and shifts.

        Args:
            x: Activations.
            train: Whether to normalize by the batch's statistics and to update the running ones;
                else by the running ones.

        Returns:
            (batch, units), float32 at least.
        """
        units = (x.shape[-1] // (1 + self.paired),)
        scale = self.param("scale", nn.initializers.ones, units, jnp.float32)
        bias = self.param("bias", nn.initializers.zeros, units, jnp.float32)
        mean = self.variable("batch_stats", "mean", jnp.zeros, units, jnp.float32)
        var = self.variable("batch_stats", "var", jnp.ones, units, jnp.float32)
        wide = x.astype(jnp.promote_types(x.dtype, jnp.float32))
        if train and not self.is_initializing():
            moments = jnp.stack([jnp.mean(wide, axis=0), jnp.mean(wide * wide, axis=0)])
            moments = jnp.mean(moments.reshape(2, -1, *units), axis=1)
            if self.axis_name is not None:
                moments = jax.lax.pmean(moments, self.axis_name)
            now, square = moments
            spread = jnp.maximum(square - now * now, 0)
            mean.value = MOMENTUM * mean.value + (1 - MOMENTUM) * now
            var.value = MOMENTUM * var.value + (1 - MOMENTUM) * spread
        else:
            now, spread = mean.value, var.value
        factor = scale * jax.lax.rsqrt(spread + EPSILON)
        offset = bias - now * factor
        if self.paired:
            factor, offset = jnp.tile(factor, 2), jnp.tile(offset, 2)
        return wide * factor + offset


class PairedLinear(nn.Module):
    """A linear layer whose second half of units are mirror images of the first (`mirroring`).

    Attributes:
        width: Units, an even number.
        mirror: Of the input, for a first layer; None: the input is such units too.
        dtype: Of the products; None: as the weights are.
    """

    width: int
    mirror: Mirror | None = None
    dtype: Any = None

    @nn.compact
    def __call__(self, x: Float[Array, "batch in"]) -> Float[Array, "batch out"]:
        """Product without bias."""
        init, half = nn.linear.default_kernel_init, self.width // 2
        dtype = self.dtype or jnp.promote_types(x.dtype, jnp.float32)
        if self.mirror is not None:
            kernel = self.param("kernel", init, (x.shape[-1], half), jnp.float32)
            return x.astype(dtype) @ first_kernel(kernel, self.mirror).astype(dtype)
        own, image = jnp.split(x, 2, axis=1)
        shape = (own.shape[-1], half)
        even, odd = (self.param(name, init, shape, jnp.float32) for name in ("even", "odd"))
        even = (own + image).astype(dtype) @ even.astype(dtype)
        odd = (own - image).astype(dtype) @ odd.astype(dtype)
        return jnp.concatenate([even + odd, even - odd], axis=1) / 2


class PairedOutput(nn.Module):
    """A last layer of such units (`mirroring`).

    Attributes:
        outputs: How many.
        mirror: Of them.
        kernel_init: How the kernel starts.
    """

    outputs: int
    mirror: Mirror
    kernel_init: Any = nn.linear.default_kernel_init

    @nn.compact
    def __call__(self, x: Float[Array, "batch in"]) -> Float[Array, "batch out"]:
        """Product and bias."""
        shape = (x.shape[-1] // 2, self.outputs)
        kernel = self.param("kernel", self.kernel_init, shape, jnp.float32)
        bias = self.param("bias", nn.initializers.zeros, (self.outputs,), jnp.float32)
        return x @ last_kernel(kernel, self.mirror) + last_bias(bias, self.mirror)


class FoldedLinear(nn.Module):
    """A linear layer with a transposed kernel, (out, in): on CPU its product is a sixth faster.

    Attributes:
        width: Units.
    """

    width: int

    @nn.compact
    def __call__(self, x: Float[Array, "batch in"]) -> Float[Array, "batch out"]:
        """Product and bias."""
        shape = (self.width, x.shape[-1])
        kernel = self.param("kernel", nn.initializers.zeros, shape, jnp.float32)
        bias = self.param("bias", nn.initializers.zeros, (self.width,), jnp.float32)
        return jax.lax.dot_general(x, kernel, (((1,), (1,)), ((), ()))) + bias


class Dense(nn.Module):
    """Fully connected, batch norm, ReLU, dropout.

    Attributes:
        width: Units.
        dropout: Share of the units that is dropped in training.
        compute: Type of the product and of what is stored between layers.
        axis_name: See `BatchNorm`.
        folded: Whether the batch norm is part of the weights (`fold_norm`); not for training.
        paired: Whether the second half of the units are mirror images of the first.
        mirror: Of the input, for a first layer of such units.
    """

    width: int
    dropout: float = 0.0
    compute: Compute = "float32"
    axis_name: str | None = None
    folded: bool = False
    paired: bool = False
    mirror: Mirror | None = None

    @nn.compact
    def __call__(
        self,
        x: Float[Array, "batch in"],
        key: UInt32[Array, " 2"],
        first_row: int | jax.Array = 0,
        *,
        train: bool,
    ) -> Float[Array, "batch out"]:
        """Returns the activations of one layer of a block.

        Args:
            x: Activations of the layer before.
            key, first_row: Of the dropout, see `keep_mask`.
            train: Whether to use batch statistics and dropout; ignored where `folded`.
        """
        if self.folded:
            return nn.relu(FoldedLinear(self.width, name="linear")(x))
        dtype = jnp.bfloat16 if self.compute == "bfloat16" else None  # None: as the weights are
        if self.paired:
            x = PairedLinear(self.width, self.mirror, dtype, name="linear")(x)
        else:
            x = nn.Dense(self.width, use_bias=False, dtype=dtype, name="linear")(x)
        y = nn.relu(BatchNorm(self.axis_name, self.paired, name="norm")(x, train=train))
        if train and self.dropout:
            kept = keep_mask(key, y.shape, self.dropout, first_row)
            y = jnp.where(kept, y / (1 - self.dropout), 0)
        return y.astype(x.dtype)


def fold_norm(params: dict[str, Any], batch_stats: dict[str, Any]) -> dict[str, Any]:
    """Folds batch norm into the weights, for networks whose layers are `folded`.

    Args:
        params, batch_stats: Of any tree of modules in which `Dense` has `linear` and `norm`.
    """
    if "norm" not in params:
        return {
            name: fold_norm(inner, batch_stats[name]) if name in batch_stats else inner
            for name, inner in params.items()
        }
    norm, seen = params["norm"], batch_stats["norm"]
    factor = norm["scale"] / np.sqrt(seen["var"] + np.float32(EPSILON))
    kernel = params["linear"]["kernel"] * factor
    bias = norm["bias"] - seen["mean"] * factor
    return {"linear": {"kernel": np.ascontiguousarray(kernel.T), "bias": bias}}
