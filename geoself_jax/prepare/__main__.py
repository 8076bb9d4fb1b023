"""Your files as one to train on: geoself prepare --input=PATH --output=FILE.npz"""

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from geoself_jax.core.errors import usage_error
from geoself_jax.core.float32 import in_float32
from geoself_jax.core.up_flag import parse_up
from geoself_jax.prepare.camera_flags import check_cameras, frames_by_camera, pixels_by_camera
from geoself_jax.runtime import cli, phases

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    import numpy as np

    from geoself_jax.prepare.rig_options import RigOptions

FORMATS = ("auto", "human36m", "motionbert", "mpi_inf_3dhp", "aist", "panoptic", "rig", "motion")
UNITS = ("m", "cm", "mm")
MOTION_UNITS = ("m", "cm", "mm", "inch", "cmu")

OWN_RIG = (
    *("calibration", "calibration_format", "rig", "unit", "height", "up", "camera", "detections"),
    *("skeleton", "person", "fps", "image_size", "confidence_scale", "trim", "subject", "action"),
    *("subject_from", "filtered", "confidence_from", "uncalibrated", "focal_length"),
    *("sync", "shift", "sides"),
)
MOTION = ("motion_unit", "seed")
UNUSED = {
    "rig": ("actions", "truth", "motion_unit"),
    "prepared": tuple(
        flag for flag in (*OWN_RIG, *MOTION) if flag not in ("sync", "shift", "seed")
    ),
    "motion": tuple(
        flag
        for flag in OWN_RIG
        if flag not in ("calibration", "calibration_format", "rig", "unit", "up", "fps")
        and flag != "image_size"
    ),
}
"""Flags that say nothing about inputs of a format; of data sets, all of a rig and of a motion."""

_DESCRIPTION = """Reads recordings as users have them and writes one file of format
geoself-multiview/1, to train on. Formats: human36m (VideoPose3D's npz), motionbert (its pickle),
mpi_inf_3dhp, aist (AIST++), panoptic (CMU), prepared (files of ours, put together), motion (BVH or
AMC, seen through a rig's cameras by a modelled detector), and rig: your own cameras, a calibration
and each camera's detections."""
_EXAMPLES = (
    "--input lab/train/* --fps=50 --skeleton=h36m_17 --calibration=lab/Calib.toml --output=lab.npz",
    "--input lab/test/* --fps=50 --skeleton=h36m_17 --calibration=lab/Calib.toml --output=test.npz",
)


def make_parser() -> cli.Parser:
    """The flags."""
    parser = cli.Parser(prog=cli.program("prepare"), description=_DESCRIPTION, examples=_EXAMPLES)
    add = parser.add_argument
    add("--format", choices=(*FORMATS, "prepared"), default="auto", help="of the inputs (auto)")
    add("--input", nargs="+", action="extend", default=[], metavar="PATH", help="files or folders")
    add("--output", required=True, help="the .npz file to write")
    add("--subjects", help="take these only: S1,S5")
    add("--actions", help="take these only, by name")
    add("--skip", metavar="NAMES", help="leave out recordings, clips, subjects: anna,walk3")
    add("--cameras", help="take these only, in this order")
    add("--truth", help="which ground truth, of several: annot3, univ_annot3, ...; none for none")
    add("--every", type=int, default=1, metavar="N", help="take every N-th frame (1)")
    add("--max-bytes", type=int, default=4 * 2**30, help="refuse files that unpack to more (4 GiB)")
    rig = parser.add_argument_group("your own rig, or a motion file's")
    add = rig.add_argument
    add("--calibration", help="file or folder of the cameras, or human36m:S1")
    add("--calibration-format", default="auto", help="if it cannot be recognized")
    add("--uncalibrated", action="store_true", help="where cameras stand is found by calibrate")
    add("--focal-length", action="append", default=[], metavar="[NAME=]PX", help="if uncalibrated")
    add("--sync", action="store_true", help="find constant lags of cameras, and take them out")
    add(
        "--shift",
        action="append",
        default=[],
        metavar="NAME=FRAMES",
        help="late by these frames: cam3=2",
    )
    add("--sides", choices=("keep", "repair"), help="left/right exchanges (repair, of people)")
    add("--detector", metavar="NAME", help="of videos as inputs: mediapipe, rtmlib, your own .py")
    add("--detector-python", metavar="PATH", help="the Python that has it (this one)")
    add("--rig", help="which, where the calibration holds several (karfly's JSON: a subject)")
    add("--unit", choices=UNITS, help="of the calibration, where its format has none")
    add("--height", type=float, metavar="METRES", help="of the one person: the unit by their legs")
    add("--up", metavar="AXIS", help="against gravity: z, -y, ..., 0.1,0.2,0.97 or unknown")
    add("--camera", action="append", default=[], metavar="NAME=PATH", help="a camera's detections")
    add("--detections", default="auto", metavar="FORMAT", help="if it cannot be recognized")
    add(
        "--skeleton", help="of the detections: coco_17, ... or a .toml (a draft if it is not there)"
    )
    add("--person", default="auto", help="only, largest, track:NAME, consistent[:K], all (auto)")
    add("--fps", type=float, help="frames per second")
    add("--image-size", action="append", default=[], metavar="[NAME=]WxH", help="of the images")
    add("--confidence-scale", type=float, default=1.0, help="the detector's largest score (1)")
    add("--confidence-from", metavar="WHAT", help="likelihood, or variance[:PX] (likelihood)")
    add("--trim", action="store_true", help="take the frames that all cameras have")
    add("--filtered", choices=("yes", "no"), help="take filtered tables before raw ones (yes)")
    add("--subject", help="who it is, in all inputs")
    add("--subject-from", metavar="LEVEL", help="whose name: {name}, {parent} or {grandparent}")
    add("--action", help="what is done (the folder's name)")
    add("--motion-unit", choices=MOTION_UNITS, help="of a BVH's lengths, which it does not say")
    add("--seed", type=int, default=0, help="of modelled detections, and of --sync (0)")
    return parser


@in_float32
def main(argv: Sequence[str]) -> int:
    """Parses the command line, reads, writes, and says what the file holds."""
    parser = make_parser()
    flags, overrides = cli.parse(parser, argv)
    cli.refuse_overrides(overrides)
    _check(flags)
    inputs_of = len(flags.input) + len(flags.camera)
    what = f"{inputs_of} inputs" if inputs_of > 1 else [*flags.input, *flags.camera][0]
    phases.begin("prepare", f"preparing {what} as {flags.output}")

    from pathlib import Path

    from geoself_jax.data.files import npz
    from geoself_jax.prepare import run
    from geoself_jax.prepare.clip import ReadOptions
    from geoself_jax.prepare.detected_inputs import with_joints
    from geoself_jax.prepare.draft_skeleton import drafting
    from geoself_jax.prepare.repair_sides import sides_repaired
    from geoself_jax.prepare.shift_cameras import shifted
    from geoself_jax.prepare.skip import Skip
    from geoself_jax.prepare.skip_clips import without_skipped
    from geoself_jax.prepare.sync_cameras import synced
    from geoself_jax.prepare.uncalibrated_file import without_cameras

    flags.input = with_joints(flags)
    inputs, output = [Path(path) for path in flags.input], Path(flags.output)
    chosen = "rig" if flags.camera and flags.format == "auto" else flags.format
    _check_files(flags)
    kind = run.choose_format(inputs, chosen, print)
    _refuse_unused(flags, parser, kind)
    replaced = _check_output(flags, kind)
    notice = _each_once()
    options = ReadOptions(
        cameras=_names("--cameras", flags.cameras),
        subjects=_names("--subjects", flags.subjects),
        actions=_names("--actions", flags.actions),
        skip=Skip(_names("--skip", flags.skip) or ()),
        truth=flags.truth,
        every=flags.every,
        max_bytes=flags.max_bytes,
        notice=notice,
    )
    with drafting(flags.skeleton):
        with phases.phase("looking for the recordings"):
            reading = run.read(
                kind,
                inputs,
                options,
                _own_rig(flags),
                seed=flags.seed,
                motion_unit=flags.motion_unit,
                height=flags.height,
            )
        reading = without_skipped(reading, options.skip, print)
        if flags.shift:
            reading = shifted(reading, frames_by_camera(flags.shift), print)
        arrays = run.prepare(reading)
    sync = functools.partial(synced, seed=flags.seed, notice=print) if flags.sync else None
    how = flags.sides if kind == "rig" else "keep"
    known = not flags.uncalibrated
    arrays = sides_repaired(arrays, how, calibrated=known, notice=notice, in_step=sync)
    if flags.uncalibrated:
        arrays = without_cameras(arrays, intrinsics=bool(flags.calibration or flags.focal_length))
    with phases.phase(f"writing {output}"):
        npz.write_arrays(output, arrays)
    print(run.summary(arrays))
    done = "replaced" if replaced else "written to"
    print(f"{done} {output}{_next(arrays, output, trimmed=flags.trim)}")
    return 0


def _next(arrays: "Mapping[str, np.ndarray]", output: "Path", *, trimmed: bool) -> str:
    """The command to go on with: cameras are looked at, or found first."""
    from geoself_jax.prepare.uncalibrated_file import calibrate_flags

    if "R" in arrays:
        return f"; {cli.then('inspect', f'--data={output}')}"
    if "K" not in arrays and len(arrays["camera_names"]) == 2:
        return "; two cameras need --focal-length=PIXELS or --calibration=FILE of their intrinsics"
    flags, length = calibrate_flags(arrays, str(output), trimmed=trimmed)
    return f"; in the next command, give {length}\n{cli.then('calibrate', *flags)}"


def _each_once() -> "Callable[[str], None]":
    """Prints a line once: the files of all cameras have the same skeleton."""
    said: set[str] = set()

    def notice(line: str) -> None:
        if line not in said:
            said.add(line)
            print(line)

    return notice


def _check(flags: "argparse.Namespace") -> None:
    """What argparse does not check, before anything slow is imported."""
    if not flags.output.lower().endswith(".npz"):
        raise usage_error(f"--output={flags.output}", "wanted a name that ends in .npz", "add it")
    if not (flags.input or flags.camera):
        raise usage_error("--input", "required", "name a file or folder")
    if flags.up is not None:
        parse_up(flags.up)
    if flags.seed < 0:
        raise usage_error(f"--seed={flags.seed}", "wanted a number of at least 0", "raise it")
    for name in ("every", "fps", "confidence_scale", "max_bytes"):
        value = getattr(flags, name)
        if value is not None and not value > 0:
            raise usage_error(
                f"--{name.replace('_', '-')}={value}", "wanted a number above 0", "raise it"
            )
    pixels_by_camera(flags.focal_length)
    frames_by_camera(flags.shift)
    check_cameras(flags)


def _check_files(flags: "argparse.Namespace") -> None:
    """Refuses videos, images and the like by what they are."""
    from pathlib import Path

    from geoself_jax.data.files.mistaken import refuse_mistaken

    for name, path in (_pair("--camera", text) for text in flags.camera):
        refuse_mistaken(f"--camera={name}={path}", Path(path), array=True)
    if flags.calibration is not None:
        what, wanted = f"--calibration={flags.calibration}", "give the file of the cameras"
        refuse_mistaken(what, Path(flags.calibration), wanted)


def _check_output(flags: "argparse.Namespace", kind: str) -> bool:
    """Whether the output is there; refused where writing it would destroy an input."""
    from geoself_jax.prepare.datasets import prepared
    from geoself_jax.runtime.outputs import check_outputs

    inputs = {
        "--input": flags.input,
        "--calibration": [flags.calibration],
        "--camera": [text.partition("=")[2] for text in flags.camera],
        "--skeleton": [flags.skeleton],
    }
    outputs = [("--output", flags.output)]
    return bool(check_outputs(outputs, inputs, ours=lambda p: bool(prepared.recognize(p))))


def _refuse_unused(flags: "argparse.Namespace", parser: cli.Parser, kind: str) -> None:
    """A flag that would do nothing is a misunderstanding."""
    for name in UNUSED.get(kind, (*OWN_RIG, *MOTION)):
        if getattr(flags, name) != parser.get_default(name):
            raise usage_error(
                f"--{name.replace('_', '-')}",
                f"it says nothing about inputs of format {kind}",
                "leave it out, or say another --format",
            )


def _names(flag: str, text: str | None) -> tuple[str, ...] | None:
    if text is None:
        return None
    names = tuple(filter(None, (name.strip() for name in text.split(","))))
    if not names or len(set(names)) < len(names):
        raise usage_error(
            f"{flag}={text}", "wanted names, each once", f"write {flag}=NAME,NAME, or leave it out"
        )
    return names


def _own_rig(flags: "argparse.Namespace") -> "RigOptions":
    from pathlib import Path

    from geoself_jax.data.skeleton_files import named_skeleton
    from geoself_jax.prepare.confidence_flag import deviation_px
    from geoself_jax.prepare.draft_skeleton import is_draft
    from geoself_jax.prepare.rig_options import RigOptions

    known = flags.skeleton is not None and not is_draft(flags.skeleton)
    pairs = [_pair("--camera", text) for text in flags.camera]
    twice = next((n for i, (n, _) in enumerate(pairs) if n in dict(pairs[:i])), None)
    if twice is not None:
        raise usage_error(f"--camera={twice}=...", "named twice", "name each camera once")
    return RigOptions(
        calibration=None if flags.calibration is None else Path(flags.calibration),
        calibration_format=flags.calibration_format,
        detections_format=flags.detections,
        rig=flags.rig,
        unit=flags.unit,
        up=flags.up,
        camera_paths={name: Path(path) for name, path in pairs},
        skeleton=named_skeleton(flags.skeleton) if known else None,
        person=flags.person,
        fps=flags.fps,
        image_size=_sizes(flags.image_size),
        confidence_scale=flags.confidence_scale,
        deviation_px=deviation_px(flags.confidence_from, flags.confidence_scale),
        trim=flags.trim,
        filtered=None if flags.filtered is None else flags.filtered == "yes",
        subject=flags.subject,
        subject_from=flags.subject_from,
        action=flags.action,
        uncalibrated=flags.uncalibrated,
        focal_px=pixels_by_camera(flags.focal_length),
    )


def _pair(flag: str, text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise usage_error(f"{flag}={text}", "wanted NAME=PATH", f"write {flag}=cam1=PATH")
    return name, value


def _sizes(texts: Sequence[str]) -> Mapping[str, tuple[int, int]]:
    """Width and height by camera name; under "" for all."""
    sizes = {}
    for text in texts:
        name, _, size = text.rpartition("=")
        width, _, height = size.lower().partition("x")
        if not all(n.isdecimal() and len(n) <= 6 and int(n) for n in (width, height)):
            raise usage_error(
                f"--image-size={text}", "wanted WIDTHxHEIGHT in pixels", "e.g. 1920x1080"
            )
        sizes[name] = (int(width), int(height))
    return sizes


if __name__ == "__main__":
    cli.run(main)
