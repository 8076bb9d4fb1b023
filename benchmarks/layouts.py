"""Writes a recording as other programs would leave it: a rig's calibration, detections by camera.

    python -m benchmarks.layouts --layout=openpose --out=runs/example

writes one clip of the built-in data, e.g. to try `python -m geoself_jax.prepare` on. Layouts:
openpose (a folder of JSON a camera, Pose2Sim's toml), alphapose (a JSON a camera, Panoptic's
calibration) and deeplabcut (an .h5 a camera, OpenCV's yml; needs pandas, tables and opencv).
"""

import argparse
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

Arrays = Mapping[str, np.ndarray]


def clip_of(arrays: Arrays, clip: int) -> dict[str, np.ndarray]:
    """Detections of all pictures of a clip (empty ones too), and the cameras."""
    at = np.flatnonzero(arrays["clip_id"] == clip)
    frames = int(arrays["frame_id"][at].max()) + 1
    pixels = np.full((frames, *arrays["keypoints_2d"].shape[1:]), np.nan)
    confidence = np.zeros(pixels.shape[:-1])
    pixels[arrays["frame_id"][at]] = arrays["keypoints_2d"][at]
    confidence[arrays["frame_id"][at]] = arrays["confidence"][at]
    rig = int(arrays["rig_id"][at[0]])
    cameras = {name: arrays[name][rig] for name in ("K", "dist", "R", "center", "image_size")}
    return {"keypoints_2d": pixels, "confidence": confidence, **cameras}


def write_pose2sim(path: Path, names: list[str], clip: Arrays) -> None:
    """Pose2Sim's toml: rotation vectors, metres; it has four coefficients, k3 is left out."""
    from scipy.spatial.transform import Rotation

    lines = []
    for name, K, dist, R, center, size in _cameras(names, clip):
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
        for number, (name, K, dist, R, center, size) in enumerate(_cameras(names, clip))
    ]
    path.write_text(json.dumps({"calibDataSource": "example", "cameras": cameras}))


def write_opencv(folder: Path, names: list[str], clip: Arrays) -> None:
    """A yml a camera by OpenCV's FileStorage."""
    import cv2

    for name, K, dist, R, center, size in _cameras(names, clip):
        storage = cv2.FileStorage(str(folder / f"{name}.yml"), cv2.FILE_STORAGE_WRITE)
        storage.write("image_width", int(size[0]))
        storage.write("image_height", int(size[1]))
        storage.write("camera_matrix", np.ascontiguousarray(K))
        storage.write("distortion_coefficients", dist.reshape(1, -1))
        storage.write("R", np.ascontiguousarray(R))
        storage.write("T", (-R @ center).reshape(3, 1))
        storage.release()


def _cameras(names: list[str], clip: Arrays) -> list[tuple[Any, ...]]:
    """Name, K, dist, R, center and picture size of each."""
    keys = ("K", "dist", "R", "center", "image_size")
    return [(name, *(clip[key][view] for key in keys)) for view, name in enumerate(names)]


def write_openpose(folder: Path, name: str, pixels: np.ndarray, confidence: np.ndarray) -> None:
    """A folder of one JSON a picture; nobody where all is missing, 0, 0, 0 for a missing joint."""
    place = folder / f"{name}_json"
    place.mkdir(parents=True)
    rows = np.concatenate([np.nan_to_num(pixels), confidence[..., None]], -1)
    for frame, row in enumerate(rows):
        flat = row.reshape(-1).tolist()
        people = [{"person_id": [-1], "pose_keypoints_2d": flat}] if row[:, 2].any() else []
        text = json.dumps({"version": 1.3, "people": people})
        (place / f"{name}_{frame:012d}_keypoints.json").write_text(text)


def write_alphapose(folder: Path, name: str, pixels: np.ndarray, confidence: np.ndarray) -> None:
    """One JSON: a list of people; pictures with nobody are not in it."""
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
    """One clip in one of the layouts, its calibration beside the detections."""
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


def main() -> None:
    """Writes one clip of the built-in data."""
    from geoself_jax.data.synthetic import generate

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--layout", choices=LAYOUTS, default="openpose")
    parser.add_argument("--frames", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    flags = parser.parse_args()
    arrays = generate("train", flags.frames, flags.seed, subjects=1)
    for clip, name in enumerate(arrays["clip_names"]):
        write_layout(flags.out / str(name).replace("#", "_"), flags.layout, arrays, clip)
    print(f"written to {flags.out}: {len(arrays['clip_names'])} clips, joints as h36m_17")


if __name__ == "__main__":
    main()
