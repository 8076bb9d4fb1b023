"""Flags on cameras that stand nobody knows where, or are out of step: checked before the work."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from geoself_jax.core.errors import usage_error

if TYPE_CHECKING:
    import argparse

_OF_PLACES = {
    "unit": "no lengths are read",
    "height": "it is calibrate's --scale=height=METRES then",
    "up": "calibrate finds it",
    "sync": "calibrate finds the cameras and their lags together: calibrate --sync",
}
"""Flags that need to know where the cameras stand, and what there is in place of them."""


def check_cameras(flags: "argparse.Namespace") -> None:
    """Refuses flags that contradict `--uncalibrated`, `--sync` or `--shift`, or each other.

    Args:
        flags: As parsed.

    Raises:
        GeoselfError: Two do not go together, or OpenCV is needed and not there (64).
    """
    if flags.uncalibrated:
        for name, why in _OF_PLACES.items():
            if getattr(flags, name) not in (None, False):
                what = f"--{name} with --uncalibrated"
                raise usage_error(what, why, "leave it out")
        if not flags.calibration and (flags.rig or flags.calibration_format != "auto"):
            what = "--rig" if flags.rig else "--calibration-format"
            do = "name it: --calibration=FILE, or leave this out"
            raise usage_error(what, "of the calibration whose intrinsics are taken", do)
        if flags.calibration and flags.focal_length:
            raise usage_error(
                "--focal-length", f"{flags.calibration} has the intrinsics", "leave out one of them"
            )
    elif flags.focal_length:
        raise usage_error(
            "--focal-length", "a calibration says it", "leave it out, or add --uncalibrated"
        )
    if flags.every > 1 and (flags.sync or flags.shift):
        raise usage_error(
            f"--every={flags.every} with --{'sync' if flags.sync else 'shift'}",
            "lags are frames of the files",
            "thin the file that is written: prepare --input FILE.npz --every=N",
        )
    if flags.sync:
        from geoself_jax.calibrate.requirements import require

        require()


def pixels_by_camera(texts: Sequence[str]) -> Mapping[str, float]:
    """Focal lengths by camera name, px; under "" for all.

    Args:
        texts: `[NAME=]PX`.

    Raises:
        GeoselfError: A number that is none above 0, or a camera twice (64).
    """
    return _by_camera("--focal-length", texts, "pixels above 0", lambda number: number > 0)


def frames_by_camera(texts: Sequence[str]) -> Mapping[str, float]:
    """Frames by which cameras are late, by name.

    Args:
        texts: `NAME=FRAMES`.

    Raises:
        GeoselfError: No camera, no number, or a camera twice (64).
    """
    found = _by_camera("--shift", texts, "NAME=FRAMES", lambda number: abs(number) < 1e6)
    if "" in found:
        raise usage_error(f"--shift={found['']:g}", "of which camera", "write --shift=NAME=FRAMES")
    return found


def _by_camera(
    flag: str, texts: Sequence[str], wanted: str, good: Callable[[float], bool]
) -> dict[str, float]:
    found: dict[str, float] = {}
    for text in texts:
        name, _, number = text.rpartition("=")
        try:
            value = float(number)
        except ValueError:
            value = math.nan
        if not (math.isfinite(value) and good(value)):
            raise usage_error(f"{flag}={text}", f"wanted {wanted}", "write a number, with a point")
        if name in found:
            raise usage_error(f"{flag}={text}", "said twice", "say it once for each camera")
        found[name] = value
    return found
