"""Times lifting of single poses and batches, against torch and onnxruntime with equal weights.

    pip install -e ".[bench]"
    python -m benchmarks.inference --out=runs/inference.json

Ours is `load_lifter`'s function as a user calls it: numpy in, numpy out, inputs checked, the batch
filled up and split. The peers get the same networks (both branches, batch norm folded for torch
and, by its own optimizer, for onnxruntime) and numpy in, numpy out, without checks. Floor of one
pose: the weights are read once, at the rate at which their sum is taken. Floors of many: the
products alone, of a hidden layer's shape, by jax and by torch (MKL).
"""

import argparse
import io
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
import optax

from benchmarks import measure
from geoself_jax.core import step
from geoself_jax.core.config import ModelConfig
from geoself_jax.core.model import Networks
from geoself_jax.core.skeleton import H36M_17
from geoself_jax.lift.lifter import Lifter
from geoself_jax.runtime.workdir import write_json

_REST = 0.3
Arrays = tuple[np.ndarray, np.ndarray, np.ndarray]


def random_poses(count: int) -> Arrays:
    """Detections, confidences and intrinsics."""
    rng = np.random.default_rng(0)
    K = np.broadcast_to([[1145.0, 0, 500], [0, 1145, 500], [0, 0, 1]], (count, 3, 3))
    keypoints_2d = rng.normal(500, 80, (count, 17, 2)).astype(np.float32)
    return keypoints_2d, np.ones((count, 17), np.float32), np.array(K, np.float32)


def peers(config: ModelConfig, variables: Any) -> dict[str, Callable[[Arrays], Any]]:
    """The same networks in torch and onnxruntime, those that are installed."""
    try:
        import torch

        from benchmarks import torch_twin
    except ModuleNotFoundError:
        print('torch is not installed (pip install -e ".[bench]"): ours alone')
        return {}
    twin = torch_twin.Twin(config, 17, 0).eval()
    torch_twin.copy_weights(twin, variables)
    twin.fold_norm()

    def by_torch(run: Any) -> Callable[[Arrays], Any]:
        def call(arrays: Arrays) -> Any:
            with torch.inference_mode():
                return [x.numpy() for x in run(*(torch.from_numpy(a) for a in arrays))]

        return call

    found = {"torch eager": by_torch(twin), "torch compiled": by_torch(torch.compile(twin))}
    try:
        import onnxruntime

        program: Any = io.BytesIO()
        example = tuple(torch.from_numpy(a) for a in random_poses(3))
        names = ["keypoints_2d", "confidence", "K"]
        torch.onnx.export(
            twin,
            example,
            program,
            input_names=names,
            output_names=["pose_3d", "root_position"],
            dynamic_axes={name: {0: "batch"} for name in [*names, "pose_3d", "root_position"]},
            dynamo=False,
        )
        session = onnxruntime.InferenceSession(program.getvalue())
        taken = {x.name for x in session.get_inputs()}
    except (ModuleNotFoundError, RuntimeError) as error:
        print(f"without onnxruntime: {error}")
    else:

        def by_onnx(arrays: Arrays) -> Any:
            given = dict(zip(names, arrays, strict=True))
            return session.run(None, {k: v for k, v in given.items() if k in taken})

        found["onnxruntime"] = by_onnx
    return found


def compare(
    calls: dict[str, Callable[[Arrays], Any]], batch: int, rounds: int, turns: int
) -> dict[str, list[float]]:
    """Seconds of single calls, `turns` of each variant at a time, alternating.

    Before its turns a variant waits until the threads of the one before, which spin for a while
    after their work, leave the cores to it, and makes one call that is not counted.
    """
    arrays = random_poses(batch)
    answers = {name: call(arrays)[0] for name, call in calls.items()}
    for name, answer in answers.items():
        off = 1000 * float(np.abs(answer - answers["ours"]).max())
        assert off < 0.05, f"{name} lifts otherwise: {off} mm"
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            time.sleep(_REST)
            call(arrays)
            for _ in range(turns):
                start = time.perf_counter()
                call(arrays)
                seconds[name].append(time.perf_counter() - start)
    return seconds


def read_seconds(weights: int) -> float:
    """What reading that many float32 takes: their sum by jax, on all cores, median of ten."""
    x = jax.numpy.ones(weights // 1024 * 1024)
    total = jax.jit(lambda y: y.reshape(-1, 1024).sum(0))
    total(x).block_until_ready()
    times = []
    for _ in range(10):
        start = time.perf_counter()
        total(x).block_until_ready()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def product_seconds(batch: int, width: int, rounds: int) -> dict[str, float]:
    """One hidden layer's product by jax and, where it is installed, torch: seconds a FLOP."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(batch, width)).astype(np.float32)
    kernel = rng.normal(size=(width, width)).astype(np.float32)
    on_device = jax.device_put((x, kernel))
    product = jax.jit(lambda x, kernel: jax.lax.dot_general(x, kernel, (((1,), (1,)), ((), ()))))
    jobs: dict[str, Callable[[], Any]] = {"jax": lambda: product(*on_device).block_until_ready()}
    try:
        import torch
    except ModuleNotFoundError:
        pass
    else:
        by_torch = (torch.from_numpy(x), torch.from_numpy(kernel))
        jobs["torch"] = lambda: torch.nn.functional.linear(*by_torch)
    flops = 2.0 * batch * width**2
    return {
        name: statistics.median(seconds) / flops
        for name, seconds in measure.alternate(jobs, rounds).items()
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--width", type=int, default=1024)
    parser.add_argument("--blocks", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--out", type=Path, help="JSON to write")
    flags = parser.parse_args()
    config = ModelConfig(
        width=flags.width, blocks=flags.blocks, root_width=flags.width, root_blocks=flags.blocks
    )
    model = Networks(config, H36M_17)
    state = step.initial_state(model, optax.sgd(1.0), 0)
    variables = jax.tree.map(np.asarray, {"params": state.params, "batch_stats": state.batch_stats})
    weights = sum(leaf.size for leaf in jax.tree.leaves(variables["params"]))
    lift = Lifter(model, variables, {})
    calls = {"ours": lambda arrays: lift(*arrays), **peers(config, variables)}
    result: dict[str, Any] = {"machine": measure.machine(), "weights": weights, "batches": {}}
    for batch, turns in ((1, 30), (4096, 1)):
        seconds = compare(calls, batch, flags.rounds, turns)
        rows = {}
        print(f"\n{batch} pose{'s' if batch > 1 else ''} a call")
        print(f"{'':16}{'p50 ms':>9}{'p90 ms':>9}{'poses/s':>9}{'ours is':>9}")
        middle = {name: statistics.median(s) for name, s in seconds.items()}
        for name, times in seconds.items():
            p50, p90 = np.percentile(times, [50, 90]) * 1000
            ratio = middle[name] / middle["ours"]
            rows[name] = {"p50_ms": p50, "p90_ms": p90, "ours_is_faster_by": ratio}
            shown = "" if name == "ours" else f"{ratio:.2f} x"
            print(f"{name:16}{p50:9.2f}{p90:9.2f}{batch / middle[name]:9.0f}{shown:>9}")
        result["batches"][str(batch)] = rows
    floors = {"1": read_seconds(weights) * 1000}
    print(f"\nfloors: one pose {floors['1']:.2f} ms, its weights read once", end="")
    for name, each in product_seconds(4096, flags.width, flags.rounds).items():
        floors[f"4096 {name}"] = 2.0 * weights * 4096 * each * 1000
        print(f"; 4096 poses {floors[f'4096 {name}']:.0f} ms, products alone by {name}", end="")
    print()
    result["floors_ms"] = floors
    if flags.out:
        write_json(flags.out, result)


if __name__ == "__main__":
    main()
