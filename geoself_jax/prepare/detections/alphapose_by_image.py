"""AlphaPose's JSON of `--format cmu` or `open`: people by image, in OpenPose's COCO order.

The neck is the middle of the shoulders for models of COCO's 17 joints. For others AlphaPose puts
their 18th joint in its place (of Halpe the head), which is refused.
"""

import re
from pathlib import Path
from typing import Any

import numpy as np

from geoself_jax.core.errors import data_error
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.files import load_json
from geoself_jax.data.skeletons import COCO_18
from geoself_jax.prepare.detections.people_list import people_of
from geoself_jax.prepare.instances import Instances

_START = re.compile(r'^\s*\{\s*"[^"]+"\s*:\s*\{\s*"version"\s*:\s*"AlphaPose')
_KEYS = {"bodies": "joints", "people": "pose_keypoints_2d"}
_NECK, _SHOULDERS = 1, [2, 5]
APART_PX = 2.0
"""Rounding of the middle, with room."""


def is_start(text: str) -> bool:
    """Whether a file that starts with this is one of these."""
    return bool(_START.match(text))


def read(path: Path, skeleton: Skeleton | None, max_bytes: int) -> Instances:
    """The people in every frame.

    Raises:
        GeoselfError: Not such a file; another model's joint for the neck (65).
    """
    content = load_json(path, max_bytes=max_bytes)
    if not isinstance(content, dict) or not all(isinstance(v, dict) for v in content.values()):
        raise data_error(f"{path}: not people by image", "AlphaPose's cmu or open", "check it")
    entries = [
        {"image_id": image, "keypoints": found.get(_KEYS[key]) if isinstance(found, dict) else None}
        for image, value in content.items()
        for key in _KEYS
        for found in _listed(value.get(key))
    ]
    read = people_of(path, entries, skeleton or COCO_18)
    _check_neck(path, read)
    return read


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _check_neck(path: Path, read: Instances) -> None:
    if read.skeleton is not COCO_18:
        return
    middle = read.keypoints_2d[:, _SHOULDERS].mean(1)
    apart = np.linalg.norm(read.keypoints_2d[:, _NECK] - middle, axis=-1)
    apart = apart[np.isfinite(apart)]
    if apart.size and np.median(apart) > APART_PX:
        raise data_error(
            f"{path}: the neck is {np.median(apart):.0f} px from the middle of the shoulders",
            "AlphaPose's cmu and open formats are for models of COCO's 17 joints; of others the "
            "18th joint is in its place",
            "run AlphaPose without --format, or name the joints: --skeleton=FILE.toml",
        )
