"""One clear line for what the user can mend, and the exit code that goes with it."""

import difflib
from collections.abc import Iterable

DONE = 0
USAGE = 64  # a flag or a configuration key
DATA = 65  # the data contradict themselves
MISSING = 66  # an input that is not there
UNAVAILABLE = 69  # no such device
DIVERGED = 70  # the loss is no longer a number
WORKDIR = 73  # the run folder belongs to another configuration
INPUT_OUTPUT = 74  # the disk
INTERRUPTED = 75  # stopped and saved: run the same command again


class GeoselfError(Exception):
    """Something the user can mend: `what - why - what to do`, in one line.

    Args:
        what: The thing as the user wrote it (file, frame, joint, view, key) and what was found.
        why: What was wanted instead, or why it cannot work.
        do: What to do about it.
        code: Exit code of a command that ends with it.
    """

    def __init__(self, what: str, why: str, do: str, code: int) -> None:
        line = " - ".join(part for part in (what, why, do) if part)
        # Names come from files and paths: no line breaks, no terminal escapes.
        super().__init__("".join(c if c.isprintable() else " " for c in line))
        self.code = code


def usage_error(what: str, why: str, do: str) -> GeoselfError:
    """A flag or configuration value that cannot be used (exit code 64)."""
    return GeoselfError(what, why, do, USAGE)


def data_error(what: str, why: str, do: str) -> GeoselfError:
    """Data that contradict themselves or their format (exit code 65)."""
    return GeoselfError(what, why, do, DATA)


def missing_error(what: str, why: str, do: str) -> GeoselfError:
    """An input that is not there (exit code 66)."""
    return GeoselfError(what, why, do, MISSING)


def nearest_name(name: str, known: Iterable[str]) -> str:
    """`did you mean X?`, or the list of known names where none is near."""
    known = list(known)
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}"
