"""Joint angles in degrees: triangulated and lifted against truth, direct against OpenSim's.

    python -m benchmarks.angles --model=RUN1/export --model=RUN27/export
    python -m benchmarks.angles --ik=POSES.npz:IK.mot

The first scores the joints triangulated from all cameras, and each model's lifts of single cameras,
against the ground truth of ../shared/data/cmu_h36m_rig/dev.npz (or --data): mean absolute error,
bias and the median correlation of waveforms, left and right together; and, where a model predicts
its uncertainty, in brackets what it predicts of each error. The second compares angles
measured on joints with those of OpenSim's inverse kinematics of the same joints, which
`python -m benchmarks.opensim` writes.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from geoself_jax.core.model import Prediction
from geoself_jax.core.predict import make_predict
from geoself_jax.data.angles.angle_files import read_angles
from geoself_jax.data.angles.measure import angles_of
from geoself_jax.data.label_refinement import refine_labels
from geoself_jax.data.poses.formats import read_poses
from geoself_jax.data.recording import Recording
from geoself_jax.data.sources import load
from geoself_jax.data.training_set import triangulate_recording
from geoself_jax.evaluate.angle_scores import angle_scores, correlation, difference
from geoself_jax.evaluate.scores import in_cameras, predict_recording
from geoself_jax.lift.exported import load_exported
from geoself_jax.runtime import cli
from geoself_jax.runtime.workdir import write_json

KEYS = ("mean_absolute_deg", "bias_deg", "correlation", "predicted_deg")


def of_triangulated(recording: Recording, triangulated: np.ndarray) -> dict[str, Any]:
    """Scores of the triangulated joints, as if each camera had lifted them."""
    pose = in_cameras(triangulated, recording)
    root = pose[:, :, recording.skeleton.root, None]
    return _scores(Prediction(pose - root, root[:, :, 0]), recording, triangulated)


def of_model(folder: str, recording: Recording, triangulated: np.ndarray) -> dict[str, Any]:
    """Scores of one export's lifts of every camera."""
    trained = load_exported(Path(folder))
    predict = make_predict(trained.model)
    frames = trained.model.config.frames
    prediction = predict_recording(predict, trained.variables, recording, frames)
    return _scores(prediction, recording, triangulated)


def against_ik(poses: str, motion: str) -> dict[str, Any]:
    """Bias, spread of the difference and correlation of each angle that both have."""
    direct, inverse = angles_of(read_poses(poses)), read_angles(motion)
    frames = np.intersect1d(direct.frame_id, inverse.frame_id)
    rows = [np.searchsorted(a.frame_id, frames) for a in (direct, inverse)]
    found = {}
    for name in direct.angle_names:
        if name in inverse.angle_names:
            reference = inverse.of(name)[rows[1]].astype(np.float64)
            apart = difference(direct.of(name)[rows[0]], reference, name)
            found[name] = {
                "mean_absolute_deg": float(np.nanmean(np.abs(apart))),
                "bias_deg": float(np.nanmean(apart)),
                "spread_deg": float(np.nanstd(apart)),
                "correlation": correlation(reference, reference + apart),
            }
    return found


def pooled(scores: dict[str, Any]) -> dict[str, dict[str, float]]:
    """Left and right together, by name without the side."""
    found: dict[str, list[dict[str, Any]]] = {}
    for name, score in scores.items():
        found.setdefault(name.removesuffix("_l").removesuffix("_r"), []).append(score)
    return {
        name: {
            key: float(np.mean(known))
            for key in KEYS
            if (known := [part[key] for part in parts if part.get(key) is not None])
        }
        for name, parts in found.items()
    }


def main(argv: Sequence[str]) -> int:
    """Scores and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/cmu_h36m_rig/dev.npz"))
    parser.add_argument("--model", action="append", default=[], help="an export; several times")
    parser.add_argument("--ik", action="append", default=[], metavar="POSES:MOT")
    parser.add_argument("--json", type=Path)
    flags = parser.parse_args(list(argv))
    scores: dict[str, Any] = {}
    for pair in flags.ik:
        scores[pair] = against_ik(*pair.rsplit(":", 1))
        print(f"\n{pair}\n| angle | mean absolute | bias | spread | r |\n{_line(5)}")
        for name, row in scores[pair].items():
            print(f"| {name} | {' | '.join(map(_shown, row.values()))} |")
    if not flags.ik and not flags.data.exists():
        print(f"skipped: {flags.data} is not here")
    elif not flags.ik:
        recording = load(str(flags.data), synthetic_frames=8000)
        triangulated = triangulate_recording(recording)
        scores["triangulated"] = of_triangulated(recording, triangulated)
        refined = refine_labels(recording, triangulated)
        scores["refined over time"] = of_triangulated(recording, refined)
        scores |= {model: of_model(model, recording, triangulated) for model in flags.model}
        _print(scores)
    if flags.json:
        write_json(flags.json, scores)
    return 0


def _scores(
    prediction: Prediction, recording: Recording, triangulated: np.ndarray
) -> dict[str, Any]:
    angles: dict[str, Any] = angle_scores(prediction, recording, triangulated)["joint_angles"]
    return angles["angles"]  # type: ignore[no-any-return]


def _print(scores: dict[str, Any]) -> None:
    """A row an angle: of each source its error, bias, correlation and predicted error."""
    tables = {source: pooled(found) for source, found in scores.items()}
    print(f"| angle | {' | '.join(f'{source}: error, bias, r (predicted)' for source in tables)} |")
    print(_line(1 + len(tables)))
    for name in next(iter(tables.values())):
        cells = []
        for table in tables.values():
            row = table[name]
            text = f"{row['mean_absolute_deg']:.1f}, {row['bias_deg']:+.1f}, "
            text += _shown(row.get("correlation"))
            predicted = row.get("predicted_deg")
            cells.append(text if predicted is None else f"{text} ({predicted:.1f})")
        print(f"| {name} | {' | '.join(cells)} |")


def _line(columns: int) -> str:
    return "| --- " * columns + "|"


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


if __name__ == "__main__":
    cli.run(main)
