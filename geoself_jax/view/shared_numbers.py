"""The coded numbers of a page, each once: several cameras share a triangulated body."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from geoself_jax.view import z_up
from geoself_jax.view.compress_numbers import Block, code
from geoself_jax.view.scene import Scene

STEP = 0.0005  # metres: a joint is at most 0.44 mm off
_TRUST = 0.01
_PICTURE = 2000  # steps across the larger side of a picture


@dataclass
class Blocks:
    """Blocks in order of first use; the same block is kept once."""

    found: dict[Block, int] = field(default_factory=dict)

    def add(self, block: Block) -> int:
        """Its number."""
        return self.found.setdefault(block, len(self.found))

    def facts(self) -> list[dict[str, Any]]:
        """What is needed to read each."""
        names = ("frames", "joints", "numbers", "step", "root", "planes")
        return [{name: getattr(block, name) for name in names} for block in self.found]

    def poses(self, scene: Scene) -> list[int]:
        """Adds the joints of each sequence."""
        root = scene.skeleton.root
        points = (z_up.points(scene, i) for i in range(len(scene.sequences)))
        return [self.add(code(each, STEP, root)) for each in points]

    def seen(self, scene: Scene) -> dict[str, Any]:
        """Adds the 2D joints, if there are any."""
        source = scene.seen
        if source is None or source.keypoints_2d is None or source.confidence is None:
            return {"pixels": None, "confidence": None, "imageSize": [0, 0]}
        size = source.camera.image_size if source.camera is not None else (0, 0)
        pixels = self.add(code(source.keypoints_2d, (max(size) or 1000) / _PICTURE))
        trust = np.nan_to_num(source.confidence)[..., None]
        confidence = self.add(code(trust, _TRUST))
        return {"pixels": pixels, "confidence": confidence, "imageSize": list(size)}
