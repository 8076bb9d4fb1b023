"""The skeletons of common detectors and data sets, by name."""

from collections.abc import Mapping

from geoself_jax.core.skeleton import H36M_17, Skeleton
from geoself_jax.data.roots import with_pelvis


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
