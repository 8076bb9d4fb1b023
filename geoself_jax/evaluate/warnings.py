"""Warnings about an evaluation: evaluated on training data, or on implausible data."""

import numpy as np

from geoself_jax.core.errors import GeoselfError
from geoself_jax.data.length_unit import unit_of
from geoself_jax.data.recording import Recording
from geoself_jax.data.training_sample import TrainingSample, clip_fingerprints, fingerprints
from geoself_jax.inspect.quick import check_before_training
from geoself_jax.runtime.restore import Trained

UNLIKE = 1.5
"""Times the size of the bodies trained on: people who dance or sit differ by less."""


SEEN = 0.01
"""Share of the training views kept of which on a recording is known to hold them."""
_NOTHING_NEW = "scores on what was trained on say nothing about new motion"


def warnings_of(
    trained: Trained,
    recording: Recording,
    source: str,
    triangulated: np.ndarray,
    sample: TrainingSample | None = None,
) -> list[str]:
    """Returns one line per warning: trained on the same data, or data that fail a check.

    Args:
        trained: Run that is evaluated.
        recording: Recording that it is evaluated on, in the run's joints.
        source: Name of the recording.
        triangulated: Result of `evaluate.report.evaluate`.
        sample: Of what the run was trained on; None where it has none.
    """
    same = _same_data(trained, recording, source) or _same_parts(recording, source, sample)
    same = same or _same_people(trained, recording, source)
    found = [same] if same else []
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


def _same_parts(recording: Recording, source: str, sample: TrainingSample | None) -> str:
    """A line where some of the recording's detections, or clips, were trained on."""
    if sample is None:
        return ""
    held_out = "evaluate on a recording of held-out subjects"
    here = np.isin(sample.views, fingerprints(recording.keypoints_2d))
    if here.size and here.mean() >= SEEN:
        what = f"{source}: it holds {here.mean():.0%} of the detections that were trained on"
        return str(GeoselfError(what, _NOTHING_NEW, held_out, 0))
    clips = np.isin(clip_fingerprints(recording), sample.clips[sample.clips > 0])
    names = [name for name, both in zip(recording.clip_names, clips, strict=True) if both]
    if not names:
        return ""
    what = f"{source}: {len(names)} of its clips ({', '.join(names[:3])}) and their subjects have"
    why = f"if they are parts of the same clips, {_NOTHING_NEW}"
    return str(GeoselfError(f"{what} the names of some that were trained on", why, held_out, 0))


def _same_people(trained: Trained, recording: Recording, source: str) -> str:
    """A line where subjects have the names of some that were trained on."""
    records = trained.record["data"], trained.record.get("init") or {}
    learned = {str(name) for record in records for name in record.get("subjects") or ()}
    present = {recording.subject_names[i] for i in np.unique(recording.subject_id)}
    if not (both := sorted(learned & present)):
        return ""
    what = f"{source}: its subjects {', '.join(both[:3])} have the names of some trained on"
    why = "if they are the same, scores are not of new bodies"
    return str(GeoselfError(what, why, "evaluate on a recording of held-out subjects", 0))
