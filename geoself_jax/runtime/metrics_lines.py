"""metrics.jsonl of a run that is continued: its whole lines, up to a step."""

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from geoself_jax.core.partial import writing
from geoself_jax.runtime.json_files import parse

DAMAGED = "metrics.damaged.jsonl"
"""Next to metrics.jsonl: lines that are none, as they were."""

LONGEST = 2**16
"""Bytes of a line: one of ours has less than a hundredth."""

_SHOWN = 3

Verdict = Literal["kept", "later", "damaged"]


def keep_lines(path: Path, step: int) -> str:
    """Drops the lines of later steps and sets damaged ones aside, in `DAMAGED`.

    The file is replaced whole or not at all, and only where a line leaves it.

    Args:
        path: metrics.jsonl; it may be missing.
        step: The last that is kept.

    Returns:
        A line for the user on what was set aside; nothing where all lines are whole.

    Raises:
        OSError: The file cannot be read.
        GeoselfError: The disk refuses what is to be written (74); metrics.jsonl stays as it was.
    """
    if not path.exists():
        return ""
    verdicts = [verdict for verdict, _ in _lines(path, step)]
    if set(verdicts) <= {"kept"}:
        return ""
    damaged = [number for number, verdict in enumerate(verdicts, 1) if verdict == "damaged"]
    if damaged:
        _set_aside(path, step)
    with writing(path) as place, place.open("wb") as stream:
        stream.writelines(line for verdict, line in _lines(path, step) if verdict == "kept")
    return _said(path, damaged, len(verdicts)) if damaged else ""


def _set_aside(path: Path, step: int) -> None:
    """Adds the damaged lines to those in `DAMAGED`, whole or not at all.

    Where they are its end already, a process was lost, or refused, before they left metrics.jsonl.
    """
    aside, total, size = path.with_name(DAMAGED), hashlib.sha256(), 0
    for line in _damaged(path, step):
        total.update(line)
        size += len(line)
    earlier = aside.stat().st_size if aside.exists() else 0
    if earlier >= size:
        with aside.open("rb") as stream:
            stream.seek(earlier - size)
            if hashlib.file_digest(stream, "sha256").digest() == total.digest():
                return
    with writing(aside) as place:
        if earlier:
            shutil.copyfile(aside, place)
        with place.open("ab") as stream:
            stream.writelines(_damaged(path, step))


def _damaged(path: Path, step: int) -> Iterator[bytes]:
    for verdict, line in _lines(path, step):
        if verdict == "damaged":
            yield line.removesuffix(b"\n") + b"\n"


def _said(path: Path, damaged: list[int], lines: int) -> str:
    if damaged == [lines]:
        what = f"{path}: its last line was cut short or damaged"
    else:
        more = " ..." if len(damaged) > _SHOWN else ""
        which = ", ".join(map(str, damaged[:_SHOWN]))
        what = f"{path}: {len(damaged)} of {lines} lines damaged (line {which}{more})"
    return f"{what} - kept in {DAMAGED} next to it, the other lines stay - nothing to do"


def _lines(path: Path, step: int) -> Iterator[tuple[Verdict, bytes]]:
    with path.open("rb") as stream:
        begins = True
        while line := stream.readline(LONGEST):
            yield (_verdict(line, step) if begins else "damaged"), line
            begins = line.endswith(b"\n")


def _verdict(line: bytes, step: int) -> Verdict:
    try:
        scalars = parse(line, not_finite=True) if line.endswith(b"\n") else None
    except ValueError:
        return "damaged"
    if not isinstance(scalars, dict) or type(scalars.get("step")) is not int:
        return "damaged"
    if not all(type(value) in (int, float) for value in scalars.values()):
        return "damaged"
    if scalars["step"] < 0:
        return "damaged"
    return "kept" if scalars["step"] <= step else "later"
