"""Lifts detections with onnxruntime, by model.onnx.

    pip install numpy onnxruntime
    python examples/run_onnx.py EXPORT detections.npz poses.npz

EXPORT was written with `--onnx`. detections.npz holds keypoints_2d (poses, joints, 2), pixels
without lens distortion, NaN where a joint is missing; confidence (poses, joints), 0 where it is
missing; K (3, 3) or (poses, 3, 3), pixels. Networks of several frames (`architecture.frames` in
model.json) take (poses, frames, joints ...) of the first two, and lift the middle one. Metres come
out: pose_3d (poses, joints, 3) relative to the root, root_position (poses, 3), and of networks that
say it uncertainty (poses, joints) and uncertainty_axes (poses, joints, 2).
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

OUTPUTS = ("pose_3d", "root_position", "uncertainty", "uncertainty_axes")  # the last where there


def lift(
    folder: Path, keypoints_2d: np.ndarray, confidence: np.ndarray, K: np.ndarray
) -> list[np.ndarray]:
    """The arrays of `OUTPUTS` for (poses, joints, 2), (poses, joints) and (poses, 3, 3)."""
    session = onnxruntime.InferenceSession(
        folder / "model.onnx", providers=["CPUExecutionProvider"]
    )
    inputs = {"keypoints_2d": keypoints_2d, "confidence": confidence, "K": K}
    found: list[np.ndarray] = session.run(None, inputs)
    return found


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n", 1)[0])
    parser.add_argument("export", type=Path, help="folder that geoself_jax.export wrote")
    parser.add_argument("detections", help=".npz with keypoints_2d, confidence and K")
    parser.add_argument("poses", type=Path, help=".npz to write: pose_3d, root_position")
    flags = parser.parse_args()
    given: Any = np.load(flags.detections)
    keys = ("keypoints_2d", "confidence", "K")
    keypoints_2d, confidence, K = (np.asarray(given[key], np.float32) for key in keys)
    K = np.broadcast_to(K, (len(keypoints_2d), 3, 3))
    lifted = dict(zip(OUTPUTS, lift(flags.export, keypoints_2d, confidence, K), strict=False))
    flags.poses.parent.mkdir(parents=True, exist_ok=True)
    np.savez(flags.poses, **lifted)  # type: ignore[arg-type]
    print(f"lifted {len(K)} poses with onnxruntime {onnxruntime.__version__} into {flags.poses}")
    if "pose_3d" in given:  # as in an export's sample.npz
        off = max(float(abs(array - given[key]).max()) for key, array in lifted.items())
        print(f"largest difference from the answer in {flags.detections}: {1000 * off:.1e} mm")


if __name__ == "__main__":
    main()
