"""What training looks at before it starts, on a few hundred instants.

Seconds; with fifteen cameras that do not fit each other, most of a minute to find out why.
"""

import numpy as np

from geoself_jax.core.errors import data_error
from geoself_jax.data.recording import Recording
from geoself_jax.data.rig_check import check_geometry
from geoself_jax.inspect import body, cameras, detection_checks, sides
from geoself_jax.inspect.sample import samples_of
from geoself_jax.inspect.verdicts import Verdict, worst_first

_INSTANTS, _RIGS = 300, 4


def check_before_training(source: str, recording: Recording, triangulated: np.ndarray) -> list[str]:
    """Refuses a recording that cannot be right: cameras, unit, left and right, missing views.

    Args:
        source: Name for messages.
        recording: Detections and cameras.
        triangulated: (frames, joints, 3) world, metres, from `triangulate_recording`.

    Returns:
        One line for each warning.

    Raises:
        GeoselfError: What is wrong first, in one line (65).
    """
    found = worst_first(_verdicts(recording)) if recording.views > 1 else []
    for verdict in found:
        if verdict.severity == "error":
            raise data_error(f"{source}: {verdict.what}", verdict.evidence, verdict.do)
    check_geometry(source, recording, triangulated)
    return [f"{source}: {v.line}" for v in found if v.severity == "warning"]


def _verdicts(recording: Recording) -> list[Verdict]:
    found, fitting = detection_checks.check_places(recording), []
    for sample in samples_of(recording, _INSTANTS)[:_RIGS]:
        if not np.isfinite(sample.points).any():
            continue  # `check_geometry` says so
        fit = cameras.check_cameras(sample)
        found += fit
        if fit[0].severity == "ok":
            fitting.append(sample)
            found += sides.check_frames(sample)
    if fitting:
        found += sides.check_anatomy(fitting)
        found += body.check_up(fitting)
    return found
