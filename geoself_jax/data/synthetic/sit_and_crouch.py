"""Actions that go down: sitting, kneeling, squatting, bending, lying, sitting on the floor."""

import numpy as np

from geoself_jax.data.synthetic.anatomy import Body, Motion, rotation, turned
from geoself_jax.data.synthetic.hand_targets import any_hand, hand_keys, place
from geoself_jax.data.synthetic.lower_body import neutral, seated, standing
from geoself_jax.data.synthetic.smooth_curves import bump, ease, keyed, timeline, wander

Array = np.ndarray
Rng = np.random.Generator
SIDES = np.array([1.0, -1.0])


def sitting(rng: Rng, t: Array, body: Body) -> Motion:
    """On a chair, hands at rest for a while in one place and then another."""
    m = seated(rng, t, body)
    names = ("lap", "lap", "belly", "chest", "other_elbow", "front_low", "mouth", "brow", "neck")
    for side in (0, 1):
        keys = hand_keys(rng, tuple(n for n in names if n != "lap"), 6)
        calm = rng.random(6) < 0.5
        keys[calm] = m.wrists[0, side] + rng.normal(0, 0.05, (int(calm.sum()), 3))
        u = timeline(rng, t, (0.8, 3.0), (0.6, 1.0))
        m.wrists[:, side] = keyed(u, keys) + wander(rng, t, (3,), 0.02, 1.5)
    return m


def sitting_down(rng: Rng, t: Array, body: Body) -> Motion:
    """Down on a chair and up again, the trunk leaning forward on the way."""
    m = neutral(rng, t, body)
    u = timeline(rng, t, (0.5, 2.0), (1.1, 1.9)) + rng.integers(2)
    down = keyed(u, np.array([0.0, 1.0]))
    way = bump(u % 1.0)
    seat = body.shin + body.ankle_height + rng.uniform(-0.04, 0.06)
    feet = rng.uniform(0.28, 0.42)
    m.pelvis[:, 2] += down * (seat - body.stand) - 0.02
    m.pelvis[:, 0] += -feet * down + 0.10 * way * (1 - down)
    m.ankles[:, :, 0] += rng.normal(0.0, 0.04, 2)
    lean = rng.uniform(0.5, 0.8) * way
    rest = rng.uniform(-0.25, 0.1) * down
    m.turn = m.turn @ rotation(1, rest + lean)
    m.spine[:, 0] += 0.35 * lean + 0.15 * down
    m.neck[:, 0] -= 0.3 * lean
    end = place("front_low") if rng.random() < 0.5 else np.array([0.45, 0.0, -0.62])
    d = down[:, None, None]
    m.wrists = m.wrists * (1 - d) + (end + rng.normal(0, 0.04, (2, 3))) * d
    m.wrists[..., 0] += 0.2 * way[:, None]
    m.knees += 0.2 * down[:, None]
    return m


def squatting(rng: Rng, t: Array, body: Body) -> Motion:
    """Squats of various depths, arms forward, or a hand to the floor."""
    m = neutral(rng, t, body)
    u = timeline(rng, t, (0.2, 1.2), (0.7, 1.5)) + rng.integers(2)
    depth = np.where(np.arange(8) % 2 == 0, 0.0, rng.uniform(0.3, 0.95, 8))
    down = keyed(u, depth)
    m.pelvis[:, 2] -= down * (body.stand - 0.34 * body.leg)
    m.pelvis[:, 0] -= 0.16 * np.sin(np.pi * down)
    m.ankles[:, :, 2] += 0.06 * ease((down - 0.5) / 0.5)[:, None] * rng.integers(2)
    m.ankles[:, :, 1] *= rng.uniform(1.0, 1.6)
    m.turn = m.turn @ rotation(1, rng.uniform(0.35, 0.7) * down)
    m.spine[:, 0] += rng.uniform(0.3, 0.7) * down
    m.neck[:, 0] -= 0.5 * down
    m.knees = rng.uniform(0.1, 0.5) + 0.2 * down[:, None] + 0.0 * m.knees
    arms = place(("front", "front_low", "chest", "hip")[rng.integers(4)]) + rng.normal(
        0, 0.04, (2, 3)
    )
    d = np.sqrt(down + 1e-4)[:, None, None] * 1.02
    m.wrists = m.wrists * (1 - d) + arms * d
    if rng.random() < 0.4:
        spot = np.array([rng.uniform(0.25, 0.4), rng.uniform(-0.2, 0.2), 0.06])
        _touch(m, int(rng.integers(2)), spot, ease((down - 0.35) / 0.5))
    return m


def _touch(m: Motion, side: int, spot: Array, weight: Array) -> None:
    """Sends a hand to `spot` in the world by `weight` (frames,)."""
    m.touch[:, side] = spot
    m.touching[:, side] = weight


def bending(rng: Rng, t: Array, body: Body) -> Motion:
    """Bends to the floor with knees nearly extended or flexed, to pick up, tie or wipe."""
    m = standing(rng, t, body)
    u = timeline(rng, t, (0.2, 1.5), (0.8, 1.5)) + rng.integers(2)
    depth = np.where(np.arange(8) % 2 == 0, rng.uniform(0, 0.15, 8), rng.uniform(0.4, 1.0, 8))
    down, aside = keyed(u, depth), keyed(u, rng.normal(0, 0.35, 8))
    hips = rng.uniform(0.6, 1.15)
    m.turn = m.turn @ rotation(1, hips * down)
    m.pelvis[:, 0] -= 0.2 * np.sin(hips * down)
    m.pelvis[:, 2] -= down * rng.uniform(0.02, 0.25) * body.leg
    m.spine[:, 0] += rng.uniform(0.4, 0.9) * down
    m.spine[:, 2] += aside * down
    m.neck[:, 0] -= 0.3 * down
    for side in (0, 1) if rng.random() < 0.6 else (int(rng.integers(2)),):
        spot = [rng.uniform(0.25, 0.45), rng.uniform(0.05, 0.2) * SIDES[side], 0.0]
        spot[2] = rng.choice([0.06, 0.12, rng.uniform(0.1, 0.5)])
        wipe = wander(rng, t, (3,), [0.05, 0.07, 0.0], 0.8)
        _touch(m, side, np.array(spot) + wipe, ease((down - 0.2) / 0.6))
    other = np.array([0.25, 0.1, -0.85])
    m.wrists += down[:, None, None] ** 2 * 0.5 * (other - m.wrists)
    return m


def kneeling(rng: Rng, t: Array, body: Body) -> Motion:
    """From one knee to two, back on the heels and up again, the hands busy."""
    m = neutral(rng, t, body)
    w, z, floor = 1.1 * body.hip, body.ankle_height, 0.055
    back, far = -0.97 * body.shin, 0.92 * body.thigh
    half = ((0.0, 0.0, 0.01), (far, w, z), (back, -w, floor))
    both = ((0.0, 0.0, 0.0), (back, w, floor), (back, -w, floor))
    heels = ((-0.88 * body.thigh, 0.0, 0.0), (back, w, floor), (back, -w, floor))
    lunge = ((0.1 * far, 0.0, 0.13), (far, w, z), (back, -w, 0.08))
    choices = (half, both, heels, both, half, lunge)
    order = (np.arange(12) + rng.integers(6)) % 6
    keys = np.array([choices[i] for i in order], float)
    keys[:, 0] += rng.normal(0, 0.012, (12, 3)) * [1, 1, 0]
    u = timeline(rng, t, (0.6, 2.5), (0.9, 1.4))
    now = keyed(u, keys)
    n = np.floor(u).astype(int)
    moved = np.linalg.norm(np.diff(keys[:, 1], axis=0, append=keys[:1, 1]), axis=-1)[n % 12]
    m.pelvis = now[:, 0] + wander(rng, t, (3,), [0.01, 0.01, 0.003], 1.5)
    # The hips turn about a knee that stays on the floor at x = 0.
    m.pelvis[:, 2] += 0.055 + np.sqrt((0.985 * body.thigh) ** 2 - now[:, 0, 0] ** 2)
    m.ankles = now[:, 1:]
    m.ankles[:, 0, 2] += 0.2 * np.minimum(moved, 0.6) * bump(u - n)
    m.pelvis[:, 2] += 0.06 * np.minimum(moved, 0.6) * bump(u - n)
    bow = keyed(timeline(rng, t, (0.5, 2.0), (0.7, 1.2)), rng.choice([0, 0.2, 0.7], 8))
    m.turn = m.turn @ rotation(1, 0.12 * bow)
    m.spine[:, 0] += 1.1 * bow
    m.knees[:] = 0.05
    names = ("front_low", "belly", "rest", "talk", "hip", "chest", "pocket")
    for side in (0, 1):
        v = timeline(rng, t, (0.3, 1.5), (0.5, 0.9))
        m.wrists[:, side] = keyed(v, hand_keys(rng, names, 8)) + wander(rng, t, (3,), 0.02, 1.0)
    return m


def lying(rng: Rng, t: Array, body: Body) -> Motion:
    """On the back or a side, rolling, knees drawn up and stretched, hands moving."""
    m = neutral(rng, t, body)
    u = timeline(rng, t, (0.8, 2.5), (1.2, 2.0))
    rolls = rng.choice([0.0, 0.0, 1.25, -1.25], 8) + rng.normal(0, 0.12, 8)
    roll = keyed(u, rolls) + wander(rng, t, (), 0.03, 2.0)
    side = np.abs(np.sin(roll))
    m.turn = turned(wander(rng, t, (), 0.04, 3.0), -np.pi / 2 + 0.02, 0.0) @ rotation(2, roll)
    m.pelvis = np.stack([0 * t, 0 * t, 0.12 + (body.hip + 0.0) * side], -1)
    # Feet from the hips toward +x (the head points to -x), drawn up by `draw`.
    v = timeline(rng, t, (0.8, 2.5), (0.9, 1.5))
    stretch = keyed(
        v, rng.choice([0.97, 0.97, 0.75, 0.6], (8, 2)) + rng.uniform(-0.05, 0.02, (8, 2))
    )
    m.ankles[..., 0] = stretch * body.leg
    left = np.stack([np.cos(roll) * body.hip * 1.3, -np.cos(roll) * body.hip * 1.3], -1)
    # Drawn-up knees point where the belly does: the feet follow on a side.
    bent = np.sqrt(np.maximum(1.0 - stretch**2, 0.0))
    m.ankles[..., 1] = left + 0.1 * bent * np.sin(roll)[:, None] * body.leg
    top = np.maximum(-SIDES * np.sin(roll)[:, None], 0.0)
    m.ankles[..., 2] = 0.07 + top * 0.12
    m.spine[:, 0] = rng.uniform(0.0, 0.15) + 0.3 * side * rng.random()
    m.spine[:, 2] *= 0.5
    m.neck[:, 0] = 0.1 + wander(rng, t, (), 0.08, 1.5)
    m.knees[:] = rng.uniform(0.0, 0.25, 2)
    down = np.array([(0.12, 0.35, -0.85), (0.12, 0.75, -0.4), (0.30, -0.3, -0.45), (0.5, 0.1, 0.1)])
    for arm in (0, 1):
        keys = down[rng.integers(4, size=8)] + rng.normal(0, 0.05, (8, 3))
        under = np.clip(SIDES[arm] * np.sin(roll), 0, 1)[:, None]
        m.wrists[:, arm] = keyed(timeline(rng, t, (0.6, 2.0), (0.8, 1.2)), keys)
        m.wrists[:, arm] += under * (np.array([0.88, 0.0, 0.15]) - m.wrists[:, arm])
        m.elbows[:, arm] = 0.75 - 1.9 * under[:, 0]
    return m


def floor_sitting(rng: Rng, t: Array, body: Body) -> Motion:
    """On the floor: cross-legged, legs stretched, or knees up; hands in the lap or behind."""
    m = neutral(rng, t, body)
    m.pelvis[:, 2] = 0.105
    leg, w, z = body.leg, body.hip, 0.065
    legs = np.array(
        [
            [[0.40 * leg, -0.12, z + 0.01], [0.33 * leg, 0.10, z]],
            [[0.96 * leg, 1.2 * w, z], [0.96 * leg, -1.2 * w, z]],
            [[0.55 * leg, 1.1 * w, z], [0.58 * leg, -1.1 * w, z]],
            [[0.96 * leg, 1.3 * w, z], [0.55 * leg, -1.0 * w, z]],
        ]
    )
    knees = np.array([[0.9, 0.9], [0.1, 0.1], [0.1, 0.1], [0.1, 0.15]])
    order = np.repeat(rng.permutation(4), 2) if rng.random() < 0.6 else np.full(8, rng.integers(4))
    u = timeline(rng, t, (1.0, 3.0), (1.2, 1.8))
    m.ankles = keyed(u, legs[order] + rng.normal(0, 0.015, (8, 2, 3)) * [1, 1, 0])
    m.knees = keyed(u, knees[order] + rng.normal(0, 0.05, (8, 2)))
    lean = keyed(timeline(rng, t, (1.0, 2.5), (0.9, 1.5)), rng.choice([-0.3, 0.05, 0.25], 8))
    m.turn = m.turn @ rotation(1, -0.12 + 0.6 * lean)
    m.spine[:, 0] += 0.2 + 0.6 * lean
    propped = ease((0.04 - lean) / 0.34)
    v = timeline(rng, t, (0.6, 2.0), (0.6, 1.0))
    for side in (0, 1):
        keys = hand_keys(rng, ("front_low", "belly", "talk", "chest", "talk_high"), 8)
        m.wrists[:, side] = keyed(v, keys)
        _touch(m, side, np.array([-0.24, 0.28 * SIDES[side], 0.05]), propped)
    return m


def gym(rng: Rng, t: Array, body: Body) -> Motion:
    """Side bends, trunk twists and lunges."""
    m = neutral(rng, t, body)
    kind = rng.integers(3)
    period = rng.uniform(1.4, 2.6)
    swing = np.sin(2 * np.pi * t / period + wander(rng, t, (), 0.15, 3.0))
    m.ankles[:, :, 1] *= rng.uniform(1.2, 2.2)
    arms = (
        np.stack([any_hand(rng), any_hand(rng)])
        if rng.random() < 0.4
        else (np.stack([place(("hip", "side", "up", "chest")[rng.integers(4)])] * 2))
    )
    m.wrists = arms + wander(rng, t, (2, 3), 0.03, 1.0)
    if kind == 0:
        m.spine[:, 1] += rng.uniform(0.3, 0.55) * swing
        m.pelvis[:, 1] += 0.06 * swing
        m.turn = m.turn @ rotation(0, 0.1 * swing)
    elif kind == 1:
        m.spine[:, 2] += rng.uniform(0.5, 0.8) * swing
        m.turn = m.turn @ rotation(2, 0.2 * swing)
        m.spine[:, 0] += rng.uniform(0.0, 0.7)
    else:
        u = timeline(rng, t, (0.2, 0.9), (0.8, 1.2))
        far = keyed(u, rng.uniform(0.5, 0.85, 8) * (np.arange(8) % 2))
        m.ankles[:, 0, 0] += far
        m.ankles[:, 0, 2] += 0.08 * bump(u % 1.0)
        m.ankles[:, 1, 2] += 0.10 * ease(far / 0.6)
        m.pelvis[:, 0] += 0.5 * far
        m.pelvis[:, 2] -= 0.42 * far * body.leg
    return m
