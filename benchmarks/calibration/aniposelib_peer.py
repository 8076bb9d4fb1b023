"""Cameras adjusted by aniposelib: what anipose gives it, its settings, and the way to it and back.

Which points and which arguments are those of anipose 1.1.24 where it adjusts a calibration to an
animal's joints (`animal_calibration`), written again; the other settings give it every chance.
"""

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.installed import installed
from geoself_jax.calibrate.views import rotation

cv2 = installed("cv2")

ROOT = Path(__file__).resolve().parents[2]
_MOST_POINTS = 100_000  # anipose's


class Setting(NamedTuple):
    """How aniposelib is called.

    Attributes:
        method: Of `CameraGroup`.
        arguments: Of the method.
        sure: Whether joints are chosen by their scores as anipose does.
        points: Most that are given, drawn at random.
    """

    method: str
    arguments: dict[str, Any]
    sure: bool
    points: int


_ITERATED = {"ftol": 1e-4, "n_iters": 10, "n_samp_iter": 300, "n_samp_full": 1000, "max_nfev": 500}

SETTINGS = {
    "as anipose": Setting("bundle_adjust_iter", _ITERATED, True, _MOST_POINTS),
    "extrinsics alone": Setting(
        "bundle_adjust_iter", {**_ITERATED, "only_extrinsics": True}, True, _MOST_POINTS
    ),
    "extrinsics alone, all joints": Setting(
        "bundle_adjust_iter",
        {**_ITERATED, "only_extrinsics": True, "n_samp_iter": 1000, "n_samp_full": 3000},
        False,
        20_000,
    ),
}


class Adjusted(NamedTuple):
    """Cameras after an adjustment.

    Attributes:
        R, center: (V, 3, 3), (V, 3) in the start's unit.
        focal: (V,) factor on the focal length.
        cpu_s: Seconds that it took.
    """

    R: np.ndarray
    center: np.ndarray
    focal: np.ndarray
    cpu_s: float


class Aniposelib:
    """aniposelib in a process of its own, by an environment's Python."""

    def __init__(self, python: str) -> None:
        """Starts it.

        Args:
            python: Of an environment that has aniposelib.
        """
        command = [python, "-m", "benchmarks.calibration.aniposelib_worker"]
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def __enter__(self) -> "Aniposelib":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def adjust(
        self, points: np.ndarray, K: np.ndarray, R: np.ndarray, center: np.ndarray, how: Setting
    ) -> Adjusted | None:
        """Adjusts cameras; None where it fails.

        Args:
            points: (V, N, 2) undistorted pixels, NaN where missing.
            K, R, center: (V, 3, 3), (V, 3, 3), (V, 3): where it starts.
            how: How it is called.

        Raises:
            RuntimeError: Its process ended.
        """
        rvec, tvec = to_aniposelib(R, center)
        with tempfile.TemporaryDirectory() as folder:
            job, result = Path(folder) / "job.npz", Path(folder) / "result.npz"
            arguments = json.dumps(how.arguments)
            np.savez(
                job,
                points=points,
                K=K,
                rvec=rvec,
                tvec=tvec,
                method=how.method,
                arguments=arguments,
            )
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.write(f"{job} {result}\n")
            self._process.stdin.flush()
            if self._process.stdout.readline().strip() != "done":
                raise RuntimeError("aniposelib's process ended")
            found = dict(np.load(result))
        if "failed" in found:
            return None
        focal = found["K"][:, 0, 0] / K[:, 0, 0]
        return Adjusted(
            *from_aniposelib(found["rvec"], found["tvec"]), focal, float(found["cpu_s"])
        )


def to_aniposelib(R: np.ndarray, center: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rotation vectors and translations (V, 3) of cameras: x_cam = R x + t.

    Args:
        R, center: (V, 3, 3), (V, 3).
    """
    rvec = np.stack([cv2.Rodrigues(one)[0][:, 0] for one in R])
    return rvec, -np.einsum("vij,vj->vi", R, center)


def from_aniposelib(rvec: np.ndarray, tvec: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rotations (V, 3, 3) and centres (V, 3) of cameras.

    Args:
        rvec, tvec: (V, 3) each, of `to_aniposelib`.
    """
    R = rotation(rvec)
    return R, -np.einsum("vji,vj->vi", R, tvec)


def points_for(
    pixels: np.ndarray, confidence: np.ndarray, how: Setting, seed: int = 0
) -> np.ndarray:
    """(V, N, 2) joints that two cameras saw, every frame's one after the other.

    Args:
        pixels: (F, V, J, 2), NaN where missing.
        confidence: (F, V, J).
        how: Which are chosen.
        seed: Of the draw.
    """
    views = pixels.shape[1]
    points = np.moveaxis(pixels, 1, 0).reshape(views, -1, 2).astype(np.float64)
    scores = np.moveaxis(confidence, 1, 0).reshape(views, -1)
    least = 0.0
    if how.sure:  # the tenth with the highest scores, at least 0.8
        least = max(min(float(np.percentile(scores, 90)), 0.95), 0.8)
    points[(scores < least) | (scores <= 0)] = np.nan
    points = points[:, np.isfinite(points[..., 0]).sum(0) >= 2]
    if points.shape[1] > how.points:
        rng = np.random.default_rng(seed)
        points = points[:, np.sort(rng.choice(points.shape[1], how.points, replace=False))]
    return points
