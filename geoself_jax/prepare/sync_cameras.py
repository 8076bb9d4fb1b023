"""Lags of calibrated cameras, found from the joints that they see, are taken out."""

from collections.abc import Callable, Mapping

import numpy as np

from geoself_jax.core.errors import GeoselfError, data_error
from geoself_jax.data.recording import arrays_of, from_arrays
from geoself_jax.runtime.phases import phase


def synced(
    arrays: Mapping[str, np.ndarray], *, seed: int, notice: Callable[[str], None]
) -> dict[str, np.ndarray]:
    """The recording with the cameras of each rig read at one time, pixels without distortion.

    Ground truth is of the instants of most cameras.

    Args:
        arrays: Of format geoself-multiview/1, with cameras.
        seed: Of the frames and joints that are drawn.
        notice: Receives lines on the lags.

    Raises:
        GeoselfError: Lags are not known from the joints (65).
    """
    from geoself_jax.calibrate.sync import put_in_step  # needs OpenCV

    recording = from_arrays(arrays, "the prepared recording")
    names = recording.rig_names
    for rig in np.unique(recording.rig_id).tolist():
        try:
            with phase(f"looking for lags of rig {names[rig]}"):
                recording, lines = put_in_step(recording, rig, seed, known=True)
        except GeoselfError as error:
            raise data_error(f"--sync: rig {names[rig]}: {error}", "", "") from error
        for line in lines:
            notice(f"{names[rig]}: {line}" if len(names) > 1 else line)
    return arrays_of(recording)
