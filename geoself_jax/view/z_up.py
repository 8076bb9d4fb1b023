"""Scenes in the page's coordinates: z up, near the origin, drawn as large as people."""

import numpy as np

from geoself_jax.view.scene import Scene

_FAR = 64.0  # metres at people's scale: float32 keeps 0.01 mm; a world's origin is mostly nearer


def basis(up: np.ndarray) -> np.ndarray:
    """Returns a (3, 3) rotation with rows right, away and up; x is kept where possible.

    It is the identity where `up` is z. In a level camera's axes, right is x and away is z.
    """
    aside = np.array([1.0, 0, 0]) if abs(up[0]) < 0.9 else np.array([0.0, 0, 1])
    right = aside - (aside @ up) * up
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(up, right), up])


def origin(scene: Scene, scale: float = 1.0) -> np.ndarray:
    """Returns the offset to subtract from points, (3,), metres, scene axes; 0 near the origin."""
    far = _FAR * scale
    roots = [s.pose[:, s.skeleton.root] for s in scene.sequences if not s.root_relative]
    there = np.concatenate([r[np.isfinite(r).all(-1)] for r in roots] or [np.zeros((0, 3))])
    if not len(there):
        return np.zeros(3)
    return np.round(np.median(there.astype(np.float64), axis=0) / far) * far


def points(scene: Scene, i: int, scale: float = 1.0) -> np.ndarray:
    """Returns a sequence's joints, (T, J, 3), float64, metres divided by the scene's scale."""
    sequence = scene.sequences[i]
    moved = sequence.pose.astype(np.float64)
    if not sequence.root_relative:
        moved = moved - origin(scene, scale)
    return moved / scale @ basis(scene.sequences[0].up).T


def camera(scene: Scene, scale: float = 1.0) -> dict[str, object] | None:
    """Returns name, centre and viewing direction (None where unknown); None without a camera.

    The centre is in metres divided by the scene's scale.
    """
    first = scene.sequences[0]
    found = next((s.camera for s in scene.sequences if s.camera is not None), None)
    if found is None:
        return None
    turn = basis(first.up)
    if first.axes == "camera":
        center, forward = np.zeros(3), np.array([0.0, 0, 1])
    elif found.R is not None and found.center is not None:
        center, forward = found.center, found.R[2]
    else:
        return {"name": found.name, "center": None, "forward": None}
    stands = turn @ (center - origin(scene, scale)) / scale
    return {"name": found.name, "center": stands.tolist(), "forward": (turn @ forward).tolist()}
