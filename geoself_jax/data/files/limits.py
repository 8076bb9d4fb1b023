"""How much a file from outside may hold, and how long reading it may take."""

from pathlib import Path

from geoself_jax.core.errors import INPUT_OUTPUT, GeoselfError, data_error, missing_error

MAX_TEXT = 2**29
"""Bytes of a text file."""

MAX_MARKED = 2**26
"""Bytes of a TOML or XML file: calibrations, never recordings."""

MAX_YAML = 2**21
"""Bytes of a YAML file: its reader takes some seconds for a megabyte."""

MAX_BINARY = 2**32
"""Bytes of a binary file, and of what it unpacks to."""

MAX_DEPTH = 64
"""Lists within lists."""

MAX_MERGED = 16
"""Mappings that a YAML mapping takes over by `<<`."""

MAX_NODES = 2**24
"""Values outside arrays."""


def file_size(path: Path, max_bytes: int) -> int:
    """Size in bytes of a file that is there.

    Raises:
        GeoselfError: No such file (66), or larger than `max_bytes` (65).
    """
    try:
        if not path.is_file():
            known = "a pipe or a device, not a file" if path.exists() else "no such file"
            found = "a folder, not a file" if path.is_dir() else known
            raise missing_error(str(path), found, "check the path")
        size = path.stat().st_size
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error
    if size > max_bytes:
        raise data_error(str(path), f"has {size} bytes, over {max_bytes}", "split the recording")
    return size


def unreadable(path: Path, error: Exception) -> GeoselfError:
    """The file cannot be opened (74)."""
    why = getattr(error, "strerror", None) or str(error)
    return GeoselfError(
        str(path), why, "check the path, its permissions and the disk", INPUT_OUTPUT
    )
