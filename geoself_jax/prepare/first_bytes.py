"""The first bytes of a file, by which a format is recognized before it is parsed."""

from pathlib import Path

LENGTH = 2**16

FRAMES = ("_keypoints.json", ".predictions.json")
"""End OpenPose's and OpenPifPaf's names, of which there are tens of thousands."""


def head(path: Path) -> str:
    """Up to 64 KiB of a file as text; empty for a folder and for what cannot be opened."""
    try:
        if not path.is_file():
            return ""
        with path.open("rb") as file:
            return file.read(LENGTH).decode("utf-8", "replace").lstrip("\ufeff")
    except (OSError, ValueError):
        return ""


def holds(text: str, *keys: str) -> bool:
    """All of the keys stand in quotes in a JSON text."""
    return all(f'"{key}"' in text for key in keys)
