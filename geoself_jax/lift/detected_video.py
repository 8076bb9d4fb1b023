"""The joints of the video that lift was given, in a file next to its output."""

import argparse
from collections.abc import Callable
from pathlib import Path

from geoself_jax.core.errors import WORKDIR, GeoselfError
from geoself_jax.data.files.detections_file import header_of
from geoself_jax.detect.video import detect_video
from geoself_jax.runtime.outputs import check_outputs


def detected(flags: argparse.Namespace, notice: Callable[[str], None]) -> str:
    """Returns the file of a video's joints, detected unless it is there already.

    Args:
        flags: Of lift, with `video`.
        notice: Receives lines on the video and the file.

    Raises:
        GeoselfError: No video (66) or a bad one (65); no detector (69); what is there is another
            program's (73).
    """
    video = Path(flags.video)
    named = Path(flags.out.replace("{clip}", flags.clip or video.stem))
    out = named.with_name(f"{named.stem}.joints.json")
    check_outputs([("--out", out)], {"--video": [video]})
    if out.is_file() and header_of(out) is None:
        why = "is there, and was not written by detect; nothing was touched"
        raise GeoselfError(str(out), why, "choose another --out", WORKDIR)
    found = detect_video(
        video,
        out,
        kind=flags.detector,
        python=flags.detector_python,
        options={},
        fps=flags.fps,
        notice=notice,
    )
    done = "are there already" if found.seen < 0 else f"written, of {found.seen} frames"
    notice(f"{out}: the joints, {done}")
    return str(out)
