"""How far off joints are said to be, held against how far off they are found to be."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from scipy.stats import spearmanr

from geoself_jax.core.model import UNCERTAINTY_SCALE, Prediction
from geoself_jax.data.recording import Recording
from geoself_jax.evaluate.scores import in_cameras, lifted

BINS = 5


def distances(prediction: Prediction, recording: Recording, world: np.ndarray) -> np.ndarray:
    """Of each lifted joint from where it is, both relative to the root.

    Args:
        prediction: Of every view of the recording.
        recording: What was lifted.
        world: (frames, joints, 3) where the joints are, metres; NaN where not known.

    Returns:
        (frames, views, joints) metres; NaN at the root, where nothing was lifted or not known.
    """
    target, root = in_cameras(world, recording), recording.skeleton.root
    distance = np.linalg.norm(prediction.pose_3d - (target - target[:, :, root, None]), axis=-1)
    distance[:, :, root] = np.nan
    found: np.ndarray = np.where(lifted(recording)[..., None], distance, np.nan)
    return found


def uncalibrated(variables: dict[str, Any]) -> dict[str, Any]:
    """The networks' variables with the factors of their uncertainties all 1."""
    return calibrated(variables, np.ones_like(variables["batch_stats"][UNCERTAINTY_SCALE]))


def calibrated(variables: dict[str, Any], factor: np.ndarray) -> dict[str, Any]:
    """The networks' variables with these factors of their uncertainties, one a joint."""
    scale = jnp.asarray(factor, jnp.float32)
    return {**variables, "batch_stats": {**variables["batch_stats"], UNCERTAINTY_SCALE: scale}}


def factors(uncertainty: np.ndarray, distance: np.ndarray) -> np.ndarray:
    """What brings each joint's mean uncertainty to its mean distance; 1 where nothing is known.

    Args:
        uncertainty: (..., joints) metres, as the networks learned it.
        distance: (..., joints) metres, of people who did not teach them; NaN where not known.
    """
    known = np.isfinite(distance)
    found, said = (
        np.where(known, array, 0).reshape(-1, array.shape[-1]).sum(0, dtype=np.float64)
        for array in (distance, uncertainty)
    )
    result: np.ndarray = np.where((found > 0) & (said > 0), found / np.where(said > 0, said, 1), 1)
    return result.astype(np.float32)


def report(uncertainty: np.ndarray, distance: np.ndarray) -> dict[str, Any] | None:
    """Said and found, mm, of all joints and of fifths of them from the surest on; None of too few.

    Args:
        uncertainty, distance: (..., joints) metres; distances NaN where not known.
    """
    known = np.isfinite(distance)
    said, found = 1000 * uncertainty[known], 1000 * distance[known]
    if len(said) < BINS:
        return None
    parts = np.array_split(np.argsort(said, kind="stable"), BINS)
    return {
        "predicted_mm": float(said.mean()),
        "error_mm": float(found.mean()),
        "rank_correlation": float(spearmanr(said, found).statistic),
        "bins": [
            {"predicted_mm": float(said[part].mean()), "error_mm": float(found[part].mean())}
            for part in parts
        ],
    }


def line(told: dict[str, Any], name: str) -> str:
    """A report as a line of text."""
    said, found = (
        ", ".join(f"{part[key]:.0f}" for part in told["bins"])
        for key in ("predicted_mm", "error_mm")
    )
    correlation = told["rank_correlation"]
    ranks = "-" if correlation is None else f"{correlation:.2f}"
    return (
        f"uncertainty, from the surest fifth of the joints on: {said} mm said, {found} mm from "
        f"{name}, rank correlation {ranks}"
    )
