"""model.json and run.json with values of any kind, their digests right: one line, code 65."""

import copy
import json
import shutil
from pathlib import Path

import pytest
from processes import run_python

from geoself_jax.core.errors import DATA, GeoselfError
from geoself_jax.lift.exported import DESCRIPTION, description_sha256, load_exported
from geoself_jax.runtime import workdir
from geoself_jax.runtime.restore import load_trained

MODEL = {
    "architecture.blocks": 10**6,
    "architecture.layers": 10**6,
    "architecture.width": 10**400,
    "architecture.pixel_scale": "x",
    "architecture.backbone": 5,
    "architecture": [],
    "skeleton": [],
    "skeleton.joint_names": list(range(17)),
    "skeleton.joint_names ": [f"joint {i}" for i in range(100_000)],
    "skeleton.parents": [0.5] * 17,
    "skeleton.parents ": "x" * 17,
    "skeleton.root": True,
    "skeleton.root ": 0.0,
    "skeleton.left_right": [["a", "b"]],
    "skeleton.left_right ": [5],
    "recording": "x",
    "recording.fps": "25",
    "scores.checkpoint": "x",
    "scores.checkpoint.step": "x",
    "scores": [],
    "data": "x",
    "data.source": 5,
    "data.supervised_upper_bound": 0,
    "data.validation_subjects": 5,
    "data.subjects": [["S1"]],
    "files": "x",
}
RUN = {
    "config": "x",
    "config.data.train": 5,
    "model.blocks": 10**6,
    "skeleton.joint_names": list(range(17)),
    "skeleton": None,
    "recording": "x",
    "data": [],
    "data.subjects": "x",
    "data.subjects ": ["S1", {}],
    "data.validation_subjects": [None],
    "recording.cameras": [5],
    "versions": 3,
}
UNDESCRIBED = {"config.schedule": 5, "config.optimizer.learning_rate": "x", "data.views": None}


def changed(values, name, value):
    """A copy with one value replaced, by its dotted name."""
    values = copy.deepcopy(values)
    inner = values
    *groups, last = name.strip().split(".")
    for group in groups:
        inner = inner[group]
    inner[last] = value
    return values


@pytest.mark.parametrize("name", MODEL)
def test_an_odd_value_in_model_json_is_refused(name, tiny_export, tmp_path):
    folder = Path(shutil.copytree(tiny_export, tmp_path / "export"))
    info = changed(json.loads((folder / DESCRIPTION).read_text()), name, MODEL[name])
    info["sha256"] = description_sha256(info)
    (folder / DESCRIPTION).write_text(json.dumps(info))
    with pytest.raises(GeoselfError, match=DESCRIPTION) as refused:
        load_exported(folder)
    assert refused.value.code == DATA and len(str(refused.value)) < 1000


@pytest.mark.parametrize("name", RUN)
def test_an_odd_value_in_run_json_is_refused(name, tiny_run, tmp_path):
    folder = _run_with(tiny_run, tmp_path, name, RUN[name])
    with pytest.raises(GeoselfError, match=r"run\.json") as refused:
        load_trained(folder)
    assert refused.value.code == DATA


@pytest.mark.parametrize("name", UNDESCRIBED)
def test_what_only_the_card_uses_of_run_json_is_refused_too(name, tiny_run, tmp_path):
    folder = _run_with(tiny_run, tmp_path, name, UNDESCRIBED[name])
    flags = (f"--workdir={folder}", f"--out={tmp_path / 'export'}")
    done = run_python("-m", "geoself_jax.export", *flags)
    assert done.returncode == DATA and "run.json" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr and [p.name for p in tmp_path.iterdir()] == ["run"]


def _run_with(tiny_run, tmp_path, name, value):
    folder = Path(shutil.copytree(tiny_run, tmp_path / "run"))
    workdir.write_record(folder, changed(workdir.read_record(folder), name, value))
    return folder
