"""movement's readers of anipose's, DeepLabCut's and NWB's 3D files."""

import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
from movement.io import load_poses

from benchmarks.readers.found import Found


def main(folder: Path) -> None:
    """Reads all three files; of NWB's in metres, and with its times."""
    found = Found(folder, f"movement {version('movement')}")
    for path, read in (
        ("anipose.csv", load_poses.from_anipose_file),
        ("deeplabcut.h5", load_poses.from_dlc_file),
    ):
        data = read(folder / path, fps=50).isel(individual=0)
        points = data.position.transpose("time", "keypoint", "space").values
        scores = data.confidence.transpose("time", "keypoint").values
        has = path == "anipose.csv"  # DeepLabCut's has none
        names = [str(name) for name in data.keypoint.values]
        found.add(path, read.__name__, points, scores=scores if has else None, names=names)
    data = load_poses.from_nwb_file(folder / "poses.nwb").isel(individual=0)
    position = data.position.transpose("time", "keypoint", "space").values
    points = 1000 * position.astype(np.float64)
    scores = data.confidence.transpose("time", "keypoint").values
    assert np.allclose(data.time.values, np.arange(len(points)) / 50, rtol=0, atol=1e-9)
    names = [str(name) for name in data.keypoint.values]
    found.add("poses.nwb", "from_nwb_file", points, scores=scores, names=names)
    found.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
