"""Reads and verifies the files of an export: description and weights."""

import hashlib
import json
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
from geoself_jax.runtime.json_kinds import check_kinds
from geoself_jax.runtime.restore import (
    RECORD_KINDS,
    Trained,
    abstract_variables,
    skeleton_from_dict,
)

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
}
_AGAIN = "copy the folder again, or export again"


@in_float32
def load_exported(folder: Path) -> Trained:
    """Loads an export's networks, as `restore.load_trained` loads a run's; arrays are NumPy's.

    Returns:
        Networks, with the contents of model.json as the record and its checkpoint as the facts.

    Raises:
        GeoselfError: The folder or a file is missing (66); damaged or inconsistent (65).
    """
    info = _read_description(folder)
    path = folder / DESCRIPTION
    try:
        check_kinds(info, RECORD_KINDS | _KINDS)
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


def description_sha256(info: dict[str, Any]) -> str:
    """Returns the SHA-256 of model.json without its `sha256`: sorted keys, no spaces, ASCII."""
    values = {key: value for key, value in info.items() if key != "sha256"}
    return sha256(json.dumps(values, sort_keys=True, separators=(",", ":")).encode())


def is_export(folder: Path) -> bool:
    """Returns whether the folder has a model.json of this format."""
    try:
        info = json.loads((folder / DESCRIPTION).read_bytes())
    except (OSError, ValueError, RecursionError):
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


def _read(path: Path) -> bytes:
    if not path.is_file():
        _check_mistaken(path.parent)
        what = f"{path.parent}: no {path.name}" if path.parent.is_dir() else f"{path.parent}"
        why = "not a whole export" if path.parent.is_dir() else "no such folder"
        raise missing_error(what, why, f"give the folder that {program('export')} wrote")
    return path.read_bytes()


def _read_description(folder: Path) -> dict[str, Any]:
    path = folder / DESCRIPTION
    try:
        info = json.loads(_read(path))
    except (ValueError, RecursionError) as error:
        raise data_error(str(path), f"not JSON ({error})", _AGAIN) from error
    found = info.get("format") if isinstance(info, dict) else None
    if found != FORMAT:
        raise data_error(f"{path}: format {found!r}", f"wanted {FORMAT!r}", "check the folder")
    if description_sha256(info) != info.get("sha256"):
        raise data_error(str(path), "its values do not match its own sha256", _AGAIN)
    return info


def _read_variables(path: Path, wanted_sha256: str, model: Networks) -> Any:
    """Reads `params` and `batch_stats`; checks every array's name, shape and type."""
    content = _read(path)
    if sha256(content) != wanted_sha256:
        raise data_error(str(path), f"damaged: its sha256 is not the one in {DESCRIPTION}", _AGAIN)
    try:
        arrays = safetensors.numpy.load(content)
    except (safetensors.SafetensorError, KeyError, TypeError, ValueError) as error:
        raise data_error(str(path), f"not a safetensors file ({error})", _AGAIN) from error
    wanted = flatten_dict(dict(abstract_variables(model)), sep="/")
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
