"""Epipolar geometry of two views: essential matrix and symmetric epipolar distance."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from geoself_jax.geometry.camera import Camera, pixel_to_ray
from geoself_jax.geometry.numerics import matmul, rotate, safe_divide, safe_norm


def essential_matrix(source: Camera, target: Camera) -> Float[Array, "*batch 3 3"]:
    """Essential matrix: ray_target^T E ray_source = 0 for rays (x/z, y/z, 1) to one point.

    E = [t]x R with x_target = R x_source + t (Hartley and Zisserman, 2nd ed., eq. 9.12).

    Args:
        source, target: Cameras of the two views; their K is not used.

    Returns:
        E in metres, not normalized; zero where the camera centres coincide.
    """
    R = matmul(target.R, jnp.swapaxes(source.R, -1, -2))
    t = rotate(target.R, (source.center - target.center)[..., None, :])[..., 0, :]
    x, y, z = t[..., 0], t[..., 1], t[..., 2]
    zero = jnp.zeros_like(x)
    cross = jnp.stack([zero, -z, y, z, zero, -x, -y, x, zero], axis=-1)
    return matmul(cross.reshape(*t.shape[:-1], 3, 3), R)


def epipolar_distance(
    source_pixels: Float[Array, "*#batch points 2"],
    target_pixels: Float[Array, "*#batch points 2"],
    source: Camera,
    target: Camera,
) -> Float[Array, "*batch points"]:
    """Symmetric epipolar distance, px: root mean square over both views.

    Zero where both see one point; also where they see different points of one epipolar line. Where
    the two cameras stand in one place it is zero for all points and says nothing.

    Args:
        source_pixels, target_pixels: Undistorted pixels of the same points; NaN where missing.
        source, target: The cameras.

    Returns:
        Pixels, >= 0; NaN where either is missing. Source: Hartley and Zisserman, 2nd ed., sec.
        11.4.3 (symmetric epipolar distance).
    """
    E = essential_matrix(source, target)
    x, y = (
        _homogeneous(pixel_to_ray(p, c.K))
        for p, c in ((source_pixels, source), (target_pixels, target))
    )
    in_target = rotate(E, x)
    in_source = rotate(jnp.swapaxes(E, -1, -2), y)
    fault = jnp.sum(y * in_target, axis=-1)
    distances = [
        safe_divide(fault, safe_norm(_pixel_line(line, camera)))
        for line, camera in ((in_target, target), (in_source, source))
    ]
    return safe_norm(jnp.stack(distances, axis=-1)) / jnp.sqrt(2.0)


def _homogeneous(rays: Float[Array, "*batch points 2"]) -> Float[Array, "*batch points 3"]:
    return jnp.concatenate([rays, jnp.ones_like(rays[..., :1])], axis=-1)


def _pixel_line(
    line: Float[Array, "*batch points 3"], camera: Camera
) -> Float[Array, "*batch points 2"]:
    """Returns the normal of a line in ray coordinates, per pixel: K^-T l without its last entry."""
    K = camera.K[..., None, :, :]
    x = line[..., 0] / K[..., 0, 0]
    y = (line[..., 1] - K[..., 0, 1] * x) / K[..., 1, 1]
    return jnp.stack([x, y], axis=-1)
