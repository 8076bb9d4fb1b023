"""Lengths of differences across a camera's ray and along it: what one view shows, and depth."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from geoself_jax.geometry.numerics import safe_divide, safe_norm


def across_and_along(
    difference: Float[Array, "*#batch 3"], point: Float[Array, "*#batch 3"]
) -> Float[Array, "*batch 2"]:
    """Lengths of a difference's two parts: across the ray to a point, and along it.

    Args:
        difference: In the camera's axes, in any unit, which is the result's too.
        point: In the camera's frame; at the camera centre itself all counts as across.
    """
    ray = safe_divide(point, safe_norm(point)[..., None])
    along = jnp.sum(difference * ray, axis=-1)
    across = safe_norm(difference - along[..., None] * ray)
    return jnp.stack([across, jnp.abs(along)], axis=-1)
