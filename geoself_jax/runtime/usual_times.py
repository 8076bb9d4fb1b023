"""How long a phase of unknown length took the last time on this machine."""

import contextlib
import json
import math
import os

from geoself_jax.runtime.cache_folder import cache_folder

_FILE = "usual_times.json"
_MOST = 2**16
"""Bytes of the file, and phases times 100: anything larger is not ours."""


def usual_seconds(name: str) -> float | None:
    """Seconds that a phase took the last time that it was long enough to remember, if known.

    Args:
        name: Of the phase.
    """
    seconds = _read().get(name)
    known = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    return float(seconds) if known and math.isfinite(seconds) and 0 < seconds < 1e6 else None


def remember(name: str, seconds: float) -> None:
    """Keeps how long a phase took, where there is a cache folder.

    Args:
        name: Of the phase.
        seconds: It took.
    """
    folder = cache_folder()
    if folder is None:
        return
    known = dict(list(_read().items())[-100:]) | {name: round(seconds, 1)}
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
