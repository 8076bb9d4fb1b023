"""Packs an export as a model of the package: weights, model.json and a card."""

import json
import shutil
from pathlib import Path
from typing import Any

from benchmarks.general import bodies, cameras
from benchmarks.general.card import card
from geoself_jax.lift.exported import (
    DESCRIPTION,
    WEIGHTS,
    description_sha256,
    is_export,
    read_description,
    sha256,
)

CARD = "MODEL_CARD.md"
LICENCE = "Apache-2.0"

RANGE = {
    "fov_degrees": [25.0, 95.0],
    "distance_m": [cameras.DISTANCE[0] * 0.85, cameras.DISTANCE[1]],
    "body_px": 60.0,
    "tilt_degrees": 60.0,
    "stature_m": [bodies.SHORTEST, bodies.TALLEST],
}
"""What `lift` warns outside of (lift/trained_range.py)."""


def pack(
    export: Path, out: Path, skeleton: str, general: dict[str, Any], scores: dict[str, Any]
) -> None:
    """Writes the folder of a model; one that is there is replaced.

    Args:
        export: Folder that `geoself export` wrote.
        out: Folder to write, named as the model.
        skeleton: A value of `recipe.MODELS`.
        general: What model.json says under `general`.
        scores: Of `scoring.score`, by recording.
    """
    info = read_description(export)
    weights = (export / WEIGHTS).read_bytes()
    info["general"] = {**general, "licence": LICENCE, "scores": scores}
    info["range"] = RANGE
    info["files"] = {WEIGHTS: {"bytes": len(weights), "sha256": sha256(weights)}}
    text = card(info, skeleton, scores).encode()
    info["files"][CARD] = {"bytes": len(text), "sha256": sha256(text)}
    info["sha256"] = description_sha256(info)
    if is_export(out):
        shutil.rmtree(out)
    out.mkdir(parents=True)
    (out / WEIGHTS).write_bytes(weights)
    (out / CARD).write_bytes(text)
    (out / DESCRIPTION).write_text(json.dumps(info, indent=1, allow_nan=False) + "\n")
