"""Runs a table of recipes and prints it: mean and spread over seeds.

    python -m benchmarks.ablation --table=paper --data=../shared/data/cmu_h36m_rig --size=small
    python -m benchmarks.ablation --table=beyond --data=synthetic --size=tiny --seeds=1

`paper`: the paper's rows and its open choices; `beyond`: what else helps; `robustness`: worse
recordings; `choose`: candidates for the recipe, --size=default; `decide`: the few for the full
schedule, --size=default or full, on all subjects of the data; `quick`: the same score in less time,
--size=default; `detector`: what decides, on another model of a detector, --size=default. All rows
of the other tables have equal optimizer steps and equal view-samples. Finished rows are not run
again: results are stored in --out, by a digest of configuration, damage and data (with
--compute=bfloat16 of that too). Rows are run two at a time
(--jobs), one core each; an interrupted row resumes, except rows that learn more than the
networks. On an accelerator --together trains the seeds of a row side by side, and several
--jobs share it; such a row starts again too. `--only=TEXT` selects the row of that name, or those
whose names hold it. The results so far are printed and written to OUT/TABLE-SIZE.json, .md and .png
(with --compute=bfloat16 TABLE-SIZE-bfloat16) at the end, or at once by --show. `--table=scores`
runs nothing: over all runs of all tables and sizes, how well scores without labels order them.
Where there is no git, GEOSELF_COMMIT names the commit.
"""

import argparse
import itertools
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.ablation import parallel, showing
from benchmarks.ablation.row import Row
from benchmarks.ablation.running import Bench, seeds
from benchmarks.ablation.tables import SIZES, TABLES, rows_of
from geoself_jax.core.errors import usage_error
from geoself_jax.runtime import cli

HELD = {"synthetic": "", "cmu_h36m_rig": "05,16"}
"""Held-out subjects, for the label-free scores; where empty, the default share.

`decide` trains on all subjects except the default share."""


COMPUTE = ("float32", "bfloat16")


def main(argv: Sequence[str]) -> int:
    """Command line."""
    try:
        return _run(_flags(argv), argv)
    except KeyboardInterrupt:
        if not any(word.startswith("--core") for word in argv):
            print("stopped; the same command runs what is not done yet", file=sys.stderr)
        return 128 + signal.SIGINT


def _flags(argv: Sequence[str]) -> argparse.Namespace:
    """Read and found to go together."""
    parser = cli.Parser(
        prog="python -m benchmarks.ablation",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--table", choices=(*TABLES, "scores"), required=True)
    parser.add_argument("--data", required=True, help="folder of train.npz and dev.npz; synthetic")
    parser.add_argument(
        "--size", choices=tuple(SIZES), default="small", help="width and steps; small"
    )
    parser.add_argument("--seeds", type=int, default=3, help="how many, from 0 on; 3")
    parser.add_argument("--out", type=Path, default=Path("runs/ablation"))
    parser.add_argument(
        "--only", default="", help="the row of this name, or rows whose names hold it"
    )
    parser.add_argument("--show", action="store_true", help="print what is there, run nothing")
    parser.add_argument(
        "--page",
        type=Path,
        help="Markdown page that the table is put into; figures are written next to it",
    )
    parser.add_argument(
        "--together", action="store_true", help="a row's seeds in one program (accelerators)"
    )
    parser.add_argument("--compute", choices=COMPUTE, default="float32")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--core", type=int, help=argparse.SUPPRESS)  # of a process started by us
    flags, overrides = cli.parse(parser, argv)
    cli.refuse_overrides(overrides)
    for name in ("seeds", "jobs"):
        if (value := getattr(flags, name)) < 1:
            raise usage_error(f"--{name}={value}", "must be 1 or more", "give another")
    if flags.page and flags.only:
        raise usage_error(
            "--page with --only", "the page's whole table is replaced", "leave one out"
        )
    if flags.page and not (flags.show or flags.table == "scores"):
        raise usage_error("--page without --show", "what is there is put into it", "train first")
    return flags


def _run(flags: argparse.Namespace, argv: Sequence[str]) -> int:
    if flags.data == "synthetic":
        train, test = "synthetic:train", "synthetic:test"
    else:
        train, test = f"{flags.data}/train.npz", f"{flags.data}/dev.npz"
    if flags.table == "scores":
        bench = Bench(train, test, flags.out)
        held = HELD.get(Path(flags.data).name, "")
        showing.show_scores(bench, _every_row(train, flags), held, flags.page)
        return 0
    bench = Bench(train, test, flags.out, together=flags.together)
    every = [row.computed_in(flags.compute) for row in _rows(flags.table, train, flags)]
    rows = [row for row in every if row.name == flags.only]
    rows = rows or [row for row in every if flags.only in row.name]
    if not rows:
        names = ", ".join(row.name for row in every)
        raise usage_error(f"--only={flags.only}", "no row's name holds that", f"rows: {names}")
    title = f"{flags.table}, size {flags.size}, {flags.compute}"
    name = f"{flags.table}-{flags.size}" + "-bfloat16" * (flags.compute == "bfloat16")
    parent = parallel.Parent() if flags.core is not None else None
    if parent is None and not flags.show and flags.jobs > 1:
        parallel.run_in_parallel(argv, flags.jobs, together=flags.together)
        flags.show = True
    elif not flags.together and not flags.show:
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[(flags.core or 0) % len(cores)]})
    if not flags.show:
        for same in _at_once(rows, flags):
            if parent and not parent.is_there():
                return 1
            if all(bench.result(row) is not None for row in same):
                continue
            print(f"{same[0].name}, seed {', '.join(str(r.config.seed) for r in same)}", flush=True)
            bench.run(*same)
    if parent is None:
        showing.show_table(bench, rows, flags.seeds, name, title, flags.page)
    return 0


def _at_once(rows: list[Row], flags: argparse.Namespace) -> list[tuple[Row, ...]]:
    """What is trained in one program: a row's seeds, or one of them."""
    if flags.together:
        return [tuple(row.seeded(seed) for seed in range(flags.seeds)) for row in rows]
    return [(row,) for row in seeds(rows, flags.seeds)]


def _rows(table: str, train: str, flags: argparse.Namespace) -> list[Row]:
    held = "" if table == "decide" else HELD.get(Path(flags.data).name, "")
    return rows_of(table, train, held, flags.size)


def _every_row(train: str, flags: argparse.Namespace) -> Iterator[Row]:
    """Of all tables, sizes and types of products."""
    for size, table, compute in itertools.product(SIZES, TABLES, COMPUTE):
        flags.size = size
        rows = [row.computed_in(compute) for row in _rows(table, train, flags)]
        yield from seeds(rows, flags.seeds)


if __name__ == "__main__":
    cli.run(main)
