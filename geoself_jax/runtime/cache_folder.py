"""The user's cache folder, which none but the user may enter."""

import os
from pathlib import Path


def cache_folder(*parts: str) -> Path | None:
    """`~/.cache/geoself_jax`, or a folder within it, made if missing; None where it is not private.

    Args:
        parts: Names of folders, each within the one before.
    """
    try:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        for part in ("geoself_jax", *parts):
            folder = folder / part
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            facts = folder.stat()
            if facts.st_uid != os.getuid() or facts.st_mode & 0o077:
                return None
    except (OSError, RuntimeError):  # no home, or it cannot be written to
        return None
    return folder
