"""The list of what a library read, for benchmarks/read_by_others.py."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np


class Found:
    """What one library read.

    Args:
        folder: The files lie in it.
        library: Name and version.
    """

    def __init__(self, folder: Path, library: str) -> None:
        self.folder, self.library = folder, library
        self.cases: list[dict[str, Any]] = []

    def add(
        self,
        path: str,
        call: str,
        points: np.ndarray,
        *,
        scores: np.ndarray | None = None,
        names: Sequence[str] = (),
        pixels: bool = False,
    ) -> None:
        """Notes a file.

        Args:
            path: Within the folder.
            call: The function that read it.
            points: (N, J, 3) in the file's unit, or (N, J, 2) in pixels.
            scores: (N, J), or None where it has none.
            names: Of joints, as the library gives them.
            pixels: Whether the points are pixels.
        """
        number = len(self.cases)
        np.save(self.folder / f"points_{number}.npy", points)
        if scores is not None:
            np.save(self.folder / f"scores_{number}.npy", scores)
        self.cases.append(
            {"path": path, "call": call, "scores": scores is not None, "names": list(names),
             "pixels": pixels}
        )  # fmt: skip

    def close(self) -> None:
        """Writes the list."""
        content = {"library": self.library, "cases": self.cases}
        (self.folder / "found.json").write_text(json.dumps(content))
