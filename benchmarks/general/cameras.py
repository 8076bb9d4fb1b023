"""Cameras of all kinds: phones held upright or level, webcams, wide lenses, high corners."""

import numpy as np

from geoself_jax.data.synthetic.camera_ring import Rig, look_at

VIEWS = 4
DISTANCE = (2.0, 12.0)  # metres to the body's middle, log-uniform
EYE_LEVEL = (0.8, 2.0)  # metres above the floor, in three of four cases
HEIGHT = (0.2, 3.5)
ROLL = (3.0, 10.0)  # degrees, standard deviation: of most, and of one in seven
STEEPEST = 50.0  # degrees that a camera looks up or down

# Width and height of the image, and the range of the horizontal field of view in degrees.
SENSORS = (
    ((1920, 1080), (45.0, 90.0)),
    ((1280, 720), (45.0, 90.0)),
    ((3840, 2160), (45.0, 80.0)),
    ((1080, 1920), (28.0, 60.0)),
    ((640, 480), (40.0, 75.0)),
    ((1000, 1000), (40.0, 70.0)),
)
OFF_CENTER = 0.6
"""Share of half the image by which the body's middle may be off its centre."""


def draw_rig(rng: np.random.Generator, middle: np.ndarray) -> Rig:
    """Four cameras that look at a body, each drawn by itself.

    Args:
        rng: Source of chance.
        middle: (3,) metres, of the body; z up, the floor at 0.
    """
    center, K, size = np.zeros((VIEWS, 3)), np.zeros((VIEWS, 3, 3)), np.zeros((VIEWS, 2), int)
    target = np.zeros((VIEWS, 3))
    for view in range(VIEWS):
        size[view], fov = _sensor(rng)
        focal = size[view, 0] / 2 / np.tan(np.radians(fov) / 2)
        K[view] = [[focal, 0, size[view, 0] / 2], [0, focal, size[view, 1] / 2], [0, 0, 1]]
        distance = np.exp(rng.uniform(*np.log(DISTANCE)))
        height = rng.uniform(*(EYE_LEVEL if rng.random() < 0.75 else HEIGHT))
        steepest = np.sin(np.radians(STEEPEST))
        rise = np.clip((height - middle[2]) / distance, -steepest, steepest)
        angle = rng.uniform(0, 2 * np.pi)
        flat = np.sqrt(1 - rise**2)
        way = np.array([flat * np.cos(angle), flat * np.sin(angle), rise])
        center[view] = middle + distance * way
        aside = np.array([-np.sin(angle), np.cos(angle), 0.0])
        off = OFF_CENTER * rng.uniform(-1, 1, 2) * size[view] / 2 / focal * distance
        off[1] *= 0.6
        target[view] = middle + off[0] * aside + off[1] * np.array([0, 0, 1.0])
    spread = np.where(rng.random(VIEWS) < 1 / 7, ROLL[1], ROLL[0])
    roll = np.radians(rng.normal(0, 1, VIEWS) * spread)
    return Rig(K, np.zeros((VIEWS, 5)), look_at(center, target, roll), center, size)


def _sensor(rng: np.random.Generator) -> tuple[tuple[int, int], float]:
    size, (low, high) = SENSORS[rng.integers(len(SENSORS))]
    return size, float(rng.uniform(low, high))
