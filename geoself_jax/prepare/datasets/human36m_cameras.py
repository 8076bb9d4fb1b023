"""Human3.6M's four cameras as published, for its eleven subjects."""

import json
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from geoself_jax.core.errors import data_error
from geoself_jax.data.rig import Rig
from geoself_jax.geometry.lenses import Lens

CAMERAS = ("54138969", "55011271", "58860488", "60457274")
"""In the order of the detections of VideoPose3D's files."""


def human36m_rig(subject: str) -> Rig:
    """The rig of one subject ("S1" to "S11"): metres, z up, distorted lenses, 1000 px images.

    Source: human36m_cameras.json next to this file; its `source` says where the numbers are from.

    Raises:
        GeoselfError: No such subject (65).
    """
    published = _published()
    placed = published["extrinsics"]
    if subject not in placed:
        raise data_error(
            f"subject {subject!r}", "Human3.6M has no such subject", f"known: {', '.join(placed)}"
        )
    inner = [published["intrinsics"][name] for name in CAMERAS]
    outer = [placed[subject][name] for name in CAMERAS]
    return Rig(
        name=f"human36m_{subject}",
        camera_names=CAMERAS,
        K=np.array([camera["K"] for camera in inner]),
        lenses=tuple(Lens(tuple(camera["dist"])) for camera in inner),
        R=np.array([camera["R"] for camera in outer]),
        center=np.array([camera["center"] for camera in outer]),
        image_size=np.array([camera["image_size"] for camera in inner], np.int32),
        world_up=np.array([0.0, 0.0, 1.0]),
    )


@cache
def _published() -> dict[str, Any]:
    """The file that comes with the package."""
    folder = resources.files("geoself_jax.prepare.datasets")
    return json.loads((folder / "human36m_cameras.json").read_text(encoding="utf-8"))
