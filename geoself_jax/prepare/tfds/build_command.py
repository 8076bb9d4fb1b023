"""Builds a TensorFlow Dataset without TensorFlow: geoself tfds_build --dataset=NAME

Nothing is downloaded: the files are the user's.
"""

import sys
from collections.abc import Sequence

from geoself_jax.core.errors import usage_error
from geoself_jax.runtime import cli, phases


def main(argv: Sequence[str]) -> int:
    """Parses the command line and builds; returns the exit code."""
    parser = cli.Parser(
        prog=cli.program("tfds_build"),
        description="Builds a data set from files that you brought; nothing is downloaded, and "
        "TensorFlow is not needed (tensorflow-datasets and array_record are).",
        epilog="Then train with --config.data.train=tfds:NAME as this command prints it.",
        examples=(
            "--dataset=prepared --input=lab.npz --name=lab",
            "--dataset=human36m --manual-dir=downloads --data-dir=tfds",
        ),
    )
    parser.add_argument("--dataset", required=True, help="human36m, mpi_inf_3dhp, aist or prepared")
    parser.add_argument("--manual-dir", help="the folder with your files")
    parser.add_argument(
        "--input", action="append", default=[], metavar="FILE", help="a file; can be given again"
    )
    parser.add_argument("--name", help="of this build, where there are several of a data set")
    parser.add_argument(
        "--data-dir", help="of all data sets ($TFDS_DATA_DIR, or ~/tensorflow_datasets)"
    )
    parser.add_argument("--checksums", help="a list by sha256sum that the files must agree with")
    parser.add_argument("--overwrite", action="store_true", help="replace a build of this name")
    flags, overrides = cli.parse(parser, argv)
    cli.refuse_overrides(overrides)
    phases.begin("tfds_build", f"building the TensorFlow Dataset {flags.dataset}")

    from pathlib import Path

    from geoself_jax.data.tfds import names
    from geoself_jax.prepare.tfds import build
    from geoself_jax.runtime.outputs import Inputs, check_outside

    source = names.Source(names.full_name(flags.dataset), flags.name, data_dir=flags.data_dir)
    if not flags.manual_dir and not flags.input:
        from geoself_jax.prepare.tfds.manual import DATA_SETS

        raise usage_error(
            "--manual-dir",
            "wanted the folder with your files, or --input=FILE",
            DATA_SETS[source.name].instructions,
        )
    manual_dir = Path(flags.manual_dir).expanduser() if flags.manual_dir else None
    files = [Path(path).expanduser() for path in flags.input]
    checksums = Path(flags.checksums) if flags.checksums else None
    given: Inputs = {"--manual-dir": [manual_dir], "--input": files, "--checksums": [checksums]}
    check_outside("--data-dir", source.folder, given)
    replaced = source.folder.exists()
    built = build.build(
        source,
        manual_dir,
        files,
        checksums=checksums,
        overwrite=flags.overwrite,
        notice=lambda line: print(line, file=sys.stderr),
    )
    print(f"{'replaced' if replaced else 'built'}: {built.folder}")
    for split, (clips, size) in built.splits.items():
        print(f"{split}: {clips} clips, {size / 2**20:.1f} MiB")
    first = "train" if "train" in built.splits or len(built.splits) == 1 else min(built.splits)
    named = names.Source(
        source.name, source.config, first if first != "train" else None, source.data_dir
    )
    print(
        f"train from it: {cli.program('train')} --config=CONFIG --workdir=RUN "
        f"--config.data.train={named}"
    )
    return 0
