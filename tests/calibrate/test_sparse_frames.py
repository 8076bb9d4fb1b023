"""Frames drawn at random: few follow each other, and lags are not to be claimed from those."""

import numpy as np
import pytest
from people_seen import changed, recording, report_of


@pytest.mark.parametrize("share", [0.3, 0.45, 0.6])
def test_cameras_in_step_are_not_called_late_where_frames_are_missing(share):
    whole = recording(3, frames=1600)
    kept = np.sort(np.random.default_rng(1).choice(1600, int(share * 1600), replace=False))
    assert report_of(whole.select(kept))[1].cameras == whole.camera_names


@pytest.mark.parametrize("share", [0.3, 0.5])
def test_nor_where_joints_are_missing(share):
    whole = recording(3, frames=600)
    lost = np.random.default_rng(2).random(whole.confidence.shape) < share
    confidence = np.where(lost, 0, whole.confidence).astype(np.float32)
    pixels = np.where(lost[..., None], np.nan, whole.keypoints_2d).astype(np.float32)
    report = report_of(changed(whole, keypoints_2d=pixels, confidence=confidence))[1]
    assert report.residual_px.max() < 5
