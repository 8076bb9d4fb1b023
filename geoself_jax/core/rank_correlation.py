"""Spearman's rank correlation, without SciPy's statistics, whose import takes a second."""

import numpy as np


def rank_correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Pearson's correlation of the ranks of two (n,) arrays, equal values sharing their mean rank.

    NaN where one of them is constant.

    Source: C. Spearman, The proof and measurement of association between two things, 1904.
    """
    x, y = (ranks - ranks.mean() for ranks in (_ranks(a), _ranks(b)))
    scale = np.sqrt((x @ x) * (y @ y))
    return float(x @ y / scale) if scale > 0 else float("nan")


def _ranks(values: np.ndarray) -> np.ndarray:
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[which.reshape(-1)])
