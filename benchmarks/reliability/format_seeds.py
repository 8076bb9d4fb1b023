"""Whole files of each format, small, and the function that reads each: what `formats` mutates."""

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.reliability.lab import of_tests

Read = Callable[[Path], Any]


class Seed(NamedTuple):
    """A whole file.

    Attributes:
        path: It, or the one in a folder that is mutated.
        given: What is given to `read`: the file, or its folder.
        read: Reads it as a command does.
    """

    path: Path
    given: Path
    read: Read


def _detections(folder: Path) -> list[Seed]:
    from geoself_jax.data.skeletons import COCO_17
    from geoself_jax.prepare.detections import read_detections

    def read(path: Path) -> Any:
        return read_detections(path, skeleton=COCO_17, image_size=(1000, 1000))

    known, seeds = of_tests("detection_files"), []
    for number, (writer, name, *_) in enumerate(known.LAYOUTS.values()):
        place = folder / f"detections{number}"
        place.mkdir()
        found = writer(place / name, known.people(frames=9))
        path = sorted(found.iterdir())[0] if found.is_dir() else found
        seeds.append(Seed(path, found, read))
    return [*seeds, *_landmarks(folder), *_yolo(folder), *_all_cameras(folder)]


def _landmarks(folder: Path) -> list[Seed]:
    from geoself_jax.prepare.detections import read_detections

    def read(path: Path) -> Any:
        return read_detections(path, image_size=(1000, 1000))

    dice = np.random.default_rng(0)
    points = dice.uniform(0.1, 0.9, (4, 33, 4)).round(4)
    names = [f"{axis}{i}" for i in range(33) for axis in ("x", "y", "z", "v")]
    rows = [",".join(map(str, frame.ravel())) for frame in points]
    wide = folder / "landmarks.csv"
    wide.write_text(
        "\n".join([",".join(["frame", *names]), *(f"{i},{r}" for i, r in enumerate(rows))])
    )
    listed = [
        {"landmarks": [[dict(zip(("x", "y", "z", "visibility"), p, strict=True)) for p in frame]]}
        for frame in points.tolist()
    ]
    results = folder / "landmarks.json"
    results.write_text(json.dumps(listed))
    array = folder / "landmarks.npy"
    np.save(array, points.astype(np.float32))
    return [Seed(path, path, read) for path in (wide, results, array)]


def _yolo(folder: Path) -> list[Seed]:
    from geoself_jax.data.skeletons import COCO_17
    from geoself_jax.prepare.detections import read_detections

    def read(path: Path) -> Any:
        return read_detections(path, skeleton=COCO_17, image_size=(1000, 1000))

    dice, place = np.random.default_rng(0), folder / "yolo"
    place.mkdir()
    for frame in range(2):
        joints = dice.uniform(0.3, 0.6, (17, 3)).round(4).ravel().tolist()
        words = [0, 0.45, 0.45, 0.5, 0.5, *joints]
        (place / f"video_{frame + 1}.txt").write_text(" ".join(map(str, words)) + "\n")
    return [Seed(sorted(place.iterdir())[0], place, read)]


def _all_cameras(folder: Path) -> list[Seed]:
    from geoself_jax.prepare.detections import read_detections
    from geoself_jax.prepare.detections.all_cameras import split

    def read(path: Path) -> Any:
        return [read_detections(each) for each in split(path)]

    points = np.random.default_rng(0).uniform(100, 900, (2, 4, 17, 3)).round(3)
    array = folder / "yolo_2dData_numCams_numFrames_numTrackedPoints_pixelXY.npy"
    np.save(array, points)
    table = folder / "xy_POSE.csv"
    lines = [
        f"{frame},{camera},{frame / 30:.6f},0,{joint},{x:.6f},{y:.6f},,"
        for camera, frame, joint in np.ndindex(points.shape[:3])
        for x, y, _ in [points[camera, frame, joint]]
    ]
    header = "sync_index,cam_id,frame_time,object_id,keypoint_id,img_loc_x,img_loc_y,obj_loc_x,"
    table.write_text("\n".join([f"{header}obj_loc_y", *lines]))
    return [Seed(path, path, read) for path in (array, table)]


def _calibrations(folder: Path) -> list[Seed]:
    from geoself_jax.prepare.calibrations import read_calibration

    known = of_tests("calibration_files")
    seeds = []
    for name, write in known.WRITERS.items():
        place = folder / name
        place.mkdir()
        write(known.known_rig(), place)
        path = sorted(each for each in place.rglob("*") if each.is_file())[0]
        given = place if name in known.ONE_CAMERA else path
        unitless = ("anipose", "jarvis", "opencv", "dlt_lower", "dlt_upper")
        unit = "mm" if name in unitless else None
        read = functools.partial(read_calibration, unit=unit, image_size={"": (1000, 1002)})
        seeds.append(Seed(path, given, read))
    return seeds


def _poses(folder: Path) -> list[Seed]:
    from geoself_jax.data.poses.formats import read_poses, write_poses

    stepping = of_tests("stepping")
    poses, _ = stepping.lifted(stepping.steps(12)[0])
    seeds = []
    for name in ("poses.npz", "poses.csv", "poses.json", "poses.trc"):
        write_poses(poses, folder / name)
        seeds.append(Seed(folder / name, folder / name, read_poses))
    path = folder / "anipose.csv"
    write_poses(poses, path, format="anipose")

    def read(given: Path) -> Any:
        return read_poses(given, format="anipose", fps=50.0, unit="mm")

    return [*seeds, Seed(path, path, read), *_motions(folder, poses)]


def _motions(folder: Path, poses: Any) -> list[Seed]:
    from geoself_jax.data.poses.formats import write_poses
    from geoself_jax.prepare.motion.bvh import read_bvh

    path = folder / "motion.bvh"
    write_poses(poses, path)
    return [Seed(path, path, lambda given: read_bvh(given, "cm"))]


def _recordings(folder: Path) -> list[Seed]:
    from geoself_jax.data import recording

    arrays = of_tests("tiny").make_arrays()
    kept = np.arange(0, 240, 20)
    short = {
        name: array[kept] if array.shape[:1] == (240,) else array for name, array in arrays.items()
    }
    np.savez(folder / "recording.npz", allow_pickle=False, **short)
    np.savez_compressed(folder / "packed.npz", allow_pickle=False, **short)
    names = ("recording.npz", "packed.npz")
    return [Seed(folder / name, folder / name, recording.read) for name in names]


def _tables(folder: Path) -> list[Seed]:
    from geoself_jax.data.angles.angle_files import read_angles
    from geoself_jax.data.skeleton_files import read_skeleton_toml

    toml = folder / "skeleton.toml"
    toml.write_text(
        'joints = ["pelvis", "left_hip", "right_hip", "head"]\nroot = "pelvis"\n'
        'bones = [["pelvis", "left_hip"], ["pelvis", "right_hip"], ["pelvis", "head"]]\n'
        'left_right = [["left_hip", "right_hip"]]\nbody_metres = [0.5, 2.5]\n'
    )
    mot = folder / "angles.mot"
    head = "angles\nversion=1\nnRows=3\nnColumns=3\ninDegrees=yes\nendheader\n"
    mot.write_text(f"{head}time\tknee_angle_r\thip_flexion_r\n0.0\t1\t2\n0.1\t3\t4\n0.2\t5\t6\n")
    return [Seed(toml, toml, read_skeleton_toml), Seed(mot, mot, read_angles)]


def _own_json(folder: Path) -> list[Seed]:
    """What a run and an export say of themselves; `formats` gives the run's folder."""
    from geoself_jax.export.description import read_scores
    from geoself_jax.lift.exported import load_exported
    from geoself_jax.runtime.restore import load_trained
    from geoself_jax.runtime.workdir import MetricsLog

    run, export = folder / "run", folder / "export"

    def log(given: Path) -> None:
        MetricsLog(given, 10).close()

    (run / "evaluation.json").write_text(json.dumps(_SCORES))

    def scores(given: Path) -> Any:
        return read_scores(given, "last", load_trained(given))

    meta = next((run / "checkpoints/last").glob("*/meta/metadata"))
    seeds = [
        Seed(run / "run.json", run, load_trained),
        Seed(meta, run, load_trained),
        Seed(run / "metrics.jsonl", run, log),
        Seed(run / "evaluation.json", run, scores),
        Seed(export / "model.json", export, load_exported),
    ]
    others = sorted(
        p for p in (run / "checkpoints/last").rglob("*") if p.name in _ORBAX and p.is_file()
    )
    return [*seeds, *(Seed(path, run, load_trained) for path in others)]


_SCORES = {"checkpoint_step": 10, "mpjpe_mm": 321.5, "auc": None, "data": "tiny.npz"}
_ORBAX = ("_METADATA", "_CHECKPOINT_METADATA", "_sharding", "manifest.ocdbt", "array_metadatas")
KINDS: dict[str, tuple[Callable[[Path], list[Seed]], float]] = {
    "detections": (_detections, 0.36),
    "calibrations": (_calibrations, 0.30),
    "poses": (_poses, 0.2),
    "recordings": (_recordings, 0.06),
    "tables": (_tables, 0.07),
    "own JSON": (_own_json, 0.01),
}
"""How the whole files of a kind are made, and its share of all mutants."""
