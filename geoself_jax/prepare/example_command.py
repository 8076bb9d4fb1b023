"""Files to try everything on: geoself example --out=FOLDER"""

from collections.abc import Sequence

from geoself_jax.core.errors import usage_error
from geoself_jax.runtime import cli, phases

MOST_PEOPLE = 12


def main(argv: Sequence[str]) -> int:
    """Parses the command line, writes, says what to do next; returns the exit code."""
    parser = cli.Parser(
        prog=cli.program("example"),
        description="Writes recordings of built-in people as a lab has them: Pose2Sim's Calib.toml "
        "of four cameras, and a folder a person with OpenPose's folder of JSON for each camera. In "
        "train those to learn from, in test one more; truth.npz has that one's true 3D joints.",
        examples=("--out=lab", "--out=small --people=3 --frames=3000 --seed=1"),
    )
    parser.add_argument("--out", required=True, metavar="FOLDER", help="to write; must not exist")
    parser.add_argument(
        "--people", type=int, default=MOST_PEOPLE, help=f"in train, at most {MOST_PEOPLE} (12)"
    )
    parser.add_argument(
        "--frames", type=int, default=12_000, help="in train, of all together, at 50 fps (12000)"
    )
    parser.add_argument("--seed", type=int, default=0, help="another one, other people (0)")
    flags, overrides = cli.parse(parser, argv)
    cli.refuse_overrides(overrides)
    _check(flags.people, flags.frames, flags.seed)
    phases.begin("example", f"writing recordings of built-in people to {flags.out}")

    from pathlib import Path

    from geoself_jax.prepare.example_recording import CALIBRATION, TEST, TRAIN, TRUTH, write_example
    from geoself_jax.runtime.outputs import check_place

    out = Path(flags.out)
    check_place("--out", out)
    with phases.phase("writing", flags.people + 1, "people") as bar:

        def notice(path: str) -> None:
            bar.note = path
            bar.update()

        write_example(out, people=flags.people, frames=flags.frames, seed=flags.seed, notice=notice)
    print(f"{out / TRAIN}: {flags.people} people to learn from, a folder each")
    print(f"{out / TEST}: one more; {out / TRUTH}: the same one's true 3D joints")
    print(
        f"now: {cli.program('prepare')} --input {out / TRAIN}/* --fps=50 --skeleton=h36m_17 "
        f"--calibration={out / CALIBRATION} --output={out}.npz"
    )
    return 0


def _check(people: int, frames: int, seed: int) -> None:
    if not 1 <= people <= MOST_PEOPLE:
        raise usage_error(
            f"--people={people}", f"wanted 1 to {MOST_PEOPLE}", "or try --seed=1 for others"
        )
    for name, value, least, most in (("frames", frames, 1, 10**6), ("seed", seed, 0, 2**32 - 1)):
        if not least <= value <= most:
            wanted = f"wanted {least} to {most}"
            raise usage_error(f"--{name}={value}", wanted, "correct the number")
