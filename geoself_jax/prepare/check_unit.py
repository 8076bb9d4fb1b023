"""Whether the unit of a rig fits the body: by the size of a person, else it is said unchecked.

No unit follows from a size here: a declared one is refused where the skeleton is a person's, the
body has no person's size, and another unit gives it one.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from geoself_jax.core.errors import GeoselfError, data_error
from geoself_jax.core.shown_lengths import size_text
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.body_size import body_size, known_size
from geoself_jax.data.rig import Rig
from geoself_jax.prepare.calibrations.camera_table import FileCamera
from geoself_jax.prepare.calibrations.transposed import warn_of_axes
from geoself_jax.prepare.calibrations.units_and_axes import METRES
from geoself_jax.prepare.clip import Clip, Reading
from geoself_jax.prepare.scale_by_height import triangulated

MOST = 200
"""Most frames of a clip that are measured."""

APART = 3.0
"""Bodies of one skeleton in two rigs that differ by more are said: animals differ by less."""

_FACTORS = (10.0, 100.0, 1000.0, 0.1, 0.01, 0.001)


def unit_checked(reading: Reading, unit: str | None, notice: Callable[[str], None]) -> Reading:
    """The same clips, the first of each rig measured.

    Args:
        reading: Clips whose rigs are in metres, as far as their unit is right.
        unit: That the user gave; None for the formats' own.
        notice: Receives one line at the end where no size is known to check the unit by.

    Raises:
        GeoselfError: While clips are taken: a person who would have the right size in another
            unit (65).
    """
    return Reading(reading.total, _checked(reading.clips, unit, notice))


def _checked(
    clips: Iterator[Clip], unit: str | None, notice: Callable[[str], None]
) -> Iterator[Clip]:
    measured: dict[bytes, float] = {}
    unknown: dict[str, float] = {}
    for clip in clips:
        rig = clip.rig.center.tobytes()
        if rig not in measured:
            measured[rig] = size = size_of(clip)
            limits = declared_limits(clip.skeleton)
            if limits is None and np.isfinite(size):
                unknown[clip.name] = size
            elif limits is not None and (error := _contradicted(clip, size, limits, unit)):
                raise error
        yield clip
    if unknown:
        notice(_unchecked(unknown))


def declared_limits(skeleton: Skeleton) -> tuple[float, float] | None:
    """Smallest and largest size of a skeleton's body, metres; None where nothing declares it."""
    return known_size(skeleton.joint_names, skeleton.body_metres)


def size_of(clip: Clip) -> float:
    """Median distance of the farthest triangulated joints, the rig's unit; NaN where unknown."""
    every = np.unique(np.linspace(0, len(clip.keypoints_2d) - 1, MOST).astype(int))
    return body_size(triangulated(clip, every, list(range(clip.skeleton.joints))))


def _contradicted(
    clip: Clip, size: float, limits: tuple[float, float], unit: str | None
) -> GeoselfError | None:
    """The error where the size is no person's and becomes one in another unit."""
    least, most = limits
    if not np.isfinite(size) or least <= size <= most:
        return None
    fits = [factor for factor in _FACTORS if least <= size / factor <= most]
    if not fits:
        return None  # no matter of units: `inspect` says what is wrong
    others = {
        name: length
        for name, length in METRES.items()
        if unit and any(abs(METRES[unit] / factor / length - 1) < 1e-6 for factor in fits)
    }
    do = ", or ".join(
        f"--unit={name}, in which it would measure {size * length / METRES[unit or 'm']:.3g} m"
        for name, length in others.items()
    )
    unsaid = "say the unit in which the cameras were calibrated: --unit"
    otherwise = "check --unit and the skeleton's body_metres" if unit else unsaid
    of = f"in unit {unit}, as given," if unit else "in the unit of the calibration's format"
    why, do = f"such a body's are {least:g} to {most:g} m apart", f"give {do}" if do else otherwise
    if _turned(clip.rig):
        why += "; the cameras' optical axes do not meet, and would with their rotations transposed"
        do = "no matter of --unit then: transpose the rotations in the calibration"
    return data_error(
        f"{clip.name}: {of} the body measures {size:.3g} m between its farthest joints", why, do
    )


def _turned(rig: Rig) -> bool:
    """Whether the optical axes meet only if the rotations are transposed."""
    t = -np.einsum("vij,vj->vi", rig.R, rig.center)
    each = zip(rig.camera_names, rig.K, rig.lenses, rig.R, t, strict=True)
    said: list[str] = []
    warn_of_axes(Path(rig.name), [FileCamera(*one, (0, 0), 0.0) for one in each], "R", said.append)
    return bool(said)


def _unchecked(sizes: dict[str, float]) -> str:
    """The line for bodies of unknown size; a warning where those of two rigs differ too much."""
    least, most = min(sizes, key=lambda n: sizes[n]), max(sizes, key=lambda n: sizes[n])
    small, large = sizes[least], sizes[most]
    line = "unit not checked: nothing declares the size of this body, which measures"
    if large > APART * small:
        return (
            f"warning: {line} {size_text(small)} in {least} and {size_text(large)} in {most} "
            "between its farthest joints: are both calibrations in one unit?"
        )
    return f"{line} {size_text(large)} between its farthest joints; if that is wrong: --unit"
