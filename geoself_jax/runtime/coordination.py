"""jax's coordination service: short texts that each host of a run may put, and wait for.

The only place that knows jax's client, which has no public name.
"""

from typing import Any

import jax

PREFIX = "geoself"


def is_there() -> bool:
    """Whether this process is one of several that `jax.distributed` has joined."""
    return _client() is not None and jax.process_count() > 1


def coordinator() -> str:
    """HOST:PORT of the first host, as the others call it."""
    from jax._src import distributed

    return str(distributed.global_state.coordinator_address)


def put(key: str, text: str) -> bool:
    """Puts a text for all hosts to see.

    Args:
        key: Its name.
        text: What is put.

    Returns:
        Whether it was put: False where another host put one by that name first.

    Raises:
        jax.errors.JaxRuntimeError: The first host is gone.
    """
    try:
        _client().key_value_set(f"{PREFIX}/{key}", text)
    except jax.errors.JaxRuntimeError as error:
        if not str(error).startswith("ALREADY_EXISTS"):
            raise
        return False
    return True


def wait_for(key: str, seconds: float) -> str | None:
    """The text of a name as soon as a host puts it; None if none does within some seconds.

    Args:
        key: Its name.
        seconds: To wait, at most.

    Raises:
        jax.errors.JaxRuntimeError: The first host is gone.
    """
    try:
        text = _client().blocking_key_value_get(f"{PREFIX}/{key}", int(1000 * seconds))
    except jax.errors.JaxRuntimeError as error:
        if not str(error).startswith("DEADLINE_EXCEEDED"):
            raise
        return None
    return str(text)


def forget(key: str) -> None:
    """Deletes a text, or all whose names begin with `key/`.

    Args:
        key: Its name.
    """
    _client().key_value_delete(f"{PREFIX}/{key}")


def _client() -> Any:
    from jax._src import distributed

    return distributed.global_state.client
