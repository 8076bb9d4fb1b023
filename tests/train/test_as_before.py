"""A run that is continued keeps the lengths that it was started with."""

import dataclasses
import json
import shutil

import pytest
from older_runs import made_older

from geoself_jax.core.config import Config, ModelConfig
from geoself_jax.data.training_set import resolved, triangulate_recording
from geoself_jax.train.as_before import as_before
from geoself_jax.train.run import train


@pytest.fixture
def built(tiny_config, tiny_recording):
    return resolved(tiny_config.model, tiny_recording, triangulate_recording(tiny_recording))


def test_without_a_run_nothing_changes(tmp_path, built):
    assert as_before(tmp_path, Config(), built) == (Config(), built)


def test_another_processor_measures_the_same_to_rounding(tiny_run, tiny_config, built):
    nearly = dataclasses.replace(built, length_unit=built.length_unit * (1 + 1e-5))
    was = json.loads((tiny_run / "run.json").read_text())["model"]["length_unit"]
    same = dataclasses.replace(built, length_unit=was)
    assert as_before(tiny_run, tiny_config, nearly) == (tiny_config, same) != nearly


def test_a_depth_that_is_rounded_the_other_way_is_no_other_run(tiny_run, tiny_config, built):
    was = json.loads((tiny_run / "run.json").read_text())["model"]
    other = dataclasses.replace(built, root_depth=was["root_depth"] + 0.1)
    assert as_before(tiny_run, tiny_config, other)[1].root_depth == was["root_depth"]


def test_other_lengths_are_not_hidden(tiny_run, tiny_config, built):
    other = dataclasses.replace(built, length_unit=built.length_unit * 1.1)
    assert as_before(tiny_run, tiny_config, other) == (tiny_config, other)


def test_a_run_of_before_units_is_continued_in_metres(
    tiny_run, tiny_config, tiny_recording, tmp_path, capsys
):
    folder = tmp_path / "run"
    shutil.copytree(tiny_run, folder)

    def as_then(record):
        for part in (record["model"], record["config"]["model"]):
            del part["length_unit"]
            part["root_depth"] = 5.0

    made_older(folder, as_then)
    config, model = as_before(folder, tiny_config, ModelConfig(length_unit=1.1, root_depth=4.0))
    assert (model.metres, model.root_depth, config.model.root_depth) == (1.0, 5.0, 5.0)
    outcome = train(tiny_config, folder, tiny_recording)
    assert outcome.message.startswith("already done")
