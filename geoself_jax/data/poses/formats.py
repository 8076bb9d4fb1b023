"""Poses written to and read from files, by extension or format (docs/pose_files.md)."""

from collections.abc import Callable, Collection
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import numpy as np

from geoself_jax.core.errors import DATA, GeoselfError, data_error, nearest_name, usage_error
from geoself_jax.core.notices import silent
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.poses import (
    anipose_file,
    bvh_file,
    c3d_file,
    csv_file,
    deeplabcut_file,
    json_file,
    npz_file,
    nwb_file,
    nwb_packages,
    sleap_anipose_file,
    trc_file,
)
from geoself_jax.data.poses.guess_units import METRES
from geoself_jax.data.poses.markers import as_markers, marker_set, scaling_range
from geoself_jax.data.poses.orientation import AS_IS, rotation, turned
from geoself_jax.data.poses.sequence import FILLED, PoseSequence
from geoself_jax.data.poses.session import session_of


def _nothing() -> None:
    """Nothing is required."""


class Format(NamedTuple):
    """A file format.

    Attributes:
        module: Has `write(poses, path)`, and `read(path)` where it is read.
        up: How poses are turned on writing unless said otherwise (`orientation.turned`).
        writes: What else `write` takes, of `before`, `turn`, `metres`, `session`, `markers` and
            `notice`.
        reads: What else `read` takes, of `skeleton`, `up`, `fps`, `metres` and `notice`; None where
            the format is written only.
        ending: Of the file's name, where the format is chosen by its own name.
        require: Makes sure that the packages that write it are there.
        holds: What else of a sequence it holds, of `marks` and `contact`.
    """

    module: ModuleType
    up: str
    writes: tuple[str, ...] = ()
    reads: tuple[str, ...] | None = ()
    ending: str = ""
    require: Callable[[], None] = _nothing
    holds: tuple[str, ...] = ()


FORMATS = {
    ".npz": Format(npz_file, AS_IS, holds=("marks", "contact")),
    ".csv": Format(csv_file, AS_IS, reads=("skeleton", "up", "notice"), holds=("marks",)),
    ".json": Format(json_file, AS_IS, holds=("marks", "contact")),
    ".trc": Format(trc_file, "y", writes=("notice", "markers"), reads=("skeleton", "up", "notice")),
    ".c3d": Format(c3d_file, "z", writes=("notice",), reads=None, require=c3d_file.require),
    ".bvh": Format(bvh_file, "y", writes=("notice",), reads=None),
    ".nwb": Format(
        nwb_file,
        "z",
        writes=("before", "turn", "session", "notice"),
        reads=None,
        require=nwb_packages.require,
        holds=("marks",),  # as confidences of 0
    ),
    "anipose": Format(
        anipose_file,
        "z",
        writes=("before", "turn", "metres", "notice"),
        reads=("skeleton", "up", "fps", "metres", "notice"),
        ending=".csv",
        holds=("marks",),  # as scores of 0, as in .nwb
    ),
    "deeplabcut": Format(
        deeplabcut_file,
        "z",
        writes=("metres",),
        reads=None,
        ending=".h5",
        require=deeplabcut_file.require,
    ),
    "sleap-anipose": Format(
        sleap_anipose_file,
        "z",
        writes=("metres",),
        reads=None,
        ending=".h5",
        holds=("marks",),
    ),
}
"""By the end of a file's name, of which the longest that fits counts; by the name of a program
where several write that ending, which has to be asked for."""

USUAL_UP = {ending: format.up for ending, format in FORMATS.items() if not format.ending}
MARKED = (".trc", ".c3d")
"""Files whose joints can be markers of a musculoskeletal model (`markers.MARKER_SETS`)."""
READ = tuple(ending for ending in USUAL_UP if FORMATS[ending].reads is not None)
NAMED = tuple(name for name, format in FORMATS.items() if format.ending)
USUAL_UNIT = "mm"
"""Of files that do not say theirs: what animal laboratories' calibration boards are measured in."""


def check_writable(
    path: Path | str,
    *,
    format: str | None = None,
    unit: str | None = None,
    session_start: datetime | str | None = None,
    subject: str | None = None,
    markers: str | None = None,
) -> None:
    """Makes sure that a file of that name can be written, before the work is done.

    Args:
        path, format, unit, session_start, subject, markers: As of `write_poses`.

    Raises:
        GeoselfError: Another extension, format, unit or set of markers, no start of a session that
            needs one, or a package is not installed (64).
    """
    chosen = _chosen(path, format, FORMATS)
    if markers is not None:
        _check_markers(path, chosen, markers)
    session_of(path, session_start, subject, taken="session" in chosen.writes)
    if unit is not None:
        _metres(path, unit, "metres" in chosen.writes)
    chosen.require()


def write_poses(
    poses: PoseSequence,
    path: Path | str,
    *,
    format: str | None = None,
    up: str | None = None,
    unit: str | None = None,
    session_start: datetime | str | None = None,
    subject: str | None = None,
    markers: str | None = None,
    notice: Callable[[str], None] = silent,
) -> None:
    """Writes a sequence in the format of the file's extension, or not at all.

    Args:
        poses: One person in one video.
        path: .npz, .csv, .json, .trc (OpenSim), .c3d, .bvh or .nwb; or that of a format.
        format: One of `NAMED` where several programs' files have that extension; None for ours.
        up: `y`, `z` or `as-is` (`orientation.turned`); None for the format's usual (`FORMATS`).
        unit: `m`, `cm` or `mm`, of a format whose files do not say it; None for `USUAL_UNIT`.
        session_start: When the video's frame 0 was, with a time zone (ISO 8601 as text): required
            of .nwb, of no other format.
        subject: Who was recorded, of .nwb; None for the sequence's own, empty to name nobody.
        markers: Of .trc and .c3d, for OpenSim: one of `MARKER_SETS`, or `pose2sim`; the joints that
            are its markers are written by its names, and no frame without any (`as_markers`).
        notice: Receives a message for whatever the format cannot hold.

    Raises:
        GeoselfError: Another extension, format, `up`, `unit` or `markers`, no `session_start` where
            it is required, or a package is not installed (64); no sequence, or one that the format
            cannot hold (65); the disk refuses (74).
    """
    if not isinstance(poses, PoseSequence):
        what = f"poses of type {type(poses).__name__}"
        raise data_error(what, "wanted one PoseSequence", "write each sequence to its own file")
    chosen = _chosen(path, format, FORMATS)
    session = session_of(path, session_start, subject, taken="session" in chosen.writes)
    check_writable(
        path,
        format=format,
        unit=unit,
        session_start=session_start,
        subject=subject,
        markers=markers,
    )
    if markers is not None:
        poses = as_markers(poses, markers, notice)
    missing = np.isnan(poses.pose).any(-1, keepdims=True)
    whole = poses.replace(pose=np.where(missing, np.float32(np.nan), poses.pose))
    up, unit = up or chosen.up, unit or USUAL_UNIT
    known = {
        "before": whole,
        "turn": rotation(whole, up),
        "metres": METRES[unit],
        "session": session,
        "markers": markers is not None,
        "notice": notice,
    }
    options = {name: known[name] for name in chosen.writes}
    chosen.module.write(turned(whole, up), Path(path), **options)
    _say_lost(poses, path, chosen, notice)
    if markers is not None:
        notice(f"{path}: {scaling_range(poses, gaps='markers' not in chosen.writes)}")
    if "metres" in chosen.writes:
        notice(f"{path}: lengths are in {unit}, which the file cannot say")


def _say_lost(
    poses: PoseSequence, path: Path | str, chosen: Format, notice: Callable[[str], None]
) -> None:
    """A line on marks and contacts that the format cannot hold."""
    said = {
        "marks": poses.marks is not None and bool((poses.marks >= FILLED).any()),
        "contact": poses.contact is not None and bool(poses.contact.any()),
    }
    words = {"marks": "which joints were filled or rejected", "contact": "which feet rest"}
    lost = [words[name] for name, there in said.items() if there and name not in chosen.holds]
    if lost:
        notice(f"{path}: {' and '.join(lost)} is not in the file; .npz and .json hold it")


def read_poses(
    path: Path | str,
    *,
    format: str | None = None,
    skeleton: Skeleton | None = None,
    up: str | None = None,
    fps: float | None = None,
    unit: str | None = None,
    notice: Callable[[str], None] = silent,
) -> PoseSequence:
    """Reads a sequence in the format of the file's extension.

    Args:
        path: .npz, .csv, .json or .trc.
        format: `anipose` for its .csv; None for ours.
        skeleton: Of a .csv or .trc, whose files name joints and no bones; None to infer it.
        up: Direction such as `z`, `-y` or `0.1,0.2,0.97` of a .csv or .trc; None for y in a .trc,
            and to guess it from the body in a .csv.
        fps: Frames per second of anipose's .csv, which does not say it.
        unit: `m`, `cm` or `mm` of anipose's .csv, which does not say it.
        notice: Receives a message where a file contradicts itself, or its body is huge.

    Raises:
        GeoselfError: Another extension or format, or one that needs `fps` and `unit` (64), missing
            (66), damaged (65).
    """
    chosen = _chosen(path, format, [name for name in FORMATS if FORMATS[name].reads is not None])
    takes = chosen.reads or ()
    known = {
        "skeleton": skeleton,
        "up": up,
        "fps": _fps(path, fps, "fps" in takes),
        "metres": _metres(path, unit, "metres" in takes),
        "notice": notice,
    }
    path = Path(path)
    try:
        poses: PoseSequence = chosen.module.read(path, **{name: known[name] for name in takes})
    except GeoselfError as error:
        if str(path) in str(error) or error.code != DATA:
            raise
        raise data_error(f"{path}: {error}", "", "") from error
    return poses


def _chosen(path: Path | str, name: str | None, known: Collection[str]) -> Format:
    """The format of that name, or of the file's ending."""
    if name is None:
        return FORMATS[_extension(path, known)]
    if name not in NAMED:
        raise usage_error(f"format {name!r}", "no such format", nearest_name(name, NAMED))
    ending = FORMATS[name].ending
    if Path(path).suffix.lower() != ending:
        raise usage_error(str(path), f"{name} has files {ending}", "end the file's name so")
    if name not in known:
        raise usage_error(str(path), f"{name} is written, not read", "read what lift wrote as .npz")
    return FORMATS[name]


def _check_markers(path: Path | str, chosen: Format, markers: str) -> None:
    marker_set(markers)
    if chosen not in [FORMATS[ending] for ending in MARKED]:
        why = f"only {' and '.join(MARKED)} have markers"
        do = "write such a file, or leave the markers out"
        raise usage_error(f"{path}: --markers={markers} (markers=)", why, do)


def _extension(path: Path | str, known: Collection[str]) -> str:
    name = Path(path).name.lower()
    fitting = [ending for ending in USUAL_UP if name.endswith(ending)]
    extension = max(fitting, key=len) if fitting else Path(name).suffix
    if extension not in known:
        several = [name for name in NAMED if FORMATS[name].ending == extension]
        if set(several) & set(known):
            why = f"{' and '.join(several)} write {extension}"
            raise usage_error(str(path), why, f"say which: --out-format={several[0]} (format=)")
        written = f"{extension} is written, not read" if fitting or several else "no such format"
        endings = [ending for ending in known if ending in USUAL_UP]
        raise usage_error(str(path), written, f"known: {', '.join(endings)}")
    return extension


def _metres(path: Path | str, unit: str | None, taken: bool) -> float:
    """Length of the unit of a file that does not say it; 1 of others."""
    if not taken and unit is not None:
        raise usage_error(f"{path}: unit {unit!r}", "the format has its own unit", "leave it out")
    if taken and unit not in METRES:
        found = "its unit is not in the file" if unit is None else f"unit {unit!r}"
        wanted = f"wanted one of {', '.join(METRES)}"
        raise usage_error(f"{path}: {found}", wanted, "set --poses-unit (unit=)")
    return METRES[unit] if taken and unit is not None else 1.0


def _fps(path: Path | str, fps: float | None, taken: bool) -> float | None:
    """Frames per second of a file that does not say them."""
    if not taken and fps is not None:
        raise usage_error(f"{path}: fps {fps:g}", "the file says it itself", "leave it out")
    if taken and not (fps is not None and np.isfinite(fps) and fps > 0):
        found = "its frame rate is not in the file" if fps is None else f"fps {fps:g}"
        raise usage_error(f"{path}: {found}", "wanted a number above 0", "set --poses-fps (fps=)")
    return fps
