"""What runs start from (`config.init`), damaged or not wholly known; one short run."""

import dataclasses
import json
import shutil

import numpy as np
import pytest

from geoself_jax.core.errors import DATA, MISSING, GeoselfError
from geoself_jax.core.shown_lengths import HUMAN_UNITS
from geoself_jax.data.training_sample import FILE, read_sample, sample_training, write_sample
from geoself_jax.evaluate.by_motion import motion_lines
from geoself_jax.export.card_scores import _by_motion
from geoself_jax.runtime import workdir
from geoself_jax.train.keep_sample import keep_sample
from geoself_jax.train.run import train
from geoself_jax.train.warm_start.origin import earlier_sample, load_origin
from geoself_jax.train.warm_start.start import is_sampled


@pytest.fixture(scope="module")
def origin(tiny_run, tmp_path_factory):
    return load_origin(str(tiny_run), tmp_path_factory.mktemp("other"))


def refused(init, folder):
    with pytest.raises(GeoselfError) as raised:
        load_origin(init, folder)
    assert "\n" not in str(raised.value)
    return raised.value


@pytest.mark.parametrize("name", ["a\0b", "x" * 5000])
def test_names_that_no_folder_can_have_are_refused_in_a_short_line(name, tmp_path):
    error = refused(name, tmp_path)
    assert error.code == MISSING and len(str(error)) < 700 and "general-coco17" in str(error)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"recording": {"length_unit": -1.0}}, "recording.length_unit=-1.0"),
        ({"recording": {"length_unit": float("nan")}}, "NaN is no number"),
        ({"recording": {"length_unit": "1"}}, "wanted a number"),
        ({"recording": {"fps": 0.0}}, "recording.fps=0.0"),
        ({"init": {"subjects": 5}}, "init.subjects='5', wanted a list"),
        ({"init": {"data_sha256": "abc"}}, "init.data_sha256='abc', wanted a list"),
    ],
)
def test_records_that_would_make_nan_of_weights_or_a_traceback_are_refused(
    changes, said, tiny_run, tmp_path
):
    copy = tmp_path / "damaged"
    shutil.copytree(tiny_run, copy)
    record = json.loads((copy / "run.json").read_text())
    workdir.write_record(copy, record | changes)  # with the digest of what it says
    error = refused(str(copy), tmp_path / "new")
    assert error.code == DATA and said in str(error)


def test_a_general_models_name_is_not_the_folder_of_that_name(
    tiny_recording, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    other = sample_training(tiny_recording, tiny_recording.pose_world, 1.0)
    write_sample(tmp_path / "general-coco17" / FILE, other)
    found = load_origin("general-coco17", tmp_path / "run")
    assert earlier_sample("general-coco17", found) is None


def test_what_the_sample_does_not_show_is_known_along_a_row_of_runs(origin, tiny_run):
    skeleton = origin.model.skeleton
    sample = read_sample(tiny_run, skeleton)
    assert is_sampled(origin, sample, skeleton)
    assert not is_sampled(origin, None, skeleton)
    assert not is_sampled(origin, sample._replace(poses=sample.poses[:0]), skeleton)
    names = ("other", *skeleton.joint_names[1:])
    assert not is_sampled(origin, sample, dataclasses.replace(skeleton, joint_names=names))
    after = origin._replace(record=origin.record | {"init": {"in_training_sample": False}})
    assert not is_sampled(after, sample, skeleton)


def test_a_start_without_a_sample_is_warned_of_and_said_with_the_scores(
    tiny_run, tiny_config, tiny_recording, tmp_path, capsys
):
    copy, folder = tmp_path / "base", tmp_path / "run"
    shutil.copytree(tiny_run, copy)
    (copy / FILE).unlink()
    short = dataclasses.replace(tiny_config.schedule, length=5)
    config = dataclasses.replace(tiny_config, init=str(copy), schedule=short)
    train(config, folder, tiny_recording)
    assert "will be to the new ones alone" in capsys.readouterr().err
    assert workdir.read_record(folder)["init"]["in_training_sample"] is False
    (folder / FILE).unlink()
    train(config, folder, tiny_recording)  # it is done
    assert not (folder / FILE).exists()  # the run's own poses would not be all


def test_the_table_by_distance_says_what_it_does_not_know():
    classes = [
        {"from_mm": None, "to_mm": 100.0, "poses": 3, "triangulation_mm": 50.0},
        {"from_mm": 100.0, "to_mm": None, "poses": 2, "triangulation_mm": 90.0},
    ]
    found = {"by_novelty": {"classes": classes, "unsampled": "general-coco17"}}
    for lines in (motion_lines(found), _by_motion(found, HUMAN_UNITS.error)):
        assert "started from general-coco17" in "\n".join(lines)
    del found["by_novelty"]["unsampled"]
    assert "started from" not in "\n".join(motion_lines(found))


def test_a_run_that_starts_once_more_says_what_it_started_from_this_time(
    tiny_run, tiny_recording, tmp_path
):
    record = workdir.read_record(tiny_run) | {"init": {"step": 1}}
    assert workdir.claim(tmp_path, record) is None
    assert workdir.claim(tmp_path, record | {"init": {"step": 2}}) is not None
    assert workdir.read_record(tmp_path)["init"] == {"step": 2}
    del record["init"]  # continued: nothing is loaded
    workdir.claim(tmp_path, record)
    assert workdir.read_record(tmp_path)["init"] == {"step": 2}
    of_run = tiny_recording, tiny_recording.pose_world, 1.0
    keep_sample(tmp_path, *of_run)
    earlier = read_sample(tmp_path, tiny_recording.skeleton)
    for afresh, times in ((False, 1), (True, 2)):
        keep_sample(tmp_path, *of_run, earlier, afresh=afresh)
        now = read_sample(tmp_path, tiny_recording.skeleton)
        assert len(now.poses) == times * len(earlier.poses)


def test_windows_are_named_as_a_way_where_only_they_differ(
    tiny_run, tiny_config, tiny_recording, tmp_path
):
    model = dataclasses.replace(tiny_config.model, frames=9)
    config = dataclasses.replace(tiny_config, model=model, init=str(tiny_run))
    with pytest.raises(GeoselfError, match=r"frames=1, or --config\.model\.temporal=paths"):
        train(config, tmp_path, tiny_recording)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"poses": np.full((4, 17, 3), 1e30)}, "finite"),
        ({"joint_names": np.zeros(0, "U1")}, "not the networks' joints"),
    ],
)
def test_odd_samples_are_refused_in_one_line(change, said, tiny_run, origin, tmp_path):
    with np.load(tiny_run / FILE) as file:
        arrays = dict(file)
    np.savez(tmp_path / FILE, **arrays | change)
    with pytest.raises(GeoselfError, match=said):
        read_sample(tmp_path, origin.model.skeleton)
