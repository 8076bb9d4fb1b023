"""The label-free score of held-out subjects, by which checkpoints are compared in training."""

from typing import Any

import numpy as np

from geoself_jax.core.model import Networks
from geoself_jax.data.recording import Recording
from geoself_jax.evaluate import uncertainty
from geoself_jax.evaluate.scores import label_free_scores, predict_recording

VALIDATION_FRAMES = 1000


def score(
    model: Networks,
    predict: Any,
    recording: Recording,
    triangulated: np.ndarray,
    variables: dict[str, Any],
) -> tuple[float | None, dict[str, Any]]:
    """A label-free score: mm to the triangulated joints of held-out subjects; None without them.

    Of at most `VALIDATION_FRAMES` instants, evenly spread. Where the networks tell uncertainties,
    the variables come back with these calibrated on the same.
    """
    if not np.isfinite(triangulated).any():
        return None, variables
    count = min(VALIDATION_FRAMES, recording.frames)
    at = np.unique(np.linspace(0, recording.frames - 1, count).astype(int))
    if model.config.uncertainty:
        variables = uncertainty.uncalibrated(variables)
    prediction = predict_recording(predict, variables, recording, model.config.frames, at)
    held, known = recording.select(at), triangulated[at]
    if prediction.uncertainty is not None:
        distance = uncertainty.distances(prediction, held, known)
        factor = uncertainty.factors(np.asarray(prediction.uncertainty), distance)
        variables = uncertainty.calibrated(variables, factor)
    return label_free_scores(prediction, held, known).get("triangulation_mm"), variables
