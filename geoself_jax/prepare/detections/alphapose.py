"""AlphaPose's JSON: a list of people, image_id the image's name, keypoints x, y, score ...

`idx` is the track. Frames without people are not in the list. Scores lie in [0, 1], of older COCO
models in [0, 6] (its documentation): they are given as they are. With `--format cmu` or `open` it
is an object by image (`alphapose_by_image`).
"""

import re
from pathlib import Path

from geoself_jax.core.skeleton import Skeleton
from geoself_jax.prepare.detections import alphapose_by_image
from geoself_jax.prepare.detections.people_list import read_people
from geoself_jax.prepare.first_bytes import head
from geoself_jax.prepare.instances import Instances

_LIST = re.compile(r"^\s*\[\s*\{")
_NAMED = re.compile(r'"image_id"\s*:\s*"')


def recognize(path: Path) -> str | None:
    """Why the file is one of these, or None."""
    if path.suffix.lower() != ".json":
        return None
    text = head(path)
    if alphapose_by_image.is_start(text):
        return "a JSON of AlphaPose's people by image"
    named = _LIST.match(text) and '"keypoints"' in text and _NAMED.search(text)
    return "a JSON list of people by image name" if named else None


def read(path: Path, *, skeleton: Skeleton | None = None, max_bytes: int = 1 << 32) -> Instances:
    """The people in every frame.

    Raises:
        GeoselfError: Not such a file, or nobody in it (65).
    """
    if alphapose_by_image.is_start(head(path)):
        return alphapose_by_image.read(path, skeleton, max_bytes)
    return read_people(path, skeleton=skeleton, max_bytes=max_bytes)
