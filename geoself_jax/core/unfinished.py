"""What is not finished: files, folders and processes that must go however a command ends."""

import contextlib
from collections.abc import Callable, Iterator

_UNFINISHED: list[Callable[[], object]] = []


@contextlib.contextmanager
def unfinished(remove: Callable[[], object]) -> Iterator[None]:
    """Calls `remove` when the block ends, and when a signal ends the process within it.

    Args:
        remove: Called once or more; an OSError of it is dropped. It must not wait for a lock: a
            signal can come at any place.
    """
    _UNFINISHED.append(remove)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            remove()
        _UNFINISHED.remove(remove)


def remove_unfinished() -> None:
    """Removes all that is not finished, the newest first: when a signal ends the process."""
    for remove in reversed(_UNFINISHED):
        with contextlib.suppress(OSError):
            remove()
