"""Training sequences of MPI-INF-3DHP: S1..S8/Seq1..2, seen by 14 cameras."""

import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from geoself_jax.core.errors import data_error, missing_error
from geoself_jax.data import files as safe_load
from geoself_jax.data.rig import Rig
from geoself_jax.data.skeletons import MPI_INF_3DHP_28
from geoself_jax.prepare.calibrations import mpi_inf_3dhp as calibration
from geoself_jax.prepare.clip import Clip, Reading, ReadOptions
from geoself_jax.prepare.datasets.choices import chosen, chosen_truth
from geoself_jax.prepare.datasets.shapes import array_of

CHEST_HEIGHT = ("0", "2", "4", "7", "8")
"""The five cameras at chest height, which the community trains with."""
FPS = 25
"""The rate all sequences are brought to."""
AGREE_MM = 2.0
"""Cameras whose joints are further apart in the world contradict each other."""
TRUTHS = ("annot3", "univ_annot3")
JOINTS = MPI_INF_3DHP_28.joints
# Frames and frames per second of (subject, sequence): util/mpii_get_sequence_info.m.
_VIDEOS = {
    (1, 1): (6416, 25),
    (1, 2): (12430, 50),
    (2, 1): (6502, 25),
    (2, 2): (6081, 25),
    (3, 1): (12488, 50),
    (3, 2): (12283, 50),
    (4, 1): (6171, 25),
    (4, 2): (6675, 25),
    (5, 1): (12820, 50),
    (5, 2): (12312, 50),
    (6, 1): (6188, 25),
    (6, 2): (6145, 25),
    (7, 1): (6239, 25),
    (7, 2): (6320, 25),
    (8, 1): (6468, 25),
    (8, 2): (6054, 25),
}


def read(files: Sequence[Path], options: ReadOptions) -> Reading:
    """Reads sequences, one clip each: `S1/Seq1`, action `Seq1` (a sequence has four activities).

    `annot2` are projections of the ground truth, not detections: confidence 1, and missing where
    they fall outside the image. Lens distortion is negligible. Ground truth
    `annot3` is in each camera's frame, in millimetres: the first camera's is moved to the world,
    and the others must agree with it. `univ_annot3`, of a skeleton of one size for all, does not
    project onto the pixels; the first camera's is taken. Sequences of 50 frames per second are
    thinned out to 25.

    Args:
        files: annot.mat of each, with camera.calibration in the same folder.
        options: `actions` are sequences, `Seq1` or `Seq2`.

    Raises:
        GeoselfError: No calibration (66); another layout, or cameras that contradict each other
            (65); unknown names asked for (64).
    """
    where = "the folders given"
    truth = chosen_truth(options.truth, TRUTHS, "MPI-INF-3DHP")
    names = [_place(file) for file in files]
    subjects = chosen("subject", options.subjects, (f"S{s}" for s, _ in names), where)
    actions = chosen("action", options.actions, (f"Seq{q}" for _, q in names), where)
    wanted = [
        (file, subject, sequence)
        for file, (subject, sequence) in zip(files, names, strict=True)
        if f"S{subject}" in subjects and f"Seq{sequence}" in actions
    ]
    if not wanted:
        raise data_error("MPI-INF-3DHP: no sequence", "none matches the selection", "choose others")
    options.notice("annot2 are projected ground truth, not detections: confidence 1")
    if any(_VIDEOS[subject, sequence][1] > FPS for _, subject, sequence in wanted):
        options.notice(f"sequences of 50 frames per second are thinned out to {FPS}")
    if truth is not None:
        options.notice(f"ground truth: {truth}")
    return Reading(len(wanted), (_clip(*place, truth, options) for place in wanted))


def _place(file: Path) -> tuple[int, int]:
    """Subject and sequence, by the names of the folders."""
    folder = file.resolve().parent
    subject = re.fullmatch(r"S([1-8])", folder.parent.name)
    sequence = re.fullmatch(r"Seq([12])", folder.name)
    if not subject or not sequence:
        raise data_error(
            f"{file}: folders {folder.parent.name}/{folder.name}",
            "whose sequence it is, and its frame rate, follow from S1..S8/Seq1..Seq2",
            "name the folders as the data set does",
        )
    return int(subject[1]), int(sequence[1])


def _clip(file: Path, subject: int, sequence: int, truth: str | None, options: ReadOptions) -> Clip:
    rig = _rig(file, f"S{subject}/Seq{sequence}", options)
    keys = ["annot2", "cameras", *(["annot3"] if truth else [])]
    names = [*keys, truth] if truth and truth not in keys else keys
    content = safe_load.load_matlab(file, names=names, max_bytes=options.max_bytes)
    cells = _cells_of(file, content, rig)
    annot2 = [_cell(file, content, "annot2", cell, 2) for cell in cells]
    _check_lengths(file, "annot2", rig, annot2, len(annot2[0]))
    length, fps = _VIDEOS[subject, sequence]
    at = slice(0, length, fps // FPS * options.every)
    keypoints_2d = np.stack([pixels[at] for pixels in annot2], 1).astype(np.float32)
    outside = ~_inside(keypoints_2d, rig.image_size)
    keypoints_2d[outside] = np.nan
    pose = None
    if truth is not None:
        annot3 = [_cell(file, content, "annot3", cell, 3) for cell in cells]
        _check_lengths(file, "annot3", rig, annot3, len(annot2[0]))
        _check_agreement(file, rig, annot3, at)
        kind = _cell(file, content, truth, cells[0], 3)
        _check_lengths(file, truth, rig, [kind], len(annot2[0]))
        pose = _world(rig, 0, kind[at]).astype(np.float32)
    return Clip(
        name=f"S{subject}/Seq{sequence}",
        action=f"Seq{sequence}",
        subject=f"S{subject}",
        rig=rig,
        skeleton=MPI_INF_3DHP_28,
        fps=FPS / options.every,
        keypoints_2d=keypoints_2d,
        confidence=np.where(outside, 0, 1).astype(np.float32),
        frame_id=np.arange(len(keypoints_2d), dtype=np.int32),
        pose_world=pose,
    )


def _rig(file: Path, name: str, options: ReadOptions) -> Rig:
    """The selected cameras, from the calibration in the folder of the annotations."""
    path = file.parent / "camera.calibration"
    if not path.is_file():
        raise missing_error(
            f"{path}: no such file", "the sequence's cameras are in it", "put it next to annot.mat"
        )
    rig = dataclasses.replace(calibration.read(path, notice=options.notice), name=name)
    cameras = chosen("camera", options.cameras or CHEST_HEIGHT, rig.camera_names, str(path))
    return rig.select(cameras)


def _cells_of(file: Path, content: dict[str, Any], rig: Rig) -> list[int]:
    """Which cell of the annotations is which camera's: `cameras`, where present."""
    there = content.get("cameras")
    numbers = list(range(14))
    if isinstance(there, np.ndarray) and there.dtype.kind in "iuf" and there.size:
        numbers = [int(n) for n in there.ravel()]
    for name in rig.camera_names:
        if not name.isdigit() or int(name) not in numbers:
            raise data_error(
                f"{file}: no annotations of camera {name}",
                f"they are of {', '.join(map(str, numbers))}",
                "choose other cameras (--cameras)",
            )
    return [numbers.index(int(name)) for name in rig.camera_names]


def _cell(file: Path, content: dict[str, Any], key: str, index: int, axes: int) -> np.ndarray:
    """One camera's rows (T, 28, axes) out of a cell array (14, 1)."""
    cells = content.get(key)
    cells = cells if isinstance(cells, list) else []
    cells = [c[0] if isinstance(c, list) and len(c) == 1 else c for c in cells]
    if len(cells) == 1 and isinstance(cells[0], list):
        cells = cells[0]
    if not 0 <= index < len(cells):
        raise data_error(
            f"{file}: {key} has {len(cells)} cells",
            "wanted one a camera",
            "take annot.mat as it was published",
        )
    rows = array_of(cells[index], (None, JOINTS * axes), f"{file}: {key}, cell {index}")
    return rows.reshape(-1, JOINTS, axes)


def _check_lengths(
    file: Path, key: str, rig: Rig, cells: Sequence[np.ndarray], wanted: int
) -> None:
    for name, cell in zip(rig.camera_names, cells, strict=False):
        if len(cell) != wanted:
            raise data_error(
                f"{file}: {key} of camera {name} has {len(cell)} rows",
                f"annot2 of camera {rig.camera_names[0]} has {wanted}",
                "take annot.mat as it was published",
            )


def _inside(pixels: np.ndarray, image_size: np.ndarray) -> np.ndarray:
    """Whether each joint lies inside the image: (T, V, J)."""
    return np.asarray(((pixels >= 0) & (pixels < image_size[:, None, :])).all(-1))


def _world(rig: Rig, view: int, pose_mm: np.ndarray) -> np.ndarray:
    """Joints in a camera's frame, millimetres, moved to the world, metres."""
    return pose_mm * 0.001 @ rig.R[view] + rig.center[view]


def _check_agreement(file: Path, rig: Rig, annot3: Sequence[np.ndarray], at: slice) -> None:
    """All cameras place the joints where the first one does."""
    pose = _world(rig, 0, annot3[0][at])
    for view in range(1, rig.views):
        apart = np.linalg.norm(_world(rig, view, annot3[view][at]) - pose, axis=-1) * 1000
        if not (apart <= AGREE_MM).all():
            worst = np.argmax(np.nan_to_num(apart, nan=np.inf))
            frame, joint = np.unravel_index(worst, apart.shape)
            raise data_error(
                f"{file}: annot3 of camera {rig.camera_names[view]} lies {apart[frame, joint]:.1f} "
                f"mm from that of camera {rig.camera_names[0]}, row {frame * at.step}, joint "
                f"{MPI_INF_3DHP_28.joint_names[joint]}",
                f"wanted less than {AGREE_MM:g} mm once both are in the world",
                "check that camera.calibration is of the same sequence",
            )
