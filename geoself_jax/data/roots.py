"""The root that some skeletons do not have: a pelvis between the hips, or a centroid."""

from geoself_jax.core.skeleton import Skeleton, normalized

ROOT = "pelvis"

CENTROID = "centroid"
"""The joint that is derived where no joint is the root: the mean of those that are seen."""


class Rootless(Skeleton):
    """A skeleton without a root: its `root` stands in for the centroid that is derived from it."""


def with_pelvis(skeleton: Skeleton) -> Skeleton:
    """The skeleton with a pelvis as its last joint and root, parent of the hips and the old root.

    Args:
        skeleton: With a left and a right hip, without a pelvis.
    """
    pelvis = skeleton.joints
    parents = list(skeleton.parents)
    for joint in (skeleton.root, *hips(skeleton)):
        parents[joint] = pelvis
    names, size = (*skeleton.joint_names, ROOT), skeleton.body_metres
    return Skeleton(names, (*parents, -1), skeleton.left_right, pelvis, size)


def with_centroid(skeleton: Skeleton) -> Skeleton:
    """The skeleton with a centroid as its last joint and root, which no bone leads to.

    Args:
        skeleton: Of the joints whose mean it is.
    """
    names, parents = (*skeleton.joint_names, CENTROID), (*skeleton.parents, -1)
    size = skeleton.body_metres
    return Skeleton(names, parents, skeleton.left_right, skeleton.joints, size)


def without_centroid(skeleton: Skeleton) -> Skeleton:
    """The skeleton of the joints that a detector gives: `with_centroid` undone, else as it is."""
    last = skeleton.joints - 1
    if skeleton.root != last or skeleton.joint_names[last] != CENTROID or last in skeleton.parents:
        return skeleton
    names, size = skeleton.joint_names[:last], skeleton.body_metres
    return Rootless(names, skeleton.parents[:last], skeleton.left_right, 0, size)


def hips(skeleton: Skeleton) -> tuple[int, int]:
    """The left and the right hip.

    Args:
        skeleton: That has both.
    """
    names = [normalized(name) for name in skeleton.joint_names]
    return names.index("lefthip"), names.index("righthip")
