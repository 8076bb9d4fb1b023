"""One run on several hosts: who writes, what all agree on, arrays that lie on every device."""

import hashlib
from typing import Any

import jax
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import Mesh, NamedSharding, PartitionSpec


def is_leader() -> bool:
    """Whether this process is the one that reads and writes the run's folder."""
    return jax.process_index() == 0


def any_host(flag: bool) -> bool:
    """Whether the flag is set on any host. All must ask."""
    if jax.process_count() == 1:
        return flag
    return bool(multihost_utils.process_allgather(np.array(flag)).any())


def all_same(text: str) -> bool:
    """Whether all hosts hold the same text. All must ask."""
    if jax.process_count() == 1:
        return True
    digest = np.frombuffer(hashlib.sha256(text.encode()).digest(), np.uint8)
    everyones = multihost_utils.process_allgather(digest)
    return bool((everyones == everyones[0]).all())


def from_leader(tree: Any) -> Any:
    """The leader's arrays on every host; the others give arrays of the same shapes and types."""
    if jax.process_count() == 1:
        return tree
    arrays = jax.tree.map(np.asarray, tree)
    sent = multihost_utils.broadcast_one_to_all(jax.tree.map(_as_sent, arrays))
    return jax.tree.map(_as_was, sent, arrays)


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
    return jax.tree.map(lambda x: np.asarray(x.addressable_shards[0].data), tree)
