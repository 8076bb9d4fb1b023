"""A recording from a data set that is built: its records, and what they share."""

from collections.abc import Mapping
from typing import Any

from geoself_jax.core.errors import (
    GeoselfError,
    data_error,
    missing_error,
    nearest_name,
    usage_error,
)
from geoself_jax.data import recording
from geoself_jax.data.files import load_json
from geoself_jax.data.files.npz import MAX_BYTES
from geoself_jax.data.recording import Recording
from geoself_jax.data.tfds import names, records, shared


def read(source: str) -> Recording:
    """The recording that `tfds:NAME[/CONFIG][:VERSION][#SPLIT][@DATA_DIR]` names.

    The arrays are those that the data set was built of, bit for bit.

    Raises:
        GeoselfError: No such data set or split (64), not built yet (66), damaged (65),
            tensorflow-datasets is not installed (69).
    """
    named = names.parse(source)
    metadata = read_metadata(named)
    split = _split(named, metadata)
    names.check_installed()
    entry = metadata["splits"][split]
    where = f"{named.folder / 'metadata.json'}: {split}"
    common = {
        name: shared.from_json(value, f"{where}: {name}") for name, value in entry["shared"].items()
    }
    try:
        types, clips = _records(named, split)
        arrays = records.arrays_from(clips, common, types, entry["truth"], source)
    except GeoselfError:
        raise
    except Exception as error:  # whatever TFDS and protobuf make of damaged files
        raise data_error(
            f"{source}: {named.folder}",
            f"damaged ({type(error).__name__}: {str(error)[:200]})",
            shared.AGAIN,
        ) from error
    return recording.from_arrays(arrays, source)


def read_metadata(named: names.Source) -> dict[str, Any]:
    """What a data set's build noted: splits and what their records share, the manual files.

    Raises:
        GeoselfError: Not built (66); damaged (65).
    """
    path = named.folder / "metadata.json"
    if not path.is_file():
        raise _not_built(named)
    metadata = load_json(path)
    splits = metadata.get("splits") if isinstance(metadata, dict) else None
    good = (
        isinstance(splits, dict)
        and splits
        and all(isinstance(s, dict) and isinstance(s.get("shared"), dict) for s in splits.values())
        and all(isinstance(s.get("truth"), bool) for s in splits.values())
    )
    if not good:
        raise data_error(str(path), "damaged: no splits", shared.AGAIN)
    return metadata


def _not_built(named: names.Source) -> GeoselfError:
    folder = named.root / named.name
    short = next(short for short, name in names.SHORT.items() if name == named.name)
    built = [p.parent.parent for p in folder.glob(f"*/{names.VERSION}/metadata.json")]
    there = [path.name for path in sorted(built)]
    options = f" --name={named.config}" if named.config else ""
    options += f" --data-dir={named.data_dir}" if named.data_dir else ""
    return missing_error(
        str(named),
        f"is not built in {named.root}" + (f"; built under the names {there}" if there else ""),
        f"python -m geoself_jax.tfds_build --dataset={short} --manual-dir=DIR{options}",
    )


def _split(named: names.Source, metadata: dict[str, Any]) -> str:
    """The split asked for; without one `train`, or the only one."""
    there = list(metadata["splits"])
    wanted = named.split or ("train" if "train" in there else there[0] if len(there) == 1 else "")
    if wanted not in there:
        what = f"no split {wanted!r}" if wanted else "several splits"
        near = nearest_name(wanted, there) if wanted else f"known: {', '.join(there)}"
        raise usage_error(f"{named}: {what}", near, "write tfds:NAME#SPLIT")
    return wanted


def _records(named: names.Source, split: str) -> tuple[Mapping[str, str], list[dict[str, Any]]]:
    """Types of the records' arrays, and the records in the order in which they were made."""
    from geoself_jax.data.tfds.clips import reader, stored_types

    types = stored_types(named.folder) or {}

    clips, total = [], 0
    for clip in reader(named, types).as_data_source(split):
        total += sum(getattr(value, "nbytes", 0) for value in clip.values())
        if total > MAX_BYTES:
            raise data_error(f"{named}", f"unpacks to over {MAX_BYTES} bytes", "split it")
        clips.append(clip)
    return types, clips
