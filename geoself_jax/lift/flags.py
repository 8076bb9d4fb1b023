"""The flags of lift, and what argparse does not check of them."""

from typing import TYPE_CHECKING

from geoself_jax.core.errors import usage_error
from geoself_jax.core.up_flag import parse_up
from geoself_jax.runtime import cli

if TYPE_CHECKING:
    import argparse

_DESCRIPTION = """Lifts the 2D joints of one person or animal, as a detector found them in one
camera's video, to 3D joints in metres. Frames in which nobody was found stay missing."""

_EPILOG = """Keypoints: a file or folder of OpenPose, AlphaPose, MMPose, COCO results, DeepLabCut,
SLEAP, MediaPipe, YOLO or OpenPifPaf; or a recording of ours (.npz, synthetic:test, tfds:NAME),
of which --camera=NAME is then a camera, and --clip=NAME a clip ({clip} in --out writes a file for
each)."""

_EXAMPLES = (
    "--model=general-coco17 --video=phone.mp4 --fov=60 --out=poses.npz",
    "--model=export --keypoints=test.npz --camera=front_left --out=poses_{clip}.npz",
    "--model=export --keypoints=lab/test/mona/front_left_json --fps=50 --skeleton=h36m_17 "
    "--camera=lab/Calib.toml:front_left --out=poses.npz",
)

DETECTIONS = (
    *("fps", "detections", "skeleton", "person", "confidence_scale", "confidence_from"),
    *("max_bytes", "sides"),
)
FILES = ("detections", "skeleton", "confidence_scale", "confidence_from", "max_bytes")
VIDEO = ("detector", "detector_python")
CALIBRATION = ("calibration_format", "rig", "unit", "world_up")
GUESS = ("fov", "focal")


def make_parser() -> cli.Parser:
    """The flags."""
    parser = cli.Parser(
        prog=cli.program("lift"), description=_DESCRIPTION, epilog=_EPILOG, examples=_EXAMPLES
    )
    add = parser.add_argument
    model = "folder that export wrote, or general-coco17, general-halpe26, general-h36m17"
    add("--model", required=True, metavar="EXPORT", help=model)
    add("--keypoints", metavar="PATH", help="what the 2D detector wrote, or a .npz")
    add("--video", metavar="FILE", help="or a video, in which a detector finds the joints")
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
    add("--sides", choices=("keep", "repair"), help="left/right exchanges (repair, of people)")
    add("--max-bytes", type=int, default=4 * 2**30, help="refuse files that unpack to more (4 GiB)")
    video = parser.add_argument_group("a video, see geoself detect")
    add = video.add_argument
    add("--detector", default="mediapipe", help="mediapipe, rtmlib or your own .py (mediapipe)")
    add("--detector-python", metavar="PATH", help="the Python that has it (this one)")
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
    add("--markers", metavar="SET", help="of .trc and .c3d, for OpenSim: pose2sim, ... (joints)")
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
    add("--angles", metavar="FILE", help="joint angles in degrees, too: .csv, or OpenSim's .mot")
    add("--angle-definitions", metavar="TOML", help="own angles: a file with a table [angles]")
    cleaning = parser.add_argument_group("cleaning over time")
    cleaning.add_argument("--outliers", metavar="FILTER", help="2D: hampel[:WINDOW,SIGMAS] (none)")
    refine = "lifted poses: smooth motion on the rays, bones of one length (whole videos)"
    cleaning.add_argument("--refine", action="store_true", help=refine)
    floor = "depth and resting feet by the floor: auto, feet or its height, metres"
    cleaning.add_argument("--floor", nargs="?", const="auto", metavar="WHERE", help=floor)
    cleaning.add_argument("--fill", type=int, default=0, metavar="N", help="gaps of up to N frames")
    add("--filter", help="over time: butterworth:6 or one-euro:1.0,0.05, in Hz (none)")
    return parser


def check(flags: "argparse.Namespace", parser: cli.Parser) -> None:
    """What argparse does not check, before anything slow is imported."""
    _check_source(flags, parser)
    recorded = not flags.video and is_recording(flags.keypoints)
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
    if flags.fill < 0:
        raise usage_error(f"--fill={flags.fill}", "wanted a number of frames", "e.g. --fill=5")
    if flags.person == "all" and flags.nwb_subject:
        why = "with --person=all each track is a subject of its own"
        raise usage_error("--nwb-subject", why, "leave it out")
    check_angles(flags)
    if not recorded:
        if not flags.video:
            take_from_file(flags)
        _check_camera(flags)
    if flags.world_up is not None:
        parse_up(flags.world_up, "--world-up")


def _check_source(flags: "argparse.Namespace", parser: cli.Parser) -> None:
    """Keypoints or a video; of a video only what is not known from it."""
    if not flags.keypoints and not flags.video:
        do = f"write --keypoints=..., see {parser.prog} --help"
        raise usage_error("--keypoints", "required", do)
    if flags.keypoints and flags.video:
        raise usage_error("--keypoints and --video", "both are given", "leave out one")
    unused = VIDEO if flags.keypoints else (*FILES, "image_size")
    for name in unused:
        if getattr(flags, name) != parser.get_default(name):
            kind = "a detector's files" if flags.keypoints else "a video"
            raise usage_error(_flag(name), f"it says nothing about {kind}", "leave it out")


def take_from_file(flags: "argparse.Namespace") -> None:
    """Frame rate and image size that a file of `detect` holds, where the flags do not give them.

    Raises:
        GeoselfError: Another frame rate is given (64).
    """
    from geoself_jax.data.files.detections_file import header_of

    held = header_of(flags.keypoints)
    if held is None:
        return
    if flags.fps is not None and abs(flags.fps - held.fps) > 1e-3 * held.fps:
        why = f"{flags.keypoints} was detected at {held.fps:g} frames per second"
        raise usage_error(f"--fps={flags.fps:g}", why, "leave it out")
    flags.fps = held.fps
    if flags.image_size is None and (flags.fov, flags.focal) != (None, None):
        flags.image_size = "x".join(map(str, held.image_size))


def _check_camera(flags: "argparse.Namespace") -> None:
    """A detector's files need a frame rate and a camera, a calibrated one or a guess."""
    if flags.fps is None and not flags.video:
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
    if guesses and flags.image_size is None and not flags.video:
        raise usage_error(f"--{guesses[0]}", "the image size is required", "set --image-size=WxH")
    for name in CALIBRATION if guesses else ():
        if getattr(flags, name) not in (None, "auto"):
            raise usage_error(_flag(name), "there is no calibration", "leave it out")
    placed = {"--axes=world": flags.axes == "world", "--floor": flags.floor is not None}
    wanted = [flag for flag, given in placed.items() if given]
    if guesses and wanted:
        do = "leave out what needs them, or name a calibration: --camera=CALIB:NAME"
        what = " and ".join(wanted)
        raise usage_error(what, f"a camera by --{guesses[0]} has no extrinsics", do)


def check_angles(flags: "argparse.Namespace") -> None:
    """What argparse does not check of `--angles` and `--angle-definitions`.

    Raises:
        GeoselfError: Definitions without angles, or one file for poses and angles (64).
    """
    if flags.angle_definitions is not None and flags.angles is None:
        raise usage_error("--angle-definitions", "no angles are asked for", "set --angles=FILE")
    if flags.angles is not None and flags.angles == flags.out:
        raise usage_error(f"--angles={flags.angles}", "is --out as well", "name another file")


def is_recording(keypoints: str) -> bool:
    """Whether the keypoints are a recording of ours, cameras included."""
    return keypoints.startswith(("synthetic:", "tfds:")) or keypoints.lower().endswith(".npz")


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def parse_size(text: str | None) -> tuple[int, int] | None:
    """Width and height of `WIDTHxHEIGHT`, pixels."""
    if text is None:
        return None
    width, _, height = text.lower().partition("x")
    if not all(n.isdecimal() and len(n) <= 6 and int(n) for n in (width, height)):
        raise usage_error(f"--image-size={text}", "wanted WIDTHxHEIGHT in pixels", "e.g. 1920x1080")
    return int(width), int(height)
