"""How long a host waits for the others: not much longer than it worked itself."""

import contextlib
import statistics
import time
from collections import deque
from collections.abc import Iterator

TIMES = 20
"""A host is stuck that takes as many times longer than this one, or than the median before."""


class Patience:
    """Measures a host's own work between two waits for the others.

    What it works on itself (reading, triangulating, compiling) makes it as patient.

    Attributes:
        least: Seconds that it waits at least.
    """

    def __init__(self, least: float = 600.0) -> None:
        self.least = least
        self._own: deque[float] = deque(maxlen=201)
        self._worked_since, self._waits_since = time.monotonic(), 0.0

    @property
    def limit(self) -> float:
        """Seconds that it waits at most."""
        own = [statistics.median(self._own), self._own[-1]] if self._own else [0.0]
        return max(self.least, TIMES * max(own))

    @property
    def waited(self) -> float:
        """Seconds that it has waited by now; 0 where it works."""
        return time.monotonic() - self._waits_since if self._waits_since else 0.0

    @property
    def is_over(self) -> bool:
        """Whether it has waited longer than it should."""
        return self.waited > self.limit

    @contextlib.contextmanager
    def waiting(self) -> Iterator[None]:
        """Within, it waits for other hosts; a wait within another is a part of it."""
        if self._waits_since:
            yield
            return
        self._own.append(time.monotonic() - self._worked_since)
        self._waits_since = time.monotonic()
        try:
            yield
        finally:
            self._waits_since = 0.0
            self._worked_since = time.monotonic()
