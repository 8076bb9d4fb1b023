"""Exports a run: geoself export --workdir=RUN --out=DIR"""

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from geoself_jax.core.errors import DONE, UNAVAILABLE
from geoself_jax.core.float32 import in_float32
from geoself_jax.export.onnx_installed import INSTALL
from geoself_jax.runtime import cli, phases

if TYPE_CHECKING:
    from geoself_jax.export.write import Written


@in_float32
def main(argv: Sequence[str]) -> int:
    """Parses the command line, exports, prints what was written; returns the exit code."""
    parser = cli.Parser(
        prog=cli.program("export"),
        description="Writes a run's networks as model.safetensors (weights), model.json (what they "
        "are), model.stablehlo (a program that jax runs without this package) and, if asked for, "
        "model.onnx, with sample.npz (inputs and their answer) and MODEL_CARD.md. All that lift "
        "are read back and compared with the run's networks before DIR appears. All on the CPU, "
        "whatever JAX_PLATFORMS says: an export needs no accelerator, and takes none from a run.",
        epilog="In Python: geoself_jax.load_lifter(DIR)(keypoints_2d, confidence, K). An earlier "
        "export at DIR is replaced; any other folder there, or an edited card, is refused.",
        examples=(
            "--workdir=runs/first --out=export",
            "--workdir=runs/first --out=export_best --checkpoint=best",
        ),
    )
    parser.add_argument("--workdir", required=True, help="folder of the run")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder to write")
    parser.add_argument(
        "--checkpoint", choices=("last", "best"), default="last", help="last by default"
    )
    parser.add_argument(
        "--onnx",
        action="store_true",
        help=f"also model.onnx (needs {INSTALL})",
    )
    parser.add_argument(
        "--no-poses",
        action="store_true",
        help="leave out training_sample.npz (up to 1024 poses of the training people)",
    )
    flags, overrides = cli.parse(parser, argv)
    cli.refuse_overrides(overrides)
    phases.begin("export", f"exporting {flags.workdir} to {flags.out}")

    from pathlib import Path

    import jax

    # The comparison wants full float32, and a run that trains may hold the accelerator.
    jax.config.update("jax_platforms", "cpu")

    from geoself_jax.export.folder import check_apart
    from geoself_jax.export.write import export

    replaced = check_apart(Path(flags.workdir), Path(flags.out))
    written = export(
        Path(flags.workdir),
        Path(flags.out),
        flags.checkpoint,
        onnx=flags.onnx,
        with_poses=not flags.no_poses,
    )
    for line in written.refused:
        print(f"error: not written: {line}", file=sys.stderr)
    for note in written.notes:
        print(f"note: {note}", file=sys.stderr)
    over = f", replaced {flags.out}" if replaced else f" to {flags.out}"
    print(f"exported step {written.step} ({flags.checkpoint}) of {flags.workdir}{over}")
    for name, size in written.sizes.items():
        print(f"  {name:<20}{size / 1e6:>9.3f} MB{_agreement(written.differences_mm.get(name))}")
    print(f"done: {flags.out}; {_then(flags.workdir, flags.out, written)}")
    return UNAVAILABLE if written.refused else DONE


def _then(run: str, out: str, written: "Written") -> str:
    """The command that lifts, of a camera that the run knows."""
    source, camera = written.source, written.camera
    if source.startswith("synthetic:"):
        source, camera = "synthetic:test", camera or "front_left"
    use = (f"--model={out}", f"--keypoints={source}", f"--camera={camera or 'CAMERA'}")
    now = cli.then("lift", *use, f"--out={os.path.join(run, 'poses_{clip}.npz')}")
    return now if camera else f"{now} (CAMERA: the name of a camera in {source}, e.g. front_left)"


def _agreement(difference_mm: float | None) -> str:
    if difference_mm is None:
        return ""
    return f"   read back: at most {difference_mm:.1e} mm from the run's networks"


if __name__ == "__main__":
    cli.run(main)
