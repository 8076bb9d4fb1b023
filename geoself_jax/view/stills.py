"""Frames of a scene side by side, as a PNG."""

from pathlib import Path

import numpy as np

from geoself_jax.core.errors import usage_error
from geoself_jax.core.shown_lengths import ShownUnit
from geoself_jax.view.axes import PosePlot
from geoself_jax.view.body_scale import units_of
from geoself_jax.view.choose_frames import frame_range, spread
from geoself_jax.view.drawn_poses import camera_axes, detections, image_size_of, poses_in_camera
from geoself_jax.view.plots import draw_hero
from geoself_jax.view.scene import Scene, joint_errors


def write_stills(
    path: Path,
    scene: Scene,
    *,
    count: int = 4,
    first: int | None = None,
    last: int | None = None,
    width: int | None = None,
) -> None:
    """Draws evenly spaced frames of a scene, one column each: 2D detections and 3D poses.

    Args:
        path: PNG to write; an existing file is replaced atomically.
        scene: Scene to show; its first source is in colour, the others are thin and grey.
        count: Number of frames.
        first, last: First and last frame number to choose from; all by default.
        width: Approximate width of the image, px; by default 540 per column.

    Raises:
        GeoselfError: No such frames, or a count below 1 (64); the file cannot be written (74).
    """
    if count < 1:
        raise usage_error(f"{count} frames", "at least one is required", "set count to 1 or more")
    moments = spread(scene, *frame_range(scene, first, last), count)
    poses, (_, up) = poses_in_camera(scene), camera_axes(scene)
    size, seen, unit = image_size_of(scene), detections(scene), units_of([scene]).error
    nothing = np.full((scene.skeleton.joints, 2), np.nan), np.zeros(scene.skeleton.joints)
    plots = []
    for frame, i in zip(*moments, strict=True):
        pixels, confidence = nothing if seen is None else (seen[0][i], seen[1][i])
        at = {name: pose[i] for name, pose in poses.items()}
        head = _head(scene, int(frame), int(i), unit)
        plots.append(PosePlot(head, pixels, confidence, size, at, up))
    title = " · ".join(filter(None, (scene.name, scene.action)))
    draw_hero(path, plots, scene.skeleton, title=title, width=width)


def _head(scene: Scene, frame: int, index: int, unit: ShownUnit) -> str:
    errors = joint_errors(scene, 0)
    head = f"{frame / scene.sequences[0].fps:.2f} s"
    if errors is None or not np.isfinite(errors[index]).any():
        return head
    return f"{head}: {unit.text(float(np.nanmean(errors[index])), 0)} {unit.symbol}"
