"""A sequence's axes and origin as a sentence, for files that say them in words."""

import numpy as np

from geoself_jax.data.poses.sequence import CAMERA, PoseSequence

_EXACT = 1e-6  # how far an entry of a quarter turn may be from -1, 0 or 1


def frame_in_words(poses: PoseSequence, before: PoseSequence, turn: np.ndarray) -> str:
    """Where (0, 0, 0) is, where the axes point, and where up is.

    Args:
        poses: As they are written, turned.
        before: The same before they were turned.
        turn: (3, 3) rotation that they were turned by.
    """
    camera = before.axes == CAMERA
    origin = "the optical center of the camera" if camera else "the origin of the calibration"
    if poses.root_relative:
        root = poses.skeleton.joint_names[poses.skeleton.root]
        origin = f"the joint {root} in each frame"
    axes = "the camera's axes (x right, y down, z forward)" if camera else "the calibration's axes"
    up = ", ".join(f"{value + 0.0:.3f}" for value in np.round(poses.up, 3))
    return (
        f"(0, 0, 0) is {origin}; x, y, z are {_turned(turn)} {axes}; "
        f"up, against gravity, is ({up}), of a level camera where it is not known"
    )


def _turned(turn: np.ndarray) -> str:
    """Which axes of before are those of now."""
    if not np.allclose(np.abs(turn).max(1), 1, atol=_EXACT):
        return f"{np.round(turn, 6).tolist()} times"
    names = []
    for row in turn:
        axis = int(np.abs(row).argmax())
        names.append(("-" if row[axis] < 0 else "") + "xyz"[axis])
    return f"{', '.join(names)} of"
