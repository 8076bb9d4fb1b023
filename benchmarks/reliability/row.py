"""A row of the table: a fault, what is promised, and what tests it."""

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.reliability.lab import Lab
from benchmarks.reliability.tally import Tally

Test = Callable[[Lab, int, Tally], None]
"""Runs at most that many cases; a count of 0 stands for all that there are."""


@dataclass(frozen=True)
class Row:
    """A row.

    Attributes:
        fault: What goes wrong.
        promise: What happens then.
        count: Cases where none are asked for; 0: as many as there are.
        test: Runs them.
        as_users: Whether programs are compiled as users' are; else quickly, which is most of the
            time of a tiny run.
    """

    fault: str
    promise: str
    count: int
    test: Test
    as_users: bool = False
