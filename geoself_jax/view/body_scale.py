"""The size at which a body is drawn: pictures hold lengths in units that make it a human's."""

from collections.abc import Sequence

import numpy as np

from geoself_jax.core.shown_lengths import (
    SQUARE,
    ShownUnits,
    drawing_scale,
    size_text,
    units_for_all,
)
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.body_size import body_size
from geoself_jax.view.scene import Scene

_MOST = 200  # poses that are measured


def scale_of(poses: np.ndarray, skeleton: Skeleton) -> float:
    """Returns what lengths are divided by to be drawn, 1 for people.

    A body without any bone is measured between its farthest joints.

    Args:
        poses: (..., joints, 3), metres; NaN where missing.
        skeleton: Joints and bones.
    """
    if not skeleton.bones:
        size = size_of(poses.reshape(-1, skeleton.joints, 3))
        return drawing_scale(size if np.isfinite(size) else 0.0)
    return drawing_scale(bone_reach(poses, skeleton))


def bone_reach(poses: np.ndarray, skeleton: Skeleton) -> float:
    """Returns the longest path along the bones at their median lengths, metres; no pose changes it.

    Args:
        poses: (..., joints, 3), metres; NaN where missing.
        skeleton: Joints and bones.
    """
    poses = _some(poses.reshape(-1, skeleton.joints, 3))
    reached: dict[int, list[tuple[int, float]]] = {j: [] for j in range(skeleton.joints)}
    for parent, child in skeleton.bones:
        lengths = np.linalg.norm(poses[:, parent] - poses[:, child], axis=-1)
        lengths = lengths[np.isfinite(lengths)]
        length = float(np.median(lengths)) if len(lengths) else 0.0
        reached[parent].append((child, length))
        reached[child].append((parent, length))
    return max(_farthest(reached, _farthest(reached, root)[1])[0] for root in _roots(skeleton))


def _roots(skeleton: Skeleton) -> list[int]:
    return [joint for joint, parent in enumerate(skeleton.parents) if parent < 0]


def _farthest(reached: dict[int, list[tuple[int, float]]], start: int) -> tuple[float, int]:
    """Path length to the joint that is farthest along the bones, and that joint."""
    best, waiting = (0.0, start), [(start, -1, 0.0)]
    while waiting:
        joint, came_from, path = waiting.pop()
        best = max(best, (path, joint))
        waiting += [(n, joint, path + length) for n, length in reached[joint] if n != came_from]
    return best


def _some(poses: np.ndarray) -> np.ndarray:
    """At most `_MOST` of the poses, evenly spread."""
    return poses[:: max(1, len(poses) // _MOST)]


def scene_scale(scene: Scene) -> float:
    """Returns what a scene's lengths are divided by to be drawn (`scale_of`)."""
    return scale_of(_measured(scene), scene.skeleton)


def square_name(scale: float) -> str:
    """Returns the side of the floor's squares at a scale, for a legend; empty at people's scale."""
    if scale == 1:
        return ""
    return f"squares of {size_text(SQUARE * scale)}"  # 1 mm is no thousandth of a metre


def scene_size(scene: Scene) -> float:
    """Returns the size of a scene's body, metres; NaN where nothing is seen of it."""
    return size_of(_measured(scene))


def size_of(poses: np.ndarray) -> float:
    """Returns the body's size, metres, by some of many poses; NaN where nothing is known.

    Args:
        poses: (frames, joints, 3), metres; NaN where missing.
    """
    return body_size(_some(poses)) if len(poses) else float("nan")


def units_of(scenes: Sequence[Scene]) -> ShownUnits:
    """Returns the units in which the lengths of scenes are shown: by their median body."""
    return units_for_all(scene_size(scene) for scene in scenes)


def _measured(scene: Scene) -> np.ndarray:
    """The poses of the reference, else of the first source that has any."""
    order = [scene.sequences[scene.reference]] if scene.reference is not None else []
    sources = [*order, *scene.sequences]
    found = (s.pose for s in sources if np.isfinite(s.pose).all(-1).any())
    return next(found, sources[0].pose)
