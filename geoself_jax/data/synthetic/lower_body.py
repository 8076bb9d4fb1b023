"""What the lower body does: standing, stepping along a path, sitting on a chair."""

import numpy as np

from geoself_jax.data.synthetic.anatomy import Body, Motion, apply, rotation, turned
from geoself_jax.data.synthetic.smooth_curves import bump, ease, keyed, timeline, wander

Array = np.ndarray
Rng = np.random.Generator

# Wrist places (forward, outward, up) from the shoulder in arm lengths.
REST = np.array([0.07, 0.14, -0.965])
LAP = np.array([0.42, -0.05, -0.68])


def neutral(rng: Rng, t: Array, body: Body) -> Motion:
    """Upright on both feet, arms down, with the small unrest of a living body."""
    n = len(t)
    width = body.hip * rng.uniform(0.9, 1.7)
    ankles = np.zeros((n, 2, 3)) + [
        [0.0, width, body.ankle_height],
        [0.0, -width, body.ankle_height],
    ]
    pelvis = np.zeros((n, 3)) + [0.0, 0.0, body.stand * rng.uniform(0.985, 1.0)]
    gaze = np.stack(
        [rng.normal(0.05, 0.18, 12), rng.normal(0, 0.05, 12), rng.normal(0, 0.4, 12)], -1
    )
    return Motion(
        pelvis=pelvis + wander(rng, t, (3,), [0.012, 0.015, 0.004], 2.5),
        turn=turned(*wander(rng, t, (3,), [0.06, 0.03, 0.02], 2.5).T),
        spine=rng.normal([0.08, 0, 0], [0.1, 0.03, 0.05])
        + wander(rng, t, (3,), [0.05, 0.03, 0.06], 2.0),
        neck=keyed(timeline(rng, t, (0.3, 2.5), (0.4, 0.8)), gaze)
        + wander(rng, t, (3,), [0.06, 0.03, 0.06], 1.5),
        ankles=ankles,
        knees=rng.uniform(0.0, 0.35, (1, 2)) + wander(rng, t, (2,), 0.02, 2.0),
        wrists=REST + rng.normal(0, 0.025, (2, 3)) + wander(rng, t, (2, 3), 0.015, 1.5),
        elbows=rng.uniform(-0.2, 0.5) + wander(rng, t, (2,), 0.08, 2.0),
        touch=np.zeros((n, 2, 3)),
        touching=np.zeros((n, 2)),
    )


def standing(rng: Rng, t: Array, body: Body) -> Motion:
    """Standing at one place, weight shifted from leg to leg now and then."""
    m = neutral(rng, t, body)
    m.ankles[:, :, 0] += rng.normal(0.0, 0.07, 2)
    side = rng.uniform(-1, 1, 10)
    shift = keyed(timeline(rng, t, (0.8, 3.5), (0.6, 1.2)), side)
    m.pelvis[:, 1] += 0.055 * shift
    m.pelvis[:, 2] -= 0.015 * np.abs(rng.normal()) * body.leg
    m.pelvis[:, 0] += m.ankles[:, :, 0].mean(1)
    m.turn = m.turn @ rotation(0, 0.07 * shift)
    m.spine[:, 1] -= 0.10 * shift
    return m


def stride_feet(
    phase: Array,
    path: Array,
    heading: Array,
    width: float,
    duty: float = 0.62,
) -> tuple[Array, Array]:
    """Places of two alternating feet that stand still while they carry.

    Args:
        phase: (frames,) strides done; never falls.
        path: (frames, 2) m, where the body is.
        heading: (frames,) rad.
        width: Half the distance of the feet, m.
        duty: Share of the stride in which a foot stands.

    Returns:
        (frames, 2, 2) places of the left and right foot, and (frames, 2) the part of the stride in
        [0, 1) each is in, standing below `duty`.
    """
    rising = phase + 1e-6 * np.arange(len(phase))
    spots, parts = [], []
    for side in (0, 1):
        own = phase - 0.5 * side
        n = np.floor(own)
        first = n.min() - 1
        anchors = np.arange(first, n.max() + 2.5) + 0.5 * duty + 0.5 * side
        x, y, yaw = (_extended(anchors, rising, s) for s in (path[:, 0], path[:, 1], heading))
        lateral = width * (1 - 2 * side)
        spot = np.stack([x - lateral * np.sin(yaw), y + lateral * np.cos(yaw)], -1)
        i = (n - first).astype(int)
        part = own - n
        swung = ease((part - duty) / (0.97 - duty))[:, None]
        spots.append(spot[i] * (1 - swung) + spot[i + 1] * swung)
        parts.append(part)
    return np.stack(spots, 1), np.stack(parts, 1)


def _extended(x: Array, xp: Array, fp: Array) -> Array:
    """Linear interpolation, continued by up to half a stride at the slope of the ends."""
    k = min(12, len(xp) - 1)
    before = (fp[k] - fp[0]) / max(xp[k] - xp[0], 0.05) * np.clip(x - xp[0], -0.6, 0)
    after = (fp[-1] - fp[-1 - k]) / max(xp[-1] - xp[-1 - k], 0.05) * np.clip(x - xp[-1], 0, 0.6)
    return np.interp(x, xp, fp) + before + after


def stepping(
    rng: Rng,
    t: Array,
    body: Body,
    phase: Array,
    path: Array,
    heading: Array,
    lift: float = 0.07,
    width: float = 0.8,
) -> Motion:
    """Steps along `path` (frames, 2) m under `heading` rad; `phase` counts strides."""
    m = neutral(rng, t, body)
    spots, part = stride_feet(phase, path, heading, width * body.hip)
    m.ankles[..., :2] = spots
    m.ankles[..., 2] = body.ankle_height + lift * bump((part - 0.5) / 0.46)
    m.ankles[..., 2] += 0.03 * bump((part - 0.5) / 0.24)  # the heel leaves the floor first
    m.pelvis[:, :2] += path
    m.turn = rotation(2, heading) @ m.turn
    return m


def roam(rng: Rng, t: Array, speed: float, radius: float) -> tuple[Array, Array, Array]:
    """A closed path: circle, ellipse or to and fro. Returns path, heading and speed (m/s)."""
    long = radius * rng.uniform(0.75, 1.0)
    short = long * rng.choice([rng.uniform(0.75, 1.0), rng.uniform(0.25, 0.5)])
    angle = np.linspace(0, 2 * np.pi * (2 + speed * t[-1] / (2 * short)), 6000)
    rim = np.hypot(long * np.sin(angle), short * np.cos(angle))
    slowest_turn = 2.6 * rim**2 / (long * short)  # at most 2.6 rad/s of turning
    rate = 1.0 / (rim / speed + 1.0 / slowest_turn)
    passed = np.concatenate([[0], np.cumsum(np.diff(angle) / rate[1:])])
    a = np.interp(t + rng.uniform(0, 6), passed, angle)
    way = rng.choice([-1.0, 1.0])
    path = np.stack([long * np.cos(a), way * short * np.sin(a)], -1)
    heading = np.unwrap(np.arctan2(way * short * np.cos(a), -long * np.sin(a)))
    now = np.interp(a, angle, rim * rate)
    return path, heading, now


def seated(rng: Rng, t: Array, body: Body) -> Motion:
    """On a chair, legs placed in one of several ways, hands in the lap."""
    m = neutral(rng, t, body)
    seat = body.shin + body.ankle_height + rng.uniform(-0.03, 0.06)
    m.pelvis[:, 2] = seat + wander(rng, t, (), 0.003, 3.0)
    pitch = rng.uniform(-0.3, 0.1)
    lean = keyed(timeline(rng, t, (0.8, 3.0), (0.7, 1.5)), rng.normal(0.15, 0.2, 8))
    m.turn = m.turn @ rotation(1, pitch + 0.5 * lean)
    m.spine[:, 0] += 0.6 * lean + 0.1
    u = timeline(rng, t, (1.5, 4.0), (0.6, 1.0))
    places = np.stack([seat_legs(rng, body) for _ in range(5)])
    m.ankles = keyed(u, places)
    m.ankles[..., 2] += 0.03 * bump(u % 1.0)[:, None]
    m.knees = keyed(u, rng.uniform(-0.05, 0.3, (5, 2))) + wander(rng, t, (2,), 0.03, 1.0)
    m.wrists = LAP + rng.normal(0, 0.05, (2, 3)) + wander(rng, t, (2, 3), 0.03, 2.0)
    m.elbows += rng.uniform(0.0, 0.4)
    return m


def seat_legs(rng: Rng, body: Body) -> Array:
    """Ankles (2, 3) of somebody sitting at x = 0: flat, tucked, stretched or crossed."""
    x = body.thigh + rng.normal(0.0, 0.05, 2)
    y = body.hip * rng.uniform(0.6, 1.7) * np.array([1.0, -1.0])
    z = np.full(2, body.ankle_height)
    kind = rng.choice(
        ["flat", "tucked", "stretched", "one", "crossed"], p=[0.4, 0.2, 0.1, 0.15, 0.15]
    )
    if kind == "tucked":
        x -= rng.uniform(0.1, 0.25)
    elif kind == "stretched":
        x += 0.6 * body.shin
    elif kind == "one":
        x[rng.integers(2)] += 0.5 * body.shin
    elif kind == "crossed":
        x += np.array([0.18, 0.08])[:: rng.choice([-1, 1])]
        y = np.array([-0.03, 0.03])
    return np.stack([x, y, z], -1)


def carry(m: Motion, rng: Rng) -> Motion:
    """Puts the whole motion at a random place and heading of the room, and mirrors half of them."""
    if rng.random() < 0.5:
        m = mirrored(m)
    yaw = rng.uniform(0, 2 * np.pi)
    middle = 0.5 * (m.pelvis[:, :2].min(0) + m.pelvis[:, :2].max(0))
    extent = np.abs(m.pelvis[:, :2] - middle).max()
    place = rng.normal(0, 1, 2)
    place *= rng.uniform(0, max(0.1, 1.5 - extent)) / np.linalg.norm(place)
    R = rotation(2, yaw)
    start = np.array([*middle, 0.0])
    end = np.array([*place, 0.0])
    m.pelvis, m.ankles, m.touch = (apply(R, x - start) + end for x in (m.pelvis, m.ankles, m.touch))
    m.turn = R @ m.turn
    return m


def mirrored(m: Motion) -> Motion:
    """The motion with left and right exchanged."""
    flip = np.array([1.0, -1.0, 1.0])
    return Motion(
        pelvis=m.pelvis * flip,
        turn=m.turn * flip * flip[:, None],
        spine=m.spine * [1.0, -1.0, -1.0],
        neck=m.neck * [1.0, -1.0, -1.0],
        ankles=m.ankles[:, ::-1] * flip,
        knees=m.knees[:, ::-1],
        wrists=m.wrists[:, ::-1],
        elbows=m.elbows[:, ::-1],
        touch=m.touch[:, ::-1] * flip,
        touching=m.touching[:, ::-1],
    )
