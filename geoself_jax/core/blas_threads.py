"""Linear algebra on one thread, where many small systems follow each other.

OpenBLAS shares even a system of 50 unknowns among all cores, and waits for the slowest: with other
work on the machine twenty times as long as one thread needs.
"""

import functools
from contextlib import AbstractContextManager
from typing import Any


def one_thread() -> AbstractContextManager[Any]:
    """Within, numpy and scipy compute on one thread each, in the whole process."""
    return _libraries().limit(limits=1, user_api="blas")


@functools.cache
def _libraries() -> Any:
    import scipy.linalg  # noqa: F401 - its library is to be found
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
