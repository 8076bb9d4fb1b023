"""Actions that move through the room: walking, running, turning, stepping, jumping and so on."""

import numpy as np

from geoself_jax.data.synthetic.anatomy import Body, Motion, rotation
from geoself_jax.data.synthetic.hand_targets import any_hand
from geoself_jax.data.synthetic.lower_body import neutral, roam, stepping, stride_feet
from geoself_jax.data.synthetic.smooth_curves import bump, ease, hermite, keyed, timeline, wander

Array = np.ndarray
Rng = np.random.Generator
SIDES = np.array([1.0, -1.0])


def _sway(m: Motion, phase: Array, body: Body, size: float, arms: float, elbow: float) -> None:
    """Swing of trunk and arms with the stride; `size` 1 is a brisk walk."""
    angle = 2 * np.pi * (phase - 0.31)  # 0 at the middle of the left foot's stance
    yaw = np.arctan2(m.turn[:, 1, 0], m.turn[:, 0, 0])
    m.pelvis[:, 0] -= 0.025 * np.cos(angle) * np.sin(yaw)
    m.pelvis[:, 1] += 0.025 * np.cos(angle) * np.cos(yaw)
    m.pelvis[:, 2] += 0.012 * size * np.cos(2 * angle)
    swing = np.sin(angle + 0.35)  # over 0 when the left leg trails
    m.turn = m.turn @ rotation(2, 0.09 * size * swing) @ rotation(0, 0.05 * size * np.cos(angle))
    m.spine[:, 2] -= 0.17 * size * swing
    m.spine[:, 1] -= 0.06 * size * np.cos(angle)
    reach = arms * SIDES * swing[:, None]
    m.wrists[..., 0] += reach + 0.25 * elbow
    m.wrists[..., 1] -= 0.12 * np.maximum(reach, 0) + 0.1 * elbow
    m.wrists[..., 2] += 0.35 * reach**2 + 0.3 * np.maximum(reach, 0) ** 2 + 0.35 * elbow


def walk(rng: Rng, t: Array, body: Body, speed: float, arms: float | None = None) -> Motion:
    """A walk around the room at about `speed` m/s."""
    path, heading, now = roam(rng, t, speed, 0.95)
    pace = rng.uniform(0.9, 1.1) * (0.5 + 0.38 * now) * np.sqrt(0.9 / body.leg)
    phase = rng.uniform(0, 1) + np.cumsum(pace) * (t[1] - t[0])
    m = stepping(rng, t, body, phase, path, heading, rng.uniform(0.05, 0.11), rng.uniform(0.4, 0.9))
    size = rng.uniform(0.6, 1.2) * min(1.0, speed)
    arms = rng.uniform(0.1, 0.45) if arms is None else arms
    _sway(m, phase, body, size, arms * min(1.0, speed), rng.uniform(0.0, 0.35))
    m.turn = m.turn @ rotation(1, np.full(len(t), rng.uniform(0.0, 0.1)))
    m.pelvis[:, 2] -= rng.choice([0.01, 0.02, 0.03, rng.uniform(0.03, 0.14)])
    return m


def walking(rng: Rng, t: Array, body: Body) -> Motion:
    """Walking, at times with the hands busy."""
    m = walk(rng, t, body, rng.uniform(0.6, 1.35))
    if rng.random() < 0.35:
        m.wrists[:, 0] = any_hand(rng) + wander(rng, t, (3,), 0.03, 1.0)
    if rng.random() < 0.2:
        m.wrists[:, 1] = any_hand(rng) + wander(rng, t, (3,), 0.03, 1.0)
    return m


def running(rng: Rng, t: Array, body: Body) -> Motion:
    """Jogging round the room, or on the spot."""
    still = rng.random() < 0.3
    speed = rng.uniform(0.1, 0.3) if still else rng.uniform(1.6, 2.3)
    path, heading, _ = roam(rng, t, speed, 0.15 if still else 1.05)
    pace = rng.uniform(1.25, 1.6)
    phase = rng.uniform(0, 1) + pace * t
    m = neutral(rng, t, body)
    duty = rng.uniform(0.34, 0.42)
    spots, part = stride_feet(phase, path, heading, 0.5 * body.hip, duty)
    m.ankles[..., :2] = spots
    late = (part - duty * 0.8) / (1.0 - duty * 0.8)
    m.ankles[..., 2] += rng.uniform(0.16, 0.34) * bump(np.maximum(late, 0.0) ** 0.8)
    m.pelvis[:, :2] += path
    m.turn = rotation(2, heading) @ rotation(1, np.full(len(t), rng.uniform(0.08, 0.22))) @ m.turn
    flight = 2 * np.pi * 2 * (phase - duty / 2)
    _sway(m, phase + 0.31 - duty / 2, body, 1.1, rng.uniform(0.2, 0.4), rng.uniform(0.9, 1.15))
    m.pelvis[:, 2] -= 0.045 + 0.035 * np.cos(flight) + 0.0132 * np.cos(2 * flight / 2)
    m.elbows += 0.2
    return m


def _moves(rng: Rng, t: Array, steps: tuple[int, int]) -> tuple[Array, Array]:
    """Key coordinate and stride phase of bouts of steps with rests on both feet."""
    u = timeline(rng, t, (0.3, 1.6), (1.1, 1.9))
    bouts = 0.06 + np.cumsum(rng.integers(*steps, int(u[-1]) + 3)) / 2.0
    return u, keyed(u, bouts)


def turning(rng: Rng, t: Array, body: Body) -> Motion:
    """Turning on the spot by small steps, looking ahead into the turn."""
    u, phase = _moves(rng, t, (2, 4))
    angles = np.cumsum(rng.choice([-1, 1], len(t)) * rng.uniform(0.5, 2.0, len(t)))
    heading = keyed(u, angles[: int(u[-1]) + 3])
    path = np.cumsum(rng.normal(0, 0.08, (int(u[-1]) + 3, 2)), 0)
    m = stepping(rng, t, body, phase, keyed(u, path), heading, 0.05)
    ahead = keyed(np.minimum(u + 0.25, u[-1]), angles[: int(u[-1]) + 3]) - heading
    m.neck[:, 2] += np.clip(0.7 * ahead, -0.8, 0.8)
    m.spine[:, 2] += np.clip(0.4 * ahead, -0.5, 0.5)
    _idle_arms(rng, t, m)
    return m


def stepping_about(rng: Rng, t: Array, body: Body) -> Motion:
    """Steps to the side, to the front and back, facing one way for most of the time."""
    u, phase = _moves(rng, t, (2, 5))
    keys = rng.uniform(-0.45, 0.45, (int(u[-1]) + 3, 2))
    heading = keyed(u, np.cumsum(rng.normal(0, 0.35, len(keys))))
    m = stepping(rng, t, body, phase, keyed(u, keys), heading, rng.uniform(0.04, 0.1), 1.0)
    m.pelvis[:, 2] -= rng.uniform(0.0, 0.08)
    _idle_arms(rng, t, m)
    return m


def _idle_arms(rng: Rng, t: Array, m: Motion) -> None:
    """Arms that rest for half of the clips and change place slowly in the others."""
    if rng.random() < 0.5:
        return
    keys = np.stack([[any_hand(rng), any_hand(rng)] for _ in range(6)])
    m.wrists = keyed(timeline(rng, t, (0.6, 2.0), (0.6, 1.0)), keys) + wander(
        rng, t, (2, 3), 0.02, 1.0
    )


def jumping(rng: Rng, t: Array, body: Body) -> Motion:
    """Jumps on the spot, forward or with a turn, arms swung up or as in a jumping jack."""
    m = neutral(rng, t, body)
    jack = rng.random() < 0.35
    nodes, path, start = [[t[0] - 1.0, 0.0, 0.0]], [], t[0] - rng.uniform(0.0, 0.5)
    while start < t[-1] + 2.0:
        height = rng.uniform(0.06, 0.15) if jack else rng.uniform(0.08, 0.32)
        v, dip = np.sqrt(2 * 9.81 * height), -rng.uniform(0.12, 0.3) * (0.5 if jack else 1.0)
        rest = 0.05 if jack else rng.uniform(0.2, 1.0)
        times = start + np.cumsum([0.0, rest, 0.3, 0.24, 2 * v / 9.81, 0.2, 0.4])
        up, down = times[3], times[4]
        nodes += [
            [times[1], 0.0, 0.0],
            [times[2], dip, 0.0],
            [up, 0.0, v],
            [(up + down) / 2, height, 0.0],
            [down, 0.0, -v],
            [times[5], 0.8 * dip, 0.0],
            [times[6], 0.0, 0.0],
        ]
        path.append((times[2], up, down, times[6]))
        start = times[6]
    rise = hermite(t, np.array(nodes))
    m.pelvis[:, 2] += rise - 0.02
    air = 0.022 * np.logaddexp(0.0, rise / 0.022) + 0.012
    m.ankles[..., 2] += np.minimum(air, 0.6)[:, None]
    m.turn = m.turn @ rotation(1, 1.6 * np.maximum(-rise, 0) + 0.0 * t)
    m.pelvis[:, 0] -= 0.45 * np.maximum(-rise, 0)
    m.spine[:, 0] += 1.2 * np.maximum(-rise, 0)
    _jump_arms_and_travel(rng, t, m, path, jack)
    return m


def _jump_arms_and_travel(rng: Rng, t: Array, m: Motion, jumps: list, jack: bool) -> None:
    arms, back = np.array([0.3, 0.3, 0.85]), np.array([-0.35, 0.2, -0.85])
    if rng.random() < 0.5:
        arms = np.array([0.6, 0.1, 0.1])
    if jack:
        arms, back = np.array([0.05, 0.35, 0.9]), np.array([0.05, 0.3, -0.9])
    place, yaw, spread = np.zeros(2), 0.0, 0.0
    xy, (heading, wide, raised) = np.zeros((len(t), 2)), np.zeros((3, len(t)))
    side = np.array([0.1, 0.95, 0.1])
    for dip, up, down, end in jumps:
        air = (t - up + 0.03) / (down - up + 0.06)
        goal = np.clip(place + rng.normal(0, 0.0 if jack else 0.22, 2), -0.6, 0.6)
        turn = 0.0 if jack else rng.choice([0.0, rng.normal(0, 0.8)])
        flown = ease(air)
        xy += flown[:, None] * (goal - place)
        heading += flown * turn
        new = 1.0 - spread if jack else 0.0
        wide += flown * (new - spread)
        raised += ease((t - dip + 0.2) / (down - dip + 0.45)) * (new - spread)
        if not jack:
            lifted = hermite(
                t,
                np.array(
                    [
                        [dip - 0.55, 0, 0],
                        [up - 0.36, -1, 0],
                        [up + 0.12, 1, 0],
                        [down, 0.7, 0],
                        [end, 0, 0],
                    ]
                ),
            )
            for x, weight in ((back, np.maximum(-lifted, 0)), (arms, np.maximum(lifted, 0))):
                m.wrists += weight[:, None, None] ** 1.5 * (x - m.wrists)
            m.wrists[..., 0] += 0.7 * bump(lifted)[:, None]  # an arc before the body
        place, yaw, spread = goal, yaw + turn, new
    if jack:
        low, high = back + rng.normal(0, 0.03, (2, 3)), arms
        w = raised[:, None, None]
        m.wrists = (1 - w) ** 2 * low + 2 * w * (1 - w) * side * 1.1 + w**2 * high
        m.ankles[..., 1] += wide[:, None] * 0.28 * SIDES
        m.pelvis[:, 2] -= 0.05 * wide
    R = rotation(2, heading)
    m.ankles = (R[:, None] @ m.ankles[..., None])[..., 0]
    m.pelvis = (R @ m.pelvis[..., None])[..., 0]
    m.turn = R @ m.turn
    m.pelvis[:, :2] += xy
    m.ankles[..., :2] += xy[:, None]


def crawling(rng: Rng, t: Array, body: Body) -> Motion:
    """On hands and knees around a small circle."""
    path, heading, now = roam(rng, t, rng.uniform(0.2, 0.45), 0.6)
    phase = rng.uniform(0, 1) + np.cumsum(0.35 + 0.9 * now) * (t[1] - t[0])
    m = neutral(rng, t, body)
    pitch = 1.35 + wander(rng, t, (), 0.05, 2.0) + rng.uniform(-0.15, 0.1)
    ahead = np.stack([np.cos(heading), np.sin(heading)], -1)
    knees, part = stride_feet(phase, path, heading, 1.05 * body.hip, 0.65)
    m.ankles[..., :2] = knees - 0.98 * body.shin * ahead[:, None]
    m.ankles[..., 2] = 0.05 + 0.03 * bump((part - 0.6) / 0.4)
    m.pelvis[:, :2] = path
    m.pelvis[:, 2] = 0.06 + 0.965 * body.thigh + wander(rng, t, (), 0.008, 1.0)
    m.turn = rotation(2, heading) @ rotation(1, pitch)
    m.turn = m.turn @ rotation(2, 0.08 * np.sin(2 * np.pi * phase))
    m.spine[:, 0] = rng.uniform(-0.05, 0.15) + wander(rng, t, (), 0.04, 1.5)
    m.neck[:, 0] = -0.9 + keyed(timeline(rng, t, (0.5, 2), (0.5, 1)), rng.uniform(0, 0.8, 8))
    front = path + 0.98 * (body.waist + body.chest) * ahead
    hands, part = stride_feet(phase + 0.5, front, heading, 1.05 * body.shoulder, 0.65)
    m.touch[..., :2] = hands
    m.touch[..., 2] = 0.04 + 0.05 * bump((part - 0.6) / 0.4)
    m.touching[:] = 1.0
    m.knees[:] = 0.0
    return m
