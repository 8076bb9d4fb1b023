"""docs/reliability.md from docs/reliability.json: one page of promises."""

import json
from pathlib import Path
from typing import Any

from benchmarks.reliability.row import Row
from benchmarks.reliability.rows import ROWS

NAME = "reliability"
_HEAD = """# Reliability: promises, and what tests each

Each row plants a fault into real processes and real files and counts the cases that end as
promised. {summary}

The command of a row prints its cases that failed; it makes more of them by
`python -m benchmarks.reliability --row=1 --n=200`.
`python -m benchmarks.reliability --row=all --update` runs all rows and
writes this page. A failed case stays here until it passes. All rows need the packages of
`requirements-test.txt` (`.venv/bin/pip install -r requirements-test.txt -e .`). Rows of many
cases say each half minute how far they are. Seconds are of 2 CPU cores that did other work too.

Exit codes: 64 a flag or a configuration, 65 data, 66 an input is missing, 69 no such device, or a
host is lost, 70 diverged, 73 the folder is in use or another run's, 74 the disk refuses, 75 stopped
with all saved: run it again.
"""
_TABLE = (
    "| row | fault | what happens | tested by | N | passed | failed | seconds | commit |",
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
)
_EXACT = """
## How exact a training is

The same configuration, data and seed; the largest difference of a weight of a tiny network after 40
steps, relative to its largest weight.

| compared | promised | measured (row 8) |
| --- | --- | --- |"""
_NOT_MEASURED = (
    "| one GPU, twice | nothing: sums there have no fixed order | not run |",
    "| one GPU, twice, `XLA_FLAGS=--xla_gpu_deterministic_ops=true` | bit for bit | not run |",
)
_NEVER: dict[str, Any] = {"not_run": "not since its test was written"}


def line(name: str, row: Row, found: dict[str, Any]) -> str:
    """A result for the terminal."""
    if found["not_run"]:
        return f"row {name}: {row.fault}: not run: {found['not_run']}"
    head = f"row {name}: {row.fault}: {found['passed']} of {found['n']}, {found['seconds']} s"
    return "\n".join(
        [head, *(f"  failed: {reason}" for reason in found["reasons"])]
        + [f"  {note}" for note in found["notes"]]
    )


def update(folder: Path, results: dict[str, dict[str, Any]]) -> None:
    """Writes the results of some rows into the folder's .json, and its .md again."""
    path = folder / f"{NAME}.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    known |= results
    ordered = {name: known[name] for name in ROWS if name in known}
    path.write_text(json.dumps(ordered, indent=1) + "\n")
    (folder / f"{NAME}.md").write_text(page(ordered))


def page(results: dict[str, dict[str, Any]]) -> str:
    """The page of all rows.

    Args:
        results: Of the rows that were run, as `Tally.as_dict` has them, by name.
    """
    lines = [_HEAD.format(summary=_summary(results)), *_TABLE]
    for name, row in ROWS.items():
        found = results.get(name, _NEVER)
        if found["not_run"]:
            cells = ["", "not run", "", "", ""]
        else:
            keys = ("n", "passed", "failed", "seconds", "commit")
            cells = [str(found[key]) for key in keys]
        command = f"`python -m benchmarks.reliability --row={name}`"
        lines.append(" | ".join((f"| {name}", row.fault, row.promise, command, *cells)) + " |")
    lines += [_EXACT, *_exact(results.get("8", {})), *_NOT_MEASURED]
    lines += ["", "## What failed, what was measured, and what was not run", ""]
    for name in ROWS:
        found = results.get(name, _NEVER)
        said = [f"not run: {found['not_run']}"] if found["not_run"] else []
        said += [f"failed: {reason}" for reason in found.get("reasons", ())]
        said += found.get("notes", ())
        lines += [f"* row {name}: {_escaped(each)}" for each in said]
    return "\n".join([*lines, ""])


def _summary(results: dict[str, dict[str, Any]]) -> str:
    run = [found for found in results.values() if not found["not_run"]]
    cases, failed = (sum(found[key] for found in run) for key in ("n", "failed"))
    whole = sum(not found["failed"] for found in run)
    return (
        f"{len(run)} of {len(ROWS)} rows were run, {whole} of them without a failure: {cases} "
        f"cases, {failed} failed."
    )


def _exact(found: dict[str, Any]) -> list[str]:
    """Rows of the table of exactness."""
    measured = found.get("measured") or {"CPU devices": "not run"}
    return [
        f"| {what} | {'bit for bit' if value == '0' else 'rounding'} | {value} |"
        for what, value in measured.items()
    ]


def _escaped(text: str) -> str:
    return text.replace("|", "/").replace("<", "&lt;").replace("*", "\\*")
