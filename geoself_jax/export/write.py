"""Writes an export: its files into a folder of their own, which then takes the place asked for."""

import json
import os
import shutil
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import safetensors.numpy
from flax.traverse_util import flatten_dict

from geoself_jax.core.errors import INPUT_OUTPUT, GeoselfError
from geoself_jax.data.files.npz import write_arrays
from geoself_jax.export import compare, description, folder, model_card, stablehlo
from geoself_jax.export.compare import Case
from geoself_jax.export.folder import ALL, CARD, ONNX, PROGRAM, SAMPLE
from geoself_jax.lift import exported
from geoself_jax.runtime.restore import Trained, load_trained


class Written(NamedTuple):
    """What an export wrote.

    Attributes:
        step: Of the checkpoint.
        sizes: Bytes by file name.
        differences_mm: Largest difference from the run's networks, by file name.
        notes: What the user should know, a line each.
        refused: Files that were asked for and cannot be written, a line each.
    """

    step: int
    sizes: dict[str, int]
    differences_mm: dict[str, float]
    notes: list[str]
    refused: list[str]


def export(
    run: Path, out: Path, which: Literal["last", "best"] = "last", *, onnx: bool = False
) -> Written:
    """Exports a run's networks.

    Args:
        run: Folder of the run.
        out: Folder to make; an earlier export there is replaced once the new one is whole.
        which: Checkpoint.
        onnx: Also as model.onnx, for the backbones that have a form there.

    Raises:
        GeoselfError: `out` is something else's (73); no run or checkpoint (66); damaged (65); what
            was read back differs from the networks (70), then `out` is as it was; ONNX is not
            installed (69); the disk (74).
    """
    if onnx:
        compare.check_onnx_installed()
    out = out.resolve()
    folder.check_free(out)
    trained = load_trained(run, which)
    refused = _refused(trained) if onnx else []
    onnx = onnx and not refused
    scores, notes = description.read_scores(run, which, trained)
    if (out / ONNX).exists() and not onnx:
        notes.append(f"the earlier export's {ONNX} is gone with it: --onnx writes it")
    temporary = out.with_name(f".{out.name}.{os.getpid()}.tmp")
    try:
        temporary.mkdir(parents=True)
        differences = _write(temporary, trained, scores, onnx=onnx)
        folder.check_free(out)
        folder.move(temporary, out)
    except OSError as error:
        raise GeoselfError(
            str(out),
            f"could not be written ({error})",
            "check the disk, or choose another --out",
            INPUT_OUTPUT,
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    sizes = {name: (out / name).stat().st_size for name in ALL if (out / name).exists()}
    return Written(trained.facts["step"], sizes, differences, notes, refused)


def _refused(trained: Trained) -> list[str]:
    """Why these networks cannot be written as ONNX."""
    backbone = trained.model.config.backbone
    if backbone == "residual":
        return []
    return [f"{ONNX}: backbone {backbone!r} has no ONNX form - use {PROGRAM}, or backbone residual"]


def _write(
    place: Path, trained: Trained, scores: dict[str, Any], *, onnx: bool
) -> dict[str, float]:
    """All files; returns how far those that lift are from the networks."""
    info = description.describe(trained, scores, onnx=onnx)
    weights = _weights(trained)
    (place / exported.WEIGHTS).write_bytes(weights)
    (place / PROGRAM).write_bytes(stablehlo.stablehlo(trained))
    if onnx:
        from geoself_jax.export.onnx_networks import onnx_model

        keys = ("format", "conventions", "inputs", "outputs", "skeleton")
        told = {key: info[key] for key in keys} | {"weights_sha256": exported.sha256(weights)}
        (place / ONNX).write_bytes(onnx_model(trained, told))
    cases = compare.live_cases(trained)
    _write_sample(place / SAMPLE, cases[-1])
    _describe(place, info)
    differences = compare.differences_mm(place, cases)
    compare.check_differences(differences)
    info["read_back_mm"] = differences
    (place / CARD).write_text(model_card.card(info, differences), encoding="utf-8")
    _describe(place, info)
    return differences


def _weights(trained: Trained) -> bytes:
    variables = {
        name: np.ascontiguousarray(array)
        for name, array in flatten_dict(dict(trained.variables), sep="/").items()
    }
    return safetensors.numpy.save(variables, {"format": exported.FORMAT})


def _write_sample(path: Path, case: Case) -> None:
    """Inputs and the networks' own answer, to try another runtime on."""
    given = zip(compare.INPUTS, case.inputs, strict=True)
    wanted = zip(compare.OUTPUTS, case.wanted, strict=False)  # some say no uncertainty
    write_arrays(path, dict([*given, *wanted]))


def _describe(place: Path, info: dict[str, Any]) -> None:
    """model.json, with the size and digest of each file that is there so far."""
    info["files"] = {}
    for name in ALL:
        if name != exported.DESCRIPTION and (place / name).is_file():
            content = (place / name).read_bytes()
            info["files"][name] = {"bytes": len(content), "sha256": exported.sha256(content)}
    info["sha256"] = exported.description_sha256(info)
    (place / exported.DESCRIPTION).write_text(json.dumps(info, indent=2, allow_nan=False) + "\n")
