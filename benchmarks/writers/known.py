"""Poses that are known, and the list of the files that were written from them."""

import json
from pathlib import Path
from typing import Any

import numpy as np

WIDTH, HEIGHT, FRAMES = 1280, 720, 20
COCO = (
    *("nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder"),
    *("left_elbow", "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip"),
    *("left_knee", "right_knee", "left_ankle", "right_ankle"),
)


def people(joints: int = 17, count: int = 2) -> np.ndarray:
    """(count, FRAMES, J, 3) x, y, px, and score; NaN where a joint or a person is missing."""
    rng = np.random.default_rng(0)
    place = rng.uniform([1, 1], [WIDTH - 1, HEIGHT - 1], (count, FRAMES, joints, 2))
    found = np.concatenate([place, rng.uniform(0.2, 1, (count, FRAMES, joints, 1))], -1)
    found[0, 2, 3] = np.nan
    found[-1, 4:7] = np.nan
    found[:, 8] = np.nan
    return found


class Written:
    """The files of one library, with what each was written from.

    Args:
        folder: They are written to it.
        library: Name and version.
    """

    def __init__(self, folder: Path, library: str) -> None:
        self.folder, self.library = folder, library
        self.cases: list[dict[str, Any]] = []

    def add(
        self,
        path: str,
        writer: str,
        found: np.ndarray,
        *,
        pixels: float = 1e-4,
        score: float = 1e-6,
        first: int = 0,
        refused: str = "",
    ) -> None:
        """Notes a file or folder.

        Args:
            path: Within the folder.
            writer: The function that wrote it.
            found: (P, T, J, 3) x, y, px, score, as given to it.
            pixels, score: Half of the last digit that is written, or that float32 keeps.
            first: Number of the first frame in the file.
            refused: Words of the error, where the file lacks what is needed.
        """
        name = f"truth_{len(self.cases)}.npy"
        np.save(self.folder / name, found)
        self.cases.append(
            {"path": path, "writer": writer, "truth": name, "pixels": pixels, "score": score,
             "first": first, "refused": refused}
        )  # fmt: skip

    def close(self) -> None:
        """Writes the list."""
        content = {"library": self.library, "size": [WIDTH, HEIGHT], "cases": self.cases}
        (self.folder / "written.json").write_text(json.dumps(content))
