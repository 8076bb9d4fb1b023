"""Warnings about an evaluation: evaluated on training data, or on implausible data."""

import numpy as np

from geoself_jax.core.errors import GeoselfError
from geoself_jax.data.length_unit import unit_of
from geoself_jax.data.recording import Recording
from geoself_jax.inspect.quick import check_before_training
from geoself_jax.runtime.restore import Trained

UNLIKE = 1.5
"""Times the size of the bodies trained on: people who dance or sit differ by less."""


def warnings_of(
    trained: Trained, recording: Recording, source: str, triangulated: np.ndarray
) -> list[str]:
    """Returns one line per warning: trained on the same data, or data that fail a check.

    Args:
        trained: Run that is evaluated.
        recording: Recording that it is evaluated on, in the run's joints.
        source: Name of the recording.
        triangulated: Result of `evaluate.report.evaluate`.
    """
    found = [line for line in (_same_data(trained, recording, source),) if line]
    if recording.views < 2 or not np.isfinite(triangulated).any():
        return found
    found += _other_size(trained, source, triangulated)
    return found + check_before_training(source, recording, force=True)


def _other_size(trained: Trained, source: str, triangulated: np.ndarray) -> list[str]:
    """A line where the bodies are much larger or smaller than those that were trained on."""
    known = (trained.record.get("recording") or {}).get("length_unit")  # not of older runs
    ratio = unit_of(triangulated) / known if known else 1.0
    if 1 / UNLIKE <= ratio <= UNLIKE:
        return []
    return [
        f"{source}: its bodies are {ratio:.2g} times as large as those that were trained on - one "
        "camera does not show a body's size, lifted ones have the size that was learned - train on "
        "such bodies, or check the unit of the calibration"
    ]


def _same_data(trained: Trained, recording: Recording, source: str) -> str:
    learned = trained.record["data"]
    both = (source, learned.get("source") or "")
    built_in = all(name.startswith("synthetic:train") for name in both)
    before = (trained.record.get("init") or {}).get("data_sha256") or []
    if not built_in and recording.fingerprint not in (learned.get("sha256"), *before):
        return ""
    held = ", ".join(map(str, learned.get("validation_subjects") or ()))
    but = f" (held out: {held})" if held else ""
    line = GeoselfError(
        f"{source}: the run was trained on these data{but}",
        "scores on training data do not measure generalization",
        "evaluate on a recording of held-out subjects",
        0,
    )
    return str(line)
