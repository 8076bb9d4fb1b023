"""Writes a recording as other programs would leave it: a rig's calibration, detections by camera.

openpose: a folder of JSON a camera, Pose2Sim's toml (also by `python -m geoself_jax.example`);
alphapose: a JSON a camera, Panoptic's calibration; deeplabcut: an .h5 a camera, OpenCV's yml (needs
pandas, tables and opencv).
"""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from geoself_jax.prepare.lab_files import (
    Arrays,
    cameras_of,
    clip_of,
    write_openpose,
    write_pose2sim,
)


def write_panoptic(path: Path, names: list[str], clip: Arrays) -> None:
    """CMU Panoptic's JSON: centimetres, y down."""
    A = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])  # z up -> y down
    cameras = [
        {
            "name": name,
            "type": "hd",
            "resolution": [int(s) for s in size],
            "panel": 0,
            "node": number,
            "K": K.tolist(),
            "distCoef": dist.tolist(),
            "R": (R @ A.T).tolist(),
            "t": (-R @ center * 100)[:, None].tolist(),
        }
        for number, (name, K, dist, R, center, size) in enumerate(cameras_of(names, clip))
    ]
    path.write_text(json.dumps({"calibDataSource": "example", "cameras": cameras}))


def write_opencv(folder: Path, names: list[str], clip: Arrays) -> None:
    """A yml a camera by OpenCV's FileStorage."""
    import cv2

    for name, K, dist, R, center, size in cameras_of(names, clip):
        storage = cv2.FileStorage(str(folder / f"{name}.yml"), cv2.FILE_STORAGE_WRITE)
        storage.write("image_width", int(size[0]))
        storage.write("image_height", int(size[1]))
        storage.write("camera_matrix", np.ascontiguousarray(K))
        storage.write("distortion_coefficients", dist.reshape(1, -1))
        storage.write("R", np.ascontiguousarray(R))
        storage.write("T", (-R @ center).reshape(3, 1))
        storage.release()


def write_alphapose(folder: Path, name: str, pixels: np.ndarray, confidence: np.ndarray) -> None:
    """One JSON: a list of people; frames without a person are not in it."""
    rows = np.concatenate([np.nan_to_num(pixels), confidence[..., None]], -1)
    found = [
        {
            "image_id": f"{frame}.jpg",
            "category_id": 1,
            "keypoints": row.reshape(-1).tolist(),
            "score": 1.0,
        }
        for frame, row in enumerate(rows)
        if row[:, 2].any()
    ]
    (folder / f"{name}.json").write_text(json.dumps(found))


def write_deeplabcut(
    folder: Path, name: str, pixels: np.ndarray, confidence: np.ndarray, joints: list[str]
) -> None:
    """DeepLabCut's h5: a pandas table with columns (scorer, bodypart, x | y | likelihood)."""
    import pandas as pd

    levels = [["model"], joints, ["x", "y", "likelihood"]]
    columns = pd.MultiIndex.from_product(levels, names=["scorer", "bodyparts", "coords"])
    values = np.concatenate([pixels, confidence[..., None]], -1).reshape(len(pixels), -1)
    frame = pd.DataFrame(values, columns=columns)
    frame.to_hdf(folder / f"{name}.h5", key="df_with_missing", format="table", mode="w")


def write_layout(folder: Path, layout: str, arrays: Arrays, clip: int) -> None:
    """One clip in one of the layouts, its calibration next to the detections."""
    folder.mkdir(parents=True)
    names = [str(name) for name in arrays["camera_names"]]
    data = clip_of(arrays, clip)
    write: dict[str, Callable[[str, np.ndarray, np.ndarray], None]] = {
        "openpose": lambda name, p, c: write_openpose(folder / "pose", name, p, c),
        "alphapose": lambda name, p, c: write_alphapose(folder, name, p, c),
        "deeplabcut": lambda name, p, c: write_deeplabcut(
            folder, name, p, c, [str(joint) for joint in arrays["joint_names"]]
        ),
    }
    for view, name in enumerate(names):
        write[layout](name, data["keypoints_2d"][:, view], data["confidence"][:, view])
    if layout == "openpose":
        write_pose2sim(folder / "Calib.toml", names, data)
    elif layout == "alphapose":
        write_panoptic(folder / "calibration_lab.json", names, data)
    else:
        (folder / "calibration").mkdir()
        write_opencv(folder / "calibration", names, data)


LAYOUTS = ("openpose", "alphapose", "deeplabcut")
