"""What the speed benchmarks share: alternating repetitions, the machine, the sgemm rate."""

import os
import platform
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

SGEMM = 2048


def alternate(jobs: dict[str, Callable[[], Any]], repeats: int) -> dict[str, list[float]]:
    """Seconds of each job, one after the other, over and over: a busy machine is busy for all."""
    for job in jobs.values():
        job()  # compiles, allocates
    seconds: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(repeats):
        for name, job in jobs.items():
            start = time.perf_counter()
            job()
            seconds[name].append(time.perf_counter() - start)
    return seconds


def summary(seconds: list[float], unit: float = 1.0) -> dict[str, float]:
    """Median, best and quartiles of `unit` / seconds: rates."""
    rates = sorted(unit / s for s in seconds)
    low, middle, high = np.percentile(rates, [25, 50, 75])
    return {"median": middle, "best": rates[-1], "quartile_1": low, "quartile_3": high}


def gemm_jobs(compute: str = "float32") -> tuple[dict[str, Callable[[], Any]], float]:
    """Square products by jax, on the CPU by torch too where it is installed, and their FLOPs."""
    size = SGEMM if jax.default_backend() == "cpu" else 4 * SGEMM
    a = jnp.asarray(np.random.default_rng(0).normal(size=(size, size)), compute)
    product = jax.jit(lambda x: jnp.matmul(x, x, precision="highest"))
    jobs: dict[str, Callable[[], Any]] = {"gemm jax": lambda: product(a).block_until_ready()}
    if jax.default_backend() == "cpu" and compute == "float32":
        try:
            import torch
        except ModuleNotFoundError:
            pass
        else:
            b = torch.from_numpy(np.array(a))
            jobs["gemm torch"] = lambda: b @ b
    return jobs, 2.0 * size**3


def machine() -> dict[str, Any]:
    """Processor, cores, accelerator and versions."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        model = platform.processor()
    versions = {}
    for name in ("jax", "jaxlib", "flax", "torch", "onnxruntime", "numpy"):
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = "not installed"
    return {
        "processor": model,
        "cores": len(os.sched_getaffinity(0)),
        "devices": [str(d.device_kind) for d in jax.devices()],
        "python": platform.python_version(),
        "versions": versions,
    }
