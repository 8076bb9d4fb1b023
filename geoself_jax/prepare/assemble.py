"""Clips of one or several rigs become the arrays of one file of format geoself-multiview/1."""

import dataclasses
from collections.abc import Iterable, Sequence

import numpy as np

from geoself_jax.core.errors import data_error
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.derive_root import derive_root
from geoself_jax.data.lost_pixels import undistorted, warn_of_lost
from geoself_jax.data.recording import up_array
from geoself_jax.data.rig import Rig
from geoself_jax.prepare.clip import Clip
from geoself_jax.prepare.merge_rigs import (
    PLAIN,
    camera_arrays,
    check_image_sizes,
    distinct_rigs,
    each_once,
    place_within,
    places_of,
    upright,
    view_names,
)

FORMAT = "geoself-multiview/1"

Lost = dict[str, np.ndarray]
"""By camera: how many joints have no ray in its lens model, of how many."""


def assemble(clips: Iterable[Clip]) -> dict[str, np.ndarray]:
    """Arrays of format geoself-multiview/1 from clips of one person each.

    Cameras are matched by name where one rig has all the others' names, else by their order; a rig
    that has fewer has no detections in the others. Rigs of equal cameras are one. A skeleton
    without a root gets the middle of its hips. Worlds with different verticals are turned until z
    is up; where one's is unknown, so is that of all.

    Raises:
        GeoselfError: No clip; clips of other skeletons, frame rates or ground truth; a confidence
            outside [0, 1]; an unknown image size (65).
    """
    kept = [clip for clip in clips if len(clip.frame_id)]
    if not kept:
        raise data_error("no clip", "nothing was read", "check the inputs and the choices made")
    _check_alike(kept)
    kept = upright(kept)
    rigs, rig_of = distinct_rigs([clip.rig for clip in kept])
    names = view_names(rigs)
    places = [places_of(rig, names) for rig in rigs]
    lengths = [len(clip.frame_id) for clip in kept]
    subjects = sorted({clip.subject for clip in kept})
    of_clip = [
        place_within(clip.rig, rigs[rig], places[rig])
        for clip, rig in zip(kept, rig_of, strict=True)
    ]
    skeleton, keypoints_2d, confidence = _detections(kept, of_clip, len(names))

    def repeated(values: Sequence[int]) -> np.ndarray:
        return np.repeat(np.array(values, np.int32), lengths)

    arrays = {
        "format": np.array(FORMAT),
        "keypoints_2d": keypoints_2d,
        "confidence": confidence,
        "clip_id": repeated(range(len(kept))),
        "frame_id": np.concatenate([clip.frame_id for clip in kept]).astype(np.int32),
        "subject_id": repeated([subjects.index(clip.subject) for clip in kept]),
        "rig_id": repeated(rig_of),
        "clip_names": np.array(each_once([clip.name for clip in kept])),
        "clip_actions": np.array([clip.action for clip in kept]),
        "subject_names": np.array(subjects),
        "rig_names": np.array(each_once([rig.name for rig in rigs])),
        "camera_names": np.array(names),
        **camera_arrays(rigs, places),
        "fps": np.array(float(kept[0].fps)),
        **_skeleton_arrays(skeleton),
        "world_up": up_array(kept[0].rig.world_up),
    }
    assumed = next((clip.assumed for clip in kept if clip.assumed), "")
    if assumed:
        arrays["assumed_skeleton"] = np.array(assumed)
    origins = _cameras_from(rigs)
    if origins:
        arrays["cameras_from"] = np.array(origins)
    return arrays | _ground_truth(kept)


def _cameras_from(rigs: Sequence[Rig]) -> str:
    """Where cameras are from, of all rigs, or by rig where it differs."""
    origins = list(dict.fromkeys(rig.cameras_from for rig in rigs))
    if len(origins) == 1:
        return origins[0]
    return "; ".join(f"rig {rig.name}: {rig.cameras_from}" for rig in rigs if rig.cameras_from)


def _skeleton_arrays(skeleton: Skeleton) -> dict[str, np.ndarray]:
    size = skeleton.body_metres
    declared = {} if size is None else {"body_metres": np.array(size)}
    return declared | {
        "joint_names": np.array(skeleton.joint_names),
        "parents": np.array(skeleton.parents, np.int32),
        "left_right": np.array(skeleton.left_right, np.int32).reshape(-1, 2),
        "root": np.array(skeleton.root, np.int32),
    }


def _check_alike(clips: Sequence[Clip]) -> None:
    """One skeleton and one frame rate in a file; confidences in [0, 1]."""
    first = clips[0]
    for clip in clips:
        if clip.skeleton != first.skeleton:
            sizes = [one.skeleton.body_metres for one in (clip, first)]
            if dataclasses.replace(clip.skeleton, body_metres=sizes[1]) == first.skeleton:
                raise data_error(
                    f"clip {clip.name!r}: body_metres {sizes[0] or 'not declared'}",
                    f"clip {first.name!r} has {sizes[1] or 'none'}",
                    "declare the same size of the body in both, and prepare again",
                )
            raise data_error(
                f"clip {clip.name!r}: {clip.skeleton.joints} joints "
                f"({clip.skeleton.joint_names[0]}, ...)",
                f"clip {first.name!r} has {first.skeleton.joints} "
                f"({first.skeleton.joint_names[0]}, ...)",
                "prepare them into a file each",
            )
        if clip.fps != first.fps:
            raise data_error(
                f"clip {clip.name!r}: {clip.fps:g} frames per second",
                f"clip {first.name!r} has {first.fps:g}",
                "prepare them into a file each, or thin out the faster one (--every)",
            )
        _check_confidence(clip)
        check_image_sizes(clip.rig)


def _check_confidence(clip: Clip) -> None:
    outside = ~((clip.confidence >= 0) & (clip.confidence <= 1))
    if outside.any():
        at, view, joint = (int(i) for i in np.argwhere(outside)[0])
        raise data_error(
            f"clip {clip.name!r}: confidence {float(clip.confidence[at, view, joint]):g} at frame "
            f"{int(clip.frame_id[at])}, camera {clip.rig.camera_names[view]}, joint "
            f"{clip.skeleton.joint_names[joint]}",
            "wanted a number in [0, 1]",
            "divide by the detector's largest score: --confidence-scale=6 for AlphaPose's older "
            "COCO models, 100 for percent",
        )


def _detections(
    clips: Sequence[Clip], places: Sequence[list[int]], views: int
) -> tuple[Skeleton, np.ndarray, np.ndarray]:
    """Skeleton with a root, (T, V, J, 2) pixels and (T, V, J) confidences of all clips."""
    parts = []
    lost: Lost = {}
    for clip, place in zip(clips, places, strict=True):
        keypoints_2d = np.asarray(clip.keypoints_2d, np.float32)
        confidence = np.asarray(clip.confidence, np.float32)
        plain = _undistorted(keypoints_2d, clip.rig, lost)
        missing = ~np.isfinite(plain).all(-1)
        if missing.any():
            plain = np.where(missing[..., None], np.float32(np.nan), plain)
            confidence = np.where(missing, np.float32(0), confidence)
        parts.append(_placed(plain, confidence, place, views))
    for camera, counts in lost.items():
        warn_of_lost(camera, *counts.tolist())
    keypoints_2d = np.concatenate([part[0] for part in parts])
    confidence = np.concatenate([part[1] for part in parts])
    return derive_root(clips[0].skeleton, keypoints_2d, confidence)


def _placed(
    keypoints_2d: np.ndarray, confidence: np.ndarray, place: list[int], views: int
) -> tuple[np.ndarray, np.ndarray]:
    if place == list(range(views)):
        return keypoints_2d, confidence
    frames, _, joints, _ = keypoints_2d.shape
    pixels = np.full((frames, views, joints, 2), np.nan, np.float32)
    trust = np.zeros((frames, views, joints), np.float32)
    pixels[:, place], trust[:, place] = keypoints_2d, confidence
    return pixels, trust


def _undistorted(keypoints_2d: np.ndarray, rig: Rig, lost: Lost) -> np.ndarray:
    """Undistorts the pixels of views whose lens model the format cannot hold."""
    result = keypoints_2d
    for view, lens in enumerate(rig.lenses):
        if lens.fisheye or len(lens.coefficients) > PLAIN:
            result = result.copy() if result is keypoints_2d else result
            pixels = keypoints_2d[:, view].astype(np.float64)
            result[:, view], *counts = undistorted(pixels, rig.K[view], lens)
            name = f"rig {rig.name}, camera {rig.camera_names[view]}"
            lost[name] = lost.get(name, 0) + np.array(counts)
    return result


def _ground_truth(clips: Sequence[Clip]) -> dict[str, np.ndarray]:
    """`pose_world` (NaN where a clip has none), and its joints where they are others."""
    given = [clip for clip in clips if clip.pose_world is not None]
    if not given:
        return {}
    skeleton = given[0].pose_skeleton or given[0].skeleton
    for clip in given:
        if (clip.pose_skeleton or clip.skeleton) != skeleton:
            raise data_error(
                f"clip {clip.name!r}: its ground truth has other joints than that of "
                f"{given[0].name!r}",
                "a file has one skeleton of ground truth",
                "prepare them into a file each",
            )
    empty = (skeleton.joints, 3)
    parts = [
        np.full((len(clip.frame_id), *empty), np.nan, np.float32)
        if clip.pose_world is None
        else np.asarray(clip.pose_world, np.float32)
        for clip in clips
    ]
    pose_world = np.concatenate(parts)
    if skeleton != clips[0].skeleton:
        return {"pose_world": pose_world, "pose_joint_names": np.array(skeleton.joint_names)}
    there = np.asarray(np.isfinite(pose_world).all(-1), np.float32)
    return {"pose_world": derive_root(skeleton, pose_world, there)[1]}  # as the detections have it
