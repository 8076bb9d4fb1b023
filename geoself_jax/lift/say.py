"""Lines of a command to standard error."""

import sys


def warn(line: str) -> None:
    """Prints a warning."""
    print(f"warning: {line}", file=sys.stderr)


def note(line: str) -> None:
    """Prints a note, or the warning that the line is."""
    print(line if line.startswith("warning: ") else f"note: {line}", file=sys.stderr)
