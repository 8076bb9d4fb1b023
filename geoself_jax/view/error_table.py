"""Errors per action of all sources that have a reference."""

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from geoself_jax.core import metrics
from geoself_jax.core.shown_lengths import HUMAN_UNITS, ShownUnits
from geoself_jax.view.scene import Scene, joint_errors

_CHUNK = 4096
COLUMNS = ("MPJPE", "P-MPJPE", "root", "poses")
_NOTE = (
    "Errors in {unit}. MPJPE: mean distance of the joints, relative to the root. P-MPJPE: after "
    "the best rotation, scale and translation. root: distance of the roots, where both are "
    "absolute. Joints and poses that either of the two lacks are not counted."
)


def action_table(scenes: Sequence[Scene], units: ShownUnits = HUMAN_UNITS) -> dict[str, Any] | None:
    """Tabulates errors: rows are actions, their mean and all poses; columns are sources.

    Args:
        scenes: Of all sources.
        units: Errors are in these.

    Returns:
        JSON values; None where no scene has a reference.
    """
    found: dict[str, list[tuple[Scene, int]]] = {}
    for scene in scenes:
        for i, sequence in enumerate(scene.sequences):
            if scene.reference is not None and i != scene.reference:
                group = f"{sequence.name} against {scene.sequences[scene.reference].name}"
                found.setdefault(group, []).append((scene, i))
    if not found:
        return None
    actions = list(dict.fromkeys(scene.action for scene in scenes))
    columns = [_column(members, actions, units.error.per_metre) for members in found.values()]
    names = [*actions, "mean of actions", "all poses"] if len(actions) > 1 else ["all poses"]
    first = 0 if len(actions) > 1 else len(actions) + 1
    rows = [
        {
            "name": name,
            "values": [value for column in columns for value in column[first + k]],
            "total": first + k >= len(actions),
        }
        for k, name in enumerate(names)
    ]
    note = _NOTE.format(unit=units.error.symbol)
    return {"groups": list(found), "columns": list(COLUMNS), "rows": rows, "note": note}


def _column(
    members: Sequence[tuple[Scene, int]], actions: Sequence[str], per_metre: float
) -> list[list[float | int | None]]:
    """Returns a row of `COLUMNS` per action, for the mean of the actions and for all poses."""
    measures = per_metre * _measures(members)
    of = np.concatenate([np.full(s.frames, actions.index(s.action)) for s, _ in members])
    each = [_means(measures[of == k]) for k in range(len(actions))]
    total = _means(measures)
    middle = _nan_means(np.array([row[:3] for row in each if row[3]], float).reshape(-1, 3))
    rows = [*each, [*middle, total[3]], total]
    return [[None if value != value else value for value in row] for row in rows]


def _means(measures: np.ndarray) -> list[Any]:
    return [*_nan_means(measures), int(np.isfinite(measures[:, 0]).sum())]


def _nan_means(values: np.ndarray) -> list[float]:
    there = np.isfinite(values)
    sums = np.where(there, values, 0).sum(0)
    with np.errstate(invalid="ignore"):
        return [float(mean) for mean in sums / there.sum(0)]


def mean_errors(scene: Scene, i: int) -> np.ndarray | None:
    """Returns the MPJPE of each pose, (T,), metres; NaN where undefined; None as `joint_errors`."""
    errors = joint_errors(scene, i)
    if errors is None:
        return None
    there = np.isfinite(errors)
    counted = there.sum(-1)
    mean = np.where(there, errors, 0).sum(-1) / np.maximum(counted, 1)
    return np.where(counted > 0, mean, np.nan)


def _measures(members: Sequence[tuple[Scene, int]]) -> np.ndarray:
    """Returns MPJPE, P-MPJPE and root error of each pose, (poses, 3), m; NaN where undefined."""
    means, roots, poses, targets = [], [], [], []
    for scene, i in members:
        assert scene.reference is not None
        sequence, reference = scene.sequences[i], scene.sequences[scene.reference]
        means.append(mean_errors(scene, i))
        poses.append(sequence.pose)
        targets.append(reference.pose)
        apart = (sequence.pose - reference.pose)[:, scene.skeleton.root]
        absolute = not (sequence.root_relative or reference.root_relative)
        roots.append(np.linalg.norm(apart, axis=-1) * (1 if absolute else np.nan))
    mean = np.concatenate([m for m in means if m is not None])
    aligned = _aligned(np.concatenate(poses), np.concatenate(targets))
    aligned = np.where(np.isfinite(mean), aligned, np.nan)
    return np.stack([mean, aligned, np.concatenate(roots)], axis=1)


def _aligned(pose: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Returns the P-MPJPE of each pose, (T,), metres, in chunks of one shape: one compilation."""
    there = (np.isfinite(pose) & np.isfinite(target)).all(-1, keepdims=True)
    pose, target = np.where(there, pose, 0), np.where(there, target, np.nan)
    result = np.empty(len(pose))
    for start in range(0, len(pose), _CHUNK):
        at = slice(start, start + _CHUNK)
        filled = [(0, _CHUNK - len(pose[at])), (0, 0), (0, 0)]
        padded = [np.pad(part[at], filled) for part in (pose, target)]
        result[at] = np.asarray(_p_mpjpe(*padded))[: len(pose[at])]
    return result


@jax.jit
def _p_mpjpe(pose: jax.Array, target: jax.Array) -> jax.Array:
    return metrics.p_mpjpe(pose, target)
