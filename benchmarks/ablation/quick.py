"""The rows of `quick`: the same score in less of a CPU's time, one change a row."""

from typing import Any

from benchmarks.ablation.row import Row, changed
from geoself_jax.core.config import Config

PATHS = {"model__frames": 27, "model__temporal": "paths"}


def short(long: Config) -> Config:
    """The recipe of configs/cmu_h36m_rig.py before it tumbled bodies, from that of `decide`."""
    steps = long.schedule.length * 4 // 15
    return changed(long, model__symmetric="true", model__dropout=0.0, schedule__length=steps)


def quick_rows(long: Config) -> list[Row]:
    """Candidates without the subjects that select them, then the chosen and the long recipes.

    Args:
        long: The recipe of the table `decide`, its held-out subjects those that select.
    """
    steps = long.schedule.length
    half = {"model__symmetric": "true", "schedule__length": steps // 2}
    free = half | {"model__dropout": 0.0}
    quick = free | {"schedule__length": steps * 4 // 15}

    def row(name: str, **settings: Any) -> Row:
        return Row(name, changed(long, **settings))

    lengths = f"{steps // 2} steps", f"{steps * 4 // 15} steps"
    whole = {"data__validation_subjects": "", "data__validation_share": 0.02}
    return [
        row(f"symmetric, {lengths[0]}", **half),
        row(f"symmetric, no dropout, {lengths[0]}", **free),
        row(f"symmetric, no dropout, {lengths[0]} of half the batch", **free, schedule__batch=32),
        row(f"symmetric, no dropout, {lengths[1]}", **quick),
        row(
            f"symmetric, no dropout, {lengths[1]}, learning rate 3e-3",
            **quick,
            optimizer__learning_rate=3e-3,
        ),
        row(f"all subjects: the recipe before, {steps} steps", **whole),
        row("all subjects: the recipe", **whole, **quick),
        Row(
            "all subjects: supervised, all else equal",
            changed(long, **whole, **quick),
            supervised=True,
            note="UPPER BOUND",
        ),
        row(f"all subjects: 27 frames, the recipe before, {steps} steps", **whole, **PATHS),
        row("all subjects: 27 frames, the recipe", **whole, **quick, **PATHS),
    ]
