"""The same person in several cameras: found by epipolar distance, followed through the room."""

import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from geoself_jax.core.errors import data_error
from geoself_jax.data.body_words import words_for
from geoself_jax.data.rig import Rig
from geoself_jax.geometry.camera import Camera
from geoself_jax.geometry.epipolar import epipolar_distance
from geoself_jax.geometry.lenses import undistort_pixels
from geoself_jax.geometry.triangulation import triangulate_dlt
from geoself_jax.prepare.instances import Instances
from geoself_jax.runtime.cli import program

MOST = 8
"""Most people per image that are compared: those with the highest confidence."""

SAME_PX = 25.0
"""Mean epipolar distance up to which two detections may be one person, in an image of 1000 px."""

PARTNERS = 4
"""Detections that a person's group is grown from: those of other views that agree best."""

FEWEST_JOINTS = 4
"""Joints that two detections must share to be compared."""

SPEED = 5.0
"""Body sizes a second: a person's 8 m/s, faster than one runs in a room."""

REACH = 0.25
"""Body sizes that somebody's middle may jump by the detector's error: a person's 0.4 m."""

PATIENCE = 2.0  # s, how long a person who is not seen is remembered

RIVAL = 0.25
"""A second person seen for this share of the first one's frames makes the choice ambiguous."""

CHUNK = 1024


class Matched(NamedTuple):
    """Rows of each view's `Instances` that are the person, and a note for the user."""

    rows: list[np.ndarray]
    note: str


class _Candidates(NamedTuple):
    """People of each image, padded. Frames F with people, views V, people P, joints J."""

    frame: np.ndarray  # F, ascending numbers
    keypoints_2d: np.ndarray  # F V P J 2, undistorted
    confidence: np.ndarray  # F V P J
    row: np.ndarray  # F V P, into the view's instances, -1 where there is none


def match_people(
    views: Sequence[Instances], rig: Rig, *, frames: int, fps: float, rank: int | None
) -> Matched:
    """Follows every person in whom cameras agree and picks one.

    Two detections may be one person where their joints' mean epipolar distance is small; a person
    has at most one detection a camera, and all of them agree. Their triangulated middles are linked
    over time. Stretches of time that do not overlap are taken as one person.

    Args:
        views: In the order of the rig's cameras.
        rig: The cameras.
        frames: Number of frames of each.
        fps: Frames per second.
        rank: 1 for the person seen longest, 2 for the next; None where one must stand out.

    Raises:
        GeoselfError: No person is seen by two cameras; several stand out and `rank` is None; fewer
            people than `rank` (65).
    """
    words = words_for(views[0].skeleton.joint_names)
    candidates = _candidates(views, rig, frames)
    limit = SAME_PX * float(rig.image_size.max()) / 1000
    people = _people(_followed(_groups(candidates, rig, limit), fps))
    if not people:
        raise data_error(
            f"{views[0].source}: no {words.one} in whom two cameras agree",
            f"their epipolar distance is over {limit:.0f} px everywhere",
            f"check calibration and synchronization ({program('inspect')}), or choose by "
            "--person=largest",
        )
    counts = ", ".join(str(len(person)) for person in people[:6])
    rivals = [p for p in people if len(p) >= max(RIVAL * len(people[0]), 2)]
    if rank is None and len(rivals) > 1:
        raise data_error(
            f"{views[0].source}: {len(rivals)} {words.many} are seen at the same time, for "
            f"{counts} frames of {frames}",
            "which one is meant is ambiguous",
            "choose: --person=consistent:1 (seen longest), consistent:2 ..., largest, or "
            "track:NAME where the detector tracks, or all, a clip of each track",
        )
    if rank is not None and not 1 <= rank <= len(people):
        raise data_error(
            f"--person=consistent:{rank}",
            f"{len(people)} {words.many} were found, seen for {counts} frames",
            f"choose 1 to {len(people)}",
        )
    person = people[(rank or 1) - 1]
    note = (
        f"of {len(people)} {words.many} in whom cameras agree (seen for {counts} frames) number "
        f"{rank or 1}: {len(person)} frames of {frames}"
    )
    return Matched(_rows(person, candidates), note)


def _candidates(views: Sequence[Instances], rig: Rig, frames: int) -> _Candidates:
    slots = [_slots(view, frames) for view in views]
    people = max(int(slot.max(initial=0)) for slot, _ in slots) + 1
    joints = views[0].skeleton.joints
    each = [view.frame[kept] for view, (_, kept) in zip(views, slots, strict=True)]
    numbers = np.unique(np.concatenate(each))
    shape = (len(numbers), len(views), people)
    keypoints_2d = np.full((*shape, joints, 2), np.nan, np.float32)
    confidence, row = np.zeros((*shape, joints), np.float32), np.full(shape, -1)
    for v, (view, (slot, kept)) in enumerate(zip(views, slots, strict=True)):
        pixels = view.keypoints_2d[kept].astype(np.float64)
        undistorted = undistort_pixels(pixels, rig.K[v], rig.lenses[v])
        at = (np.searchsorted(numbers, view.frame[kept]), v, slot)
        keypoints_2d[at], row[at] = undistorted, kept
        trust = np.where(np.isfinite(undistorted).all(-1), view.confidence[kept], 0)
        confidence[at] = trust / max(float(view.confidence.max(initial=0)), 1.0)
    return _Candidates(numbers, keypoints_2d, confidence, row)


def _slots(view: Instances, frames: int) -> tuple[np.ndarray, np.ndarray]:
    """The slot of each kept row among the people of its image, by falling confidence; the rows."""
    order = np.lexsort((-view.confidence.sum(-1), view.frame))
    frame = view.frame[order]
    new = np.flatnonzero(np.append(True, np.diff(frame) != 0)) if len(frame) else np.zeros(0, int)
    slot = np.arange(len(frame)) - np.repeat(new, np.diff(np.append(new, len(frame))))
    kept = (slot < MOST) & (frame < frames)
    return slot[kept], order[kept]


def _pair_costs(
    a: jax.Array, trust_a: jax.Array, b: jax.Array, trust_b: jax.Array, x: Camera, y: Camera
) -> jax.Array:
    """(T, P, P) mean epipolar distance of each pair of people, px; inf where too little is seen."""
    distance = epipolar_distance(a[:, :, None], b[:, None], x, y)
    weight = jnp.sqrt(trust_a[:, :, None] * trust_b[:, None])
    seen = (weight > 0) & jnp.isfinite(distance)
    weight = jnp.where(seen, weight, 0)
    total = jnp.sum(weight * jnp.where(seen, jnp.minimum(distance, 10 * SAME_PX), 0), -1)
    enough = jnp.sum(seen, -1) >= FEWEST_JOINTS
    return jnp.where(enough, total / jnp.maximum(jnp.sum(weight, -1), 1e-9), jnp.inf)


class _Group(NamedTuple):
    """One person at one instant."""

    at: int  # among the frames with people
    frame: int  # its number
    slot: tuple[int, ...]  # of each view, -1 where not seen
    middle: np.ndarray  # (3,) m
    extent: float  # m, largest distance between two of its joints


def _groups(candidates: _Candidates, rig: Rig, limit: float) -> list[_Group]:
    """All people at all instants in whom two cameras or more agree."""
    camera = Camera(*(jnp.asarray(a, jnp.float32) for a in (rig.K, rig.R, rig.center)))
    at = [Camera(*(array[v] for array in camera)) for v in range(rig.views)]
    pairs = list(itertools.combinations(range(rig.views), 2))
    compare = jax.jit(_pair_costs)
    slots: list[tuple[int, tuple[int, ...]]] = []
    for part in _chunks(len(candidates.row)):
        pixels, trust = candidates.keypoints_2d[part], candidates.confidence[part]
        costs = np.stack(
            [
                compare(pixels[:, a], trust[:, a], pixels[:, b], trust[:, b], at[a], at[b])
                for a, b in pairs
            ]
        )
        start = part.start
        for t in range(costs.shape[1]):
            slots += [(start + t, slot) for slot in _grouped(costs[:, t], pairs, rig.views, limit)]
    return _placed(slots, candidates, camera)


def _chunks(frames: int) -> Iterator[slice]:
    for start in range(0, frames, CHUNK):
        yield slice(start, min(start + CHUNK, frames))


def _grouped(
    costs: np.ndarray, pairs: Sequence[tuple[int, int]], views: int, limit: float
) -> list[tuple[int, ...]]:
    """People of one instant: the slot of each in every view, those most views agree on first.

    Not the best pairs first: two cameras that face each other agree on people who stand anywhere
    between them.
    """
    people = costs.shape[-1]
    between = np.full((views, people, views, people), np.inf, np.float32)
    for (a, b), cost in zip(pairs, costs, strict=True):
        between[a, :, b], between[b, :, a] = cost, cost.T
    between[between >= limit] = np.inf
    groups: list[tuple[int, ...]] = []
    while len(seeds := _seeds(between)):
        members, cost = _grown(between, seeds)
        taken: set[tuple[int, int]] = set()
        for best in np.lexsort((cost, -(members >= 0).sum(-1))):
            slot = members[best]
            nodes = {(int(v), int(slot[v])) for v in np.flatnonzero(slot >= 0)}
            if taken & nodes:
                continue  # grown again without those who are taken
            taken |= nodes
            groups.append(tuple(int(p) for p in slot))
        for view, person in taken:
            between[view, person], between[:, :, view, person] = np.inf, np.inf
    return groups


def _seeds(between: np.ndarray) -> np.ndarray:
    """(S, 4) view, person, view, person: the few partners that agree best with each person."""
    views, people = between.shape[:2]
    nodes = between.reshape(views * people, views * people)
    near = np.argsort(nodes, axis=-1)[:, :PARTNERS]
    first = np.repeat(np.arange(len(nodes)), near.shape[1])
    second = near.ravel()
    agree = np.isfinite(nodes[first, second])
    ends = np.stack([np.minimum(first, second), np.maximum(first, second)], -1)[agree]
    ends = np.unique(ends, axis=0)
    return np.stack([ends // people, ends % people], -1).reshape(-1, 4)


def _grown(between: np.ndarray, seeds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each pair with the person of every other view that agrees best with all of them.

    Returns:
        (S, V) persons, -1 where none agrees; (S,) mean cost.
    """
    count, views = len(seeds), len(between)
    each = np.arange(count)
    members = np.full((count, views), -1)
    members[each, seeds[:, 0]], members[each, seeds[:, 2]] = seeds[:, 1], seeds[:, 3]
    to_all = between[seeds[:, 0], seeds[:, 1]] + between[seeds[:, 2], seeds[:, 3]]  # S V P
    total = between[seeds[:, 0], seeds[:, 1], seeds[:, 2], seeds[:, 3]].astype(np.float64)
    compared = np.ones(count)
    for view in range(views):
        best = to_all[:, view].argmin(-1)
        cost = to_all[each, view, best]
        joins = np.flatnonzero(np.isfinite(cost) & (members[:, view] < 0))
        compared[joins] += (members[joins] >= 0).sum(-1)
        members[joins, view] = best[joins]
        total[joins] += cost[joins]
        to_all[joins] += between[view, best[joins]]
    return members, total / compared


def _placed(
    slots: Sequence[tuple[int, tuple[int, ...]]], candidates: _Candidates, camera: Camera
) -> list[_Group]:
    """Groups with the middle of their triangulated joints; those that meet nowhere are left out."""
    if not slots:
        return []
    frame = np.array([f for f, _ in slots])
    slot = np.array([s for _, s in slots])
    view = np.arange(slot.shape[1])
    pixels = candidates.keypoints_2d[frame[:, None], view, slot]
    trust = np.where((slot >= 0)[..., None], candidates.confidence[frame[:, None], view, slot], 0)
    triangulate = jax.jit(triangulate_dlt)
    groups = []
    for part in _chunks(len(frame)):
        gap = CHUNK - (part.stop - part.start)  # one shape: one compilation
        padded = (np.pad(a[part], [(0, gap), *[(0, 0)] * (a.ndim - 1)]) for a in (pixels, trust))
        points = np.asarray(triangulate(*padded, camera))[: part.stop - part.start]
        seen = np.isfinite(points).all(-1)
        for n in np.flatnonzero(seen.any(-1)):
            there = points[n][seen[n]]
            middle, extent = np.median(there, axis=0), _extent(there)
            at, slot = slots[part.start + int(n)]
            groups.append(_Group(at, int(candidates.frame[at]), slot, middle, extent))
    return groups


def _extent(points: np.ndarray) -> float:
    return float(np.linalg.norm(points[:, None] - points[None], axis=-1).max())


def _followed(groups: Sequence[_Group], fps: float) -> list[list[_Group]]:
    """Groups linked over time, each to the nearest place someone was a moment before."""
    size = float(np.median([group.extent for group in groups])) if groups else 0.0
    tracks: list[list[_Group]] = []
    active: list[list[_Group]] = []
    for frame, now in itertools.groupby(groups, key=lambda group: group.frame):
        active = [t for t in active if frame - t[-1].frame <= PATIENCE * fps]
        here = list(now)
        far = _jumps(here, active, fps, size)
        new = set(range(len(here)))
        while far.size and np.isfinite(far.min()):
            g, t = (int(i) for i in np.unravel_index(far.argmin(), far.shape))
            active[t].append(here[g])
            new.discard(g)
            far[g, :] = far[:, t] = np.inf
        for g in sorted(new):
            tracks.append([here[g]])
            active.append(tracks[-1])
    return tracks


def _jumps(here: list[_Group], active: list[list[_Group]], fps: float, size: float) -> np.ndarray:
    """(here, active) metres from where each was last; inf where nobody gets there in that time.

    Bodies of `size` metres: a mouse that crosses a room between two frames is another mouse.
    """
    if not (here and active):
        return np.empty((len(here), len(active)))
    last = [track[-1] for track in active]
    middles = np.array([g.middle for g in here])[:, None] - np.array([g.middle for g in last])
    jump = np.linalg.norm(middles, axis=-1)
    seconds = np.array([here[0].frame - g.frame for g in last]) / fps
    return np.where(jump <= size * (SPEED * seconds + REACH), jump, np.inf)


def _people(tracks: list[list[_Group]]) -> list[list[_Group]]:
    """Tracks that do not overlap in time joined into people, those seen longest first."""
    people: list[tuple[set[int], list[_Group]]] = []
    for track in sorted(tracks, key=len, reverse=True):
        frames = {group.at for group in track}
        free = next((p for p in people if not p[0] & _span(frames)), None)
        if free is None:
            people.append((_span(frames), list(track)))
        else:
            free[0].update(_span(frames))
            free[1].extend(track)
    return sorted((groups for _, groups in people), key=len, reverse=True)


def _span(frames: set[int]) -> set[int]:
    return set(range(min(frames), max(frames) + 1))


def _rows(person: list[_Group], candidates: _Candidates) -> list[np.ndarray]:
    views = candidates.row.shape[1]
    frame = np.array([group.at for group in person])
    slot = np.array([group.slot for group in person])
    rows = []
    for view in range(views):
        seen = slot[:, view] >= 0
        rows.append(np.sort(candidates.row[frame[seen], view, slot[seen, view]]))
    return rows
