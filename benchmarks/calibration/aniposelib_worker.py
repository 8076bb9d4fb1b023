"""Adjusts cameras by aniposelib, in an environment of its own.

    PYTHON -m benchmarks.calibration.aniposelib_worker

Reads lines `JOB.npz RESULT.npz`, answers each with a line `done`. It needs no more of this
repository than this. A job: `points` (V, N, 2) pixels, NaN where missing; `K` (V, 3, 3), `rvec` and
`tvec` (V, 3); `method`, a method of `CameraGroup`, and `arguments`, JSON. A result: `K`, `rvec`,
`tvec`, `cpu_s`; or `failed`, why.
"""

import contextlib
import json
import sys
import time
from typing import Any

import numpy as np


def main() -> None:
    """Answers until the input ends."""
    said = sys.stdout
    for line in sys.stdin:
        job, result = line.split()
        with contextlib.redirect_stdout(sys.stderr):
            try:
                found: dict[str, Any] = adjusted(dict(np.load(job)))
            except (ValueError, IndexError, AssertionError, np.linalg.LinAlgError) as error:
                found = {"failed": np.array(repr(error))}
            np.savez(result, **found)
        print("done", file=said, flush=True)


def adjusted(job: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The cameras after aniposelib's adjustment.

    Args:
        job: Its arrays.
    """
    from aniposelib.cameras import Camera, CameraGroup

    np.random.seed(0)
    cameras = [
        Camera(matrix=K, dist=np.zeros(5), rvec=rvec, tvec=tvec, size=(1000, 1000), name=str(v))
        for v, (K, rvec, tvec) in enumerate(zip(job["K"], job["rvec"], job["tvec"], strict=True))
    ]
    group = CameraGroup(cameras)
    start = time.process_time()
    getattr(group, str(job["method"]))(job["points"], **json.loads(str(job["arguments"])))
    return {
        "cpu_s": np.array(time.process_time() - start),
        "K": np.stack([camera.get_camera_matrix() for camera in cameras]),
        "rvec": np.stack([camera.get_rotation() for camera in cameras]),
        "tvec": np.stack([camera.get_translation() for camera in cameras]),
    }


if __name__ == "__main__":
    main()
