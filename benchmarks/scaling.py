"""What a step costs as the data, the batch and the networks grow.

    python -m benchmarks.scaling --out=runs/scaling.json
    python -m benchmarks.scaling --instants=10000000 --fed

One thing grows at a time from 100,000 instants, 256 pairs, width 512, 2 blocks. Each row is a
process of its own, so that its peak memory is its own: of the host, and of the accelerator where
JAX tells it. The arrays are zeros of the right size, drawn from as in training.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from geoself_jax.runtime.workdir import write_json

BASE = {"instants": 100_000, "batch": 256, "width": 512}
GROWTH = {
    "instants": (10_000, 100_000, 1_000_000, 10_000_000),
    "batch": (128, 256, 1024, 4096, 16384),
    "width": (256, 512, 1024, 2048),
}
BLOCKS = 2
ROW = "a row: "


def measure_row(instants: int, batch: int, width: int, repeats: int, fed: bool) -> dict[str, Any]:
    """Milliseconds a step, seconds to compile, bytes."""
    import functools

    import jax
    import jax.numpy as jnp
    import numpy as np

    from benchmarks.train_step import OBJECTIVE, random_views
    from geoself_jax.core import step
    from geoself_jax.core.config import AugmentationConfig, ModelConfig, OptimizerConfig
    from geoself_jax.core.model import Networks
    from geoself_jax.core.optimizer import make_optimizer
    from geoself_jax.core.sampling import make_batch
    from geoself_jax.core.skeleton import H36M_17
    from geoself_jax.train import parallel
    from geoself_jax.train.host_feed import HostFeed

    small = random_views(1)
    make: Any = np.zeros if fed else jnp.zeros
    arrays = {
        name: make((instants, *np.shape(getattr(small, name))[1:]), getattr(small, name).dtype)
        for name in parallel.PER_FRAME
    }
    views = small._replace(**arrays)
    sizes = ModelConfig(width=width, blocks=BLOCKS, root_width=width, root_blocks=BLOCKS)
    model = Networks(sizes, H36M_17)
    optimizer = make_optimizer(OptimizerConfig(), 0, 10**6)
    one = functools.partial(step.train_step, model=model, optimizer=optimizer, objective=OBJECTIVE)
    bound = functools.partial(
        make_batch, augmentation=AugmentationConfig(share=0.0), skeleton=H36M_17
    )
    draw = parallel.Draw(
        batch=batch, views=2, frames=instants, rig_views=4, joints=17, make_batch=bound
    )
    mesh, steps = parallel.data_mesh(), 4
    advance = parallel.make_advance(one, draw, mesh, seed=0, steps=steps, fed=fed)
    state = step.initial_state(model, optimizer, 0)
    calls = ((i * steps, steps) for i in range(repeats + 1))
    feed = HostFeed(views, draw, mesh, seed=0, parallel="jit").calls(calls) if fed else None
    data = jax.device_put(parallel.without_rows(views)) if fed else views
    seconds = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        rows = (next(feed),) if feed else ()
        state, metrics = advance(state, data, *rows)
        np.asarray(metrics["loss"])
        seconds.append(time.perf_counter() - start)
    memory = jax.local_devices()[0].memory_stats() or {}
    return {
        "instants": instants,
        "batch": batch,
        "width": width,
        "fed": fed,
        "step_ms": 1000 * statistics.median(seconds[1:]) / steps,
        "first_call_s": seconds[0],
        "data_mb": parallel.row_bytes(views) / 1e6,
        "peak_host_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3,
        "peak_device_mb": memory.get("peak_bytes_in_use", 0) / 1e6 or None,
    }


def in_a_process(row: dict[str, int], repeats: int, fed: bool) -> dict[str, Any]:
    """`measure_row` by a process that ends."""
    command = [sys.executable, "-m", "benchmarks.scaling", "--row", f"--repeats={repeats}"]
    command += [f"--{key}={value}" for key, value in row.items()] + ["--fed"] * fed
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith(ROW)]
    if not lines:
        return {**row, "fed": fed, "failed": done.stderr.strip().splitlines()[-1][:200]}
    return dict(json.loads(lines[-1].removeprefix(ROW)))


def show(row: dict[str, Any]) -> None:
    """One row of the table."""
    name = f"{row['instants']:>10} {row['batch']:>6} {row['width']:>6} {row['fed']!s:>6}"
    if "failed" in row:
        print(name, row["failed"])
        return
    device = row["peak_device_mb"]
    print(
        f"{name} {row['step_ms']:>9.1f} {row['first_call_s']:>8.1f} {row['data_mb']:>8.0f} "
        f"{row['peak_host_mb']:>9.0f} {f'{device:.0f}' if device else '-':>9}",
        flush=True,
    )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--row", action="store_true", help="one row, in this process")
    for key, value in BASE.items():
        parser.add_argument(f"--{key}", type=int, default=value)
    parser.add_argument("--fed", action="store_true", help="the host feeds the instants")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--out", type=Path, help="JSON to write")
    flags = parser.parse_args()
    chosen = {key: getattr(flags, key) for key in BASE}
    if flags.row:
        print(ROW + json.dumps(measure_row(**chosen, repeats=flags.repeats, fed=flags.fed)))
        return
    rows = [{**BASE, key: value} for key, values in GROWTH.items() for value in values]
    if chosen != BASE or flags.fed:
        rows = [chosen]
    print("  instants  batch  width    fed   step ms  first s  data MB   host MB device MB")
    results = []
    for row in rows:
        results.append(in_a_process(row, flags.repeats, flags.fed))
        show(results[-1])
    if flags.out:
        from benchmarks.measure import machine

        write_json(flags.out, {"machine": machine(), "blocks": BLOCKS, "rows": results})


if __name__ == "__main__":
    main()
