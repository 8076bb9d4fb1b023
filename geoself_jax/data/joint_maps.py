"""Maps from one skeleton's joints to another's: what is the same joint, what is only near it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from geoself_jax.core.skeleton import Skeleton, compared, normalized

LIMBS = tuple(
    f"{side}_{joint}"
    for joint in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
    for side in ("left", "right")
)
"""The twelve joints that detectors and motion capture both mark."""

_SAME = {
    normalized(alias): name
    for name, aliases in {
        "pelvis": ("pelvis", "mid_hip", "hip", "body_center"),
        **{limb: (limb,) for limb in LIMBS},
    }.items()
    for alias in aliases
}

# Joints that stand in for another, best first; several are averaged. COCO, Halpe and BODY_25 as
# MMPose's inference_3d.py and MotionBERT's coco2h36m and halpe2h36m, 3DHP by MMPose's names.
# BODY_25B's upper neck is used for none: MPII's annotators put it between thorax and head.
_STAND_INS: dict[str, tuple[tuple[str, ...], ...]] = {
    "pelvis": (("lefthip", "righthip"),),
    "spine": (("pelvis", "thorax"),),
    "thorax": (("neck",), ("leftshoulder", "rightshoulder")),
    "neck": (("thorax",), ("leftshoulder", "rightshoulder")),
    "face": (("nose",), ("head",)),
    "head": (("face",), ("nose",)),
    "nose": (("face",), ("head",)),
    "headtop": (("lefteye", "righteye"),),
}


@dataclass(frozen=True)
class JointMap:
    """Each target joint as a mean of source joints.

    Derived joints are biased: a detector's neck, nose and eyes are not where motion capture puts
    thorax, neck and head; these are some 32 mm further off than the limbs (VideoPose3D issue 245).

    Attributes:
        source, target: The skeletons.
        weights: (J_target, J_source); a row sums to 1, or to 0 where the joint is absent.
        exact: Names of the target joints that are the same anatomical joint in the source.
        derived: Names of those that others stand in for.
        absent: Names of those that the source has nothing for.
    """

    source: Skeleton
    target: Skeleton
    weights: np.ndarray
    exact: tuple[str, ...]
    derived: tuple[str, ...]
    absent: tuple[str, ...]

    def points(self, points: np.ndarray) -> np.ndarray:
        """Target joints from source joints: 3D poses, or pixels.

        Args:
            points: (..., J_source, 2 or 3), any unit; NaN where missing.

        Returns:
            (..., J_target, 2 or 3); NaN where absent or where a joint it needs is missing.
        """
        there = np.isfinite(points).all(-1)
        filled = np.where(there[..., None], points, 0)
        mapped = np.einsum("ts,...sd->...td", self.weights, filled.astype(np.float64))
        return np.where(self._whole(there)[..., None], mapped, np.nan).astype(points.dtype)

    def detections(
        self, keypoints_2d: np.ndarray, confidence: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Target joints' pixels and confidences: the lowest of those that a joint is made of.

        Args:
            keypoints_2d: (..., J_source, 2) pixels; NaN where missing.
            confidence: (..., J_source) in [0, 1]; 0 where missing.
        """
        lowest = np.where(self.weights > 0, confidence[..., None, :], np.inf).min(-1)
        pixels = self.points(keypoints_2d)
        there = np.isfinite(pixels).all(-1)
        return pixels, np.where(there, lowest, 0).astype(confidence.dtype)

    def _whole(self, there: np.ndarray) -> np.ndarray:
        """(..., J_target): some source joints are needed and all of these are there."""
        lacking = (self.weights > 0) & ~there[..., None, :]
        return ~lacking.any(-1) & (self.weights > 0).any(-1)

    def summary(self) -> str:
        """One line: which joints are derived and which absent; empty where all are exact."""
        parts = []
        if self.derived:
            parts.append(
                f"{', '.join(self.derived)} derived from other joints: "
                "numbers that count them carry that bias"
            )
        if self.absent:
            parts.append(f"{', '.join(self.absent)} absent: not counted")
        return "; ".join(parts)


def joint_map(source: Skeleton, target: Skeleton) -> JointMap:
    """The map between two skeletons, by the names of their joints.

    The meaning of a name depends on its siblings: Human3.6M's `thorax` is others' `neck`, its
    `neck` is in the face and its `head` is the top; MPI-INF-3DHP's `head` is below its `head_top`.
    """
    places = {name: i for i, name in enumerate(_meanings(source))}
    weights = np.zeros((target.joints, source.joints))
    kinds: dict[str, list[str]] = {"exact": [], "derived": [], "absent": []}
    for row, meaning, name in zip(weights, _meanings(target), target.joint_names, strict=True):
        found = _found(meaning, places, ())
        for place, share in (found or {}).items():
            row[place] = share
        kind = "exact" if meaning in places else "derived" if found else "absent"
        kinds[kind].append(name)
    named = {kind: tuple(names) for kind, names in kinds.items()}
    return JointMap(source, target, weights, named["exact"], named["derived"], named["absent"])


def _meanings(skeleton: Skeleton) -> list[str]:
    """What each joint is, under one name for all skeletons."""
    names = compared(skeleton.joint_names)
    common: Callable[[str], str] = lambda name: normalized(_SAME.get(name, name))  # noqa: E731
    if "thorax" in names:
        own = {"neck": "face", "head": "headtop"}
    elif "headtop" in names or "nose" not in names:
        own = {}
    else:
        own = {"head": "headtop"}
    meanings = [own.get(name, common(name)) for name in names]
    twice = {meaning for meaning in meanings if meanings.count(meaning) > 1}
    return [name if m in twice else m for name, m in zip(names, meanings, strict=True)]


def _found(meaning: str, places: dict[str, int], tried: tuple[str, ...]) -> dict[int, float] | None:
    """Source joints and their shares, or None."""
    if meaning in places:
        return {places[meaning]: 1.0}
    if meaning in tried:
        return None
    for stand_ins in _STAND_INS.get(meaning, ()):
        parts = [_found(name, places, (*tried, meaning)) for name in stand_ins]
        if all(parts):
            return _mean([part for part in parts if part])
    return None


def _mean(parts: list[dict[int, float]]) -> dict[int, float]:
    total: dict[int, float] = {}
    for part in parts:
        for place, share in part.items():
            total[place] = total.get(place, 0) + share / len(parts)
    return total


def limb_joints(skeleton: Skeleton) -> tuple[int, ...] | None:
    """Indices of `LIMBS` in a skeleton, or None where it lacks one of them."""
    names = [normalized(name) for name in skeleton.joint_names]
    wanted = [normalized(limb) for limb in LIMBS]
    return tuple(names.index(w) for w in wanted) if set(wanted) <= set(names) else None
