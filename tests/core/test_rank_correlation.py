"""Rank correlation agrees with SciPy's."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from geoself_jax.core.rank_correlation import rank_correlation


@pytest.mark.parametrize("digits", [0, 1, 8])
def test_ranks_correlate_as_scipy_says(digits):
    rng = np.random.default_rng(digits)
    a = rng.normal(size=500)
    b = np.round(a + rng.normal(size=500), digits)
    a = np.round(a, digits)  # few digits: many equal values
    np.testing.assert_allclose(rank_correlation(a, b), spearmanr(a, b).statistic, rtol=1e-12)


def test_a_constant_has_no_rank_correlation():
    assert np.isnan(rank_correlation(np.ones(9), np.arange(9.0)))
