"""Joint angles from joint positions: frames of segments, their orientation, bending.

Axes of a segment and of the ground are those of the ISB and of OpenSim: x forward, y up, z to the
right. Angles are in radians. A zero vector gives an angle of 0 with a zero gradient; NaN stays NaN.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

from geoself_jax.geometry.numerics import safe_divide, safe_norm

Point = Float[Array, "*batch 3"]
Angle = Float[Array, "*batch"]
Frame = Float[Array, "*batch 3 3"]
"""Columns are the axes x, y, z of a segment, unit vectors in the ground's axes."""


def bending(a: Point, b: Point, c: Point) -> Angle:
    """Returns how far the chain a-b-c is bent at b: 0 where it is in line, pi where folded.

    Args:
        a, b, c: Joints, any unit and frame.
    """
    return between(b - a, c - b)


def between(u: Point, v: Point) -> Angle:
    """Returns the angle between two directions, in [0, pi], as exact near 0 and pi as between.

    Args:
        u, v: Vectors of any length.
    """
    return _atan2(safe_norm(jnp.cross(u, v)), _dot(u, v))


def frame_of_right(right: Point, up: Point) -> Frame:
    """Returns the frame whose z is `right`; its y is as near to `up` as that allows.

    Args:
        right, up: Directions, not parallel.
    """
    z = _unit(right)
    x = _unit(jnp.cross(up, z))
    return jnp.stack([x, jnp.cross(z, x), z], axis=-1)


def frame_of_up(up: Point, right: Point) -> Frame:
    """Returns the frame whose y is `up`; its z is as near to `right` as that allows.

    Args:
        up, right: Directions, not parallel.
    """
    y = _unit(up)
    x = _unit(jnp.cross(y, right))
    return jnp.stack([x, y, jnp.cross(x, y)], axis=-1)


def tilt_list_rotation(frame: Frame) -> tuple[Angle, Angle, Angle]:
    """Returns the angles of R = Ry(rotation) Rx(list) Rz(tilt), which no heading changes.

    Args:
        frame: A segment's axes in the ground's.

    Returns:
        tilt about the segment's z, + backward; list about its forward axis, + right side down;
        rotation about the vertical, + to the left.

    Source: Baker, "Pelvic angles: a mathematically rigorous definition which is consistent with a
    conventional clinical understanding of the terms", Gait & Posture 2001: first rotation, then
    obliquity, then tilt.
    """
    tilt = _atan2(frame[..., 1, 0], frame[..., 1, 1])
    list_ = -jnp.arcsin(jnp.clip(frame[..., 1, 2], -1, 1))
    return tilt, list_, _atan2(frame[..., 0, 2], frame[..., 2, 2])


def opensim_tilt_list_rotation(frame: Frame) -> tuple[Angle, Angle, Angle]:
    """Returns the angles of R = Rz(tilt) Rx(list) Ry(rotation), as OpenSim's pelvis has them.

    Tilt and list are about the ground's axes here, so that they change with the heading.

    Args:
        frame: A segment's axes in the ground's.
    """
    tilt = _atan2(-frame[..., 0, 1], frame[..., 1, 1])
    list_ = jnp.arcsin(jnp.clip(frame[..., 2, 1], -1, 1))
    return tilt, list_, _atan2(-frame[..., 2, 0], frame[..., 2, 2])


def flexion_adduction(frame: Frame, up: Point) -> tuple[Angle, Angle]:
    """Returns a thigh's flexion and its turn to the left, as R = Rz(flexion) Rx(left) y = `up`.

    Args:
        frame: The pelvis.
        up: From the knee to the hip.

    Returns:
        flexion, + knee forward; and the angle out of the sagittal plane, + knee to the left:
        adduction of the right hip, abduction of the left one.
    """
    x, y, z = _in(frame, up)
    return _atan2(-x, y), _atan2(z, safe_norm(jnp.stack([x, y], axis=-1)))


def elevation_plane(frame: Frame, down: Point) -> tuple[Angle, Angle]:
    """Returns an arm's elevation from hanging, and the plane that it is raised in.

    Args:
        frame: The trunk.
        down: From the shoulder to the elbow.

    Returns:
        elevation in [0, pi]; and the plane, 0 to the right, pi/2 forward: undefined of an arm
        along the trunk.

    Source: the Y-X-Y angles of Wu et al., "ISB recommendation on definitions of joint coordinate
    systems ... part II", J. Biomechanics 2005, of the upper arm in the thorax's axes.
    """
    x, y, z = _in(frame, down)
    return _atan2(safe_norm(jnp.stack([x, z], axis=-1)), -y), _atan2(x, z)


def about_axis(a: Point, b: Point, c: Point) -> Angle:
    """Returns the direction b - c about the axis a - b, from the frame's own x, in (-pi, pi].

    It depends on the axes that the joints are in. `a` and `b` may not be along x.

    Args:
        a, b, c: Joints, any unit.
    """
    z = _unit(a - b)
    first = jnp.zeros_like(z).at[..., 0].set(1)
    x = _unit(first - _dot(first, z)[..., None] * z)
    return _atan2(_dot(b - c, jnp.cross(z, x)), _dot(b - c, x))


def _in(frame: Frame, v: Point) -> tuple[Angle, Angle, Angle]:
    """Components along the frame's axes."""
    return tuple(_dot(frame[..., axis], v) for axis in range(3))  # type: ignore[return-value]


def _dot(u: Point, v: Point) -> Angle:
    return jnp.sum(u * v, axis=-1)


def _unit(v: Point) -> Point:
    return safe_divide(v, safe_norm(v)[..., None])


def _atan2(y: Angle, x: Angle) -> Angle:
    """Arctangent, and 0 with a zero gradient where both are 0."""
    zero = (x == 0) & (y == 0)
    return jnp.where(zero, 0, jnp.arctan2(y, jnp.where(zero, 1, x)))
