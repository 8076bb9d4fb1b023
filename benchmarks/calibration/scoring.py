"""Errors of found cameras against the true ones."""

import itertools

import numpy as np

from geoself_jax.calibrate.views import angle_between


def errors(
    R: np.ndarray, center: np.ndarray, true_R: np.ndarray, true_center: np.ndarray
) -> dict[str, float]:
    """Errors after the turn, shift and growth that fit best.

    Args:
        R, center: (V, 3, 3), (V, 3) in any frame and unit.
        true_R, true_center: The same, metres.

    Returns:
        `degrees`: mean rotation error of a camera; `worst_degrees`: of the worst pair's relative
        rotation; `direction_degrees`: mean angle between true and found directions from camera to
        camera; `center_mm`: mean distance of centres.
    """
    U, _, Vt = np.linalg.svd(np.einsum("vji,vjk->ik", true_R, R))
    turn = U @ np.diag([1, 1, np.linalg.det(U @ Vt)]) @ Vt
    own, true = (center - center.mean(0)) @ turn.T, true_center - true_center.mean(0)
    unit = np.sum(own * true) / np.sum(own**2)
    pairs = list(itertools.combinations(range(len(R)), 2))
    relative = [angle_between(R[j] @ R[i].T, true_R[j] @ true_R[i].T) for i, j in pairs]
    seen = [_angle(own[j] - own[i], true[j] - true[i]) for i, j in pairs]
    return {
        "degrees": float(np.mean(angle_between(R @ turn.T, true_R))),
        "worst_degrees": float(np.max(relative)),
        "direction_degrees": float(np.mean(seen)),
        "center_mm": float(1000 * np.mean(np.linalg.norm(unit * own - true, axis=1))),
    }


def _angle(a: np.ndarray, b: np.ndarray) -> float:
    cosine = a @ b / max(np.linalg.norm(a) * np.linalg.norm(b), 1e-12)
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))
