"""One thing that takes a while, as a bar or a counter."""

import sys
import time

_LEAST = 10
"""Columns from which on a bar is drawn."""


class Phase:
    """One thing that takes a while.

    Attributes:
        doing: What it is, `triangulating`.
        total: How much there is to do, None where that is not known.
        unit: Of what, `instants`.
        done: How much is done.
        note: What else the bar shows.
        more: What it shows besides, where there is room.
    """

    def __init__(self, doing: str, total: int | None, unit: str, initial: int) -> None:
        self.doing, self.total, self.unit = doing, total, unit
        self.done = self._initial = initial
        self.note = self.more = ""
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
        forms = self._forms(columns)
        return next((form for form in forms if len(form) <= columns), forms[-1][:columns])

    def _forms(self, columns: int) -> list[str]:
        """What may be shown, the longest first; what matters least is left out first."""
        done, total = min(self.done, self.total or 0), self.total or 0
        worked = self.done - self._initial
        rate = left = ""
        if worked > 0 and self.seconds > 0:
            speed = worked / self.seconds
            rate = f"{speed:.0f}/s" if speed >= 10 else f"{speed:.2g}/s"
            left = f"{_clock((total - done) / speed)} left"
        count = f"{done}/{total} {self.unit}"
        whole = _listed(count, rate, left, self.note, self.more)
        room = columns - len(f"{self.doing} || {whole}")
        return [
            *([f"{self.doing} |{_drawn(done / max(total, 1), room)}| {whole}"] * (room >= _LEAST)),
            f"{self.doing}: {whole}",
            f"{self.doing}: {_listed(count, rate, left, self.note)}",
            _listed(count, rate, left, self.note),
            _listed(count, left, self.note),
            _listed(f"{done}/{total}", left, self.note),
        ]

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


def _listed(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


def _clock(seconds: float) -> str:
    """`1:38` or `2:05:10`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _drawn(share: float, columns: int) -> str:
    """A bar, in blocks where standard error can show them."""
    from tqdm.std import Bar

    blocks = (getattr(sys.stderr, "encoding", "") or "").lower() in ("utf-8", "utf8")
    return format(Bar(share), f"{columns}{'u' if blocks else 'a'}")
