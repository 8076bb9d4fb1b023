"""What a file of an experiment says and poses do not: when it was, and who was recorded."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from geoself_jax.core.errors import one_line, usage_error

_EXAMPLE = "2026-01-31T12:00:00+01:00"


@dataclass(frozen=True)
class Session:
    """A session.

    Attributes:
        start: Date and time of the video's frame 0, with a time zone.
        subject: Who was recorded; empty for nobody's name, None for the poses' own.
    """

    start: datetime
    subject: str | None = None


def session_of(
    path: Path | str, start: datetime | str | None, subject: str | None, *, taken: bool
) -> Session | None:
    """The session that a file is written with; None of a format that has none.

    Args:
        path: The file, for messages.
        start: Date and time with a time zone; as text in ISO 8601.
        subject: Who was recorded; empty for nobody's name, None for the poses' own.
        taken: Whether the format has a session.

    Raises:
        GeoselfError: No start, or one without a time zone, of a format that needs it; or a session
            of a format that has none (64).
    """
    if not taken:
        for what, value in (("session start", start), ("subject", subject)):
            if value is not None:
                found = f"{path}: {what} {one_line(value)[:80]!r}"
                raise usage_error(found, "only .nwb says it", "leave it out")
        return None
    do = f"set --nwb-session-start={_EXAMPLE} (session_start=)"
    if start is None:
        raise usage_error(f"{path}", "NWB wants the date and time of the video's frame 0", do)
    found = f"{path}: session start {one_line(start)[:80]!r}"
    try:
        moment = datetime.fromisoformat(start) if isinstance(start, str) else start
    except ValueError as error:
        raise usage_error(found, "wanted a date, a time and a time zone", do) from error
    if not isinstance(moment, datetime):
        raise usage_error(found, "wanted a date, a time and a time zone", do)
    if moment.utcoffset() is None:
        raise usage_error(found, "its time zone is missing", do)
    return Session(moment, subject)
