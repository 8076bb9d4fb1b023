"""What became of the cases of a row."""

import sys
import time
from dataclasses import dataclass, field
from typing import Any

MOST_REASONS = 12
SECONDS = 30.0
"""Between two lines on how far a row is."""


@dataclass
class Tally:
    """Cases that passed, and why others failed.

    Attributes:
        passed: Cases that ended as promised.
        failures: One line for each other case.
        notes: What else was measured.
        measured: How exact something is, by its name.
        not_run: Why the row was not run; empty where it was.
    """

    passed: int = 0
    failures: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    measured: dict[str, str] = field(default_factory=dict)
    not_run: str = ""
    _began: float = field(default_factory=time.monotonic)
    _said: float = field(default_factory=time.monotonic)

    @property
    def n(self) -> int:
        """Cases in all."""
        return self.passed + len(self.failures)

    def check(self, good: bool, reason: str) -> bool:
        """Counts one case; its reason is kept where it is not good."""
        if good:
            self.passed += 1
        else:
            self.failures.append(" ".join(reason.split())[:300])
        now = time.monotonic()
        if not good or now - self._said > SECONDS:
            self._said = now
            why = "" if good else f": {self.failures[-1]}"
            line = f"{self.n} cases, {len(self.failures)} failed, {now - self._began:.0f} s{why}"
            print(line, file=sys.stderr, flush=True)
        return good

    def note(self, line: str) -> None:
        """Keeps what was measured."""
        self.notes.append(line)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "n": self.n,
            "passed": self.passed,
            "failed": len(self.failures),
            "reasons": self.failures[:MOST_REASONS],
            "notes": self.notes,
            "measured": self.measured,
            "not_run": self.not_run,
        }
