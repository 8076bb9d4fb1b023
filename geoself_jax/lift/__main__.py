"""3D joints of one camera: geoself lift --model=DIR --keypoints=PATH --out=FILE"""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from geoself_jax.core.errors import usage_error
from geoself_jax.core.up_flag import parse_up
from geoself_jax.runtime import cli, phases

if TYPE_CHECKING:
    import argparse

    from geoself_jax.core.skeleton import Skeleton
    from geoself_jax.lift.camera_view import View
    from geoself_jax.lift.lift_all import Done
    from geoself_jax.lift.output import Output
    from geoself_jax.lift.video_detections import Video

_DESCRIPTION = """Lifts the 2D joints of one person or animal, as a detector found them in one
camera's video, to 3D joints in metres. Frames in which nobody was found stay missing."""

_EPILOG = """Keypoints: a file or folder of OpenPose, AlphaPose, MMPose, COCO results, DeepLabCut,
SLEAP, MediaPipe or YOLO; or a recording of ours (.npz, synthetic:test, tfds:NAME), of which
--camera=NAME is then a camera, and --clip=NAME a clip ({clip} in --out writes a file for each)."""

_EXAMPLES = (
    "--model=export --keypoints=test.npz --camera=front_left --out=poses_{clip}.npz",
    "--model=export --keypoints=lab/test/mona/front_left_json --fps=50 --skeleton=h36m_17 "
    "--camera=lab/Calib.toml:front_left --out=poses.npz",
)

DETECTIONS = (
    *("fps", "detections", "skeleton", "person", "confidence_scale", "confidence_from"),
    "max_bytes",
)
CALIBRATION = ("calibration_format", "rig", "unit", "world_up")
GUESS = ("fov", "focal")


def make_parser() -> cli.Parser:
    """The flags."""
    parser = cli.Parser(
        prog=cli.program("lift"), description=_DESCRIPTION, epilog=_EPILOG, examples=_EXAMPLES
    )
    add = parser.add_argument
    add("--model", required=True, metavar="EXPORT", help="folder that export wrote")
    add("--keypoints", required=True, metavar="PATH", help="what the 2D detector wrote, or a .npz")
    add(
        "--out", required=True, metavar="FILE", help="file to write, its ending says in what format"
    )
    add("--camera", metavar="CALIB[:NAME]", help="calibration and camera, or human36m:S1:54138969")
    add("--clip", help="which clip of a recording; for a detector's files, the video's name")
    add("--frames", type=int, help="of synthetic data (8000)")
    add("--min-confidence", type=float, default=0.0, help="a joint less sure is not looked at (0)")
    detector = parser.add_argument_group("a detector's files")
    add = detector.add_argument
    add("--fps", type=float, help="frames per second")
    add("--detections", default="auto", metavar="FORMAT", help="if it cannot be recognized")
    add("--skeleton", help="of the detections: coco_17, body_25, ... or a .toml file")
    add("--person", default="auto", help="of several: only, largest, track:NAME, all (auto: only)")
    add("--confidence-scale", type=float, default=1.0, help="the detector's largest score (1)")
    add("--confidence-from", metavar="WHAT", help="likelihood, or variance[:PX] (likelihood)")
    add("--max-bytes", type=int, default=4 * 2**30, help="refuse files that unpack to more (4 GiB)")
    camera = parser.add_argument_group("the camera")
    add = camera.add_argument
    add("--calibration-format", default="auto", help="if it cannot be recognized")
    add("--rig", help="which, where the calibration holds several (karfly's JSON: a subject)")
    add("--unit", choices=("m", "cm", "mm"), help="of the calibration, if its format has none")
    add("--world-up", metavar="AXIS", help="against gravity in it: z, ..., 0.1,0.2,0.97, unknown")
    add("--fov", type=float, metavar="DEGREES", help="a guess without calibration: horizontal")
    add("--focal", type=float, metavar="PX", help="or a guess: focal length")
    add("--image-size", metavar="WxH", help="of the images, pixels")
    output = parser.add_argument_group("the output")
    add = output.add_argument
    add("--out-format", metavar="PROGRAM", help="of .csv and .h5: anipose, deeplabcut, ...")
    add("--out-unit", choices=("m", "cm", "mm"), help="of those, whose files do not say it (mm)")
    add(
        "--nwb-session-start",
        metavar="TIME",
        help="of .nwb, required: of the video's frame 0, as 2026-01-31T12:00:00+01:00",
    )
    add("--nwb-subject", metavar="ID", help="of .nwb: who was recorded (the person's name)")
    add("--root", choices=("absolute", "relative"), default="absolute", help="position (absolute)")
    add("--axes", choices=("camera", "world"), default="camera", help="of the joints (camera)")
    add(
        "--up",
        choices=("y", "z", "as-is"),
        help="turn them so that this is up (as is the format's)",
    )
    add("--filter", help="over time: butterworth:6 or one-euro:1.0,0.05, in Hz (none)")
    return parser


def main(argv: Sequence[str]) -> int:
    """Parses the command line, reads, lifts, writes; returns the exit code."""
    parser = make_parser()
    flags, overrides = cli.parse(parser, argv)
    cli.refuse_overrides(overrides)
    check(flags, parser)
    phases.begin("lift", f"lifting {flags.keypoints} with {flags.model} to {flags.out}")

    import time
    from pathlib import Path

    import jax

    from geoself_jax.data.files.mistaken import refuse_mistaken
    from geoself_jax.data.poses.filters import parse_filter
    from geoself_jax.lift.cautions import cautions_of, other_rate
    from geoself_jax.lift.lift_all import lift_all
    from geoself_jax.lift.lifter import load_lifter
    from geoself_jax.lift.one_session import session_caution
    from geoself_jax.lift.output import Output
    from geoself_jax.runtime import devices

    relative, world = flags.root == "relative", flags.axes == "world"
    smooth = parse_filter(flags.filter) if flags.filter else None
    output = Output(
        flags.out,
        format=flags.out_format,
        unit=flags.out_unit,
        session_start=flags.nwb_session_start,
        subject=flags.nwb_subject,
        relative=relative,
        world=world,
        up=flags.up,
        filter=smooth,
    )
    devices.use_compilation_cache()
    # Most videos are lifted sooner than compiled for: programs that compile quickly are kept too.
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.1)
    devices.devices()
    if not is_recording(flags.keypoints):
        refuse_mistaken(f"--keypoints={flags.keypoints}", Path(flags.keypoints), array=True)
    with phases.phase("reading the networks"):
        lifter = load_lifter(flags.model)
    start = time.perf_counter()
    with phases.phase(f"reading {flags.keypoints}"):
        videos, truth = read(flags, lifter.skeleton)
    replaced = _check_output(flags, output, [video.clip for video in videos])
    reading = time.perf_counter() - start
    once = [other_rate(lifter, video) for video in videos[:1]]
    if is_recording(flags.keypoints):
        once.append(session_caution(output, videos))
    given = [line for video in videos for line in cautions_of(video)]
    for line in (*given, *filter(None, once)):
        _warn(line)
    done = lift_all(lifter, videos, output, min_confidence=flags.min_confidence, notice=_note)
    for line in done.warnings:
        _warn(line)
    print(summary(done, reading, replaced) + _then(flags, done.files[0], truth))
    return 0


def _then(flags: "argparse.Namespace", first: str, truth: bool) -> str:
    """The command that shows a file, next to the ground truth where there is one."""
    from pathlib import Path

    if not first.lower().endswith((".npz", ".json")):  # others do not say what the joints are
        return ""
    known = [f"--data={flags.keypoints}"] * truth
    if truth and flags.frames is not None:
        known.append(f"--frames={flags.frames}")
    page = Path(first).with_suffix(".html")
    return f"; {cli.then('view', '--poses', first, *known, f'--out={page}')}"


def _check_output(flags: "argparse.Namespace", output: "Output", clips: Sequence[str]) -> int:
    """How many of the files to write are there; refused where one is an input."""
    from geoself_jax.data.files import npz
    from geoself_jax.data.poses.npz_file import MARKS
    from geoself_jax.data.sources import place
    from geoself_jax.lift.find_camera import HUMAN36M, split_camera
    from geoself_jax.runtime.outputs import check_outputs

    recorded = is_recording(flags.keypoints)
    inputs = {
        "--keypoints": [place(flags.keypoints)],
        "--model": [flags.model],
        "--skeleton": [flags.skeleton],
    }
    if flags.camera and not recorded and not flags.camera.startswith(HUMAN36M):
        inputs["--camera"] = [split_camera(flags.camera)[0]]
    outputs = [("--out", path) for path in output.places(clips)]
    return len(check_outputs(outputs, inputs, ours=lambda p: npz.member_names(p) >= MARKS))


def check(flags: "argparse.Namespace", parser: cli.Parser) -> None:
    """What argparse does not check, before anything slow is imported."""
    recorded = is_recording(flags.keypoints)
    unused = (*DETECTIONS, *CALIBRATION, *GUESS, "image_size") if recorded else ("frames",)
    for name in unused:
        if getattr(flags, name) != parser.get_default(name):
            kind = "a recording of ours" if recorded else "a detector's files"
            raise usage_error(_flag(name), f"it says nothing about {kind}", "leave it out")
    for name in ("fps", "frames", "confidence_scale", "max_bytes"):
        value = getattr(flags, name)
        if value is not None and not value > 0:
            raise usage_error(f"{_flag(name)}={value}", "wanted a number above 0", "raise it")
    if not 0 <= flags.min_confidence <= 1:
        raise usage_error(
            f"--min-confidence={flags.min_confidence:g}", "wanted a number in [0, 1]", "change it"
        )
    if flags.person == "all" and flags.nwb_subject:
        why = "with --person=all each track is a subject of its own"
        raise usage_error("--nwb-subject", why, "leave it out")
    if not recorded:
        _check_camera(flags)
    if flags.world_up is not None:
        parse_up(flags.world_up, "--world-up")


def _check_camera(flags: "argparse.Namespace") -> None:
    """A detector's files need a frame rate and a camera, a calibrated one or a guess."""
    if flags.fps is None:
        raise usage_error("--fps", "required: the files do not give a frame rate", "set --fps")
    guesses = [name for name in GUESS if getattr(flags, name) is not None]
    given = [flags.camera] * (flags.camera is not None) + guesses
    if len(given) != 1:
        found = "none is given" if not given else f"{len(given)} are given"
        raise usage_error(
            "--camera, --fov, --focal",
            f"{found}, wanted one of the three",
            "name a calibration, --camera=CALIB:NAME, or guess: --fov=60 --image-size=1920x1080",
        )
    if guesses and flags.image_size is None:
        raise usage_error(f"--{guesses[0]}", "the image size is required", "set --image-size=WxH")
    for name in CALIBRATION if guesses else ():
        if getattr(flags, name) not in (None, "auto"):
            raise usage_error(_flag(name), "there is no calibration", "leave it out")


def is_recording(keypoints: str) -> bool:
    """Whether the keypoints are a recording of ours, cameras included."""
    return keypoints.startswith(("synthetic:", "tfds:")) or keypoints.lower().endswith(".npz")


def read(flags: "argparse.Namespace", own: "Skeleton") -> "tuple[list[Video], bool]":
    """The videos that the flags name, and whether they come with ground truth.

    `own` are the model's joints.
    """
    from geoself_jax.lift.person import ALL
    from geoself_jax.lift.video_detections import read_tracks, read_video, videos_of
    from geoself_jax.prepare.confidence_flag import deviation_px

    if is_recording(flags.keypoints):
        from geoself_jax.data.sources import load

        recording = load(flags.keypoints, synthetic_frames=flags.frames or 8000)
        videos = videos_of(recording, flags.keypoints, flags.camera, flags.clip)
        return videos, recording.pose_world is not None
    from geoself_jax.data.skeleton_files import named_skeleton

    options = {
        "fps": flags.fps,
        "format": flags.detections,
        "skeleton": named_skeleton(flags.skeleton) if flags.skeleton else None,
        "confidence_scale": flags.confidence_scale,
        "deviation_px": deviation_px(flags.confidence_from, flags.confidence_scale),
        "clip": flags.clip or "",
        "max_bytes": flags.max_bytes,
        "notice": _note,
        "own": own,
    }
    if flags.person == ALL:
        videos = read_tracks(flags.keypoints, read_camera(flags), **options)
        _check_several(flags, [video.subject for video in videos])
        return videos, False
    view = read_camera(flags)
    return [read_video(flags.keypoints, view, person=flags.person, **options)], False


def _check_several(flags: "argparse.Namespace", tracks: Sequence[str]) -> None:
    """A file for each track."""
    from geoself_jax.lift.output import CLIP

    if len(tracks) > 1 and CLIP not in flags.out:
        listed = ", ".join(tracks[:6]) + (f" and {len(tracks) - 6} more" if len(tracks) > 6 else "")
        raise usage_error(
            f"--out={flags.out}: {len(tracks)} tracks, {listed}",
            "a file holds one",
            f"add {CLIP}, the track's name, or choose one: --person=track:{tracks[0]}",
        )


def read_camera(flags: "argparse.Namespace") -> "View":
    """The calibrated camera, or the guess that the flags make, with a warning."""
    from geoself_jax.lift.find_camera import guessed_view, read_view

    size = _size(flags.image_size)
    if flags.camera is not None:
        return read_view(
            flags.camera,
            format=flags.calibration_format,
            rig=flags.rig,
            unit=flags.unit,
            up=flags.world_up,
            image_size=size,
            notice=_note,
        )
    assert size is not None
    view = guessed_view(size, fov=flags.fov, focal=flags.focal)
    _warn(
        f"no calibration: a focal length of {view.K[0, 0]:.0f} px, the middle of the "
        "image and a lens without distortion are guesses - the body's distance and its way through "
        "the room are as good as these; the pose itself suffers less"
    )
    return view


def summary(done: "Done", reading: float, replaced: int) -> str:
    """What was done, some lines of text."""
    verb = "written to" if not replaced else "replaced"
    if 0 < replaced < len(done.files):
        verb = f"written, {replaced} of {len(done.files)} files replaced:"
    rate = done.frames / max(done.lifting, 1e-9)
    first = done.files[0]
    more = f" and {len(done.files) - 1} more" if len(done.files) > 1 else ""
    return (
        f"{done.seen} of {done.frames} frames lifted, {done.frames - done.seen} missing; "
        f"{rate:.0f} frames/s (lifting {done.lifting:.2f} s; reading {reading:.2f} s, compiling "
        f"{done.compiling:.2f} s, writing {done.writing:.2f} s)\n{verb} {first}{more}"
    )


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _size(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    width, _, height = text.lower().partition("x")
    if not all(n.isdecimal() and len(n) <= 6 and int(n) for n in (width, height)):
        raise usage_error(f"--image-size={text}", "wanted WIDTHxHEIGHT in pixels", "e.g. 1920x1080")
    return int(width), int(height)


def _warn(line: str) -> None:
    print(f"warning: {line}", file=sys.stderr)


def _note(line: str) -> None:
    print(f"note: {line}", file=sys.stderr)


if __name__ == "__main__":
    cli.run(main)
