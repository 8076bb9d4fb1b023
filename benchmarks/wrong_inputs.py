"""Gives every command what users give it by mistake and tabulates what is said.

    python -m benchmarks.wrong_inputs --out=docs/wrong_inputs.md

Each is a process of its own; the table is checked by tests/benchmarks/test_wrong_inputs.py.
"""

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from benchmarks.wrong_cases import GROUPS, WrongInput
from benchmarks.wrong_files import make_sound, make_wrong
from geoself_jax.core.errors import GeoselfError
from geoself_jax.runtime import cli

SECONDS = 120

Answer = Callable[[WrongInput, Path], tuple[int, str]]
"""Exit code and line of a command in a folder."""

HEAD = """# Wrong inputs, and what is said of them

What users give a command by mistake, the command, its exit code, and its one line, among files
that `example`, `prepare`, `train`, `export`, `lift` and `view` had written; nothing was written by
any of them. Data that are wrong within are in [faults](faults.md). Made by
`python -m benchmarks.wrong_inputs`, each in a process of its own; with `--here` all in one.

{counts}.
"""


def said(wrong: WrongInput, folder: Path) -> tuple[int, str]:
    """Exit code and line of an error of a command run in a folder."""
    verb, *words = shlex.split(wrong.command)
    done = subprocess.run(
        [sys.executable, "-m", f"geoself_jax.{verb}", *words],
        env={**os.environ, "JAX_PLATFORMS": "cpu", "PYTHONPATH": str(Path(__file__).parents[1])},
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    return done.returncode, shown(" / ".join(errors), folder)


def said_here(wrong: WrongInput, folder: Path) -> tuple[int, str]:
    """As `said`, in this process, whose working directory is the folder: quicker."""
    verb, *words = shlex.split(wrong.command)
    try:
        return cli.main_of(verb)(words), ""
    except GeoselfError as error:
        return error.code, shown(str(error), folder)


def shown(line: str, folder: Path) -> str:
    """An error's line without names of this machine's folders and what a table cannot have."""
    found = line.removeprefix("error: ").replace(f"{folder}/", "")
    found = found.replace(cli.program("VERB").removesuffix("VERB"), "python -m geoself_jax.")
    return found.replace("|", "/").replace("<", "&lt;").replace("*", "\\*")


def table(folder: Path, answer: Answer = said) -> tuple[list[str], Counter[int]]:
    """The rows of docs/wrong_inputs.md, and how many ended with which exit code."""
    rows, counts = [], Counter[int]()
    for title, wrongs in GROUPS.items():
        rows += ["", f"## {title}", "", "| what was wrong | command | exit code | what is said |"]
        rows += ["| --- | --- | --- | --- |"]
        for wrong in wrongs:
            code, line = answer(wrong, folder)
            counts[code] += 1
            rows.append(f"| {wrong.what} | `{wrong.command}` | {code} | {line} |")
    return rows, counts


def main() -> None:
    """Makes the files, runs all commands and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--out", type=Path, default=Path("docs/wrong_inputs.md"))
    parser.add_argument("--here", action="store_true", help="all in this process, quicker")
    flags = parser.parse_args()
    out = flags.out.absolute()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place).resolve() / "lab"
        folder.mkdir()
        os.chdir(folder)
        make_sound(folder)
        make_wrong(folder)
        rows, counts = table(folder, said_here if flags.here else said)
        os.chdir(out.parent)
    summary = ", ".join(f"{counts[code]} with {code}" for code in sorted(counts))
    text = HEAD.format(counts=f"{sum(counts.values())} wrong inputs: {summary}")
    out.write_text("\n".join([text, *rows[1:], ""]), encoding="utf-8")
    print(summary)


if __name__ == "__main__":
    main()
