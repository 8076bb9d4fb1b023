"""anipose's and sleap-anipose's own projections of 3D files into the calibrated camera."""

import json
import sys
from importlib.metadata import version
from pathlib import Path

import cv2
import numpy as np
from anipose.project_2d import get_projected_points
from aniposelib.cameras import Camera, CameraGroup
from sleap_anipose import reproject

from benchmarks.readers.found import Found


def calibration(folder: Path) -> CameraGroup:
    """The camera that the poses were seen by, millimetres."""
    said = json.loads((folder / "camera.json").read_text())
    R, center = np.array(said["R"]), 1000 * np.array(said["center"])
    camera = Camera(
        matrix=np.array(said["K"]),
        dist=np.zeros(5),
        size=tuple(said["image_size"]),
        rvec=cv2.Rodrigues(R)[0].ravel(),
        tvec=-R @ center,
        name=said["name"],
    )
    return CameraGroup([camera])


def main(folder: Path) -> None:
    """Projects both files."""
    versions = " ".join(f"{name} {version(name)}" for name in ("anipose", "sleap-anipose"))
    found = Found(folder, versions)
    cameras = calibration(folder)
    settings = {"triangulation": {"optim": True}}
    offsets = {name: (0, 0) for name in cameras.get_names()}
    path = str(folder / "anipose.csv")
    names, points, scores = get_projected_points(settings, path, cameras, offsets)
    found.add(
        "anipose.csv",
        "project_2d.get_projected_points",
        points[0].transpose(1, 0, 2),
        scores=scores.T,
        names=names,
        pixels=True,
    )
    points = reproject(str(folder / "world_points3d.h5"), cameras)[0, :, 0]
    found.add("world_points3d.h5", "reproject", points, pixels=True)
    found.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
