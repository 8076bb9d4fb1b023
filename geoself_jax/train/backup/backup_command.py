"""Trains where machines come and go: geoself keep --store=... --workdir=RUN -- ...

Rerunning the same command, on whatever machine, continues where the last copy in the store stopped.
"""

import sys
from collections.abc import Sequence

from geoself_jax.core.errors import usage_error
from geoself_jax.runtime import cli, phases


def main(argv: Sequence[str]) -> int:
    """Parses the command line, brings the run, trains, keeps; returns training's exit code."""
    ours, training = split(argv)
    parser = cli.Parser(
        prog=cli.program("keep"),
        description="Trains a run whose folder outlives the machine: brings it from the store, "
        "trains, copies it there every few minutes and when training ends.",
        epilog="What stands after -- goes to train as it is. The exit code is that of "
        "the training; 74 if the store cannot be read or written.",
        examples=(
            "--store=backup/first --workdir=runs/first -- --config=synthetic",
            "--store=gs://BUCKET/first --workdir=runs/first --minutes=10 -- --config=synthetic",
        ),
    )
    parser.add_argument(
        "--store",
        required=True,
        help="gs://BUCKET/FOLDER (needs gcloud) or a folder on a disk that stays; one for each run",
    )
    parser.add_argument("--workdir", required=True, help="folder of this run on this machine")
    parser.add_argument("--minutes", type=float, default=5, help="between copies, default 5")
    flags, overrides = cli.parse(parser, ours)
    if overrides:
        raise usage_error(f"--config.{overrides[0][0]}", "training's", "put it after --")
    if any(word.split("=")[0] == "--workdir" for word in training):
        raise usage_error("--workdir", "training is given the same", "put it before --")
    if not flags.minutes > 0:
        raise usage_error(f"--minutes={flags.minutes}", "wanted more than 0", "raise it")
    if "://" in flags.workdir:
        raise usage_error(f"--workdir={flags.workdir}", "a run is written to a disk", "see --store")
    phases.say(f"training in {flags.workdir}, kept in {flags.store}")

    from pathlib import Path

    from geoself_jax.runtime.outputs import check_folder, check_store
    from geoself_jax.train.backup.keeper import Keeper, train_and_keep
    from geoself_jax.train.backup.stores import open_store

    check_folder("--workdir", flags.workdir, {})
    if "://" not in flags.store:
        check_store(Path(flags.store), Path(flags.workdir))
    keeper = Keeper(open_store(flags.store), Path(flags.workdir))
    print(f"kept: {keeper.restore()}", file=sys.stderr, flush=True)
    command = [sys.executable, "-m", "geoself_jax.train", f"--workdir={flags.workdir}", *training]
    return train_and_keep(command, keeper, 60 * flags.minutes)


def split(argv: Sequence[str]) -> tuple[list[str], list[str]]:
    """What stands before `--`, and after it."""
    words = list(argv)
    cut = words.index("--") if "--" in words else len(words)
    return words[:cut], words[cut + 1 :]
