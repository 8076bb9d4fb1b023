"""Joint angles of the lifted poses against those of a reference, in degrees."""

from typing import Any

import numpy as np

from geoself_jax.core.errors import GeoselfError
from geoself_jax.core.model import Prediction
from geoself_jax.data.angles.human import ROUND, unwrapped
from geoself_jax.data.angles.measure import (
    Definitions,
    angle_names,
    definitions_for,
    measure,
    propagate,
)
from geoself_jax.data.body_size import is_person
from geoself_jax.data.poses.orientation import smallest_rotation
from geoself_jax.data.recording import Recording
from geoself_jax.data.rig import up_in_camera
from geoself_jax.evaluate.per_joint import reference_of
from geoself_jax.evaluate.scores import lifted

MOVES = 2.0
"""Degrees, standard deviation of a reference from which on it is a waveform to correlate with."""
_SHORTEST, _MOST_POSES = 10, 20_000


def angle_scores(
    prediction: Prediction, recording: Recording, triangulated: np.ndarray
) -> dict[str, Any]:
    """Returns the errors of a person's joint angles, over all lifted views.

    Args:
        prediction: Poses of every view of the recording.
        recording: Recording that was lifted, in the joints of the prediction.
        triangulated: (frames, joints, 3), metres, world frame.

    Returns:
        joint_angles: `against` ground truth where there is some, else triangulated joints; and
        `angles`, by name `mean_absolute_deg`, `bias_deg` (lifted minus reference), `correlation`,
        the median over clips and views in which the reference moves, `by_action` mean absolute
        errors, and `predicted_deg`, the mean predicted uncertainty, where the networks have one.
        Nothing of other bodies than people.
    """
    names = recording.skeleton.joint_names
    try:
        definitions = definitions_for(recording.skeleton) if is_person(names) else None
    except GeoselfError:  # a person's skeleton under other names
        definitions = None
    if definitions is None:
        return {}
    against, world = reference_of(recording, triangulated)
    turn = smallest_rotation(_upwards(recording), np.eye(3)[1])
    reference = measure(_turned(world, turn), definitions)
    found = np.stack(
        [
            measure(_turned(_in_world(prediction, recording, view), turn), definitions)
            for view in range(recording.views)
        ],
        axis=1,
    )
    found[~lifted(recording)] = np.nan
    scores = {
        name: score
        for i, name in enumerate(angle_names(definitions))
        if (score := _score(name, found[..., i], reference[:, i], recording))
    }
    if scores and prediction.uncertainty is not None:
        for name, predicted in _predicted(prediction, recording, turn, definitions).items():
            if name in scores:
                scores[name]["predicted_deg"] = predicted
    return {"joint_angles": {"against": against, "angles": scores}} if scores else {}


def angle_lines(scores: dict[str, Any]) -> list[str]:
    """Returns the table of an evaluation's joint angles, left and right together; or nothing.

    Args:
        scores: Of `report.evaluate`.
    """
    if "joint_angles" not in scores:
        return []
    angles = scores["joint_angles"]["angles"]
    both: dict[str, list[dict[str, Any]]] = {}
    for name, score in angles.items():
        side = name.endswith(("_l", "_r"))
        both.setdefault(name[:-2] if side else name, []).append(score)
    wide = max(map(len, both)) + 2
    lines = [
        f"joint angles against {scores['joint_angles']['against']}, degrees (docs/angles.md)",
        f"{'':<{wide}}  error   bias      r",
    ]
    for name, parts in both.items():
        error, bias = (
            float(np.mean([part[key] for part in parts]))
            for key in ("mean_absolute_deg", "bias_deg")
        )
        known = [part["correlation"] for part in parts if part["correlation"] is not None]
        shown = f"{np.mean(known):7.2f}" if known else "      -"
        lines.append(f"{name:<{wide}}{error:7.1f}{bias:7.1f}{shown}")
    return lines


def difference(degrees: np.ndarray, reference: np.ndarray, name: str) -> np.ndarray:
    """Returns one angle minus another, of round angles the short way.

    Args:
        degrees, reference: Arrays that broadcast, degrees.
        name: Of the angle.
    """
    apart = degrees - reference
    return (apart + 180) % 360 - 180 if name in ROUND else apart


def _score(
    name: str, found: np.ndarray, reference: np.ndarray, recording: Recording
) -> dict[str, Any]:
    """Scores of one angle, (frames, views) against (frames,); empty where nothing is known."""
    apart = difference(found, reference[:, None], name).astype(np.float64)
    known = np.isfinite(apart)
    if not known.any():
        return {}
    action = np.array(recording.clip_actions)[recording.clip_id]
    by_action = {
        str(own): float(np.abs(apart[here][known[here]]).mean())
        for own in np.unique(action)
        if known[here := action == own].any()
    }
    waveforms = [
        correlation(wave, wave + apart[here, view])
        for clip in np.unique(recording.clip_id)
        for here in [recording.clip_id == clip]
        for wave in [unwrapped(reference[here]) if name in ROUND else reference[here]]
        for view in range(recording.views)
    ]
    defined = [r for r in waveforms if r is not None]
    return {
        "mean_absolute_deg": float(np.abs(apart[known]).mean()),
        "bias_deg": float(apart[known].mean()),
        "correlation": float(np.median(defined)) if defined else None,
        "by_action": by_action,
    }


def correlation(reference: np.ndarray, found: np.ndarray) -> float | None:
    """Returns Pearson's r of two waveforms; None where they are short or the reference is still.

    Args:
        reference, found: (frames,) degrees; NaN where missing.
    """
    known = np.isfinite(reference) & np.isfinite(found)
    if known.sum() < _SHORTEST or reference[known].std() < MOVES or not found[known].std() > 0:
        return None
    return float(np.corrcoef(reference[known], found[known])[0, 1])


def _predicted(
    prediction: Prediction, recording: Recording, turn: np.ndarray, definitions: Definitions
) -> dict[str, float]:
    """Mean predicted uncertainty of each angle, over frames evenly taken."""
    assert prediction.uncertainty is not None
    step = max(1, recording.frames * recording.views // _MOST_POSES)
    frames = slice(None, None, step)
    found = []
    for view in range(recording.views):
        pose = _turned(_in_world(prediction, recording, view)[frames], turn)
        one = propagate(pose, np.asarray(prediction.uncertainty[frames, view]), definitions)
        found.append(np.where(lifted(recording)[frames, view, None], one, np.nan))
    every = np.concatenate(found)
    known = np.isfinite(every)
    means = np.where(known, every, 0).sum(0) / np.maximum(known.sum(0), 1)
    return {
        name: float(mean)
        for name, mean, some in zip(angle_names(definitions), means, known.any(0), strict=True)
        if some
    }


def _upwards(recording: Recording) -> np.ndarray:
    """Unit vector against gravity in the world; that of a level first camera where unknown."""
    R = np.asarray(recording.camera.R[0, 0], float)
    up: np.ndarray = R.T @ up_in_camera(R, recording.world_up)
    return up / np.linalg.norm(up)


def _in_world(prediction: Prediction, recording: Recording, view: int) -> np.ndarray:
    """(frames, joints, 3) lifted poses of one view, relative to the root, in the world's axes."""
    R = recording.camera.R[recording.rig_id, view].astype(np.float32)
    return np.einsum("fij,fpi->fpj", R, np.asarray(prediction.pose_3d[:, view]))


def _turned(pose: np.ndarray, turn: np.ndarray) -> np.ndarray:
    return np.asarray(pose, np.float32) @ turn.T.astype(np.float32)
