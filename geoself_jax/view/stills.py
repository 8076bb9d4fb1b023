"""Some frames of a scene side by side, as a PNG."""

from pathlib import Path

import numpy as np

from geoself_jax.core.errors import usage_error
from geoself_jax.view.axes import Panel
from geoself_jax.view.choose_frames import frame_range, spread
from geoself_jax.view.drawn_poses import camera_axes, detections, picture_size, poses_in_camera
from geoself_jax.view.plots import draw_hero
from geoself_jax.view.scene import Scene, joint_errors


def write_pictures(
    path: Path,
    scene: Scene,
    *,
    count: int = 4,
    first: int | None = None,
    last: int | None = None,
    width: int | None = None,
) -> None:
    """Draws frames spread over the scene, a column each: what the camera saw, and the poses.

    Args:
        path: PNG to write; one already there is replaced once all is drawn.
        scene: What to show; its first source is in colour, the others are thin and grey.
        count: How many frames.
        first, last: Frames of the video to choose from; all by default.
        width: Of the picture, about, pixels; by default 540 a column.

    Raises:
        GeoselfError: No such frames, or no number of pixels (64); the disk refuses (74).
    """
    if count < 1:
        raise usage_error(f"{count} frames", "wanted one at least", "ask for more")
    moments = spread(scene, *frame_range(scene, first, last), count)
    poses, (_, up) = poses_in_camera(scene), camera_axes(scene)
    size, seen = picture_size(scene), detections(scene)
    nothing = np.full((scene.skeleton.joints, 2), np.nan), np.zeros(scene.skeleton.joints)
    panels = []
    for frame, i in zip(*moments, strict=True):
        pixels, confidence = nothing if seen is None else (seen[0][i], seen[1][i])
        at = {name: pose[i] for name, pose in poses.items()}
        head = _head(scene, int(frame), int(i))
        panels.append(Panel(head, pixels, confidence, size, at, up))
    title = " · ".join(filter(None, (scene.name, scene.action)))
    draw_hero(path, panels, scene.skeleton, title=title, width=width)


def _head(scene: Scene, frame: int, index: int) -> str:
    errors = joint_errors(scene, 0)
    head = f"{frame / scene.sequences[0].fps:.2f} s"
    if errors is None or not np.isfinite(errors[index]).any():
        return head
    return f"{head}: {1000 * np.nanmean(errors[index]):.0f} mm"
