"""What each idea in the training step gains: the step without it, compared with the step as it is.

    python -m benchmarks.step_ideas --out=runs/step_ideas.json

Only ideas that can be taken out one at a time without another result of training: the masks come
from other random numbers, the statistics from two passes, the steps one by one. And one that was
not taken: both branches' products as one batched product.
"""

import argparse
import contextlib
import functools
import statistics
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from benchmarks import measure
from benchmarks.train_step import our_call, random_views
from geoself_jax.core import layers
from geoself_jax.core.config import Config, ModelConfig
from geoself_jax.core.model import Networks
from geoself_jax.core.skeleton import H36M_17
from geoself_jax.runtime.workdir import write_json


def threefry_mask(
    key: jax.Array, shape: tuple[int, ...], rate: float, first_row: Any = 0
) -> jax.Array:
    """`keep_mask` by jax's own generator."""
    del first_row
    return jax.random.bernoulli(jax.random.wrap_key_data(key), 1 - rate, shape)


class FlaxNorm(nn.Module):
    """`BatchNorm` by Flax, variance in a second pass."""

    axis_name: str | None = None

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool) -> jax.Array:
        """Normalizes, scales and shifts."""
        return nn.BatchNorm(
            use_running_average=not train,
            momentum=layers.MOMENTUM,
            epsilon=layers.EPSILON,
            axis_name=self.axis_name,
            use_fast_variance=False,
            name="flax",
        )(x)


@contextlib.contextmanager
def replaced(**names: Any) -> Iterator[None]:
    """Other things in place of those of `layers`, while a step is traced."""
    with contextlib.ExitStack() as stack:
        for name, value in names.items():
            stack.enter_context(mock.patch.object(layers, name, value))
        yield


def steps_without(config: ModelConfig, batch: int, steps: int) -> dict[str, Callable[[], Any]]:
    """Calls of `steps` steps each, compiled and warm."""
    views, options = random_views(10_000), Config()

    def call(model: ModelConfig = config, steps: int = steps) -> Callable[[], Any]:
        made = our_call(Networks(model, H36M_17), views, batch, steps, options)
        for _ in range(2):  # traced here; the second time for the state as a call leaves it
            made()
        return made

    jobs = {"as it is": call()}
    with replaced(keep_mask=threefry_mask):
        jobs["masks by threefry"] = call()
    with replaced(BatchNorm=FlaxNorm):
        jobs["statistics in two passes"] = call()
    single = call(steps=1)
    jobs["one step a call"] = lambda: [single() for _ in range(steps)]
    jobs["no dropout at all"] = call(ModelConfig(**{**vars(config), "dropout": 0.0}))
    return jobs


def products(rows: int, width: int) -> dict[str, Callable[[], Any]]:
    """A layer of both branches: two products, or one batched product."""
    rng = np.random.default_rng(0)
    x, kernel = (jnp.asarray(rng.normal(size=(2, n, width)), jnp.float32) for n in (rows, width))
    apart = jax.jit(lambda a, b, c, d: (a @ c, b @ d))
    batched = jax.jit(jnp.matmul)
    four = (*x, *kernel)
    return {
        "two products": lambda: jax.block_until_ready(apart(*four)),
        "one batched product": lambda: batched(x, kernel).block_until_ready(),
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--batch", type=int, default=256, help="pairs a step")
    parser.add_argument("--width", type=int, default=1024)
    parser.add_argument("--blocks", type=int, default=4)
    parser.add_argument("--steps", type=int, default=4, help="steps a call")
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--out", type=Path, help="JSON to write")
    flags = parser.parse_args()
    size = {"width": flags.width, "blocks": flags.blocks}
    size |= {"root_width": flags.width, "root_blocks": flags.blocks}
    config = ModelConfig(dropout=0.25, **size)
    print(f"{flags.batch} pairs a step, width {flags.width}, {flags.blocks} blocks")
    result: dict[str, Any] = {"machine": measure.machine(), "options": vars(flags) | {"out": None}}
    groups = {
        "step": functools.partial(steps_without, config, flags.batch, flags.steps),
        "products": functools.partial(products, 2 * flags.batch, flags.width),
    }
    for group, jobs in groups.items():
        seconds = measure.alternate(jobs(), flags.repeats if group == "step" else 100)
        first, *_ = seconds.values()
        result[group] = {}
        for name, times in seconds.items():
            each = 1000 * statistics.median(times) / (flags.steps if group == "step" else 1)
            ratio = statistics.median(times) / statistics.median(first)
            result[group][name] = {"ms": each, "over_the_first": ratio}
            print(f"{name:26}{each:9.2f} ms {ratio:6.2f} x")
    if flags.out:
        write_json(flags.out, result)


if __name__ == "__main__":
    main()
