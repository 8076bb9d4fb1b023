"""Tiny scenes as readers give them: the tiny recording's rig and people through its lenses."""

import numpy as np
from tiny import make_arrays, observe

from geoself_jax.core.skeleton import H36M_17
from geoself_jax.data.rig import Rig
from geoself_jax.geometry.lenses import Lens
from geoself_jax.prepare.instances import Instances

ARRAYS = make_arrays()


def tiny_rig(rig: int = 0, views: int = 4, name: str = "lab") -> Rig:
    """The first cameras of one of the tiny recording's rigs."""
    chosen = slice(0, views)
    return Rig(
        name=name,
        camera_names=tuple(f"cam{i + 1}" for i in range(views)),
        K=ARRAYS["K"][rig, chosen],
        lenses=tuple(Lens(tuple(d.tolist())) for d in ARRAYS["dist"][rig, chosen]),
        R=ARRAYS["R"][rig, chosen],
        center=ARRAYS["center"][rig, chosen],
        image_size=np.full((views, 2), 1000, np.int32),
        world_up=np.array([0.0, 0, 1]),
    )


def motion(frames: int, clip: int = 0) -> np.ndarray:
    """(frames, 17, 3) metres of one of the tiny recording's people; up to 60 frames."""
    return ARRAYS["pose_world"][ARRAYS["clip_id"] == clip][:frames].astype(np.float64)


def pixels_of(points: np.ndarray, rig: Rig) -> np.ndarray:
    """(frames, V, joints, 2) pixels as the lenses show them."""
    frames = len(points)
    dist = np.array([lens.coefficients for lens in rig.lenses])
    of = (np.broadcast_to(a, (frames, *a.shape)) for a in (rig.K, dist, rig.R, rig.center))
    return observe(points, *of)


def instances(pixels: np.ndarray, frame: np.ndarray, frames: int, *, source="cam", track=None):
    """One camera's `Instances` from (N, J, 2) pixels; frames in any order."""
    order = np.argsort(frame, kind="stable")
    count = len(frame)
    names = () if track is None else tuple(dict.fromkeys(track))
    index = np.full(count, -1) if track is None else np.array([names.index(t) for t in track])
    return Instances(
        source=source,
        frame=frame[order],
        keypoints_2d=pixels[order].astype(np.float32),
        confidence=np.full(pixels.shape[:-1], 0.9, np.float32)[order],
        track=index[order],
        track_names=names,
        frames=frames,
        skeleton=H36M_17,
    )


def crowd(people: list[np.ndarray], rig: Rig, rng: np.random.Generator, *, tracks=False):
    """Each camera's `Instances` of people who are there at the same time, in random order.

    A person's motion may have NaN frames: nobody is there.
    """
    frames = len(people[0])
    views = []
    for view in range(rig.views):
        rows, frame, track = [], [], []
        for number in rng.permutation(len(people)):
            pixels = pixels_of(people[number], rig)[:, view] + rng.normal(0, 2, (frames, 17, 2))
            there = np.flatnonzero(np.isfinite(pixels).all((1, 2)))
            rows.append(pixels[there])
            frame.append(there)
            track += [f"p{number}"] * len(there)
        shuffle = rng.permutation(len(track))
        views.append(
            instances(
                np.concatenate(rows)[shuffle],
                np.concatenate(frame)[shuffle],
                frames,
                source=rig.camera_names[view],
                track=[track[i] for i in shuffle] if tracks else None,
            )
        )
    return views
