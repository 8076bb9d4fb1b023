"""What the record of a run may hold, and an export's, which holds the same: kinds and ranges."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Literal, get_args, get_origin, get_type_hints

from geoself_jax.core.config import Config, from_dict
from geoself_jax.runtime.json_kinds import check_kinds, check_limits, check_members

KINDS: dict[str, tuple[type, ...]] = {
    "": (dict,),
    "data": (dict,),
    "data.source": (str,),
    "data.supervised_upper_bound": (bool,),
    "data.subjects?": (list,),
    "data.train_frames?": (int,),
    "data.validation_frames?": (int,),
    "data.views?": (int,),
    "data.validation_subjects?": (list,),
    "recording?": (dict, type(None)),  # not in the records of older runs
    "recording.fps?": (float,),
    "recording.clips?": (int,),
    "recording.rigs?": (int,),
    "recording.cameras?": (list,),
    "recording.length_unit?": (float, type(None)),
    "versions?": (dict, type(None)),
    "init?": (dict, type(None)),  # of runs that started from another
    "init.folder?": (str,),
    "init.data_sha256?": (list,),
    "init.subjects?": (list,),
    "init.supervised_upper_bound?": (bool,),
}

MEMBERS: dict[str, tuple[type, ...]] = {
    "data.subjects": (str,),
    "data.validation_subjects": (str,),
    "recording.cameras": (str,),
    "init.data_sha256": (str, type(None)),
    "init.subjects": (str,),
}
"""Kinds of what is in a list."""

LIMITS = {
    "data.train_frames": (0, 2**53),
    "data.validation_frames": (0, 2**53),
    "data.views": (1, 2**20),
    "recording.fps": (1e-6, 1e6),
    "recording.clips": (0, 2**53),
    "recording.rigs": (0, 2**53),
    "recording.length_unit": (0, 1e12),
}


def check_record(record: Any, kinds: Mapping[str, tuple[type, ...]]) -> None:
    """Checks a record, and its configuration by the dataclass that it was written from.

    Args:
        record: Of run.json or model.json.
        kinds: What more is used of it.

    Raises:
        ValueError: The first value that is missing, of another kind or out of its range.
        GeoselfError: As that, of the configuration (64).
    """
    check_kinds(record, {**KINDS, **kinds})
    check_members(record, MEMBERS)
    check_limits(record, LIMITS)
    if "config" in record:
        check_kinds(record, {"config": (dict,)})
        from_dict(Config, _known(Config, record["config"]))


def _known(kind: type, values: Any) -> Any:
    """The part of a configuration that this version has too: others have other keys and names."""
    if not isinstance(values, dict):
        return values
    hints = get_type_hints(kind)
    there = [field.name for field in fields(kind) if field.name in values]
    return {
        name: _known(hints[name], values[name]) if is_dataclass(hints[name]) else values[name]
        for name in there
        if not _is_unknown_choice(hints[name], values[name])
    }


def _is_unknown_choice(hint: Any, value: Any) -> bool:
    chosen = get_origin(hint) is Literal and isinstance(value, str)
    return chosen and value not in get_args(hint)
