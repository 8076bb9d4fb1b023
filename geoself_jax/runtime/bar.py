"""One thing that takes a while, as a bar or a counter."""

import sys
import time


class Phase:
    """One thing that takes a while.

    Attributes:
        doing: What it is, `triangulating`.
        total: How much there is to do, None where that is not known.
        unit: Of what, `instants`.
        done: How much is done.
        note: What else the bar shows.
    """

    def __init__(self, doing: str, total: int | None, unit: str, initial: int) -> None:
        self.doing, self.total, self.unit = doing, total, unit
        self.done = self._initial = initial
        self.note = ""
        self.usual: float | None = None
        self._started, self._within = time.monotonic(), 0.0

    def update(self, count: int = 1) -> None:
        """Adds to what is done."""
        self.done += count

    @property
    def seconds(self) -> float:
        """So far, without the phases within it: what is left is estimated of these."""
        return time.monotonic() - self._started - self._within

    def leave_out(self, seconds: float) -> None:
        """Does not count seconds of a phase within it."""
        self._within += seconds

    def restart_clock(self) -> None:
        """Counts the time from here on."""
        self._started, self._within = time.monotonic(), 0.0

    def text(self, columns: int) -> str:
        """The bar or the counter, as wide as the terminal."""
        if self.total is None:
            return self.counter.rstrip(",")[:columns]
        from tqdm import tqdm

        return tqdm.format_meter(
            min(self.done, self.total),
            self.total,
            self.seconds,
            ncols=columns,
            prefix=self.doing,
            ascii=(getattr(sys.stderr, "encoding", "") or "").lower() not in ("utf-8", "utf8"),
            unit=f" {self.unit}",
            postfix=self.note,
            initial=self._initial,
        )

    @property
    def counter(self) -> str:
        """Its seconds, or how much is done."""
        if self.total is not None:
            of = f"{self.done:,} of {self.total:,} {self.unit}"
            return f"{self.doing}: {of}, {self.seconds:.0f} s"
        usually = f", usually {self.usual:.0f} s," if self.usual else ""
        return f"{self.doing}: {self.seconds:.0f} s{usually}"

    @property
    def line(self) -> str:
        """What it did, once it is done."""
        count = "" if self.total is None else f" {self.done - self._initial:,} {self.unit}"
        return f"{self.doing}{count} took {self.seconds:.1f} s"
