"""The user's cache folder: compiled programs, and arrays that are computed from a recording."""

import hashlib
import os
import platform
import stat
from pathlib import Path


def cache_folder(*parts: str) -> Path | None:
    """`~/.cache/geoself_jax`, or a folder within it, made if missing; none but the user may enter.

    Args:
        parts: Names of folders, each within the one before.

    Returns:
        None where GEOSELF_CACHE is `off`, there is no home, it cannot be written to, or the folder
        is another's or a link: then each process computes again.
    """
    if os.environ.get("GEOSELF_CACHE") == "off":
        return None
    try:
        home = Path(os.environ.get("XDG_CACHE_HOME") or "")
        folder = home if home.is_absolute() else Path.home() / ".cache"
        for part in ("geoself_jax", *parts):
            folder = folder / part
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            facts = folder.lstat()
            if not stat.S_ISDIR(facts.st_mode) or _is_open_to_others(facts):
                return None
    except (OSError, RuntimeError):
        return None
    return folder


def _is_open_to_others(facts: os.stat_result) -> bool:
    """Whether others own or may enter a folder; on Windows, where modes say nothing, never."""
    if not hasattr(os, "getuid"):
        return False
    return facts.st_uid != os.getuid() or bool(facts.st_mode & 0o077)


def machine() -> str:
    """A name for what this CPU can do: programs and last digits depend on it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        facts = sorted({line for line in lines if line.startswith(("flags", "Features", "model"))})
    except OSError:
        facts = [platform.processor()]
    return hashlib.sha256("\n".join([platform.machine(), *facts]).encode()).hexdigest()[:16]
