"""Maps the training step over devices: jit or pmap, data on the devices or fed by the host."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import Array, Int, UInt32

from geoself_jax.core.batch import PER_FRAME, Batch, TrainingViews
from geoself_jax.core.sampling import Samples, draw_samples, instants_of, take_frames
from geoself_jax.core.step import TrainState

AXIS = "data"
Parallel = Literal["jit", "pmap"]
Rows = dict[str, Any]
"""The instants of a call's batches, by field of `PER_FRAME`: (steps, batch, ...), with an axis more
where samples are pairs and one where they are windows."""

Metrics = dict[str, jax.Array]


class Advance:
    """A call of several training steps, compiled when it is made the first time.

    Args:
        program: jax's function, compiled as it is called.
        arguments: (state, data, given) to the program's.
        steps: Of a call.
    """

    def __init__(self, program: Any, arguments: Callable[..., tuple[Any, ...]], steps: int) -> None:
        self._program, self._arguments, self._steps = program, arguments, steps

    def __call__(
        self, state: TrainState, data: TrainingViews, given: Any = None
    ) -> tuple[TrainState, Metrics]:
        """Does the steps.

        Args:
            state: Before them; its memory is reused.
            data: To learn from.
            given: How many steps, all by default; where the host feeds, their rows.

        Returns:
            The state after them, and their metrics, each (steps,), 0 after those that were asked.
        """
        done: tuple[TrainState, Metrics] = self._program(*self._all(state, data, given))
        return done

    def compile(self, state: TrainState, data: TrainingViews, given: Any = None) -> None:
        """Compiles it for arguments like these, and does nothing else.

        Args:
            state, data, given: As of a call.
        """
        self._program = self._program.lower(*self._all(state, data, given)).compile()

    def _all(self, state: TrainState, data: TrainingViews, given: Any) -> tuple[Any, ...]:
        return self._arguments(state, data, np.int32(self._steps) if given is None else given)


@dataclass(frozen=True)
class Draw:
    """How a step's batch is drawn.

    Attributes:
        batch: Samples of a step, over all devices.
        views: Views of a sample.
        frames, rig_views: Of the training set.
        make_batch: (rows, samples) to a batch (`sampling.make_batch`, its options bound).
        joints: Of a body.
        window: Consecutive instants of each sample.
        pairs: Whether another instant comes with each sample.
    """

    batch: int
    views: int
    frames: int
    rig_views: int
    make_batch: Callable[[TrainingViews, Samples], Batch]
    joints: int
    window: int = 1
    pairs: bool = False

    def samples(self, key: jax.Array, start: int | jax.Array, count: int) -> Samples:
        """Samples `start` to `start + count` of the step with this key."""
        return draw_samples(
            key,
            start,
            batch=count,
            views=self.views,
            frames=self.frames,
            rig_views=self.rig_views,
            joints=self.joints,
        )

    def instants(self, samples: Samples, run: Any) -> Any:
        """Of these samples: `sampling.instants_of`."""
        return instants_of(samples, run, self.window, pairs=self.pairs)


def data_mesh(devices: int | None = None) -> Mesh:
    """A mesh with one axis, `data`, over the first devices (all, of all hosts, by default).

    Host by host, for each feeds a share of the batch that lies in one piece.
    """
    order = sorted(jax.devices(), key=lambda device: (device.process_index, device.id))
    return Mesh(np.array(order[:devices]), (AXIS,))


def step_keys(
    seed: int | UInt32[Array, ""], step: int | Int[Array, ""]
) -> tuple[jax.Array, jax.Array]:
    """Of a step's batch, and of what the networks drop."""
    key = jax.random.key(seed, impl="threefry2x32")  # whatever the default: equal everywhere
    batch, dropout = jax.random.split(jax.random.fold_in(key, step))
    return batch, dropout


def make_advance(
    step: Callable[..., Any],
    draw: Draw,
    mesh: Mesh,
    *,
    seed: int,
    steps: int,
    parallel: Parallel = "jit",
    fed: bool = False,
) -> Advance:
    """Compiles up to `steps` training steps into one call that stays on the devices.

    Args:
        step: `train_step` with its keyword arguments bound; for `pmap` with `axis_name=AXIS`.
        draw: What a batch is made of. Its sample number i is the same in every way of running.
        mesh: The batch is split over its axis; all else is on every device.
        seed: With a step's number, all that its batch and dropout depend on.
        steps: Steps a call, at most: how many is an argument, so that one program does for a short
            first call and for the last. Where the host feeds, exactly as many.
        parallel: `jit` over the mesh's sharding, or `pmap` over its devices.
        fed: Whether the instants come with the call in place of lying on the device.
    """
    devices = mesh.devices.size

    def advance(
        state: TrainState, data: TrainingViews, given: Rows | jax.Array
    ) -> tuple[TrainState, dict[str, jax.Array]]:
        count, start = draw.batch, jnp.zeros((), jnp.int32)
        if parallel == "pmap":
            count = draw.batch // devices
            start = jax.lax.axis_index(AXIS) * count

        def one(state: TrainState, fed_rows: Any) -> tuple[TrainState, Any]:
            key_batch, key_dropout = step_keys(seed, state.step)
            samples = draw.samples(key_batch, start, count)
            if parallel == "jit":
                samples = _split_over(mesh, samples)
            if fed_rows is None:
                taken = take_frames(data, draw.instants(samples, data.run))
            else:
                taken = data._replace(**fed_rows)
            batch = draw.make_batch(taken, samples)
            if parallel == "jit":
                batch = _split_over(mesh, batch)
            return step(state, batch, key_dropout)

        if fed:
            return jax.lax.scan(one, state, given, length=steps)
        return _repeated(one, state, jnp.asarray(given), steps)

    if parallel == "pmap":
        return _mapped(advance, mesh, steps, fed=fed)
    everywhere = NamedSharding(mesh, PartitionSpec())
    given = NamedSharding(mesh, PartitionSpec(None, AXIS)) if fed else everywhere
    compiled = jax.jit(
        advance,
        in_shardings=(everywhere, everywhere, given),
        out_shardings=(everywhere, everywhere),
        donate_argnums=0,
    )
    return Advance(compiled, lambda *arguments: arguments, steps)


def _repeated(
    one: Callable[..., tuple[TrainState, Any]], state: TrainState, count: jax.Array, most: int
) -> tuple[TrainState, dict[str, jax.Array]]:
    """`count` times one step, and the metrics of each in arrays of `most`."""
    once = jax.jit(one)  # traced for its shapes, and not again for the loop
    shapes = jax.eval_shape(once, state, None)[1]
    empty = jax.tree.map(lambda x: jnp.zeros((most, *x.shape), x.dtype), shapes)

    def body(i: jax.Array, carried: tuple[TrainState, Any]) -> tuple[TrainState, Any]:
        state, found = once(carried[0], None)
        return state, jax.tree.map(lambda all, new: all.at[i].set(new), carried[1], found)

    return jax.lax.fori_loop(0, count, body, (state, empty))


def _split_over(mesh: Mesh, tree: Any) -> Any:
    return jax.lax.with_sharding_constraint(tree, NamedSharding(mesh, PartitionSpec(AXIS)))


def _mapped(advance: Callable[..., Any], mesh: Mesh, steps: int, *, fed: bool) -> Advance:
    """The same call by pmap. State and metrics come back without an axis of devices."""
    local = mesh.local_mesh.devices.size

    def one(state: TrainState, data: TrainingViews, given: Any, _: jax.Array) -> Any:
        return advance(state, data, given)

    def arguments(state: TrainState, data: TrainingViews, given: Any) -> tuple[Any, ...]:
        parts: Any = given
        if fed:
            parts = jax.tree.map(lambda x: x.reshape(x.shape[0], local, -1, *x.shape[2:]), given)
        return state, data, parts, np.zeros(local)  # pmap wants something to map over

    mapped = jax.pmap(
        one,
        axis_name=AXIS,
        in_axes=(None, None, 1 if fed else None, 0),
        out_axes=None,
        devices=list(mesh.devices.flat),
        donate_argnums=0,
    )
    return Advance(mapped, arguments, steps)


def without_rows(data: TrainingViews) -> TrainingViews:
    """What stays on the devices where the host feeds the instants."""
    return data._replace(**{name: getattr(data, name)[:0] for name in PER_FRAME})


def row_bytes(data: TrainingViews) -> int:
    """Bytes that the instants take on each device if they lie there."""
    return sum(getattr(data, name).nbytes for name in PER_FRAME)


def gather_rows(data: TrainingViews, frame: np.ndarray) -> Rows:
    """The chosen instants of arrays on the host, in the order and shape of `frame`."""
    return {name: np.asarray(getattr(data, name))[frame] for name in PER_FRAME}
