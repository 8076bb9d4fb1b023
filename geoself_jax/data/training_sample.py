"""A small sample of what a run was trained on: poses, and fingerprints of frames and clips.

`evaluate` measures by it how far poses are from those of training, and knows training data again.
"""

import hashlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

from geoself_jax.core.errors import data_error
from geoself_jax.core.skeleton import Skeleton, compared
from geoself_jax.data.files.npz import read_arrays, write_arrays
from geoself_jax.data.pose_novelty import (
    bone_lengths,
    spread_out,
    terms_of,
    total_bones,
    upright,
)
from geoself_jax.data.recording import Recording

FILE = "training_sample.npz"
FORMAT = "geoself-training-sample/1"
POSES, FRAMES = 1024, 1024
"""Most poses, and most frames whose detections are known again."""
MAX_BYTES = 2**20
_POSE_BYTES, _CANDIDATES, _VIEWS, _CLIPS = 160_000, 8192, 32_000, 4000
_OFF = 1.3  # times its usual length: such a bone is a fault of the triangulation
_FACTOR = 0x9E3779B97F4A7C15  # odd: its powers are the weights of a polynomial hash
_FARTHEST = 1e3  # in units of all bones: squares of more are not numbers
_PIXEL = 10  # parts of a pixel that are compared


class TrainingSample(NamedTuple):
    """What is kept of the frames that a run was trained on; no ground truth.

    Attributes:
        joint_names: Of the poses.
        poses: (poses, joints, 3) float32, triangulated, root-relative, z up, in units of all bones
            of the body together; none where no vertical is known or no pose is whole.
        bones: Length of all bones of the median training body together, metres.
        unit: The run's unit of length, metres: 1 of people.
        views: uint64, fingerprints of single views' detections.
        clips: uint64, fingerprints of the names of clips and their subjects.
    """

    joint_names: tuple[str, ...]
    poses: np.ndarray
    bones: float
    unit: float
    views: np.ndarray
    clips: np.ndarray


def sample_training(recording: Recording, world: np.ndarray, unit: float) -> TrainingSample:
    """Chooses the sample: half of the poses evenly spread in time, half far from each other.

    Args:
        recording: The frames that are trained on.
        world: (frames, joints, 3) triangulated, metres, world frame; NaN where missing.
        unit: `ModelConfig.metres`.
    """
    frames = np.unique(np.linspace(0, recording.frames - 1, FRAMES).astype(int))
    views = fingerprints(recording.keypoints_2d[frames])
    poses, bones = _poses(recording, world)
    return TrainingSample(
        recording.skeleton.joint_names,
        poses.astype(np.float16).astype(np.float32),
        bones,
        float(unit),
        np.unique(views[views > 0])[:_VIEWS],  # the smallest hashes: any of them
        np.unique(clip_fingerprints(recording))[:_CLIPS],
    )


def together(own: TrainingSample, earlier: TrainingSample) -> TrainingSample:
    """Returns the sample of a run that starts from an earlier one: of what both were trained on.

    Poses and detections of other joints cannot be compared: of those only the clips are added.

    Args:
        own: Of the run.
        earlier: Of what it starts from.
    """
    clips = np.union1d(own.clips, earlier.clips)[:_CLIPS]
    if compared(own.joint_names) != compared(earlier.joint_names):
        return own._replace(clips=clips)
    views = np.union1d(own.views, earlier.views)[:_VIEWS]
    own = own._replace(views=views, clips=clips)
    if not len(earlier.poses):
        return own
    chosen = earlier.poses[_evenly(len(earlier.poses), _most(len(own.joint_names)))]
    bones = own.bones if len(own.poses) else earlier.bones
    return own._replace(poses=np.concatenate([own.poses, chosen]), bones=bones)


def _poses(recording: Recording, world: np.ndarray) -> tuple[np.ndarray, float]:
    skeleton = recording.skeleton
    none = np.zeros((0, skeleton.joints, 3), np.float32), float("nan")
    if recording.world_up is None or not skeleton.bones:
        return none
    size = total_bones(world, recording.subject_id, skeleton)
    whole = np.flatnonzero(_sound(world, recording.subject_id, skeleton) & np.isfinite(size))
    if not len(whole):
        return none
    at = whole[_evenly(len(whole), _CANDIDATES)]
    poses = upright(world[at], size[at], recording.world_up, skeleton.root)
    count = _most(skeleton.joints)
    far = spread_out(terms_of(poses, skeleton.root), count // 2, np.array(skeleton.mirror))
    chosen = np.union1d(far, _evenly(len(at), count - len(far)))
    return poses[chosen], float(np.median(size[whole]))


def _most(joints: int) -> int:
    """Most poses that are kept of one recording."""
    return max(2, min(POSES, _POSE_BYTES // (6 * joints)))


def _evenly(total: int, most: int) -> np.ndarray:
    return np.unique(np.linspace(0, total - 1, most).astype(int))


def _sound(world: np.ndarray, subject_id: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """Whether each pose is whole and its bones are about as long as its subject's."""
    lengths = bone_lengths(world, skeleton)
    sound = np.isfinite(world).all((1, 2))
    for subject in np.unique(subject_id[sound]):
        own = sound & (subject_id == subject)
        ratio = lengths[own] / np.maximum(np.median(lengths[own], axis=0), 1e-12)
        sound[own] = ((ratio < _OFF) & (ratio > 1 / _OFF)).all(-1)
    return np.asarray(sound)


def fingerprints(keypoints_2d: np.ndarray) -> np.ndarray:
    """Returns a number for the detections of each view, the same for the same to 0.1 px.

    Args:
        keypoints_2d: (frames, views, joints, 2) pixels; NaN where missing.

    Returns:
        (frames, views) uint64; 0 where nobody is seen.
    """
    tenths = np.nan_to_num(np.round(keypoints_2d.astype(np.float64) * _PIXEL), nan=0.0)
    flat = tenths.clip(-1e9, 1e9).astype(np.int64).reshape(*tenths.shape[:2], -1).view(np.uint64)
    weights = np.cumprod(np.full(flat.shape[-1], _FACTOR, np.uint64), dtype=np.uint64)
    return np.asarray((flat * weights).sum(-1, dtype=np.uint64))


def clip_fingerprints(recording: Recording) -> np.ndarray:
    """Returns a number for each clip's name and subject, (clips,) uint64; 0 without frames."""
    found = np.zeros(len(recording.clip_names), np.uint64)
    clips, first = np.unique(recording.clip_id, return_index=True)
    for clip, frame in zip(clips, first, strict=True):
        subject = recording.subject_names[recording.subject_id[frame]]
        text = f"{subject}\n{recording.clip_names[clip]}".encode()
        digest = hashlib.blake2b(text, digest_size=8).digest()
        found[clip] = int.from_bytes(digest, "little")
    return found


def write_sample(path: Path, sample: TrainingSample) -> None:
    """Writes a sample as an .npz file, the poses in half precision.

    Raises:
        GeoselfError: The disk refuses (74).
    """
    arrays = {
        "format": np.array(FORMAT),
        "joint_names": np.array(sample.joint_names),
        "poses": sample.poses.astype(np.float16),
        "bones": np.array(sample.bones),
        "unit": np.array(sample.unit),
        "views": sample.views,
        "clips": sample.clips,
    }
    write_arrays(path, arrays)


_KINDS = {"poses": (3, "f"), "bones": (0, "f"), "unit": (0, "f"), "views": (1, "u")}
_KINDS |= {"clips": (1, "u"), "joint_names": (1, "U"), "format": (0, "U")}


def read_sample(folder: Path, skeleton: Skeleton) -> TrainingSample | None:
    """Reads the sample of a run or an export; None where it has none, as those of older versions.

    Args:
        folder: Of the run or export.
        skeleton: Of its networks.

    Raises:
        GeoselfError: The file is damaged, or of other joints (65).
    """
    path = folder / FILE
    if not path.exists():
        return None
    arrays = read_arrays(path, max_bytes=MAX_BYTES)
    do = f"copy {FILE} again, or remove it: evaluate then goes without"
    for name, (dimensions, kind) in _KINDS.items():
        array = arrays.get(name)
        if array is None or array.ndim != dimensions or array.dtype.kind != kind:
            raise data_error(f"{path}[{name}]", "missing, or of another kind", do)
    if str(arrays["format"]) != FORMAT:
        raise data_error(f"{path}: format {str(arrays['format'])!r}", f"wanted {FORMAT!r}", do)
    names = tuple(arrays["joint_names"].tolist())
    if compared(names) != compared(skeleton.joint_names):
        what = f"{path}: joints {', '.join(names[:3])} ..."
        raise data_error(what, "not the networks' joints", do)
    poses = arrays["poses"].astype(np.float32)
    bones, unit = float(arrays["bones"]), float(arrays["unit"])
    sized = len(poses) == 0 or (np.isfinite(bones) and bones > 0)
    if poses.shape[1:] != (len(names), 3) or not (np.abs(poses) < _FARTHEST).all():
        raise data_error(f"{path}[poses]", f"wanted finite (poses, {len(names)}, 3)", do)
    if not (sized and np.isfinite(unit) and unit > 0):
        raise data_error(f"{path}[bones], [unit]", "wanted lengths above 0", do)
    views, clips = (arrays[name].astype(np.uint64) for name in ("views", "clips"))
    return TrainingSample(names, poses, bones, unit, views, clips)
