"""The label-free score of held-out subjects, by which checkpoints are compared in training."""

from typing import TYPE_CHECKING, Any

import numpy as np

from geoself_jax.core.model import Networks, Prediction
from geoself_jax.core.shown_lengths import units_for
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.recording import Recording
from geoself_jax.evaluate import uncertainty
from geoself_jax.evaluate.scores import label_free_scores, predict_recording
from geoself_jax.view.body_scale import size_of

if TYPE_CHECKING:
    from geoself_jax.view.axes import PosePlot

VALIDATION_FRAMES = 1000
SHOWN = 3
"""Poses of a picture."""


class HeldOut:
    """What networks are scored on: at most `VALIDATION_FRAMES` instants, evenly spread.

    Args:
        model: The networks.
        predict: Result of `predict.make_predict`.
        recording: Of the held-out subjects.
        triangulated: (frames, joints, 3), metres, world frame, from all views' detections.
    """

    def __init__(
        self, model: Networks, predict: Any, recording: Recording, triangulated: np.ndarray
    ) -> None:
        self._model, self._predict, self._whole = model, predict, recording
        self.is_there = bool(np.isfinite(triangulated).any())
        count = min(VALIDATION_FRAMES, recording.frames)
        self._at = np.unique(np.linspace(0, recording.frames - 1, count).astype(int))
        self._held, self._known = recording.select(self._at), triangulated[self._at]
        self._lifted: Prediction | None = None
        self.units = units_for(size_of(self._known))

    def score(self, variables: dict[str, Any]) -> tuple[float | None, dict[str, Any]]:
        """A label-free score: mm to their triangulated joints; None where nobody is held out.

        Where the networks tell uncertainties, the variables come back with these calibrated.

        Args:
            variables: Of the networks.
        """
        if not self.is_there:
            return None, variables
        frames = self._model.config.frames
        if self._model.config.uncertainty:
            variables = uncertainty.uncalibrated(variables)
        found = predict_recording(self._predict, variables, self._whole, frames, self._at)
        self._lifted = found
        if found.uncertainty is not None:
            variables = uncertainty.calibrated(variables, found, self._held, self._known)
        scores = label_free_scores(found, self._held, self._known)
        return scores.get("triangulation_mm"), variables

    @property
    def skeleton(self) -> Skeleton:
        """Joints of the poses."""
        return self._held.skeleton

    def plots(self) -> "list[PosePlot]":
        """Some poses as scored last, the same at each call, and the triangulated ones."""
        from geoself_jax.evaluate.report import pose_plot
        from geoself_jax.evaluate.scores import in_cameras

        target = in_cameras(self._known, self._held)
        root = self._held.skeleton.root
        target = target - target[:, :, root, None]
        seen = np.isfinite(target).all((-1, -2)) & (self._held.confidence > 0).any(-1)
        places = np.argwhere(seen)
        if self._lifted is None or not len(places):
            return []
        shown = places[np.linspace(0, len(places) - 1, SHOWN + 2).astype(int)[1:-1]]
        pose_3d = np.asarray(self._lifted.pose_3d)
        return [
            pose_plot(
                self._held,
                frame,
                view,
                {"prediction": pose_3d[frame, view], "triangulated": target[frame, view]},
                "{action}, {camera}",
            )
            for frame, view in shown.tolist()
        ]
