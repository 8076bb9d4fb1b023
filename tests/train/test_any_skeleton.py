"""Recordings of animals with any joints, from inspecting to viewing what was lifted."""

import dataclasses

import animals
import numpy as np
import pytest

from geoself_jax.core.config import AugmentationConfig, Config, DataConfig, ModelConfig
from geoself_jax.core.errors import DATA, GeoselfError
from geoself_jax.data import recording
from geoself_jax.evaluate import __main__ as evaluate
from geoself_jax.export import __main__ as export
from geoself_jax.inspect import __main__ as inspect
from geoself_jax.lift import __main__ as lift
from geoself_jax.train import __main__ as train
from geoself_jax.train.check_config import check_fit, without_pairs
from geoself_jax.view import __main__ as view

TINY = (
    *("schedule.length=6", "schedule.batch=16", "schedule.call=3", "objective.views=2"),
    *("model.width=16", "model.root_width=16", "model.blocks=1", "model.root_blocks=1"),
)


def read(name, **changes):
    return recording.from_arrays(animals.make_arrays(*animals.SHAPES[name]) | changes, "x")


@pytest.mark.parametrize("name", ["no bones", "two components"])
@pytest.mark.e2e
@pytest.mark.usefixtures("untyped")
def test_all_commands_work_with_joints_that_no_detector_of_people_has(
    name, tmp_path, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    parents, pairs, _ = animals.SHAPES[name]
    rootless = animals.make_arrays(parents, pairs, frames=80) | {"world_up": np.zeros(0)}
    np.savez("animal.npz", **rootless)
    assert inspect.main(["--data=animal.npz", "--html=animal.html"]) == 0
    (now,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("done:"))
    flags = [flag for flag in now.split() if flag.startswith("--config")]
    assert "--config.augmentation.exchange=0" in flags
    made = [f"--config.{change}" for change in TINY]
    assert train.main([*flags, *made, "--workdir=run"]) == 0
    assert "which way is up is unknown" in capsys.readouterr().err
    assert evaluate.main(["--workdir=run", "--data=animal.npz"]) == 0
    assert export.main(["--workdir=run", "--out=export"]) == 0
    lifting = ["--model=export", "--keypoints=animal.npz", "--camera=cam1", "--clip=first"]
    assert lift.main([*lifting, "--axes=world", "--out=poses.npz"]) == 0
    assert view.main(["--poses=poses.npz", "--data=animal.npz", "--out=poses.html"]) == 0
    assert view.main(["--poses=poses.npz", "--out=poses.png"]) == 0
    with np.load("poses.npz") as poses:
        assert poses["joint_names"][-1] == "centroid" and np.isfinite(poses["pose"]).any()


def test_unknown_joints_without_a_root_get_a_centroid_and_others_none():
    arrays = animals.make_arrays(*animals.SHAPES["two components"])
    del arrays["root"]
    rootless = recording.from_arrays(arrays, "x")
    assert rootless.skeleton.joint_names[-1] == "centroid"
    assert rootless.skeleton.root == 5 and rootless.skeleton.parents == (-1, 0, 1, -1, 3, -1)
    assert rootless.pose_world is not None and rootless.pose_world.shape[1] == 6
    mean = arrays["pose_world"].mean(1)
    np.testing.assert_allclose(rootless.pose_world[:, 5], mean, atol=1e-5)
    del arrays["parents"]
    with pytest.raises(GeoselfError, match="of the skeleton only left_right") as refused:
        recording.from_arrays(arrays, "x")
    assert refused.value.code == DATA


def test_mirroring_joints_without_pairs_is_said():
    alone, paired = read("no pairs"), read("two components")
    config = Config(
        data=DataConfig(train="x.npz"),
        model=ModelConfig(symmetric=True),
        augmentation=AugmentationConfig(share=0.5),
    )
    (line,) = without_pairs(config, alone)
    keys = "config.model.symmetric=false, config.augmentation.mirror=false"
    assert line.startswith("x.npz: the skeleton has no left/right pairs - ") and keys in line
    plain = dataclasses.replace(config, model=ModelConfig(symmetric=False))
    (line,) = without_pairs(plain, alone)
    assert "symmetric" not in line
    off = dataclasses.replace(plain, augmentation=AugmentationConfig(share=0.5, mirror=False))
    assert without_pairs(config, paired) == without_pairs(off, alone) == []


def test_what_the_recipe_cannot_do_with_a_skeleton_is_among_the_flags_to_go_on_with():
    for name in animals.SHAPES:
        found = read(name)
        flags = inspect._training("x.npz", found)
        changes = dict(flag.removeprefix("--config.").split("=") for flag in flags if "." in flag)
        config = Config(
            model=ModelConfig(symmetric=changes.get("model.symmetric") != "false"),
            augmentation=AugmentationConfig(
                share=0.5,
                mirror=changes.get("augmentation.mirror") != "false",
                exchange=float(changes.get("augmentation.exchange", 0.5)),
            ),
        )
        objective = dataclasses.replace(config.objective, views=3)
        config = dataclasses.replace(config, objective=objective)
        check_fit(config, found)
        assert not without_pairs(config, found), name
