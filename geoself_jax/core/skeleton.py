"""A skeleton is data: joint names, parents, left/right pairs and the root."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from geoself_jax.core.errors import data_error


@dataclass(frozen=True)
class Skeleton:
    """Joints in array order, and the kinematic tree.

    Attributes:
        joint_names: One name a joint.
        parents: Index of each joint's parent; the root's is -1.
        left_right: Pairs (left joint, right joint) that a mirror exchanges.
        root: Index of the joint that poses are relative to.
        body_metres: Smallest and largest usual distance of its farthest joints, metres, by which a
            wrong unit is noticed; None where it is not declared.
    """

    joint_names: tuple[str, ...]
    parents: tuple[int, ...]
    left_right: tuple[tuple[int, int], ...]
    root: int
    body_metres: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        joints = len(self.joint_names)
        if not all(name.strip() for name in self.joint_names):
            raise data_error(f"joint_names {self.joint_names}", "one is blank", "name every joint")
        if len(set(self.joint_names)) != joints:
            raise data_error("joint_names", "each name must be there once", "rename the joints")
        if len(self.parents) != joints or not all(-1 <= p < joints for p in self.parents):
            raise data_error(
                f"parents {self.parents}",
                f"wanted one index in [-1, {joints}) for each of {joints} joints",
                "fix `parents`",
            )
        if not all(self._leads_to_a_root(joint) for joint in range(joints)):
            raise data_error(
                f"parents {self.parents}", "some joint is its own ancestor", "fix `parents`"
            )
        paired = [i for pair in self.left_right for i in pair]
        if any(not 0 <= i < joints for i in paired) or len(set(paired)) != len(paired):
            raise data_error(
                f"left_right {self.left_right}",
                f"wanted indices below {joints}, each at most once",
                "fix `left_right`",
            )
        if not 0 <= self.root < joints:
            raise data_error(
                f"root {self.root}", f"wanted an index below {joints}", "set `root` in the file"
            )
        if (
            self.body_metres is not None
            and not 0 < self.body_metres[0] <= self.body_metres[1] < 1e6
        ):
            raise data_error(
                f"body_metres {self.body_metres}",
                "wanted the smallest and the largest size of a body, metres, above 0",
                "fix it, or leave it out",
            )

    def _leads_to_a_root(self, joint: int) -> bool:
        for _ in self.parents:
            joint = self.parents[joint]
            if joint < 0:
                return True
        return False

    @property
    def joints(self) -> int:
        """Number of joints."""
        return len(self.joint_names)

    @property
    def bones(self) -> tuple[tuple[int, int], ...]:
        """Pairs (parent, child), one per bone."""
        return tuple((p, c) for c, p in enumerate(self.parents) if p >= 0)

    @property
    def mirror(self) -> tuple[int, ...]:
        """Permutation that exchanges left and right joints."""
        order = list(range(self.joints))
        for left, right in self.left_right:
            order[left], order[right] = right, left
        return tuple(order)


H36M_17 = Skeleton(
    joint_names=(
        "pelvis",
        "right_hip",
        "right_knee",
        "right_ankle",
        "left_hip",
        "left_knee",
        "left_ankle",
        "spine",
        "thorax",
        "neck",
        "head",
        "left_shoulder",
        "left_elbow",
        "left_wrist",
        "right_shoulder",
        "right_elbow",
        "right_wrist",
    ),
    parents=(-1, 0, 1, 2, 0, 4, 5, 0, 7, 8, 9, 8, 11, 12, 8, 14, 15),
    left_right=((4, 1), (5, 2), (6, 3), (11, 14), (12, 15), (13, 16)),
    root=0,
)


def normalized(name: str) -> str:
    """Returns a joint's name without case and separators, for comparison."""
    return name.lower().replace("_", "").replace(" ", "").replace("/", "").replace("-", "")


def compared(names: Sequence[str]) -> list[str]:
    """Returns keys that are equal where names of two bodies are: `normalized` ones, mostly.

    `ear 1` and `ear_1`, `Tail` and `tail` of one body are two joints: keys of such have the name as
    it is spelt, after a character that no name has.

    Args:
        names: Of its joints.
    """
    plain = [normalized(name) for name in names]
    count = Counter(plain)
    return [f"\0{name}" if count[key] > 1 else key for name, key in zip(names, plain, strict=True)]
