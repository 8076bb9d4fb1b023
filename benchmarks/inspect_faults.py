"""Plants faults into a valid recording and tabulates the result of reading or inspecting it.

    python -m benchmarks.inspect_faults --out=docs/faults.md

Each is written to a file, read and inspected as a user's would be; the table is checked by
`tests/inspect/test_inspect_faults.py`.
"""

import argparse
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np

from benchmarks import planting
from benchmarks.faults import GROUPS, Fault
from benchmarks.planting import Arrays
from geoself_jax.core.errors import GeoselfError
from geoself_jax.data import recording
from geoself_jax.inspect import report


def write(path: Path, arrays: Arrays) -> None:
    """Arrays into a file, whatever is wrong with them."""
    np.savez(path, allow_pickle=False, **arrays)


def said(fault: Fault, good: Arrays, folder: Path) -> list[tuple[str, str]]:
    """Severity (or `refused`) and line of all that is said of a fault, what is in order left out.

    Args:
        fault: To plant.
        good: Arrays to plant it into; they stay as they are.
        folder: Where the files are written.
    """
    path = folder / "faulty.npz"
    write(path, fault.plant(good))
    try:
        there = recording.read(path)
    except GeoselfError as refused:
        return [("refused", str(refused).replace(str(path), path.name))]
    against = None
    if fault.against is not None:
        write(folder / "other.npz", fault.against(good))
        against = recording.read(folder / "other.npz")
    found = report.inspect(there, path.name, against, "other.npz").verdicts
    return [(v.severity, v.line) for v in found if v.severity != "ok"]


def verdict(fault: Fault, lines: list[tuple[str, str]]) -> tuple[str, str]:
    """How a fault was caught, and the line that names it; `missed` where no line does."""
    if fault.outcome == "silent":
        loud = [line for line in lines if line[0] != "note"]
        return loud[0] if loud else ("silent", fault.words[0])
    named = [one for one in lines if all(word in one[1] for word in fault.words)]
    return min(named, key=lambda one: one[0] != fault.outcome) if named else ("missed", "")


def table(good: Arrays, folder: Path) -> tuple[list[str], Counter[str]]:
    """The rows of docs/faults.md, and how many were caught in which way."""
    rows, counts = [], Counter[str]()
    for title, faults in GROUPS.items():
        rows += ["", f"## {title}", "", "| fault | caught | what is said |", "| --- | --- | --- |"]
        for fault in faults:
            how, line = verdict(fault, said(fault, good, folder))
            counts[how] += 1
            rows.append(f"| {fault.what} | {how} | {line.replace('|', '/')} |")
    return rows, counts


HEAD = """# Faults, and what is said of them

Each fault was planted into a good recording ({frames} frames of one person, three clips, four
cameras, of the built-in data), written into a file, read, and inspected by
`python -m geoself_jax.inspect`. `refused`: the file cannot be read; `error`: inspect ends with exit
code 65; `warning`: printed, exit code 0; `note`: said in passing; `silent`: nothing is said, and
why; `missed`: nothing that is said names it. The good recording gives no error and no warning.
Made by `python -m benchmarks.inspect_faults`.

{counts}.
"""


def main() -> None:
    """Plants all faults and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--out", type=Path, default=Path("docs/faults.md"))
    flags = parser.parse_args()
    good = planting.good_arrays()
    with tempfile.TemporaryDirectory() as folder:
        rows, counts = table(good, Path(folder))
    summary = ", ".join(f"{counts[how]} {how}" for how in sorted(counts, key=lambda h: -counts[h]))
    text = HEAD.format(frames=planting.FRAMES, counts=f"{sum(counts.values())} faults: {summary}")
    flags.out.write_text("\n".join([text, *rows[1:], ""]), encoding="utf-8")
    print(summary)


if __name__ == "__main__":
    main()
