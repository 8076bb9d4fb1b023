"""Linear algebra on one thread, and as before afterwards."""

import scipy.linalg  # noqa: F401 - its library is one of those
from threadpoolctl import threadpool_info, threadpool_limits

from geoself_jax.core.blas_threads import one_thread


def threads():
    return {found["num_threads"] for found in threadpool_info() if found["user_api"] == "blas"}


def test_within_it_is_one_thread_and_afterwards_as_many_as_before():
    with threadpool_limits(2, user_api="blas"):
        assert threads() == {2}
        with one_thread():
            assert threads() == {1}
        assert threads() == {2}
