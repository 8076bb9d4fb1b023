"""Errors of networks on other cameras and people, over the joints that both sides have."""

from typing import Any, NamedTuple

import numpy as np

from geoself_jax.core.metrics import mpjpe, p_mpjpe
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.find_skeleton import same_joints
from geoself_jax.data.joint_maps import JointMap, joint_map
from geoself_jax.data.recording import Recording
from geoself_jax.lift.lifter import Lifter


class Reference(NamedTuple):
    """A recording and the poses that lifted ones are compared with.

    Attributes:
        recording: Detections and cameras.
        pose: (frames, joints, 3) metres, world, in the recording's joints.
    """

    recording: Recording
    pose: np.ndarray


def score(lifter: Lifter, against: Reference) -> dict[str, Any]:
    """Root-relative error of every view lifted by itself; the pelvis is the root, and counts as 0.

    Only limbs and pelvis count, which both skeletons name alike. Where the detector's joints are
    not the network's, it sees those that are the same and lacks the others.

    Args:
        lifter: The network.
        against: What it is scored on.

    Returns:
        mpjpe_mm, p_mpjpe_mm, root_mm, uncertainty_mm (None without it), joints.
    """
    recording = against.recording
    seen, trust = detections_in(lifter.skeleton, recording)
    cameras = recording.cameras_of(slice(None))
    found = lifter.predict(seen, trust, cameras.K)
    truth = np.einsum(
        "tvij,tvkj->tvki", cameras.R, against.pose[:, None] - cameras.center[:, :, None]
    )
    mine, theirs = _common(lifter.skeleton, recording.skeleton)
    root = truth[:, :, recording.skeleton.root]
    known = np.isfinite(truth[:, :, theirs]).all((-1, -2)) & (trust > 0).any(-1)
    target = (truth[:, :, theirs] - root[:, :, None])[known].astype(np.float32)
    lifted = np.asarray(found.pose_3d)[:, :, mine][known]
    away = np.linalg.norm(np.asarray(found.root_position) - root, axis=-1)[known]
    unsure = None if found.uncertainty is None else np.asarray(found.uncertainty)[:, :, mine]
    at = mine.index(lifter.skeleton.root)
    return {
        "mpjpe_mm": 1000 * float(np.mean(mpjpe(lifted, target, root=at))),
        "p_mpjpe_mm": 1000 * float(np.mean(p_mpjpe(lifted, target))),
        "root_mm": 1000 * float(np.median(away)),
        "uncertainty_mm": None if unsure is None else 1000 * float(unsure[known].mean()),
        "joints": len(mine),
        "poses": int(known.sum()),
    }


def table(rows: dict[str, dict[str, dict[str, Any]]]) -> str:
    """Markdown: a network a row, a recording a column."""
    columns = list(next(iter(rows.values())))
    lines = [f"| network | {' | '.join(columns)} |", "| --- |" + " ---: |" * len(columns)]
    for name, cells in rows.items():
        shown = (cells[column] for column in columns)
        texts = (f"{c['mpjpe_mm']:.0f} / {c['p_mpjpe_mm']:.0f} / {c['root_mm']:.0f}" for c in shown)
        lines.append(f"| {name} | {' | '.join(texts)} |")
    return "\n".join(lines)


def detections_in(wanted: Skeleton, recording: Recording) -> tuple[np.ndarray, np.ndarray]:
    """Detections in a network's joints: those that are the same, the others missing."""
    if same_joints(wanted.joint_names, recording.skeleton.joint_names):
        return recording.keypoints_2d, recording.confidence
    mapped = joint_map(recording.skeleton, wanted)
    pixels, trust = mapped.detections(recording.keypoints_2d, recording.confidence)
    other = ~_exact(mapped)
    pixels[..., other, :], trust[..., other] = np.nan, 0
    return pixels, trust


def _common(a: Skeleton, b: Skeleton) -> tuple[list[int], list[int]]:
    """Places in both of limbs and pelvis."""
    mapped = joint_map(b, a)
    rows = [
        row
        for row, exact in enumerate(_exact(mapped))
        if exact and any(part in a.joint_names[row] for part in _LIMBS)
    ]
    return rows, [int(np.argmax(mapped.weights[row])) for row in rows]


_LIMBS = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle", "pelvis")


def _exact(mapped: JointMap) -> np.ndarray:
    return np.array([name in mapped.exact for name in mapped.target.joint_names])
