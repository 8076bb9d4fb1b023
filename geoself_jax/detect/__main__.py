"""2D joints in videos: geoself detect VIDEO... --out=DIR"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from geoself_jax.core.errors import missing_error, nearest_name, usage_error
from geoself_jax.runtime import cli, phases

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

DETECTORS = ("mediapipe", "rtmlib")

_DESCRIPTION = """Finds the joints of people in videos and writes a JSON file for each, which
prepare and lift read. Frames are upright, as players show them, and at even times. The detector
runs in a Python of its own, --detector-python, as its packages and ours do not go together."""
_EXAMPLES = (
    "--out=joints --detector-python=mediapipe-env/bin/python cam01.mp4 cam02.mp4",
    "--out=joints --detector=rtmlib --detector-python=rtmlib-env/bin/python videos",
)


def make_parser() -> cli.Parser:
    """The flags."""
    parser = cli.Parser(prog=cli.program("detect"), description=_DESCRIPTION, examples=_EXAMPLES)
    add = parser.add_argument
    add("videos", nargs="*", metavar="VIDEO", help="videos, or folders of videos")
    add("--out", required=True, metavar="DIR", help="folder to write NAME.json of each video to")
    add("--detector", default="mediapipe", help="mediapipe, rtmlib or your own .py (mediapipe)")
    add("--detector-python", metavar="PATH", help="the Python that has it (this one)")
    add("--model", metavar="FILE", help="of rtmlib: an RTMPose .onnx (BodyWithFeet, fetched)")
    add("--boxes", metavar="FILE", help="of rtmlib with --model: a YOLOX .onnx that finds people")
    add("--device", metavar="NAME", help="of rtmlib: cpu or cuda (cpu)")
    add("--fps", type=float, help="frames per second to look at (the video's)")
    add("--again", action="store_true", help="replace files that are there already")
    return parser


def main(argv: Sequence[str]) -> int:
    """Parses the command line, detects, and says what the files hold."""
    parser = make_parser()
    flags, overrides = cli.parse(parser, argv)
    cli.refuse_overrides(overrides)
    _check(flags)
    count = len(flags.videos)
    what = flags.videos[0] if count == 1 else f"{count} inputs"
    phases.begin("detect", f"detecting people in {what}, to {flags.out}")
    files = _detected(flags)
    print(_then(flags, files))
    return 0


def detect_as(argv: Sequence[str]) -> "list[Path]":
    """Detects as a part of another command, with the flags of this one; returns the files.

    Raises:
        GeoselfError: As the command.
    """
    flags, _ = cli.parse(make_parser(), argv)
    _check(flags)
    return _detected(flags)


def _detected(flags: "argparse.Namespace") -> "list[Path]":
    """The files of all videos, written unless they are there."""
    from geoself_jax.detect.video import detect_video

    outputs = _outputs(flags)
    options = {name: getattr(flags, name) for name in ("model", "boxes", "device")}
    for video, out in outputs.items():
        found = detect_video(
            video,
            out,
            kind=flags.detector,
            python=flags.detector_python,
            options=options,
            fps=flags.fps,
            again=flags.again,
        )
        print(_summary(out, found.seen, found.header.frames))
    return [*outputs.values()]


def _summary(out: "Path", seen: int, frames: int) -> str:
    if seen < 0:
        return f"{out}: is there already, of this video and detector; --again detects again"
    return f"written to {out}: somebody in {seen} of {frames} frames"


def _then(flags: "argparse.Namespace", files: "Sequence[Path]") -> str:
    """The command to go on with: a recording of several cameras, or poses of one."""
    if len(files) == 1:
        camera = ("--model=EXPORT", "--camera=CALIBRATION:NAME", "--out=poses.npz")
        return cli.then("lift", f"--keypoints={files[0]}", *camera)
    rig = ("--calibration=CALIBRATION", "--output=recording.npz")
    return cli.then("prepare", "--input", str(files[0].parent), *rig)


def _check(flags: "argparse.Namespace") -> None:
    """What argparse does not check."""
    if not flags.videos:
        raise usage_error("VIDEO", "required", "name a video or a folder of videos")
    if flags.fps is not None and not 0 < flags.fps < 1e5:
        raise usage_error(f"--fps={flags.fps:g}", "wanted a number above 0", "change it")
    if flags.detector not in DETECTORS and not flags.detector.endswith(".py"):
        near = nearest_name(flags.detector, DETECTORS)
        raise usage_error(f"--detector={flags.detector}", "no such detector", near)
    for name in ("model", "boxes", "device"):
        if flags.detector != "rtmlib" and getattr(flags, name) is not None:
            do = "leave it out, or --detector=rtmlib"
            raise usage_error(f"--{name}", f"it says nothing about {flags.detector}", do)
    if flags.boxes and not flags.model:
        raise usage_error("--boxes", "without --model rtmlib has its own", "give --model=FILE too")


def _outputs(flags: "argparse.Namespace") -> "dict[Path, Path]":
    """The file of each video.

    Raises:
        GeoselfError: No such video or model (66); two videos of one name (64); a file that is
            there is not one of ours, or another video's (73).
    """
    from pathlib import Path

    from geoself_jax.core.errors import WORKDIR, GeoselfError
    from geoself_jax.data.files.detections_file import header_of
    from geoself_jax.runtime.outputs import check_outputs

    own = flags.detector if flags.detector.endswith(".py") else None
    files = {"model": flags.model, "boxes": flags.boxes, "detector": own}
    for name, path in files.items():
        if path is not None and not Path(path).is_file():
            raise missing_error(f"--{name}={path}", "no such file", "check the path")
    _check_folder(Path(flags.out))
    videos = [video for given in flags.videos for video in _videos(Path(given))]
    outputs: dict[Path, Path] = {}
    by_name: dict[Path, Path] = {}
    for video in videos:
        out = Path(flags.out) / f"{video.stem}.json"
        other = by_name.setdefault(out, video)
        if other != video:
            why = f"both would be {out}"
            raise usage_error(f"{other} and {video}", why, "detect them to a folder each")
        outputs[video] = out
    check_outputs([(f"--out, {v}", p) for v, p in outputs.items()], {"VIDEO": [*outputs]})
    for video, out in outputs.items():
        there = header_of(out)
        if out.is_file() and there is None:
            why = "is there, and was not written by detect; nothing was touched"
            raise GeoselfError(str(out), why, "choose another --out", WORKDIR)
        size = video.stat().st_size
        if there and not flags.again and (there.video, there.video_bytes) != (video.name, size):
            why = f"is there, of another {there.video} ({there.video_bytes} bytes)"
            raise GeoselfError(str(out), why, "choose another --out, or --again", WORKDIR)
    return outputs


def _check_folder(out: "Path") -> None:
    """Refuses a folder that cannot be written, before the hours that detection may take."""
    import os

    from geoself_jax.core.errors import WORKDIR, GeoselfError

    there = next(place for place in (out, *out.absolute().parents) if place.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        why = f"{there} is no folder" if not there.is_dir() else f"{there} cannot be written to"
        raise GeoselfError(f"--out={out}", why, "choose another --out", WORKDIR)


def _videos(path: "Path") -> "list[Path]":
    """A video, or the videos of a folder in the order of their names."""
    from geoself_jax.data.files.mistaken import VIDEOS

    if not path.exists():
        raise missing_error(str(path), "no such video", "check the path")
    if not path.is_dir():
        return [path]
    found = sorted(p for p in path.iterdir() if p.suffix.lower() in VIDEOS and p.name[0] != ".")
    if not found:
        raise missing_error(str(path), f"no video in it ({', '.join(VIDEOS[:4])} ...)", "name one")
    return found


if __name__ == "__main__":
    cli.run(main)
