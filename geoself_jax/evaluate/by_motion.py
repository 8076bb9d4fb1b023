"""Scores by class of motion: how much the level depends on what people do."""

from typing import Any

import numpy as np

from geoself_jax.core.model import Prediction
from geoself_jax.core.shown_lengths import HUMAN_UNITS, ShownUnit
from geoself_jax.data.recording import Recording
from geoself_jax.data.training_sample import TrainingSample
from geoself_jax.evaluate.motion_classes import (
    class_names,
    novelty_classes,
    tilt_classes,
)
from geoself_jax.evaluate.scores import in_cameras, lifted

DEGREES = ShownUnit("degrees", 1.0)
TABLES = {
    "by_tilt": "torso's angle from the vertical",
    "by_novelty": "distance to the nearest training pose",
}
"""Key in the JSON, and what the classes are made by."""
_UNKNOWN = {
    "by_tilt": "a hip or a shoulder is not known",
    "by_novelty": "fewer than half of the joints are known, or a bone of that body never is",
}
"""Why an instant is in no class."""
_MEASURES = {
    "mpjpe_mm": "MPJPE",
    "p_mpjpe_mm": "P-MPJPE",
    "root_error_mm": "root",
    "triangulation_mm": "triangulation",
}


def motion_scores(
    prediction: Prediction,
    recording: Recording,
    triangulated: np.ndarray,
    per_pose: dict[str, np.ndarray],
    sample: TrainingSample | None,
    unsampled: str = "",
) -> dict[str, Any]:
    """Returns the scores by tilt of the torso and by distance to the nearest training pose.

    Args:
        prediction: Poses of every view of the recording.
        recording: Recording that was lifted, in the joints of the prediction.
        triangulated: (frames, joints, 3), metres, world frame.
        per_pose: Result of `scores.measures_of_poses`; empty without ground truth.
        sample: Of what the networks were trained on; None where unknown.
        unsampled: Folder or name of the networks that these started from, where the sample does
            not show what those were trained on.

    Returns:
        `by_tilt` and `by_novelty`: `median_deg` or `median_mm`, and a list of `classes`, each with
        `from_deg`, `to_deg` (`_mm`), `frames`, `poses` (lifted views) and mean errors. Or why
        there are none: `left_out`. `unknown_frames`: instants with lifted views that are in no
        class, where there are any. `unsampled` of `by_novelty` as given.
    """
    away = _triangulation(prediction, recording, triangulated)
    measures = {f"{name}_mm": values for name, values in per_pose.items()}
    measures["root_error_mm"] = per_pose.get("root_error", np.zeros(0))
    kinds = {
        "by_tilt": (tilt_classes(recording, triangulated), "deg", 1.0),
        "by_novelty": (novelty_classes(recording, triangulated, sample), "mm", 1000.0),
    }
    scores: dict[str, Any] = {}
    for key, (classes, unit, times) in kinds.items():
        if classes.left_out:
            scores[key] = {"left_out": classes.left_out}
            continue
        limits = [None, *(times * limit for limit in classes.limits), None]
        rows = [
            {f"from_{unit}": limits[i], f"to_{unit}": limits[i + 1]}
            | _row(classes.of_frame == i, lifted(recording), measures, away)
            for i in range(len(classes.limits) + 1)
        ]
        scores[key] = {f"median_{unit}": times * classes.median, "classes": rows}
        unknown = int(((classes.of_frame < 0) & lifted(recording).any(1)).sum())
        scores[key] |= {"unknown_frames": unknown} if unknown else {}
    if unsampled and "classes" in scores["by_novelty"]:
        scores["by_novelty"]["unsampled"] = unsampled
    return scores


def _triangulation(
    prediction: Prediction, recording: Recording, triangulated: np.ndarray
) -> np.ndarray:
    """Distance of each lifted joint to the triangulated one, (frames, views, joints), metres."""
    target = in_cameras(triangulated, recording)
    target = target - target[:, :, recording.skeleton.root, None]
    distance = np.linalg.norm(prediction.pose_3d - target, axis=-1)
    return np.where(lifted(recording)[..., None], distance, np.nan)


def _row(
    inside: np.ndarray, there: np.ndarray, measures: dict[str, np.ndarray], away: np.ndarray
) -> dict[str, Any]:
    """Counts and mean errors of one class."""
    views = there.shape[1]
    chosen = inside[:, None] & there
    row: dict[str, Any] = {"frames": int(inside.sum()), "poses": int(chosen.sum())}
    for name in ("mpjpe_mm", "p_mpjpe_mm", "root_error_mm"):
        values = measures.get(name, np.zeros(0))
        if len(values):
            row[name] = _mean_mm(values.reshape(-1, views)[chosen])
    return row | {"triangulation_mm": _mean_mm(away[inside])}


def _mean_mm(metres: np.ndarray) -> float | None:
    known = metres[np.isfinite(metres)]
    return 1000 * float(known.mean()) if known.size else None


def motion_lines(scores: dict[str, Any], unit: ShownUnit = HUMAN_UNITS.error) -> list[str]:
    """Formats `by_tilt` and `by_novelty` as text: a row a class that has poses.

    Args:
        scores: Of `report.evaluate`.
        unit: In which lengths are shown.
    """
    return [line for key in TABLES for line in _table(key, scores.get(key, {}), unit)]


def motion_rows(
    found: dict[str, Any], key: str, unit: ShownUnit
) -> tuple[list[str], list[list[str]]]:
    """Returns heads and cells of one of the two tables.

    Args:
        found: What the scores have under `key`, with classes.
        key: Of `TABLES`.
        unit: In which lengths are shown.
    """
    named = named_classes(found, key, unit)
    columns = {k: name for k, name in _MEASURES.items() if any(k in row for _, row in named)}
    if "mpjpe_mm" in columns:
        del columns["triangulation_mm"]
    cells = []
    for name, row in named:
        lengths = [None if row.get(k) is None else row[k] / 1000 for k in columns]
        cells.append([name, *(unit.text(length) for length in lengths), str(row["poses"])])
    return [TABLES[key], *columns.values(), "poses"], cells


def named_classes(
    found: dict[str, Any], key: str, unit: ShownUnit
) -> list[tuple[str, dict[str, Any]]]:
    """Returns the classes of one of the two tables that have poses, each with its name.

    Args:
        found: What the scores have under `key`; no rows where that is left out.
        key: Of `TABLES`.
        unit: In which lengths are shown.
    """
    rows, of_tilt = found.get("classes", []), key == "by_tilt"
    limits = [row["to_deg"] if of_tilt else row["to_mm"] / 1000 for row in rows[:-1]]
    names = class_names(tuple(limits), DEGREES if of_tilt else unit) if rows else []
    return [(name, row) for name, row in zip(names, rows, strict=True) if row["poses"]]


def _table(key: str, found: dict[str, Any], unit: ShownUnit) -> list[str]:
    if "left_out" in found:
        return [f"by {TABLES[key]}: left out, {found['left_out']}"]
    if not found:
        return []
    heads, cells = motion_rows(found, key, unit)
    columns = list(zip(heads, *cells, strict=True))
    widths = [max(map(len, column)) + 2 for column in columns]
    rows = [
        f"{line[0]:<{widths[0]}}"
        + "".join(f"{cell:>{width}}" for cell, width in zip(line[1:], widths[1:], strict=True))
        for line in (heads, *cells)
    ]
    return rows + lines_below(found, key)


def lines_below(found: dict[str, Any], key: str) -> list[str]:
    """Returns a line on instants in no class, and one on unknown training poses, if there are any.

    Args:
        found: What the scores have under `key`.
        key: Of `TABLES`.
    """
    lines = []
    if unknown := found.get("unknown_frames"):
        known = sum(row.get("frames", 0) for row in found["classes"])
        lines.append(f"{unknown} of {known + unknown} instants are in no class: {_UNKNOWN[key]}")
    if origin := found.get("unsampled"):
        lines.append(
            f"the networks started from {origin}, of whose training no poses are known: "
            "what is far here may have been near there"
        )
    return lines
