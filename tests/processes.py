"""Runs the package in another process, with as many CPU devices as a test asks for."""

import os
import socket
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# Of a training program's compilation, XLA's optimizations and its newer code generators, which
# later versions cannot do without, are three quarters.
QUICKLY = "--xla_cpu_use_fusion_emitters=false" if version("jaxlib").startswith("0.10.") else ""


def environment(devices: int = 1, quick_compile: bool = False) -> dict[str, str]:
    """Variables for a process whose jax sees N CPU devices and compiles as users' does, or quickly.

    With few cores, asynchronous calls on several virtual devices can wait for each other for ever.
    """
    flags = f"--xla_force_host_platform_device_count={devices}" if devices > 1 else ""
    flags += f" {QUICKLY}" if quick_compile else ""
    return {
        **os.environ,
        "JAX_PLATFORMS": "cpu",
        "JAX_CPU_ENABLE_ASYNC_DISPATCH": "false",
        "JAX_DISABLE_MOST_OPTIMIZATIONS": "1" if quick_compile else "0",
        "XLA_FLAGS": flags.strip(),
        "PYTHONPATH": str(ROOT),
    }


def run_python(
    *arguments: str,
    devices: int = 1,
    quick_compile: bool = False,
    cwd: Path = ROOT,
    timeout: float = 300,
) -> subprocess.CompletedProcess[str]:
    """`python ARGUMENTS`, its output as text."""
    return subprocess.run(
        [sys.executable, *arguments],
        env=environment(devices, quick_compile),
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def free_port() -> int:
    """A port that nobody listens at now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
