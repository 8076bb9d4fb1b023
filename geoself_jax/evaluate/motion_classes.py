"""Classes of an evaluation's instants: by the torso's tilt, by distance to the training poses."""

import itertools
from typing import Any, NamedTuple

import numpy as np

from geoself_jax.core.shown_lengths import ShownUnit
from geoself_jax.core.skeleton import Skeleton, normalized
from geoself_jax.data.pose_novelty import nearest, terms_of, total_bones, upright
from geoself_jax.data.recording import Recording
from geoself_jax.data.training_sample import FILE, TrainingSample
from geoself_jax.evaluate.per_joint import reference_of

TILTS = (20.0, 45.0, 90.0)
"""Degrees between the torso and the vertical at which a class ends and the next begins."""

NOVELTIES = (0.1, 0.15, 0.2)
"""Distances to the nearest training pose at which they do, in the run's unit of length: metres."""


class Classes(NamedTuple):
    """Which class each instant is in.

    Attributes:
        left_out: Why there are none, for people; empty where there are.
        limits: Where a class ends and the next begins: degrees or metres.
        of_frame: (frames,) number of the class; -1 where unknown.
        median: Median over the instants of what classes are made by; NaN where there are none.
    """

    left_out: str
    limits: tuple[float, ...] = ()
    of_frame: np.ndarray = np.zeros(0, int)
    median: float = float("nan")


def tilt_classes(recording: Recording, triangulated: np.ndarray) -> Classes:
    """Returns the instants' classes by the angle of the torso from the vertical.

    The torso is the line from the middle of the hips to the middle of the shoulders, of the ground
    truth or else of the triangulated joints.

    Args:
        recording: Recording that was lifted, in the joints of the networks.
        triangulated: (frames, joints, 3), metres, world frame.
    """
    torso = _torso(recording.skeleton)
    if torso is None:
        return Classes("the skeleton has no pairs of hips and shoulders")
    if recording.world_up is None:
        return Classes("the recording has no vertical (world_up)")
    return _classes(torso_tilt(reference_of(recording, triangulated)[1], recording), TILTS)


def torso_tilt(world: np.ndarray, recording: Recording) -> np.ndarray:
    """Returns the angle between torso and vertical, (frames,) degrees; NaN where unknown.

    Args:
        world: (frames, joints, 3), world, metres.
        recording: Its skeleton, which has a torso, and its vertical are used.
    """
    torso = _torso(recording.skeleton)
    assert torso is not None and recording.world_up is not None
    hips, shoulders = (world[:, list(pair)].mean(1) for pair in torso)
    line = (shoulders - hips).astype(np.float64)
    length = np.linalg.norm(line, axis=-1)
    cosine = line @ recording.world_up / np.where(length > 0, length, np.nan)
    return np.degrees(np.arccos(cosine.clip(-1, 1)))


def novelty_classes(
    recording: Recording, triangulated: np.ndarray, sample: TrainingSample | None
) -> Classes:
    """Returns the instants' classes by the distance to the nearest training pose of the sample.

    Args:
        recording: Recording that was lifted, in the joints of the networks.
        triangulated: (frames, joints, 3), metres, world frame.
        sample: Of what the networks were trained on; None where it is not known.
    """
    if sample is None:
        return Classes(f"the networks come without {FILE}: trained by an older version")
    if not len(sample.poses):
        return Classes(f"{FILE} has no poses: no whole pose, or no vertical, in training")
    if recording.world_up is None:
        return Classes("the recording has no vertical (world_up)")
    distances = sample.bones * pose_novelty(recording, triangulated, sample)
    return _classes(distances, tuple(sample.unit * limit for limit in NOVELTIES))


def pose_novelty(
    recording: Recording, triangulated: np.ndarray, sample: TrainingSample
) -> np.ndarray:
    """Returns the distance to the nearest pose of a sample, (frames,), in units of all bones.

    Args:
        recording: Recording in the joints of the sample, with a vertical.
        triangulated: (frames, joints, 3), metres, world frame.
        sample: With poses.
    """
    skeleton = recording.skeleton
    # Joints of another ground truth are elsewhere in the body, which is no other pose.
    same = recording.pose_skeleton is None
    world = reference_of(recording, triangulated)[1] if same else triangulated
    size = total_bones(world, recording.subject_id, skeleton)
    assert recording.world_up is not None
    poses = upright(world, size, recording.world_up, skeleton.root)
    known = terms_of(sample.poses, skeleton.root)
    return nearest(terms_of(poses, skeleton.root), known, np.array(skeleton.mirror))


def class_names(limits: tuple[float, ...], unit: ShownUnit) -> list[str]:
    """Returns the classes' names: `under 20 degrees`, `20 to 45 degrees` and so on.

    Args:
        limits: Of `Classes`.
        unit: In which they are shown.
    """
    shown = [unit.text(limit, 0) for limit in limits]
    between = [f"{a} to {b}" for a, b in itertools.pairwise(shown)]
    names = [f"under {shown[0]}", *between, f"over {shown[-1]}"]
    return [f"{name} {unit.symbol}" for name in names]


def _classes(values: np.ndarray, limits: tuple[float, ...]) -> Classes:
    known = np.isfinite(values)
    if not known.any():
        return Classes("no instant's pose is known")
    of_frame = np.where(known, np.digitize(values, limits), -1)
    return Classes("", limits, of_frame, float(np.median(values[known])))


def _torso(skeleton: Skeleton) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """Indices of hips and of shoulders."""
    names = [normalized(name) for name in skeleton.joint_names]
    pairs: list[Any] = [[f"{side}{of}" for side in ("left", "right")] for of in ("hip", "shoulder")]
    if not all(names.count(name) == 1 for pair in pairs for name in pair):
        return None
    hips, shoulders = (tuple(names.index(name) for name in pair) for pair in pairs)
    return hips, shoulders  # type: ignore[return-value]
