"""Lifts detections with jax alone, by the program in model.stablehlo.

    pip install jax flatbuffers
    python examples/run_stablehlo.py EXPORT detections.npz poses.npz

jax must be of `program.oldest_jax` in model.json (where it is not, of `versions.export.jax`, which
exported) or newer, up to those of six months after it. A program is code: run only those of people
you trust. detections.npz holds keypoints_2d (poses, joints, 2), pixels without lens distortion, NaN
where a joint is missing; confidence (poses, joints), 0 where it is missing; K (3, 3) or (poses, 3,
3), pixels. Networks of several frames (`architecture.frames` in model.json) take (poses, frames,
joints ...) of the first two, and lift the middle one. Metres come out: pose_3d (poses, joints, 3)
relative to the root, root_position (poses, 3), and of networks that say it uncertainty (poses,
joints) and uncertainty_axes (poses, joints, 2).
"""

import argparse
import json
from pathlib import Path
from typing import Any

import jax
import jax.export
import numpy as np

OUTPUTS = ("pose_3d", "root_position", "uncertainty", "uncertainty_axes")  # the last where there


def read(path: Path) -> jax.export.Exported:
    """The program; ends where this jax cannot read it."""
    try:
        program = jax.export.deserialize(bytearray(path.read_bytes()))
        program.mlir_module()  # of a StableHLO version that this jax knows
    except (jax.errors.JaxRuntimeError, NotImplementedError, ValueError) as error:
        info = json.loads((path.parent / "model.json").read_text())
        made_by = info["versions"]["export"]["jax"]
        oldest = info["program"].get("oldest_jax", made_by)
        why = f"needs {oldest} or newer, up to those of six months after {made_by}"
        do = f"pip install jax=={made_by}, or export again with this one"
        raise SystemExit(f"{path}: not read by jax {jax.__version__} - {why} - {do}") from error
    return program


def lift(
    folder: Path, keypoints_2d: np.ndarray, confidence: np.ndarray, K: np.ndarray
) -> list[np.ndarray]:
    """The arrays of `OUTPUTS` for (poses, joints, 2), (poses, joints) and (poses, 3, 3)."""
    program = read(folder / "model.stablehlo")
    return [np.asarray(array) for array in jax.jit(program.call)(keypoints_2d, confidence, K)]


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
    print(f"lifted {len(K)} poses with jax {jax.__version__} into {flags.poses}")
    if "pose_3d" in given:  # as in an export's sample.npz
        off = max(float(abs(array - given[key]).max()) for key, array in lifted.items())
        print(f"largest difference from the answer in {flags.detections}: {1000 * off:.1e} mm")


if __name__ == "__main__":
    main()
