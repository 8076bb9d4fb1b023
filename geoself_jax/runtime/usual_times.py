"""How long a phase of unknown length took the last time on this machine."""

import contextlib
import json
import os

from geoself_jax.core.cache_folder import cache_folder

_FILE = "usual_times.json"
_MOST = 2**16
"""Bytes of the file: a larger one is not ours."""
_PHASES = 100
_LONGEST = 1e6


def usual_seconds(name: str) -> float | None:
    """Seconds that a phase took the last time that it was long enough to remember, if known.

    Args:
        name: Of the phase.
    """
    seconds = _read().get(name)
    if not isinstance(seconds, int | float) or isinstance(seconds, bool):
        return None
    return float(seconds) if 0 < seconds < _LONGEST else None  # not of NaN


def remember(name: str, seconds: float) -> None:
    """Keeps how long a phase took, where there is a cache folder.

    Args:
        name: Of the phase.
        seconds: It took.
    """
    folder = cache_folder()
    if folder is None:
        return
    known = dict(list(_read().items())[-_PHASES:]) | {name: round(seconds, 1)}
    temporary = folder / f".{_FILE}.{os.getpid()}.tmp"
    with contextlib.suppress(OSError):
        temporary.write_text(json.dumps(known, indent=1) + "\n")
        temporary.replace(folder / _FILE)


def _read() -> dict[str, object]:
    folder = cache_folder()
    try:
        if folder is None or (folder / _FILE).stat().st_size > _MOST:
            return {}
        found = json.loads((folder / _FILE).read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
