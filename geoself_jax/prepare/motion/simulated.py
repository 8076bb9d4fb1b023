"""Motion files seen by a rig that was not there: clips with modelled detections and known poses."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from geoself_jax.core.errors import data_error, missing_error, nearest_name, usage_error
from geoself_jax.core.skeleton import H36M_17
from geoself_jax.data.rig import Rig
from geoself_jax.prepare.clip import Clip, Reading, ReadOptions
from geoself_jax.prepare.motion.asf_amc import read_amc
from geoself_jax.prepare.motion.bvh import read_bvh
from geoself_jax.prepare.motion.mapping import Table, read_table, to_h36m_17
from geoself_jax.prepare.motion.recorded import Motion
from geoself_jax.prepare.motion.room import Room, placed, resampled, room_of, segments
from geoself_jax.prepare.motion.views import Views, simulate

__all__ = ["Views", "read", "simulate"]

SUFFIXES = (".bvh", ".amc")
SHORTEST = 1.0
"""Seconds of a segment; shorter ones are left out."""

FASTEST = 18.0
"""Metres per second; a segment with a faster joint has a glitch and is left out."""

_HEAD, _ANKLES = H36M_17.joint_names.index("head"), (3, 6)


def read(
    paths: Sequence[Path],
    options: ReadOptions,
    *,
    rig: Rig,
    fps: float,
    seed: int = 0,
    unit: str | None = None,
) -> Reading:
    """Clips of motion files, seen through a rig by the detector model.

    Each motion is brought to `fps` and cut where the pelvis leaves the space that all cameras see;
    a segment is centred there, turned by a random angle and stood on the floor. Instants with a
    joint outside any image are left out. The reading's `total` counts files: a file gives none,
    one or several clips, `NAME#0` and so on.

    Args:
        paths: .bvh and .amc files or folders of them; an .amc file's .asf next to it or among the
            paths; a .toml among them names the joints (`mapping.read_table`).
        options: `cameras` of the rig; `actions` are names of files, `subjects` folders, or what
            comes before CMU's `_NN`.
        rig: The cameras, in any world.
        fps: Of the clips.
        seed: Of angles and detections.
        unit: Of the files (`recorded.UNITS`); None for AMC's own; BVH has none.

    Raises:
        GeoselfError: No motion file, or no .asf (66); a damaged file, unknown joints, lenses the
            model has not (65); no such camera, subject or action (64).
    """
    rig = rig if options.cameras is None else rig.select(options.cameras)
    wanted = _wanted(_files(paths), options)
    tables = [read_table(path) for path in paths if path.suffix.lower() == ".toml"]
    room = room_of(rig)
    _tell(rig, room, options)
    clips = (
        clip
        for i, file in wanted
        for clip in _clips(
            file,
            _motion(file, paths, unit, options),
            tables[0] if tables else None,
            rig,
            room,
            fps,
            (seed, i),
            options,
        )
    )
    return Reading(len(wanted), clips)


def _wanted(files: Sequence[Path], options: ReadOptions) -> list[tuple[int, Path]]:
    """Number and path of the files that are asked for."""
    _check_asked("subject", options.subjects, [_subject(file) for file in files])
    _check_asked("action", options.actions, [file.stem for file in files])
    _check_asked("truth", None if options.truth is None else [options.truth], ["none"])
    wanted = [
        (i, file)
        for i, file in enumerate(files)
        if _asked(options.subjects, _subject(file)) and _asked(options.actions, file.stem)
    ]
    if not wanted:
        raise usage_error("--subjects, --actions", "no motion file has these", "choose others")
    return wanted


def _tell(rig: Rig, room: Room, options: ReadOptions) -> None:
    options.notice(
        f"rig {rig.name} was not there: its views are SIMULATED from the motion, with modelled "
        f"detections, within {room.radius:.1f} m of where the cameras look"
    )
    if room.guessed:
        options.notice(f"the floor is taken to be at height {room.floor:.2f} m of the rig's world")


def _files(paths: Sequence[Path]) -> list[Path]:
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            files += sorted(p for p in path.rglob("*") if p.suffix.lower() in SUFFIXES)
        elif path.suffix.lower() in SUFFIXES:
            files.append(path)
    if not files:
        raise missing_error(
            f"{', '.join(map(str, paths)) or 'motion'}: no {' or '.join(SUFFIXES)} file",
            "wanted motion files",
            "give files, or a folder of them",
        )
    return list(dict.fromkeys(files))


def _subject(file: Path) -> str:
    """`02` of CMU's 02_01, else the folder's name."""
    cmu = re.fullmatch(r"(\d+)_\d+", file.stem)
    return cmu[1] if cmu else file.resolve().parent.name


def _check_asked(kind: str, asked: Sequence[str] | None, there: Sequence[str]) -> None:
    for name in asked or ():
        if name not in there:
            raise usage_error(
                f"{kind} {name!r}",
                "no motion file has it",
                nearest_name(name, dict.fromkeys(there)),
            )


def _asked(wanted: Sequence[str] | None, name: str) -> bool:
    return wanted is None or name in wanted


def _motion(file: Path, paths: Sequence[Path], unit: str | None, options: ReadOptions) -> Motion:
    if file.suffix.lower() == ".bvh":
        return read_bvh(file, unit, notice=options.notice, max_bytes=options.max_bytes)
    asf = _asf(file, paths)
    return read_amc(file, asf, unit, notice=options.notice, max_bytes=options.max_bytes)


def _asf(file: Path, paths: Sequence[Path]) -> Path:
    """The skeleton of an .amc file: the one given, of the same subject, or the only one there."""
    folders = [p for p in (file.parent, file.resolve().parent.parent) if p.is_dir()]
    there = [p for p in paths if p.suffix.lower() == ".asf"]
    there += [p for folder in folders for p in sorted(folder.iterdir()) if _is_asf(p)]
    named = [p for p in there if p.stem in (file.stem, _subject(file))]
    distinct = list(dict.fromkeys(p.resolve() for p in there))
    if named or len(distinct) == 1:
        return (named or there)[0]
    found = "none is there" if not there else f"which of {len(distinct)} is unknown"
    raise missing_error(
        f"{file}: its skeleton, {_subject(file)}.asf",
        f"{found}: angles need it",
        "put it next to the .amc file",
    )


def _is_asf(path: Path) -> bool:
    return path.suffix.lower() == ".asf"


def _clips(
    file: Path,
    motion: Motion,
    table: Table | None,
    rig: Rig,
    room: Room,
    fps: float,
    seed: tuple[int, int],
    options: ReadOptions,
) -> Iterator[Clip]:
    pose = to_h36m_17(motion, file, table, notice=options.notice)
    upright = _upright(file, pose, options)
    # The root is left out: some files have it in the room's middle.
    lowest = float((motion.positions[:, 1:] @ upright[2]).min())
    pose = resampled(pose @ upright.T, motion.fps, fps)
    left_out = frames = 0
    for number, part in enumerate(segments(pose[:, 0, :2], room.radius)):
        segment, count = pose[part], len(pose[part])
        frames += count
        if count < SHORTEST * fps or _glitches(segment, fps):
            left_out += count
            continue
        rng = np.random.default_rng([*seed, number])
        world = placed(segment, lowest, room, rng)
        views = simulate(world, rig, fps, [*seed, number, 1])
        left_out += int((~views.inside).sum())
        taken = np.flatnonzero(views.inside)
        taken = taken[taken % options.every == 0]
        if taken.size:
            yield Clip(
                name=f"{file.stem}#{number}",
                action=file.stem,
                subject=_subject(file),
                rig=rig,
                skeleton=H36M_17,
                fps=fps / options.every,
                keypoints_2d=views.keypoints_2d[taken],
                confidence=views.confidence[taken],
                frame_id=(taken // options.every).astype(np.int32),
                pose_world=None if options.truth == "none" else world[taken].astype(np.float32),
            )
    if left_out:
        options.notice(
            f"{file}: {left_out} of {frames} instants left out: outside an image, in segments "
            f"under {SHORTEST:g} s, or with a joint above {FASTEST:g} m/s"
        )


def _upright(file: Path, pose: np.ndarray, options: ReadOptions) -> np.ndarray:
    """(3, 3) from the file's axes to z up: y is up in most files, z in some."""
    standing = np.median(pose[:, _HEAD] - pose[:, list(_ANKLES)].mean(1), 0)
    if standing[2] > 2 * abs(standing[1]):
        options.notice(f"{file}: people stand along z: took z for up")
        return np.eye(3)
    if abs(standing[1]) < 0.5 * float(np.linalg.norm(standing)):
        options.notice(f"{file}: nobody stands upright: took y for up")
    if standing[1] < -0.5 * float(np.linalg.norm(standing)):
        raise data_error(
            f"{file}: heads are below feet", "y is up in motion files", "export it with y up"
        )
    return np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])


def _glitches(pose: np.ndarray, fps: float) -> bool:
    speed = np.linalg.norm(np.diff(pose, axis=0), axis=-1) * fps
    return bool((speed > FASTEST).any())
