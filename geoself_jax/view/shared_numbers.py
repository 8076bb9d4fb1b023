"""The encoded arrays of a page, deduplicated: several cameras share one triangulated pose."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from geoself_jax.view import z_up
from geoself_jax.view.compress_numbers import Block, code
from geoself_jax.view.scene import Scene

STEP = 0.0005  # metres at a human's size: the error of a joint is at most 0.44 mm
_TRUST = 0.01
_IMAGE = 2000  # quantization steps along the larger side of an image


@dataclass
class Blocks:
    """Blocks in order of first use; equal blocks are stored once."""

    found: dict[Block, int] = field(default_factory=dict)

    def add(self, block: Block) -> int:
        """Returns the index of a block, added if new."""
        return self.found.setdefault(block, len(self.found))

    def facts(self) -> list[dict[str, Any]]:
        """Returns the decoding parameters of each block."""
        names = ("frames", "joints", "numbers", "step", "root", "planes")
        return [{name: getattr(block, name) for name in names} for block in self.found]

    def poses(self, scene: Scene, scale: float = 1.0) -> list[int]:
        """Adds the joints of each sequence, in metres divided by the scene's scale."""
        root = scene.skeleton.root
        points = (z_up.points(scene, i, scale) for i in range(len(scene.sequences)))
        return [self.add(code(each, STEP, root)) for each in points]

    def seen(self, scene: Scene) -> dict[str, Any]:
        """Adds the 2D joints, if there are any."""
        source = scene.seen
        if source is None or source.keypoints_2d is None or source.confidence is None:
            return {"pixels": None, "confidence": None, "imageSize": [0, 0]}
        size = source.camera.image_size if source.camera is not None else (0, 0)
        pixels = self.pixels(source.keypoints_2d, size)
        confidence = self.confidence(source.confidence)
        return {"pixels": pixels, "confidence": confidence, "imageSize": list(size)}

    def pixels(self, pixels: np.ndarray, size: tuple[int, int]) -> int:
        """Adds (T, J, 2) px of an image of a width and height; 0, 0 where unknown."""
        return self.add(code(pixels, (max(size) or 1000) / _IMAGE))

    def confidence(self, confidence: np.ndarray) -> int:
        """Adds (T, J) in [0, 1]."""
        return self.add(code(np.nan_to_num(confidence)[..., None], _TRUST))
