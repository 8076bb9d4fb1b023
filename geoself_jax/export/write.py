"""Writes an export into a temporary folder that then replaces the target atomically."""

import json
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import safetensors.numpy
from flax.traverse_util import flatten_dict

from geoself_jax.core import disk
from geoself_jax.core.float32 import in_float32
from geoself_jax.core.partial import move_over, writing
from geoself_jax.data.files.npz import write_arrays
from geoself_jax.data.training_sample import read_sample, write_sample
from geoself_jax.export import compare, description, folder, model_card, stablehlo
from geoself_jax.export.compare import Case
from geoself_jax.export.folder import ALL, CARD, ONNX, PROGRAM, SAMPLE, TRAINED
from geoself_jax.export.onnx_installed import check_onnx_installed
from geoself_jax.lift import exported
from geoself_jax.runtime.phases import phase
from geoself_jax.runtime.restore import Trained, load_trained


class Written(NamedTuple):
    """Result of an export.

    Attributes:
        step: Step of the checkpoint.
        sizes: Bytes by file name.
        differences_mm: Largest difference from the run's networks, by file name.
        notes: Notes for the user, one line each.
        refused: Requested files that cannot be written, one line each.
        source: What the run was trained on.
        camera: The name of one of its cameras; empty where the run's record has none.
    """

    step: int
    sizes: dict[str, int]
    differences_mm: dict[str, float]
    notes: list[str]
    refused: list[str]
    source: str
    camera: str


@in_float32
def export(
    run: Path,
    out: Path,
    which: Literal["last", "best"] = "last",
    *,
    onnx: bool = False,
    with_poses: bool = True,
) -> Written:
    """Exports a run's networks.

    Args:
        run: Folder of the run.
        out: Folder to write; an earlier export is replaced atomically.
        which: Checkpoint.
        onnx: Whether to also write model.onnx, where the backbone has an ONNX form.
        with_poses: Whether to also write training_sample.npz, where the run has it.

    Raises:
        GeoselfError: `out` is no export (73); no run or checkpoint (66); damaged (65); a file
            disagrees with the networks (70), and `out` is unchanged; ONNX is not installed (69);
            a file cannot be written (74).
    """
    if onnx:
        check_onnx_installed()
    out = out.resolve()
    folder.check_free(out)
    with phase("reading the run"):
        trained = load_trained(run, which)
        sample = read_sample(run, trained.model.skeleton) if with_poses else None
    refused = _refused(trained) if onnx else []
    onnx = onnx and not refused
    scores, notes = description.read_scores(run, which, trained)
    if (out / ONNX).exists() and not onnx:
        notes.append(f"the earlier export's {ONNX} is removed: --onnx writes it again")
    with writing(out) as temporary:
        temporary.mkdir()
        if sample is not None:
            write_sample(temporary / TRAINED, sample)
        differences = _write(temporary, trained, scores, notes, onnx=onnx)
        disk.to_disk(temporary)
        folder.check_free(out)
        move_over(temporary, out)
    sizes = {name: (out / name).stat().st_size for name in ALL if (out / name).exists()}
    source = str(trained.record["data"]["source"])
    camera = _camera(trained.record)
    return Written(trained.facts["step"], sizes, differences, notes, refused, source, camera)


def _camera(record: dict[str, Any]) -> str:
    """The first of the cameras that a run was trained on; older runs do not name them."""
    recording = record.get("recording")
    names = recording.get("cameras") if isinstance(recording, dict) else None
    return names[0] if isinstance(names, list) and names and isinstance(names[0], str) else ""


def _refused(trained: Trained) -> list[str]:
    """Why these networks cannot be written as ONNX."""
    backbone = trained.model.config.backbone
    if backbone == "residual":
        return []
    return [f"{ONNX}: backbone {backbone!r} has no ONNX form - use {PROGRAM}, or backbone residual"]


def _write(
    place: Path, trained: Trained, scores: dict[str, Any], notes: list[str], *, onnx: bool
) -> dict[str, float]:
    """Writes all files, and adds notes; returns their largest differences from the networks, mm."""
    with description.unusable_records_refused():
        info = description.describe(trained, scores, onnx=onnx)
    weights = _weights(trained)
    (place / exported.WEIGHTS).write_bytes(weights)
    with phase("writing the program"):
        program = stablehlo.stablehlo(trained)
    (place / PROGRAM).write_bytes(program.content)
    info["program"] = program.facts
    notes.extend(program.notes)
    if onnx:
        from geoself_jax.export.onnx_networks import onnx_model

        keys = ("format", "conventions", "inputs", "outputs", "skeleton")
        metadata = {key: info[key] for key in keys} | {"weights_sha256": exported.sha256(weights)}
        with phase("writing the ONNX model"):
            (place / ONNX).write_bytes(onnx_model(trained, metadata))
    with phase("compiling the networks"):
        cases = compare.live_cases(trained)
    _write_sample(place / SAMPLE, cases[-1])
    _describe(place, info)
    with phase("reading all back, comparing"):
        differences = compare.differences_mm(place, cases)
    unit = trained.record["model"].get("length_unit") or 1.0  # not in the records of older runs
    compare.check_differences(differences, unit)
    info["read_back_mm"] = differences
    with description.unusable_records_refused():
        card = model_card.card(info, differences)
    (place / CARD).write_text(card, encoding="utf-8")
    _describe(place, info)
    return differences


def _weights(trained: Trained) -> bytes:
    variables = {
        name: np.ascontiguousarray(array)
        for name, array in flatten_dict(dict(trained.variables), sep="/").items()
    }
    return safetensors.numpy.save(variables, {"format": exported.FORMAT})


def _write_sample(path: Path, case: Case) -> None:
    """Writes inputs and the networks' outputs, to test another runtime."""
    given = zip(compare.INPUTS, case.inputs, strict=True)
    wanted = zip(compare.OUTPUTS, case.wanted, strict=False)  # uncertainty is optional
    write_arrays(path, dict([*given, *wanted]))


def _describe(place: Path, info: dict[str, Any]) -> None:
    """Writes model.json with size and digest of each file written so far."""
    info["files"] = {}
    for name in ALL:
        if name != exported.DESCRIPTION and (place / name).is_file():
            content = (place / name).read_bytes()
            info["files"][name] = {"bytes": len(content), "sha256": exported.sha256(content)}
    info["sha256"] = exported.description_sha256(info)
    (place / exported.DESCRIPTION).write_text(json.dumps(info, indent=2, allow_nan=False) + "\n")
