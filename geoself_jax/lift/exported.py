"""Reads and verifies the files of an export: description and weights."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
from flax.traverse_util import flatten_dict, unflatten_dict

from geoself_jax.core.config import ModelConfig, from_dict
from geoself_jax.core.errors import GeoselfError, data_error, missing_error
from geoself_jax.core.float32 import in_float32
from geoself_jax.core.model import Networks, backbone_of
from geoself_jax.runtime.cli import program
from geoself_jax.runtime.json_files import check_digest, read_json, values_sha256
from geoself_jax.runtime.json_kinds import check_kinds, check_limits
from geoself_jax.runtime.record_kinds import check_record
from geoself_jax.runtime.restore import Trained, abstract_variables, skeleton_from_dict

FORMAT = "geoself-lifter/1"
DESCRIPTION = "model.json"
WEIGHTS = "model.safetensors"

_KINDS: dict[str, tuple[type, ...]] = {
    "architecture": (dict,),
    "skeleton": (dict,),
    "files": (dict,),
    "scores": (dict,),
    "scores.checkpoint": (dict,),
    "scores.checkpoint.step": (int,),
    "range?": (dict,),  # of general models
}
_LIMITS = {"scores.checkpoint.step": (0, 2**53)}
_RANGES = ("fov_degrees", "distance_m")
_RANGE_ENDS = ("body_px", "tilt_degrees")
_AGAIN = "copy the folder again, or export again"
_HEADER, _NAMED = 2**16, 2**10
"""Bytes of the weights' file that are no numbers, at most: in all, and for each array."""


@in_float32
def load_exported(folder: Path) -> Trained:
    """Loads an export's networks, as `restore.load_trained` loads a run's; arrays are NumPy's.

    Returns:
        Networks, with the contents of model.json as the record and its checkpoint as the facts.

    Raises:
        GeoselfError: The folder or a file is missing (66); damaged or inconsistent (65).
    """
    info = read_description(folder)
    path = folder / DESCRIPTION
    try:
        check_record(info, _KINDS)
        check_limits(info, _LIMITS)
        _check_range(info.get("range"))
        model = Networks(
            from_dict(ModelConfig, info["architecture"], "architecture"),
            skeleton_from_dict(info["skeleton"]),
        )
        wanted_sha256, facts = info["files"][WEIGHTS]["sha256"], info["scores"]["checkpoint"]
    except (KeyError, TypeError, ValueError, GeoselfError) as error:
        raise data_error(
            str(path), f"written by another version of geoself_jax ({error})", "export again"
        ) from error
    _check_backbone(path, model.config.backbone)
    return Trained(model, _read_variables(folder / WEIGHTS, wanted_sha256, model), info, facts)


def _check_range(limits: dict[str, Any] | None) -> None:
    """Checks what a general model says of the input that it was trained on."""
    if limits is None:
        return
    check_kinds(limits, {name: (list,) for name in _RANGES} | dict.fromkeys(_RANGE_ENDS, (float,)))
    for name in _RANGES:
        if len(limits[name]) != 2:
            raise ValueError(f"range.{name}={str(limits[name])[:40]}, wanted two numbers")
        for end in limits[name]:
            check_kinds(end, {"": (float,)})


def _check_backbone(path: Path, name: str) -> None:
    """Refuses a network whose class this process does not have."""
    try:
        backbone_of(name)
    except GeoselfError as error:
        raise data_error(
            f"{path}: backbone {name!r}",
            "this process has no such class",
            "add it to core.model.BACKBONES first, or run model.stablehlo, which needs none",
        ) from error


def sha256(content: bytes) -> str:
    """Returns the SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


description_sha256 = values_sha256
"""SHA-256 of model.json without its `sha256`."""


def is_export(folder: Path) -> bool:
    """Returns whether the folder has a model.json of this format."""
    try:
        info = read_json(folder / DESCRIPTION, _AGAIN)
    except (OSError, GeoselfError):
        return False
    return isinstance(info, dict) and info.get("format") == FORMAT


def _check_mistaken(folder: Path) -> None:
    """Says what a folder is that is no export."""
    if (folder / "run.json").is_file():
        do = f"export it first: geoself export --workdir={folder} --out=DIR, then --model=DIR"
        raise missing_error(str(folder), "is a run, not an export", do)
    if folder.is_file():
        whole = (folder.parent / DESCRIPTION).is_file()
        do = f"give the folder, {folder.parent}" if whole else "give the folder that export wrote"
        raise missing_error(str(folder), "is a file, not an export's folder", do)


def check_files(folder: Path, info: dict[str, Any]) -> None:
    """Checks the files of an export that `load_exported` leaves unread, e.g. model.stablehlo.

    A file that is not there was left out on purpose, and MODEL_CARD.md is there to be edited.

    Args:
        folder: Of the export.
        info: Contents of its model.json.

    Raises:
        GeoselfError: A file does not match its digest (65).
    """
    for name, facts in info["files"].items():
        path = folder / Path(name).name
        if path.suffix == ".md" or not path.is_file():
            continue
        wanted = facts.get("sha256") if isinstance(facts, dict) else None
        with path.open("rb") as stream:
            if hashlib.file_digest(stream, "sha256").hexdigest() != wanted:
                why = f"damaged: its sha256 is not the one in {DESCRIPTION}"
                raise data_error(str(path), why, _AGAIN)


def _check_there(path: Path) -> None:
    if not path.is_file():
        _check_mistaken(path.parent)
        what = f"{path.parent}: no {path.name}" if path.parent.is_dir() else f"{path.parent}"
        why = "not a whole export" if path.parent.is_dir() else "no such folder"
        raise missing_error(what, why, f"give the folder that {program('export')} wrote")


def read_description(folder: Path) -> dict[str, Any]:
    """Returns the contents of an export's model.json, which match its digest.

    Raises:
        GeoselfError: The folder or the file is missing (66); damaged or of another format (65).
    """
    path = folder / DESCRIPTION
    _check_there(path)
    info = read_json(path, _AGAIN)
    found = info.get("format") if isinstance(info, dict) else None
    if found != FORMAT:
        what = f"{path}: format {str(found)[:40]!r}"
        raise data_error(what, f"wanted {FORMAT!r}", "check the folder")
    check_digest(path, info, _AGAIN, must_be_signed=True)
    return dict(info)


def _read_variables(path: Path, wanted_sha256: str, model: Networks) -> Any:
    """Reads `params` and `batch_stats`; checks every array's name, shape and type."""
    _check_there(path)
    wanted = flatten_dict(dict(abstract_variables(model)), sep="/")
    most = _HEADER + sum(4 * like.size + _NAMED for like in wanted.values())
    if path.stat().st_size > most:
        why = f"larger than the networks of {DESCRIPTION}, {most} bytes"
        raise data_error(f"{path}: {path.stat().st_size} bytes", why, _AGAIN)
    content = path.read_bytes()
    if sha256(content) != wanted_sha256:
        raise data_error(str(path), f"damaged: its sha256 is not the one in {DESCRIPTION}", _AGAIN)
    try:
        arrays = safetensors.numpy.load(content)
    except (safetensors.SafetensorError, KeyError, TypeError, ValueError) as error:
        raise data_error(str(path), f"not a safetensors file ({error})", _AGAIN) from error
    for name in sorted(wanted.keys() | arrays.keys()):
        if name not in arrays or name not in wanted:
            fault = "no array" if name not in arrays else "unknown array"
            raise data_error(
                f"{path}: {fault} {name!r}", f"not the networks of {DESCRIPTION}", _AGAIN
            )
        found, like = arrays[name], wanted[name]
        if found.shape != like.shape or found.dtype != like.dtype:
            raise data_error(
                f"{path}: {name} is {found.dtype} {found.shape}",
                f"the networks of {DESCRIPTION} have {like.dtype} {like.shape}",
                _AGAIN,
            )
        if not np.isfinite(found).all():
            bad = found.size - int(np.isfinite(found).sum())
            raise data_error(
                f"{path}: {name}: {bad} of {found.size} numbers are not finite",
                "such networks answer nothing",
                "export another checkpoint of the run, or train again",
            )
    return {"batch_stats": {}} | dict(unflatten_dict(arrays, sep="/"))
