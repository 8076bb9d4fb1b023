"""How long a host waits for the others: not much longer than it worked itself."""

import contextlib
import statistics
import time
from collections import deque
from collections.abc import Iterator

TIMES = 20
"""A host is stuck that takes as many times longer than this one, or than the median before."""


class Patience:
    """Measures a host's own work before each wait for the others, and the run's steps.

    What it works on itself (reading, triangulating, compiling) makes it as patient.

    Attributes:
        least: Seconds that it waits at least.
    """

    def __init__(self, least: float = 600.0) -> None:
        self.least = least
        self._worked = 0.0
        self._worked_since, self._waits_since = time.monotonic(), 0.0
        self._step_seconds: deque[float] = deque(maxlen=201)
        self._steps, self._steps_since = 0, 0.0

    @property
    def limit(self) -> float:
        """Seconds that it waits at most."""
        usual = statistics.median(self._step_seconds) * self._steps if self._step_seconds else 0.0
        return max(self.least, TIMES * max(self._worked, usual))

    @property
    def waited(self) -> float:
        """Seconds that it has waited by now; 0 where it works."""
        since = self._waits_since  # another thread asks, while this one may end its wait
        return time.monotonic() - since if since else 0.0

    @property
    def is_over(self) -> bool:
        """Whether it has waited longer than it should."""
        return self.waited > self.limit

    def next_steps(self, steps: int) -> None:
        """Steps are about to be done by all hosts; those before are.

        Args:
            steps: How many.
        """
        now = time.monotonic()
        if self._steps:
            self._step_seconds.append((now - self._steps_since) / self._steps)
        self._steps, self._steps_since = steps, now

    @contextlib.contextmanager
    def waiting(self) -> Iterator[None]:
        """Within, it waits for other hosts; a wait within another is a part of it."""
        if self._waits_since:
            yield
            return
        self._worked = time.monotonic() - self._worked_since
        self._waits_since = time.monotonic()
        try:
            yield
        finally:
            self._waits_since = 0.0
            self._worked_since = time.monotonic()
