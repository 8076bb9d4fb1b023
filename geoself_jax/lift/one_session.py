"""Whether what is said once of a session holds for each of the videos that are lifted."""

from collections.abc import Sequence

from geoself_jax.core.errors import one_line, usage_error
from geoself_jax.lift.output import Output
from geoself_jax.lift.video_detections import Video


def session_caution(output: Output, videos: Sequence[Video]) -> str:
    """Returns a warning where one start is written for several videos; empty where it is not.

    Args:
        output: Whose subject and start are those of all files.
        videos: Of a recording.

    Raises:
        GeoselfError: One subject is given, and several are in the videos (64).
    """
    subjects = list(dict.fromkeys(video.subject for video in videos))
    if output.subject and len(subjects) > 1:
        listed = one_line(", ".join(subjects[:6])) + ", ..." * (len(subjects) > 6)
        raise usage_error(
            f"--nwb-subject={one_line(output.subject)}",
            f"the videos are of {len(subjects)}: {listed}",
            "leave it out, or lift those of one: --clip=NAME",
        )
    if output.session_start is None or len(videos) < 2:
        return ""
    return (
        f"frame 0 of all {len(videos)} videos is written as of {one_line(output.session_start)} - "
        "right where they began together - else lift each with its own: --clip=NAME"
    )
