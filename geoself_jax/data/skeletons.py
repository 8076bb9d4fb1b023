"""The skeletons of common detectors and data sets, by name, and the root that some do not give."""

from collections.abc import Mapping

import numpy as np

from geoself_jax.core.errors import data_error, nearest_name
from geoself_jax.core.skeleton import H36M_17, Skeleton, normalized

ROOT = "pelvis"

CENTROID = "centroid"
"""The joint that is derived where no joint is the root: the mean of those that are seen."""


class Rootless(Skeleton):
    """A skeleton without a root: its `root` stands in for the centroid that is derived from it."""


def from_parents(parents: Mapping[str, str], root: str) -> Skeleton:
    """A skeleton from each joint's parent, by name, in the order of the joints.

    Args:
        parents: Joint -> its parent; "" where there is none.
        root: Joint that poses are relative to.

    `left_x` and `right_x` become a pair.
    """
    names = tuple(parents)
    return Skeleton(
        joint_names=names,
        parents=tuple(names.index(p) if p else -1 for p in parents.values()),
        left_right=tuple(
            (names.index(name), names.index(twin))
            for name in names
            if name.startswith("left_") and (twin := "right_" + name[5:]) in parents
        ),
        root=names.index(root),
    )


COCO_17 = from_parents(
    {
        "nose": "",
        "left_eye": "nose",
        "right_eye": "nose",
        "left_ear": "left_eye",
        "right_ear": "right_eye",
        "left_shoulder": "nose",
        "right_shoulder": "nose",
        "left_elbow": "left_shoulder",
        "right_elbow": "right_shoulder",
        "left_wrist": "left_elbow",
        "right_wrist": "right_elbow",
        "left_hip": "left_shoulder",
        "right_hip": "right_shoulder",
        "left_knee": "left_hip",
        "right_knee": "right_hip",
        "left_ankle": "left_knee",
        "right_ankle": "right_knee",
    },
    "nose",
)
"""COCO's person keypoints: AlphaPose, Detectron2, MMPose, YOLO, AIST++. It has no pelvis."""

COCO_18 = from_parents(
    {
        "nose": "neck",
        "neck": "",
        "right_shoulder": "neck",
        "right_elbow": "right_shoulder",
        "right_wrist": "right_elbow",
        "left_shoulder": "neck",
        "left_elbow": "left_shoulder",
        "left_wrist": "left_elbow",
        "right_hip": "neck",
        "right_knee": "right_hip",
        "right_ankle": "right_knee",
        "left_hip": "neck",
        "left_knee": "left_hip",
        "left_ankle": "left_knee",
        "right_eye": "nose",
        "left_eye": "nose",
        "right_ear": "right_eye",
        "left_ear": "left_eye",
    },
    "neck",
)
"""OpenPose's COCO model. It has no pelvis."""

BODY_25 = from_parents(
    {
        "nose": "neck",
        "neck": "mid_hip",
        "right_shoulder": "neck",
        "right_elbow": "right_shoulder",
        "right_wrist": "right_elbow",
        "left_shoulder": "neck",
        "left_elbow": "left_shoulder",
        "left_wrist": "left_elbow",
        "mid_hip": "",
        "right_hip": "mid_hip",
        "right_knee": "right_hip",
        "right_ankle": "right_knee",
        "left_hip": "mid_hip",
        "left_knee": "left_hip",
        "left_ankle": "left_knee",
        "right_eye": "nose",
        "left_eye": "nose",
        "right_ear": "right_eye",
        "left_ear": "left_eye",
        "left_big_toe": "left_ankle",
        "left_small_toe": "left_big_toe",
        "left_heel": "left_ankle",
        "right_big_toe": "right_ankle",
        "right_small_toe": "right_big_toe",
        "right_heel": "right_ankle",
    },
    "mid_hip",
)
"""OpenPose's default model."""

_FACE_AND_LIMBS = dict(
    zip(
        COCO_17.joint_names,
        ("" if p < 0 else COCO_17.joint_names[p] for p in COCO_17.parents),
        strict=True,
    )
)

BODY_25B = from_parents(
    {
        **_FACE_AND_LIMBS,
        "nose": "upper_neck",
        "left_shoulder": "upper_neck",
        "right_shoulder": "upper_neck",
        "upper_neck": "",
        "head_top": "upper_neck",
        "left_big_toe": "left_ankle",
        "left_small_toe": "left_big_toe",
        "left_heel": "left_ankle",
        "right_big_toe": "right_ankle",
        "right_small_toe": "right_big_toe",
        "right_heel": "right_ankle",
    },
    "upper_neck",
)
"""OpenPose's experimental model (its poseParameters.cpp). It has no pelvis."""

HALPE_26 = from_parents(
    {
        **_FACE_AND_LIMBS,
        "nose": "neck",
        "left_shoulder": "neck",
        "right_shoulder": "neck",
        "left_hip": "hip",
        "right_hip": "hip",
        "head": "nose",
        "neck": "hip",
        "hip": "",
        "left_big_toe": "left_ankle",
        "right_big_toe": "right_ankle",
        "left_small_toe": "left_big_toe",
        "right_small_toe": "right_big_toe",
        "left_heel": "left_ankle",
        "right_heel": "right_ankle",
    },
    "hip",
)
"""AlphaPose's and MMPose's 26 body joints of Halpe."""

MPI_INF_3DHP_28 = from_parents(
    {
        "spine3": "spine2",
        "spine4": "spine3",
        "spine2": "spine",
        "spine": "pelvis",
        "pelvis": "",
        "neck": "spine4",
        "head": "neck",
        "head_top": "head",
        "left_clavicle": "spine4",
        "left_shoulder": "left_clavicle",
        "left_elbow": "left_shoulder",
        "left_wrist": "left_elbow",
        "left_hand": "left_wrist",
        "right_clavicle": "spine4",
        "right_shoulder": "right_clavicle",
        "right_elbow": "right_shoulder",
        "right_wrist": "right_elbow",
        "right_hand": "right_wrist",
        "left_hip": "pelvis",
        "left_knee": "left_hip",
        "left_ankle": "left_knee",
        "left_foot": "left_ankle",
        "left_toe": "left_foot",
        "right_hip": "pelvis",
        "right_knee": "right_hip",
        "right_ankle": "right_knee",
        "right_foot": "right_ankle",
        "right_toe": "right_foot",
    },
    "pelvis",
)
"""MPI-INF-3DHP's training set."""

MPI_INF_3DHP_17 = from_parents(
    {
        "head_top": "head",
        "neck": "spine",
        "right_shoulder": "neck",
        "right_elbow": "right_shoulder",
        "right_wrist": "right_elbow",
        "left_shoulder": "neck",
        "left_elbow": "left_shoulder",
        "left_wrist": "left_elbow",
        "right_hip": "pelvis",
        "right_knee": "right_hip",
        "right_ankle": "right_knee",
        "left_hip": "pelvis",
        "left_knee": "left_hip",
        "left_ankle": "left_knee",
        "pelvis": "",
        "spine": "pelvis",
        "head": "neck",
    },
    "pelvis",
)
"""MPI-INF-3DHP's test set."""

PANOPTIC_19 = from_parents(
    {
        "neck": "body_center",
        "nose": "neck",
        "body_center": "",
        "left_shoulder": "neck",
        "left_elbow": "left_shoulder",
        "left_wrist": "left_elbow",
        "left_hip": "body_center",
        "left_knee": "left_hip",
        "left_ankle": "left_knee",
        "right_shoulder": "neck",
        "right_elbow": "right_shoulder",
        "right_wrist": "right_elbow",
        "right_hip": "body_center",
        "right_knee": "right_hip",
        "right_ankle": "right_knee",
        "left_eye": "nose",
        "left_ear": "left_eye",
        "right_eye": "nose",
        "right_ear": "right_eye",
    },
    "body_center",
)
"""CMU Panoptic's 3D bodies."""


MEDIAPIPE_33 = from_parents(
    {
        "nose": "",
        "left_eye_inner": "nose",
        "left_eye": "left_eye_inner",
        "left_eye_outer": "left_eye",
        "right_eye_inner": "nose",
        "right_eye": "right_eye_inner",
        "right_eye_outer": "right_eye",
        "left_ear": "left_eye_outer",
        "right_ear": "right_eye_outer",
        "left_mouth": "nose",
        "right_mouth": "nose",
        "left_shoulder": "nose",
        "right_shoulder": "nose",
        "left_elbow": "left_shoulder",
        "right_elbow": "right_shoulder",
        "left_wrist": "left_elbow",
        "right_wrist": "right_elbow",
        "left_pinky": "left_wrist",
        "right_pinky": "right_wrist",
        "left_index": "left_wrist",
        "right_index": "right_wrist",
        "left_thumb": "left_wrist",
        "right_thumb": "right_wrist",
        "left_hip": "left_shoulder",
        "right_hip": "right_shoulder",
        "left_knee": "left_hip",
        "right_knee": "right_hip",
        "left_ankle": "left_knee",
        "right_ankle": "right_knee",
        "left_heel": "left_ankle",
        "right_heel": "right_ankle",
        "left_foot_index": "left_heel",
        "right_foot_index": "right_heel",
    },
    "nose",
)
"""MediaPipe's (BlazePose's) landmarks; it writes mouth_left for left_mouth. It has no pelvis."""

COCO_23 = from_parents(
    {
        **_FACE_AND_LIMBS,
        "left_big_toe": "left_ankle",
        "left_small_toe": "left_big_toe",
        "left_heel": "left_ankle",
        "right_big_toe": "right_ankle",
        "right_small_toe": "right_big_toe",
        "right_heel": "right_ankle",
    },
    "nose",
)
"""Body and feet of COCO-WholeBody, its first 23 joints of 133. It has no pelvis."""


def name_of(skeleton: Skeleton) -> str:
    """The name of a known skeleton in `KNOWN_SKELETONS`; empty of any other."""
    names = (name for name, known in KNOWN_SKELETONS.items() if known == skeleton)
    return next(names, "")


def with_pelvis(skeleton: Skeleton) -> Skeleton:
    """The skeleton with a pelvis as its last joint and root, parent of the hips and the old root.

    Args:
        skeleton: With a left and a right hip, without a pelvis.
    """
    pelvis = skeleton.joints
    parents = list(skeleton.parents)
    for joint in (skeleton.root, *_hips(skeleton)):
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
    return Rootless(skeleton.joint_names[:last], skeleton.parents[:last], skeleton.left_right, 0)


def _hips(skeleton: Skeleton) -> tuple[int, int]:
    names = [normalized(name) for name in skeleton.joint_names]
    return names.index("lefthip"), names.index("righthip")


ROOTLESS = (COCO_17, COCO_18, COCO_23, BODY_25B, MEDIAPIPE_33)
"""Known skeletons whose detector gives no root: theirs is a stand-in until one is derived."""

KNOWN_SKELETONS = {
    "h36m_17": H36M_17,
    "coco_17": COCO_17,
    "coco_18": COCO_18,
    "coco_23": COCO_23,
    "body_25": BODY_25,
    "body_25b": BODY_25B,
    "halpe_26": HALPE_26,
    "mediapipe_33": MEDIAPIPE_33,
    "mpi_inf_3dhp_28": MPI_INF_3DHP_28,
    "mpi_inf_3dhp_17": MPI_INF_3DHP_17,
    "panoptic_19": PANOPTIC_19,
    "coco_17_pelvis": with_pelvis(COCO_17),
    "coco_18_pelvis": with_pelvis(COCO_18),
    "coco_23_pelvis": with_pelvis(COCO_23),
    "mediapipe_33_pelvis": with_pelvis(MEDIAPIPE_33),
    "body_25b_pelvis": with_pelvis(BODY_25B),
}


def derive_root(
    skeleton: Skeleton, points: np.ndarray, confidence: np.ndarray
) -> tuple[Skeleton, np.ndarray, np.ndarray]:
    """Appends a root where there is none: a known detector's pelvis, or the centroid.

    The pelvis is midway between the hips, the centroid of a `Rootless` skeleton the mean of the
    seen joints.

    Args:
        skeleton: Of the J joints; one with a root of its own stays as it is.
        points: (..., J, 2 or 3) pixels or metres; NaN where missing.
        confidence: (..., J) in [0, 1]; 0 where missing.

    Returns:
        The three with J + 1 joints, or as they were. The pelvis' confidence is the lower of the
        hips'; where one of them is missing so is the pelvis. The centroid's is the mean of the
        joints', 0 of a missing one; where fewer than half are seen it is missing: the mean of few
        is another point.
    """
    if isinstance(skeleton, Rootless):
        return with_centroid(skeleton), *_with_mean(points, confidence)
    if not any(_same_skeleton(skeleton, known) for known in ROOTLESS):
        return skeleton, points, confidence
    hips = list(_hips(skeleton))
    pelvis = points[..., hips, :].mean(-2, keepdims=True).astype(points.dtype)
    trust = confidence[..., hips].min(-1, keepdims=True)
    pelvis = np.where(trust[..., None] > 0, pelvis, np.nan).astype(points.dtype)
    return (
        with_pelvis(skeleton),
        np.concatenate([points, pelvis], -2),
        np.concatenate([confidence, trust], -1),
    )


def _with_mean(points: np.ndarray, confidence: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points and confidences with the mean of the seen joints behind the last."""
    seen = np.isfinite(points).all(-1) & (confidence > 0)
    count = seen.sum(-1)
    total = np.where(seen[..., None], points, 0).sum(-2, dtype=np.float64)
    mean = (total / np.maximum(count, 1)[..., None])[..., None, :]
    trust = np.where(seen, confidence, 0).mean(-1, keepdims=True).astype(confidence.dtype)
    enough = (2 * count >= confidence.shape[-1])[..., None]
    trust = np.where(enough, trust, 0).astype(confidence.dtype)
    mean = np.where(trust[..., None] > 0, mean, np.nan).astype(points.dtype)
    return np.concatenate([points, mean], -2), np.concatenate([confidence, trust], -1)


def same_joints(a: tuple[str, ...], b: tuple[str, ...]) -> bool:
    """Whether the names are the same in the same order, case and separators aside."""
    return [normalized(name) for name in a] == [normalized(name) for name in b]


def _same_skeleton(a: Skeleton, b: Skeleton) -> bool:
    return a.root == b.root and same_joints(a.joint_names, b.joint_names)


def find_known(joint_names: tuple[str, ...]) -> Skeleton | None:
    """The known skeleton with these joint names (case and separators aside), spelt as given."""
    for known in KNOWN_SKELETONS.values():
        if same_joints(joint_names, known.joint_names):
            return Skeleton(joint_names, known.parents, known.left_right, known.root)
    return None


def known_skeleton(joint_names: tuple[str, ...]) -> Skeleton:
    """The known skeleton with these joint names (case and separators aside).

    Raises:
        GeoselfError: No known skeleton has these names in this order (exit code 65).
    """
    found = find_known(joint_names)
    if found is not None:
        return found
    _refuse_nearly_known(joint_names)
    raise data_error(
        f"{len(joint_names)} joints {joint_names[:3]}...",
        "no known skeleton has these names",
        "put `parents`, `left_right` and `root` into the file",
    )


def _refuse_nearly_known(joint_names: tuple[str, ...]) -> None:
    """Names the first joint that differs from the known skeleton that is nearest, if any is."""
    wanted = [normalized(name) for name in joint_names]
    ranked = [
        (sum(normalized(a) == b for a, b in zip(known.joint_names, wanted, strict=True)), known)
        for known in KNOWN_SKELETONS.values()
        if known.joints == len(wanted)
    ]
    if not ranked:
        return
    known = max(ranked, key=lambda pair: pair[0])[1]
    i = next(i for i, b in enumerate(wanted) if normalized(known.joint_names[i]) != b)
    raise data_error(
        f"joint {i} is named {joint_names[i]!r}",
        f"the known skeleton of {len(wanted)} joints has {known.joint_names[i]!r} there; "
        + nearest_name(joint_names[i], known.joint_names),
        "fix joint_names, or put `parents`, `left_right` and `root` into the file",
    )
