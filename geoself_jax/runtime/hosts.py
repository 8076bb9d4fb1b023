"""One run on several hosts: who writes, what all agree on, arrays that lie on every device."""

import hashlib
import itertools
import json
from typing import Any

import jax
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from geoself_jax.runtime import coordination
from geoself_jax.runtime.lost_hosts import as_errors, fault, patience, too_late
from geoself_jax.runtime.phases import phase

_NUMBERS = itertools.count()
"""Of what all say: every host counts alike."""
_SOON, _LATER = 2.0, 5.0
"""Seconds: of a wait that is not spoken of, and between two looks at how long it is."""


def is_leader() -> bool:
    """Whether this process is the one that reads and writes the run's folder."""
    return jax.process_index() == 0


def are_several() -> bool:
    """Whether several hosts train the run."""
    return jax.process_count() > 1


def any_host(flag: bool) -> bool:
    """Whether the flag is set on any host. All must ask."""
    return "1" in said_by_all(str(int(flag)))


def all_same(text: str) -> bool:
    """Whether all hosts hold the same text. All must ask."""
    return len(set(said_by_all(hashlib.sha256(text.encode()).hexdigest()))) == 1


def all_here() -> None:
    """Waits until all hosts are here: devices that exchange numbers wait for half a minute only."""
    said_by_all("")


def from_leader(tree: Any) -> Any:
    """The leader's arrays on every host; the others give arrays of the same shapes and types."""
    if jax.process_count() == 1:
        return tree
    arrays = jax.tree.map(np.asarray, tree)
    all_here()
    with as_errors():
        sent = multihost_utils.broadcast_one_to_all(jax.tree.map(_as_sent, arrays))
    return jax.tree.map(_as_was, sent, arrays)


def said_by_all(text: str) -> list[str]:
    """What each host says, in their order, once all have. All must ask; nothing is computed for it.

    It goes through jax's coordination service: one that is minutes behind is waited for.

    Args:
        text: What this one says, a short line.

    Raises:
        GeoselfError: Another host is lost (69) or stuck (75).
    """
    count = jax.process_count()
    if count == 1:
        return [text]
    number = next(_NUMBERS)
    with as_errors():
        if not is_leader():
            coordination.put(f"said/{number}/{jax.process_index()}", text)
            return [str(said) for said in json.loads(_waited_for(f"said/{number}/all", "host 0"))]
        others = range(1, count)
        said = [text, *(_waited_for(f"said/{number}/{host}", f"host {host}") for host in others)]
        coordination.put(f"said/{number}/all", json.dumps(said))
        coordination.forget(f"said/{number - 1}")  # all have read it, as they are here
        return said


def _waited_for(key: str, who: str) -> str:
    """The text of a key, however late, as long as the host that puts it is not given up."""
    text = coordination.wait_for(key, _SOON)
    if text is not None:
        return text
    with phase(f"waiting for {who}"):
        while (text := coordination.wait_for(key, _LATER)) is None:
            if patience.is_over:
                raise fault() or too_late(who)
    return text


def _as_sent(array: np.ndarray) -> np.ndarray:
    """Numbers of 64 bits as bytes: jax would round them."""
    return array.reshape(-1).view(np.uint8) if array.dtype.itemsize == 8 else array


def _as_was(sent: Any, like: np.ndarray) -> Any:
    if like.dtype.itemsize != 8:
        return sent
    return np.ascontiguousarray(sent).view(like.dtype).reshape(like.shape)


def on_every_device(tree: Any, mesh: Mesh) -> Any:
    """Arrays that every host has, put on every device of the mesh."""
    sharding = NamedSharding(mesh, PartitionSpec())
    if jax.process_count() == 1:
        return jax.device_put(tree, sharding)

    def put(x: Any) -> jax.Array:
        x = np.asarray(x)
        return jax.make_array_from_callback(x.shape, sharding, lambda index: x[index])

    return jax.tree.map(put, tree)


def own_copy(tree: Any) -> Any:
    """Arrays that lie on every device, as this host can use them by itself."""
    if jax.process_count() == 1:
        return tree
    with as_errors():
        return jax.tree.map(lambda x: np.asarray(x.addressable_shards[0].data), tree)
