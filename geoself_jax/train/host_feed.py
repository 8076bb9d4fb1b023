"""Batches' instants gathered on the host, one call ahead, for data that do not fit the devices."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from geoself_jax.core.batch import TrainingViews
from geoself_jax.train.parallel import AXIS, Draw, Parallel, Rows, gather_rows, step_keys


class HostFeed:
    """Gathers the instants of the next call while the devices work on this one.

    Every process gathers its own share of each batch. The frames' numbers are drawn as on the
    devices, so that the batches are the same bit for bit.
    """

    def __init__(
        self, data: TrainingViews, draw: Draw, mesh: Mesh, *, seed: int, parallel: Parallel
    ) -> None:
        self._data, self._mesh, self._parallel = data, mesh, parallel
        self._share = draw.batch // jax.process_count()
        self._first = self._share * jax.process_index()
        self._frames = _frame_drawer(draw, data.run, seed, self._first, self._share)
        # A mode is a thread's own: the pool's has to have this one's.
        self._wide: bool = jax.config.jax_enable_x64  # type: ignore[attr-defined]
        self._pool = ThreadPoolExecutor(1, "host-feed")

    def calls(self, portions: Iterator[tuple[int, int]]) -> Iterator[Rows]:
        """The instants of each (first step, steps), the next one under way meanwhile."""
        ahead: Future[Rows] | None = None
        try:
            for portion in portions:
                following = self._pool.submit(self._gather, *portion)
                if ahead is not None:
                    yield ahead.result()
                ahead = following
            if ahead is not None:
                yield ahead.result()
        finally:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def _gather(self, first: int, steps: int) -> Rows:
        with jax.enable_x64(self._wide):
            frame = self._frames(np.arange(first, first + steps))
            rows = gather_rows(self._data, frame)
            if self._parallel == "pmap":
                return rows  # pmap moves its arguments itself
            sharding = NamedSharding(self._mesh, PartitionSpec(None, AXIS))
            return jax.tree.map(lambda x: jax.make_array_from_process_local_data(sharding, x), rows)


def _frame_drawer(
    draw: Draw, run: Any, seed: int, first: int, share: int
) -> Callable[[Any], np.ndarray]:
    """Steps' numbers to the instants of this process's samples, (steps, share, ...), on the CPU."""
    try:
        cpu = jax.local_devices(backend="cpu")[0]
    except RuntimeError:  # JAX_PLATFORMS leaves it out
        cpu = jax.local_devices()[0]

    @jax.jit
    def frames(steps: jax.Array) -> jax.Array:
        def of_step(step: jax.Array) -> jax.Array:
            samples = draw.samples(step_keys(seed, step)[0], first, share)
            return jnp.asarray(draw.instants(samples, run))

        return jax.lax.map(of_step, steps)

    def on_cpu(steps: Any) -> np.ndarray:
        with jax.default_device(cpu):
            return np.asarray(frames(steps))

    return on_cpu
