"""The built-in people as a lab would have recorded them: a folder a person, files a detector's."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from geoself_jax.core.errors import WORKDIR, GeoselfError, usage_error
from geoself_jax.core.partial import writing
from geoself_jax.data.files import npz
from geoself_jax.data.synthetic import generate
from geoself_jax.data.synthetic.camera_ring import draw_rig
from geoself_jax.prepare.lab_files import clip_of, write_openpose, write_pose2sim

Arrays = dict[str, np.ndarray]

NAMES = (
    *("anna", "bela", "carl", "dora", "emil", "fara", "gero", "hana", "ivan", "jule"),
    *("kurt", "lena"),
)
"""Names of the training subjects."""

NEW = "mona"
"""Name of the held-out subject, who is in `test`."""

TRAIN, TEST = "train", "test"
CALIBRATION, TRUTH = "Calib.toml", "truth.npz"
ABSENCE = 25
"""Empty frames between two actions of a person: half a second."""

_LONG = 15_000
"""Frames: enough for every action to finish."""

_STREAM = 3  # of random numbers, in addition to those of the people
_PER_FRAME = ("keypoints_2d", "confidence", "pose_world")


def write_example(
    folder: Path, *, people: int, frames: int, seed: int, notice: Callable[[str], None]
) -> None:
    """Writes the example, or nothing.

    `Calib.toml` is Pose2Sim's, of all cameras. `train` and `test` hold one folder per person, with
    OpenPose's folder of JSON files for each camera, with Human3.6M's 17 joints. `truth.npz` is
    the prepared recording of `test` with its exact 3D joints.

    Args:
        folder: Must not be there.
        people: Training subjects, at most as many as `NAMES`; one more is in `test`.
        frames: Instants of them all together; `test` has a tenth as many.
        seed: The same seed writes the same files.
        notice: Receives the name of the person being written.

    Raises:
        GeoselfError: Too many people for so few frames (64); the folder is there (73); the disk
            refuses (74).
    """
    if folder.exists():
        raise GeoselfError(
            str(folder), "is there already; nothing in it was touched", "name another", WORKDIR
        )
    recordings = dict(_recordings(people, frames, seed))
    with writing(folder) as place:
        for path, arrays in recordings.items():
            notice(path)
            _write_recording(place / path, arrays)
        new = recordings[f"{TEST}/{NEW}"]
        npz.write_arrays(place / TRUTH, new)
        write_pose2sim(place / CALIBRATION, new["camera_names"].tolist(), clip_of(new, 0))


def _recordings(people: int, frames: int, seed: int) -> Iterator[tuple[str, Arrays]]:
    """One recording a person, by its place in the folder."""
    rig = draw_rig(np.random.default_rng([seed, _STREAM]))
    arrays = generate("train", frames, seed, subjects=people, rig=rig)
    for subject in range(people):
        if not (arrays["subject_id"] == subject).any():
            raise usage_error(
                f"--frames={frames}", f"not enough for --people={people}", "raise the first"
            )
        yield f"{TRAIN}/{NAMES[subject]}", recording_of(arrays, subject, NAMES[subject])
    wanted = max(frames // 10, 1)
    arrays = generate("test", min(_LONG, 13 * wanted), seed, subjects=1, rig=rig)
    yield f"{TEST}/{NEW}", _first(recording_of(arrays, 0, NEW), wanted)


def recording_of(arrays: Arrays, subject: int, name: str) -> Arrays:
    """All that one person does as one clip, who leaves the room in between.

    Args:
        arrays: Of format geoself-multiview/1, with ground truth.
        subject: Who of them.
        name: Of the person and of the clip from now on.
    """
    at = np.flatnonzero(arrays["subject_id"] == subject)
    starts, start = np.zeros(len(at), int), 0
    for clip in np.unique(arrays["clip_id"][at]):
        inside = arrays["clip_id"][at] == clip
        starts[inside] = start
        start += int(arrays["frame_id"][at][inside].max()) + 1 + ABSENCE
    rig = int(arrays["rig_id"][at[0]])
    only = {key: arrays[key][rig : rig + 1] for key in ("K", "R", "center", "image_size")}
    lens = np.where(np.arange(5) == 4, 0, arrays["dist"][rig : rig + 1])  # Pose2Sim has no k3
    nothing = np.zeros(len(at), np.int32)
    return {
        **{key: array for key, array in arrays.items() if key not in (*_PER_FRAME, "occluded")},
        **{key: arrays[key][at] for key in _PER_FRAME},
        **only,
        "dist": lens,
        "frame_id": (starts + arrays["frame_id"][at]).astype(np.int32),
        **dict.fromkeys(("clip_id", "subject_id", "rig_id"), nothing),
        **{key: np.array([name]) for key in ("clip_names", "clip_actions", "subject_names")},
        "rig_names": np.array(["Calib"]),
    }


def _first(arrays: Arrays, frames: int) -> Arrays:
    """The first frames of a recording."""
    cut = (*_PER_FRAME, "frame_id", "clip_id", "subject_id", "rig_id")
    return {key: array[:frames] if key in cut else array for key, array in arrays.items()}


def _write_recording(folder: Path, arrays: Arrays) -> None:
    """One person's: `CAMERA_json/*.json`."""
    clip = clip_of(arrays, 0)
    for view, name in enumerate(arrays["camera_names"].tolist()):
        write_openpose(folder, name, clip["keypoints_2d"][:, view], clip["confidence"][:, view])
