"""Where hands go: named places about the body and random ones."""

import numpy as np

Array = np.ndarray

# Wrist (forward, outward, up) from the shoulder in arm lengths, for the arm's own side.
PLACES = {
    "rest": (0.07, 0.14, -0.965),
    "hip": (0.02, 0.26, -0.70),
    "pocket": (0.12, 0.16, -0.82),
    "belly": (0.40, -0.22, -0.48),
    "chest": (0.42, -0.25, -0.22),
    "mouth": (0.42, -0.26, 0.10),
    "ear": (0.20, -0.10, 0.32),
    "brow": (0.32, -0.08, 0.32),
    "neck": (0.06, -0.06, 0.36),
    "other_shoulder": (0.40, -0.62, -0.02),
    "other_elbow": (0.38, -0.50, -0.36),
    "front_low": (0.55, 0.0, -0.50),
    "front": (0.88, 0.02, 0.02),
    "front_up": (0.65, 0.08, 0.62),
    "up": (0.15, 0.10, 0.95),
    "side": (0.12, 0.94, 0.02),
    "side_up": (0.10, 0.65, 0.68),
    "side_low": (0.10, 0.66, -0.66),
    "wave": (0.28, 0.40, 0.48),
    "guard": (0.42, -0.16, 0.06),
    "talk": (0.52, 0.12, -0.40),
    "talk_high": (0.55, 0.15, -0.12),
    "back": (-0.22, -0.10, -0.62),
}
NAMES = tuple(PLACES)


def place(name: str) -> Array:
    """The named wrist place (3,)."""
    return np.array(PLACES[name])


def any_hand(rng: np.random.Generator) -> Array:
    """Draws a wrist position (3,): a named one with noise, or any in front or at the side."""
    if rng.random() < 0.5:
        return place(NAMES[rng.integers(len(NAMES))]) + rng.normal(0, 0.05, 3)
    azimuth = np.radians(rng.uniform(-35, 105))
    height = np.radians(rng.uniform(-75, 80))
    reach = 1.0 - 0.65 * rng.random() ** 1.5
    flat = reach * np.cos(height)
    return np.array([flat * np.cos(azimuth), flat * np.sin(azimuth), reach * np.sin(height)])


def hand_keys(rng: np.random.Generator, names: tuple[str, ...], count: int) -> Array:
    """`count` places (count, 3) drawn from `names`, blurred."""
    return np.stack([place(names[rng.integers(len(names))]) for _ in range(count)]) + rng.normal(
        0, 0.045, (count, 3)
    )
