"""Networks that see windows of frames, from training to evaluation."""

import dataclasses

import jax
import numpy as np
import pytest
from processes import run_python

from geoself_jax.core.config import AugmentationConfig
from geoself_jax.core.errors import USAGE, GeoselfError
from geoself_jax.core.predict import make_predict
from geoself_jax.data.training_set import held_out
from geoself_jax.evaluate import report
from geoself_jax.evaluate.scores import predict_recording
from geoself_jax.runtime.restore import load_trained
from geoself_jax.train.run import split_people, train

FRAMES = 9


@pytest.fixture(scope="module", params=["convolutions", "paths"])
def config(request, tiny_config):
    """All that makes a batch more than an instant."""
    return dataclasses.replace(
        tiny_config,
        model=dataclasses.replace(
            tiny_config.model, frames=FRAMES, temporal=request.param, confidence=True
        ),
        objective=dataclasses.replace(
            tiny_config.objective, name="both", labels="refined", root_from="views"
        ),
        augmentation=AugmentationConfig(share=0.75, limbs=0.1, exchange=0.5),
        optimizer=dataclasses.replace(tiny_config.optimizer, weight_decay=0.01),
        schedule=dataclasses.replace(tiny_config.schedule, length=10),
    )


@pytest.fixture(scope="module")
def run(config, tiny_recording, tmp_path_factory):
    folder = tmp_path_factory.mktemp("windows") / "run"
    train(config, folder, tiny_recording)
    return folder


def weights(folder):
    return jax.tree.leaves(jax.tree.map(np.asarray, load_trained(folder).variables))


# Feeding and pmap do not depend on the network: the kind that compiles sooner.
@pytest.mark.e2e
@pytest.mark.parametrize("config", ["paths"], indirect=True)
def test_windows_fed_by_the_host_are_the_resident_ones_bit_for_bit(config, tmp_path):
    """As users compile: programs that are compiled quickly differ in the last digits."""
    file = tmp_path / "config.py"
    lines = "from geoself_jax.core.config import *", "def get_config():", f"    return {config!r}"
    file.write_text("\n".join(lines))
    for name, limit in (("resident", 2**30), ("fed", 0)):
        flags = f"--config={file}", f"--config.data.device_bytes={limit}"
        done = run_python("-m", "geoself_jax.train", *flags, f"--workdir={tmp_path / name}")
        assert done.returncode == 0, done.stderr
    both = (weights(tmp_path / name) for name in ("fed", "resident"))
    for fed, resident in zip(*both, strict=True):
        np.testing.assert_array_equal(fed, resident)


@pytest.mark.e2e
@pytest.mark.parametrize("config", ["paths"], indirect=True)
def test_windows_by_pmap_train_the_same_weights(config, run, tiny_recording, tmp_path):
    mapped = dataclasses.replace(config, parallel="pmap")
    train(mapped, tmp_path / "pmap", tiny_recording)
    for one, other in zip(weights(tmp_path / "pmap"), weights(run), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)


def test_a_lifted_frame_depends_on_its_window_and_on_nothing_else(run, tiny_recording):
    trained = load_trained(run)

    def lifted(recording):
        predict = make_predict(trained.model)
        return predict_recording(predict, trained.variables, recording, FRAMES).pose_3d

    before = lifted(tiny_recording)
    moved = tiny_recording.keypoints_2d.copy()
    moved[20] += 5  # in the first clip, frames 0 to 39
    after = lifted(dataclasses.replace(tiny_recording, keypoints_2d=moved))
    changed = np.flatnonzero(np.abs(after - before).max((1, 2, 3)) > 1e-5)
    np.testing.assert_array_equal(changed, np.arange(20 - FRAMES // 2, 20 + FRAMES // 2 + 1))
    last = moved.copy()
    last[39] += 5  # a clip's last frame is all that its window's end repeats
    other = lifted(dataclasses.replace(tiny_recording, keypoints_2d=last))
    assert np.abs(other - after)[40:].max() == 0


def test_some_instants_are_lifted_as_among_all(run, tiny_recording):
    trained, at = load_trained(run), np.array([0, 7, 39, 40, 200])
    predict = make_predict(trained.model)
    every = predict_recording(predict, trained.variables, tiny_recording, FRAMES)
    some = predict_recording(predict, trained.variables, tiny_recording, FRAMES, at)
    np.testing.assert_allclose(some.pose_3d, every.pose_3d[at], atol=1e-5)


def test_a_run_of_windows_is_evaluated_also_mirrored(run, tiny_recording):
    for flip in (False, True):
        scores, _, _ = report.evaluate(load_trained(run), tiny_recording, "tiny", flip=flip)
        assert np.isfinite([scores["mpjpe_mm"], scores["agreement_mm"], scores["bones_mm"]]).all()


def test_paths_of_a_single_frame_are_refused(tiny_config, tiny_recording, tmp_path):
    model = dataclasses.replace(tiny_config.model, temporal="paths")
    with pytest.raises(GeoselfError, match="has no paths") as refused:
        train(dataclasses.replace(tiny_config, model=model), tmp_path, tiny_recording)
    assert refused.value.code == USAGE


def test_with_one_person_another_is_advised_and_with_several_whom_to_hold_out(
    config, tiny_recording, capsys
):
    one, two = (tiny_recording.select(tiny_recording.subject_id < count) for count in (1, 2))
    for recording, alone in ((one, True), (two, False)):
        split_people(config, recording)
        said = capsys.readouterr().err
        assert "trained on" in said and ("record another person" in said) == alone
        assert ("name whom to hold out" in said) != alone


def test_people_are_held_out_by_name(config, tiny_recording):
    names = tiny_recording.subject_names
    chosen = dataclasses.replace(config.data, validation_subjects=f"{names[1]}, {names[2]}")
    learn, held = held_out(chosen, tiny_recording)
    assert set(tiny_recording.subject_id[held]) == {1, 2}
    assert set(tiny_recording.subject_id[learn]) == {0}
    for wrong in ("nobody", ",".join(names)):
        with pytest.raises(GeoselfError, match="validation_subjects"):
            held_out(dataclasses.replace(chosen, validation_subjects=wrong), tiny_recording)


def test_a_subject_without_a_frame_is_not_held_out_without_a_word(config, tiny_recording):
    gone = tiny_recording.subject_names[2]
    without = tiny_recording.select(tiny_recording.subject_id != 2)
    chosen = dataclasses.replace(config.data, validation_subjects=gone)
    with pytest.raises(GeoselfError, match=f"no frame of a subject '{gone}' - known: ") as why:
        held_out(chosen, without)
    assert why.value.code == USAGE


@pytest.mark.parametrize(
    ("names", "text", "held"),
    [
        (("Doe, Jane", "b", "c"), "Doe, Jane", [0]),
        (("Doe, Jane", "b", "c"), "b,Doe, Jane", [0, 1]),
        (("Doe", "Doe, Jane", "Jane"), "Doe, Jane", [0, 2]),
        (("a ", "b", "c"), "a", [0]),
        (("a", "a", "c"), "a", [0, 1]),
    ],
)
def test_people_whose_names_have_commas_or_are_there_twice_are_held_out(
    config, tiny_recording, names, text, held
):
    renamed = dataclasses.replace(tiny_recording, subject_names=names)
    chosen = dataclasses.replace(config.data, validation_subjects=text)
    found = held_out(chosen, renamed)[1]
    assert np.unique(renamed.subject_id[found]).tolist() == held
