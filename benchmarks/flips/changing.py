"""One change after the other of a file: which outcome each has."""

import contextlib
import io
import random
import re
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from benchmarks.flips.reading import Reader
from geoself_jax.core.errors import DATA, MISSING, GeoselfError

PATIENCE = 20
"""Seconds for one reading."""

OUTCOMES = ("refused", "another checkpoint", "set aside", "harmless", "unsigned", "SILENT", "CRASH")

HEADER = 64
"""Bytes at the beginning of a file from which two places are taken."""


class TooLong(Exception):
    """A reading took over `PATIENCE` seconds."""


def changes(content: bytes, places: int, dice: random.Random) -> Iterator[tuple[int, int]]:
    """Places and what their byte is changed by (exclusive or).

    Args:
        content: Of a file; nothing to change in an empty one.
        places: How many random places, next to two each of the beginning, middle and end.
        dice: Chooses.
    """
    size = len(content)
    if not size:
        return
    fixed = [0, dice.randrange(min(HEADER, size)), size // 2, dice.randrange(size // 4, size)]
    for place in (
        *fixed,
        size - 1,
        max(size - 5, 0),
        *(dice.randrange(size) for _ in range(places)),
    ):
        yield place, (1 << dice.randrange(8)) if dice.random() < 0.7 else dice.randrange(1, 256)


def outcome(reader: Reader, folder: Path, name: str, whole: tuple[str, str]) -> tuple[str, str]:
    """Reads a folder of which a file was changed.

    Args:
        reader: Of the folder.
        folder: Of a run or an export.
        name: Of the file that was changed.
        whole: What was read before.

    Returns:
        One of `OUTCOMES`, and what was said.
    """
    said = io.StringIO()
    try:
        with in_time(), contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            found = reader.read(folder, name)
    except GeoselfError as error:
        right = error.code in (DATA, MISSING) and "\n" not in str(error)
        return ("refused" if right else "CRASH"), str(error)
    except Exception as error:  # of any library: it would be a traceback
        return "CRASH", f"{type(error).__name__}: {error}"
    lines = said.getvalue().strip()
    if "is damaged" in lines and "trying another" in lines:
        return "another checkpoint", lines
    if "kept in metrics.damaged.jsonl" in lines:
        return "set aside", lines
    if found == whole:
        return "harmless", lines
    return ("SILENT" if found[0] != whole[0] else "unsigned"), lines


@contextlib.contextmanager
def in_time() -> Iterator[None]:
    """Ends what takes over `PATIENCE` seconds.

    Raises:
        TooLong: It did.
    """

    def late(number: int, frame: FrameType | None) -> None:
        raise TooLong

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(PATIENCE)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def flip_file(
    reader: Reader, folder: Path, name: str, places: int, seed: int
) -> tuple[Counter[str], list[str]]:
    """Changes one file again and again; it is as it was at the end.

    Args:
        reader, folder, name: As of `outcome`.
        places: As of `changes`.
        seed: For the places.

    Returns:
        How many had each outcome; a line for each that is silent or crashed.
    """
    path, counts, bad = folder / name, Counter[str](), []
    content, whole = path.read_bytes(), reader.read(folder, name)
    for place, by in changes(content, places, random.Random(f"{seed} {name}")):
        changed = bytearray(content)
        changed[place] ^= by
        path.write_bytes(changed)
        end, said = outcome(reader, folder, name, whole)
        path.write_bytes(content)
        counts[end] += 1
        if end in ("SILENT", "CRASH"):
            bad.append(f"{name} byte {place} ^ {by:#04x}: {end} {said[:200]}")
    return counts, bad


def group_of(name: str) -> str:
    """A file's name without the numbers and digests that differ from run to run."""
    name = re.sub(r"(checkpoints/\w+)/\d+", r"\1/STEP", name)
    name = re.sub(r"events\.out.*", "events...", name)
    return re.sub(r"/[0-9a-f]{32}$", "/...", name)
