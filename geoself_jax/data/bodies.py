"""New bodies out of triangulated ones: limbs of other lengths, an upper body of another instant."""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from geoself_jax.skeleton import Skeleton


class Tree(NamedTuple):
    """A skeleton's joints as they hang from its root.

    Attributes:
        outward: (joint, its neighbour on the way to the root), from the root outward.
        limb: Of each joint, the number of the limb that ends in it; both sides have the same.
        limbs: How many there are.
        upper: Whether each joint belongs to the branches of the root that are not one of a pair.
        hips: First joints of the root's pair of branches, left and right; None without one.
    """

    outward: tuple[tuple[int, int], ...]
    limb: tuple[int, ...]
    limbs: int
    upper: tuple[bool, ...]
    hips: tuple[int, int] | None


@functools.lru_cache
def tree(skeleton: Skeleton) -> Tree:
    """The tree of a skeleton, hung up at the joint that poses are relative to."""
    mirror, root = skeleton.mirror, skeleton.root
    neighbours: dict[int, list[int]] = {joint: [] for joint in range(skeleton.joints)}
    for parent, child in skeleton.bones:
        neighbours[parent].append(child)
        neighbours[child].append(parent)
    outward: list[tuple[int, int]] = []
    branch = {root: root}
    waiting = [root]
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
    return Tree(tuple(outward), limb, len(names), upper, hips)


def stretched(
    relative: Float[Array, "batch frames joints 3"],
    factor: Float[Array, "batch limbs"],
    skeleton: Skeleton,
) -> Float[Array, "batch frames joints 3"]:
    """Bodies whose limbs are longer or shorter, their directions kept.

    Args:
        relative: To the root, metres; NaN where unknown, and then so is all that hangs from it.
        factor: What each limb's length is multiplied by.
        skeleton: Of the joints.
    """
    built = tree(skeleton)
    new = {skeleton.root: relative[:, :, skeleton.root]}
    for joint, inner in built.outward:
        bone = relative[:, :, joint] - relative[:, :, inner]
        new[joint] = new[inner] + factor[:, built.limb[joint], None, None] * bone
    alone = [relative[:, :, joint] for joint in range(skeleton.joints)]  # where no bone leads
    return jnp.stack([new.get(joint, alone[joint]) for joint in range(skeleton.joints)], axis=2)


def heading(
    relative: Float[Array, "batch frames joints 3"],
    across: Float[Array, " 3"],
    ahead: Float[Array, " 3"],
    skeleton: Skeleton,
) -> Float[Array, " batch"]:
    """Angle of the line through the hips about the vertical, at the middle frame; radians."""
    hips = tree(skeleton).hips
    assert hips is not None
    left, right = hips
    middle = relative.shape[1] // 2
    line = relative[:, middle, right] - relative[:, middle, left]
    dot = functools.partial(jnp.sum, axis=-1)
    return jnp.arctan2(dot(line * ahead), dot(line * across))


def can_exchange(skeleton: Skeleton) -> bool:
    """Whether the skeleton has hips and something above them."""
    built = tree(skeleton)
    return built.hips is not None and any(built.upper)


def upper_body(skeleton: Skeleton) -> Bool[Array, " joints"]:
    """Which joints the augmentation `exchange` takes from the other instant."""
    return jnp.array(tree(skeleton).upper)


def turned(
    relative: Float[Array, "batch frames joints 3"],
    angle: Float[Array, " batch"],
    axes: tuple[jax.Array, jax.Array, jax.Array],
) -> Float[Array, "batch frames joints 3"]:
    """Turned about the vertical, the last of the three axes."""
    across, ahead, up = axes
    x, y, height = (jnp.sum(relative * axis, axis=-1) for axis in axes)
    cos, sin = jnp.cos(angle)[:, None, None], jnp.sin(angle)[:, None, None]
    x, y = cos * x - sin * y, sin * x + cos * y
    return x[..., None] * across + y[..., None] * ahead + height[..., None] * up
