"""The scenes as one HTML file that needs nothing but a browser."""

from collections.abc import Sequence
from pathlib import Path

from geoself_jax.viewing.scene import Scene


def write_page(path: Path, scenes: Sequence[Scene], title: str) -> None:
    """Writes the page; a file already there is replaced once all is written.

    Args:
        path: HTML file to write.
        scenes: At least one.
        title: Heading; drawn as it stands, no markup.

    Raises:
        GeoselfError: No scene (65); the disk refuses (74).
    """
    raise NotImplementedError
