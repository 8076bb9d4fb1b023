"""What the arrays of a recording must be; the first fault is named with its place."""

import re
import shlex
from collections.abc import Mapping

import numpy as np

from geoself_jax.core.errors import data_error, nearest_name
from geoself_jax.data.body_size import body_size, known_size, wrong_unit
from geoself_jax.data.camera_checks import camera_at, first_place

TEXT = (
    *("format", "joint_names", "clip_names", "clip_actions"),
    *("subject_names", "rig_names", "camera_names"),
)
OTHER_TEXT = ("pose_joint_names", "assumed_skeleton", "cameras_from")
IDS = ("clip_id", "frame_id", "subject_id", "rig_id")
WHOLE = (*IDS, "parents", "left_right", "root")
IGNORED = ("occluded", "clip_descriptions")
REQUIRED = (*TEXT, *IDS, "keypoints_2d", "confidence", "K", "R", "center", "image_size", "fps")
OPTIONAL = (
    *("dist", "pose_world", "pose_joint_names", "assumed_skeleton", "cameras_from", "world_up"),
    *("parents", "left_right", "root", "body_metres", *IGNORED),
)
SINGLE = ("format", "fps", "root", "assumed_skeleton", "cameras_from")
_KINDS = {"U": "text", "iu": "whole numbers", "iuf": "numbers"}

ACTING = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028-\u202e\u2066-\u2069]")
"""Control characters, lone surrogates, line separators, marks that turn the order of letters."""


def check_names(source: str, arrays: Mapping[str, np.ndarray]) -> None:
    """Checks that required arrays are present, their types, and the format's name.

    Args:
        source: Name for error messages.
        arrays: As in the file.

    Raises:
        GeoselfError: An array is missing or of another type, or the format is another (65).
    """
    _check_calibrated(source, arrays)
    for name in REQUIRED:
        if name not in arrays:
            unknown = [n for n in arrays if n not in REQUIRED and n not in OPTIONAL]
            hint = f"; {nearest_name(name, unknown)}" if unknown else ""
            raise data_error(
                f"{source}: no array {name!r}",
                "format geoself-multiview/1 needs it" + hint,
                "add it, or let `geoself prepare` write the file",
            )
    _check_types(source, arrays)
    found = str(arrays["format"].item())
    if found != "geoself-multiview/1":
        raise data_error(
            f"{source}: format {found!r}", "wanted 'geoself-multiview/1'", "convert the file"
        )
    for name in (*TEXT, *OTHER_TEXT):
        _check_printable(source, name, arrays.get(name, np.empty(0, np.str_)))


def _check_calibrated(source: str, arrays: Mapping[str, np.ndarray]) -> None:
    """Names the command that finds cameras, where a recording has none."""
    if {"R", "center"} & arrays.keys() or not {"keypoints_2d", "image_size"} <= arrays.keys():
        return
    guess = "" if "K" in arrays else "--intrinsics=guess "
    raise data_error(
        f"{source}: has no cameras",
        "R and center, where they stand, are needed here",
        f"find them: geoself calibrate --data={shlex.quote(source)} {guess}--scale=height=METRES "
        "--output=FILE.npz",
    )


def _check_printable(source: str, name: str, names: np.ndarray) -> None:
    """Names are printed, drawn and made into names of files: they hold nothing that acts there."""
    for at, text in enumerate(map(str, names.reshape(-1))):
        if ACTING.search(text):
            raise data_error(
                f"{source}: {name}[{at}] is {text!a}",
                "a name with control characters",
                "rename it, with characters that are seen",
            )


def _check_types(source: str, arrays: Mapping[str, np.ndarray]) -> None:
    """Text is text and numbers are numbers, before anything is computed with them."""
    for name in (*REQUIRED, *OPTIONAL):
        if name not in arrays or name in IGNORED:
            continue
        array = arrays[name]
        kinds = "U" if name in (*TEXT, *OTHER_TEXT) else "iu" if name in WHOLE else "iuf"
        if array.dtype.kind not in kinds and array.size:
            raise data_error(
                f"{source}: {name} has type {array.dtype}",
                f"wanted {_KINDS[kinds]}",
                f"save {name} with another dtype",
            )
        if name in SINGLE and array.size != 1:
            raise data_error(
                f"{source}: {name} has shape {array.shape}", "wanted one value", f"fix {name}"
            )


def check_shapes(source: str, arrays: Mapping[str, np.ndarray]) -> None:
    """Checks that all arrays agree in frames, views, joints and rigs, and that indices are valid.

    Args:
        source: Name for error messages.
        arrays: As in the file, after `check_names`.

    Raises:
        GeoselfError: A shape or an index is wrong, or there are no data (65).
    """
    keypoints_2d = arrays["keypoints_2d"]
    if keypoints_2d.ndim != 4 or keypoints_2d.shape[-1] != 2:
        raise data_error(
            f"{source}: keypoints_2d has shape {keypoints_2d.shape}",
            "wanted (frames, views, joints, 2)",
            "transpose or reshape it",
        )
    frames, views, joints, _ = keypoints_2d.shape
    for name in ("clip_names", "subject_names", "rig_names"):
        if arrays[name].ndim != 1:
            raise data_error(
                f"{source}: {name} has shape {arrays[name].shape}",
                "wanted a list of names",
                f"fix {name}",
            )
    _check_pose_joint_names(source, arrays)
    rigs = len(arrays["rig_names"])
    wanted = {
        "joint_names": (joints,),
        "confidence": (frames, views, joints),
        "pose_world": (frames, len(arrays.get("pose_joint_names", range(joints))), 3),
        "K": (rigs, views, 3, 3),
        "R": (rigs, views, 3, 3),
        "center": (rigs, views, 3),
        "dist": (rigs, views, 5),
        "image_size": (rigs, views, 2),
        "camera_names": (views,),
        "clip_actions": arrays["clip_names"].shape,
        "world_up": (arrays.get("world_up", np.empty(0)).size and 3,),
        "parents": (joints,),
        "body_metres": (2,),
        "left_right": (arrays.get("left_right", np.empty(0)).size // 2, 2),
        **{name: (frames,) for name in ("clip_id", "frame_id", "subject_id", "rig_id")},
    }
    for name, shape in wanted.items():
        if name in arrays and arrays[name].shape != shape:
            raise data_error(
                f"{source}: {name} has shape {arrays[name].shape}",
                f"wanted {shape}, as keypoints_2d has {frames} frames, {views} views and "
                f"{joints} joints and rig_names has {rigs} rigs" + _of_the_truth(name, arrays),
                "fix the array",
            )
    for count, word in ((frames, "frames"), (views, "views"), (joints, "joints")):
        if count == 0:
            raise data_error(f"{source}: 0 {word}", "no training data", "check the conversion")
    _check_ids(source, arrays)


def _of_the_truth(name: str, arrays: Mapping[str, np.ndarray]) -> str:
    if name != "pose_world" or "pose_joint_names" not in arrays:
        return ""
    return f"; pose_joint_names has {len(arrays['pose_joint_names'])} joints"


def _check_pose_joint_names(source: str, arrays: Mapping[str, np.ndarray]) -> None:
    """They are a list, and there is ground truth for them to name."""
    if "pose_joint_names" not in arrays:
        return
    if "pose_world" not in arrays:
        raise data_error(
            f"{source}: pose_joint_names without pose_world",
            "they name the joints of pose_world",
            "take them out, or add pose_world",
        )
    shape = arrays["pose_joint_names"].shape
    if len(shape) != 1 or not shape[0]:
        raise data_error(
            f"{source}: pose_joint_names has shape {shape}",
            "wanted a list of names",
            "fix pose_joint_names",
        )


def _check_ids(source: str, arrays: Mapping[str, np.ndarray]) -> None:
    for name, names in (
        ("clip_id", "clip_names"),
        ("subject_id", "subject_names"),
        ("rig_id", "rig_names"),
    ):
        ids, count = arrays[name], len(arrays[names])
        bad = np.flatnonzero((ids < 0) | (ids >= count))
        if bad.size:
            raise data_error(
                f"{source}: frame {bad[0]} has {name} {ids[bad[0]]}",
                f"{names} has {count} entries",
                f"fix {name}",
            )
    if arrays["frame_id"].min() < 0 or arrays["frame_id"].max() >= 2**31:
        raise data_error(
            f"{source}: frame_id goes from {arrays['frame_id'].min()} to "
            f"{arrays['frame_id'].max()}",
            "wanted indices of frames within their clips, in [0, 2^31)",
            "count frames from 0 in each clip",
        )


def placed(points: np.ndarray) -> np.ndarray:
    """Whether x and y of points (..., 2) are finite, (...,): by axis, for `.all(-1)` is slow."""
    return np.isfinite(points[..., 0]) & np.isfinite(points[..., 1])


def check_detections(source: str, arrays: Mapping[str, np.ndarray]) -> None:
    """Checks that confidences are in [0, 1], 0 where a joint is missing, and not all 0.

    Args:
        source: Name for error messages.
        arrays: As in the file, after `check_shapes`.

    Raises:
        GeoselfError: A confidence is wrong, or none is above 0 (65).
    """
    keypoints_2d, confidence = arrays["keypoints_2d"], arrays["confidence"]
    outside = ~((confidence >= 0) & (confidence <= 1))
    if outside.any():
        place = first_place(outside)
        raise data_error(
            f"{source}: confidence {float(confidence[place])} at {_name(arrays, place)}",
            "wanted a number in [0, 1]",
            "rescale the detector's scores (AlphaPose's older models give [0, 6])",
        )
    missing = ~placed(keypoints_2d)
    trusted = missing & (confidence > 0)
    if trusted.any():
        place = first_place(trusted)
        raise data_error(
            f"{source}: keypoints_2d is not finite at {_name(arrays, place)}, "
            f"with confidence {float(confidence[place]):.3f}",
            "a missing joint has NaN and confidence 0",
            "set its confidence to 0",
        )
    if not (confidence > 0).any():
        raise data_error(
            f"{source}: no joint has a positive confidence",
            "no training data",
            "check the detector's output; without scores set confidence to 1",
        )


def check_scene(source: str, arrays: Mapping[str, np.ndarray]) -> None:
    """Checks frame rate, image sizes, the vertical and the unit of the ground truth.

    Args:
        source: Name for error messages.
        arrays: As in the file, after `check_shapes`.

    Raises:
        GeoselfError: One of them is wrong (65).
    """
    fps = float(arrays["fps"].item())
    if not (np.isfinite(fps) and fps > 0):
        raise data_error(f"{source}: fps {fps}", "wanted frames per second, above 0", "fix fps")
    if (arrays["image_size"] <= 0).any():
        place = first_place(arrays["image_size"] <= 0)
        raise data_error(
            f"{source}: image_size of {camera_at(arrays, place)} is "
            f"{arrays['image_size'][place[:2]].tolist()}",
            "wanted width and height in pixels, above 0",
            "fix image_size",
        )
    up = vertical_of(arrays)
    if up is not None and not (np.isfinite(up).all() and np.linalg.norm(up) > 0):
        raise data_error(
            f"{source}: world_up {up.tolist()}",
            "wanted the direction against gravity",
            "give e.g. [0, 0, 1], or an empty array where it is unknown",
        )
    if "pose_world" in arrays:
        names = arrays.get("pose_joint_names", arrays["joint_names"])
        limits = known_size([str(name) for name in names], _declared(source, arrays))
        if limits is not None:
            _check_ground_truth(source, arrays["pose_world"], limits)


def vertical_of(arrays: Mapping[str, np.ndarray]) -> np.ndarray | None:
    """Returns the direction against gravity, (3,), of any length, in the world of a recording.

    None where `world_up` is empty: it is unknown. Z where the array is not there.
    """
    up = np.asarray(arrays.get("world_up", (0, 0, 1)), np.float64)
    return up if up.size else None


def _check_ground_truth(source: str, pose_world: np.ndarray, limits: tuple[float, float]) -> None:
    every = np.unique(np.linspace(0, len(pose_world) - 1, 500).astype(int))
    size = body_size(pose_world[every])
    if not (np.isnan(size) or limits[0] <= size <= limits[1]):
        raise wrong_unit(f"{source}: the body of pose_world", size, limits)


def _declared(source: str, arrays: Mapping[str, np.ndarray]) -> tuple[float, float] | None:
    if "body_metres" not in arrays:
        return None
    least, most = (float(size) for size in arrays["body_metres"])
    if not 0 < least <= most < np.inf:
        raise data_error(
            f"{source}: body_metres {[least, most]}",
            "wanted the smallest and the largest size of a body, metres, above 0",
            "fix it, or leave it out",
        )
    return least, most


def _name(arrays: Mapping[str, np.ndarray], place: tuple[int, ...]) -> str:
    frame, view, joint = place[:3]
    clip = arrays["clip_names"][arrays["clip_id"][frame]]
    return (
        f"frame {frame} (clip {str(clip)!r}, frame_id {int(arrays['frame_id'][frame])}), "
        f"view {view} ({arrays['camera_names'][view]}), "
        f"joint {joint} ({arrays['joint_names'][joint]})"
    )
