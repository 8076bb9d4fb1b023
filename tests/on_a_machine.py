"""Run by test_backup.py: the python3 of a TPU VM that has no TPU and stalls in mid-training."""

import os
import runpy
import sys
import time
from pathlib import Path

CALLS = 3
cloud = Path(os.environ["CLOUD"])


def stall() -> None:
    """Training comes to a stop after some calls, when these are saved."""
    from geoself_jax.train import loop

    compile_one, done = loop.compile_call, []

    def stalling(*arguments: object) -> object:
        advance = compile_one(*arguments)

        def call(*inputs: object) -> object:
            if len(done) == CALLS:
                time.sleep(600)
            done.append(1)
            return advance(*inputs)

        return call

    loop.compile_call = stalling


os.environ["JAX_PLATFORMS"] = "cpu"
with (cloud / "pids").open("a") as pids:
    pids.write(f"{os.getpid()}\n")
sys.executable = f"{os.environ['HOME']}/geoself_venv/bin/python3"
_, _, module, *arguments = sys.argv
if module == "geoself_jax.train" and (cloud / "stalls").exists():
    stall()
sys.argv = [module, *arguments]
runpy.run_module(module, run_name="__main__", alter_sys=True)
