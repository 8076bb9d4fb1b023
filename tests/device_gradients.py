"""Run by test_devices.py with four virtual devices: one SGD step on 1, 2 and 4 of them, as JSON.

SGD with rate 1: the change of the weights is the gradient; Adam would hide a factor. In float64, so
that a wrong factor or a mean of means cannot hide in rounding.
"""

import functools
import json
import sys
from pathlib import Path

import jax
import numpy as np
import optax

from geoself_jax import recording, step
from geoself_jax.config import AugmentationConfig, ModelConfig, ObjectiveConfig
from geoself_jax.data.sampling import draw_batch
from geoself_jax.data.training_views import training_views, triangulate_recording
from geoself_jax.model import Networks

jax.config.update("jax_enable_x64", True)


def float64(tree: object) -> object:
    """All floating arrays in double precision."""
    double = lambda x: x.astype("float64") if x.dtype.kind == "f" else x  # noqa: E731
    return jax.tree.map(double, tree)


tiny = recording.read(Path(sys.argv[1]))
views = float64(training_views(tiny, triangulate_recording(tiny)))
model = Networks(
    ModelConfig(width=32, blocks=1, layers=1, root_width=16, root_blocks=1, dropout=0.0),
    tiny.skeleton,
)
draw = functools.partial(
    draw_batch,
    batch=32,
    views=2,
    augmentation=AugmentationConfig(share=0.5),
    skeleton=tiny.skeleton,
)
optimizer = optax.sgd(1.0)


def after(devices: int, objective: str) -> step.TrainState:
    one = functools.partial(
        step.train_step, model=model, optimizer=optimizer, objective=ObjectiveConfig(name=objective)
    )
    advance = step.make_advance(one, draw, step.data_mesh(devices), seed=0, steps=1)
    return advance(float64(step.initial_state(model, optimizer, 0)), views)[0]


def worst(a: object, b: object) -> float:
    pairs = zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True)
    return max(float(np.abs(np.asarray(x) - np.asarray(y)).max()) for x, y in pairs)


rows = []
for objective in ("transform", "pseudo_label"):
    start, alone = step.initial_state(model, optimizer, 0), after(1, objective)
    largest = worst(alone.params, start.params)
    for devices in (2, 4):
        shared = after(devices, objective)
        rows.append(
            {
                "objective": objective,
                "devices": devices,
                "largest_gradient": largest,
                "gradient_off": worst(shared.params, alone.params) / largest,
                "statistics_off": worst(shared.batch_stats, alone.batch_stats),
                "statistics_moved": worst(alone.batch_stats, start.batch_stats),
            }
        )
print(json.dumps(rows))
