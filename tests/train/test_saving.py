"""Checkpoints that a run keeps."""

import math

import jax
import numpy as np
import pytest

from geoself_jax.core.errors import INPUT_OUTPUT, GeoselfError
from geoself_jax.core.step import TrainState
from geoself_jax.runtime import checkpoints
from geoself_jax.train.saving import BEST, Best, Saver, check_space


@pytest.mark.parametrize("beyond", [math.nan, math.inf])
def test_a_score_beyond_sense_never_chooses_the_best_checkpoint(beyond, tmp_path):
    scores = iter([beyond, 30.0, beyond, 40.0])
    state = TrainState(*({"x": np.zeros(2)} for _ in TrainState._fields))
    validate = lambda variables: (next(scores), variables)  # noqa: E731
    saver = Saver(tmp_path, validate, Best(), calibrate=False, networks={})
    logged = [saver.validate(state, done) for done in range(4)]
    assert not (tmp_path / BEST).exists()
    saver.save(state, 3)
    assert [path.name for path in (tmp_path / BEST).iterdir()] == ["1"] and saver.best == (30, 1)
    assert [len(line) for line in logged] == [0, 1, 0, 1]


def test_a_run_whose_checkpoints_do_not_fit_the_disk_is_not_started(tmp_path):
    def state(count: int, step: int) -> TrainState:
        numbers = {"w": jax.ShapeDtypeStruct((count,), np.float32)}
        return TrainState(numbers, {}, numbers, np.int32(step), np.int32(0))

    check_space(tmp_path, state(100, 0))
    for step, safe in ((0, "nothing was trained yet"), (7, "step 7 stays")):
        with pytest.raises(GeoselfError, match=r"13510.8 TB are needed, .* are free") as refused:
            check_space(tmp_path / "not/there", state(2**50, step))
        assert refused.value.code == INPUT_OUTPUT and safe in str(refused.value)


def deleted_array() -> jax.Array:
    array = jax.numpy.ones(3)
    array.delete()
    return array


@pytest.mark.parametrize(
    ("tree", "raised", "words"),
    [
        (deleted_array, RuntimeError, "has been deleted"),
        (dict, ValueError, "empty item"),
    ],
)
def test_a_fault_of_the_program_is_not_called_one_of_the_disk(tree, raised, words, tmp_path):
    with pytest.raises(raised, match=words):
        checkpoints.save(tmp_path / "last", 1, {"variables": tree()}, keep=1, facts={})


def test_what_the_disk_refuses_is_74_whatever_orbax_raises(tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(GeoselfError, match="Not a directory") as refused:
        tree = {"x": np.zeros(2)}
        checkpoints.save(tmp_path / "taken" / "last", 1, {"variables": tree}, keep=1, facts={})
    assert refused.value.code == INPUT_OUTPUT
