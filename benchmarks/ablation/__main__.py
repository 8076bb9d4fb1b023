"""Runs a table of recipes and prints it: mean and spread over seeds.

    python -m benchmarks.ablation --table=paper --data=../shared/data/cmu_h36m_rig --size=small
    python -m benchmarks.ablation --table=beyond --data=synthetic --size=tiny --seeds=1

`paper`: the paper's rows and its open choices; `beyond`: what else helps; `robustness`: worse
recordings; `choose`: candidates for the recipe, --size=default; `decide`: the few to run for long,
--size=default or full, of everybody in the data. All rows of a table have equal optimizer steps and
equal view-samples. A row that has been run is not run again: results lie in --out, by a digest of
configuration, damage and data (with --compute=bfloat16 of that too). Rows are run two at a time
(--jobs), one core each; one that was stopped goes on where it was, but for rows that learn more
than the networks. On an accelerator --together trains the seeds of a row side by side, and several
--jobs share it; such a row starts anew too. `--only=TEXT` those whose name holds it. What was found
so far is printed and written to OUT/TABLE-SIZE.json, .md and .png (with --compute=bfloat16
TABLE-SIZE-bfloat16) at the end, or at once by --show. `--table=scores` runs nothing: over all runs
of all tables and sizes, how well scores without labels order them. Where there is no git,
GEOSELF_COMMIT names the commit.
"""

import argparse
import itertools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.ablation import report
from benchmarks.ablation.row import Row
from benchmarks.ablation.running import Bench, seeds
from benchmarks.ablation.tables import SIZES, TABLES, rows_of
from geoself_jax import commands, workdir
from geoself_jax.errors import missing_error, usage_error

HELD = {"synthetic": "", "cmu_h36m_rig": "05,16"}
"""People held out of training, for the scores without labels; none named: the default share.

`decide` trains on all but the default share."""


COMPUTE = ("float32", "bfloat16")


def main(argv: Sequence[str]) -> int:
    """Command line."""
    try:
        return _main(argv)
    except KeyboardInterrupt:
        if not any(word.startswith("--core") for word in argv):
            print("stopped; the same command runs what is not done yet", file=sys.stderr)
        return 128 + signal.SIGINT


def _main(argv: Sequence[str]) -> int:
    parser = commands.Parser(
        prog="python -m benchmarks.ablation",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--table", choices=(*TABLES, "scores"), required=True)
    parser.add_argument("--data", required=True, help="folder of train.npz and dev.npz; synthetic")
    parser.add_argument("--size", choices=tuple(SIZES), default="small", help="small")
    parser.add_argument("--seeds", type=int, default=3, help="how many, from 0 on; 3")
    parser.add_argument("--out", type=Path, default=Path("runs/ablation"))
    parser.add_argument("--only", default="", help="rows whose name holds this")
    parser.add_argument("--show", action="store_true", help="print what is there, run nothing")
    parser.add_argument(
        "--page", type=Path, help="Markdown page that the table is put into; figures go beside it"
    )
    parser.add_argument(
        "--together", action="store_true", help="a row's seeds in one program (accelerators)"
    )
    parser.add_argument("--compute", choices=COMPUTE, default="float32")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--core", type=int, help=argparse.SUPPRESS)  # of a process started by us
    flags, overrides = commands.parse(parser, argv)
    commands.refuse_overrides(overrides)
    for name in ("seeds", "jobs"):
        if (value := getattr(flags, name)) < 1:
            raise usage_error(f"--{name}={value}", "must be 1 or more", "give another")
    if flags.page and flags.only:
        raise usage_error(
            "--page with --only", "the page's whole table is replaced", "leave one out"
        )
    if flags.data == "synthetic":
        train, test = "synthetic:train", "synthetic:test"
    else:
        train, test = f"{flags.data}/train.npz", f"{flags.data}/dev.npz"
    if flags.table == "scores":
        return _show_scores(Bench(train, test, flags.out), train, flags)
    bench = Bench(train, test, flags.out, together=flags.together)
    rows = [
        row.computed_in(flags.compute)
        for row in _rows(flags.table, train, flags)
        if flags.only in row.name
    ]
    if not rows:
        names = ", ".join(row.name for row in _rows(flags.table, train, flags))
        raise usage_error(f"--only={flags.only}", "no row's name holds that", f"rows: {names}")
    if flags.core is None and not flags.show and flags.jobs > 1:
        _in_parallel(argv, flags.jobs, together=flags.together)
        flags.show = True
    elif not flags.together and not flags.show:
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[(flags.core or 0) % len(cores)]})
    if not flags.show:
        every: list[tuple[Row, ...]] = [(row,) for row in seeds(rows, flags.seeds)]
        if flags.together:
            every = [tuple(row.seeded(seed) for seed in range(flags.seeds)) for row in rows]
        for same in every:
            if all(bench.result(row) is not None for row in same):
                continue
            print(f"{same[0].name}, seed {', '.join(str(r.config.seed) for r in same)}", flush=True)
            bench.run(*same)
    if flags.core is None:
        _show(bench, rows, flags)
    return 0


def _rows(table: str, train: str, flags: argparse.Namespace) -> list[Row]:
    held = "" if table == "decide" else HELD.get(Path(flags.data).name, "")
    return rows_of(table, train, held, flags.size)


def _in_parallel(argv: Sequence[str], jobs: int, *, together: bool) -> None:
    """Starts the same command once a core; each takes the rows that no other is at."""
    command = [sys.executable, "-m", "benchmarks.ablation", *argv]
    share = {"XLA_PYTHON_CLIENT_PREALLOCATE": "false"} if together else {}  # of a GPU's memory
    for number in (signal.SIGTERM, signal.SIGHUP):  # as Ctrl-C
        signal.signal(number, signal.default_int_handler)
    started = [  # each a session of its own: a terminal's Ctrl-C reaches them through us, once
        subprocess.Popen([*command, f"--core={i}"], env=os.environ | share, start_new_session=True)
        for i in range(jobs)
    ]
    try:
        failed = [process.wait() for process in started]
    except KeyboardInterrupt:
        for process in started:
            process.send_signal(signal.SIGINT)
            process.wait()
        raise
    for code in failed:
        if code < 0:
            print(f"a process was ended by signal {-code}", file=sys.stderr)
    if any(failed):  # each has said why
        raise SystemExit(max(code if code > 0 else 128 - code for code in failed if code))


def _show_scores(bench: Bench, train: str, flags: argparse.Namespace) -> int:
    found = {}
    for size, table, compute in itertools.product(SIZES, TABLES, COMPUTE):
        flags.size = size
        rows = [row.computed_in(compute) for row in _rows(table, train, flags)]
        for row in seeds(rows, flags.seeds):
            if (result := bench.result(row)) is not None:
                found[row.key(bench.data)] = result  # tables share rows
    runs = list(found.values())
    if not runs:
        raise missing_error(str(flags.out), "no row has been run", "run some, or check --out")
    held = HELD.get(Path(flags.data).name, "")
    alike = [run for run in runs if run["config"]["data"]["validation_subjects"] == held]
    told = {
        "all": report.correlations(runs),
        "same held-out people": report.correlations(alike),
        "near the best of these": report.correlations(report.near_the_best(alike)),
    }
    place = flags.page.with_suffix("") if flags.page else flags.out
    text = report.score_table(told)
    if flags.page:
        report.put_into_page(flags.page, "scores", text)
    workdir.write_json(place / "scores.json", report.rounded(told))
    report.draw_scores(place / "scores.png", runs)
    print(text)
    return 0


def _show(bench: Bench, rows: list, flags: argparse.Namespace) -> None:
    results = {}
    for row in rows:
        found = [bench.result(row.seeded(seed)) for seed in range(flags.seeds)]
        if there := [result for result in found if result is not None]:
            results[row.name] = [report.short(run) for run in there]
    if not results:
        which = f"{flags.table}, size {flags.size}, {flags.compute}"
        raise missing_error(
            f"{flags.out}: nothing of {which}", "not run yet", "leave --show out, or check --out"
        )
    found_rows = report.summary(results)
    runs = [result for found in results.values() for result in found]
    notes = {row.name: row.note for row in rows if row.note}
    told = {
        "data": Path(flags.data).name,
        "rows": report.rounded(found_rows),
        "notes": notes,
        "correlations": report.rounded(report.correlations(runs)),
        "results": results,
    }
    name = "-".join([flags.table, flags.size, *[flags.compute] * (flags.compute == "bfloat16")])
    place = (flags.page.with_suffix("") if flags.page else flags.out) / name
    text = report.table(found_rows, notes)
    if flags.page:
        _refuse_other_data(place.with_suffix(".json"), told["data"])
        report.put_into_page(flags.page, name, text)
    workdir.write_json(place.with_suffix(".json"), told)
    if not flags.page:
        place.with_suffix(".md").write_text(text + "\n")
    title = f"{flags.table}, size {flags.size}, {flags.compute}"
    report.draw_table(place.with_suffix(".png"), found_rows, title)
    report.draw_curves(place.with_name(f"{place.name}-curves.png"), results, title)
    print(text)
    print(f"rank correlation with the true MPJPE: {told['correlations']}")


def _refuse_other_data(path: Path, data: str) -> None:
    before = json.loads(path.read_text()).get("data", data) if path.is_file() else data
    if before != data:
        raise usage_error(f"--data={data}", f"{path} is of {before}", "choose another --page")


if __name__ == "__main__":
    commands.run(main)
