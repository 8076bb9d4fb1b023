"""Five cameras about an arena, at a few body lengths, whose images the arena fills."""

import numpy as np

from geoself_jax.data.synthetic.camera_ring import Rig, look_at

NAMES = ("camA", "camB", "camC", "camD", "camE")
WIDTH, HEIGHT = 1280, 1024
NEAREST, FARTHEST = 3.5, 5.9
"""Distance from the middle of the arena, body lengths: 0.3 to 0.5 m of a mouse."""

FIELD = 1.7
"""Radius about the middle of the arena that fills an image's height, body lengths."""


def draw_rig(rng: np.random.Generator, length: float) -> Rig:
    """Four cameras around and one almost above.

    Args:
        rng: Source of chance.
        length: Of a body in the middle of its kind, metres.

    Returns:
        x_cam = R (x_world - center), metres; the lenses have k1 alone, as anipose fits them.
    """
    views = len(NAMES)
    azimuth = np.pi / 2 * np.arange(views) + rng.uniform(-0.3, 0.3, views)
    elevation = np.radians(np.append(rng.uniform(20, 45, views - 1), 70))
    distance = rng.uniform(NEAREST, FARTHEST, views)
    flat = np.stack([np.cos(azimuth), np.sin(azimuth)], -1) * np.cos(elevation)[:, None]
    center = distance[:, None] * np.concatenate([flat, np.sin(elevation)[:, None]], -1)
    target = rng.normal([0, 0, 0.2], 0.08, (views, 3))
    K = np.tile(np.eye(3), (views, 1, 1))
    K[:, 0, 0] = K[:, 1, 1] = distance * HEIGHT / (2 * FIELD)
    K[:, :2, 2] = rng.normal([WIDTH / 2, HEIGHT / 2], 6, (views, 2))
    dist = np.zeros((views, 5))
    dist[:, 0] = rng.uniform(-0.25, -0.08, views)
    return Rig(
        K=K,
        dist=dist,
        R=look_at(length * center, length * target, rng.normal(0, 0.03, views)),
        center=length * center,
        image_size=np.tile(np.array([WIDTH, HEIGHT], np.int32), (views, 1)),
    )
