"""run.json: what a run is, enough to build the same networks and to know the same data again."""

import dataclasses
from importlib.metadata import version
from typing import Any

import numpy as np

from geoself_jax.core.config import Config, as_dict, split_where
from geoself_jax.core.errors import data_error
from geoself_jax.core.model import Networks
from geoself_jax.data.recording import Recording
from geoself_jax.runtime import devices
from geoself_jax.train.data_digests import data_digests, sha256


def run_record(
    config: Config,
    model: Networks,
    recording: Recording,
    learn: np.ndarray,
    held: np.ndarray,
    *,
    labels: np.ndarray | None,
) -> dict[str, Any]:
    """What the run is: enough to build the same networks and to know the same data again.

    Args:
        config: The experiment.
        model: Its networks.
        recording: All that the run was given.
        learn, held: (frames,) which of it is trained on, and which validated on.
        labels: (frames, joints, 3) world, metres, that the caller gave; None for triangulated ones.
    """
    if not learn.any():
        raise data_error(config.data.train, "no frame is left to train on", "add frames")
    names = np.array(recording.subject_names)
    frames_sha256, arrays_sha256 = data_digests(recording)
    (what, where), compute = split_where(config), devices.compute_type(config)
    return {
        "format": "geoself-run/1",
        "config": what,
        "starts": [where | {"devices": devices.describe(), "compute_type": compute}],
        "model": as_dict(model.config),
        "skeleton": dataclasses.asdict(model.skeleton),
        "data": {
            "source": config.data.train,
            "sha256": recording.fingerprint,
            "frames_sha256": frames_sha256,
            "train_frames": int(learn.sum()),
            "validation_frames": int(held.sum()),
            "views": recording.views,
            "subjects": names[np.unique(recording.subject_id[learn])].tolist(),
            "validation_subjects": names[
                np.setdiff1d(recording.subject_id[held], recording.subject_id[learn])
            ].tolist(),
            "supervised_upper_bound": labels is not None,
            "labels_sha256": None if labels is None else sha256(labels),
        },
        "arrays_sha256": arrays_sha256,
        "recording": {
            "fps": recording.fps,
            "clips": len(recording.clip_names),
            "rigs": len(recording.rig_names),
            "cameras": list(recording.camera_names),
            "length_unit": model.config.metres,
            "cameras_from": recording.cameras_from,
        },
        "versions": {name: version(name) for name in ("geoself_jax", "jax", "flax", "optax")},
    }
