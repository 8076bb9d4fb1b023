"""Selects the scenes, and their frames, to show."""

from collections.abc import Sequence

import numpy as np

from geoself_jax.core.errors import nearest_name, usage_error
from geoself_jax.view.scene import Scene


def chosen(scenes: Sequence[Scene], clip: str | None, camera: str | None) -> list[Scene]:
    """Selects the scenes of a clip and a camera, by name; None selects all.

    Raises:
        GeoselfError: There is none (64).
    """
    found = list(scenes)
    for flag, name in (("clip", clip), ("camera", camera)):
        if name is not None:
            known = list(dict.fromkeys(name_of(scene, flag) for scene in found))
            found = [scene for scene in found if name_of(scene, flag) == name]
            if not found and known == [""]:
                do = "leave it out; --data without --poses shows a recording's own"
                raise usage_error(f"--{flag}={name}", f"the poses name no {flag}", do)
            if not found:
                near = nearest_name(name, known)
                raise usage_error(f"--{flag}={name}", f"no poses of that {flag}", near)
    return found


def name_of(scene: Scene, what: str) -> str:
    """Returns the name of the clip or camera; empty where unknown."""
    if what == "clip":
        return scene.sequences[0].clip
    return next((s.camera.name for s in scene.sequences if s.camera is not None), "")


def between(scenes: Sequence[Scene], first: int | None, last: int | None) -> list[Scene]:
    """Selects a range of frame numbers in each scene; omits scenes without any.

    Raises:
        GeoselfError: No scene has any (64).
    """
    if first is None and last is None:
        return list(scenes)
    low, high = first or 0, np.inf if last is None else last
    kept = [_rows(scene, (scene.frame_id >= low) & (scene.frame_id <= high)) for scene in scenes]
    kept = [scene for scene in kept if scene.frames]
    if not kept:
        raise usage_error(f"--first={low} --last={last}", "no frame is there", "choose others")
    return kept


def thinned(scenes: Sequence[Scene], *, every: int = 1, most: int | None = None) -> list[Scene]:
    """Selects every n-th frame of each scene.

    Args:
        scenes: Scenes with all frames.
        every: n; raised where `most` requires it.
        most: Approximate total number of frames, or None.
    """
    total = sum(scene.frames for scene in scenes)
    every = max(every, -(-total // most) if most else 1)
    return [_rows(scene, slice(None, None, every)) for scene in scenes] if every > 1 else [*scenes]


def _rows(scene: Scene, rows: slice | np.ndarray) -> Scene:
    sequences = tuple(
        s.replace(
            pose=s.pose[rows],
            frame_id=s.frame_id[rows],
            keypoints_2d=None if s.keypoints_2d is None else s.keypoints_2d[rows],
            confidence=None if s.confidence is None else s.confidence[rows],
            marks=None if s.marks is None else s.marks[rows],
            contact=None,
        )
        for s in scene.sequences
    )
    return Scene(scene.name, scene.action, sequences, scene.reference, scene.notes)
