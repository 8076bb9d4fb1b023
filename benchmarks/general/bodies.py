"""Bodies of all sizes: a segment's bones are given another person's lengths."""

import numpy as np

from geoself_jax.core.skeleton import H36M_17

LEG = 0.491  # thigh and shin, of the stature (Drillis and Contini, 1966)
CHILDREN = 0.25  # share of the bodies
ADULT = (1.71, 0.10)  # metres: mean and standard deviation
SHORTEST, TALLEST, GROWN = 1.0, 2.05, 1.60

# Width between the joints, of the stature: mean, standard deviation, limits. Detectors and
# motion capture put hips and shoulders at different places; these cover them.
HIPS = (0.140, 0.022, 0.10, 0.18)
SHOULDERS = (0.205, 0.020, 0.17, 0.24)


def draw_stature(rng: np.random.Generator) -> float:
    """Metres: an adult's, or in a quarter of the cases a child's."""
    if rng.random() < CHILDREN:
        return float(rng.uniform(SHORTEST, GROWN))
    return float(np.clip(rng.normal(*ADULT), 1.40, TALLEST))


def resized(rng: np.random.Generator, pose: np.ndarray, stature: float) -> np.ndarray:
    """The same motion by another body; its lowest joint keeps its height in statures.

    Children have shorter legs and larger heads (Snyder et al., 1977): at 1.0 m legs of 0.90 and
    heads of 1.35 times an adult's share.

    Args:
        rng: Of proportions.
        pose: (frames, 17, 3) metres, z up.
        stature: Metres.
    """
    length = {j: _length(pose, j) for j in range(1, H36M_17.joints)}
    young = np.clip((GROWN - stature) / (GROWN - SHORTEST), 0, 1)
    leg = (length[2] + length[3] + length[5] + length[6]) / 2
    scale = stature * LEG / leg
    factor = np.full(H36M_17.joints, scale)
    pairs = [*((a, b) for a, b in H36M_17.left_right), *((j, j) for j in (7, 8, 9, 10))]
    for a, b in pairs:
        factor[[a, b]] *= np.exp(rng.normal(0.0, 0.04))
    factor[[2, 3, 5, 6]] *= 1 - 0.10 * young
    factor[[7, 8]] *= 1 + 0.06 * young
    factor[[9, 10]] *= 1 + 0.15 * young
    for (mean, spread, low, high), pair in ((HIPS, (1, 4)), (SHOULDERS, (11, 14))):
        width = np.clip(rng.normal(mean, spread), low, high) * stature
        own = np.median(np.linalg.norm(pose[:, pair[0]] - pose[:, pair[1]], axis=-1))
        factor[list(pair)] = width / own
    return _stretched(pose, factor, scale)


def _length(pose: np.ndarray, joint: int) -> float:
    bone = pose[:, joint] - pose[:, H36M_17.parents[joint]]
    return float(np.median(np.linalg.norm(bone, axis=-1)))


def _stretched(pose: np.ndarray, factor: np.ndarray, scale: float) -> np.ndarray:
    """Bones times their factors, about the root; on the floor as high as before, times `scale`."""
    new = np.empty_like(pose)
    new[:, 0] = pose[:, 0] * scale
    for joint in range(1, H36M_17.joints):
        parent = H36M_17.parents[joint]
        new[:, joint] = new[:, parent] + factor[joint] * (pose[:, joint] - pose[:, parent])
    lowest = scale * pose[..., 2].min() - new[..., 2].min()
    new[..., 2] += lowest
    return new
