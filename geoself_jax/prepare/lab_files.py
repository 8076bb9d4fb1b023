"""A recording as other programs leave it: Pose2Sim's calibration, OpenPose's folders of JSON."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

Arrays = Mapping[str, np.ndarray]

CAMERA_ARRAYS = ("K", "dist", "R", "center", "image_size")


def clip_of(arrays: Arrays, clip: int) -> dict[str, np.ndarray]:
    """Detections of all frames of a clip, empty ones included, and its cameras.

    Args:
        arrays: Of format geoself-multiview/1.
        clip: Which.

    Returns:
        `keypoints_2d` (frames, views, joints, 2) px, NaN where missing; `confidence` (frames,
        views, joints); `K, dist, R, center, image_size` by view.
    """
    at = np.flatnonzero(arrays["clip_id"] == clip)
    frames = int(arrays["frame_id"][at].max()) + 1
    pixels = np.full((frames, *arrays["keypoints_2d"].shape[1:]), np.nan)
    confidence = np.zeros(pixels.shape[:-1])
    pixels[arrays["frame_id"][at]] = arrays["keypoints_2d"][at]
    confidence[arrays["frame_id"][at]] = arrays["confidence"][at]
    rig = int(arrays["rig_id"][at[0]])
    cameras = {name: arrays[name][rig] for name in CAMERA_ARRAYS}
    return {"keypoints_2d": pixels, "confidence": confidence, **cameras}


def cameras_of(names: Sequence[str], clip: Arrays) -> Iterator[tuple[Any, ...]]:
    """Name, K, dist, R, center (m) and image size of each camera."""
    for view, name in enumerate(names):
        yield (name, *(clip[key][view] for key in CAMERA_ARRAYS))


def write_pose2sim(path: Path, names: Sequence[str], clip: Arrays) -> None:
    """Pose2Sim's toml: rotation vectors, metres; it has four coefficients, k3 is left out."""
    from scipy.spatial.transform import Rotation

    lines = []
    for name, K, dist, R, center, size in cameras_of(names, clip):
        lines += [
            f"[{name}]",
            f'name = "{name}"',
            f"size = {[float(s) for s in size]}",
            f"matrix = {K.tolist()}",
            f"distortions = {dist[:4].tolist()}",
            f"rotation = {Rotation.from_matrix(R).as_rotvec().tolist()}",
            f"translation = {(-R @ center).tolist()}",
            "fisheye = false",
        ]
    path.write_text("\n".join([*lines, "[metadata]", "adjusted = false", "error = 0.0", ""]))


def write_openpose(folder: Path, name: str, pixels: np.ndarray, confidence: np.ndarray) -> None:
    """Writes one JSON per frame: 0, 0, 0 for a missing joint, no person where all are missing.

    Args:
        folder: Where the cameras' folders are.
        name: Of the camera.
        pixels: (frames, joints, 2).
        confidence: (frames, joints).
    """
    place = folder / f"{name}_json"
    place.mkdir(parents=True)
    rows = np.concatenate([np.nan_to_num(pixels), confidence[..., None]], -1)
    for frame, row in enumerate(rows):
        flat = row.reshape(-1).tolist()
        people = [{"person_id": [-1], "pose_keypoints_2d": flat}] if row[:, 2].any() else []
        text = json.dumps({"version": 1.3, "people": people})
        (place / f"{name}_{frame:012d}_keypoints.json").write_text(text)
