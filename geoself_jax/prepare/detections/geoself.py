"""The JSON that `geoself detect` writes: it names its joints, frame rate and image size."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from geoself_jax.core.errors import data_error
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.files import load_json
from geoself_jax.data.files.detections_file import Header, header_from, is_detections
from geoself_jax.prepare.detections.named_joints import named_joints
from geoself_jax.prepare.detections.rows import flat_keypoints, instances_of, whole_number
from geoself_jax.prepare.first_bytes import head
from geoself_jax.prepare.instances import Instances


def recognize(path: Path) -> str | None:
    """Why the file is one of these, or None."""
    return "a JSON of geoself detect" if is_detections(head(path)) else None


def read(path: Path, *, skeleton: Skeleton | None = None, max_bytes: int = 1 << 32) -> Instances:
    """The people in every frame, with frame rate and image size.

    Raises:
        GeoselfError: Not such a file, or nobody in it (65).
    """
    content = load_json(path, max_bytes=max_bytes)
    try:
        header = header_from(content)
    except ValueError as error:
        raise data_error(f"{path}: {error}", "", "run geoself detect again") from error
    frames, rows = _rows(path, content.get("detections"), header)
    kept, order, notes = named_joints(str(path), header.joint_names, skeleton)
    values = np.array(rows).reshape(len(rows), len(header.joint_names), 3)[:, order]
    found = instances_of(str(path), frames, values, None, header.frames, kept, notes)
    return dataclasses.replace(found, first=0, image_size=header.image_size, fps=header.fps)


def _rows(path: Path, found: Any, header: Header) -> tuple[list[int], list[np.ndarray]]:
    if not isinstance(found, list):
        raise data_error(f"{path}: no list `detections`", "", "run geoself detect again")
    frames, rows, joints = [], [], len(header.joint_names)
    for at, one in enumerate(found):
        frame = whole_number(one.get("frame")) if isinstance(one, dict) else None
        if frame is None or frame >= header.frames:
            what, why = f"{path}: entry {at} of frame {frame}", f"wanted 0 to {header.frames - 1}"
            raise data_error(what, why, "run geoself detect again")
        row = flat_keypoints(str(path), f"frame {frame}", one.get("joints"))
        if len(row) != joints:
            what = f"{path}: {len(row)} joints in frame {frame}"
            raise data_error(what, f"joint_names has {joints}", "run geoself detect again")
        frames.append(frame)
        rows.append(row)
    return frames, rows
