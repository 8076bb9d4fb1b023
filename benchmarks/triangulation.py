"""Robust triangulation's weights, compared on the built-in synthetic data, whose truth is ours.

    python -m benchmarks.triangulation --out=runs/triangulation.json

Prints the mean, the median and the 90th percentile of the joints' error, mm, for the linear method
and for every combination of confidence's power, the weight's exponent (1 Cauchy, 2 Geman and
McClure) and its scale in pixels. The defaults of `triangulate_robust` come from this table.
"""

import argparse
import functools
import itertools
from collections.abc import Callable
from pathlib import Path

import jax
import numpy as np

from geoself_jax.data.recording import Recording
from geoself_jax.data.sources import load
from geoself_jax.geometry.triangulation import triangulate_dlt, triangulate_robust
from geoself_jax.runtime.workdir import write_json

FRAMES = 20_000
POWERS = (1.0, 2.0, 3.0)
EXPONENTS = (1.0, 2.0)
SCALES_PX = (3.0, 5.0, 10.0, 20.0)


def joint_error(triangulate: Callable[..., jax.Array], recording: Recording) -> dict[str, float]:
    """Millimetres between triangulated and true joints, over those that can be triangulated."""
    camera = recording.cameras_of(slice(None)).on_device()
    found = jax.jit(triangulate)(recording.keypoints_2d, recording.confidence, camera)
    assert recording.pose_world is not None
    error = 1000 * np.linalg.norm(np.asarray(found) - recording.pose_world, axis=-1)
    return {
        "mean_mm": float(np.nanmean(error)),
        "median_mm": float(np.nanmedian(error)),
        "p90_mm": float(np.nanpercentile(error, 90)),
        "share_found": float(np.isfinite(error).mean()),
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--out", type=Path, help="JSON to write")
    arguments = parser.parse_args()
    recording = load("synthetic:train", synthetic_frames=FRAMES)
    rows = {"dlt": joint_error(triangulate_dlt, recording)}
    for power, exponent, scale in itertools.product(POWERS, EXPONENTS, SCALES_PX):
        method = functools.partial(
            triangulate_robust, scale=scale, exponent=exponent, confidence_power=power
        )
        name = f"confidence^{power:g} exponent {exponent:g} scale {scale:g} px"
        rows[name] = joint_error(method, recording)
    print("  mean median    p90  found  (mm)")
    for name, row in sorted(rows.items(), key=lambda item: item[1]["mean_mm"]):
        numbers = (row["mean_mm"], row["median_mm"], row["p90_mm"])
        print(" ".join(f"{x:6.1f}" for x in numbers), f"{row['share_found']:6.3f} ", name)
    if arguments.out:
        write_json(arguments.out, {"frames": FRAMES, "rows": rows})


if __name__ == "__main__":
    main()
