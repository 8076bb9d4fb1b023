"""Errors that the user can fix: one line each, and an exit code."""

import difflib
from collections.abc import Iterable, Sequence

DONE = 0
USAGE = 64  # a flag or a configuration key
DATA = 65  # inconsistent data
MISSING = 66  # missing input
UNAVAILABLE = 69  # no such device
DIVERGED = 70  # the loss is no longer a number
WORKDIR = 73  # the run folder belongs to another configuration
INPUT_OUTPUT = 74  # the disk
INTERRUPTED = 75  # stopped and saved: run the same command again


def one_line(text: object) -> str:
    """A text without line breaks and terminal escapes: names come from files and paths."""
    return "".join(c if c.isprintable() else " " for c in str(text))


class GeoselfError(Exception):
    """An error that the user can fix: `what - why - what to do`, in one line.

    Args:
        what: The file, frame, joint, view or key as the user wrote it, and the value found.
        why: The value expected, or the cause.
        do: The fix.
        code: Exit code of a command that ends with it.

    Attributes:
        code: Exit code.
        lines: One for each input that is at fault: usually one.
        causes: The errors that `joined` made one of; else empty.
    """

    def __init__(self, what: str, why: str, do: str, code: int) -> None:
        line = " - ".join(part for part in (what, why, do) if part)
        super().__init__(one_line(line))
        self.code = code
        self.lines: tuple[str, ...] = (str(self),)
        self.causes: tuple[GeoselfError, ...] = ()


def usage_error(what: str, why: str, do: str) -> GeoselfError:
    """Returns an error in a flag or configuration value (exit code 64).

    Args:
        what, why, do: As of `GeoselfError`.
    """
    return GeoselfError(what, why, do, USAGE)


def data_error(what: str, why: str, do: str) -> GeoselfError:
    """Returns an error in the data or their format (exit code 65).

    Args:
        what, why, do: As of `GeoselfError`.
    """
    return GeoselfError(what, why, do, DATA)


def missing_error(what: str, why: str, do: str) -> GeoselfError:
    """Returns an error for a missing input (exit code 66).

    Args:
        what, why, do: As of `GeoselfError`.
    """
    return GeoselfError(what, why, do, MISSING)


def joined(errors: Sequence[GeoselfError]) -> GeoselfError:
    """Returns one error for several inputs, with a line for each (exit code 65).

    Args:
        errors: One or more; a single one is returned as it is.
    """
    if len(errors) == 1:
        return errors[0]
    several = GeoselfError("; ".join(str(error) for error in errors), "", "", DATA)
    several.lines = tuple(line for error in errors for line in error.lines)
    several.causes = tuple(cause for error in errors for cause in error.causes or (error,))
    return several


def nearest_name(name: str, known: Iterable[str]) -> str:
    """Returns `did you mean X?`, or the known names where none is similar.

    Args:
        name: As the user wrote it.
        known: The names that are valid.
    """
    known = list(known)
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}"
