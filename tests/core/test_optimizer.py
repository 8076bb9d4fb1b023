"""Rates by a schedule."""

import numpy as np

from geoself_jax.core.config import OptimizerConfig
from geoself_jax.core.optimizer import make_optimizer


def test_the_papers_schedule_drops_the_rate_tenfold_after_each_third():
    config = OptimizerConfig(schedule="step", clip_norm=0.0)
    optimizer = make_optimizer(config, pretrain=10, total=40)
    state, rates = optimizer.init({"w": np.zeros(1)}), []
    for _ in range(40):
        updates, state = optimizer.update({"w": np.ones(1)}, state)
        rates.append(-float(updates["w"][0]))  # Adam on a constant gradient moves by its rate
    np.testing.assert_allclose(rates[:20], 1e-3, rtol=1e-3)
    np.testing.assert_allclose(rates[20:30], 1e-4, rtol=1e-3)
    np.testing.assert_allclose(rates[30:], 1e-5, rtol=1e-3)
