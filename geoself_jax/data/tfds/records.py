"""Arrays of format geoself-multiview/1 as one record a clip, and back, bit for bit."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from geoself_jax.core.errors import data_error
from geoself_jax.data import validation
from geoself_jax.data.tfds import shared

Splits = dict[str, dict[str, np.ndarray]]
"""Arrays of format geoself-multiview/1 by split."""

FRAME = ("keypoints_2d", "confidence", "frame_id", "pose_world")
"""Arrays of a record with an entry for each instant."""

IDS = ("clip_id", "subject_id", "rig_id")
"""One number for a record, one for each instant in the file."""

CAMERAS = ("K", "R", "center", "dist", "image_size")
"""Arrays of a record with an entry for each view: of its rig."""

NAMED = {"clip": "clip_names", "action": "clip_actions", "subject": "subject_names"}
NAMED |= {"rig": "rig_names"}
_NUMBER = {"clip": "clip_id", "action": "clip_id", "subject": "subject_id", "rig": "rig_id"}
_NEVER = ("occluded",)
_SHARED = {*validation.REQUIRED, *validation.OPTIONAL, "pose_joint_names"} - {*FRAME, *IDS, *_NEVER}
_NONE = {"pose_world": (1, 1, 3), "dist": (1, 5)}
"""Shapes of what stands in a record for an array that its split does not have."""


class ManualFile(NamedTuple):
    """A file that the user brought, as it was when the data set was built."""

    name: str
    size: int
    sha256: str


def shared_arrays(arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """What all records of a split share: names, skeleton, rigs; as JSON."""
    return {name: shared.to_json(arrays[name]) for name in sorted(_SHARED & arrays.keys())}


def left_out(arrays: Mapping[str, np.ndarray]) -> list[str]:
    """Names of arrays that records do not hold, as nothing reads them."""
    return sorted(arrays.keys() - _SHARED - {*FRAME, *IDS})


def dtypes(splits: Mapping[str, Mapping[str, np.ndarray]]) -> dict[str, str]:
    """Type of each array of a record, the same in all splits.

    Raises:
        GeoselfError: Two splits differ (65).
    """
    found: dict[str, str] = {}
    for split, arrays in splits.items():
        for name in (*FRAME, *IDS, *CAMERAS):
            if name not in arrays:
                continue
            dtype = arrays[name].dtype.str
            if found.setdefault(name, dtype) != dtype:
                raise data_error(
                    f"{split}: {name} has type {arrays[name].dtype}",
                    f"in another split {np.dtype(found[name])}; a data set has one type",
                    "build a data set of each (--name=...), or save them with one type",
                )
    return found


def runs(arrays: Mapping[str, np.ndarray]) -> list[slice]:
    """Frames that are one clip of one person by one rig: consecutive ones with the same numbers."""
    ids = np.stack([arrays[name].astype(np.int64) for name in IDS])
    cuts = np.flatnonzero((ids[:, 1:] != ids[:, :-1]).any(0)) + 1
    bounds = [0, *cuts.tolist(), ids.shape[1]]
    return [slice(a, b) for a, b in itertools.pairwise(bounds)]


def record(
    arrays: Mapping[str, np.ndarray], frames: slice, types: Mapping[str, str]
) -> dict[str, Any]:
    """One clip: its arrays, its cameras and the names of what it is."""
    of = {name: arrays[name][frames.start] for name in IDS}
    made: dict[str, Any] = {}
    for name, dtype in types.items():
        if name in IDS:
            made[name] = of[name]
        elif name not in arrays:
            made[name] = np.zeros(_NONE[name], dtype)
        else:
            made[name] = arrays[name][frames if name in FRAME else of["rig_id"]]
    texts = {key: str(arrays[names][of[_NUMBER[key]]]) for key, names in NAMED.items()}
    return made | texts | {"fps": np.float64(arrays["fps"].item())}


def sized(arrays: Mapping[str, np.ndarray], size: int) -> Iterator[list[slice]]:
    """The clips of a split in portions of about `size` bytes."""
    frame = sum(arrays[name][:1].nbytes for name in FRAME if name in arrays)
    portion: list[slice] = []
    for frames in runs(arrays):
        portion.append(frames)
        if frame * (frames.stop - portion[0].start) >= size:
            yield portion
            portion = []
    if portion:
        yield portion


def arrays_from(
    records: Sequence[Mapping[str, Any]],
    common: Mapping[str, np.ndarray],
    types: Mapping[str, str],
    truth: bool,
    where: str,
) -> dict[str, np.ndarray]:
    """The arrays that the records of a split were made of.

    Args:
        records: In the order in which they were made.
        common: What they share.
        types: Of a record's arrays.
        truth: They hold `pose_world`.
        where: For error messages.

    Raises:
        GeoselfError: A record's cameras are not those that the split's table has (65).
    """
    for number, clip in enumerate(records):
        rig = int(clip["rig_id"])
        for name in CAMERAS:
            if name in common and not (
                0 <= rig < len(common[name])
                and np.array_equal(clip[name], common[name][rig], equal_nan=True)
            ):
                raise data_error(
                    f"{where}: record {number}: {name} is not that of rig {rig}",
                    "the records and metadata.json are not of one build",
                    shared.AGAIN,
                )
    there = [name for name in FRAME if name != "pose_world" or truth]
    lengths = [len(clip["frame_id"]) for clip in records]
    return {
        **common,
        **{name: np.concatenate([clip[name] for clip in records]) for name in there},
        **{
            name: np.repeat(np.array([clip[name] for clip in records], types[name]), lengths)
            for name in IDS
        },
    }
