"""The test set of MPI-INF-3DHP: TS1..TS6, one camera, for evaluation."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from geoself_jax.core.errors import data_error
from geoself_jax.data import files as safe_load
from geoself_jax.data.rig import Rig
from geoself_jax.data.skeletons import MPI_INF_3DHP_17
from geoself_jax.geometry.lenses import Lens
from geoself_jax.prepare.clip import Clip, Reading, ReadOptions
from geoself_jax.prepare.datasets.choices import chosen, chosen_truth
from geoself_jax.prepare.datasets.mpi_inf_3dhp_training import FPS, TRUTHS
from geoself_jax.prepare.datasets.shapes import array_of

ACTIVITIES = (
    "Standing/Walking",
    "Exercise",
    "Sitting",
    "Reaching/Crouching",
    "On the Floor",
    "Sports",
    "Miscellaneous",
)
"""By `activity_annotation`, from 1."""
IMAGE_SIZE = {n: (2048, 2048) if n <= 4 else (1920, 1080) for n in range(1, 7)}
FITS_PX = 5.0
"""A median error of reprojection from which pixels and joints do not belong together."""


class _Sequence(NamedTuple):
    file: Path
    number: int
    frame: np.ndarray  # (N,) of the valid frames
    activity: np.ndarray  # (N,)
    annot2: np.ndarray  # (N, 17, 2) px
    annot3: np.ndarray  # (N, 17, 3) mm, camera
    truth: np.ndarray | None


def read(files: Sequence[Path], options: ReadOptions) -> Reading:
    """Reads the valid frames, one clip for each activity of a sequence: `TS1/Sitting`.

    There is no calibration: K is what fits `annot2` to `annot3` best, the world is the camera's
    frame. Nothing can be trained from one view. `annot2` are not detections: confidence 1.

    Args:
        files: annot_data.mat of each sequence.
        options: `subjects` are TS1..TS6, `actions` activities.

    Raises:
        GeoselfError: Another layout, pixels that do not belong to the joints (65); unknown names
            asked for (64).
    """
    truth = chosen_truth(options.truth, TRUTHS, "MPI-INF-3DHP's test set")
    numbers = [_number(file) for file in files]
    asked = chosen("subject", options.subjects, (f"TS{n}" for n in numbers), "the folders given")
    chosen("camera", options.cameras, ("0",), "MPI-INF-3DHP's test set")
    wanted = [(f, n) for f, n in zip(files, numbers, strict=True) if f"TS{n}" in asked]
    sequences = [_sequence(file, number, truth, options) for file, number in wanted]
    actions = chosen("action", options.actions, ACTIVITIES, "MPI-INF-3DHP's test set")
    parts = [
        (sequence, action)
        for sequence in sequences
        for action in actions
        if (sequence.activity == ACTIVITIES.index(action) + 1).any()
    ]
    options.notice("one view: for evaluation, not for training; annot2 are not detections")
    options.notice(f"the files do not hold the frame rate: {FPS} per second is assumed")
    if truth is not None:
        options.notice(f"ground truth: {truth}")
    return Reading(len(parts), _clips(parts, options))


def _clips(parts: Sequence[tuple[_Sequence, str]], options: ReadOptions) -> Iterator[Clip]:
    rigs: dict[int, Rig] = {}
    for sequence, action in parts:
        if sequence.number not in rigs:
            rigs[sequence.number] = _rig(sequence, options)
        at = sequence.activity == ACTIVITIES.index(action) + 1
        at &= sequence.frame % options.every == 0
        pixels = sequence.annot2[at, None].astype(np.float32)
        truth = sequence.truth
        yield Clip(
            name=f"TS{sequence.number}/{action}",
            action=action,
            subject=f"TS{sequence.number}",
            rig=rigs[sequence.number],
            skeleton=MPI_INF_3DHP_17,
            fps=FPS / options.every,
            keypoints_2d=pixels,
            confidence=np.where(np.isfinite(pixels).all(-1), 1, 0).astype(np.float32),
            frame_id=(sequence.frame[at] // options.every).astype(np.int32),
            pose_world=None if truth is None else (truth[at] * 0.001).astype(np.float32),
        )


def _number(file: Path) -> int:
    """Which of TS1..TS6, by the folder's name."""
    folder = file.resolve().parent.name
    found = re.fullmatch(r"TS([1-6])", folder)
    if not found:
        raise data_error(
            f"{file}: folder {folder}",
            "the image size follows from the name, TS1 to TS6",
            "name the folder as the data set does",
        )
    return int(found[1])


def _sequence(file: Path, number: int, truth: str | None, options: ReadOptions) -> _Sequence:
    """The valid frames of a sequence."""
    names = ["valid_frame", "activity_annotation", "annot2", "annot3", *({truth or "annot3"})]
    content = safe_load.load_hdf5(
        file, names=list(dict.fromkeys(names)), max_bytes=options.max_bytes
    )
    annot2 = array_of(content.get("annot2"), (None, 1, 17, 2), f"{file}: annot2")[:, 0]
    frames = len(annot2)

    def joints(key: str) -> np.ndarray:
        return array_of(content.get(key), (frames, 1, 17, 3), f"{file}: {key}")[:, 0]

    def column(key: str) -> np.ndarray:
        return array_of(content.get(key), (frames, 1), f"{file}: {key}")[:, 0]

    valid = np.flatnonzero(column("valid_frame") == 1)
    activity = column("activity_annotation")[valid]
    unknown = np.flatnonzero(~np.isin(activity, np.arange(1, len(ACTIVITIES) + 1)))
    if unknown.size:
        raise data_error(
            f"{file}: activity_annotation {activity[unknown[0]]:g} in frame {valid[unknown[0]]}",
            f"wanted 1 to {len(ACTIVITIES)}",
            "take annot_data.mat as it was published",
        )
    kept = None if truth is None else joints(truth)[valid]
    return _Sequence(file, number, valid, activity, annot2[valid], joints("annot3")[valid], kept)


def _rig(sequence: _Sequence, options: ReadOptions) -> Rig:
    """The camera whose frame is the world; its K fitted by least squares."""
    K, off = _fitted(sequence.annot2, sequence.annot3)
    if not off <= FITS_PX:
        raise data_error(
            f"{sequence.file}: annot3 projects {off:.1f} px from annot2",
            f"wanted a median below {FITS_PX:g} px for the best focal length and middle",
            "take annot_data.mat as it was published",
        )
    options.notice(
        f"TS{sequence.number}: focal length {K[0, 0]:.0f} x {K[1, 1]:.0f} px, middle "
        f"({K[0, 2]:.0f}, {K[1, 2]:.0f}), fitted to its joints within {off:.2f} px (median)"
    )
    return Rig(
        name=f"TS{sequence.number}",
        camera_names=("0",),
        K=K[None],
        lenses=(Lens(),),
        R=np.eye(3)[None],
        center=np.zeros((1, 3)),
        image_size=np.array([IMAGE_SIZE[sequence.number]], np.int32),
        world_up=np.array([0.0, -1.0, 0.0]),
    )


def _fitted(pixels: np.ndarray, joints: np.ndarray) -> tuple[np.ndarray, float]:
    """K without skew that projects joints to pixels best, and the median error in pixels."""
    there = np.isfinite(pixels).all(-1) & np.isfinite(joints).all(-1) & (joints[..., 2] > 0)
    u, x = pixels[there].astype(np.float64), joints[there].astype(np.float64)
    if len(u) < 2:
        return np.eye(3), np.inf
    K, off = np.eye(3), np.zeros(len(u))
    for axis in range(2):
        A = np.stack([x[:, axis] / x[:, 2], np.ones(len(x))], -1)
        (K[axis, axis], K[axis, 2]), *_ = np.linalg.lstsq(A, u[:, axis], rcond=None)
        off += (A @ K[axis, [axis, 2]] - u[:, axis]) ** 2
    return K, float(np.median(np.sqrt(off)))
