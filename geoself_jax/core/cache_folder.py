"""The user's cache folder: compiled programs, and arrays that are computed from a recording."""

import os
from pathlib import Path


def cache_folder(*parts: str) -> Path | None:
    """A folder within the user's cache that none but the user may enter, made if missing.

    Args:
        parts: Names of folders, one within the other.

    Returns:
        None where there is no home, it cannot be written to, or others can write to the folder:
        then each process computes again.
    """
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(home) / "geoself_jax"
    try:
        for part in (None, *parts):
            folder = folder / part if part else folder
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            facts = folder.stat()
            if facts.st_uid != os.getuid() or facts.st_mode & 0o077:
                return None
    except (OSError, RuntimeError):
        return None
    return folder
