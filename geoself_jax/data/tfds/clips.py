"""Clips as TensorFlow Datasets keeps them: the records' features, one builder for all data sets.

`ShardBasedBuilder`, as the generator based one needs TensorFlow beyond 1 GB (its shuffling goes to
the disk by `tf.io.gfile`); it also keeps the order of the clips.
"""

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from geoself_jax.core.errors import data_error
from geoself_jax.data.files import load_json
from geoself_jax.data.tfds import names, records, shared
from geoself_jax.data.tfds.records import ManualFile, Splits

FORMAT = "geoself-tfds/1"
SHARD_BYTES = 2**28
FILE_FORMAT = "array_record"

_SHAPES = {
    "keypoints_2d": (None, None, None, 2),
    "confidence": (None, None, None),
    "frame_id": (None,),
    "pose_world": (None, None, 3),
    "K": (None, 3, 3),
    "R": (None, 3, 3),
    "center": (None, 3),
    "dist": (None, 5),
    "image_size": (None, 2),
    **{name: () for name in records.IDS},
}
_USUAL = {
    **dict.fromkeys(("keypoints_2d", "confidence", "pose_world"), "<f4"),
    **dict.fromkeys(("K", "R", "center", "dist"), "<f8"),
    **dict.fromkeys(("frame_id", "image_size", *records.IDS), "<i4"),
}


class Clips(tfds.core.ShardBasedBuilder, skip_registration=True):  # type: ignore[call-arg]
    """Clips of a data set: of `splits` and `described` files, or those that are built already.

    Attributes:
        title: Of the data set, for people.
    """

    VERSION = tfds.core.Version(names.VERSION)
    title = ""
    url_infos = None  # nothing is downloaded; TFDS's own search needs importlib_resources

    def __init__(
        self,
        *,
        splits: Splits | None = None,
        described: Sequence[ManualFile] = (),
        types: Mapping[str, str] | None = None,
        **options: Any,
    ) -> None:
        self._splits, self._described = splits, described
        self._types: Mapping[str, str] = records.dtypes(splits) if splits else types or {}
        super().__init__(**options)

    def _info(self) -> Any:
        self._types = self._types or stored_types(Path(self.data_dir)) or _USUAL
        return tfds.core.DatasetInfo(
            builder=self,
            description=f"{self.title}: one record a clip.",
            features=_features(self._types),
            metadata=tfds.core.MetadataDict(),
        )

    def _manual_splits(self, dl_manager: Any) -> tuple[Splits, Sequence[ManualFile]]:
        """What to build of: here what was passed; the builders of prepare/tfds find the files."""
        return self._splits or {}, self._described

    def _shard_iterators_per_split(self, dl_manager: Any) -> dict[str, list[Callable[[], Any]]]:
        splits, described = self._manual_splits(dl_manager)
        self.info.metadata.update(_metadata(splits, self._types, described))
        return {
            split: [
                functools.partial(_examples, arrays, portion, self._types)
                for portion in records.sized(arrays, SHARD_BYTES)
            ]
            for split, arrays in splits.items()
        }


def reader(source: names.Source, types: Mapping[str, str]) -> Clips:
    """The builder of a data set that is built already; it only reads.

    Args:
        source: Which.
        types: Of its records' arrays, from `stored_types`.
    """
    kind = type(source.name, (Clips,), {"name": source.name}, skip_registration=True)
    return open_builder(kind, source, types=types)


def open_builder(kind: type[Clips], source: names.Source, **options: Any) -> Clips:
    """A builder of this kind over the folder that `source` names."""
    config = tfds.core.BuilderConfig(name=source.config) if source.config else None
    return kind(data_dir=str(source.root), config=config, file_format=FILE_FORMAT, **options)


def stored_types(folder: Path) -> dict[str, str] | None:
    """Types of the arrays of a data set's records; None where it is not built.

    Raises:
        GeoselfError: Its metadata are damaged (65).
    """
    path = folder / "metadata.json"
    if not path.is_file():
        return None
    types = load_json(path).get("types")
    if not (isinstance(types, dict) and types.keys() <= _SHAPES.keys()):
        raise data_error(f"{path}: types", "damaged", shared.AGAIN)
    for dtype in types.values():
        if shared.dtype_from(dtype, str(path)).kind == "U":
            raise data_error(f"{path}: types", "damaged", shared.AGAIN)
    return types


def _features(types: Mapping[str, str]) -> Any:
    """Arrays as raw bytes: else a float64 would be stored as a float32."""
    tensors = {
        name: tfds.features.Tensor(
            shape=_SHAPES[name],
            dtype=np.dtype(dtype),
            encoding="none" if name in records.IDS else "bytes",
        )
        for name, dtype in types.items()
    }
    texts = {name: tfds.features.Text() for name in records.NAMED}
    fps = tfds.features.Tensor(shape=(), dtype=np.float64, encoding="bytes")
    return tfds.features.FeaturesDict({**tensors, **texts, "fps": fps})


def _metadata(
    splits: Splits, types: Mapping[str, str], described: Sequence[ManualFile]
) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "types": dict(types),
        "manual_files": [file._asdict() for file in described],
        "splits": {
            split: {
                "truth": "pose_world" in arrays,
                "shared": records.shared_arrays(arrays),
                "left_out": records.left_out(arrays),
            }
            for split, arrays in splits.items()
        },
    }


def _examples(
    arrays: Mapping[str, np.ndarray], portion: Sequence[slice], types: Mapping[str, str]
) -> Iterator[tuple[int, dict[str, Any]]]:
    for frames in portion:
        yield frames.start, records.record(arrays, frames, types)
