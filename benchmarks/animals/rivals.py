"""LiftPose3D's rows: trained on the same triangulated joints, as many steps, as many views each."""

import functools
from collections.abc import Callable

import numpy as np

from benchmarks.animals import liftpose3d
from benchmarks.animals.detector import NOISE_PX
from benchmarks.animals.liftpose3d import Views
from geoself_jax.data.recording import Recording

ROWS = (
    "LiftPose3D, a network a camera",
    "LiftPose3D, a network a camera, augmented",
    "LiftPose3D, one network, augmented",
)


def lifted_by(
    row: str,
    learned: Recording,
    labels: np.ndarray,
    lifted: Recording,
    *,
    steps: int,
    batch: int,
    seed: int,
    said: Callable[[str], None] = print,
) -> np.ndarray:
    """Trains a row of `ROWS` and lifts every view of another recording.

    Args:
        row: Which.
        learned: Recording to learn from.
        labels: Its triangulated joints, (frames, joints, 3) metres, world.
        lifted: Recording to lift, of the same cameras.
        steps: Of training.
        batch: Views a step, over all networks.
        seed: Of weights, batches and dropout.
        said: Receives a line now and then.

    Returns:
        (frames, views, joints, 3) metres, relative to the root, each camera's axes.
    """
    skeleton = learned.skeleton
    views = liftpose3d.views_of(learned, labels)
    single = "one network" in row
    grouped = _grouped(views, single)
    augment = None
    if row.endswith("augmented"):
        augment = functools.partial(
            liftpose3d.augmented,
            lengths=liftpose3d.bone_lengths(labels, skeleton),
            skeleton=skeleton,
            noise_px=NOISE_PX,
        )
    each = batch if single else batch // learned.views
    lift = liftpose3d.train(
        grouped, skeleton, steps=steps, batch=each, seed=seed, augment=augment, said=said
    )
    frames, count = lifted.keypoints_2d.shape[:2]
    found = lift(_grouped(Views(lifted.keypoints_2d, *(None,) * 3), single).keypoints_2d)
    if single:
        return found.reshape(frames, count, skeleton.joints, 3)
    return found.swapaxes(0, 1)


def _grouped(views: Views, single: bool) -> Views:
    """(frames, views, ...) to one group of all, or a group a camera: (groups, samples, ...)."""
    arrays = [None if x is None else np.asarray(x) for x in views]
    if single:
        merged = [None if x is None else x.reshape(1, -1, *x.shape[2:]) for x in arrays]
    else:
        merged = [None if x is None else x.swapaxes(0, 1) for x in arrays]
    return Views(*merged)
