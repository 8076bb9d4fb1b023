"""Files that the detectors' own libraries write, read back: the same numbers?

    python -m benchmarks.written_files [--only sleap-io mediapipe] [--table=FILE.md]

Each library is installed, in its pinned version, into a virtual environment in a temporary folder
(`PYTHON` names its Python, 3.11 of which all have wheels; mediapipe takes 1 GB, ultralytics 1.5 GB,
deeplabcut with CUDA 6.7 GB), and writes what benchmarks/writers/ gives it. The readers of `prepare`
read it; the table shows the largest differences. The exit code is 1 where one is larger than the
last digit that was written, or where somebody is missing.
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

from geoself_jax.core.errors import GeoselfError
from geoself_jax.geometry.lenses import distort_pixels
from geoself_jax.prepare.calibrations import read_calibration
from geoself_jax.prepare.detections import read_detections
from geoself_jax.prepare.instances import Instances

ROOT = Path(__file__).resolve().parents[1]
LIBRARIES = {
    "sleap-io": ("sleap-io==0.9.5", "pandas==3.1.1", "h5py==3.16.0", "numpy==2.4.6"),
    "mediapipe": ("mediapipe==0.10.21", "--no-deps", "ultralytics==8.4.190"),
    "ultralytics": ("ultralytics==8.4.190", "torch==2.13.0", "torchvision==0.28.0"),
    "mmpose": (
        *("torch==2.13.0", "mmengine==0.10.7", "json_tricks==3.17.3", "munkres==3.0.0"),
        *("--no-deps", "mmpose==1.3.2", "mmcv-lite==2.2.0"),
    ),
    "deeplabcut": ("deeplabcut==3.0.2", "torch==2.14.1", "torchvision==0.29.1"),
    "movement": ("movement==0.15.0",),
    "aniposelib": ("aniposelib==0.8.0",),
}
"""What is installed for each; what follows `--no-deps` without what it requires."""


def environment(folder: Path, packages: tuple[str, ...]) -> Path:
    """The Python of a new virtual environment with these packages."""
    python = os.environ.get("PYTHON", "python3.11")
    subprocess.run([python, "-m", "venv", folder], check=True)
    found = folder / "bin" / "python"
    cut = packages.index("--no-deps") if "--no-deps" in packages else len(packages)
    for part in (packages[:cut], packages[cut:]):
        if part:
            subprocess.run([found, "-m", "pip", "install", "-q", *part], check=True)
    return found


def written_by(name: str, python: Path, folder: Path) -> dict[str, Any]:
    """What the library's script says that it wrote into the folder."""
    folder.mkdir()
    module = f"benchmarks.writers.{name.replace('-', '_')}_files"
    subprocess.run([python, "-m", module, folder], check=True, cwd=ROOT)
    return json.loads((folder / "written.json").read_text())


def compare(case: dict[str, Any], path: Path, size: tuple[int, int]) -> dict[str, Any]:
    """The case with what the reader made of it: `result` in words, and whether it is `right`."""
    truth = np.load(path.parent / case["truth"])
    if path.suffix == ".toml":
        found = _projected(path, np.load(f"{path}.points.npy"))
        pixels = float(np.abs(found - truth).max())
        return {**case, "result": f"{pixels:.0e} px", "right": pixels <= case["pixels"]}
    try:
        read = read_detections(path, image_size=size)
    except GeoselfError as error:
        said = str(error).replace(f"{path}: ", "")
        right = bool(case["refused"]) and case["refused"] in said
        return {**case, "result": f"refused: {said}", "right": right}
    there = int(np.isfinite(truth).all(-1).any(-1).sum())
    pixels, score = _differences(read, truth, case["first"])
    right = len(read.frame) == there and pixels <= case["pixels"] and score <= case["score"]
    result = f"{len(read.frame)} of {there}, {pixels:.0e} px, {score:.0e}"
    return {**case, "result": result, "right": right and not case["refused"]}


def _differences(read: Instances, truth: np.ndarray, first: int) -> tuple[float, float]:
    """Largest difference of pixels and scores; infinite where a joint is seen by one alone."""
    largest = np.zeros(2)
    for row, frame in enumerate(read.frame):
        track = read.track_names[read.track[row]] if read.track[row] >= 0 else None
        people = range(len(truth)) if track is None else [int(track.strip("p")) - 1]
        each = [_difference(read, row, truth[person, frame - first]) for person in people]
        largest = np.maximum(largest, min(each, key=lambda pair: tuple(pair)))
    return float(largest[0]), float(largest[1])


def _difference(read: Instances, row: int, wanted: np.ndarray) -> np.ndarray:
    seen = np.isfinite(wanted[:, :2]).all(-1)
    if (np.isfinite(read.keypoints_2d[row, :, 0]) != seen).any():
        return np.array([np.inf, np.inf])
    pixels = np.abs(read.keypoints_2d[row] - wanted[:, :2])[seen].max()
    score = np.abs(read.confidence[row] - np.where(seen, wanted[:, 2], 0)).max()
    return np.array([pixels, score])


def _projected(path: Path, points: np.ndarray) -> np.ndarray:
    """(V, N, 2) px of points in millimetres, by the cameras as they are read."""
    rig = read_calibration(path, unit="mm", up="-y")
    seen = []
    for view, lens in enumerate(rig.lenses):
        inside = (points / 1000 - rig.center[view]) @ rig.R[view].T
        pixels = inside @ rig.K[view].T
        seen.append(distort_pixels(pixels[:, :2] / pixels[:, 2:], rig.K[view], lens))
    return np.stack(seen)


def table(rows: list[dict[str, Any]]) -> str:
    """The rows in Markdown."""
    lines = ["| library | writer | people read, largest difference |", "| --- | --- | --- |"]
    lines += [f"| {row['library']} | `{row['writer']}` | {row['result']} |" for row in rows]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Prints the table, and writes it where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=LIBRARIES, default=list(LIBRARIES))
    parser.add_argument("--table", type=Path)
    flags = parser.parse_args()
    rows = []
    for name in flags.only:
        with tempfile.TemporaryDirectory() as folder:
            python = environment(Path(folder, "venv"), LIBRARIES[name])
            written = written_by(name, python, Path(folder, "files"))
            for case in written["cases"]:
                row = compare(case, Path(folder, "files", case["path"]), written["size"])
                rows.append({**row, "library": written["library"]})
                print(rows[-1]["library"], case["writer"], row["result"], row["right"], flush=True)
    if flags.table:
        flags.table.write_text(table(rows))
    sys.exit(not all(row["right"] for row in rows))


if __name__ == "__main__":
    main()
