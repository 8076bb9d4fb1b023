"""Run by test_parallel.py: `geoself_jax.train`, interrupted by a real SIGINT after some calls."""

import os
import signal
import sys

from geoself_jax.runtime import cli
from geoself_jax.train import __main__ as train
from geoself_jax.train import loop

CALLS = 2
original = loop.compile_call
done = []


def counting(*arguments: object) -> object:
    advance = original(*arguments)

    def call(*inputs: object) -> object:
        done.append(1)
        if len(done) == CALLS:
            os.kill(os.getpid(), signal.SIGINT)
        return advance(*inputs)

    return call


loop.compile_call = counting
sys.argv[0] = train.__file__
cli.run(train.main)
