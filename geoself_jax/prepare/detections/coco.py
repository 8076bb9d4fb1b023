"""COCO's JSON: a list of results by image_id, or annotations (ground truth).

In annotations the third number is v: 0 not labelled, 1 hidden, 2 visible. It is no score: the joint
is read as seen, with confidence 1, or not. Images numbered one by one are all frames of the video.
"""

import dataclasses
import re
from pathlib import Path
from typing import Any

from geoself_jax.core.errors import data_error
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.files import load_json
from geoself_jax.prepare.detections.people_list import people_of
from geoself_jax.prepare.detections.rows import frame_number, whole_number
from geoself_jax.prepare.first_bytes import head
from geoself_jax.prepare.instances import Instances

_LIST = re.compile(r"^\s*\[\s*\{")
_NUMBERED = re.compile(r'"image_id"\s*:\s*\d')
_ANNOTATIONS = re.compile(r'^\s*\{.*"(annotations|images|categories)"\s*:\s*\[', re.DOTALL)


def recognize(path: Path) -> str | None:
    """Why the file is one of these, or None."""
    if path.suffix.lower() != ".json":
        return None
    text = head(path)
    if _LIST.match(text) and '"keypoints"' in text and _NUMBERED.search(text):
        return "a JSON list of instances by frame number"
    if _ANNOTATIONS.match(text) and ('"keypoints"' in text or '"images"' in text):
        return "a JSON of images and annotations"
    return None


def read(path: Path, *, skeleton: Skeleton | None = None, max_bytes: int = 1 << 32) -> Instances:
    """The people in every frame.

    Raises:
        GeoselfError: Not such a file, or nobody in it (65).
    """
    content = load_json(path, max_bytes=max_bytes)
    if isinstance(content, list):
        return people_of(path, content, skeleton)
    if not isinstance(content, dict) or not isinstance(content.get("annotations"), list):
        raise data_error(f"{path}: no list of annotations", "COCO has one", "check the file")
    names = _image_names(path, content)
    labelled = [
        {**found, "image_id": _named(names, found.get("image_id"))}
        for found in content["annotations"]
        if isinstance(found, dict) and found.get("keypoints")
    ]
    numbers = [frame_number(name) for name in names.values()]
    listed = sorted({n for n in numbers if n is not None})
    last = listed[-1] if listed else -1
    read = people_of(path, labelled, skeleton, flags=True, frames=last + 1)
    read = dataclasses.replace(read, image_size=_size(content.get("images", [])))
    whole = bool(listed) and len(listed) == len(names) == last - listed[0] + 1
    return (
        dataclasses.replace(read, first=listed[0]) if whole and read.frame[0] >= listed[0] else read
    )


def _size(images: list[Any]) -> tuple[int, int]:
    """Width and height, the same of all images; else zeros."""
    sizes = {(whole_number(i.get("width")), whole_number(i.get("height"))) for i in images}
    width, height = sizes.pop() if len(sizes) == 1 else (None, None)
    return (width, height) if width and height else (0, 0)


def _named(names: dict[Any, str], image: Any) -> Any:
    number = whole_number(image)
    return image if number is None else names.get(number, image)


def _image_names(path: Path, content: dict[str, Any]) -> dict[Any, str]:
    """File name by image id: the ids are COCO's, frame numbers are in the file names."""
    images = content.get("images", [])
    if not isinstance(images, list) or not all(isinstance(found, dict) for found in images):
        raise data_error(f"{path}: images is not a list of objects", "", "check the file")
    named = {whole_number(i.get("id")): i.get("file_name") for i in images}
    return {key: name for key, name in named.items() if key is not None and isinstance(name, str)}
