"""Trains a network: geoself train --config=synthetic --workdir=RUN

Rerunning the same command continues where the last one stopped.
"""

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from geoself_jax.core.config import DistributedConfig
from geoself_jax.core.errors import INTERRUPTED, missing_error, usage_error
from geoself_jax.core.float32 import in_float32
from geoself_jax.runtime import cli, phases

if TYPE_CHECKING:
    from geoself_jax.train.run import Outcome


@in_float32
def main(argv: Sequence[str]) -> int:
    """Parses the command line and trains; returns the exit code."""
    parser = cli.Parser(
        prog=cli.program("train"),
        description="Trains the lifting network without 3D labels.",
        epilog="Any key of the configuration (geoself_jax.core.config lists them): "
        "--config.group.key=value, e.g. --config.schedule.length=500. Stopped by Ctrl-C or SIGTERM "
        f"it saves and exits with {INTERRUPTED}; the same command continues.",
        examples=(
            "--config=synthetic --workdir=runs/first",
            "--config=cmu_h36m_rig --config.data.train=lab.npz --workdir=runs/lab",
        ),
    )
    parser.add_argument(
        "--config",
        required=True,
        metavar="NAME|FILE",
        help=f"{', '.join(cli.configurations())}, or a .py file with get_config()",
    )
    parser.add_argument("--workdir", required=True, help="folder of this run")
    flags, overrides = cli.parse(parser, argv)
    if "://" in flags.workdir:
        raise usage_error(
            f"--workdir={flags.workdir}",
            "a run is written to a disk",
            "give a folder, copy it later",
        )
    config = cli.load_config(flags.config, overrides)
    line = f"training --config={flags.config} into {flags.workdir}"
    phases.begin("train", line, leading=_is_first_host(config.distributed))

    from pathlib import Path

    from geoself_jax.data.sources import load, place
    from geoself_jax.runtime import devices, hosts, lost_hosts
    from geoself_jax.runtime.outputs import check_folder
    from geoself_jax.train.check_config import check_names
    from geoself_jax.train.run import train

    check_folder("--workdir", flags.workdir, {"config.data.train": [place(config.data.train)]})
    with phases.phase("starting the devices"):
        devices.start(config)
    _check_data(flags.config, config.data.train)
    check_names(config)  # before the data, which may take a minute
    with phases.phase(f"reading {config.data.train}"):
        data = load(config.data.train, synthetic_frames=config.data.synthetic_frames)
    outcome: Outcome = train(config, Path(flags.workdir), data)
    hosts.all_here()
    lost_hosts.stop_watching()
    now = "" if outcome.interrupted else f"; {_then(flags.workdir, config.data.train)}"
    if phases.is_leading():
        print(outcome.message + now, file=sys.stderr)
    return INTERRUPTED if outcome.interrupted else 0


def _then(workdir: str, source: str) -> str:
    """What to do next; of own data it is not known which people were not trained on."""
    run = f"--workdir={workdir}"
    if source.startswith("synthetic:"):
        return cli.then("evaluate", run, "--data=synthetic:test")
    score = cli.then("evaluate", run, "--data=OTHER.npz").removeprefix("now: ")
    export = cli.then("export", run, f"--out={os.path.join(workdir, 'export')}")
    return f"{export}\nscores need a recording of other subjects than those trained on: {score}"


def _is_first_host(config: DistributedConfig) -> bool:
    """Whether this is the first of several hosts, or the only one, before jax knows."""
    if config.coordinator not in ("auto", "cluster"):
        return config.process == 0
    several = int(os.environ.get("SLURM_STEP_NUM_TASKS", "1")) > 1
    slurm = os.environ.get("SLURM_PROCID", "0") if several else "0"
    return slurm == "0" and os.environ.get("TPU_WORKER_ID", "0") == "0"


def _check_data(config: str, source: str) -> None:
    """Says which key sets the data, where those of a configuration are not there."""
    from geoself_jax.data.sources import place

    path = place(source)
    if path is not None and not path.exists():
        what = f"config.data.train={source} (--config={config})"
        do = "name yours: --config.data.train=FILE.npz"
        raise missing_error(what, "no such file", do)


if __name__ == "__main__":
    cli.run(main)
