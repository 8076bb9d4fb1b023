"""Calibrates and evaluates the predicted uncertainty against the error."""

from typing import Any

import jax.numpy as jnp
import numpy as np

from geoself_jax.core.model import UNCERTAINTY_SCALE, Prediction
from geoself_jax.core.rank_correlation import rank_correlation
from geoself_jax.core.shown_lengths import HUMAN_UNITS, ShownUnit
from geoself_jax.data.recording import Recording
from geoself_jax.evaluate.scores import in_cameras, lifted

BINS = 5


def distances(prediction: Prediction, recording: Recording, world: np.ndarray) -> np.ndarray:
    """Returns the root-relative error of each lifted joint.

    Args:
        prediction: Poses of every view of the recording.
        recording: Recording that was lifted.
        world: (frames, joints, 3) target, metres, world frame; NaN where unknown.

    Returns:
        (frames, views, joints), metres; NaN at the root, in views without a detection and where the
        target is unknown.
    """
    target, root = in_cameras(world, recording), recording.skeleton.root
    distance = np.linalg.norm(prediction.pose_3d - (target - target[:, :, root, None]), axis=-1)
    distance[:, :, root] = np.nan
    found: np.ndarray = np.where(lifted(recording)[..., None], distance, np.nan)
    return found


def uncalibrated(variables: dict[str, Any]) -> dict[str, Any]:
    """Returns the networks' variables with all uncertainty factors set to 1."""
    return calibrated(variables, np.ones_like(variables["batch_stats"][UNCERTAINTY_SCALE]))


def calibrated(variables: dict[str, Any], factor: np.ndarray) -> dict[str, Any]:
    """Returns the networks' variables with these uncertainty factors, one per joint."""
    scale = jnp.asarray(factor, jnp.float32)
    return {**variables, "batch_stats": {**variables["batch_stats"], UNCERTAINTY_SCALE: scale}}


def factors(uncertainty: np.ndarray, distance: np.ndarray) -> np.ndarray:
    """Returns the factor per joint that scales mean uncertainty to mean error; 1 where unknown.

    Args:
        uncertainty: (..., joints), metres, uncalibrated.
        distance: (..., joints) errors, metres, of held-out subjects; NaN where unknown.
    """
    known = np.isfinite(distance)
    found, predicted = (
        np.where(known, array, 0).reshape(-1, array.shape[-1]).sum(0, dtype=np.float64)
        for array in (distance, uncertainty)
    )
    result: np.ndarray = np.where(
        (found > 0) & (predicted > 0), found / np.where(predicted > 0, predicted, 1), 1
    )
    return result.astype(np.float32)


def report(uncertainty: np.ndarray, distance: np.ndarray) -> dict[str, Any] | None:
    """Reports predicted uncertainty and error, mm, over all joints and in five bins.

    Bins have equal counts, ordered by increasing uncertainty.

    Args:
        uncertainty, distance: (..., joints), metres; distances are NaN where unknown.

    Returns:
        JSON values; None for fewer joints than bins.
    """
    known = np.isfinite(distance)
    predicted, found = 1000 * uncertainty[known], 1000 * distance[known]
    if len(predicted) < BINS:
        return None
    parts = np.array_split(np.argsort(predicted, kind="stable"), BINS)
    return {
        "predicted_mm": float(predicted.mean()),
        "error_mm": float(found.mean()),
        "rank_correlation": rank_correlation(predicted, found),
        "bins": [
            {"predicted_mm": float(predicted[part].mean()), "error_mm": float(found[part].mean())}
            for part in parts
        ],
    }


def line(calibration: dict[str, Any], name: str, unit: ShownUnit = HUMAN_UNITS.error) -> str:
    """Formats a result of `report` as a line of text, its lengths in a unit."""
    predicted, found = (
        ", ".join(unit.text(part[key] / 1000, 0) for part in calibration["bins"])
        for key in ("predicted_mm", "error_mm")
    )
    correlation = calibration["rank_correlation"]
    ranks = "-" if correlation is None else f"{correlation:.2f}"
    return (
        f"uncertainty in five bins, lowest first: predicted {predicted} {unit.symbol}, "
        f"error against {name} {found} {unit.symbol}, rank correlation {ranks}"
    )
