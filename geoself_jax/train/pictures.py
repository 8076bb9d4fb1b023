"""Pictures of held-out poses, drawn a few times in a run."""

from typing import TYPE_CHECKING

import numpy as np

from geoself_jax.evaluate.held_out import HeldOut

if TYPE_CHECKING:
    from geoself_jax.train.schedule import Stages

SHARE = 10
"""One picture at each tenth of a run."""


def is_picture_due(stages: "Stages", before: int, done: int) -> bool:
    """Whether a tenth of the run ended after step `before` and not after `done`.

    Args:
        stages: The run's.
        before: Steps done at the validation before, or at the start.
        done: Steps done now.
    """
    return SHARE * done // stages.total > SHARE * before // stages.total


def picture(held: HeldOut) -> np.ndarray | None:
    """The poses as scored last over what the views triangulate, (height, width, 3), uint8.

    None where there is nothing to draw. matplotlib is imported here, once a picture is due.

    Args:
        held: What was scored.
    """
    plots = held.plots()
    if not plots:
        return None
    from geoself_jax.view.plots import lifted_image

    return lifted_image(plots, held.skeleton)
