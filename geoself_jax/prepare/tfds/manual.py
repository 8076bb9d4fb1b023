"""What of a data set the user has to get, where its files lie, and that they are the right ones."""

import hashlib
import importlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from geoself_jax.core.errors import (
    INPUT_OUTPUT,
    GeoselfError,
    data_error,
    missing_error,
    nearest_name,
    usage_error,
)
from geoself_jax.data.files import load_text, npz
from geoself_jax.data.tfds.records import ManualFile, Splits
from geoself_jax.prepare.clip import Clip, ReadOptions
from geoself_jax.prepare.datasets.prepared import check_arrays

Notice = Callable[[str], None]


@dataclass(frozen=True)
class DataSet:
    """A data set whose files the user brings.

    Attributes:
        title: For people.
        instructions: What to get, from where, under what terms, and the files' names.
        patterns: Of its files in the folder they are in.
        reader: Module of `geoself_jax.prepare.datasets`, or None where the files are prepared.
        together: Patterns of the files that the reader takes in one call; none: the folder.
        by_name: Its files can also be named one by one.
        subjects: People of each split; empty: everybody.
    """

    title: str
    instructions: str
    patterns: tuple[str, ...]
    reader: str | None
    together: tuple[tuple[str, ...], ...]
    by_name: bool
    subjects: Mapping[str, tuple[str, ...]]


DATA_SETS = {
    "geoself_human36m": DataSet(
        title="Human3.6M, 2D detections in VideoPose3D's layout",
        instructions="Agree to Human3.6M's licence (http://vision.imar.ro/human3.6m); make or get "
        "VideoPose3D's files (github.com/facebookresearch/VideoPose3D, DATASETS.md): one "
        "data_2d_h36m_<detector>.npz, and for evaluation data_3d_h36m.npz, in one folder.",
        patterns=("data_2d_h36m_*.npz", "data_3d_h36m.npz"),
        reader="videopose3d",
        together=(("data_2d_h36m_*.npz", "data_3d_h36m.npz"),),
        by_name=True,
        subjects={
            "train": ("S1", "S5", "S6", "S7", "S8"),
            "test": ("S9", "S11"),
            "unlabeled": ("S2", "S3", "S4"),
        },
    ),
    "geoself_mpi_inf_3dhp": DataSet(
        title="MPI-INF-3DHP",
        instructions="Agree to the licence of MPI-INF-3DHP (vcai.mpi-inf.mpg.de/3dhp-dataset, "
        "research only); its scripts get S1 ... S8 with Seq1, Seq2 in them, each with annot.mat "
        "and camera.calibration, and for evaluation TS1 ... TS6 with annot_data.mat.",
        patterns=(*("S*/Seq*/annot.mat", "S*/Seq*/camera.calibration", "**/TS*/annot_data.mat"),),
        reader="mpi_inf_3dhp",
        together=(("S*/Seq*/annot.mat",), ("TS*/annot_data.mat",)),
        by_name=False,
        subjects={
            "train": tuple(f"S{i}" for i in range(1, 9)),
            "test": tuple(f"TS{i}" for i in range(1, 7)),
        },
    ),
    "geoself_aist": DataSet(
        title="AIST++",
        instructions="Agree to the terms of AIST++ (google.github.io/aistplusplus_dataset, "
        "annotations CC BY 4.0); get its annotations: a folder with keypoints2d/*.pkl, "
        "cameras/*.json, cameras/mapping.txt, and for evaluation keypoints3d/*.pkl.",
        patterns=(
            *("keypoints2d/*.pkl", "cameras/*.json", "cameras/mapping.txt"),
            *("keypoints3d/*.pkl", "ignore_list.txt"),
        ),
        reader="aist",
        together=(),
        by_name=False,
        subjects={"train": ()},
    ),
    "geoself_prepared": DataSet(
        title="Prepared recordings",
        instructions="Bring .npz files of format geoself-multiview/1, as `geoself prepare` writes; "
        "each becomes a split of its file's name.",
        patterns=("*.npz",),
        reader=None,
        together=(("*.npz",),),
        by_name=True,
        subjects={},
    ),
}


def find(name: str, folder: Path) -> list[Path]:
    """The files of a data set in a folder, sorted.

    Raises:
        GeoselfError: None is there (66); several detectors' files (64).
    """
    data_set = DATA_SETS[name]
    found = sorted({path for pattern in data_set.patterns for path in folder.glob(pattern)})
    first = [group[0] for group in data_set.together] or [data_set.patterns[0]]
    if not any(_is_one(path, first) for path in found):
        what = f"has no {' and no '.join(first)}" if folder.is_dir() else "no such folder"
        raise missing_error(str(folder), what, data_set.instructions)
    rivals = [path.name for path in found if path.match("data_2d_h36m_*.npz")]
    if len(rivals) > 1:
        raise usage_error(
            f"{folder} has {', '.join(rivals)}",
            "a data set is built of one detector's file",
            "name it and data_3d_h36m.npz by --input=FILE",
        )
    return found


def read_splits(name: str, folder: Path, files: Sequence[Path], notice: Notice) -> Splits:
    """Arrays of each split that the files have.

    Args:
        name: Of the data set.
        folder: The files are in.
        files: As from `find`.
        notice: Receives one line for each thing that is left out or assumed.

    Raises:
        GeoselfError: As the reader of the data set and `assemble`.
    """
    data_set = DATA_SETS[name]
    if data_set.reader is None:
        return _prepared(files)
    from geoself_jax.prepare.assemble import assemble

    reader = importlib.import_module(f"geoself_jax.prepare.datasets.{data_set.reader}")
    clips: dict[str, list[Clip]] = {split: [] for split in data_set.subjects}
    unknown: dict[str, None] = {}
    calls = _calls(data_set, folder, files)
    for clip in (
        c for paths in calls for c in reader.read(paths, ReadOptions(notice=notice)).clips
    ):
        split = next(
            (s for s, who in data_set.subjects.items() if not who or clip.subject in who), None
        )
        if split is None:
            unknown[clip.subject] = None
        else:
            clips[split].append(clip)
    if unknown:
        notice(f"left out, in no split: subjects {', '.join(unknown)}")
    made: Splits = {}
    for split in data_set.subjects:
        if chosen := clips.pop(split):
            made[split] = assemble(chosen)
    if not made:
        raise data_error(str(folder), "no clip of any split", data_set.instructions)
    for split, arrays in made.items():
        check_arrays(f"{folder} ({split})", arrays)
    return made


def _calls(data_set: DataSet, folder: Path, files: Sequence[Path]) -> list[list[Path]]:
    """What the reader of the data set is given, a call after the other."""
    if not data_set.together:
        return [[folder]]
    groups = [[f for f in files if _is_one(f, group)] for group in data_set.together]
    return [group for group in groups if group]


def _is_one(path: Path, patterns: Sequence[str]) -> bool:
    return any(path.match(pattern) for pattern in patterns)


def _prepared(files: Sequence[Path]) -> Splits:
    made: Splits = {}
    for path in files:
        split = re.sub(r"\W", "_", path.stem, flags=re.ASCII)
        if split in made or split == "all" or not split[0].isalpha():
            raise usage_error(
                f"{path}: a split named {split!r}",
                "wanted one each, a letter first, and not `all`",
                "rename the file",
            )
        made[split] = npz.read_arrays(path)
        check_arrays(str(path), made[split])
    return made


def describe(folder: Path, files: Sequence[Path]) -> list[ManualFile]:
    """Name below the folder, size and SHA-256 of each file.

    Raises:
        GeoselfError: No such file (66); it cannot be read (74).
    """
    described = []
    for path in files:
        inside = path.is_relative_to(folder)
        name = path.relative_to(folder).as_posix() if inside else path.name
        try:
            with path.open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
            described.append(ManualFile(name, path.stat().st_size, digest))
        except FileNotFoundError as error:
            raise missing_error(str(path), "no such file", "check the path") from error
        except OSError as error:
            why = error.strerror or str(error)
            raise GeoselfError(
                str(path), why, "check the file and the disk", INPUT_OUTPUT
            ) from error
    return described


def compare(described: Sequence[ManualFile], checksums: Path) -> None:
    """The files are those of a list that `sha256sum` wrote.

    Raises:
        GeoselfError: A file is another one or is not in the list; not such a list (65).
    """
    wanted: dict[str, str] = {}
    for number, line in enumerate(load_text(checksums).splitlines(), 1):
        match = re.fullmatch(r"([0-9a-fA-F]{64}) [ *](.+)", line)
        if line.strip() and not match:
            raise data_error(
                f"{checksums}: line {number}", "wanted SHA256  NAME", "write it with sha256sum"
            )
        if match:
            wanted[match[2].removeprefix("./")] = match[1].lower()
    for file in described:
        if file.name not in wanted:
            near = nearest_name(file.name, wanted) if wanted else "it is empty"
            raise data_error(
                f"{checksums}: no line for {file.name}",
                f"its SHA-256 is {file.sha256}; {near}",
                "name the files as they are below the folder",
            )
        if wanted[file.name] != file.sha256:
            raise data_error(
                f"{file.name}: SHA-256 {file.sha256}",
                f"{checksums} wants {wanted[file.name]}",
                "get the file again; it is damaged or of another version",
            )
