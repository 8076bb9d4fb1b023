"""Reads one person's detections in one camera's video, from detector files or a recording."""

import dataclasses
import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from geoself_jax.core.errors import data_error, nearest_name, usage_error
from geoself_jax.core.notices import silent
from geoself_jax.core.skeleton import Skeleton, compared
from geoself_jax.data.find_skeleton import find_known
from geoself_jax.data.frame_order import in_order
from geoself_jax.data.recording import Recording, from_arrays
from geoself_jax.data.roots import without_centroid
from geoself_jax.geometry.lenses import Lens
from geoself_jax.lift.camera_view import PINHOLE, View
from geoself_jax.lift.person import every_track, one_person
from geoself_jax.prepare.assemble import assemble
from geoself_jax.prepare.choose_person import Chosen
from geoself_jax.prepare.clip import Clip
from geoself_jax.prepare.common_clock import LONGEST, common_clock
from geoself_jax.prepare.detections import read_detections
from geoself_jax.prepare.detections.named_joints import UnknownJoints
from geoself_jax.prepare.detections.score_scale import scaled
from geoself_jax.prepare.instances import Instances
from geoself_jax.prepare.merge_rigs import each_once


@dataclass(frozen=True)
class Video:
    """One person's detections in one camera, in N frames with J joints.

    Attributes:
        source: File that was read, for messages.
        clip, action, subject: Names; empty where unknown.
        fps: Frames per second.
        frames: Number of frames of the video.
        frame_id: (N,) int64 frame number of each row, ascending.
        keypoints_2d: (N, J, 2) float32, px, undistorted; NaN where missing.
        confidence: (N, J) float32 in [0, 1]; 0 where missing.
        skeleton: Names and bones of the J joints.
        view: The camera.
    """

    source: str
    clip: str
    action: str
    subject: str
    fps: float
    frames: int
    frame_id: np.ndarray
    keypoints_2d: np.ndarray
    confidence: np.ndarray
    skeleton: Skeleton
    view: View


def read_video(
    path: Path | str,
    view: View,
    *,
    fps: float,
    format: str = "auto",
    skeleton: Skeleton | None = None,
    person: str = "auto",
    confidence_scale: float = 1.0,
    deviation_px: float | None = None,
    clip: str = "",
    max_bytes: int = 1 << 32,
    notice: Callable[[str], None] = silent,
    own: Skeleton | None = None,
) -> Video:
    """Reads a detector's output for one camera's video, processed as in `prepare`.

    Detections are undistorted, and a skeleton without a root gets the midpoint of its hips, or the
    centroid of its joints.

    Args:
        path: File or folder of any format of `prepare.detections`.
        view: The camera.
        fps: Frames per second.
        format: Format of the file, or `auto`.
        skeleton: Skeleton of its joints, where the file does not name them.
        person: Selection among several people, see `person.one_person`.
        confidence_scale: The detector's largest score.
        deviation_px: As of `prepare.detections.read_detections`.
        clip: Name of the video.
        max_bytes: Largest file size accepted.
        notice: Receives one line on how the file was interpreted.
        own: Skeleton of the model: that of a file which names its joints, and no known skeleton's.

    Raises:
        GeoselfError: Missing (66) or invalid file (65), several people and none selected (65).
    """
    path = Path(path)
    rest = (confidence_scale, deviation_px, max_bytes, notice, own)
    found = _read(path, view, format, skeleton, *rest)
    chosen = one_person(found, view.alone(), fps, person)
    notice(f"{path}: {_joints(found)}; {chosen.note}")
    return _chosen_video(str(path), found, chosen, view, fps, clip, "")


def read_tracks(
    path: Path | str,
    view: View,
    *,
    fps: float,
    format: str = "auto",
    skeleton: Skeleton | None = None,
    confidence_scale: float = 1.0,
    deviation_px: float | None = None,
    clip: str = "",
    max_bytes: int = 1 << 32,
    notice: Callable[[str], None] = silent,
    own: Skeleton | None = None,
) -> list[Video]:
    """Reads each track of a detector's output as the video of one person or animal.

    Args:
        path, view, fps, format, skeleton, confidence_scale: As of `read_video`.
        deviation_px, max_bytes, notice, own: As of `read_video`.
        clip: Name of the video; with the track's name it is that of each result.

    Returns:
        A video per track, in the file's order: its `subject` is the track's name. Without tracks,
        and never two in a frame, that of the one that is there.

    Raises:
        GeoselfError: Missing (66) or invalid file, or several in a frame without tracks (65).
    """
    path = Path(path)
    rest = (confidence_scale, deviation_px, max_bytes, notice, own)
    found = _read(path, view, format, skeleton, *rest)
    tracks, lost = every_track(found, view.alone(), fps)
    counts = ", ".join(f"{name} ({len(chosen.frame)})" for name, chosen in tracks.items() if name)
    tracked = f"; tracks, with their frames: {counts}" if counts else ""
    notice(f"{path}: {_joints(found)}{tracked}")
    if lost:
        notice(lost)
    return [
        _chosen_video(
            *(f"{path}, track {name}" if name else str(path), found, chosen, view, fps),
            "/".join(filter(None, (clip, name))),
            name,
        )
        for name, chosen in tracks.items()
    ]


def _read(
    path: Path,
    view: View,
    format: str,
    skeleton: Skeleton | None,
    confidence_scale: float,
    deviation_px: float | None,
    max_bytes: int,
    notice: Callable[[str], None],
    own: Skeleton | None,
) -> Instances:
    """Everybody in a file, in pixels, with confidences in [0, 1]."""
    read = functools.partial(
        read_detections,
        path,
        format=format,
        max_bytes=max_bytes,
        image_size=view.image_size,
        deviation_px=deviation_px,
    )
    found = read(skeleton=skeleton) if skeleton or not own else _in_own(read, own)
    found = scaled(found, confidence_scale)
    (found,), assumed = common_clock([found], [view.name])
    for note in filter(None, (*found.notes, assumed)):
        notice(note)
    return found


def _joints(found: Instances) -> str:
    joints = ", ".join(found.skeleton.joint_names[:3])
    assumed = f" (assumed: {found.assumed}, else --skeleton)" if found.assumed else ""
    return f"{found.skeleton.joints} joints, {joints} ...{assumed}"


def _chosen_video(
    source: str,
    found: Instances,
    chosen: Chosen,
    view: View,
    fps: float,
    clip: str,
    subject: str,
) -> Video:
    """One person's detections, undistorted and with a root."""
    seen = (chosen.confidence > 0).any((1, 2))
    one = Clip(
        name=clip,
        action="",
        subject=subject,
        rig=view.alone(),
        skeleton=found.skeleton,
        fps=fps,
        keypoints_2d=chosen.keypoints_2d[seen],
        confidence=chosen.confidence[seen],
        frame_id=chosen.frame[seen].astype(np.int32),
    )
    recording = from_arrays(assemble([one]), source)
    video = videos_of(recording, source, view.name)[0]
    return dataclasses.replace(video, view=view, frames=found.frames)


def _in_own(read: Callable[..., Instances], own: Skeleton) -> Instances:
    """Detections in the model's own joints where the file's have the same names, which are new."""
    own = without_centroid(own)
    try:
        found = read(skeleton=None)
    except UnknownJoints as error:
        if not _same_names(error.names, own.joint_names):
            raise data_error(
                f"{error.source}: joints {', '.join(error.names)}",
                f"the model's are {', '.join(own.joint_names)}",
                "describe the file's: --skeleton=FILE.toml, joints of the model by their names",
            ) from error
        return read(skeleton=own)
    named = found.skeleton.joint_names
    if find_known(named) is not None or not _same_names(named, own.joint_names):
        return found
    return read(skeleton=own)


def _same_names(a: Sequence[str], b: Sequence[str]) -> bool:
    return sorted(compared(a)) == sorted(compared(b))


def videos_of(
    recording: Recording, source: str, camera: str | None = None, clip: str | None = None
) -> list[Video]:
    """Returns the videos of one camera of a recording, one per clip.

    Args:
        recording: Recording of one or more clips.
        source: Name of the recording in messages.
        camera: Name of the camera; None where there is only one.
        clip: Name of one clip; None for all.

    Raises:
        GeoselfError: No such camera or clip; too long a clip; a frame number that is there twice
            (65); no camera named (64).
    """
    view = _camera(recording, source, camera)
    ids = np.stack([recording.clip_id, recording.subject_id, recording.rig_id], -1)
    groups, first = np.unique(ids, axis=0, return_index=True)
    groups = groups[np.argsort(first)]
    names = each_once([recording.clip_names[group[0]] for group in groups])
    if clip is not None and clip not in names:
        raise data_error(f"{source}: no clip {clip!r}", nearest_name(clip, names), "")
    return [
        _video(recording, source, np.flatnonzero((ids == group).all(1)), view, name)
        for group, name in zip(groups, names, strict=True)
        if clip in (None, name)
    ]


def _camera(recording: Recording, source: str, camera: str | None) -> int:
    names = recording.camera_names
    if camera in names:
        return names.index(camera)
    if camera is not None:
        raise data_error(f"{source}: no camera {camera!r}", nearest_name(camera, names), "")
    if len(names) > 1:
        raise usage_error(
            source,
            f"a camera is required; it has {', '.join(names)}",
            f"name one: --camera={names[0]}",
        )
    return 0


def _video(recording: Recording, source: str, at: np.ndarray, view: int, name: str) -> Video:
    camera = recording.camera_names[view]
    at = in_order(recording, at, f"{source}: clip {name!r}, camera {camera!r}")
    first, frame_id = at[0], recording.frame_id[at].astype(np.int64)
    _check_last(source, int(frame_id[-1]))
    rig = recording.rig_id[first]
    width, height = recording.image_size[rig, view]
    K, R, center = (array[rig, view] for array in recording.camera)
    lens = PINHOLE if recording.dist is None else Lens(tuple(recording.dist[rig, view].tolist()))
    return Video(
        source=source,
        clip=name,
        action=recording.clip_actions[recording.clip_id[first]],
        subject=recording.subject_names[recording.subject_id[first]],
        fps=recording.fps,
        frames=int(frame_id[-1]) + 1,
        frame_id=frame_id,
        keypoints_2d=recording.keypoints_2d[at, view],
        confidence=recording.confidence[at, view],
        skeleton=recording.skeleton,
        view=View(
            name=camera,
            K=K,
            lens=lens,
            lens_known=recording.dist is not None,
            image_size=(int(width), int(height)),
            R=R,
            center=center,
            world_up=recording.world_up,
        ),
    )


def _check_last(source: str, last: int) -> None:
    if last >= LONGEST:
        raise data_error(
            f"{source}: frame number {last}",
            f"a video has at most {LONGEST} frames",
            "number them from 0",
        )
