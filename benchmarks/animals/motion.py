"""How a quadruped moves: it walks and trots, turns, pauses, looks around and rears."""

import numpy as np

from benchmarks.animals.body import JOINTS, LEGS, Animal
from benchmarks.animals.legs import planted, two_bones
from geoself_jax.data.synthetic.smooth_curves import bump, ease, wander

Array = np.ndarray
Rng = np.random.Generator

FPS = 50.0
ARENA = 1.0
"""Radius of the circle that the middle of the body stays in, body lengths."""

FASTEST = 2.2
"""Body lengths a second."""

OFFSETS = dict(zip(LEGS, (0.0, 0.5, 0.5, 0.0), strict=True))
"""Of the legs' phases in a trot, whose diagonal pairs move together; in a walk the hind lag."""


def rotation(axis: int, angle: Array) -> Array:
    """(frames, 3, 3) about x, y or z; about y a positive angle, radians, lifts what is ahead."""
    i, j = ((1, 2), (0, 2), (0, 1))[axis]
    turn = np.tile(np.eye(3), (len(angle), 1, 1))
    turn[:, i, i] = turn[:, j, j] = np.cos(angle)
    turn[:, i, j], turn[:, j, i] = -np.sin(angle), np.sin(angle)
    return turn


def rearing(rng: Rng, t: Array) -> Array:
    """(frames,) how far it has risen on its hind legs, 0 to 1, for a second or three at a time."""
    risen = np.zeros(len(t))
    start = rng.uniform(2, 9)
    while start < t[-1]:
        lasts = rng.uniform(1, 3)
        risen = np.maximum(risen, rng.uniform(0.5, 1) * bump((t - start) / lasts) ** 0.6)
        start += lasts + rng.uniform(5, 14)
    return risen


def travel(rng: Rng, t: Array, risen: Array) -> tuple[Array, Array]:
    """Where its middle is, (frames, 2) body lengths, and where it heads, (frames,) radians.

    It pauses a third of the time, stands while it rears, and turns back at the edge of the arena.
    """
    speed = np.clip(wander(rng, t, (), 1.1, 2.0) + 0.6, 0, FASTEST) * (1 - risen) ** 3
    urge = wander(rng, t, (), 1.2, 1.5)
    place, heading = np.empty((len(t), 2)), np.empty(len(t))
    here, towards = rng.uniform(-0.5, 0.5, 2), rng.uniform(-np.pi, np.pi)
    for n in range(len(t)):
        place[n], heading[n] = here, towards
        out = float(np.linalg.norm(here)) / ARENA
        home = float(np.arctan2(-here[1], -here[0])) - towards
        turn = urge[n] + 5 * max(out - 0.5, 0) * np.sin(home)
        towards += turn * (0.15 + min(speed[n], 1)) / FPS
        now = speed[n] * (1 if out < 0.8 else max(np.cos(home), 0.0))
        here = here + now / FPS * np.array([np.cos(towards), np.sin(towards)])
    return place, heading


def poses(rng: Rng, animal: Animal, frames: int) -> Array:
    """A clip of the animal: (frames, joints, 3), metres, z up, the floor at 0.

    Args:
        rng: Source of chance.
        animal: Its bones, whose lengths are kept.
        frames: At `FPS`.
    """
    t = np.arange(frames) / FPS
    risen = rearing(rng, t)
    place, heading = travel(rng, t, risen)
    turning = np.gradient(heading) * FPS
    step = np.linalg.norm(np.gradient(place, axis=0), axis=-1)
    phase = rng.uniform(0, 1) + np.cumsum(animal.pace * step + 0.25 * np.abs(turning) / FPS)
    trot = np.clip(step * FPS / FASTEST, 0, 1)
    found = _trunk(rng, t, animal, place, heading, turning, phase, risen, trot)
    for leg, offset in OFFSETS.items():
        late = 0.2 if leg.endswith("hind") else 0.0
        own = phase + offset - late * (1 - trot.mean())
        found |= _leg(animal, leg, own, heading, risen, found, 0.65 - 0.15 * trot.mean())
    return np.stack([found[name] for name in JOINTS], axis=1)


def _trunk(
    rng: Rng,
    t: Array,
    animal: Animal,
    place: Array,
    heading: Array,
    turning: Array,
    phase: Array,
    risen: Array,
    trot: Array,
) -> dict[str, Array]:
    """Spine, head and tail; hips and shoulders."""
    stride = 2 * np.pi * phase
    ahead = np.stack([np.cos(heading), np.sin(heading)], axis=-1)
    base = np.zeros((len(t), 3))
    base[:, :2] = animal.length * (place - 0.35 * ahead)
    bob = 0.012 * trot * np.cos(2 * stride) + wander(rng, t, (), 0.012, 3.0) + 0.08 * risen
    base[:, 2] = animal.height + animal.length * bob
    pitch = wander(rng, t, (), 0.05, 2.0) + 0.05 * trot * np.sin(2 * stride) + 1.05 * risen
    roll = 0.05 * trot * np.sin(stride) + wander(rng, t, (), 0.04, 2.0)
    sway = 0.12 * np.clip(turning, -3, 3) + 0.08 * trot * np.sin(stride)
    sway = sway + wander(rng, t, (), 0.12, 3.0)
    pelvis = rotation(2, heading - sway) @ rotation(1, 0.3 + pitch) @ rotation(0, roll)
    arch = wander(rng, t, (), 0.12, 3.0) - 0.35 - 0.15 * risen
    chest = pelvis @ rotation(2, 1.3 * sway) @ rotation(1, arch)
    looks, nods = wander(rng, t, (), 0.4, 1.2), wander(rng, t, (), 0.3, 1.2)
    head = chest @ rotation(2, looks + 0.7 * sway) @ rotation(1, nods - 0.25 - 0.5 * risen)
    tail = pelvis @ rotation(2, wander(rng, t, (), 0.35, 1.5) - 0.15 * np.sin(stride))
    tail = tail @ rotation(1, wander(rng, t, (), 0.12, 2.0) - 0.05 - 1.1 * risen)
    tip = (
        tail
        @ rotation(2, wander(rng, t, (), 0.4, 1.5))
        @ rotation(1, wander(rng, t, (), 0.15, 2.0) - 0.2)
    )
    found = {"tail_base": base, "back": base + animal.spine[0] * pelvis[..., 0]}
    found["neck"] = found["back"] + animal.spine[1] * chest[..., 0]
    found["nose"] = found["neck"] + animal.spine[2] * head[..., 0]
    found["tail_middle"] = base - animal.tail[0] * tail[..., 0]
    found["tail_tip"] = found["tail_middle"] - animal.tail[1] * tip[..., 0]
    for side, sign in (("left", 1), ("right", -1)):
        mirror = np.array([1, sign, 1])
        found[f"{side}_ear"] = found["neck"] + head @ (mirror * animal.ear)
        found[f"{side}_shoulder"] = found["neck"] + chest @ (mirror * animal.shoulder)
        found[f"{side}_hip"] = base + pelvis @ (mirror * animal.hip)
    return found


def _leg(
    animal: Animal,
    leg: str,
    phase: Array,
    heading: Array,
    risen: Array,
    found: dict[str, Array],
    duty: float,
) -> dict[str, Array]:
    """Elbow or knee, and paw: on the floor, or of the front legs, before the chest."""
    side, end = leg.split("_")
    hind = end == "hind"
    start = found[f"{side}_hip" if hind else f"{side}_shoulder"]
    forward = np.stack([np.cos(heading), np.sin(heading), 0 * heading], axis=-1)
    left = np.stack([-forward[:, 1], forward[:, 0], 0 * heading], axis=-1)
    outward = left if side == "left" else -left
    lengths = animal.hind if hind else animal.front
    stand = start + animal.length * (0.03 * outward + (0.06 if hind else 0.02) * forward)
    target = planted(phase, stand[:, :2], duty, 0.07 * animal.length)
    if not hind:
        held = start + lengths.sum() * (0.45 * forward + 0.1 * outward - [0, 0, 0.45])
        target = target + ease(3 * risen)[:, None] * (held - target)
    middle, paw = two_bones(start, target, lengths, forward if hind else -forward)
    names = (f"{side}_knee", f"{side}_hind_paw") if hind else (f"{side}_elbow", f"{side}_front_paw")
    return dict(zip(names, (middle, paw), strict=True))
