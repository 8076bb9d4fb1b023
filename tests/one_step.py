"""One SGD step in any way of running it, for the scripts that compare them.

SGD with rate 1: the change of the weights is the gradient; Adam would hide a factor. In float64, so
that a wrong factor or a mean of means cannot hide in rounding.
"""

import functools
import sys
from pathlib import Path

import jax
import numpy as np
import optax

from geoself_jax.core import step
from geoself_jax.core.config import AugmentationConfig, ModelConfig, ObjectiveConfig
from geoself_jax.core.model import Networks
from geoself_jax.core.sampling import make_batch
from geoself_jax.data import recording
from geoself_jax.data.training_set import training_views, triangulate_recording
from geoself_jax.runtime import hosts
from geoself_jax.train import parallel as runner
from geoself_jax.train.host_feed import HostFeed

jax.config.update("jax_enable_x64", True)
ROOT_FROM = {"transform": "views", "pseudo_label": "network"}


def float64(tree: object) -> object:
    """All floating arrays in double precision."""
    double = lambda x: x.astype("float64") if x.dtype.kind == "f" else x  # noqa: E731
    return jax.tree.map(double, tree)


tiny = recording.read(Path(sys.argv[1]))
views = float64(training_views(tiny, triangulate_recording(tiny)))
model = Networks(
    ModelConfig(
        **{"width": 32, "blocks": 1, "layers": 1, "root_width": 16, "root_blocks": 1},
        dropout=0.25,
        uncertainty=True,
        uncertainty_axes=True,
    ),
    tiny.skeleton,
)
draw = runner.Draw(
    batch=32,
    views=2,
    frames=len(views.rig_id),
    rig_views=views.confidence.shape[1],
    joints=17,
    make_batch=functools.partial(
        make_batch, augmentation=AugmentationConfig(share=0.5), skeleton=tiny.skeleton
    ),
)
optimizer = optax.sgd(1.0)
start = float64(step.initial_state(model, optimizer, 0))


def after(
    mesh: jax.sharding.Mesh, parallel: str, objective: str, *, fed: bool = False
) -> step.TrainState:
    """The state after the step, the batch split over a mesh."""
    axis = runner.AXIS if parallel == "pmap" else None
    one = functools.partial(
        step.train_step,
        model=model.clone(axis_name=axis),
        optimizer=optimizer,
        objective=ObjectiveConfig(name=objective, root_from=ROOT_FROM[objective]),
        axis_name=axis,
    )
    advance = runner.make_advance(one, draw, mesh, seed=0, steps=1, parallel=parallel, fed=fed)
    data = runner.without_rows(views) if fed else views
    state, data = jax.tree.map(np.array, (start, data))
    if parallel == "jit":
        state, data = hosts.on_every_device((state, data), mesh)
    feed = HostFeed(views, draw, mesh, seed=0, parallel=parallel) if fed else None
    rows = tuple(feed.calls(iter([(0, 1)]))) if feed else ()
    return advance(state, data, *rows)[0]


def worst(a: object, b: object) -> float:
    pairs = zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True)
    return max(float(np.abs(np.asarray(x) - np.asarray(y)).max()) for x, y in pairs)
