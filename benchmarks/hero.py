"""Draws docs/lifted.png from a run: python -m benchmarks.hero --workdir=RUN --data=FILE.npz

One median view (by error against ground truth) for each of four actions. That of
docs/results.md is of configs/cmu_h36m_rig.py at 4f2c8bd, seed 0, on dev.npz.
"""

import argparse
from pathlib import Path

import numpy as np

from geoself_jax.data.sources import load
from geoself_jax.evaluate import report
from geoself_jax.evaluate.scores import in_cameras
from geoself_jax.runtime.restore import load_trained
from geoself_jax.view.plots import draw_hero

COLUMNS = 4


def main() -> None:
    """Evaluates and draws."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workdir", type=Path, required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--out", type=Path, default=Path("docs/lifted.png"))
    flags = parser.parse_args()
    recording = load(flags.data, synthetic_frames=8000)
    if recording.pose_world is None:
        raise SystemExit(f"{flags.data} has no ground truth to compare with")
    _, prediction, _ = report.evaluate(load_trained(flags.workdir), recording, flags.data)
    target = in_cameras(recording.pose_world, recording)
    target = target - target[:, :, recording.skeleton.root, None]
    error = np.linalg.norm(prediction.pose_3d - target, axis=-1).mean(-1)
    actions = np.array(recording.clip_actions)[recording.clip_id]
    names, counts = np.unique(actions, return_counts=True)
    plots = []
    for name in names[np.argsort(-counts, kind="stable")][:COLUMNS]:
        frames = np.flatnonzero(actions == name)
        middle = np.argsort(error[frames], axis=None)[error[frames].size // 2]
        frame, view = np.unravel_index(middle, error[frames].shape)
        frame = int(frames[frame])
        poses = {
            "prediction": prediction.pose_3d[frame, view],
            "ground truth": target[frame, view],
        }
        title = f"{{action}}: {1000 * error[frame, view]:.0f} mm"
        plots.append(report.pose_plot(recording, frame, int(view), poses, title))
    draw_hero(flags.out, plots, recording.skeleton)
    print(flags.out)


if __name__ == "__main__":
    main()
