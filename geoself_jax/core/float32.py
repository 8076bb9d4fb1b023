"""All is computed in 32 bits, even in a program that has switched jax's 64-bit mode on."""

import functools
import os
import sys
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def in_float32(function: Callable[P, R]) -> Callable[P, R]:
    """Decorates a function that computes with jax: within it the 64-bit mode is off.

    Other packages switch it on for a whole process, which changes the type of each number that jax
    makes. The mode is a thread's: a function that another thread calls has to be decorated too.
    """

    @functools.wraps(function)
    def computed(*arguments: P.args, **options: P.kwargs) -> R:
        jax = sys.modules.get("jax")
        if jax is None or not jax.config.jax_enable_x64:
            return function(*arguments, **options)
        with jax.enable_x64(False):
            return function(*arguments, **options)

    return computed


def for_this_process() -> None:
    """For a command, whose process is its own: the 64-bit mode is off whatever the environment."""
    os.environ["JAX_ENABLE_X64"] = "0"
    jax = sys.modules.get("jax")
    if jax is not None and jax.config.jax_enable_x64:
        jax.config.update("jax_enable_x64", False)
