"""AIST++: dancers seen by nine cameras, a detector's COCO joints with scores, 60 pictures a second.

A folder with `keypoints2d/<sequence>.pkl` (keypoints2d (9, T, 17, 3): x, y, score, NaN possible),
`cameras/mapping.txt` (a line: sequence, environment), `cameras/<environment>.json`, and for
evaluation `keypoints3d/<sequence>.pkl` (centimetres, in the same joints).
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from geoself_jax.data.calibrations import aist as cameras
from geoself_jax.data.clips import Clip, Reading, ReadOptions
from geoself_jax.data.datasets.choices import chosen, chosen_truth
from geoself_jax.data.datasets.shapes import array_of
from geoself_jax.data.rig import Rig
from geoself_jax.data.skeletons import COCO_17
from geoself_jax.errors import data_error, missing_error
from geoself_jax.safe_load import load_pickle, load_text

FPS = 60.0
VIEWS = 9
METRES = 0.01
"""The files' unit, centimetres."""

GENRES = {
    "gBR": "break",
    "gPO": "pop",
    "gLO": "lock",
    "gMH": "middle hip-hop",
    "gLH": "LA hip-hop",
    "gHO": "house",
    "gWA": "waack",
    "gKR": "krump",
    "gJS": "street jazz",
    "gJB": "ballet jazz",
}
ODD_VIEWS = {
    "gBR_sBM_cAll_d04_mBR0_ch01": (4, "is not synchronized with the others"),
    "gJB_sBM_cAll_d07_mJB3_ch05": (6, "has pictures of 640 x 480, not as calibrated"),
}
"""Views that are left out, by sequence, and why."""

TRUTHS = ("keypoints3d_optim", "keypoints3d")
IGNORED = "ignore_list.txt"


def recognize(path: Path) -> str | None:
    """Why the folder is one of AIST++, or None."""
    there = (path / "keypoints2d").is_dir() and (path / "cameras/mapping.txt").is_file()
    return "a folder with keypoints2d and cameras/mapping.txt" if there else None


def read(paths: Sequence[Path], options: ReadOptions) -> Reading:
    """The sequences of one or several folders.

    The ground truth, where its files are there, was triangulated by the publishers from these very
    detections: for evaluation with care.

    Raises:
        GeoselfError: A file is missing (66) or bad (65); asked for what is not there (64).
    """
    kind = chosen_truth(options.truth, TRUTHS, "AIST++")
    found = [(path, name) for path in paths for name in _sequences(path, options)]
    people = chosen("subject", options.subjects, (_person(n) for _, n in found), "these files")
    dances = chosen("action", options.actions, (_dance(n) for _, n in found), "these files")
    kept = [(p, n) for p, n in found if _person(n) in people and _dance(n) in dances]
    return Reading(len(kept), _clips(kept, kind, options))


def _sequences(path: Path, options: ReadOptions) -> list[str]:
    """Names of the sequences of a folder, those that AIST++ says to ignore left out."""
    if not recognize(path):
        raise missing_error(
            f"{path}: no keypoints2d/ and cameras/mapping.txt", "AIST++ has both", "check the path"
        )
    names = sorted(file.stem for file in (path / "keypoints2d").glob("*.pkl"))
    if not names:
        raise missing_error(f"{path}/keypoints2d: no .pkl file", "AIST++ has 1408", "unpack it")
    listed = path / IGNORED
    ignored = set(load_text(listed).split()) if listed.is_file() else set()
    left_out = [name for name in names if name in ignored]
    if left_out:
        options.notice(f"{path}: {len(left_out)} sequences of {IGNORED} left out")
    return [name for name in names if name not in ignored]


def _person(sequence: str) -> str:
    """The dancer: d04 of gBR_sBM_cAll_d04_mBR0_ch01."""
    parts = [part for part in sequence.split("_") if part[:1] == "d" and part[1:].isdecimal()]
    return parts[0] if parts else "unknown"


def _dance(sequence: str) -> str:
    code = sequence.split("_")[0]
    return GENRES.get(code, code)


def _clips(
    found: Sequence[tuple[Path, str]], kind: str | None, options: ReadOptions
) -> Iterator[Clip]:
    mappings = {path: _environments(path) for path in dict.fromkeys(path for path, _ in found)}
    rigs: dict[Path, Rig] = {}
    for path, name in found:
        environment = mappings[path].get(name)
        if environment is None:
            raise data_error(
                f"{path}/cameras/mapping.txt: no line for {name}", "which cameras saw it?", "add it"
            )
        file = path / "cameras" / f"{environment}.json"
        if file not in rigs:
            rigs[file] = cameras.read(file, notice=options.notice)
            if rigs[file].views != VIEWS:
                raise data_error(
                    f"{file}: {rigs[file].views} cameras", f"wanted {VIEWS}", "take AIST++'s own"
                )
        yield _clip(path, name, rigs[file], kind, options)


def _environments(path: Path) -> dict[str, str]:
    """Environment by sequence."""
    pairs = {}
    file = path / "cameras/mapping.txt"
    for number, line in enumerate(load_text(file).splitlines(), 1):
        words = line.split()
        if len(words) not in (0, 2) or any("/" in word or ".." in word for word in words):
            raise data_error(f"{file}: line {number}", "wanted SEQUENCE ENVIRONMENT", "mend it")
        if words:
            pairs[words[0]] = words[1]
    return pairs


def _clip(path: Path, name: str, rig: Rig, kind: str | None, options: ReadOptions) -> Clip:
    file = path / "keypoints2d" / f"{name}.pkl"
    content = load_pickle(file, max_bytes=options.max_bytes)
    found = content.get("keypoints2d") if isinstance(content, dict) else None
    joints = COCO_17.joints
    values = array_of(found, (VIEWS, None, joints, 3), f"{file}: keypoints2d").swapaxes(0, 1)
    pixels, score = values[..., :2].astype(np.float32), values[..., 2].astype(np.float32)
    missing = ~np.isfinite(values).all(-1)
    if name in ODD_VIEWS:
        view, why = ODD_VIEWS[name]
        options.notice(f"{name}: camera {rig.camera_names[view]} {why}: left out")
        missing[:, view] = True
    pixels[missing], score[missing] = np.nan, 0
    pixels[score == 0] = np.nan
    pose = _truth(path, name, kind, len(pixels), options)
    taken = slice(None, None, options.every)
    views = list(range(VIEWS))
    if options.cameras is not None:
        views = [rig.camera_names.index(c) for c in rig.select(options.cameras).camera_names]
        rig = rig.select(options.cameras)
    return Clip(
        name=name,
        action=_dance(name),
        subject=_person(name),
        rig=rig,
        skeleton=COCO_17,
        fps=FPS / options.every,
        keypoints_2d=pixels[taken, views],
        confidence=score[taken, views],
        frame_id=np.arange(len(pixels[taken]), dtype=np.int32),
        pose_world=None if pose is None else pose[taken],
    )


def _truth(
    path: Path, name: str, kind: str | None, frames: int, options: ReadOptions
) -> np.ndarray | None:
    file = path / "keypoints3d" / f"{name}.pkl"
    if kind is None or not file.is_file():
        return None
    content = load_pickle(file, max_bytes=options.max_bytes)
    found = content.get(kind) if isinstance(content, dict) else None
    pose = array_of(found, (frames, COCO_17.joints, 3), f"{file}: {kind}")
    return (pose * METRES).astype(np.float32)
