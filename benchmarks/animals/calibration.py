"""Anipose's calibration.toml of a rig: by aniposelib where it is installed, else in its layout.

    PYTHON -m benchmarks.animals.calibration CAMERAS.json calibration.toml

writes by aniposelib, in an environment of its own; it needs no more of this repository than this.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def write(path: Path, rig: Any, names: tuple[str, ...], python: str | None) -> str:
    """Writes the cameras in millimetres, as a board measured in them would have it.

    Args:
        path: The file to write.
        rig: `camera_ring.Rig`, metres.
        names: Of the cameras.
        python: Of an environment with aniposelib; None for its layout without it.

    Returns:
        Who wrote it.
    """
    tables = _tables(rig, names)
    if python is None:
        import tomli_w

        path.write_text(tomli_w.dumps({**tables, "metadata": {}}))
        return "in aniposelib's layout"
    cameras = path.with_suffix(".json")
    cameras.write_text(json.dumps(tables))
    command = [python, "-m", "benchmarks.animals.calibration", str(cameras), str(path)]
    subprocess.run(command, check=True, cwd=ROOT)
    cameras.unlink()
    asked = [python, "-c", "from importlib.metadata import version; print(version('aniposelib'))"]
    return f"aniposelib {subprocess.check_output(asked, text=True).strip()}"


def _tables(rig: Any, names: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """A table a camera, with a rotation vector and t = -R C, mm."""
    from scipy.spatial.transform import Rotation

    return {
        f"cam_{view}": {
            "name": name,
            "size": rig.image_size[view].tolist(),
            "matrix": rig.K[view].tolist(),
            "distortions": rig.dist[view].tolist(),
            "rotation": Rotation.from_matrix(rig.R[view]).as_rotvec().tolist(),
            "translation": (-1000 * rig.R[view] @ rig.center[view]).tolist(),
        }
        for view, name in enumerate(names)
    }


def _by_aniposelib(cameras: Path, path: Path) -> None:
    import numpy as np
    from aniposelib.cameras import Camera, CameraGroup

    tables = json.loads(cameras.read_text()).values()
    group = [
        Camera(
            name=table["name"],
            size=table["size"],
            matrix=np.array(table["matrix"]),
            dist=np.array(table["distortions"]),
            rvec=np.array(table["rotation"]),
            tvec=np.array(table["translation"]),
        )
        for table in tables
    ]
    CameraGroup(group).dump(str(path))


if __name__ == "__main__":
    _by_aniposelib(Path(sys.argv[1]), Path(sys.argv[2]))
