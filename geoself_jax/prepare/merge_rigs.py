"""The rigs of several clips as one: a vertical, a list of cameras, a place for each of them."""

import dataclasses
from collections.abc import Sequence
from itertools import combinations

import numpy as np

from geoself_jax.core.errors import data_error
from geoself_jax.data.recording import up_array
from geoself_jax.data.rig import Rig
from geoself_jax.prepare.clip import Clip
from geoself_jax.prepare.missing_flag import MissingFlag

PLAIN = 5
"""Most distortion coefficients of a lens that the file keeps; pixels of others are undistorted."""

_ALIKE = 1e-9  # of rotations, and of the farthest centre
_ROUNDED = 2e-8  # of the farthest centre: 0.1 micrometres of 5 m


def check_image_sizes(rig: Rig) -> None:
    """Checks that the image size of every camera is known.

    Raises:
        GeoselfError: One has none (65).
    """
    unknown = np.flatnonzero((rig.image_size <= 0).any(-1))
    if unknown.size:
        raise MissingFlag(
            f"rig {rig.name}: the image size of camera {rig.camera_names[unknown[0]]} is not in "
            "the calibration",
            "wanted width and height in pixels",
            f"give --image-size={rig.camera_names[unknown[0]]}=WIDTHxHEIGHT, or "
            "--image-size=WIDTHxHEIGHT for all",
        )


def check_places(rig: Rig) -> None:
    """Checks that no two cameras stand at one place and look one way.

    Raises:
        GeoselfError: Two do, or all: where they stand was not calibrated (65).
    """
    alike = [
        (a, b)
        for a, b in combinations(range(rig.views), 2)
        if np.allclose(rig.R[a], rig.R[b], rtol=0, atol=_ALIKE)
        and _same_places(rig.center[a], rig.center[b], _ALIKE * np.abs(rig.center).max())
    ]
    if alike:
        first, second = (rig.camera_names[view] for view in alike[0])
        every = len(alike) == rig.views * (rig.views - 1) // 2 and rig.views > 2
        raise data_error(
            f"rig {rig.name}: "
            + ("all cameras" if every else f"cameras {first} and {second}")
            + " have the same rotation and translation",
            "no two stand at one place: their extrinsics were copied, or not calibrated at all",
            "calibrate where each stands, or take other cameras with --cameras=NAME,NAME",
        )


def _same_places(a: np.ndarray, b: np.ndarray, most: float) -> bool:
    """Whether no coordinate of two centres differs by more."""
    return bool((np.abs(a - b) <= most).all())


def upright(clips: list[Clip]) -> list[Clip]:
    """The clips as they are where their worlds agree on the vertical, else turned to z up.

    Where one world's vertical is unknown, so is that of all: a file has one.
    """
    known = [clip.rig.world_up for clip in clips if clip.rig.world_up is not None]
    if len(known) < len(clips):
        return [
            dataclasses.replace(clip, rig=dataclasses.replace(clip.rig, world_up=None))
            for clip in clips
        ]
    if np.allclose(known, known[0], atol=1e-6):
        return clips
    return [_turned(clip, up) for clip, up in zip(clips, known, strict=True)]


def _turned(clip: Clip, up: np.ndarray) -> Clip:
    """The clip in a world whose z is up."""
    A = _to_z(up)
    rig = dataclasses.replace(
        clip.rig, R=clip.rig.R @ A.T, center=clip.rig.center @ A.T, world_up=np.array([0, 0, 1.0])
    )
    pose = None if clip.pose_world is None else (clip.pose_world @ A.T).astype(np.float32)
    return dataclasses.replace(clip, rig=rig, pose_world=pose)


def _to_z(up: np.ndarray) -> np.ndarray:
    """A rotation that takes the unit vector `up` to z."""
    side = np.eye(3)[np.argmin(np.abs(up))]
    x = np.cross(side, up)
    x /= np.linalg.norm(x)
    return np.stack([x, np.cross(up, x), up])


def distinct_rigs(rigs: Sequence[Rig]) -> tuple[list[Rig], list[int]]:
    """Each rig once, whatever its name, and which of them every clip has.

    A rig all of whose cameras are in a larger one, with the same calibration, is that one: a camera
    without detections in a clip keeps its calibration.

    Args:
        rigs: Of the clips.

    Returns:
        Rigs in the order of the clips, and their index for each clip.
    """
    largest: list[Rig] = []
    of = [0] * len(rigs)
    for clip in sorted(range(len(rigs)), key=lambda i: -rigs[i].views):
        rig = rigs[clip]
        same = (i for i, other in enumerate(largest) if _is_part(rig, other))
        of[clip] = next(same, len(largest))
        if of[clip] == len(largest):
            largest.append(rig)
    order = list(dict.fromkeys(of))
    return [largest[i] for i in order], [order.index(i) for i in of]


def _is_part(rig: Rig, other: Rig) -> bool:
    """Whether the other rig has all cameras of this one, calibrated equally."""
    if not set(rig.camera_names) <= set(other.camera_names):
        return False
    if rig.views == other.views and rig.camera_names != other.camera_names:
        return False  # another order of the views
    part = other.select(rig.camera_names)
    return (
        part.lenses == rig.lenses
        and np.array_equal(part.image_size, rig.image_size)
        and all(
            np.allclose(getattr(part, name), getattr(rig, name), rtol=1e-9, atol=1e-7)
            for name in ("K", "R")
        )
        and _same_places(part.center, rig.center, _ROUNDED * np.abs(other.center).max())
        and np.allclose(up_array(part.world_up), up_array(rig.world_up), rtol=1e-9, atol=1e-7)
    )


def view_names(rigs: Sequence[Rig]) -> tuple[str, ...]:
    """Names of the views of the file: those of the rig that has all; else all names of a view."""
    largest = max(rigs, key=lambda rig: rig.views).camera_names
    if all(set(rig.camera_names) <= set(largest) for rig in rigs):
        return largest
    views = len(largest)
    at = [dict.fromkeys(r.camera_names[v] for r in rigs if v < r.views) for v in range(views)]
    return tuple(each_once(["|".join(list(names)[:3]) for names in at]))


def places_of(rig: Rig, names: tuple[str, ...]) -> list[int]:
    """The view in the file of each camera of the rig."""
    if set(rig.camera_names) <= set(names):
        return [names.index(name) for name in rig.camera_names]
    return list(range(rig.views))


def place_within(rig: Rig, whole: Rig, place: Sequence[int]) -> list[int]:
    """Views in the file of a clip's cameras.

    Args:
        rig: The clip's.
        whole: The rig of the file that it is, or is a part of.
        place: View in the file of each camera of `whole`.
    """
    return [place[whole.camera_names.index(name)] for name in rig.camera_names]


def camera_arrays(rigs: Sequence[Rig], places: Sequence[list[int]]) -> dict[str, np.ndarray]:
    """K, dist, R, center and image_size, (rigs, V, ...); a view a rig has not copies its first."""
    views = max(max(place) for place in places) + 1
    arrays: dict[str, list[np.ndarray]] = {}
    for rig, place in zip(rigs, places, strict=True):
        of = {
            "K": rig.K,
            "dist": np.array([_plain(lens.coefficients, lens.fisheye) for lens in rig.lenses]),
            "R": rig.R,
            "center": rig.center,
            "image_size": rig.image_size,
        }
        for name, array in of.items():
            full = np.repeat(array[:1], views, axis=0)
            full[place] = array
            arrays.setdefault(name, []).append(full)
    return {name: np.stack(parts) for name, parts in arrays.items()}


def _plain(coefficients: tuple[float, ...], fisheye: bool) -> tuple[float, ...]:
    """k1 k2 p1 p2 k3 of a lens that stays in the file; zeros of one that is undone here."""
    if fisheye or len(coefficients) > PLAIN:
        return (0.0,) * PLAIN
    return (*coefficients, *(0.0,) * (PLAIN - len(coefficients)))


def each_once(names: Sequence[str]) -> list[str]:
    """The names, with a number appended to repeated ones."""
    result: list[str] = []
    taken = set(names)
    seen: set[str] = set()
    for name in names:
        free, number = name, 1
        while free in seen or (number > 1 and free in taken):
            number += 1
            free = f"{name}#{number}"
        seen.add(free)
        result.append(free)
    return result
