"""One finding about a recording: how bad, what, by which figure, what to do."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from geoself_jax.core.errors import one_line

Severity = Literal["error", "warning", "note", "ok"]
ORDER: tuple[Severity, ...] = ("error", "warning", "note", "ok")


@dataclass(frozen=True)
class Verdict:
    """A finding.

    Attributes:
        severity: `error`: it cannot be right; `warning`: it will cost accuracy, or is suspicious;
            `note`: good to know, or could not be checked; `ok`: checked and found in order.
        check: Short name of the check.
        what: The fault, with the names of camera, joint, clip or frame.
        evidence: The figures that say so.
        do: What to do about it; empty where there is nothing to do.
    """

    severity: Severity
    check: str
    what: str
    evidence: str
    do: str = ""

    @property
    def line(self) -> str:
        """`what - evidence - what to do`, without line breaks or terminal escapes."""
        line = " - ".join(part for part in (self.what, self.evidence, self.do) if part)
        return one_line(line)


def error(check: str, what: str, evidence: str, do: str) -> Verdict:
    """A finding that cannot be right."""
    return Verdict("error", check, what, evidence, do)


def warning(check: str, what: str, evidence: str, do: str) -> Verdict:
    """A suspicious finding."""
    return Verdict("warning", check, what, evidence, do)


def note(check: str, what: str, evidence: str = "", do: str = "") -> Verdict:
    """Something to know, or a check that lacks data."""
    return Verdict("note", check, what, evidence, do)


def ok(check: str, what: str, evidence: str = "") -> Verdict:
    """A check that found nothing wrong."""
    return Verdict("ok", check, what, evidence)


def worst_first(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """Errors, warnings, notes, then what is in order; otherwise as they come."""
    return sorted(verdicts, key=lambda verdict: ORDER.index(verdict.severity))
