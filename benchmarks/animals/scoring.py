"""Ground truth for evaluation, and errors in percent of a body's length."""

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.animals.body import JOINTS
from geoself_jax.core.model import Prediction
from geoself_jax.data.files import npz
from geoself_jax.data.poses.npz_file import read as read_poses
from geoself_jax.data.recording import Recording
from geoself_jax.data.training_set import triangulate_recording
from geoself_jax.evaluate.scores import ground_truth_scores, in_cameras

SHOWN = ("mpjpe_mm", "n_mpjpe_mm", "p_mpjpe_mm", "root_error_mm")


def with_truth(path: Path, truth: Path) -> Path:
    """Writes a prepared recording again with its exact joints; the new file.

    Args:
        path: What `prepare` wrote.
        truth: Folder of `SUBJECT-TRIAL.npy`, metres, world.
    """
    arrays = npz.read_arrays(path)
    pose = np.full((len(arrays["clip_id"]), len(JOINTS), 3), np.nan, np.float32)
    for clip in np.unique(arrays["clip_id"]):
        at = np.flatnonzero(arrays["clip_id"] == clip)
        subject = arrays["subject_names"][arrays["subject_id"][at[0]]]
        exact = np.load(truth / f"{subject}-{arrays['clip_actions'][clip]}.npy")
        pose[at] = exact[arrays["frame_id"][at]]
    order = [JOINTS.index(name) for name in arrays["joint_names"].tolist()]
    out = path.with_name(f"{path.stem}_truth.npz")
    npz.write_arrays(out, {**arrays, "pose_world": pose[:, order]})
    return out


def percent(scores: dict[str, Any], length: float) -> dict[str, float]:
    """The errors of `evaluate` in millimetres, and in percent of the body's length.

    Args:
        scores: Of all poses, by their names in `evaluation.json`.
        length: Of the body, metres.
    """
    found = {}
    for name in SHOWN:
        if scores.get(name) is not None and np.isfinite(scores[name]):
            found[name] = round(float(scores[name]), 6)
            found[name.replace("_mm", "_percent")] = round(float(scores[name]) / length / 10, 4)
    return found


def of_poses(pose_3d: np.ndarray, recording: Recording, length: float) -> dict[str, float]:
    """Scores poses that are relative to the root: (frames, views, joints, 3), camera axes."""
    nowhere = np.full((*pose_3d.shape[:2], 3), np.nan, np.float32)
    found = ground_truth_scores(Prediction(pose_3d.astype(np.float32), nowhere), recording)
    return percent(found, length)


def of_triangulation(recording: Recording, method: Any, length: float) -> dict[str, float]:
    """Scores all cameras' triangulated joints as if each camera had lifted them."""
    world = triangulate_recording(recording, method)
    seen = in_cameras(world, recording)
    root = recording.skeleton.root
    found = of_poses(seen - seen[:, :, root, None], recording, length)
    assert recording.pose_world is not None
    absolute = np.linalg.norm(world - recording.pose_world, axis=-1)
    found["absolute_percent"] = round(100 * float(np.nanmean(absolute)) / length, 4)
    return found


def of_lifted(path: Path, truth: np.ndarray, R: np.ndarray, length: float) -> float:
    """MPJPE of a file that `lift` wrote in the camera's axes, percent of the body's length.

    Args:
        path: The file.
        truth: (frames, joints, 3) metres, world, of the same frames.
        R: The camera's.
        length: Of the body, metres.
    """
    poses = read_poses(path)
    order = [JOINTS.index(name) for name in poses.skeleton.joint_names]
    exact = truth[poses.frame_id][:, order] @ R.T
    root = poses.skeleton.root
    off = (poses.pose - poses.pose[:, root, None]) - (exact - exact[:, root, None])
    return round(100 * float(np.linalg.norm(off, axis=-1).mean()) / length, 4)
