"""`geoself_jax.train` called from Python: other data, threads, useless labels."""

import dataclasses
import json
import threading

import numpy as np
import pytest
from older_runs import rewritten

from geoself_jax.core.config import Config, ModelConfig, ScheduleConfig
from geoself_jax.core.errors import DATA, DIVERGED, USAGE, WORKDIR, GeoselfError
from geoself_jax.train.run import train

NAN = np.float32("nan")


@pytest.fixture(scope="module")
def short(tiny_config) -> Config:
    """Two steps of the smallest networks."""
    model = ModelConfig(width=8, blocks=1, layers=1, root_width=8, root_blocks=0)
    schedule = ScheduleConfig(length=2, call=2, batch=8)
    objective = dataclasses.replace(tiny_config.objective, name="pseudo_label")
    return dataclasses.replace(tiny_config, model=model, schedule=schedule, objective=objective)


@pytest.fixture(scope="module")
def labels(tiny_recording):
    """The truth of the tiny recording."""
    return np.array(tiny_recording.pose_world)


@pytest.fixture(scope="module")
def folder(short, tiny_recording, labels, tmp_path_factory):
    """A run of it."""
    folder = tmp_path_factory.mktemp("from_python") / "run"
    assert train(short, folder, tiny_recording, labels=labels).steps == 2
    return folder


def test_the_same_frames_and_labels_are_the_same_run(folder, short, tiny_recording, labels):
    assert "already done" in train(short, folder, tiny_recording, labels=labels.copy()).message


def test_other_frames_of_the_same_file_are_refused(folder, short, tiny_recording, labels):
    half = slice(0, tiny_recording.frames - 10)
    with pytest.raises(
        GeoselfError, match="differs from then: keypoints_2d, confidence, clip_id"
    ) as refused:
        train(short, folder, tiny_recording.select(half), labels=labels[half])
    assert refused.value.code == WORKDIR


def test_other_pixels_of_the_same_frames_are_refused(folder, short, tiny_recording, labels):
    moved = dataclasses.replace(tiny_recording, keypoints_2d=tiny_recording.keypoints_2d + 1)
    with pytest.raises(GeoselfError, match="differs from then: keypoints_2d - "):
        train(short, folder, moved, labels=labels)


def test_the_last_digit_of_another_processor_is_no_other_data(
    folder, short, tiny_recording, labels
):
    near = tiny_recording.keypoints_2d.copy()
    near[0, 0, 0] = np.round(near[0, 0, 0], 2)
    same = dataclasses.replace(tiny_recording, keypoints_2d=near)
    assert "already done" in train(short, folder, same, labels=labels).message


def test_other_labels_or_none_are_refused(folder, short, tiny_recording, labels):
    with pytest.raises(GeoselfError, match="labels_sha256"):
        train(short, folder, tiny_recording, labels=labels + np.float32(0.01))
    with pytest.raises(GeoselfError, match="supervised_upper_bound"):
        train(short, folder, tiny_recording)


def test_a_record_from_before_these_digests_is_still_the_same_run(
    folder, short, tiny_recording, labels
):
    record = (folder / "run.json").read_text()

    def as_then(values):
        for key in ("frames_sha256", "labels_sha256"):
            del values["data"][key]
        del values["arrays_sha256"]

    rewritten(folder, as_then)
    try:
        assert "already done" in train(short, folder, tiny_recording, labels=labels).message
        now = json.loads((folder / "run.json").read_text())
        assert now["arrays_sha256"] == json.loads(record)["arrays_sha256"]
    finally:
        (folder / "run.json").write_text(record)


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda labels: labels[:-1], "shape"),
        (lambda labels: labels.astype(str), "type"),
        (lambda labels: labels * NAN, "all NaN"),
        (lambda labels: np.where(np.arange(3) == 1, np.inf, labels), "infinity"),
    ],
)
def test_labels_that_do_not_fit_are_refused(wrong, hint, short, tiny_recording, labels, tmp_path):
    with pytest.raises(GeoselfError, match=hint) as refused:
        train(short, tmp_path / "run", tiny_recording, labels=wrong(labels))
    assert refused.value.code == DATA and not (tmp_path / "run").exists()


def test_a_run_that_learned_nothing_is_not_done(short, tiny_recording, labels, tmp_path):
    """Only frames held out have labels: each loss is an exact 0."""
    only = labels * NAN
    only[tiny_recording.subject_id == 0] = labels[tiny_recording.subject_id == 0]
    subjects = dataclasses.replace(
        short.data, validation_subjects=tiny_recording.subject_names[0], force=True
    )
    config = dataclasses.replace(short, data=subjects)
    with pytest.raises(GeoselfError, match="none of 2 steps") as refused:
        train(config, tmp_path / "run", tiny_recording, labels=only)
    assert refused.value.code == DIVERGED
    assert not (tmp_path / "run" / "checkpoints" / "last").exists()


def test_steps_that_were_all_skipped_log_no_loss_and_are_not_done(
    short, tiny_recording, labels, tmp_path
):
    """Fewer steps than make a divergence; 1e30 m is finite, its square is not."""
    with pytest.raises(GeoselfError, match="none of 2 steps"):
        train(short, tmp_path / "run", tiny_recording, labels=labels * np.float32(1e30))
    lines = (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()
    logged = [json.loads(line) for line in lines]
    assert [row["step"] for row in logged] == [1, 2]
    assert all(row["skipped"] == 1 and "loss" not in row for row in logged)


def test_a_thread_trains_and_says_that_signals_do_not_reach_it(
    short, tiny_recording, tmp_path, capsys
):
    outcomes = []
    thread = threading.Thread(
        target=lambda: outcomes.append(train(short, tmp_path / "run", tiny_recording))
    )
    thread.start()
    thread.join()
    assert outcomes[0].steps == 2 and "trained in a thread" in capsys.readouterr().err


def test_networks_and_batches_beyond_the_memory_are_refused(short, tiny_recording, tmp_path):
    large = dataclasses.replace(short.model, width=2**15, blocks=64, layers=2)
    config = dataclasses.replace(short, model=large)
    with pytest.raises(GeoselfError, match=r"width=32768.* GiB at least") as refused:
        train(config, tmp_path / "run", tiny_recording)
    assert refused.value.code == USAGE


def test_epochs_beyond_the_counter_are_refused(short, tiny_recording, tmp_path):
    schedule = dataclasses.replace(short.schedule, unit="epochs", length=10**9, batch=8)
    with pytest.raises(GeoselfError, match=r"epochs - are .* steps"):
        train(dataclasses.replace(short, schedule=schedule), tmp_path / "run", tiny_recording)
