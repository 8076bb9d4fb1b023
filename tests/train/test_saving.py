"""Checkpoints that a run keeps."""

import math

import numpy as np
import pytest

from geoself_jax.core.step import TrainState
from geoself_jax.train.saving import BEST, Best, Saver


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
