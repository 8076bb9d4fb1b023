"""Where a rig's cameras look, and how motion from elsewhere is put there. The up axis is z here."""

from typing import NamedTuple

import numpy as np

from geoself_jax.core.errors import data_error
from geoself_jax.data.rig import Rig
from geoself_jax.data.synthetic import camera_ring as synthetic
from geoself_jax.prepare.motion.views import modelled

WIDEST = 1.5
"""Metres about the middle: as far as a person may walk."""

_NARROWEST = 0.3
_SEEN = 0.75  # share of a standing person's points on the circle that all images must show
_HEIGHTS = np.array([0.1, 0.9, 1.7])
_EYES = 0.9  # cameras look at a person's middle
_FLOOR = 0.01  # the lowest point lies so high above the floor


class Room(NamedTuple):
    """The space that a rig sees.

    Attributes:
        upright: (3, 3) from the rig's world to one with z up.
        middle: (2,) metres, x and y of the point the cameras look at, z up.
        floor: Height, metres.
        radius: Metres about the middle in which a person is seen by all cameras.
        guessed: The floor is not at 0, where a world's usually is.
    """

    upright: np.ndarray
    middle: np.ndarray
    floor: float
    radius: float
    guessed: bool


def room_of(rig: Rig) -> Room:
    """The room of a rig, from its cameras alone.

    Raises:
        GeoselfError: Views cannot be simulated through these cameras, or their vertical is unknown
            (65).
    """
    if rig.world_up is None:
        raise data_error(
            f"rig {rig.name}: its vertical is unknown",
            "people are stood on a floor",
            "give the world's axis against gravity: --up=z",
        )
    upright = to_z(rig.world_up)
    center, axes = rig.center @ upright.T, rig.R[:, 2] @ upright.T
    across = np.eye(3) - axes[:, :, None] * axes[:, None, :]
    point = np.linalg.lstsq(across.sum(0), np.einsum("vij,vj->i", across, center), rcond=None)[0]
    guessed = not 0.3 <= point[2] <= 2.0
    floor = float(point[2] - _EYES) if guessed else 0.0
    radius = _radius(rig, upright, point[:2], floor)
    return Room(upright, point[:2], floor, radius, guessed)


def to_z(up: np.ndarray) -> np.ndarray:
    """A rotation (3, 3) that takes the unit vector `up` to z."""
    side = np.eye(3)[np.argmin(np.abs(up))]
    x = np.cross(side, up)
    x /= np.linalg.norm(x)
    return np.stack([x, np.cross(up, x), up])


def _radius(rig: Rig, upright: np.ndarray, middle: np.ndarray, floor: float) -> float:
    """Radius of the largest circle on which all images show most of a standing person."""
    cameras, angle = modelled(rig), np.linspace(0, 2 * np.pi, 24, endpoint=False)
    ring = np.stack([np.cos(angle), np.sin(angle)], -1)
    for radius in np.arange(WIDEST, _NARROWEST, -0.1):
        places = np.repeat(middle + radius * ring, len(_HEIGHTS), 0)
        heights = np.tile(floor + _HEIGHTS, len(ring))
        points = np.column_stack([places, heights]) @ upright
        local = synthetic.to_cameras(points[None], cameras)
        with np.errstate(all="ignore"):
            pixels = synthetic.project(local, cameras)
        inside = ((pixels >= 0) & (pixels < rig.image_size[:, None])).all(-1)
        if (inside & (local[..., 2] > 0.3)).all(1).mean() >= _SEEN:
            return float(radius)
    return _NARROWEST


def segments(pelvis: np.ndarray, radius: float) -> list[slice]:
    """Cuts a path where it leaves a circle, one segment after the other.

    Args:
        pelvis: (T, 2) metres.
        radius: Of a circle that holds each segment's bounding box.
    """
    cuts, start = [], 0
    low = high = pelvis[0]
    for frame, place in enumerate(pelvis):
        low, high = np.minimum(low, place), np.maximum(high, place)
        if np.linalg.norm(high - low) > 2 * radius:
            cuts.append(slice(start, frame))
            start, low, high = frame, place, place
    return [*cuts, slice(start, len(pelvis))]


def placed(pose: np.ndarray, lowest: float, room: Room, rng: np.random.Generator) -> np.ndarray:
    """A segment in the rig's world: centred, turned at random, on the floor.

    Args:
        pose: (T, 17, 3) metres, z up, the pelvis first.
        lowest: The lowest height of the whole motion.
        room: Of the rig.
        rng: Of the angle.
    """
    path = pose[:, 0, :2]
    middle = (path.min(0) + path.max(0)) / 2
    angle = rng.uniform(0, 2 * np.pi)
    c, s = np.cos(angle), np.sin(angle)
    turned = (pose - [*middle, lowest]) @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]])
    result: np.ndarray = (turned + [*room.middle, room.floor + _FLOOR]) @ room.upright
    return result


def resampled(positions: np.ndarray, fps: float, wanted: float) -> np.ndarray:
    """(T', J, 3) at another rate, linearly between frames."""
    times = np.arange(int((len(positions) - 1) * wanted / fps + 1e-6) + 1) * fps / wanted
    times = np.minimum(times, len(positions) - 1)
    before = np.minimum(times.astype(int), max(len(positions) - 2, 0))
    share = (times - before)[:, None, None]
    after = np.minimum(before + 1, len(positions) - 1)
    result: np.ndarray = positions[before] * (1 - share) + positions[after] * share
    return result
