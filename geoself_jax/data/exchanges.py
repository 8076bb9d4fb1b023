"""Left and right that a detector exchanged for some frames: found by how a body moves.

Between two frames a body moves little; where left and right of a detector change places, its joints
jump, and jump back. Of all ways to exchange frames the one is taken whose joints move most evenly:
each joint is compared with where its last two frames lead it, so that legs that pass each other are
no exchange.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

GAP_SECONDS = 0.1
"""Over a longer gap it is not known where a joint goes."""
SWITCH = 0.02
"""What a change costs, body sizes: as a mean joint that is so far from where it was expected."""
CLEAR = 0.05
"""How much evener the motion at a change must become, body sizes, to be taken for a change."""
FAR = 0.25
"""A joint farther from where it was expected, body sizes, counts as one at this distance."""
UNDECIDED = 0.4
"""Where of the frames around a larger share is exchanged, it is not known which side is right."""
ROUGHER = 0.03
"""What other cameras say is not believed where it makes the motion at a change so much rougher."""
NEAR_SECONDS = 0.1
"""Changes so close to each other are one's flicker: of one camera it is not said which are true."""
LONGEST_SECONDS = 1.0
"""Of a longer run one camera does not say which side is right: one of its ends may be no end."""


class Run(NamedTuple):
    """Frames `first` to `last`, places in the arrays, in which left and right are exchanged."""

    first: int
    last: int


class Exchanges(NamedTuple):
    """What was found in one camera.

    Attributes:
        exchanged: (T,) bool.
        undecided: (T,) bool frames next to clear changes where it is not known which side is right.
    """

    exchanged: np.ndarray
    undecided: np.ndarray


def find_exchanges(
    keypoints_2d: np.ndarray,
    confidence: np.ndarray,
    left_right: Sequence[tuple[int, int]],
    frame_id: np.ndarray,
    fps: float,
    evidence: np.ndarray | None = None,
) -> Exchanges:
    """Finds the frames of one person in one camera whose left and right are exchanged.

    Args:
        keypoints_2d: (T, J, 2) px; NaN where missing.
        confidence: (T, J); 0 where missing.
        left_right: Pairs of joints that are exchanged together.
        frame_id: (T,) ascending.
        fps: Frames per second.
        evidence: (T, 2) what speaks against each frame as it is and exchanged, body sizes, from
            other cameras; None decides by the majority of frames.
    """
    frames = len(frame_id)
    none = np.zeros(frames, bool)
    pairs = np.array(left_right, int).reshape(-1, 2)
    if not len(pairs) or frames < 3:
        return Exchanges(none, none)
    costs, known = _unevenness(keypoints_2d, confidence, pairs, frame_id, fps)
    exchanged, undecided = none.copy(), none.copy()
    rate = fps / max(float(np.median(np.diff(frame_id))), 1.0)  # of the rows, where it is thinned
    for first, last in _stretches(known, frames):
        part = slice(first, last + 1)
        inner = slice(first, last - 1)  # of three frames each
        if evidence is not None:
            states = _best(costs[inner], evidence[part])
            exchanged[part] = _evener(states, costs[inner])
            continue
        states = _only_clear(_best(costs[inner], np.zeros((last + 1 - first, 2))), costs[inner])
        states = ~states if states.mean() > 0.5 else states
        short, long = _short(states, LONGEST_SECONDS * rate)
        flicker = _flicker(states, max(2.0, NEAR_SECONDS * rate))
        exchanged[part], undecided[part] = short & ~flicker, long | flicker
    return Exchanges(exchanged, undecided)


def follows(
    keypoints_2d: np.ndarray,
    confidence: np.ndarray,
    left_right: Sequence[tuple[int, int]],
    frame_id: np.ndarray,
    fps: float,
    exchanged: np.ndarray,
) -> np.ndarray:
    """Finds the runs of exchanged frames in which other pairs move more evenly exchanged, too.

    Args:
        keypoints_2d, confidence, left_right, frame_id, fps: As of `find_exchanges`.
        exchanged: (T,) frames in which some pairs were found exchanged.

    Returns:
        (T,) bool, whole runs of `exchanged`.
    """
    pairs = np.array(left_right, int).reshape(-1, 2)
    if not len(pairs) or len(frame_id) < 3 or not exchanged.any():
        return np.zeros_like(exchanged)
    costs, known = _unevenness(keypoints_2d, confidence, pairs, frame_id, fps)
    costs = np.where(known[:, None, None], costs, 0)
    result = exchanged.copy()
    for first, last in runs_of(exchanged):
        ends = [at for at in (first - 1, last) if 0 <= at < len(exchanged) - 1]
        if sum(_gain(costs, exchanged, at) for at in ends) <= 0:
            result[first : last + 1] = False
    return result


def runs_of(exchanged: np.ndarray) -> list[Run]:
    """The runs of exchanged frames, in order."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], exchanged, [False]]).astype(int)))
    return [Run(int(a), int(b) - 1) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _unevenness(
    keypoints_2d: np.ndarray,
    confidence: np.ndarray,
    pairs: np.ndarray,
    frame_id: np.ndarray,
    fps: float,
) -> tuple[np.ndarray, np.ndarray]:
    """How far joints are from where two frames lead them, body sizes; and where that is known.

    Returns:
        (T - 2, 2, 2) by whether a change lies between the first two and the last two of each three
        frames; (T - 2,) bool.
    """
    x = np.where((confidence > 0)[..., None], keypoints_2d, np.nan).astype(np.float64)
    size = body_px(x, confidence > 0)
    step = np.diff(frame_id).astype(np.float64)
    close = (step <= GAP_SECONDS * fps + 1e-6) & (step > 0)
    ratio = np.clip(step[1:] / step[:-1], 0.5, 2)[:, None, None, None]
    own = x[:, pairs]  # T P 2 2: left and right
    other = own[:, :, ::-1]
    before, middle = (own[:-2], other[:-2]), own[1:-1]
    after = (own[2:], other[2:])
    trust = np.where(np.isfinite(own).all((-1, -2)), confidence[:, pairs].min(-1), 0)
    weight = np.sqrt(trust[:-2] * trust[1:-1] * trust[2:])
    total = weight.sum(-1)
    costs = np.zeros((len(x) - 2, 2, 2))
    for a in (0, 1):
        for b in (0, 1):
            away = after[b] - (middle + ratio * (middle - before[a]))
            far = np.minimum(np.nan_to_num(np.linalg.norm(away, axis=-1)) / size, FAR).mean(-1)
            costs[:, a, b] = (weight * far).sum(-1) / np.maximum(total, 1e-9)
    known = (total > 0) & close[:-1] & close[1:]
    return costs, known


def body_px(keypoints_2d: np.ndarray, seen: np.ndarray) -> float:
    """Returns the median diagonal of the box about a body's joints, px; at least 1.

    Args:
        keypoints_2d: (T, J, 2) px.
        seen: (T, J) bool.
    """
    seen = seen & np.isfinite(keypoints_2d).all(-1)
    if not seen.any():
        return 1.0
    low = np.where(seen[..., None], keypoints_2d, np.inf).min(1)
    high = np.where(seen[..., None], keypoints_2d, -np.inf).max(1)
    extent = np.linalg.norm((high - low)[seen.any(1)], axis=-1)
    return max(float(np.median(extent)), 1.0)


def _stretches(known: np.ndarray, frames: int) -> list[tuple[int, int]]:
    """First and last frame of each stretch in which all neighbours are known; 3 frames or more."""
    runs = runs_of(known)
    return [(first, last + 2) for first, last in runs if last + 2 < frames]


def _best(costs: np.ndarray, evidence: np.ndarray) -> np.ndarray:
    """(T,) the exchanged frames of the least total cost, by dynamic programming (Viterbi).

    The state is whether the last two frames are exchanged.
    """
    rows, own = costs.tolist(), evidence.tolist()
    total = [[own[0][a] + own[1][b] + SWITCH * (a != b) for b in (0, 1)] for a in (0, 1)]
    came: list[list[list[int]]] = []
    for row, mine in zip(rows, own[2:], strict=True):
        new, source = [[0.0, 0.0], [0.0, 0.0]], [[0, 0], [0, 0]]
        for b in (0, 1):
            for c in (0, 1):
                least = [total[a][b] + row[a != b][b != c] for a in (0, 1)]
                source[b][c] = int(least[1] < least[0])
                new[b][c] = least[source[b][c]] + mine[c] + SWITCH * (b != c)
        total = new
        came.append(source)
    b, c = min(((b, c) for b in (0, 1) for c in (0, 1)), key=lambda s: total[s[0]][s[1]])
    states = [c, b]
    for source in reversed(came):
        b, c = source[b][c], b
        states.append(b)
    return np.array(states[::-1], bool)


def _evener(states: np.ndarray, costs: np.ndarray) -> np.ndarray:
    """States without the runs at whose ends the motion would become less even."""
    result = states.copy()
    for first, last in runs_of(states):
        ends = [at for at in (first - 1, last) if 0 <= at < len(states) - 1]
        if sum(_gain(costs, states, at) for at in ends) < -ROUGHER:
            result[first : last + 1] = False
    return result


def _short(states: np.ndarray, longest: float) -> tuple[np.ndarray, np.ndarray]:
    """The runs with two ends of at most `longest` frames; and the frames of others."""
    short, long = states.copy(), np.zeros(len(states), bool)
    for first, last in runs_of(states):
        whole = first > 0 and last < len(states) - 1
        around = states[max(0, first - int(2 * longest)) : last + 1 + int(2 * longest)]
        if not whole or last - first >= longest or around.mean() > UNDECIDED:
            short[first : last + 1], long[first : last + 1] = False, True
    return short, long


def _flicker(states: np.ndarray, near: float) -> np.ndarray:
    """(T,) frames between three or more changes that follow each other so closely.

    Some joints change then before others: an odd or an even number of changes is a matter of luck.
    """
    changes = np.flatnonzero(np.diff(states))
    result = np.zeros(len(states), bool)
    for group in np.split(changes, np.flatnonzero(np.diff(changes) > near) + 1):
        if len(group) > 2:
            result[group[0] + 1 : group[-1] + 1] = True
    return result


def _only_clear(states: np.ndarray, costs: np.ndarray) -> np.ndarray:
    """States whose changes all make the motion clearly evener; others are taken back."""
    changes = np.flatnonzero(np.diff(states)).tolist()
    clear = [at for at in changes if _gain(costs, states, at) >= CLEAR]
    result = np.zeros(len(states), bool)
    for at in clear:
        result[at + 1 :] ^= True
    return result


def _gain(costs: np.ndarray, states: np.ndarray, at: int) -> float:
    """How much evener the frames about a change between `at` and `at + 1` move by it."""
    gains = []
    for three in (at - 1, at):
        if not 0 <= three < len(costs):
            continue
        a, b = states[three] ^ states[three + 1], states[three + 1] ^ states[three + 2]
        without = (a, not b) if three == at - 1 else (not a, b)
        gains.append(costs[three, int(without[0]), int(without[1])] - costs[three, int(a), int(b)])
    return float(np.mean(gains)) if gains else 0.0
