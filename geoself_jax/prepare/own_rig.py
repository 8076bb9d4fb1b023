"""A lab's own recording: a calibration and each camera's detections become one clip."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from geoself_jax.core.errors import data_error, nearest_name, usage_error
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.rig import Rig
from geoself_jax.prepare.calibrations import read_calibration
from geoself_jax.prepare.choose_person import choose_person
from geoself_jax.prepare.clip import Clip, Reading, ReadOptions
from geoself_jax.prepare.common_clock import common_clock, starts_differ
from geoself_jax.prepare.datasets.human36m_cameras import human36m_rig
from geoself_jax.prepare.detections import read_detections, recognize_detections
from geoself_jax.prepare.detections.score_scale import scaled
from geoself_jax.prepare.instances import Instances
from geoself_jax.prepare.match_cameras import match_cameras
from geoself_jax.prepare.merge_rigs import check_image_sizes

HUMAN36M = "human36m:"
"""What a published rig's name starts with, in place of a calibration's path."""


@dataclass(frozen=True)
class RigOptions:
    """What the files of a recording do not say by themselves.

    Attributes:
        calibration: File or folder of the cameras; None looks for one in each input.
        calibration_format, detections_format: `auto`, or the name of a format.
        rig: Which rig, where the calibration holds several.
        unit, up: Of the calibration's world; None as its format has it.
        camera_paths: Detections by camera name, where file names are ambiguous.
        skeleton: Of the detections; None where the file names its joints.
        person: Which of several people, see `choose_person.choose_person`.
        fps: Frames per second.
        image_size: Width and height by camera name; under "" for all cameras.
        confidence_scale: The detector's largest score.
        trim: Where cameras have different numbers of frames, take those that all have.
        subject, action: Names; None takes the input folder's.
    """

    calibration: Path | None = None
    calibration_format: str = "auto"
    detections_format: str = "auto"
    rig: str | None = None
    unit: str | None = None
    up: str | None = None
    camera_paths: Mapping[str, Path] = dataclasses.field(default_factory=dict)
    skeleton: Skeleton | None = None
    person: str = "auto"
    fps: float | None = None
    image_size: Mapping[str, tuple[int, int]] = dataclasses.field(default_factory=dict)
    confidence_scale: float = 1.0
    trim: bool = False
    subject: str | None = None
    action: str | None = None


def read_own_rig(inputs: Sequence[Path], own: RigOptions, options: ReadOptions) -> Reading:
    """One clip from each input folder.

    Args:
        inputs: Folders with each camera's detections, and the calibration unless it is given; none
            where `camera_paths` of `own` names the detections.
        own: About the recording.
        options: What to take of it.

    Raises:
        GeoselfError: No frame rate (64); files missing (66) or bad (65).
    """
    if own.fps is None:
        raise usage_error("--fps", "the files do not hold the frame rate", "give --fps")
    if own.camera_paths and len(inputs) > 1:
        raise usage_error(
            "--camera", "it names the files of one recording", "prepare one --input at a time"
        )
    folders: Sequence[Path | None] = inputs or [None]
    return Reading(len(folders), (_clip(folder, own, options) for folder in folders))


def _clip(folder: Path | None, own: RigOptions, options: ReadOptions) -> Clip:
    rig = read_rig(own, folder, options.notice)
    paths = match_cameras(folder, rig.camera_names, own.camera_paths, own.detections_format)
    rig = rig if options.cameras is None else rig.select(options.cameras)
    for name in rig.camera_names:
        if name not in paths:
            options.notice(f"camera {name} is left out: no detections belong to it")
    rig = rig.select([name for name in rig.camera_names if name in paths])
    if rig.views < 2:
        raise data_error(
            f"{folder or 'the cameras named'}: detections of {rig.views} camera",
            "training needs two or more",
            "add cameras",
        )
    check_image_sizes(rig)
    views = _views(rig, paths, own, options)
    frames = _common_frames(views, rig, own, options)
    fps = float(own.fps or 0)
    chosen = choose_person(views, rig, frames=frames, fps=fps, how=own.person)
    name = folder.name if folder else "recording"
    skeleton = views[0].skeleton
    options.notice(_summary(name, rig, paths, own.detections_format, skeleton, chosen.note))
    somebody = (chosen.confidence > 0).any((1, 2))
    taken = np.flatnonzero(somebody)
    taken = taken[taken % options.every == 0]
    if not taken.size:
        raise data_error(f"{name}: nobody is seen in any frame", "", "check the detections")
    return Clip(
        name=name,
        action=own.action or name,
        subject=own.subject or name,
        rig=rig,
        skeleton=views[0].skeleton,
        fps=fps / options.every,
        keypoints_2d=chosen.keypoints_2d[taken],
        confidence=chosen.confidence[taken],
        frame_id=(taken // options.every).astype(np.int32),
    )


def _summary(
    name: str, rig: Rig, paths: Mapping[str, Path], kind: str, skeleton: Skeleton, note: str
) -> str:
    """One line: the file of each camera, the joints, and how the person was chosen."""
    reason = recognize_detections(paths[rig.camera_names[0]], kind)
    cameras = ", ".join(f"{camera} = {paths[camera].name}" for camera in rig.camera_names)
    joints = f"{skeleton.joints} joints {', '.join(skeleton.joint_names[:3])} ..."
    return f"{name}: cameras of {rig.name}: {cameras} ({reason}); {joints}; {note}"


def read_rig(own: RigOptions, folder: Path | None, notice: Callable[[str], None]) -> Rig:
    """The cameras: a calibration's file, `human36m:SUBJECT`, or what lies in the input folder.

    Raises:
        GeoselfError: None is named (64); missing (66) or bad (65).
    """
    path = own.calibration or folder
    if path is None:
        raise usage_error("--calibration", "cameras are required", "give a file, or human36m:S1")
    if str(path).startswith(HUMAN36M):
        if own.image_size or own.unit or own.up or own.rig:
            raise usage_error(
                f"--calibration={path}",
                "the published rig has its unit, its vertical and its image sizes",
                "leave out --unit, --up, --image-size and --rig",
            )
        return human36m_rig(str(path).removeprefix(HUMAN36M))
    rig = read_calibration(
        path,
        format=own.calibration_format,
        unit=own.unit,
        up=own.up,
        name=own.rig,
        notice=notice,
    )
    for name in filter(None, own.image_size):
        if name not in rig.camera_names:
            raise usage_error(
                f"--image-size={name}=...", "no such camera", nearest_name(name, rig.camera_names)
            )
    sizes = rig.image_size.copy()
    for view, name in enumerate(rig.camera_names):
        given = own.image_size.get(name, own.image_size.get(""))
        if given is not None:
            sizes[view] = given
    return dataclasses.replace(rig, image_size=sizes)


def _views(
    rig: Rig, paths: Mapping[str, Path], own: RigOptions, options: ReadOptions
) -> list[Instances]:
    """Each camera's detections, by one clock; says what was assumed."""
    views = []
    for name, size in zip(rig.camera_names, rig.image_size.tolist(), strict=True):
        found = read_detections(
            paths[name],
            format=own.detections_format,
            skeleton=own.skeleton,
            max_bytes=options.max_bytes,
            image_size=(size[0], size[1]),
        )
        views.append(scaled(found, own.confidence_scale))
        for note in views[-1].notes:
            options.notice(note)
    timed, assumed = common_clock(views, rig.camera_names)
    if assumed:
        options.notice(assumed)
    return timed


def _common_frames(
    views: Sequence[Instances], rig: Rig, own: RigOptions, options: ReadOptions
) -> int:
    """Number of frames that all cameras have; unequal numbers are refused without `trim`.

    Where files begin at different frames their numbers are a clock, and all frames are taken.
    """
    counts = [view.frames for view in views]
    least, most = int(np.argmin(counts)), int(np.argmax(counts))
    if counts[least] != counts[most] and starts_differ(views) and not own.trim:
        return counts[most]
    if counts[least] != counts[most]:
        lengths = (
            f"{counts[least]} frames of camera {rig.camera_names[least]}, {counts[most]} of "
            f"{rig.camera_names[most]}"
        )
        if not own.trim:
            raise data_error(
                f"{views[least].source}: {lengths}",
                "synchronized cameras have equally many; a dropped frame shifts all later ones",
                "if they start together, --trim takes the first ones of all",
            )
        options.notice(f"{lengths}: took the first {counts[least]} (--trim)")
    return counts[least]
