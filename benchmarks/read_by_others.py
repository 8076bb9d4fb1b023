"""Our files of poses, read by the programs of animal laboratories: the same numbers?

    python -m benchmarks.read_by_others [--only movement anipose] [--table=FILE.md]

Each library is installed, in its pinned version, into a virtual environment in a temporary folder
(`PYTHON` names its Python, 3.12, which movement needs), and reads or projects, with
benchmarks/readers/, what `write_poses` wrote: a person of the built-in data, seen by one camera,
gaps among the frames, in camera axes, so that anipose has to come back to the calibration by M and
center. The exit code is 1 where a difference is larger than the last digit that was written, or a
joint or name is missing.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.written_files import ROOT, environment
from geoself_jax.core.skeleton import H36M_17
from geoself_jax.data.poses.change_axes import in_camera
from geoself_jax.data.poses.formats import write_poses
from geoself_jax.data.poses.sequence import PoseCamera, PoseSequence
from geoself_jax.data.synthetic import generate

LIBRARIES = {
    "movement": (
        *("movement==0.17.0", "pandas==3.1.1", "tables==3.11.1", "numpy==2.5.5"),
        *("pynwb==4.2.0", "ndx-pose==0.4.0"),
    ),
    "keypoint-moseq": ("keypoint-moseq==0.8.1", "jax-moseq==0.3.7", "numpy==2.4.6"),
    "anipose": (
        *("aniposelib==0.8.0", "opencv-contrib-python==4.13.0.92", "numpy==2.4.6", "pandas==3.1.1"),
        *("h5py==3.16.0", "imageio==2.38.1", "matplotlib==3.11.2", "toml==0.10.2", "click==8.5.1"),
        *("--no-deps", "anipose==1.1.24", "sleap-anipose==0.1.8"),
    ),
}
"""What is installed for each; what follows `--no-deps` without what it requires."""
FIRST, FRAMES = 12, 200
MOST_MM, MOST_PX, MOST_SCORE = 1e-4, 1e-3, 5.1e-5
"""Half of the last digit of anipose's table, and what M and center have."""


def lifted() -> PoseSequence:
    """A person in camera axes, with 2D joints 3 px off, frames and joints missing."""
    data, rng = generate("test", FRAMES + 100), np.random.default_rng(0)
    camera = PoseCamera(
        name=str(data["camera_names"][0]),
        K=data["K"][0, 0],
        image_size=(int(data["image_size"][0, 0, 0]), int(data["image_size"][0, 0, 1])),
        R=data["R"][0, 0],
        center=data["center"][0, 0],
    )
    pose = data["pose_world"][:FRAMES].copy()
    pose[5:9] = np.nan
    kept = np.flatnonzero(rng.random(FRAMES) > 0.1)
    inside = (pose - data["center"][0, 0]) @ data["R"][0, 0].T @ camera.K.T
    pixels = inside[..., :2] / inside[..., 2:] + rng.normal(0, 3, (*pose.shape[:2], 2))
    confidence = np.where(rng.random(pose.shape[:2]) < 0.1, 0, rng.uniform(0.2, 1, pose.shape[:2]))
    pixels[confidence == 0] = np.nan
    poses = PoseSequence(
        name="lifted",
        pose=pose[kept].astype(np.float32),
        skeleton=H36M_17,
        fps=50.0,
        frame_id=kept + FIRST,
        axes="world",
        up=np.array([0.0, 0, 1]),
        camera=camera,
        keypoints_2d=pixels[kept].astype(np.float32),
        confidence=confidence[kept].astype(np.float32),
    )
    return in_camera(poses)


def write_all(poses: PoseSequence, folder: Path) -> dict[str, np.ndarray]:
    """The files, and what they hold: `mm` z up, `px`, `scores`, a row for each frame from 0."""
    folder.mkdir()
    camera = poses.camera
    assert camera is not None and camera.R is not None and camera.center is not None
    for name, format in (("anipose.csv", "anipose"), ("deeplabcut.h5", "deeplabcut"),
                         ("points3d.h5", "sleap-anipose")):  # fmt: skip
        write_poses(poses, folder / name, format=format)
    write_poses(poses, folder / "poses.nwb", session_start="2026-01-31T12:00:00+01:00")
    place = poses.pose.astype(np.float64)
    world = poses.replace(
        pose=(place @ camera.R + camera.center).astype(np.float32), axes="world", up=np.eye(3)[2]
    )
    write_poses(world, folder / "world_points3d.h5", format="sleap-anipose")
    said = {"name": camera.name, "image_size": camera.image_size}
    numbers = {name: getattr(camera, name).tolist() for name in ("K", "R", "center")}
    (folder / "camera.json").write_text(json.dumps({**said, **numbers}))
    pixels = place @ camera.K.T
    truth = {
        "mm": 1000 * place[..., [0, 2, 1]] * [1, 1, -1],
        "px": pixels[..., :2] / pixels[..., 2:],
        "scores": poses.confidence,
    }
    return {name: _rows(values, poses.frame_id) for name, values in truth.items()}


def _rows(values: Any, frame_id: np.ndarray) -> np.ndarray:
    whole = np.full((frame_id[-1] + 1, *values.shape[1:]), np.nan)
    whole[frame_id] = values
    return whole


def read_by(name: str, python: Path, folder: Path) -> dict[str, Any]:
    """What the library's script says that it read from the folder."""
    module = f"benchmarks.readers.{name.replace('-', '_')}_reads"
    subprocess.run([python, "-m", module, folder], check=True, cwd=ROOT)
    return json.loads((folder / "found.json").read_text())


def compare(
    case: dict[str, Any], number: int, folder: Path, truth: dict[str, np.ndarray]
) -> dict[str, Any]:
    """The case with what the library made of it: `result` in words, and whether it is `right`."""
    known = list(H36M_17.joint_names)
    names = [name for name in case["names"] if not name.startswith("bodypart")] or known
    if sorted(names) != sorted(known):
        return {**case, "result": f"joints {names}", "right": False}
    order = [names.index(name) for name in known]
    kind, most = ("px", MOST_PX) if case["pixels"] else ("mm", MOST_MM)
    points = np.load(folder / f"points_{number}.npy")[:, order]
    away = _difference(points, truth[kind])
    result, right = f"{len(points)} frames, {away:.0e} {kind}", away <= most
    if case["scores"]:
        scores = np.load(folder / f"scores_{number}.npy")[:, order]
        seen = np.nan_to_num(truth["scores"])
        off = _difference(np.nan_to_num(scores), seen)
        result, right = f"{result}, scores {off:.0e}", right and off <= MOST_SCORE
    return {**case, "result": result, "right": right}


def _difference(found: np.ndarray, wanted: np.ndarray) -> float:
    """The largest; infinite where another number of them, or others, are missing."""
    if found.shape != wanted.shape or (np.isnan(found) != np.isnan(wanted)).any():
        return float("inf")
    return float(np.nanmax(np.abs(found - wanted)))


def table(rows: list[dict[str, Any]]) -> str:
    """The rows in Markdown."""
    lines = ["| library | file | read by | largest difference |", "| --- | --- | --- | --- |"]
    lines += [f"| {r['library']} | `{r['path']}` | `{r['call']}` | {r['result']} |" for r in rows]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Prints the table, and writes it where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=LIBRARIES, default=list(LIBRARIES))
    parser.add_argument("--table", type=Path)
    flags = parser.parse_args()
    os.environ.setdefault("PYTHON", "python3.12")
    poses, rows = lifted(), []
    for name in flags.only:
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary, "files")
            truth = write_all(poses, folder)
            found = read_by(name, environment(Path(temporary, "venv"), LIBRARIES[name]), folder)
            for number, case in enumerate(found["cases"]):
                row = compare(case, number, folder, truth)
                rows.append({**row, "library": found["library"]})
                print(found["library"], case["call"], row["result"], row["right"], flush=True)
    if flags.table:
        flags.table.write_text(table(rows))
    sys.exit(not all(row["right"] for row in rows))


if __name__ == "__main__":
    main()
