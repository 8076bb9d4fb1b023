"""What earlier versions and other versions of jax left behind, each read and continued here."""

import json
import shutil
import tarfile
from importlib import import_module
from pathlib import Path

import jax.export
import numpy as np
import pytest
import safetensors.numpy
from flax.traverse_util import flatten_dict, unflatten_dict

from geoself_jax.core.predict import make_predict
from geoself_jax.runtime.restore import load_trained

LEFT = Path(__file__).parents[1] / "compat"
NAMES = sorted(path.name.removesuffix(".tar.xz") for path in LEFT.glob("*.tar.xz"))
LIFT = ("--keypoints=tiny.npz", "--camera=cam0", "--clip=clip0")
MOST_MM = 0.01


def command(verb, *words):
    return import_module(f"geoself_jax.{verb}.__main__").main(list(words))


@pytest.fixture(scope="module", params=NAMES)
def left(request, tmp_path_factory):
    """A folder with what one version left."""
    place = tmp_path_factory.mktemp("left")
    with tarfile.open(LEFT / f"{request.param}.tar.xz") as archive:
        archive.extractall(place, filter="data")
    for name in ("recipe.py", "tiny.npz"):
        shutil.copy(LEFT / name, place)
    return place


@pytest.fixture
def here(left, monkeypatch):
    monkeypatch.chdir(left)
    return left


weights = safetensors.numpy.load_file


def flat(trained):
    found = flatten_dict(dict(trained.variables), sep="/")
    return {name: np.asarray(array) for name, array in found.items()}


def without_the_roots_ray(name, array):
    """Rays are turned to look at the root: its own is rounding alone, as its weights' gradients
    are, and of these Adam makes whole steps that differ between processors and compilers."""
    return array[2:] if name.endswith("stem/linear/kernel") else array


def test_there_are_versions():
    assert len(NAMES) >= 3


def test_its_export_lifts_as_it_did(here):
    assert command("lift", "--model=export", *LIFT, "--out=by_export.npz") == 0
    with np.load("by_export.npz") as found, np.load("poses.npz") as wanted:
        assert np.isfinite(wanted["pose"]).all(-1).sum() > 300
        np.testing.assert_allclose(found["pose"], wanted["pose"], rtol=0, atol=MOST_MM / 1000)


def test_its_program_runs_where_jax_is_not_older_than_it(here):
    written_by = json.loads((here / "export/model.json").read_text())
    if "stablehlo" not in written_by["program"]:
        assert written_by["versions"]["export"]["jax"] == "0.10.2"  # the oldest that we support
    program = jax.export.deserialize(bytearray((here / "export/model.stablehlo").read_bytes()))
    with np.load(here / "export/sample.npz") as sample:
        found = program.call(*(sample[name] for name in ("keypoints_2d", "confidence", "K")))
        for name, array in zip(("pose_3d", "root_position"), found, strict=True):
            np.testing.assert_allclose(array, sample[name], rtol=0, atol=MOST_MM / 1000)


def test_its_run_has_the_weights_of_its_export(here):
    for name, array in flat(load_trained(here / "run", "last")).items():
        assert array.tobytes() == weights("export/model.safetensors")[name].tobytes(), name


def test_its_run_is_scored(here):
    assert command("evaluate", "--workdir=run", "--data=tiny.npz", "--json=scores.json") == 0
    assert json.loads((here / "scores.json").read_text())["checkpoint_step"] == 10


def test_its_run_is_continued_to_the_losses_and_weights_of_its_unbroken_one(here):
    shutil.copytree("run", "continued")
    assert command("train", "--config=recipe.py", "--workdir=continued") == 0
    found, wanted = (
        [json.loads(line) for line in (here / name).read_text().splitlines()]
        for name in ("continued/metrics.jsonl", "metrics.jsonl")
    )
    assert [line["step"] for line in found] == [line["step"] for line in wanted]
    for key in ("loss", "gradient_norm"):
        np.testing.assert_allclose(
            [line[key] for line in found], [line[key] for line in wanted], rtol=1e-4
        )
    trained = load_trained(here / "continued", "last")
    ended, unbroken = flat(trained), weights("model.safetensors")
    for name, array in unbroken.items():
        found, wanted = (without_the_roots_ray(name, x) for x in (ended[name], array))
        np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-4 * np.abs(array).max())
    predict = make_predict(trained.model)
    with np.load("export/sample.npz") as sample:
        inputs = [sample[name] for name in ("keypoints_2d", "confidence", "K")]
    wanted = predict(unflatten_dict(unbroken, sep="/"), *inputs)
    for array, other in zip(predict(trained.variables, *inputs)[:2], wanted[:2], strict=True):
        np.testing.assert_allclose(array, other, rtol=0, atol=MOST_MM / 1000)
