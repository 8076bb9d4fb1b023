"""The named actions: what the hands do on the spot, and the table of all actions."""

from collections.abc import Callable

import numpy as np

from geoself_jax.data.synthetic import locomotion, sit_and_crouch
from geoself_jax.data.synthetic.anatomy import Body, Motion, pose, rotation
from geoself_jax.data.synthetic.hand_targets import any_hand, hand_keys, place
from geoself_jax.data.synthetic.lower_body import carry, seated, standing
from geoself_jax.data.synthetic.smooth_curves import bump, ease, keyed, timeline, wander

Array = np.ndarray
Rng = np.random.Generator
SIDES = np.array([1.0, -1.0])


def _somewhere(rng: Rng, t: Array, body: Body, stand: float, sit: float) -> Motion:
    """Standing, seated, or strolling slowly for the rest of the chances."""
    x = rng.random()
    if x < stand:
        return standing(rng, t, body)
    if x < stand + sit:
        return seated(rng, t, body)
    return locomotion.walk(rng, t, body, rng.uniform(0.35, 0.8), arms=0.15)


def _other_hand(rng: Rng, t: Array, m: Motion, side: int) -> None:
    """Gives the free hand something to do in half of the clips."""
    if rng.random() < 0.5:
        keys = np.stack([any_hand(rng), m.wrists[0, side], place("pocket"), m.wrists[0, side]])
        m.wrists[:, side] = keyed(timeline(rng, t, (1.0, 3.0), (0.6, 1.0)), keys)


def phoning(rng: Rng, t: Array, body: Body) -> Motion:
    """A telephone at the ear; standing, seated or strolling."""
    m = _somewhere(rng, t, body, 0.45, 0.25)
    u = timeline(rng, t, (2.5, 5.0), (0.7, 1.1))
    keys = hand_keys(rng, ("ear",), 6)
    if rng.random() < 0.4:
        keys[1::3] = hand_keys(rng, ("chest",), 2)
    m.wrists[:, 0] = keyed(u, keys) + wander(rng, t, (3,), 0.012, 1.0)
    m.elbows[:, 0] = rng.uniform(-0.1, 0.6) + wander(rng, t, (), 0.08, 1.5)
    m.neck[:, 1] -= 0.15
    _other_hand(rng, t, m, 1)
    return m


def eating(rng: Rng, t: Array, body: Body) -> Motion:
    """From the plate to the mouth and back, mostly seated."""
    m = _somewhere(rng, t, body, 0.3, 0.65)
    u = timeline(rng, t, (0.2, 1.2), (0.5, 0.9)) + rng.integers(2)
    plate = place("front_low" if rng.random() < 0.5 else "belly") + [0.08, 0.0, 0.08]
    keys = np.stack([plate, place("mouth")] * 4) + rng.normal(0, 0.025, (8, 3))
    m.wrists[:, 0] = keyed(u, keys)
    m.spine[:, 0] += 0.1 * keyed(u, np.array([1.0, 0.0]))
    m.neck[:, 0] += 0.25 * keyed(u, np.array([1.0, 0.3]))
    m.neck[:, 2] *= 0.4
    if rng.random() < 0.6:
        m.wrists[:, 1] = plate + rng.normal(0, 0.04, 3) + wander(rng, t, (3,), 0.03, 1.0)
    return m


def waving(rng: Rng, t: Array, body: Body) -> Motion:
    """One hand or both raised and waved."""
    m = _somewhere(rng, t, body, 0.75, 0.15)
    both = rng.random() < 0.25
    u = timeline(rng, t, (1.2, 3.0), (0.6, 0.9)) + rng.integers(2)
    up = keyed(u, np.array([0.0, 1.0]))
    beat = 2 * np.pi * (rng.uniform(1.2, 2.2) * t + rng.random())
    high = place("side_up" if rng.random() < 0.4 else "wave") + rng.normal(0, 0.06, 3)
    for side in (0, 1)[: 1 + both]:
        wave = np.sin(beat + wander(rng, t, (), 0.4, 2.0))[:, None]
        goal = high + wave * np.array([0.02, 0.17, -0.05]) * rng.uniform(0.6, 1.2)
        m.wrists[:, side] += up[:, None] * (goal - m.wrists[:, side])
        m.elbows[:, side] += 0.35 * up
    m.spine[:, 1] += 0.07 * up * (not both)
    return m


def directing(rng: Rng, t: Array, body: Body) -> Motion:
    """Pointing here and there, the head following the hand."""
    m = _somewhere(rng, t, body, 0.8, 0.15)
    names = ("front", "side", "front_up", "side_up", "front", "front_low", "side_low")
    u = timeline(rng, t, (0.4, 1.5), (0.5, 0.9))
    keys = hand_keys(rng, names, 10) + rng.normal(0, 0.09, (10, 3))
    keys[2::4] = m.wrists[0, 0]
    m.wrists[:, 0] = keyed(u, keys) + wander(rng, t, (3,), 0.02, 0.8)
    ahead = np.clip(np.arctan2(m.wrists[:, 0, 1], m.wrists[:, 0, 0] + 0.25), -0.7, 1.1)
    m.neck[:, 2] = 0.65 * ahead + 0.3 * m.neck[:, 2]
    m.spine[:, 2] += 0.2 * ahead
    _other_hand(rng, t, m, 1)
    return m


def discussing(rng: Rng, t: Array, body: Body) -> Motion:
    """Talking with both hands."""
    m = _somewhere(rng, t, body, 0.6, 0.3)
    names = ("talk", "talk_high", "belly", "chest", "side_low", "talk", "wave", "brow", "hip")
    u = timeline(rng, t, (0.1, 1.0), (0.35, 0.7))
    pairs = np.stack([hand_keys(rng, names, 12), hand_keys(rng, names, 12)], 1)
    same = rng.random(12) < 0.5
    pairs[same, 1] = pairs[same, 0] + rng.normal(0, 0.05, (int(same.sum()), 3))
    pairs[5::6] = m.wrists[0]
    m.wrists = keyed(u, pairs) + wander(rng, t, (2, 3), 0.035, 0.5)
    return m


def reaching(rng: Rng, t: Array, body: Body) -> Motion:
    """One hand or both far out: up to a shelf, aside, across, forward and low."""
    m = standing(rng, t, body)
    count = int(timeline(rng, t, (0.2, 0.3), (0.7, 0.8))[-1]) + 12
    azimuth, height = rng.uniform(-0.9, 1.7, count), rng.uniform(-0.9, 1.35, count)
    out = np.stack(
        [np.cos(height) * np.cos(azimuth), np.cos(height) * np.sin(azimuth), np.sin(height)], -1
    ) * rng.uniform(0.85, 1.0, (count, 1))
    near = np.arange(count) % 3 == 2
    out[near] = hand_keys(rng, ("chest", "rest", "talk"), int(near.sum()))
    far = np.where(near, 0.0, rng.uniform(0.4, 1.0, count))
    u = timeline(rng, t, (0.2, 1.0), (0.7, 1.3))
    hand, effort = keyed(u, out), keyed(u, far)
    m.wrists[:, 0] = hand
    if rng.random() < 0.4:
        m.wrists[:, 1] = keyed(u, out * [1, -0.3, 1] + [0, 0.1, 0])
    else:
        _other_hand(rng, t, m, 1)
    m.spine[:, 0] += effort * np.clip(
        -0.5 * hand[:, 2] * np.abs(hand[:, 0]) + 0.15 * hand[:, 0], -0.2, 0.7
    )
    m.spine[:, 1] -= 0.3 * effort * hand[:, 1]
    m.spine[:, 2] += 0.35 * effort * (hand[:, 1] - 0.3 * hand[:, 0])
    m.turn = m.turn @ rotation(1, 0.3 * effort * np.maximum(-hand[:, 2], 0) * np.abs(hand[:, 0]))
    m.pelvis[:, :2] += 0.06 * effort[:, None] * hand[:, :2]
    m.pelvis[:, 2] -= 0.08 * effort * np.maximum(-hand[:, 2], 0)
    tiptoe = ease((hand[:, 2] - 0.6) / 0.4) * effort * 0.06 * rng.integers(2)
    m.ankles[..., 2] += tiptoe[:, None]
    m.pelvis[:, 2] += tiptoe
    m.neck[:, 0] -= 0.5 * effort * hand[:, 2]
    m.neck[:, 2] = 0.5 * effort * hand[:, 1]
    return m


def boxing(rng: Rng, t: Array, body: Body) -> Motion:
    """Guard up, bouncing, jabs, crosses and hooks."""
    m = standing(rng, t, body)
    m.ankles[:, :, 0] += [0.16, -0.16]
    m.turn = m.turn @ rotation(2, -0.5 + 0.0 * t)
    m.spine[:, 2] += 0.25
    beat = rng.uniform(1.6, 2.4)
    m.pelvis[:, 2] += -0.06 * body.leg + 0.012 * np.sin(2 * np.pi * beat * t)
    m.spine[:, 0] += 0.2
    m.wrists = place("guard") + rng.normal(0, 0.04, (2, 3)) + wander(rng, t, (2, 3), 0.03, 0.8)
    m.elbows -= 0.1
    start = t[0] + rng.uniform(0, 0.6)
    while start < t[-1]:
        span, side = rng.uniform(0.38, 0.6), rng.integers(2)
        goals = ((0.93, -0.22, 0.10), (0.60, -0.30, 0.08), (0.66, -0.2, 0.2), (0.8, -0.1, -0.3))
        goal = np.array(goals[rng.choice(4, p=[0.6, 0.15, 0.15, 0.1])]) + rng.normal(0, 0.04, 3)
        hit = bump((t - start) / span)
        m.wrists[:, side] += hit[:, None] * (goal - m.wrists[:, side])
        m.spine[:, 2] -= (0.5 if side else 0.35) * SIDES[side] * hit
        m.pelvis[:, 0] += 0.03 * hit
        start += rng.choice([0.55, 0.75, rng.uniform(0.6, 1.6)]) * span + 0.1
    return m


def kicking(rng: Rng, t: Array, body: Body) -> Motion:
    """Kicks to the front, the arms balancing."""
    m = standing(rng, t, body)
    m.wrists = np.stack([place("talk"), place("talk")]) + wander(rng, t, (2, 3), 0.05, 0.8)
    start = t[0] + rng.uniform(-0.5, 0.5)
    while start < t[-1]:
        span, side = rng.uniform(0.9, 1.4), rng.integers(2)
        s = np.clip((t - start) / span, 0, 1)
        stand = 0.01 + m.ankles[:, 1 - side, 1]
        shift = ease(s / 0.3) * (1 - ease((s - 0.75) / 0.25))
        m.pelvis[:, 1] += shift * (0.75 * stand - m.pelvis[:, 1])
        angle, length = rng.uniform(0.35, 1.35), rng.uniform(0.75, 0.92) * body.leg
        reach, height = length * np.sin(angle), 0.96 * body.leg - length * np.cos(angle)
        back, out = bump((s - 0.1) / 0.5), bump((s - 0.35) / 0.5)
        m.ankles[:, side, 0] += reach * out - 0.28 * back
        m.ankles[:, side, 2] += height * out**1.2 + 0.22 * back
        m.turn = m.turn @ rotation(1, -0.25 * out * height / body.leg)
        m.pelvis[:, 2] -= 0.02 * shift
        m.wrists[:, 1 - side, 0] += 0.3 * out
        m.wrists[:, side] += out[:, None] * ([-0.1, 0.5, -0.6] - m.wrists[:, side]) * 0.7
        start += span * rng.uniform(0.95, 1.6)
    return m


def posing(rng: Rng, t: Array, body: Body) -> Motion:
    """One chance whole-body pose after the other: stance, bend, twist and arms."""
    m = standing(rng, t, body)
    count = 10
    u = timeline(rng, t, (0.3, 1.2), (0.7, 1.2))
    m.wrists = keyed(u, np.stack([[any_hand(rng), any_hand(rng)] for _ in range(count)]))
    m.elbows = keyed(u, rng.uniform(-0.3, 0.9, (count, 2)))
    m.spine += keyed(u, rng.normal(0, 1, (count, 3)) * [0.22, 0.16, 0.25])
    m.neck += keyed(u, rng.normal(0, 1, (count, 3)) * [0.2, 0.1, 0.25])
    m.knees = keyed(u, rng.uniform(0.0, 0.6, (count, 2)))
    feet = np.stack(
        [
            rng.normal(0, 0.16, (count, 2)),
            rng.uniform(0.8, 3.0, (count, 2)) * body.hip * SIDES,
            np.zeros((count, 2)),
        ],
        -1,
    )
    feet[:, 1] = np.where(rng.random((count, 1)) < 0.5, feet[:, 1], np.roll(feet[:, 1], 1, 0))
    part = u % 1.0
    for side, start in ((0, 0.0), (1, 0.45)):
        place_now = keyed(u, feet[:, side], start, start + 0.55)
        m.ankles[:, side] = place_now + [0, 0, body.ankle_height]
        m.ankles[:, side, 2] += 0.07 * bump((part - start) / 0.55)
    m.pelvis[:, :2] = keyed(u, feet[..., :2].mean(1) + rng.normal(0, 0.03, (count, 2)))
    m.pelvis[:, 2] -= keyed(u, rng.uniform(0, 1, count) ** 2 * 0.3 * body.leg)
    return m


def dancing(rng: Rng, t: Array, body: Body) -> Motion:
    """Steps on the spot to a beat, hips and arms in time with it."""
    tempo = rng.uniform(0.75, 1.15)
    phase = rng.random() + tempo * t
    path = wander(rng, t, (2,), 0.15, 3.0)
    heading = wander(rng, t, (), 0.6, 3.0)
    m = locomotion.stepping(rng, t, body, phase, path, heading, rng.uniform(0.05, 0.2), 1.1)
    angle = 2 * np.pi * (phase - 0.31)
    m.pelvis[:, 2] -= rng.uniform(0.03, 0.1) * body.leg + 0.02 * np.cos(2 * angle)
    m.turn = m.turn @ rotation(0, 0.12 * np.cos(angle)) @ rotation(2, 0.2 * np.sin(angle))
    m.spine[:, 1] -= 0.2 * np.cos(angle)
    m.spine[:, 2] -= 0.35 * np.sin(angle)
    pairs = np.stack(
        [
            [any_hand(rng)] * 2 if rng.random() < 0.5 else [any_hand(rng), any_hand(rng)]
            for _ in range(8)
        ]
    )
    m.wrists = keyed(2 * phase, pairs[np.arange(48) // rng.choice([1, 2, 4]) % 8])
    m.wrists += 0.08 * np.sin(2 * angle[:, None, None] + rng.uniform(0, 6, (2, 3)))
    return m


def greeting(rng: Rng, t: Array, body: Body) -> Motion:
    """A bow, a hand offered, a hand raised, arms opened."""
    m = standing(rng, t, body)
    u = timeline(rng, t, (0.3, 1.2), (0.6, 1.0))
    pairs = [
        ("talk", "rest"),
        ("rest", "rest"),
        ("side", "side"),
        ("wave", "rest"),
        ("chest", "rest"),
        ("front_up", "front_up"),
        ("chest", "chest"),
        ("rest", "rest"),
    ]
    order = rng.permutation(8)
    keys = np.array([[place(a), place(b)] for a, b in pairs])[order] + rng.normal(
        0, 0.05, (8, 2, 3)
    )
    m.wrists = keyed(u, keys) + wander(rng, t, (2, 3), 0.02, 0.8)
    bow = keyed(u, np.where(rng.random(8) < 0.35, rng.uniform(0.4, 1.0, 8), 0.0))
    m.turn = m.turn @ rotation(1, 0.6 * bow)
    m.spine[:, 0] += 0.4 * bow
    m.pelvis[:, 0] -= 0.12 * bow
    return m


ACTIONS: dict[str, Callable[[Rng, Array, Body], Motion]] = {
    "walking": locomotion.walking,
    "running": locomotion.running,
    "turning": locomotion.turning,
    "stepping": locomotion.stepping_about,
    "jumping": locomotion.jumping,
    "crawling": locomotion.crawling,
    "dancing": dancing,
    "sitting": sit_and_crouch.sitting,
    "sitting_down": sit_and_crouch.sitting_down,
    "sitting_on_floor": sit_and_crouch.floor_sitting,
    "squatting": sit_and_crouch.squatting,
    "bending": sit_and_crouch.bending,
    "kneeling": sit_and_crouch.kneeling,
    "lying": sit_and_crouch.lying,
    "exercising": sit_and_crouch.gym,
    "reaching": reaching,
    "boxing": boxing,
    "kicking": kicking,
    "waving": waving,
    "phoning": phoning,
    "eating": eating,
    "directions": directing,
    "discussion": discussing,
    "greeting": greeting,
    "posing": posing,
}


def perform(name: str, rng: Rng, t: Array, body: Body) -> Array:
    """Joints (frames, 17, 3) in the room, m, of one clip of the named action at times `t` s."""
    return pose(body, carry(ACTIONS[name](rng, t, body), rng))
