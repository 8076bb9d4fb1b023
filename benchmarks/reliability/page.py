"""docs/reliability.md from docs/reliability.json: one page of promises."""

import json
from pathlib import Path
from typing import Any

from benchmarks.reliability.row import Row
from benchmarks.reliability.rows import ROWS

NAME = "reliability"
_HEAD = """# Reliability: promises, and what tests each

Each row plants a fault into real processes and real files and counts the cases. Run one with
`python -m benchmarks.reliability --row=ROW`, with `--n=COUNT` for more or fewer cases, all with
`--row=all`; `--update` writes this page.
"""
_TABLE = (
    "| row | fault | what happens | N | passed | failed | seconds | commit |",
    "| --- | --- | --- | --- | --- | --- | --- | --- |",
)


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
    """The page of all rows."""
    lines = [_HEAD, *_TABLE]
    for name, row in ROWS.items():
        found = results.get(name, {"not_run": "not yet"})
        if found["not_run"]:
            cells = ["not run", "", "", "", ""]
        else:
            keys = ("n", "passed", "failed", "seconds", "commit")
            cells = [str(found[key]) for key in keys]
        lines.append(f"| {name} | {row.fault} | {row.promise} | {' | '.join(cells)} |")
    lines += ["", "## What failed, and what was measured", ""]
    for name in ROWS:
        found = results.get(name, {"not_run": "not yet"})
        said = [f"not run: {found['not_run']}"] if found["not_run"] else []
        said += [f"failed: {reason}" for reason in found.get("reasons", ())]
        said += found.get("notes", ())
        lines += [f"* row {name}: {_escaped(each)}" for each in said]
    return "\n".join([*lines, ""])


def _escaped(text: str) -> str:
    return text.replace("|", "/").replace("<", "&lt;").replace("*", "\\*")
