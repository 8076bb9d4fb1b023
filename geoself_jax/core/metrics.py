"""Metrics of predicted poses: MPJPE and its variants, PCK, AUC, and their aggregation.

Everything is per pose: no mean over the batch is hidden in a function. A joint counts where its
target is finite and `visible`, if given, says so; a pose in which no joint counts gives NaN, and so
does a root-relative measure of a pose whose true root is missing. Where a joint counts and its
prediction is not finite the error is infinite: a broken model must not look like missing truth.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float

from geoself_jax.geometry.numerics import finite_or_zero, safe_divide, safe_norm
from geoself_jax.geometry.procrustes import scale_align, similarity_align

AUC_THRESHOLDS = tuple(step / 1000 for step in range(0, 151, 5))
"""Metres, 31 of them: MPI-INF-3DHP's own evaluation (mpii_compute_3d_pck.m)."""

REPORTED = {
    "mpjpe": ("mpjpe_mm", 1000),
    "p_mpjpe": ("p_mpjpe_mm", 1000),
    "n_mpjpe": ("n_mpjpe_mm", 1000),
    "pck": ("pck_150", 1),
    "auc": ("auc", 1),
    "root_error": ("root_error_mm", 1000),
    "limb_mpjpe": ("limb_mpjpe_mm", 1000),
    "limb_p_mpjpe": ("limb_p_mpjpe_mm", 1000),
    "mpjpe_of_body": ("mpjpe_percent_of_body", 100),
    "p_mpjpe_of_body": ("p_mpjpe_percent_of_body", 100),
    "n_mpjpe_of_body": ("n_mpjpe_percent_of_body", 100),
}
"""Per-pose metric to its name in a report, and the unit conversion factor."""


def mpjpe(
    predicted: Float[Array, "*batch joints 3"],
    target: Float[Array, "*batch joints 3"],
    *,
    root: int,
    visible: Bool[Array, "*batch joints"] | None = None,
) -> Float[Array, "*batch"]:
    """Mean per-joint position error, root-relative, metres: Protocol 1.

    The root itself counts, with its error of 0: 17 joints of Human3.6M are divided by 17.

    Args:
        predicted: Metres, in any frame with the axes of `target`'s.
        target: Metres; NaN where there is no truth.
        root: Index of the joint both are made relative to.
        visible: Which joints count; all with a finite target if not given.

    Source: Ionescu et al., "Human3.6M", PAMI 2014; the root counted as in VideoPose3D.
    """
    return _mean_counted(joint_errors(predicted, target, root=root, visible=visible))


def p_mpjpe(
    predicted: Float[Array, "*batch joints 3"],
    target: Float[Array, "*batch joints 3"],
    *,
    visible: Bool[Array, "*batch joints"] | None = None,
) -> Float[Array, "*batch"]:
    """Mean per-joint position error after a similarity alignment, metres: Protocol 2.

    Args:
        predicted: In any frame and unit: rotation, scale and place are fitted, a reflection is not.
        target: Metres; NaN where there is no truth.
        visible: Which joints count, in the fit as in the mean; one or two always fit.
    """
    target = _masked(target, visible)
    return _mean_counted(_distances(similarity_align(predicted, target), target))


def n_mpjpe(
    predicted: Float[Array, "*batch joints 3"],
    target: Float[Array, "*batch joints 3"],
    *,
    root: int,
    visible: Bool[Array, "*batch joints"] | None = None,
) -> Float[Array, "*batch"]:
    """Mean per-joint position error, root-relative, after optimal scaling: Rhodin, ECCV 2018.

    Args:
        predicted: Any unit, in any frame with the axes of `target`'s.
        target: Metres; NaN where there is no truth.
        root: Index of the joint both are made relative to.
        visible: Which joints count, in the fit as in the mean.
    """
    predicted = _root_relative(predicted, root)
    target = _masked(_root_relative(target, root), visible)
    return _mean_counted(_distances(scale_align(predicted, target), target))


def joint_errors(
    predicted: Float[Array, "*batch joints 3"],
    target: Float[Array, "*batch joints 3"],
    *,
    root: int,
    visible: Bool[Array, "*batch joints"] | None = None,
) -> Float[Array, "*batch joints"]:
    """Root-relative distance of each joint: `mpjpe`'s terms.

    Args:
        predicted, target, root, visible: As of `mpjpe`.

    Returns:
        Metres; NaN where a joint does not count, infinite where only its prediction is not finite.
    """
    target = _masked(_root_relative(target, root), visible)
    return _distances(_root_relative(predicted, root), target)


def limb_mpjpe(
    predicted: Float[Array, "*batch joints 3"],
    target: Float[Array, "*batch joints 3"],
    *,
    limbs: Sequence[int],
    hips: Sequence[int],
) -> Float[Array, "*batch"]:
    """`mpjpe` of a subset of joints, relative to the midpoint of the hips, metres.

    What detectors and motion capture both mark: a score that holds across skeletons. The middle of
    the hips itself does not count. Where the truth lacks a hip the pose gives NaN.

    Args:
        predicted: Metres, in any frame with the axes of `target`'s.
        target: Metres; NaN where there is no truth.
        limbs: Indices of the joints that count.
        hips: Indices of the hips.
    """

    def relative(pose: Float[Array, "*batch joints 3"]) -> Float[Array, "*batch limbs 3"]:
        middle = jnp.mean(pose[..., jnp.asarray(hips), :], axis=-2, keepdims=True)
        return pose[..., jnp.asarray(limbs), :] - middle

    return _mean_counted(_distances(relative(predicted), relative(target)))


def pck(
    errors: Float[Array, "*batch joints"], *, threshold: float = 0.150
) -> Float[Array, "*batch"]:
    """Fraction, in [0, 1], of the counted joints whose error is below `threshold`.

    Args:
        errors: From `joint_errors`, metres, NaN where a joint does not count.
        threshold: Metres; an error equal to it is a miss, as in MPI-INF-3DHP's evaluation.
    """
    hits = (errors < threshold).astype(errors.dtype)
    return _mean_counted(jnp.where(jnp.isnan(errors), jnp.nan, hits))


def auc(errors: Float[Array, "*batch joints"]) -> Float[Array, "*batch"]:
    """Mean of `pck` over `AUC_THRESHOLDS`, in [0, 30/31]: below 0 mm there is no error.

    Args:
        errors: As for `pck`.
    """
    below = errors[..., None] < jnp.asarray(AUC_THRESHOLDS, errors.dtype)
    share = jnp.mean(below, axis=-1, dtype=errors.dtype)
    return _mean_counted(jnp.where(jnp.isnan(errors), jnp.nan, share))


def root_position_error(
    predicted_root: Float[Array, "*batch 3"], target_root: Float[Array, "*batch 3"]
) -> Float[Array, "*batch"]:
    """Distance between root positions.

    Args:
        predicted_root: Camera frame, metres.
        target_root: In the same frame, metres; NaN where there is no truth.

    Returns:
        Metres; NaN without ground truth, infinite where only the prediction is not finite.
    """
    return _distances(predicted_root, target_root)


def aggregate(
    per_pose: Mapping[str, ArrayLike],
    actions: Sequence[int] | np.ndarray,
    action_names: Sequence[str] | np.ndarray,
) -> dict[str, Any]:
    """Aggregates a test set: over all poses, per action, and the mean over actions.

    A pose whose measure is NaN is left out of that measure's means; a mean of nothing is NaN.

    Args:
        per_pose: Some of `REPORTED`'s measures, one value a pose, as the functions here give them.
        actions: Index of each pose's action in `action_names`.
        action_names: Indices that share a name are one action; one without poses is left out.

    Returns:
        `poses` (their number) and the measures under their reported names; `per_action`, the same
        for each action; `action_mean`, the plain mean over actions: Human3.6M's printed average.
    """
    names = np.asarray(action_names)[np.asarray(actions)]
    values = {key: np.asarray(value, np.float64) for key, value in per_pose.items()}
    total = _means(values, np.ones(len(names), bool))
    present = [name for name in dict.fromkeys(action_names) if np.any(names == name)]
    per_action = {str(name): _means(values, names == name) for name in present}
    rows = per_action.values()
    action_mean = {k: _nan_mean([r[k] for r in rows]) for k in total if k != "poses"}
    return {**total, "per_action": per_action, "action_mean": action_mean}


def _means(values: Mapping[str, np.ndarray], chosen: np.ndarray) -> dict[str, float]:
    row = {REPORTED[k][0]: _nan_mean(v[chosen]) * REPORTED[k][1] for k, v in values.items()}
    return {**row, "poses": int(np.sum(chosen))}


def _nan_mean(values: Sequence[float] | np.ndarray) -> float:
    there = np.asarray(values)[~np.isnan(values)]
    return float(np.mean(there)) if there.size else float("nan")


def _root_relative(pose: Float[Array, "*b joints 3"], root: int) -> Float[Array, "*b joints 3"]:
    return pose - pose[..., root : root + 1, :]


def _masked(
    target: Float[Array, "*batch joints 3"], visible: Bool[Array, "*batch joints"] | None
) -> Float[Array, "*batch joints 3"]:
    return target if visible is None else jnp.where(visible[..., None], target, jnp.nan)


def _distances(
    predicted: Float[Array, "*points 3"], target: Float[Array, "*points 3"]
) -> Float[Array, "*points"]:
    """Distances; NaN where there is no target, infinite where only the prediction is missing."""
    target, counts = finite_or_zero(target)
    predicted, there = finite_or_zero(predicted)
    distances = jnp.where(there, safe_norm(predicted - target), jnp.inf)
    return jnp.where(counts, distances, jnp.nan)


def _mean_counted(values: Float[Array, "*batch joints"]) -> Float[Array, "*batch"]:
    counts = ~jnp.isnan(values)
    joints = jnp.sum(counts, axis=-1).astype(values.dtype)
    mean = safe_divide(jnp.sum(jnp.where(counts, values, 0), axis=-1), joints)
    return jnp.where(joints > 0, mean, jnp.nan)
