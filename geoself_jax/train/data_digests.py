"""Digests of the data that a run learns from: of each array, and of the frames as a whole."""

import hashlib
from typing import Any

import numpy as np

from geoself_jax.data.recording import Recording

_IDS = ("clip_id", "frame_id", "subject_id", "rig_id")
_NAMES = ("clip_names", "clip_actions", "subject_names", "rig_names", "camera_names")


def data_digests(recording: Recording) -> tuple[str, dict[str, str]]:
    """Returns the digest of the frames, and that of each array that training reads.

    Pixels whose distortion was undone are computed, and another processor's last digit is no other
    recording: there each camera's mean counts, in tenths, with the file's own pixels; rotations in
    millionths.

    Args:
        recording: All that the run is given; the digests of its file's arrays are those of all
            frames, of which a caller may have selected some.

    Returns:
        SHA-256 of the frames, as runs of older versions have it; SHA-256 by the name of the array.
    """
    camera = recording.camera
    rotations = np.round(camera.R * 1e6).astype(np.int32)
    if recording.dist is None:
        seen = (np.nan_to_num(recording.keypoints_2d), recording.confidence)
    else:
        pixels = np.nan_to_num(recording.keypoints_2d)
        seen = (
            np.round(pixels.mean((0, 2), dtype=np.float64), 1),
            np.round(recording.confidence.mean((0, 2)), 4),
        )
    ids = {name: getattr(recording, name) for name in _IDS}
    frames = sha256(*seen, *ids.values(), camera.K, camera.center, rotations)
    arrays = {
        "keypoints_2d": seen[0],
        "confidence": seen[1],
        **ids,
        "K": camera.K,
        "R": rotations,
        "center": camera.center,
        "image_size": np.asarray(recording.image_size, np.float64),
        "fps": np.array(recording.fps, np.float64),
    }
    arrays |= {
        name: np.zeros(0) if array is None else np.asarray(array, np.float64)
        for name, array in (("dist", recording.dist), ("world_up", recording.world_up))
    }
    arrays |= {name: np.array(getattr(recording, name), np.str_) for name in _NAMES}
    return frames, {
        name: sha256(array, of_file=_of_file(recording, name)) for name, array in arrays.items()
    }


def _of_file(recording: Recording, name: str) -> str:
    """Digest of an array of the file, where the recording's is computed from it."""
    return "" if recording.dist is None else recording.fingerprints.get(name, "")


def sha256(*arrays: np.ndarray, of_file: str = "") -> str:
    """Returns the SHA-256 of types, shapes and bytes of arrays, in hexadecimal.

    Args:
        arrays: Of numbers or texts.
        of_file: A digest that they stand for too.
    """
    total = hashlib.sha256(of_file.encode())
    for array in arrays:
        total.update(f"{array.dtype} {array.shape}".encode())
        total.update(_bytes(array))
    return total.hexdigest()


def _bytes(array: np.ndarray) -> Any:
    if array.dtype.kind == "U":
        return "\n".join(array.tolist()).encode(errors="surrogatepass")
    return np.ascontiguousarray(array).data if array.size else b""
