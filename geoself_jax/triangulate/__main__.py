"""3D joints from all cameras: geoself triangulate --data=FILE.npz --out=FILE"""

from collections.abc import Sequence

from geoself_jax.core.errors import usage_error
from geoself_jax.core.float32 import in_float32
from geoself_jax.lift.flags import check_angles
from geoself_jax.runtime import cli, phases

_DESCRIPTION = """Writes the 3D joints that all cameras of a recording see together, and their
angles: what single-camera networks are trained by and can be compared with. No network is needed.
Joints are triangulated robustly, then refined over time with bones of constant length."""

_EXAMPLES = (
    "--data=anna.npz --out=anna_{clip}.npz",
    "--data=anna.npz --clip=squat --out=squat.trc --angles=squat.mot --filter=butterworth:6",
)

UNKNOWN_UP = (
    "which way is up is unknown - the first camera is taken for level where joints are turned "
    "upright and in tilt, list and rotation of pelvis and trunk - say it when it is prepared: --up"
)


def make_parser() -> cli.Parser:
    """The flags."""
    parser = cli.Parser(
        prog=cli.program("triangulate"), description=_DESCRIPTION, examples=_EXAMPLES
    )
    add = parser.add_argument
    add("--data", required=True, help=".npz file that prepare wrote, synthetic:test or tfds:NAME")
    add(
        "--out", required=True, metavar="FILE", help="file to write, its ending says in what format"
    )
    add("--clip", help="one clip; {clip} in --out writes a file for each")
    add(
        "--method",
        choices=("refined", "frames"),
        default="refined",
        help="over time with constant bones, or each frame by itself (refined)",
    )
    add("--frames", type=int, default=8000, help="of synthetic data (8000)")
    add("--up", choices=("y", "z", "as-is"), help="turn them so that this is up (the format's)")
    add("--filter", help="over time: butterworth:6 or one-euro:1.0,0.05, in Hz (none)")
    add("--markers", metavar="SET", help="of .trc, .c3d: OpenSim's names and rows: pose2sim, ...")
    add("--out-format", metavar="PROGRAM", help="of .csv and .h5: anipose, deeplabcut, ...")
    add("--out-unit", choices=("m", "cm", "mm"), help="of those, whose files do not say it (mm)")
    add("--nwb-session-start", metavar="TIME", help="of .nwb, required: 2026-01-31T12:00:00+01:00")
    add("--nwb-subject", metavar="ID", help="of .nwb: who was recorded (the person's name)")
    add("--angles", metavar="FILE", help="joint angles in degrees, too: .csv, or OpenSim's .mot")
    add("--angle-definitions", metavar="TOML", help="own angles: a file with a table [angles]")
    return parser


@in_float32
def main(argv: Sequence[str]) -> int:
    """Parses the command line, triangulates, writes; returns the exit code."""
    flags, overrides = cli.parse(make_parser(), argv)
    cli.refuse_overrides(overrides)
    if flags.frames < 1:
        raise usage_error(f"--frames={flags.frames}", "wanted at least 1", "raise it")
    check_angles(flags)
    phases.begin("triangulate", f"triangulating {flags.data} to {flags.out}")

    from geoself_jax.data.files import npz
    from geoself_jax.data.poses.filters import parse_filter
    from geoself_jax.data.poses.npz_file import MARKS
    from geoself_jax.data.sources import load, place
    from geoself_jax.lift.angle_output import angle_output
    from geoself_jax.lift.output import Output
    from geoself_jax.lift.say import note, warn
    from geoself_jax.runtime import devices
    from geoself_jax.runtime.outputs import check_outputs
    from geoself_jax.triangulate.sequences import triangulated_clips

    smooth = parse_filter(flags.filter) if flags.filter else None
    angles = angle_output(flags.angles, flags.angle_definitions, None)
    output = Output(
        flags.out,
        format=flags.out_format,
        unit=flags.out_unit,
        session_start=flags.nwb_session_start,
        subject=flags.nwb_subject,
        markers=flags.markers,
        up=flags.up,
        filter=smooth,
        angles=angles,
    )
    devices.use_compilation_cache()
    devices.devices()
    with phases.phase(f"reading {flags.data}"):
        recording = load(flags.data, synthetic_frames=flags.frames)
    output.check_joints(recording.skeleton)
    if recording.world_up is None:
        warn(f"{flags.data}: {UNKNOWN_UP}")
    with phases.phase("triangulating"):
        clips = triangulated_clips(recording, flags.data, method=flags.method, clip=flags.clip)
    names = [clip.clip for clip in clips]
    places = output.places(names)
    outputs = [("--out", path) for path in places]
    if angles is not None:
        outputs += [("--angles", path) for path in angles.places(names)]
    inputs = {"--data": [place(flags.data)], "--angle-definitions": [flags.angle_definitions]}
    check_outputs(outputs, inputs, ours=lambda p: npz.member_names(p) >= MARKS)
    with phases.phase("writing"):
        for clip, path in zip(clips, places, strict=True):
            poses = output.filtered(clip)
            output.write_angles(poses, note)
            output.write(poses, path, note)
    frames = sum(clip.frames for clip in clips)
    more = f" and {len(outputs) - 1} more" if len(outputs) > 1 else ""
    done = f"{frames} frames of {recording.views} cameras triangulated"
    print(f"{done}, written to {places[0]}{more}")
    return 0


if __name__ == "__main__":
    cli.run(main)
