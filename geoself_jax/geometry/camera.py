"""Pinhole cameras: rotation and projection, eqs. (1), (3) and (4); `lenses` has distortion.

Convention everywhere: x_cam = R (x_world - center), camera axes x right, y down, z forward, metres;
pixels u right, v down.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from geoself_jax.geometry.numerics import matmul, rotate, safe_depth


class Camera(NamedTuple):
    """One camera or a batch of them.

    Attributes:
        K: Intrinsics, pixels.
        R: Rotation from world axes to camera axes.
        center: Camera centre in the world, metres.
    """

    K: Float[Array, "*batch 3 3"]
    R: Float[Array, "*batch 3 3"]
    center: Float[Array, "*batch 3"]


def world_to_camera(
    points: Float[Array, "*#batch points 3"], camera: Camera
) -> Float[Array, "*batch points 3"]:
    """Transforms points from the world to the camera frame.

    Args:
        points: World frame, metres.
        camera: Camera whose frame the result is in.

    Returns:
        Camera frame, metres.
    """
    return rotate(camera.R, points - camera.center[..., None, :])


def camera_to_world(
    points: Float[Array, "*#batch points 3"], camera: Camera
) -> Float[Array, "*batch points 3"]:
    """Transforms points from the camera to the world frame.

    Args:
        points: Camera frame, metres.
        camera: Camera whose frame `points` are in.

    Returns:
        World frame, metres.
    """
    return rotate(jnp.swapaxes(camera.R, -1, -2), points) + camera.center[..., None, :]


def transform_between(
    pose: Float[Array, "*#batch joints 3"], source: Camera, target: Camera
) -> Float[Array, "*batch joints 3"]:
    """Moves a pose from one camera's frame to another's: tau, eqs. (3) and (4).

    Args:
        pose: Absolute joints in `source`'s frame, metres.
        source: Camera whose frame `pose` is in.
        target: Camera whose frame the result is in.

    Returns:
        Absolute joints in `target`'s frame, metres.
    """
    R_12 = matmul(target.R, jnp.swapaxes(source.R, -1, -2))
    t_12 = rotate(source.R, (target.center - source.center)[..., None, :])  # in source's frame
    return rotate(R_12, pose - t_12)


def ray_to_pixel(
    rays: Float[Array, "*#batch points 2"], K: Float[Array, "*#batch 3 3"]
) -> Float[Array, "*batch points 2"]:
    """Returns the pixels of rays.

    Args:
        rays: (x/z, y/z), camera frame; of distorted rays the result is distorted pixels.
        K: Intrinsics, px.
    """
    x, y = rays[..., 0], rays[..., 1]
    K = K[..., None, :, :]
    return jnp.stack([K[..., i, 0] * x + K[..., i, 1] * y + K[..., i, 2] for i in (0, 1)], axis=-1)


def pixel_to_ray(
    pixels: Float[Array, "*#batch points 2"], K: Float[Array, "*#batch 3 3"]
) -> Float[Array, "*batch points 2"]:
    """Returns the rays (x/z, y/z) of pixels, camera frame.

    Args:
        pixels: Undistorted, px; of distorted pixels the result is distorted rays.
        K: Intrinsics, px.
    """
    offset = pixels - K[..., None, :2, 2]
    y = offset[..., 1] / K[..., None, 1, 1]
    x = (offset[..., 0] - K[..., None, 0, 1] * y) / K[..., None, 0, 0]
    return jnp.stack([x, y], axis=-1)


def project(
    points: Float[Array, "*#batch points 3"], K: Float[Array, "*#batch 3 3"]
) -> Float[Array, "*batch points 2"]:
    """Perspective projection of camera-frame points: rho, eq. (1).

    A point on or behind the camera plane is projected as if at `numerics.MIN_DEPTH`: finite, with a
    finite gradient. It is the caller's to count such points (`losses.share_behind`).

    Args:
        points: Camera frame, metres.
        K: Intrinsics, px.

    Returns:
        Undistorted pixels.
    """
    return ray_to_pixel(points[..., :2] / safe_depth(points[..., 2:]), K)
