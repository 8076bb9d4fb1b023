"""The folder that a run starts from: what it holds, and whether its networks fit."""

from pathlib import Path
from typing import Any

import numpy as np

from geoself_jax.core.config import ModelConfig
from geoself_jax.core.errors import data_error, missing_error, usage_error
from geoself_jax.core.feature_layout import paths_of
from geoself_jax.data.training_sample import TrainingSample, read_sample
from geoself_jax.lift.exported import DESCRIPTION, load_exported
from geoself_jax.lift.general_models import general_models
from geoself_jax.runtime.checkpoints import digest
from geoself_jax.runtime.cli import program
from geoself_jax.runtime.restore import Trained, load_trained
from geoself_jax.runtime.workdir import RECORD

_SHOWN = 300  # letters of a name
EQUAL = ("backbone", "input", "root", "width", "blocks", "layers", "root_width", "root_blocks")
"""Fields of the networks that both must share, with `confidence` and the kind of windows."""


def load_origin(where: str, folder: Path) -> Trained:
    """Loads the networks that a run starts from: of a run its last checkpoint, or an export's.

    Args:
        where: `config.init`: a folder, or the name of a general model.
        folder: Of the run that starts.

    Returns:
        Ordinary networks in metres, as `restore.load_trained`; arrays are NumPy's.

    Raises:
        GeoselfError: No run or export there (66), it is the run itself (64), damaged (65).
    """
    key, path = f"config.init={where[:_SHOWN]}", origin_folder(where)
    try:
        kind, same = _kind(path), path.resolve() == folder.resolve()
        why = "" if kind else _missing(path)
    except (OSError, ValueError) as error:  # too long, unreadable, or with a zero byte
        kind, same, why = None, False, str(getattr(error, "strerror", None) or error)
    if same:
        do = "give the folder of an earlier run or of an export"
        raise usage_error(key, "is the run that is to start", do)
    if kind is None:
        do = f"give the folder of a run or of an export, or one of {', '.join(general_models())}"
        raise missing_error(key, why, do)
    best = f"{program('export')} --workdir={path} --out=DIR --checkpoint=best"
    do = f"restore it from a copy, or start from what this writes: {best}"
    found = load_trained(path, do=do) if kind == RECORD else load_exported(path)
    _check_recording(key, found.record.get("recording") or {})
    variables = {name: _arrays(found.variables[name]) for name in ("params", "batch_stats")}
    if not _is_finite(variables):
        raise data_error(key, "some of its weights are not finite", "start from another")
    return found._replace(variables=variables)


def origin_folder(where: str) -> Path:
    """Returns the folder that `config.init` names; a general model's name is never a folder."""
    return general_models().get(where, Path(where))


def earlier_sample(where: str, origin: Trained) -> TrainingSample | None:
    """Reads what is kept of the frames that the networks learned from; None where nothing is.

    Args:
        where: `config.init`.
        origin: Result of `load_origin`.

    Raises:
        GeoselfError: Its file is damaged (65).
    """
    return read_sample(origin_folder(where), origin.model.skeleton)


def _kind(path: Path) -> str | None:
    """The file by which a folder is known as a run's or an export's."""
    return next((name for name in (RECORD, DESCRIPTION) if (path / name).is_file()), None)


def _check_recording(key: str, recording: dict[str, Any]) -> None:
    """Refuses numbers of the record by which weights would be turned into NaN."""
    for name in ("fps", "length_unit"):
        value = recording.get(name)  # not of older runs
        if value is not None and not (np.isfinite(value) and value > 0):
            why = f"its record says recording.{name}={value}, wanted a number above 0"
            raise data_error(key, why, "restore the folder from a copy")


def _missing(path: Path) -> str:
    """What a path is that is neither a run nor an export."""
    if not path.exists():
        return "no such folder"
    if path.is_file():
        return "is a file, not a folder"
    run = next((p for p in path.absolute().parents if (p / RECORD).is_file()), None)
    if run is not None:
        return f"is a part of the run {run}"
    return f"holds neither a run ({RECORD}) nor an export ({DESCRIPTION})"


def _arrays(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {name: _arrays(inner) for name, inner in tree.items()}
    return np.asarray(tree)


def _is_finite(tree: Any) -> bool:
    if isinstance(tree, dict):
        return all(_is_finite(inner) for inner in tree.values())
    return bool(np.isfinite(tree).all())


def check_networks(where: str, origin: Trained, model: ModelConfig) -> None:
    """Refuses networks of another shape, or whose input means something else.

    Args:
        where: `config.init`.
        origin: Result of `load_origin`.
        model: Of the run that starts, as configured.

    Raises:
        GeoselfError: The fields that differ, theirs and ours, and what to set (64).
    """
    theirs, names = origin.model.config, [*EQUAL, "confidence"]
    if not (_is_of_one_frame(theirs) and _is_of_one_frame(model)):
        names += ["frames", "temporal"]
    other = [name for name in names if getattr(theirs, name) != getattr(model, name)]
    key = f"config.init={where}"
    if other:
        pairs = [f"{name} {_text(getattr(theirs, name))}" for name in other]
        ours = [_text(getattr(model, name)) for name in other]
        do = " ".join(f"--config.model.{name}={_text(getattr(theirs, name))}" for name in other)
        if other[0] == "frames" and theirs.frames == 1:  # nothing else differs
            do += ", or --config.model.temporal=paths, whose windows start from single frames"
        why = f"its networks have {', '.join(pairs)}; this run's {', '.join(ours)}"
        raise usage_error(key, why, f"set {do}")
    if theirs.backbone != "residual":  # the same one, of another class
        why = f"backbone {theirs.backbone!r}: which weight is of which joint is not known"
        raise usage_error(key, why, "start from networks of backbone residual, or leave it out")


def _is_of_one_frame(config: ModelConfig) -> bool:
    """Whether the blocks see one frame's numbers: a single frame's, or its joints' paths too."""
    return config.frames == 1 or paths_of(config) > 0


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def facts_of(where: str, origin: Trained) -> dict[str, Any]:
    """What the record of a run that starts from it says, for JSON.

    Args:
        where: `config.init`.
        origin: Result of `load_origin`.
    """
    data = origin.record["data"]
    before = origin.record.get("init") or {}
    return {
        "folder": where,
        "step": origin.facts["step"],
        "weights_sha256": digest(origin.variables),
        "data": data["source"],
        "data_sha256": [data.get("sha256"), *before.get("data_sha256", [])],
        "frames": data.get("train_frames"),
        "subjects": sorted({*data.get("subjects", []), *before.get("subjects", [])}),
        "supervised_upper_bound": data["supervised_upper_bound"]
        or before.get("supervised_upper_bound", False),
    }
