"""Bundle adjustment of cameras and joints together, robust, with bones of constant length.

Unknown are the cameras, each joint in each frame, and the bones' lengths of each subject. A frame's
joints are eliminated (Schur complement), so that a step solves 7 V + bones x subjects equations,
whatever the number of frames. Source: Triggs et al., Bundle Adjustment, a Modern Synthesis, 2000;
robust weights by iterated reweighting with Cauchy's function (Huber, Robust Statistics).
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from geoself_jax.calibrate.camera_jacobian import jacobian, squared_errors
from geoself_jax.calibrate.constant_bones import Bones, bone_errors, bone_weight, with_bones
from geoself_jax.calibrate.views import Pose, Views

_CHUNK = 6000  # joints whose matrices are in memory at once
_ROWS = 2048  # of a product
_DAMPING, _MOST_DAMPING = 1e-4, 1e4


class Solution(NamedTuple):
    """State of an adjustment.

    Attributes:
        pose: Cameras.
        points: (F, J, 3); of joints that fewer than two views saw, meaningless.
        bones: The prior with its lengths, or None.
        cost: Sum of Cauchy's function of the errors.
    """

    pose: Pose
    points: np.ndarray
    bones: Bones | None
    cost: float


class Free(NamedTuple):
    """Which unknowns of the cameras may move; bones' lengths always may.

    Attributes:
        place: (V,) rotation and centre.
        focal: (V,) focal length.
        clock: (V, 2) lag and rate, where the views have `motion`; None holds them.
    """

    place: np.ndarray
    focal: np.ndarray
    clock: np.ndarray | None = None

    @classmethod
    def all_but_first(cls, views: int, *, focal: bool = False) -> "Free":
        """The first camera's place is the frame of the others."""
        return cls(np.arange(views) > 0, np.full(views, focal))

    def columns(self, views: Views) -> np.ndarray:
        """Numbers of the free among all unknowns of the cameras."""
        cameras = np.zeros((views.views, views.unknowns), bool)
        cameras[:, :6], cameras[:, 6] = self.place[:, None], self.focal
        if self.clock is not None:
            cameras[:, 7:] = self.clock
        return np.flatnonzero(cameras)


class _Part(NamedTuple):
    """Equations of some frames of one subject, reduced to cameras and bones."""

    normal: np.ndarray
    gradient: np.ndarray  # a row a frame
    solved: np.ndarray  # (F, 3 J, locals + 1): what joints answer to a step


def adjust(
    views: Views,
    start: Solution,
    scale: np.ndarray,
    *,
    steps: int = 20,
    free: Free | None = None,
    enough: float = 1e-6,
) -> Solution:
    """Takes Levenberg-Marquardt steps until the cost falls no more.

    Args:
        views: Detections.
        start: Where to start.
        scale: (J,) or (F, J) px at which an error counts half.
        steps: Most of them.
        free: What may move; all cameras but the first where None.
        enough: Relative fall of the cost below which it ends.

    Returns:
        The best state.
    """
    free = free or Free.all_but_first(views.views)
    if start.bones is None and start.points.shape[1] > 1:
        alone, points, seen = _joint_by_joint(views, start.points)
        scale = np.broadcast_to(scale, seen.shape)[seen][:, None]
        end = adjust(
            alone, start._replace(points=points), scale, steps=steps, free=free, enough=enough
        )
        points = start.points.copy()
        points[seen] = end.points[:, 0]
        return end._replace(points=points)
    scale = np.broadcast_to(scale, start.points.shape[:2])
    here, damping = start._replace(cost=cost(views, start, scale)), _DAMPING
    for _ in range(steps):
        there = _stepped(views, here, scale, damping, free)
        better = there is not None and there.cost < here.cost
        if there is not None and better:
            done = here.cost - there.cost < enough * here.cost
            here, damping = there, max(damping / 5, 1e-9)
            if done:
                break
        else:
            damping *= 10
            if damping > _MOST_DAMPING:
                break
    return here


def cost(views: Views, state: Solution, scale: np.ndarray) -> float:
    """Sum over detections and bones of weight times Cauchy's function."""
    total = 0.0
    for at in _chunks(views):
        part = views.frames(at)
        square = squared_errors(part, state.pose, state.points[at]) / scale[at][:, None] ** 2
        total += float(np.sum(part.weight * np.log1p(square)))
        if state.bones is not None:
            off = bone_errors(state.bones, state.points[at], part.subject[0])[0]
            total += float(np.sum(bone_weight(part, state.bones) * np.log1p(off**2)))
    return total


class Pulls(NamedTuple):
    """What detections pull on the cameras where an adjustment ended; n unknowns in all.

    Attributes:
        normal: (n, n) curvature of the cost; rows and columns of what is fixed are zero.
        by_block: (blocks, n) sums over each block of footage.
        by_joint: (J, n) sums over each joint; without rows where bones tie joints together.
    """

    normal: np.ndarray
    by_block: np.ndarray
    by_joint: np.ndarray


def pulls(views: Views, state: Solution, scale: np.ndarray, free: Free) -> Pulls:
    """Returns the gradient of cameras and bones, by block of footage and by joint.

    The curvature is that of Cauchy's function, w^2 in the mean over directions where the reweighted
    squares have w: less where errors are large.

    Args:
        views, state, scale, free: As of `adjust`.
    """
    n, blocks = _size(views, state.bones), int(views.block.max()) + 1
    joints = state.points.shape[1]
    by_block, by_joint = np.zeros((blocks, n)), np.zeros((joints, n))
    joint = None
    scale = np.broadcast_to(scale, state.points.shape[:2])
    if state.bones is None:
        views, points, seen = _joint_by_joint(views, state.points)
        state, scale, joint = (
            state._replace(points=points),
            scale[seen][:, None],
            np.nonzero(seen)[1],
        )
    normal, weights, squares = np.zeros((n, n)), 0.0, 0.0
    columns = free.columns(views)
    for at in _chunks(views):
        few = views.frames(at)
        part = _reduced(few, state, at, scale, 0.0, columns)
        here = _places(views, state.bones, int(views.subject[at[0]]), columns)
        normal[np.ix_(here, here)] += part.normal
        rows = np.zeros((len(at), n))
        rows[:, here] = part.gradient
        np.add.at(by_block, views.block[at], rows)
        if joint is not None:
            np.add.at(by_joint, joint[at], rows)
        off = squared_errors(few, state.pose, state.points[at]) / scale[at][:, None] ** 2
        weights += float(np.sum(few.weight / (1 + off)))
        squares += float(np.sum(few.weight / (1 + off) ** 2))
    return Pulls(
        normal * squares / max(weights, 1e-300), by_block, by_joint[: joints * (joint is not None)]
    )


def _stepped(
    views: Views, state: Solution, scale: np.ndarray, damping: float, free: Free
) -> Solution | None:
    n = _size(views, state.bones)
    normal, gradient, parts = np.zeros((n, n)), np.zeros(n), []
    columns = free.columns(views)
    for at in _chunks(views):
        here = _places(views, state.bones, int(views.subject[at[0]]), columns)
        part = _reduced(views.frames(at), state, at, scale, damping, columns)
        normal[np.ix_(here, here)] += part.normal
        gradient[here] += part.gradient.sum(0)
        parts.append((at, here, part.solved))
    places = np.concatenate([columns, np.arange(views.unknowns * views.views, n)])
    step = np.zeros(n)
    some = normal[np.ix_(places, places)]
    diagonal = np.diag_indices(len(places))
    some[diagonal] *= 1 + damping
    some[diagonal] += 1e-12 * np.trace(some) / max(len(places), 1)
    try:
        step[places] = np.linalg.solve(some, gradient[places])
    except np.linalg.LinAlgError:
        return None
    points = state.points.copy()
    for at, here, solved in parts:
        move = solved[..., -1] - solved[..., :-1] @ step[here]
        points[at] += move.reshape(len(at), -1, 3)
    bones, cameras = state.bones, views.unknowns * views.views
    if bones is not None:
        more = step[cameras:].reshape(bones.length.shape)
        bones = bones._replace(length=bones.length * np.exp(np.clip(more, -0.5, 0.5)))
    there = Solution(state.pose.moved(step[:cameras].reshape(views.views, -1)), points, bones, 0.0)
    return there._replace(cost=cost(views, there, scale))


def _reduced(
    views: Views, state: Solution, at: np.ndarray, scale: np.ndarray, damping: float,
    columns: np.ndarray,
) -> _Part:  # fmt: skip
    """Equations of frames of one subject without their joints, of the cameras' free unknowns."""
    points = state.points[at]
    frames, joints = points.shape[:2]
    by_point, by_camera, off = jacobian(views, state.pose, points)
    px = scale[at][:, None]
    square = np.sum(off**2, -1) / px**2
    root = np.sqrt(views.weight / (1 + square)) / px
    root = np.where((views.weight > 0) & np.isfinite(root), root, 0.0)[..., None]
    off = off * root
    by_point, by_camera = (a * root[..., None] for a in (by_point, by_camera))
    at_point = np.moveaxis(by_point, 1, 2).reshape(frames, joints, -1, 3)
    own = np.swapaxes(at_point, -1, -2) @ at_point  # (F, J, 3, 3)
    pull = np.swapaxes(at_point, -1, -2) @ np.moveaxis(off, 1, 2).reshape(frames, joints, -1, 1)
    mixed = np.swapaxes(by_camera, -1, -2) @ by_point  # (F, V, J, n, 3)
    each = views.unknowns
    cameras = each * views.views
    mixed = np.transpose(mixed, (0, 1, 3, 2, 4)).reshape(frames, cameras, joints * 3)[:, columns]
    lhs = _block_diagonal(own)
    outer = np.zeros((cameras, cameras))
    for v in range(views.views):
        rows = by_camera[:, v].reshape(-1, each)
        own_place = slice(each * v, each * v + each)
        outer[own_place, own_place] = rows.T @ rows
    outer = outer[np.ix_(columns, columns)]
    gradient = np.einsum("fvjki,fvjk->fvi", by_camera, off).reshape(frames, cameras)[:, columns]
    pull = pull.reshape(frames, -1)
    if state.bones is not None:
        tied = with_bones(views, state.bones, points, lhs, pull)
        lhs, pull, bone_mixed, bone_outer, bone_gradient = tied
        mixed = np.concatenate([mixed, bone_mixed], 1)
        outer = _two_blocks(outer, bone_outer)
        gradient = np.concatenate([gradient, bone_gradient], 1)
    diagonal = np.einsum("fii->fi", lhs)
    diagonal += damping * diagonal + 1e-9 * diagonal.max(1, keepdims=True) + 1e-300
    answers = np.concatenate([np.swapaxes(mixed, -1, -2), pull[..., None]], -1)
    # Inverses of 3 x 3 take 0.4 of the time that solving for the many columns does.
    solved = np.linalg.inv(lhs) @ answers if joints == 1 else np.linalg.solve(lhs, answers)
    normal = outer - _sum_of_products(mixed, solved[..., :-1])
    return _Part(normal, gradient - (mixed @ solved[..., -1:])[..., 0], solved)


def _sum_of_products(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """(n, n) sum of left (F, n, m) times right (F, m, n), by pieces that stay in the cache.

    A sixth of the time of np.tensordot, whose one long product is shared between threads.
    """
    frames, n, m = left.shape
    rows, others = np.swapaxes(left, 1, 2).reshape(frames * m, n), right.reshape(frames * m, n)
    total = np.zeros((n, n))
    for k in range(0, len(rows), _ROWS):
        total += rows[k : k + _ROWS].T @ others[k : k + _ROWS]
    return total


def _block_diagonal(blocks: np.ndarray) -> np.ndarray:
    """(F, J, 3, 3) as (F, 3 J, 3 J)."""
    frames, joints = blocks.shape[:2]
    whole = np.zeros((frames, joints, 3, joints, 3))
    at = np.arange(joints)
    whole[:, at, :, at] = np.moveaxis(blocks, 1, 0)
    return whole.reshape(frames, 3 * joints, 3 * joints)


def _two_blocks(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    n, m = len(first), len(second)
    whole = np.zeros((n + m, n + m))
    whole[:n, :n], whole[n:, n:] = first, second
    return whole


def _size(views: Views, bones: Bones | None) -> int:
    return views.unknowns * views.views + (0 if bones is None else bones.length.size)


def _places(views: Views, bones: Bones | None, subject: int, columns: np.ndarray) -> np.ndarray:
    """Places, among all unknowns, of the cameras' free ones and of a subject's bones."""
    if bones is None:
        return columns
    cameras, count = views.unknowns * views.views, bones.length.shape[1]
    return np.concatenate([columns, cameras + subject * count + np.arange(count)])


def _joint_by_joint(views: Views, points: np.ndarray) -> tuple[Views, np.ndarray, np.ndarray]:
    """Each joint that two views saw as a frame of its own: without bones they are apart.

    Also returns (n, 1, 3) points and the mask (F, J) of those joints.
    """
    seen = (views.weight > 0).sum(1) >= 2
    frame = np.nonzero(seen)[0]
    rays = np.moveaxis(views.rays, 1, 2)[seen][:, :, None]
    weight = np.moveaxis(views.weight, 1, 2)[seen][:, :, None]
    alone = views._replace(
        rays=rays, weight=weight, subject=np.zeros(len(frame), int), block=views.block[frame]
    )
    if views.motion is not None and views.tau is not None:
        motion = np.moveaxis(views.motion, 1, 2)[seen][:, :, None]
        alone = alone._replace(motion=motion, tau=views.tau[frame])
    return alone, points[seen][:, None], seen


def _chunks(views: Views) -> Iterator[np.ndarray]:
    """Numbers of frames of one subject each, as many as fit into memory."""
    frames = max(_CHUNK // views.rays.shape[2], 1)
    for subject in np.unique(views.subject):
        at = np.flatnonzero(views.subject == subject)
        yield from np.array_split(at, -(-len(at) // frames))
