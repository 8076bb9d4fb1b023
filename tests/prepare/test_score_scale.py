"""Scores a little outside [0, 1] are clipped and counted, others are refused with their scale."""

import numpy as np
import pytest
from detection_files import alphapose, coco, openpose, people, sleap

from geoself_jax.core.errors import DATA, GeoselfError
from geoself_jax.prepare.detections import read_detections
from geoself_jax.prepare.detections.score_scale import BELOW, scaled, without_negative


def test_scores_a_little_below_0_are_missing_joints_and_counted(tmp_path):
    found = people()
    found[0, 1, 4, 2], found[1, 2, 5, 2] = -0.0031, -0.02
    read = read_detections(coco(tmp_path / "a.json", found))
    assert read.notes[0].endswith(
        "a.json: 1 entries of category_id 2 are left out, 1 is a person's"
    )
    assert "2 scores a little below 0" in read.notes[1]
    at = int(np.flatnonzero(read.frame == 1)[0])
    assert read.confidence[at, 4] == 0 and np.isnan(read.keypoints_2d[at, 4]).all()


def test_a_peak_a_little_above_1_is_1_and_counted(tmp_path):
    found = people()
    found[0, 1, 4, 2] = 1.006
    read = scaled(read_detections(sleap(tmp_path / "a.h5", found)), 1)
    assert read.confidence.max() == 1
    assert "1 scores a little above 1 (the largest 1.006)" in read.notes[0]


@pytest.mark.parametrize(
    ("top", "advice"),
    [(5.2, "--confidence-scale=6"), (99, "--confidence-scale=100"), (254, "--confidence-scale=255"),
     (9.5, "--confidence-scale=NUMBER"), (1.5, "--confidence-scale=NUMBER")],
)  # fmt: skip
def test_scores_on_another_scale_are_refused_with_what_they_look_like(tmp_path, top, advice):
    found = people() * [1, 1, top]
    found[0, 0, 0, 2] = top
    read = read_detections(alphapose(tmp_path / "a.json", found))
    with pytest.raises(GeoselfError, match=r"a\.json: score .* at frame 0, joint nose") as error:
        scaled(read, 1)
    assert error.value.code == DATA and advice in str(error.value)
    assert scaled(read, top).confidence.max() == 1


def test_a_camera_on_another_scale_than_the_one_given_is_refused(tmp_path):
    read = read_detections(coco(tmp_path / "a.json", people()))
    with pytest.raises(
        GeoselfError, match=r"--confidence-scale=100 .* write the scores of all on one"
    ):
        scaled(read, 100)


def test_flags_of_visibility_are_called_so_and_not_a_scale(tmp_path):
    found = people()
    found[..., 2] = np.where(found[..., 2] > 0, 2, 0)
    read = read_detections(openpose(tmp_path / "a_json", found))
    with pytest.raises(GeoselfError, match="all scores are 0, 1 or 2 - that is COCO's visibility"):
        scaled(read, 1)


def test_scores_far_below_0_are_refused_with_what_to_write(tmp_path):
    found = people()
    found[0, 1, 4, 2] = -1
    with pytest.raises(GeoselfError, match=r"write 0 where a joint is missing, and logits as"):
        read_detections(coco(tmp_path / "a.json", found))


@pytest.mark.parametrize("top", [0.5, 1, 100])
def test_a_tenth_of_the_largest_score_below_0_is_the_last_that_is_clipped(tmp_path, top):
    """Of scores up to 1, a tenth of 1."""
    assert BELOW == 0.1
    values = np.array([[5, 5, top], [6, 6, 0.3 * top], [7, 7, np.nan]])
    for share, clipped in ((0.099, 1), (0.101, 0)):
        values[2, 2] = -share * max(top, 1)
        changed, count = without_negative(values)
        assert count == clipped and (changed[:, 2] < 0).sum() == 1 - clipped
        np.testing.assert_array_equal(changed[:2], values[:2])
    found = people()
    found[0, 1, 4, 2] = -0.101
    with pytest.raises(GeoselfError, match="at frame 1, joint right_ear"):
        read_detections(alphapose(tmp_path / "a.json", found))
