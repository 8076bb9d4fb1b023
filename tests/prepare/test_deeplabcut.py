"""DeepLabCut's and Lightning Pose's tables with more, or less, than predictions have."""

import numpy as np
import pandas as pd
import pytest
from detection_files import FRAMES, NAMES, alphapose, frame_of, people, there

from geoself_jax.core.errors import DATA, USAGE, GeoselfError
from geoself_jax.data.skeletons import COCO_17
from geoself_jax.prepare.confidence_flag import deviation_px
from geoself_jax.prepare.detections import read_detections


def predictions():
    """One animal's table, as predictions of a video have it."""
    return frame_of(people()).xs("p1", axis=1, level="individuals")


def labels(images, video="vid-camA", levels=3):
    """CollectedData of these images: no likelihood, rows named by the image."""
    table = predictions().drop(columns="likelihood", level="coords").iloc[: len(images)]
    rows = [("labeled-data", video, f"img{number:04d}.png") for number in images]
    index = pd.MultiIndex.from_tuples(rows) if levels == 3 else ["/".join(row) for row in rows]
    return table.set_axis(index)


@pytest.mark.parametrize("levels", [1, 3])
@pytest.mark.parametrize("suffix", ["csv", "h5"])
def test_hand_labels_are_sure_and_their_frames_are_the_images(tmp_path, suffix, levels):
    images = [3, 17, 120, 121]
    table, path = labels(images, levels=levels), tmp_path / f"CollectedData_alice.{suffix}"
    table.to_csv(path) if suffix == "csv" else table.to_hdf(path, key="df_with_missing", mode="w")
    read = read_detections(path)
    assert read.frame.tolist() == images and read.skeleton == COCO_17
    seen = people()[0, :4, :, 2] > 0
    assert (read.confidence == seen).all()
    np.testing.assert_allclose(read.keypoints_2d[seen], people()[0, :4, :, :2][seen], rtol=1e-6)
    assert read.notes == (
        f"{path}: frames are numbered by the images, as img0003.png",
        f"{path}: no likelihood, as in labels placed by hand: all confidences are 1",
    )


def test_labels_of_two_videos_in_one_file_are_refused(tmp_path):
    path = tmp_path / "CollectedData_alice.csv"
    pd.concat([labels([1, 2]), labels([5, 6], video="vid-camB")]).to_csv(path)
    with pytest.raises(GeoselfError, match="images of 2 videos, vid-camA, vid-camB") as error:
        read_detections(path)
    assert error.value.code == DATA


def test_lightning_poses_own_columns_are_left_out_and_said(tmp_path):
    table = predictions()
    wanted = read_detections(written(tmp_path / "plain.csv", table))
    table["DLC_model", "nose", "x_ens_median"] = 1.5
    table["set", "", ""] = "train"
    path = written(tmp_path / "predictions_camA.csv", table)
    read = read_detections(path)
    np.testing.assert_array_equal(read.keypoints_2d, wanted.keypoints_2d)
    np.testing.assert_array_equal(read.confidence, wanted.confidence)
    assert read.notes == (f"{path}: columns x_ens_median, set are left out",)


def written(path, table, **options):
    table.to_csv(path, **options)
    return path


@pytest.mark.parametrize("text", ["NaN", "nan", "NA", "null", "None", ""])
def test_a_missing_joint_may_be_written_as_text(tmp_path, text):
    read = read_detections(written(tmp_path / "a.csv", frame_of(people()), na_rep=text))
    assert len(read.frame) == len(there(people()))


@pytest.mark.parametrize("suffix", ["csv", "h5"])
def test_parts_that_are_there_once_are_no_animals(tmp_path, suffix):
    table = frame_of(people())
    for coord in ("x", "y", "likelihood"):
        table["DLC_model", "single", "corner", coord] = 0.5
    path = tmp_path / f"a.{suffix}"
    table.to_csv(path) if suffix == "csv" else table.to_hdf(path, key="df_with_missing", mode="w")
    read = read_detections(path)
    assert read.track_names == ("p1", "p2") and len(read.frame) == len(there(people()))
    assert read.notes == (f"{path}: corner of 'single' are left out: no animal's parts",)


def test_a_table_cut_from_a_longer_one_begins_where_its_rows_say(tmp_path):
    read = read_detections(written(tmp_path / "a.csv", predictions().iloc[5:]))
    assert read.first == 5 and read.frames == FRAMES and list(NAMES) == list(COCO_17.joint_names)


@pytest.mark.parametrize("suffix", ["csv", "h5"])
def test_one_body_part_of_two_scorers_is_refused(tmp_path, suffix):
    table = predictions()
    both = pd.concat([table, (table + 9).rename(columns={"DLC_model": "second"}, level=0)], axis=1)
    path = tmp_path / f"cam1.{suffix}"
    both.to_csv(path) if suffix == "csv" else both.to_hdf(path, key="df", mode="w")
    with pytest.raises(GeoselfError, match=r"two columns of nose, x - .*one scorer's") as error:
        read_detections(path)
    assert error.value.code == DATA


def test_rows_without_numbers_are_all_frames(tmp_path):
    table = predictions()
    read = read_detections(written(tmp_path / "a.csv", table.set_axis(["row"] * len(table))))
    assert read.first == 0 and read.frames == FRAMES


def smoothed(pairs=("posterior", "ens")):
    """What EKS writes of predictions: variances of what it smoothed and of the ensemble."""
    table, variance = predictions(), {}
    for name in NAMES:
        columns = [f"{axis}_{kind}_var" for kind in pairs for axis in "xy"]
        for number, column in enumerate(columns):
            table["DLC_model", name, column] = variance[name, column] = (
                np.arange(len(table)) % 5 + 2.0 * number
            )
    return table, variance


def sure(variance, kind, deviation=3.0):
    """(frames, joints) confidence by the documented formula."""
    spread = [(variance[n, f"x_{kind}_var"] + variance[n, f"y_{kind}_var"]) / 2 for n in NAMES]
    return deviation / np.sqrt(deviation**2 + np.array(spread).T)


@pytest.mark.parametrize("suffix", ["csv", "h5"])
def test_variances_are_confidences_where_they_are_asked_for(tmp_path, suffix):
    table, variance = smoothed()
    path = tmp_path / f"a.{suffix}"
    table.to_csv(path) if suffix == "csv" else table.to_hdf(path, key="df_with_missing", mode="w")
    plain = read_detections(path)
    assert plain.notes == (
        f"{path}: columns x_posterior_var, y_posterior_var, x_ens_var, y_ens_var are left out",
    )
    read = read_detections(path, deviation_px=2.0)
    seen = plain.confidence > 0
    wanted = sure(variance, "posterior", 2.0)[plain.frame]
    np.testing.assert_allclose(read.confidence, np.where(seen, wanted, 0), rtol=1e-6)
    np.testing.assert_array_equal(read.keypoints_2d, plain.keypoints_2d)
    assert wanted.min() > 0.4 and wanted.max() < 0.95
    assert any("as asked for: confidences are 2 / sqrt(2^2 + v), v the" in n for n in read.notes)
    assert not any("left out" in n and "posterior" in n for n in read.notes)


@pytest.mark.parametrize("pairs", [("ens",), ("posterior", "ens")])
def test_a_table_without_likelihood_has_its_variances_and_it_is_said(tmp_path, pairs):
    table, variance = smoothed(pairs)
    path = written(tmp_path / "a.csv", table.drop(columns="likelihood", level="coords"))
    read = read_detections(path)
    seen = np.isfinite(read.keypoints_2d).all(-1)
    wanted = sure(variance, pairs[0])[read.frame]
    np.testing.assert_allclose(read.confidence, np.where(seen, wanted, 0), rtol=1e-6)
    (note,) = [note for note in read.notes if "no likelihood" in note]
    assert f"v the mean of x_{pairs[0]}_var and y_{pairs[0]}_var" in note and "3^2" in note


def test_variances_that_are_not_there_or_are_none_are_refused(tmp_path):
    path = written(tmp_path / "a.csv", predictions())
    with pytest.raises(GeoselfError, match=r"no variances in it .* x_posterior_var and") as error:
        read_detections(path, deviation_px=3.0)
    assert error.value.code == DATA
    table, _ = smoothed()
    path = written(tmp_path / "b.csv", table.drop(columns=("DLC_model", "nose", "y_posterior_var")))
    with pytest.raises(GeoselfError, match="body part nose has no y_posterior_var"):
        read_detections(path, deviation_px=3.0)
    table["DLC_model", "nose", "x_posterior_var"] = -9.0
    with pytest.raises(GeoselfError, match="a variance of -"):
        read_detections(written(tmp_path / "c.csv", table), deviation_px=3.0)
    with pytest.raises(GeoselfError, match=r"\(alphapose\) has no variances") as error:
        read_detections(alphapose(tmp_path / "cam1.json", people()), deviation_px=3.0)
    assert error.value.code == USAGE


def test_empty_likelihoods_next_to_variances_are_refused_with_the_way(tmp_path):
    table, _ = smoothed()
    table.loc[:, table.columns.get_level_values("coords") == "likelihood"] = np.nan
    with pytest.raises(GeoselfError, match=r"no likelihood at all, .*--confidence-from=variance"):
        read_detections(written(tmp_path / "a.csv", table))


def test_the_flag_says_what_a_confidence_is_made_of():
    assert deviation_px(None) is deviation_px("likelihood", 6.0) is None
    assert (deviation_px("variance"), deviation_px("variance:1.5")) == (3.0, 1.5)
    for flag in ("var", "variance:", "variance:0", "variance:nan", "variance:-1", "likelihood:3"):
        with pytest.raises(GeoselfError, match="--confidence-from=") as error:
            deviation_px(flag)
        assert error.value.code == USAGE
    with pytest.raises(GeoselfError, match="is of scores"):
        deviation_px("variance", 6.0)
