"""Names of videos split into trial and camera by a pattern that somebody else wrote.

A regular expression can be made to run for years. It runs in a process of its own, with a limit.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from typing import NamedTuple

from geoself_jax.core.errors import GeoselfError, data_error
from geoself_jax.core.unfinished import unfinished

SECONDS = 10.0
"""Longest time that a pattern may take."""

LONGEST = 1000
"""Most characters of a pattern."""

_SPLIT = """
import json, re, sys
pattern, names = json.load(sys.stdin)
try:
    rule = re.compile(pattern)
except (re.error, RecursionError, OverflowError) as error:
    print(json.dumps(f"not a regular expression: {error}"))
    sys.exit()
if not rule.groups:
    print(json.dumps("it has no group ( ) around the camera's name"))
    sys.exit()
matches = [rule.search(name) for name in names]
found = [match and match.groups()[0] for match in matches]
print(json.dumps([c and [rule.sub("", n).strip(), c.strip()] for c, n in zip(found, names)]))
"""


class Named(NamedTuple):
    """The parts of a video's name."""

    video: str
    camera: str


def split_names(source: str, pattern: str, names: Sequence[str]) -> list[Named | None]:
    """The video and the camera of each name, as anipose takes them; None where none is in it.

    The camera is the first group of the first match; the video is the name without all matches.

    Args:
        source: File and key of the pattern, for messages.
        pattern: Python's regular expression.
        names: Of files, without their suffix.

    Raises:
        GeoselfError: Not such a pattern, or one that runs too long (65).
    """
    if len(pattern) > LONGEST:
        raise _odd(source, pattern[:40] + "...", f"{len(pattern)} characters")
    said = _run(source, pattern, json.dumps([pattern, list(names)]))
    if isinstance(said, str):
        raise _odd(source, pattern, said)
    return [Named(*parts) if parts and all(parts[1:]) else None for parts in said]


def _run(source: str, pattern: str, asked: str) -> str | list[list[str] | None]:
    child = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _SPLIT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
        env={"PYTHONIOENCODING": "utf-8:surrogateescape"},
    )
    with child, unfinished(child.kill):
        try:
            answer, _ = child.communicate(asked, timeout=SECONDS)
        except subprocess.TimeoutExpired as error:
            raise _odd(source, pattern, f"it runs for over {SECONDS:g} s") from error
    if child.returncode:
        raise _odd(source, pattern, "it cannot be run")
    said: str | list[list[str] | None] = json.loads(answer)
    return said


def _odd(source: str, pattern: str, why: str) -> GeoselfError:
    return data_error(
        f"{source} = {pattern!r}", why, "write it as for anipose, e.g. 'cam([A-Z])': one group"
    )
