"""Triangulated joints of each clip of a recording, frame by frame or refined over time."""

import numpy as np

from geoself_jax.core.errors import data_error, nearest_name
from geoself_jax.data.frame_order import in_order
from geoself_jax.data.label_refinement import refine_labels
from geoself_jax.data.poses.sequence import WORLD, PoseSequence
from geoself_jax.data.recording import Recording
from geoself_jax.data.rig import SKYWARD
from geoself_jax.data.training_set import triangulate_in_units
from geoself_jax.prepare.merge_rigs import each_once

NAME = "triangulated"
REFINED, FRAMES = "refined", "frames"


def triangulated_clips(
    recording: Recording, source: str, *, method: str = REFINED, clip: str | None = None
) -> list[PoseSequence]:
    """Returns the joints of each clip and subject, in the world.

    A joint that fewer than two cameras see stays missing.

    Args:
        recording: Of two or more cameras.
        source: Its name in messages.
        method: `refined` over time and constant bones (`data.label_refinement`), as training labels
            are, or `frames`, each by itself.
        clip: Name of one clip; None for all.

    Raises:
        GeoselfError: One camera, no such clip, a frame number that is there twice, or no joint that
            two cameras see (65).
    """
    if recording.views < 2:
        do = "prepare it with another camera, or lift it"
        raise data_error(f"{source}: one camera", "wanted two or more to triangulate", do)
    ids = np.stack([recording.clip_id, recording.subject_id, recording.rig_id], -1)
    groups, first = np.unique(ids, axis=0, return_index=True)
    groups = groups[np.argsort(first)]
    names = each_once([recording.clip_names[group[0]] for group in groups])
    if clip is not None and clip not in names:
        raise data_error(f"{source}: no clip {clip!r}", nearest_name(clip, names), "name another")
    chosen = {
        name: in_order(recording, np.flatnonzero((ids == group).all(1)), f"{source}: clip {name!r}")
        for group, name in zip(groups, names, strict=True)
        if clip in (None, name)
    }
    points, unit = triangulate_in_units(recording)
    if method == REFINED:
        points = refine_labels(recording.scaled(1 / unit), points)
    if not np.isfinite(points).all(-1).any():
        do = f"look at it: inspect --data={source}"
        raise data_error(f"{source}: no joint is seen by two cameras at once", "", do)
    pose = points * np.float32(unit)
    return [_sequence(recording, pose, at, name) for name, at in chosen.items()]


def _sequence(recording: Recording, pose: np.ndarray, at: np.ndarray, clip: str) -> PoseSequence:
    up = recording.world_up
    if up is None:  # as in the first camera's image
        up = recording.camera.R[recording.rig_id[at[0]], 0].T @ SKYWARD
    return PoseSequence(
        name=NAME,
        pose=pose[at],
        skeleton=recording.skeleton,
        fps=recording.fps,
        frame_id=recording.frame_id[at].astype(np.int64),
        axes=WORLD,
        up=np.asarray(up, np.float64),
        clip=clip,
        action=recording.clip_actions[recording.clip_id[at[0]]],
        subject=recording.subject_names[recording.subject_id[at[0]]],
    )
