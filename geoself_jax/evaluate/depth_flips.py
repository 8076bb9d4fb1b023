"""How much of the depth error is limbs that point to the camera instead of away, or the reverse.

One view shows a bone's length on the image, and so the size of its depth difference, but not its
sign: of the two poses one is the other's mirror image in the plane across the ray.
"""

from typing import Any

import numpy as np

from geoself_jax.core.model import Prediction
from geoself_jax.core.shown_lengths import HUMAN_UNITS, ShownUnit
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.recording import Recording
from geoself_jax.evaluate.ranking import truth_in_its_joints
from geoself_jax.evaluate.scores import in_cameras, lifted

CLEAR = 0.25
"""Of a bone's length: a true depth difference below it, 14 degrees off the image, has no sign."""


def flip_scores(prediction: Prediction, recording: Recording) -> dict[str, Any]:
    """Reports the bones whose depth has the opposite sign of the ground truth's.

    Args:
        prediction: Poses of every view of the recording.
        recording: Recording that was lifted, in the joints of the prediction.

    Returns:
        depth_flips: result of `flip_report`; nothing without ground truth in these joints.
    """
    world = truth_in_its_joints(recording)
    if world is None:
        return {}
    target = np.where(lifted(recording)[..., None, None], in_cameras(world, recording), np.nan)
    target = target.reshape(-1, *target.shape[2:])
    poses = np.asarray(prediction.pose_3d).reshape(target.shape)
    found = flip_report(poses, target, recording.skeleton)
    return {"depth_flips": found} if found else {}


def flip_report(
    pose_3d: np.ndarray, target: np.ndarray, skeleton: Skeleton
) -> dict[str, Any] | None:
    """Compares the bones' depth differences, child minus parent, with the true ones.

    Depth is along the ray to the true bone's middle. A bone is flipped where its lifted difference
    has the opposite sign of the true one, and the true one is at least `CLEAR` of the bone.

    Args:
        pose_3d: (poses, joints, 3), metres, camera axes.
        target: True joints, absolute, metres, camera frame; NaN where unknown.
        skeleton: Of the joints.

    Returns:
        JSON values: `share` of the clear bones that are flipped; `share_of_squared_depth_error`
        of all bones, that these carry; `mpjpe_mm` of these joints, and `repaired_mpjpe_mm` with
        the flipped bones mirrored by an oracle; and `bones`, the share of each by its child's
        name. None without a clear bone.
    """
    bones = np.array(skeleton.bones, int).reshape(-1, 2)
    true, ray = bone_vectors(target, bones), bone_rays(target, bones)
    found = bone_vectors(pose_3d, bones)
    wanted, depth = (np.sum(bone * ray, axis=-1) for bone in (true, found))
    clear = np.abs(wanted) >= CLEAR * np.linalg.norm(true, axis=-1)  # False of NaN
    if not clear.any():
        return None
    flipped = clear & (depth * wanted < 0)
    squared = np.square(depth - wanted)
    mirrored = found - 2 * np.where(flipped, depth, 0)[..., None] * np.nan_to_num(ray)
    repaired = pose_3d + moved_by(mirrored - found, bones, skeleton)
    names = [skeleton.joint_names[child] for child in bones[:, 1]]
    each = zip(names, flipped.sum(0), clear.sum(0), strict=True)
    return {
        "share": float(flipped.sum() / clear.sum()),
        "share_of_squared_depth_error": float(squared[flipped].sum() / np.nansum(squared)),
        "mpjpe_mm": mpjpe_mm(pose_3d, target, skeleton.root),
        "repaired_mpjpe_mm": mpjpe_mm(repaired, target, skeleton.root),
        "bones": {name: float(some / every) for name, some, every in each if every},
    }


def line(report: dict[str, Any], unit: ShownUnit = HUMAN_UNITS.error) -> str:
    """Formats a result of `flip_report` as a line of text, its lengths in a unit."""
    before, after = (unit.text(report[f"{key}mpjpe_mm"] / 1000) for key in ("", "repaired_"))
    return (
        f"depth flips: {100 * report['share']:.1f} % of the bones out of the image plane, "
        f"{100 * report['share_of_squared_depth_error']:.0f} % of the squared depth error; "
        f"MPJPE {before} {unit.symbol}, {after} with their signs repaired"
    )


def bone_vectors(joints: np.ndarray, bones: np.ndarray) -> np.ndarray:
    """Returns each bone as its child's place minus its parent's.

    Args:
        joints: (poses, joints, 3), metres.
        bones: (bones, 2) parent and child.

    Returns:
        (poses, bones, 3), metres.
    """
    difference: np.ndarray = joints[:, bones[:, 1]] - joints[:, bones[:, 0]]
    return difference


def bone_rays(joints: np.ndarray, bones: np.ndarray) -> np.ndarray:
    """Returns the unit vectors from the camera to each bone's middle.

    Args:
        joints: (poses, joints, 3), absolute, camera frame, metres.
        bones: (bones, 2) parent and child.

    Returns:
        (poses, bones, 3); NaN where a joint is.
    """
    middle = joints[:, bones[:, 0]] + joints[:, bones[:, 1]]
    ray: np.ndarray = middle / np.linalg.norm(middle, axis=-1, keepdims=True)
    return ray


def moved_by(change: np.ndarray, bones: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """Returns by how much the joints move where bones change, relative to the root.

    Args:
        change: (poses, bones, 3) of each bone, metres: all that hangs from it moves along.
        bones: (bones, 2) parent and child.
        skeleton: Of the joints.

    Returns:
        (poses, joints, 3), metres.
    """
    moved = np.zeros((len(change), skeleton.joints, 3), change.dtype)
    for bone, child in enumerate(bones[:, 1]):
        for joint in range(skeleton.joints):
            if _hangs_from(joint, child, skeleton):
                moved[:, joint] += change[:, bone]
    return moved - moved[:, skeleton.root, None]


def _hangs_from(joint: int, ancestor: int, skeleton: Skeleton) -> bool:
    """Whether a joint is another or its descendant."""
    while joint >= 0 and joint != ancestor:
        joint = skeleton.parents[joint]
    return joint == ancestor


def mpjpe_mm(pose_3d: np.ndarray, target: np.ndarray, root: int) -> float:
    """Returns the mean distance of all known joints, root-relative, mm.

    Args:
        pose_3d, target: (poses, joints, 3), metres; NaN where unknown.
        root: Of the joints.
    """
    found, true = (joints - joints[:, root, None] for joints in (pose_3d, target))
    return 1000 * float(np.nanmean(np.linalg.norm(found - true, axis=-1)))
