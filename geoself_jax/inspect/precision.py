"""How well the cameras' places determine the joints, at a detector's usual error."""

from dataclasses import dataclass

import numpy as np

from geoself_jax.core.skeleton import Skeleton
from geoself_jax.inspect.sample import USUAL_PX, Sample
from geoself_jax.inspect.verdicts import Verdict, warning

CHECK = "baseline"
_POOR = 0.05  # metres, of a person, of standard deviation along the worst direction
_FLAT = 3.5  # times that across it: two rays within 33 degrees of one line
_MAD = 0.6745  # median absolute deviation of a normal distribution, of its standard deviation


@dataclass(frozen=True)
class Subject:
    """One subject's triangulated poses.

    Attributes:
        points: (frames, joints, 3), metres.
        covariance: (frames, joints, 3, 3), metres squared, see `Sample.covariance`.
    """

    points: np.ndarray
    covariance: np.ndarray


def expected_changes(skeleton: Skeleton, subject: Subject) -> np.ndarray:
    """(bones,) median deviation of each length at a detector's usual error, metres; NaN unseen."""
    a, b = np.array(skeleton.bones, int).reshape(-1, 2).T
    along = subject.points[:, b] - subject.points[:, a]
    along = along / np.linalg.norm(along, axis=-1, keepdims=True).clip(1e-9)
    both = subject.covariance[:, a] + subject.covariance[:, b]
    variance = np.einsum("fbi,fbij,fbj->fb", along, both, along)
    return np.array([_MAD * np.sqrt(_median(values)) for values in variance.T])


def check_directions(sample: Sample) -> list[Verdict]:
    """A warning where the cameras see people along nearly one line: depth is known poorly."""
    covariance = sample.covariance[np.isfinite(sample.covariance).all((-1, -2))]
    if not len(covariance):
        return []
    spread = np.sqrt(np.linalg.eigvalsh(covariance).clip(0))
    across, depth = np.median(spread[:, :2]), np.median(spread[:, 2])
    if depth < max(_POOR, _FLAT * across):
        return []
    pixels = np.mean([USUAL_PX * sample.noise_scale(view) for view in range(sample.views)])
    known = sample.shown.error.named(sample.whole.unit * depth, 0)
    evidence = f"depth along their line is known to {known} only, with detections "
    evidence += f"{pixels:.1f} px off, and labels trained on will be poor there"
    do = "move one camera (aim for 40 to 140 degrees between them), or add one"
    return [warning(CHECK, _line(sample), evidence, do)]


def _line(sample: Sample) -> str:
    rig = f"rig {sample.whole.rig_names[sample.rig]}"
    if sample.views > 2:
        return f"{rig}: all cameras look along nearly one line"
    rays = sample.points[None] - sample.cameras.center[:, None, None]
    rays = rays / np.linalg.norm(rays, axis=-1, keepdims=True)
    angle = np.degrees(np.arccos(np.clip(_median((rays[0] * rays[1]).sum(-1)), -1, 1)))
    if angle > 90:
        return f"{rig}: the two cameras nearly face each other ({angle:.0f} degrees)"
    return f"{rig}: the two cameras look in nearly one direction ({angle:.0f} degrees apart)"


def _median(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size else float("nan")
