"""Calibrates and evaluates the predicted uncertainty against the error."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from geoself_jax.core.model import UNCERTAINTY_AXES_SCALE, UNCERTAINTY_SCALE, Prediction
from geoself_jax.core.rank_correlation import rank_correlation
from geoself_jax.core.shown_lengths import HUMAN_UNITS, ShownUnit
from geoself_jax.data.recording import Recording
from geoself_jax.evaluate.scores import in_cameras, lifted
from geoself_jax.geometry.ray_axes import across_and_along

BINS = 5
AXES = ("across", "along")
"""Of `Prediction.uncertainty_axes`: across the camera's ray to the joint, and along it."""


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
    found: np.ndarray = np.linalg.norm(_differences(prediction, recording, world), axis=-1)
    return found


def axis_distances(prediction: Prediction, recording: Recording, world: np.ndarray) -> np.ndarray:
    """Returns the two parts of each root-relative error: across the ray, and along it.

    The ray is that to the lifted joint.

    Args:
        prediction, recording, world: As of `distances`.

    Returns:
        (frames, views, joints, 2), metres; NaN as in `distances`.
    """
    difference = _differences(prediction, recording, world)
    joints = np.asarray(prediction.pose_3d) + np.asarray(prediction.root_position)[:, :, None]
    return np.asarray(jax.jit(across_and_along)(difference, joints))


def _differences(prediction: Prediction, recording: Recording, world: np.ndarray) -> np.ndarray:
    """(frames, views, joints, 3), lifted minus target, both root-relative; NaN as `distances`."""
    target, root = in_cameras(world, recording), recording.skeleton.root
    difference = np.asarray(prediction.pose_3d - (target - target[:, :, root, None]))
    difference[:, :, root] = np.nan
    return np.where(lifted(recording)[..., None, None], difference, np.float32(np.nan))


def uncalibrated(variables: dict[str, Any]) -> dict[str, Any]:
    """Returns the networks' variables with all uncertainty factors set to 1."""
    stats = variables["batch_stats"]
    names = {UNCERTAINTY_SCALE, UNCERTAINTY_AXES_SCALE} & stats.keys()
    ones = {name: jnp.ones_like(stats[name]) for name in names}
    return {**variables, "batch_stats": {**stats, **ones}}


def calibrated(
    variables: dict[str, Any], prediction: Prediction, recording: Recording, world: np.ndarray
) -> dict[str, Any]:
    """Returns the networks' variables with the uncertainty factors that held-out subjects show.

    Args:
        variables: `uncalibrated`.
        prediction: What the networks predict with them.
        recording: Of the held-out subjects.
        world: (frames, joints, 3), metres, world frame, as of `distances`.
    """
    stats = dict(variables["batch_stats"])
    said = np.asarray(prediction.uncertainty)
    found = factors(said, distances(prediction, recording, world))
    stats[UNCERTAINTY_SCALE] = jnp.asarray(found)
    if prediction.uncertainty_axes is not None:
        each = np.asarray(prediction.uncertainty_axes)
        off = axis_distances(prediction, recording, world)
        found = factors(*(array.reshape(-1, each.shape[-2] * 2) for array in (each, off)))
        stats[UNCERTAINTY_AXES_SCALE] = jnp.asarray(found.reshape(-1, 2))
    return {**variables, "batch_stats": stats}


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


def full_report(
    prediction: Prediction, recording: Recording, world: np.ndarray
) -> dict[str, Any] | None:
    """Reports `Prediction.uncertainty`, and under `axes` that of each axis that is predicted.

    Args:
        prediction, recording, world: As of `distances`.

    Returns:
        JSON values, as of `report`.
    """
    distance = distances(prediction, recording, world)
    found = report(np.asarray(prediction.uncertainty), distance)
    if found is None or prediction.uncertainty_axes is None:
        return found
    said, off = (
        np.asarray(prediction.uncertainty_axes),
        axis_distances(prediction, recording, world),
    )
    return found | {
        "axes": {name: report(said[..., axis], off[..., axis]) for axis, name in enumerate(AXES)}
    }


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


def lines(calibration: dict[str, Any], name: str, unit: ShownUnit = HUMAN_UNITS.error) -> list[str]:
    """Formats a result of `full_report` as lines of text, its lengths in a unit."""
    axes = calibration.get("axes", {})
    parts = [line(axes[axis], name, unit, f" {axis} the ray") for axis in axes]
    return [line(calibration, name, unit), *parts]


def line(
    calibration: dict[str, Any],
    name: str,
    unit: ShownUnit = HUMAN_UNITS.error,
    where: str = "",
) -> str:
    """Formats a result of `report` as a line of text, its lengths in a unit."""
    predicted, found = (
        ", ".join(unit.text(part[key] / 1000, 0) for part in calibration["bins"])
        for key in ("predicted_mm", "error_mm")
    )
    correlation = calibration["rank_correlation"]
    ranks = "-" if correlation is None else f"{correlation:.2f}"
    return (
        f"uncertainty{where} in five bins, lowest first: predicted {predicted} {unit.symbol}, "
        f"error against {name} {found} {unit.symbol}, rank correlation {ranks}"
    )
