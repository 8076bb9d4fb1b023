"""Cameras from joints: geoself calibrate --data=FILE.npz --output=OUT.npz --scale=height=1.78"""

import argparse
from collections.abc import Sequence

from geoself_jax.core.errors import DATA, DONE, usage_error
from geoself_jax.core.float32 import in_float32
from geoself_jax.runtime import cli, phases


def _parser() -> cli.Parser:
    """The flags."""
    parser = cli.Parser(
        prog=cli.program("calibrate"),
        description="Finds where cameras stand from the 2D joints that they see together, without "
        "a board, or repairs a calibration (--refine); intrinsics are those of the file.",
        epilog=f"Exit code {DATA} where the joints leave a camera open; nothing is written then.",
        examples=(
            "--data=lab.npz --scale=height=1.78 --output=calibrated.npz",
            "--data=lab.npz --refine --output=repaired.npz",
        ),
    )
    parser.add_argument("--data", required=True, help="recording; it needs no R and center")
    parser.add_argument("--output", required=True, help="the recording with its cameras, .npz")
    parser.add_argument("--intrinsics", default="known", help="known, focal or guess (known)")
    parser.add_argument("--scale", default="", help="baseline:A,B=2.85, height=1.78, bone:A,B=0.42")
    parser.add_argument("--refine", action="store_true", help="repair the file's cameras")
    parser.add_argument("--sync", action="store_true", help="find and take out cameras' lags first")
    parser.add_argument("--toml", help="write the cameras here, as Pose2Sim's Calib.toml")
    parser.add_argument("--html", help="write the report with the cameras from above here")
    parser.add_argument("--json", help="write cameras, expected errors and residuals here")
    parser.add_argument("--frames", type=int, default=20000, help="most frames of a rig (20000)")
    parser.add_argument("--bones", action="store_true", help="hold bones' lengths constant, slow")
    parser.add_argument("--seed", type=int, default=0, help="of what is drawn (0)")
    return parser


def _check(flags: argparse.Namespace) -> None:
    """Refuses values, and flags that do not go together, before anything is loaded."""
    from geoself_jax.calibrate.metric import KINDS

    if flags.frames < 100:
        raise usage_error(f"--frames={flags.frames}", "wanted 100 at least", "raise it")
    if flags.intrinsics not in ("known", "focal", "guess"):
        raise usage_error(
            f"--intrinsics={flags.intrinsics}", "no such way", "known, focal or guess"
        )
    if flags.refine and (flags.scale or flags.intrinsics != "known"):
        raise usage_error(
            "--refine", "it keeps the calibration's unit and intrinsics", "leave out the others"
        )
    if not flags.refine and not flags.scale:
        raise usage_error("--scale is missing", "joints do not say a unit", f"give {KINDS}")
    for flag, name, ending in (("output", flags.output, ".npz"), ("toml", flags.toml, ".toml")):
        if name and not name.endswith(ending):
            raise usage_error(f"--{flag}={name}", f"wanted {ending}", "give it this ending")


@in_float32
def main(argv: Sequence[str]) -> int:
    """Parses the command line, finds the cameras, writes the recording; returns the exit code."""
    flags, overrides = cli.parse(_parser(), argv)
    cli.refuse_overrides(overrides)

    from geoself_jax.calibrate.metric import check_names, parse_scale
    from geoself_jax.calibrate.requirements import require

    _check(flags)
    scale = parse_scale(flags.scale or "none")
    require()

    phases.begin("calibrate", f"finding the cameras of {flags.data} from its joints")

    from pathlib import Path

    from geoself_jax.calibrate import recording_cameras, rig_page
    from geoself_jax.calibrate import rig_report as report
    from geoself_jax.data.poses.atomic_write import whole_file
    from geoself_jax.data.recording import read, write
    from geoself_jax.data.sources import check_kind
    from geoself_jax.runtime import workdir
    from geoself_jax.runtime.outputs import check_outputs

    outputs = [("--output", flags.output), ("--toml", flags.toml)]
    outputs += [("--html", flags.html), ("--json", flags.json)]
    check_outputs(outputs, {"--data": [flags.data]})
    options = recording_cameras.Options(
        flags.intrinsics, scale, flags.refine, flags.frames, flags.bones, flags.seed, flags.sync
    )
    check_kind(flags.data)
    with phases.phase(f"reading {flags.data}"):
        if flags.refine:  # a file without cameras is refused
            recording = read(flags.data)
        else:
            recording = recording_cameras.read_uncalibrated(flags.data, intrinsics=flags.intrinsics)
    check_names(scale, recording.camera_names, recording.skeleton.joint_names)
    if flags.toml:
        report.check_toml(flags.toml, recording)
    with phases.phase("calibrating"):
        calibrated, rigs = recording_cameras.calibrate(recording, options)
    print(report.text(rigs, recording.camera_names))
    if recording.pose_world is not None and calibrated.pose_world is None:
        print("true joints are left out: they are of the world of other cameras")
    write(calibrated, flags.output)
    if flags.json:
        workdir.write_json(Path(flags.json), report.as_json(rigs))
    if flags.html:
        with whole_file(Path(flags.html)) as stream:
            stream.write(rig_page.page(rigs, recording, calibrated, given=flags.refine))
    if flags.toml:
        report.write_toml(flags.toml, rigs, calibrated)
    print(f"\nwrote {flags.output}; {cli.then('inspect', f'--data={flags.output}')}")
    return DONE


if __name__ == "__main__":
    cli.run(main)
