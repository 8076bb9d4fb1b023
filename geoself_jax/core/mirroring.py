"""Networks that commute with mirroring: what their inputs and outputs become in a mirror.

A mirrored view then gives the mirrored pose, exactly: after the chirality of Yeh et al. 2019
(NeurIPS). Half of the units are the mirror images of the others, so that a layer is
[[A, B], [B, A]]: half the weights, and half the products, as `layers.PairedLinear` makes them.
"""

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from geoself_jax.core.config import ModelConfig
from geoself_jax.core.skeleton import Skeleton

XY = (-1, 1)
"""Signs of a ray's numbers, in a mirror."""
XYZ = (-1, 1, 1)
"""Of a point's."""


class Mirror(NamedTuple):
    """What numbers become in a mirror: `numbers[source] * sign`; twice, they are themselves.

    Attributes:
        source: Of the number that comes to each place.
        sign: 1, or -1 for numbers along x.
    """

    source: tuple[int, ...]
    sign: tuple[int, ...]

    def __call__(self, numbers: Any) -> Any:
        """Mirrors the last axis of an array."""
        return numbers[..., np.array(self.source)] * np.array(self.sign, np.float32)


class Mirrors(NamedTuple):
    """Of a network's input, its outputs, and its further outputs."""

    features: Mirror
    outputs: Mirror
    spread: Mirror


def of_points(swap: tuple[int, ...], signs: tuple[int, ...]) -> Mirror:
    """The mirror of as many numbers a joint as there are signs.

    Args:
        swap: The joint that comes to each joint's place.
        signs: Of the numbers of one joint.
    """
    each = len(signs)
    return Mirror(tuple(each * i + k for i in swap for k in range(each)), signs * len(swap))


def of_features(config: ModelConfig, skeleton: Skeleton) -> Mirror:
    """The mirror of the networks' input (`model._features`).

    Args:
        config: Of networks that see rays of single frames, or trajectory features.
        skeleton: Its pairs of joints are exchanged.
    """
    swap = skeleton.mirror
    points, trust, root = of_points(swap, XY), of_points(swap, (1,)), of_points((0,), XY)
    if config.frames > 1:
        spreads = len(config.path_spreads)
        parts = [points, *[of_points(swap, 3 * XY)] * spreads]
        parts += [trust] * (1 + spreads) * config.confidence + [root]
    else:
        parts = [points, *[root] * (config.input == "centered_ray"), *[trust] * config.confidence]
    starts = np.cumsum([0, *(len(part.source) for part in parts)]).tolist()
    index = [i + start for part, start in zip(parts, starts, strict=False) for i in part.source]
    return Mirror(tuple(index), tuple(sign for part in parts for sign in part.sign))


def first_kernel(kernel: Any, mirror: Mirror) -> Any:
    """Kernel of a first layer, (in, units), with that of the units' images: (in, 2 units)."""
    return jnp.concatenate([kernel, mirror(kernel.T).T], axis=1)


def pair_kernel(even: Any, odd: Any) -> Any:
    """Kernel of a layer from its products of the pairs' sums and differences: (2 in, 2 units)."""
    own, image = (even + odd) / 2, (even - odd) / 2
    return jnp.block([[own, image], [image, own]])


def last_kernel(kernel: Any, mirror: Mirror) -> Any:
    """Kernel of a last layer, (units, out): the mean of both halves, (2 units, out)."""
    return jnp.concatenate([kernel, mirror(kernel)], axis=0) / 2


def last_bias(bias: Any, mirror: Mirror) -> Any:
    """Bias of a last layer: nothing that a mirror would change."""
    return (bias + mirror(bias)) / 2
