"""Neurodata Without Borders, .nwb: NWB 2 with the extension ndx-pose, HDF5.

A container `PoseEstimation` in the processing module `behavior`, a row for each frame of the video
from 0 on. Readers that take the rate and drop `starting_time`, or count frames where there are
timestamps, so have the right times too.
"""

import hashlib
import io
import json
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import h5py
import numpy as np

from geoself_jax.core.errors import one_line
from geoself_jax.data.poses.atomic_write import whole_file
from geoself_jax.data.poses.frame_in_words import frame_in_words
from geoself_jax.data.poses.labels import one_word, say_changed
from geoself_jax.data.poses.nwb_packages import load
from geoself_jax.data.poses.nwb_parts import Rows, add_camera, estimation, rows_of, skeleton_of
from geoself_jax.data.poses.sequence import PoseSequence
from geoself_jax.data.poses.session import Session

if TYPE_CHECKING:
    from pynwb import NWBFile


def write(
    poses: PoseSequence,
    path: Path,
    *,
    before: PoseSequence,
    turn: np.ndarray,
    session: Session,
    notice: Callable[[str], None],
) -> None:
    """Writes a row for each frame of the video from 0 to the last, metres; NaN where missing.

    Args:
        poses: As they are written, turned.
        path: The file.
        before: The same before they were turned.
        turn: (3, 3) rotation that they were turned by.
        session: When it was, and of whom.
        notice: Receives a line on names that had to change.

    Raises:
        GeoselfError: No package pynwb or ndx-pose (64); no frame, or too many (65); the disk
            refuses, or the user's cache (74).
    """
    load()
    from pynwb import NWBHDF5IO

    names = _names(poses.skeleton.joint_names)
    why = "NWB's names have letters, digits, _, + and - alone"
    say_changed(path, why, poses.skeleton.joint_names, names, notice)
    if "/" in _subject(poses, session):
        notice(f"{path}: the subject is {_subject(poses, session)}; archives want no / in its name")
    rows = rows_of(poses, frame_in_words(poses, before, turn))
    memory = io.BytesIO()
    with h5py.File(memory, "w") as store, NWBHDF5IO(file=store, mode="w") as writer:
        writer.write(_whole(poses, names, rows, session))
    with whole_file(path, "wb") as stream:
        stream.write(memory.getbuffer())


def _names(joint_names: Sequence[str]) -> tuple[str, ...]:
    """Names that HDF5 can hold, in one group with all else that a PoseEstimation has."""
    from hdmf.utils import get_docval
    from ndx_pose import PoseEstimation

    taken = [argument["name"] for argument in get_docval(PoseEstimation.__init__)]
    return one_word([*taken, *joint_names], marks="+-")[len(taken) :]


def _whole(poses: PoseSequence, names: tuple[str, ...], rows: Rows, session: Session) -> "NWBFile":
    from ndx_pose import Skeletons
    from pynwb import NWBFile
    from pynwb.file import Subject

    subject = _subject(poses, session)
    about = (poses.action, poses.clip and f"clip {poses.clip}", subject and f"of {subject}")
    said = ", ".join(["3D joints over time", *(one_line(text) for text in about if text)])
    nwb = NWBFile(
        session_description=said,
        identifier=_identifier([said, session.start.isoformat(), *names], poses, rows),
        session_start_time=session.start,
        subject=Subject(subject_id=subject) if subject else None,
    )
    skeleton = skeleton_of(poses.skeleton, names, nwb.subject)
    module = nwb.create_processing_module("behavior", "3D joints over time")
    module.add(Skeletons(skeletons=[skeleton]))
    module.add(estimation(poses, rows, skeleton, add_camera(nwb, poses)))
    return nwb


def _subject(poses: PoseSequence, session: Session) -> str:
    """Who was recorded; empty where nobody's name is known."""
    return one_line(poses.subject if session.subject is None else session.subject).strip()


def _identifier(texts: Sequence[str], poses: PoseSequence, rows: Rows) -> str:
    """A UUID of what the file says: the same poses in the same session have the same one."""
    said = [*texts, rows.frame, poses.fps, poses.skeleton.parents]
    digest = hashlib.sha256(json.dumps(said).encode())
    digest.update(rows.places.tobytes())
    if rows.confidence is not None:
        digest.update(rows.confidence.tobytes())
    return str(uuid.uuid5(uuid.NAMESPACE_OID, digest.hexdigest()))
