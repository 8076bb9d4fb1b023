"""How hard XLA tries, where its default spends seconds on what does not run faster for it."""


def once() -> dict[str, int]:
    """Options of a program that runs once: not optimized."""
    return {"xla_backend_optimization_level": 0}


def for_steps(platform: str) -> dict[str, int]:
    """Options of the training program.

    On a CPU the products are library calls, and LLVM's second level gains the loops about them
    nothing: a fifth less to compile, steps as fast (`benchmarks.start` measures the first).

    Args:
        platform: Of the devices, as jax names it.
    """
    return {"xla_backend_optimization_level": 1} if platform == "cpu" else {}
