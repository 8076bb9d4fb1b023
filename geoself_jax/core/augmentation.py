"""Augments triangulated poses: scales and rotates limbs, exchanges upper bodies."""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.scipy.spatial.transform import Rotation
from jaxtyping import Array, Bool, Float

from geoself_jax.core.skeleton import Skeleton
from geoself_jax.geometry.numerics import rotate


class Tree(NamedTuple):
    """The kinematic tree of a skeleton, rooted at its root joint.

    Joints that no bones join to the root are trees of their own, rooted at their first joints.

    Attributes:
        outward: (joint, its neighbour on the way to the root), from the root outward.
        limb: Of each joint, the number of the limb that ends in it; both sides have the same.
        limbs: How many there are.
        bends: Whether the limb that ends in each joint can turn: not where it leads to the first of
            a pair, as from the spine to a hip or shoulder.
        upper: Whether each joint belongs to the branches of the root that are not one of a pair.
        hips: First joints of the root's pair of branches, left and right; None without one.
    """

    outward: tuple[tuple[int, int], ...]
    limb: tuple[int, ...]
    limbs: int
    bends: tuple[bool, ...]
    upper: tuple[bool, ...]
    hips: tuple[int, int] | None


@functools.lru_cache
def tree(skeleton: Skeleton) -> Tree:
    """Builds the kinematic tree of a skeleton, rooted at the root joint."""
    mirror, root = skeleton.mirror, skeleton.root
    neighbours: dict[int, list[int]] = {joint: [] for joint in range(skeleton.joints)}
    for parent, child in skeleton.bones:
        neighbours[parent].append(child)
        neighbours[child].append(parent)
    outward: list[tuple[int, int]] = []
    branch = {root: root}
    for start in (root, *range(skeleton.joints)):
        waiting = [] if start in branch and start != root else [start]
        branch.setdefault(start, root)
        while waiting:
            at = waiting.pop(0)
            for joint in neighbours[at]:
                if joint not in branch:
                    branch[joint] = joint if at == root else branch[at]
                    outward.append((joint, at))
                    waiting.append(joint)
    limb_of = {joint: min(joint, mirror[joint]) for joint in range(skeleton.joints)}
    names = sorted(set(limb_of.values()))
    heads = [joint for joint, at in outward if at == root]
    hips = next(((a, mirror[a]) for a, b in skeleton.left_right if {a, b} <= set(heads)), None)
    upper = tuple(
        branch.get(joint, root) != root and mirror[branch[joint]] == branch[joint]
        for joint in range(skeleton.joints)
    )
    limb = tuple(names.index(limb_of[joint]) for joint in range(skeleton.joints))
    inner = dict(outward)
    bends = tuple(
        joint in inner and (mirror[joint] == joint or mirror[inner[joint]] != inner[joint])
        for joint in range(skeleton.joints)
    )
    return Tree(tuple(outward), limb, len(names), bends, upper, hips)


def stretched(
    relative: Float[Array, "batch frames joints 3"],
    factor: Float[Array, "batch limbs"],
    skeleton: Skeleton,
) -> Float[Array, "batch frames joints 3"]:
    """Scales the bones of each pose and keeps their directions.

    Args:
        relative: To the root, metres; NaN where unknown, and then so is all that hangs from it.
        factor: What each limb's length is multiplied by.
        skeleton: Of the joints.
    """
    built = tree(skeleton)
    new = {joint: relative[:, :, joint] for joint in range(skeleton.joints)}
    for joint, inner in built.outward:
        bone = relative[:, :, joint] - relative[:, :, inner]
        new[joint] = new[inner] + factor[:, built.limb[joint], None, None] * bone
    return jnp.stack([new[joint] for joint in range(skeleton.joints)], axis=2)


def bent(
    relative: Float[Array, "batch frames joints 3"],
    vector: Float[Array, "batch joints 3"],
    skeleton: Skeleton,
) -> Float[Array, "batch frames joints 3"]:
    """Rotates each limb with its descendants and keeps bone lengths.

    Args:
        relative: To the root, metres; NaN where unknown, and then so is all that hangs from it.
        vector: Rotation vector of the limb that ends in each joint, radians, in the axes of
            `relative`; of the limbs that can turn alone (`Tree.bends`).
        skeleton: Of the joints.
    """
    built = tree(skeleton)
    batch = vector.shape[0]
    own = Rotation.from_rotvec(vector.reshape(-1, 3)).as_matrix().reshape(batch, -1, 3, 3)
    unturned = jnp.broadcast_to(jnp.eye(3), (batch, 3, 3))
    turn = dict.fromkeys(range(skeleton.joints), unturned)
    new = {joint: relative[:, :, joint] for joint in range(skeleton.joints)}
    for joint, inner in built.outward:
        turn[joint] = turn[inner] @ own[:, joint] if built.bends[joint] else turn[inner]
        bone = relative[:, :, joint] - relative[:, :, inner]
        new[joint] = new[inner] + rotate(turn[joint], bone)
    return jnp.stack([new[joint] for joint in range(skeleton.joints)], axis=2)


def tilted(
    relative: Float[Array, "batch frames joints 3"], vector: Float[Array, "batch 3"]
) -> Float[Array, "batch frames joints 3"]:
    """Rotates poses about their root.

    Args:
        relative: To the root, metres; NaN where unknown.
        vector: Rotation vector, radians, in the axes of `relative`.
    """
    return rotate(Rotation.from_rotvec(vector).as_matrix()[:, None], relative)


def lowest(
    relative: Float[Array, "batch frames joints 3"], up: Float[Array, " 3"]
) -> Float[Array, " batch"]:
    """Returns the height of the lowest joint of each pose or window over its root.

    Args:
        relative: To the root, metres; NaN where unknown.
        up: Unit vector against gravity, in the axes of `relative`.
    """
    return jnp.nanmin(jnp.sum(relative * up, axis=-1), axis=(1, 2))


def heading(
    relative: Float[Array, "batch frames joints 3"],
    across: Float[Array, " 3"],
    ahead: Float[Array, " 3"],
    skeleton: Skeleton,
) -> Float[Array, " batch"]:
    """Returns the heading of the hips about the vertical at the middle frame.

    Args:
        relative: To the root, metres, world axes; NaN where unknown.
        across, ahead: Horizontal unit vectors, orthogonal.
        skeleton: Of the joints; it must have hips (`can_exchange`).

    Returns:
        Angle of the line from left to right hip, from `across` towards `ahead`, radians in
        [-pi, pi]; NaN where a hip is missing.
    """
    hips = tree(skeleton).hips
    assert hips is not None
    left, right = hips
    middle = relative.shape[1] // 2
    line = relative[:, middle, right] - relative[:, middle, left]
    dot = functools.partial(jnp.sum, axis=-1)
    return jnp.arctan2(dot(line * ahead), dot(line * across))


def can_exchange(skeleton: Skeleton) -> bool:
    """Returns whether the skeleton has hips and joints above them."""
    built = tree(skeleton)
    return built.hips is not None and any(built.upper)


def upper_body(skeleton: Skeleton) -> Bool[Array, " joints"]:
    """Returns the mask of joints that the augmentation `exchange` replaces."""
    return jnp.array(tree(skeleton).upper)


def turned(
    relative: Float[Array, "batch frames joints 3"],
    angle: Float[Array, " batch"],
    axes: tuple[jax.Array, jax.Array, jax.Array],
) -> Float[Array, "batch frames joints 3"]:
    """Rotates poses about the vertical.

    Args:
        relative: To the root, metres; NaN where unknown.
        angle: From the first axis towards the second, radians.
        axes: Two horizontal axes and the vertical, orthonormal, in the axes of `relative`.
    """
    across, ahead, up = axes
    x, y, height = (jnp.sum(relative * axis, axis=-1) for axis in axes)
    cos, sin = jnp.cos(angle)[:, None, None], jnp.sin(angle)[:, None, None]
    x, y = cos * x - sin * y, sin * x + cos * y
    return x[..., None] * across + y[..., None] * ahead + height[..., None] * up
