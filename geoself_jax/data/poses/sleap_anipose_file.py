"""sleap-anipose's 3D joints, points3d.h5: `tracks` (frames, animals, nodes, 3), HDF5.

As sleap-anipose 0.1.8's `triangulate` writes it, a row for each frame of the video from 0 on. Two
datasets are added: `point_scores`, which keypoint-moseq reads, and `node_names`, as in SLEAP's own
files. It has no frame rate and no unit.
"""

import io
from pathlib import Path

import h5py
import numpy as np

from geoself_jax.data.poses.atomic_write import whole_file
from geoself_jax.data.poses.resample import from_first_frame
from geoself_jax.data.poses.sequence import PoseSequence

_TRACKS = "Shape: (n_frames, n_tracks, n_nodes, 3). Lifted from one camera: {camera}."
_SCORES = "Shape: (n_frames, n_tracks, n_nodes). Confidence of the 2D detection."


def write(poses: PoseSequence, path: Path, *, metres: float) -> None:
    """Writes one animal; NaN where missing, scores 0 there.

    Args:
        poses: As they are written, turned.
        path: The file.
        metres: Length of its unit.

    Raises:
        GeoselfError: No frame, or too many (65); the disk refuses (74).
    """
    tracks = from_first_frame(poses, poses.pose.astype(np.float64) / metres, np.nan)
    camera = poses.camera.name if poses.camera else ""
    memory = io.BytesIO()
    with h5py.File(memory, "w") as file:
        _add(file, "tracks", tracks[:, None], _TRACKS.format(camera=camera or "its name unknown"))
        if poses.measured_confidence is not None:
            scores = from_first_frame(poses, poses.measured_confidence, 0)
            _add(file, "point_scores", scores[:, None], _SCORES)
        names = [name.encode() for name in poses.skeleton.joint_names]
        file.create_dataset("node_names", data=names, dtype=h5py.string_dtype())
    with whole_file(path, "wb") as stream:
        stream.write(memory.getbuffer())


def _add(file: h5py.File, name: str, values: np.ndarray, description: str) -> None:
    packed = {"chunks": True, "compression": "gzip", "compression_opts": 1}
    file.create_dataset(name, data=values, **packed).attrs["Description"] = description
