"""The videos that the flags of lift name: detections of one camera, and the camera."""

import argparse
import math
from collections.abc import Sequence

from geoself_jax.core.errors import usage_error
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.skeleton_files import named_skeleton
from geoself_jax.data.sources import load
from geoself_jax.lift.camera_view import View
from geoself_jax.lift.clip_files import CLIP
from geoself_jax.lift.exchanged_sides import sides_repaired
from geoself_jax.lift.find_camera import guessed_view, read_view
from geoself_jax.lift.flags import is_recording, parse_size
from geoself_jax.lift.person import ALL
from geoself_jax.lift.say import note, warn
from geoself_jax.lift.video_detections import Video, read_tracks, read_video, videos_of
from geoself_jax.prepare.confidence_flag import deviation_px


def read_videos(flags: argparse.Namespace, own: Skeleton) -> tuple[list[Video], bool]:
    """The videos that the flags name, and whether they come with ground truth.

    `own` are the model's joints.
    """
    if is_recording(flags.keypoints):
        recording = load(flags.keypoints, synthetic_frames=flags.frames or 8000)
        videos = videos_of(recording, flags.keypoints, flags.camera, flags.clip)
        return videos, recording.pose_world is not None
    options = {
        "fps": flags.fps,
        "format": flags.detections,
        "skeleton": named_skeleton(flags.skeleton) if flags.skeleton else None,
        "confidence_scale": flags.confidence_scale,
        "deviation_px": deviation_px(flags.confidence_from, flags.confidence_scale),
        "clip": flags.clip or "",
        "max_bytes": flags.max_bytes,
        "notice": note,
        "own": own,
    }
    if flags.person == ALL:
        videos = read_tracks(flags.keypoints, read_camera(flags), **options)
        _check_several(flags, [video.subject for video in videos])
    else:
        videos = [read_video(flags.keypoints, read_camera(flags), person=flags.person, **options)]
    return [sides_repaired(video, flags.sides, note) for video in videos], False


def _check_several(flags: argparse.Namespace, tracks: Sequence[str]) -> None:
    """A file for each track."""
    if len(tracks) > 1 and CLIP not in flags.out:
        listed = ", ".join(tracks[:6]) + (f" and {len(tracks) - 6} more" if len(tracks) > 6 else "")
        raise usage_error(
            f"--out={flags.out}: {len(tracks)} tracks, {listed}",
            "a file holds one",
            f"add {CLIP}, the track's name, or choose one: --person=track:{tracks[0]}",
        )


def read_camera(flags: argparse.Namespace) -> View:
    """The calibrated camera, or the guess that the flags make, with a warning."""
    size = parse_size(flags.image_size)
    if flags.camera is not None:
        return read_view(
            flags.camera,
            format=flags.calibration_format,
            rig=flags.rig,
            unit=flags.unit,
            up=flags.world_up,
            image_size=size,
            notice=note,
        )
    assert size is not None
    view = guessed_view(size, fov=flags.fov, focal=flags.focal)
    across, down = (
        2 * math.degrees(math.atan(side / 2 / view.K[0, 0])) for side in view.image_size
    )
    warn(
        f"no calibration: a focal length of {view.K[0, 0]:.0f} px ({across:.0f} degrees across the "
        f"{view.image_size[0]} px of the image's width, {down:.0f} across its {view.image_size[1]} "
        "px of height), the middle of the image and a lens without distortion are guesses - the "
        "body's distance and its way through the room are as good as these; the pose itself "
        "suffers less"
    )
    return view
