"""aniposelib's calibration.toml of known cameras, with and without a fisheye lens."""

import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
from aniposelib.cameras import Camera, CameraGroup, FisheyeCamera

from benchmarks.writers.known import HEIGHT, WIDTH, Written


def main(folder: Path) -> None:
    """Writes both files; the truth is the pixels of points that aniposelib projects itself."""
    rng = np.random.default_rng(0)
    written = Written(folder, f"aniposelib {version('aniposelib')}")
    points = rng.uniform(-800, 800, (50, 3))  # mm
    for kind, terms in ((Camera, 5), (FisheyeCamera, 4)):
        cameras = [
            kind(
                matrix=np.array([[900.0 + n, 0, 640], [0, 905 + n, 360], [0, 0, 1]]),
                dist=rng.uniform(-0.05, 0.05, terms),
                size=(WIDTH, HEIGHT),
                rvec=rng.uniform(-0.4, 0.4, 3),
                tvec=np.array([0, 100, 4000]) + rng.uniform(-200, 200, 3),
                name=f"side{n}",
            )
            for n in range(3)
        ]
        name = f"{kind.__name__.lower()}.toml"
        group = CameraGroup(cameras)
        group.dump(str(folder / name))
        seen = group.project(points).reshape(3, len(points), 2)
        np.save(folder / f"{name}.points.npy", points)
        written.add(name, f"CameraGroup.dump, {kind.__name__}", seen, pixels=1e-6)
    written.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
