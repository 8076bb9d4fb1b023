"""Serializes scenes for the page: JSON, and encoded blocks of numbers."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from geoself_jax.core.shown_lengths import ShownUnits
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.view import z_up
from geoself_jax.view.body_scale import scene_scale, units_of
from geoself_jax.view.error_table import action_table, mean_errors
from geoself_jax.view.frame_marks import mark_stretches, marks_notes
from geoself_jax.view.line_segments import bone_sides, joint_sides
from geoself_jax.view.page_video import PageVideo
from geoself_jax.view.scene import Scene
from geoself_jax.view.shared_numbers import Blocks


def page_facts(
    scenes: Sequence[Scene],
    title: str,
    table: dict[str, Any] | None = None,
    video: PageVideo | None = None,
) -> tuple[dict[str, Any], Blocks]:
    """Returns JSON values for assets/main.js, and the blocks that they refer to.

    Args:
        scenes: At least one.
        title: Heading.
        table: Replaces the table computed from the scenes.
        video: Of the first scene, or None.
    """
    blocks = Blocks()
    skeletons = list(dict.fromkeys(scene.skeleton for scene in scenes))
    units = units_of(scenes)
    each = [_scene(scene, skeletons, blocks, units) for scene in scenes]
    if video is not None:
        each[0] |= _on_video(each[0], video, blocks)
    facts = {
        "title": title,
        "summary": _summary(scenes),
        "skeletons": [_skeleton(skeleton) for skeleton in skeletons],
        "blocks": blocks.facts(),
        "scenes": each,
        "units": _units(units),
        "table": table or action_table(scenes, units),
    }
    return facts, blocks


def _summary(scenes: Sequence[Scene]) -> str:
    frames = sum(scene.frames for scene in scenes)
    sources = list(dict.fromkeys(s.name for scene in scenes for s in scene.sequences))
    rates = sorted({scene.sequences[0].fps for scene in scenes})
    parts = [
        ", ".join(sources[:6]) + (" and others" if len(sources) > 6 else ""),
        f"{len(scenes)} scenes" if len(scenes) > 1 else scenes[0].action,
        f"{frames:,} frames" if frames != 1 else "1 frame",
        f"{' and '.join(f'{rate:g}' for rate in rates[:3])} frames per second",
    ]
    return " · ".join(filter(None, parts))


def _units(units: ShownUnits) -> dict[str, Any]:
    shown = {"error": units.error, "bone": units.bone, "size": units.size}
    named = {n: {"symbol": u.symbol, "perMetre": u.per_metre} for n, u in shown.items()}
    return {**named, "significant": units.error.significant}


def _scene(
    scene: Scene, skeletons: list[Skeleton], blocks: Blocks, units: ShownUnits
) -> dict[str, Any]:
    first, scale = scene.sequences[0], scene_scale(scene)
    poses = blocks.poses(scene, scale)
    return {
        "name": scene.name,
        "action": scene.action,
        "subject": next((s.subject for s in scene.sequences if s.subject), ""),
        "fps": first.fps,
        "frames": runs(scene.frame_id),
        "skeleton": skeletons.index(scene.skeleton),
        "sources": [
            {"name": sequence.name, "pose": pose, "relative": sequence.root_relative}
            for sequence, pose in zip(scene.sequences, poses, strict=True)
        ],
        "reference": scene.reference,
        **blocks.seen(scene),
        "camera": z_up.camera(scene, scale),
        "scale": scale,
        "axes": f"{first.axes} axes",
        "relative": all(s.root_relative for s in scene.sequences),
        "notes": [*scene.notes, *marks_notes(scene)],
        **mark_stretches(scene),
        "error": _error(scene, units),
    }


def _on_video(facts: dict[str, Any], video: PageVideo, blocks: Blocks) -> dict[str, Any]:
    """Returns the facts of a scene that differ where it is drawn on its video."""
    joints = video.joints
    sources = [
        {**source, "drawn": None if pixels is None else blocks.pixels(pixels, video.size)}
        for source, pixels in zip(facts["sources"], joints.reprojected, strict=True)
    ]
    return {
        "video": video.facts(),
        "sources": sources,
        "pixels": blocks.pixels(joints.detected, video.size),
        "confidence": blocks.confidence(joints.confidence),
        "others": [
            {"pixels": blocks.pixels(seen, video.size), "confidence": blocks.confidence(trust)}
            for seen, trust in joints.others
        ],
        "imageSize": list(video.size),
        "notes": [*facts["notes"], *joints.notes],
    }


def _error(scene: Scene, units: ShownUnits) -> float | None:
    """Returns the mean error of the first source that has a reference, in the units of errors."""
    for i in range(len(scene.sequences)):
        errors = mean_errors(scene, i)
        if errors is not None:
            there = np.isfinite(errors).any()
            return units.error.per_metre * float(np.nanmean(errors)) if there else None
    return None


def _skeleton(skeleton: Skeleton) -> dict[str, Any]:
    return {
        "names": list(skeleton.joint_names),
        "bones": [list(bone) for bone in skeleton.bones],
        "root": skeleton.root,
        "boneSides": bone_sides(skeleton)[: len(skeleton.bones)],
        "jointSides": joint_sides(skeleton),
    }


def runs(frame_id: np.ndarray) -> list[list[int]]:
    """Run-length encodes ascending frame numbers as [first, step, count]."""
    found: list[list[int]] = []
    at = 0
    while at < len(frame_id):
        steps = np.diff(frame_id[at:])
        uneven = np.flatnonzero(steps != steps[:1])
        count = 1 + (int(uneven[0]) if len(uneven) else len(steps))
        found.append([int(frame_id[at]), int(steps[0]) if len(steps) else 1, count])
        at += count
    return found
