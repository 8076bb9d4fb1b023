"""A body of 17 joints with its sizes and limits, and the pose that controls give it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from geoself_jax.core.skeleton import H36M_17
from geoself_jax.data.synthetic.smooth_curves import soft_floor

Array = np.ndarray

# Shares of the stature, from Human3.6M's published skeleton sizes and Drillis and Contini (1966).
VERTICAL = {
    "ankle_height": 0.044,
    "shin": 0.252,
    "thigh": 0.247,
    "waist": 0.129,
    "chest": 0.143,
    "neck": 0.067,
    "head": 0.064,
    "crown": 0.054,
}
OTHER = {"hip": 0.074, "shoulder": 0.085, "upper_arm": 0.157, "forearm": 0.141}

PELVIS, SPINE, THORAX, NECK, HEAD = 0, 7, 8, 9, 10  # places in skeleton.H36M_17
KNEE_FLEXION = (np.radians(4.0), np.radians(152.0))
ELBOW_FLEXION = (np.radians(5.0), np.radians(148.0))

# Arm direction and elbow direction (forward, outward, up) from which all others are swung;
# the swing is undefined only for an arm across the back, where no arm goes.
ARM_REST = np.array([0.92, 0.30, 0.22])
ELBOW_REST = np.array([-0.05, 0.35, -0.9])


@dataclass(frozen=True)
class Body:
    """Sizes in metres; `hip` and `shoulder` are half widths, `crown` lies above the head joint."""

    stature: float
    ankle_height: float
    shin: float
    thigh: float
    waist: float
    chest: float
    neck: float
    head: float
    crown: float
    hip: float
    shoulder: float
    upper_arm: float
    forearm: float

    @property
    def leg(self) -> float:
        """Length of the stretched leg, hip to ankle."""
        return self.thigh + self.shin

    @property
    def arm(self) -> float:
        """Length of the stretched arm, shoulder to wrist."""
        return self.upper_arm + self.forearm

    @property
    def stand(self) -> float:
        """Height of the hips when standing upright with nearly extended legs."""
        return self.ankle_height + 0.985 * self.leg


def draw_body(rng: np.random.Generator, stature: float | None = None) -> Body:
    """A body of 1.50 to 1.95 m whose proportions vary by some 4 %."""
    stature = float(rng.uniform(1.50, 1.95)) if stature is None else stature
    scale = dict(zip(VERTICAL, np.exp(rng.normal(0.0, 0.04, len(VERTICAL))), strict=True))
    scale["shin"] = scale["thigh"] * np.exp(rng.normal(0.0, 0.02))
    total = sum(VERTICAL[k] * scale[k] for k in VERTICAL)
    sizes = {k: stature * VERTICAL[k] * scale[k] / total for k in VERTICAL}
    arm = np.exp(rng.normal(0.0, 0.035))
    for k, share in OTHER.items():
        sizes[k] = stature * share * np.exp(rng.normal(0.0, 0.03)) * (arm if "arm" in k else 1.0)
    return Body(stature=stature, **{k: float(v) for k, v in sizes.items()})


@dataclass
class Motion:
    """Controls of one clip; axes x forward, y left, z up, floor at 0; sides are (left, right).

    Attributes:
        pelvis: (frames, 3) m.
        turn: (frames, 3, 3) from pelvis axes to the world.
        spine: (frames, 3) flexion forward, bend to the right, twist to the left; rad.
        neck: (frames, 3) nod, tilt, turn; rad.
        ankles: (frames, 2, 3) wanted ankles, m.
        knees: (frames, 2) how far the knees point outward, rad.
        wrists: (frames, 2, 3) from the shoulder, in chest axes (forward, outward, up), arm lengths.
        elbows: (frames, 2) how far the elbows are turned outward and up, rad.
        touch: (frames, 2, 3) wanted wrists in the world, m.
        touching: (frames, 2) weight in [0, 1] of `touch` against `wrists`.
    """

    pelvis: Array
    turn: Array
    spine: Array
    neck: Array
    ankles: Array
    knees: Array
    wrists: Array
    elbows: Array
    touch: Array
    touching: Array


def rotation(axis: int, angle: ArrayLike) -> Array:
    """Right-handed rotation matrices (..., 3, 3) about axis 0, 1 or 2 by `angle` rad."""
    angle = np.asarray(angle, float)
    c, s = np.cos(angle), np.sin(angle)
    out = np.zeros((*angle.shape, 3, 3))
    i, j = (axis + 1) % 3, (axis + 2) % 3
    out[..., axis, axis] = 1.0
    out[..., i, i], out[..., j, j] = c, c
    out[..., j, i], out[..., i, j] = s, -s
    return out


def turned(yaw: ArrayLike, pitch: ArrayLike, roll: ArrayLike) -> Array:
    """Heading to the left, lean forward, lean to the right: (..., 3, 3) from body to world."""
    return rotation(2, yaw) @ rotation(1, pitch) @ rotation(0, roll)


def apply(R: Array, v: ArrayLike) -> Array:
    """Rotates vectors (..., 3) by matrices (..., 3, 3)."""
    return (R @ np.asarray(v, float)[..., None])[..., 0]


def unit(v: Array) -> Array:
    """Vectors (..., 3) of length 1."""
    return v / np.maximum(np.linalg.norm(v, axis=-1, keepdims=True), 1e-9)


def swing(start: Array, end: Array, v: Array) -> Array:
    """Rotates `v` by the smallest rotation that takes unit `start` to unit `end`."""
    axis = np.cross(start, end)
    c = np.maximum((start * end).sum(-1, keepdims=True), -0.999)
    along = (axis * v).sum(-1, keepdims=True)
    return c * v + np.cross(axis, v) + axis * along / (1.0 + c)


def bend_limb(
    base: Array,
    target: Array,
    lengths: tuple[float, float],
    limits: tuple[float, float],
    rest: tuple[Array, Array],
    twist: Array,
) -> tuple[Array, Array]:
    """Middle and end of a two-bone limb that reaches for `target` as far as its hinge lets it.

    Args:
        base: Shoulder or hip (frames, 3), m.
        target: Wanted wrist or ankle (frames, 3), m.
        lengths: Upper and lower bone, m.
        limits: Least and most flexion of the hinge, rad: it never bends backwards.
        rest: A limb direction and the hinge's direction there (frames, 3), from which it swings.
        twist: Turn of the hinge about the limb (frames,), rad.
    """
    a, b = lengths
    longest, shortest = (np.sqrt(a * a + b * b + 2 * a * b * np.cos(x)) for x in limits)
    way = target - base
    distance = np.linalg.norm(way, axis=-1, keepdims=True)
    direction = way / np.maximum(distance, 1e-6)
    distance = -soft_floor(-distance, -longest, 0.006)  # rounded: no jerk at full stretch
    distance = np.clip(soft_floor(distance, shortest, 0.01), shortest, longest)
    pole = swing(rest[0], direction, rest[1])
    pole = unit(pole - direction * (pole * direction).sum(-1, keepdims=True))
    pole = np.cos(twist)[:, None] * pole + np.sin(twist)[:, None] * np.cross(direction, pole)
    along = (a * a - b * b + distance**2) / (2.0 * distance)
    aside = np.sqrt(np.maximum(a * a - along**2, 0.0))
    return base + along * direction + aside * pole, base + distance * direction


def _reachable_pelvis(motion: Motion, body: Body) -> Array:
    """The wanted pelvis, lowered where the legs do not reach the wanted ankles."""
    side = np.array([[0.0, body.hip, 0.0], [0.0, -body.hip, 0.0]])
    hips = motion.pelvis[:, None] + apply(motion.turn[:, None], side)
    flat = ((hips - motion.ankles)[..., :2] ** 2).sum(-1)
    reach = np.sqrt(np.maximum((0.993 * body.leg) ** 2 - flat, (0.3 * body.leg) ** 2))
    lifted = np.maximum(motion.ankles[..., 2] - body.ankle_height - 0.02, 0.0)  # bears no weight
    hip_rise = (hips - motion.pelvis[:, None])[..., 2]
    highest = (motion.ankles[..., 2] + 2.0 * lifted + reach - hip_rise).min(-1)
    pelvis = motion.pelvis.copy()
    pelvis[:, 2] = -soft_floor(-pelvis[:, 2], -highest, 0.012)
    return pelvis


def _off_shoulder(wrist: Array) -> Array:
    """Moves wrist paths (frames, 3), from the shoulder in arm lengths, around the shoulder.

    Hands go behind the back below the waist only, and never nearer to the shoulder than the
    elbow can bend. Linear interpolation between two positions may violate both.
    """
    low = 1.0 / (1.0 + np.exp(np.clip((wrist[:, 2] + 0.5) / 0.06, -30, 30)))
    wrist = wrist.copy()
    wrist[:, 0] = soft_floor(wrist[:, 0], 0.05 - 0.45 * low, 0.03)
    near = np.sqrt((wrist**2).sum(-1, keepdims=True) + 1e-6)
    away = wrist - np.array([-0.25, -0.12, 0.05])  # a place behind the shoulder
    away /= np.maximum(np.linalg.norm(away, axis=-1, keepdims=True), 0.1)
    return wrist + (soft_floor(near, 0.34, 0.04) - near) * away


def _out_of_trunk(wrist: Array, shoulder: float, chest: float) -> Array:
    """Pushes wrists (frames, 3), chest axes from the thorax in m, out of the trunk's ellipse."""
    radii = np.array([0.155, shoulder + 0.015])
    inside = 1.0 / (1.0 + np.exp(np.clip((wrist[:, 2] - 0.04) / 0.03, -30, 30)))
    inside *= 1.0 / (1.0 + np.exp(np.clip((-wrist[:, 2] - 2.3 * chest) / 0.03, -30, 30)))
    q = np.sqrt((((wrist[:, :2] + [0.02, 0.0]) / radii) ** 2).sum(-1))
    # Away from a point behind the other side, where no hand comes from: no leap to and fro.
    away = wrist[:, :2] - np.array([-0.09, -0.09])
    away /= np.maximum(np.linalg.norm(away, axis=-1, keepdims=True), 0.05)
    out = wrist.copy()
    out[:, :2] += (inside * (soft_floor(q, 1.0, 0.06) - q) * radii.mean())[:, None] * away
    return out


def _arm(
    motion: Motion, body: Body, side: int, thorax: Array, chest: Array
) -> tuple[Array, Array, Array]:
    """Shoulder, elbow and wrist of the left (0) or right (1) arm."""
    sign = 1.0 - 2.0 * side
    mirror = np.array([1.0, sign, 1.0])
    wanted = _off_shoulder(motion.wrists[:, side])
    # The collar bone follows the arm: up to 20 degrees up, 12 forward or back.
    lift = 0.35 * (1.0 / (1.0 + np.exp(-4.0 * (wanted[:, 2] - 0.35)))) - 0.12
    swing_in = np.clip(0.2 * wanted[:, 0], -0.2, 0.2)
    offset = body.shoulder * np.stack(
        [np.cos(lift) * np.sin(swing_in), np.cos(lift) * np.cos(swing_in), np.sin(lift)], -1
    )
    at_chest = _out_of_trunk(offset + body.arm * wanted, body.shoulder, body.chest)
    shoulder = thorax + apply(chest, offset * mirror)
    target = thorax + apply(chest, at_chest * mirror)
    weight = motion.touching[:, side, None]
    target = target * (1.0 - weight) + motion.touch[:, side] * weight
    target[:, 2] = soft_floor(target[:, 2], 0.03, 0.01)
    rest = apply(chest, unit(ARM_REST) * mirror), apply(chest, unit(ELBOW_REST) * mirror)
    lengths = (body.upper_arm, body.forearm)
    twist = sign * motion.elbows[:, side]
    return shoulder, *bend_limb(shoulder, target, lengths, ELBOW_FLEXION, rest, twist)


def _leg(motion: Motion, body: Body, side: int, pelvis: Array) -> tuple[Array, Array, Array]:
    """Hip, knee and ankle of the left (0) or right (1) leg."""
    sign = 1.0 - 2.0 * side
    hip = pelvis + apply(motion.turn, [0.0, sign * body.hip, 0.0])
    rest = apply(motion.turn, [0.0, 0.0, -1.0]), apply(motion.turn, [1.0, 0.0, 0.0])
    lengths = (body.thigh, body.shin)
    twist = -sign * motion.knees[:, side]
    return hip, *bend_limb(hip, motion.ankles[:, side], lengths, KNEE_FLEXION, rest, twist)


def pose(body: Body, motion: Motion) -> Array:
    """Joints (frames, 17, 3) of skeleton.H36M_17, m, that the controls give this body."""
    pelvis = _reachable_pelvis(motion, body)
    flexion, bend, twist = motion.spine.T
    low, middle, chest = (
        motion.turn @ turned(s * twist, s * flexion, s * bend) for s in (0.25, 0.7, 1.0)
    )
    spine = pelvis + apply(low, [0.0, 0.0, body.waist])
    thorax = spine + apply(middle, [0.0, 0.0, body.chest])
    nod, tilt, look = motion.neck.T
    nape = chest @ turned(0.5 * look, 0.5 * nod, 0.5 * tilt)
    skull = chest @ turned(look, nod, tilt)
    neck = thorax + body.neck * apply(nape, unit(np.array([0.4, 0.0, 0.92])))
    head = neck + body.head * apply(skull, unit(np.array([-0.18, 0.0, 0.98])))
    left_leg, right_leg = (_leg(motion, body, side, pelvis) for side in (0, 1))
    left_arm, right_arm = (_arm(motion, body, side, thorax, chest) for side in (0, 1))
    joints = np.stack(
        [pelvis, *right_leg, *left_leg, spine, thorax, neck, head, *left_arm, *right_arm], 1
    )
    return _above_floor(joints, body)


def _above_floor(joints: Array, body: Body) -> Array:
    """Raises the frames in which a joint, with the flesh around it, would sink into the floor."""
    flesh = np.full(H36M_17.joints, 0.03)
    flesh[[PELVIS, 1, 4, SPINE, THORAX]] = 0.08
    flesh[[NECK, HEAD]] = 0.07
    flesh[[11, 14]] = 0.06
    flesh[[2, 5]] = 0.05
    flesh[[3, 6]] = body.ankle_height - 0.015
    depth = (flesh - joints[..., 2]).max(-1)
    joints[..., 2] += soft_floor(depth, 0.0, 0.004)[:, None]
    return joints
