"""How many exchanges of left and right are found, and how many sound limbs are changed.

    python -m benchmarks.exchanges --data synthetic:test ../shared/data/cmu_h36m_rig/dev.npz
    python -m benchmarks.exchanges --data clip.npz

Limbs are counted by frame and camera. With ground truth a limb is exchanged where its detections
fit the joints' twins better, by 5 px; "changed wrongly" is a limb that was changed and is farther
from the truth than before. "sound" is the same recording after its exchanges are undone by the
truth: nothing is to be found there. Each is looked for in all cameras together and in each alone;
with --every=2 in every second frame. Without ground truth the residual of triangulation is shown.
"""

import argparse
import dataclasses
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np

from geoself_jax.data.exchanged_limbs import exchanged_back
from geoself_jax.data.exchanged_views import find_in_each_view, find_in_views
from geoself_jax.data.limb_pairs import limb_pairs
from geoself_jax.data.recording import Recording
from geoself_jax.data.sources import load
from geoself_jax.data.triangulated import triangulate_frames
from geoself_jax.geometry.camera import project, world_to_camera
from geoself_jax.runtime import cli
from geoself_jax.runtime.workdir import write_json

CLEARLY_PX = 5.0
WIDE_PX = 30.0
"""Twins so far apart in the image are distinguished in spite of a detector's noise."""


WAYS: dict[str, Callable[[Recording], np.ndarray]] = {
    "together": find_in_views,
    "alone": lambda recording: find_in_each_view(recording)[0],
}


def with_exchanged(recording: Recording, joints: np.ndarray) -> Recording:
    """The recording with joints taken from their twins."""
    return dataclasses.replace(
        recording,
        keypoints_2d=exchanged_back(recording.keypoints_2d, joints, recording.skeleton),
        confidence=exchanged_back(recording.confidence, joints, recording.skeleton),
    )


def by_limb(recording: Recording, exact: np.ndarray) -> dict[str, tuple[Any, ...]]:
    """Of each limb its joints, px (T, V) by which it fits its twin better, and twins' distance."""
    mirror = list(recording.skeleton.mirror)
    pixels = recording.keypoints_2d
    now = np.linalg.norm(pixels - exact, axis=-1)
    then = np.linalg.norm(pixels[:, :, mirror] - exact, axis=-1)
    wide = np.linalg.norm(exact[:, :, mirror] - exact, axis=-1)
    found = {}
    for limb, pairs in limb_pairs(recording.skeleton).items():
        own = np.array(pairs).ravel()
        found[limb] = (
            own,
            np.nan_to_num(np.nanmedian((now - then)[..., own], -1)),
            np.nan_to_num(np.nanmean((now - then)[..., own], -1)),
            np.nanmedian(wide[..., own], -1),
        )
    return found


def projected(recording: Recording, points: np.ndarray) -> np.ndarray:
    """(T, V, J, 2) px of world points in all cameras."""
    camera = recording.cameras_of(slice(None)).on_device()
    seen = jax.jit(lambda x: project(world_to_camera(x[:, None], camera), camera.K))
    return np.asarray(seen(np.asarray(points, np.float32)))


def residual_px(recording: Recording) -> np.ndarray:
    """(T, V, J) px between detections and the triangulated joints."""
    camera = type(recording.camera)(*(a[recording.rig_id] for a in recording.camera))
    points = triangulate_frames(recording.keypoints_2d, recording.confidence, camera)
    return np.linalg.norm(projected(recording, points) - recording.keypoints_2d, axis=-1)


def against_truth(recording: Recording, exact: np.ndarray) -> list[dict[str, Any]]:
    """Rows of what is found in a recording and in the same one without exchanges."""
    limbs = by_limb(recording, exact)
    undone = np.zeros(recording.confidence.shape, bool)
    for own, median, _, _ in limbs.values():
        undone[..., own] = (median > CLEARLY_PX)[..., None]
    rows = []
    for name, one in (("as it is", recording), ("sound", with_exchanged(recording, undone))):
        limbs = by_limb(one, exact)
        for way, find in WAYS.items():
            start = time.perf_counter()
            joints = find(one)
            row: dict[str, Any] = {"recording": name, "way": way}
            row["seconds"] = time.perf_counter() - start
            row |= dict.fromkeys(("limbs", "exchanged", "found", "wide", "wide found"), 0)
            row |= {"changed": 0, "changed wrongly": 0}
            for own, median, mean, wide in limbs.values():
                true, changed = median > CLEARLY_PX, joints[..., own].any(-1)
                clear = true & (wide > WIDE_PX)
                row["limbs"] += true.size
                row["exchanged"] += int(true.sum())
                row["found"] += int((true & changed).sum())
                row["wide"] += int(clear.sum())
                row["wide found"] += int((clear & changed).sum())
                row["changed"] += int(changed.sum())
                row["changed wrongly"] += int((changed & (mean < 0)).sum())
            rows.append(row)
    return rows


def against_cameras(recording: Recording) -> list[dict[str, Any]]:
    """Rows of the residual before and after, by camera."""
    before = residual_px(recording)
    rows = []
    for way, find in WAYS.items():
        joints = find(recording)
        after = residual_px(with_exchanged(recording, joints))
        for view, name in enumerate(recording.camera_names):
            row: dict[str, Any] = {"camera": name, "way": way}
            row["frames changed"] = int(joints[:, view].any(-1).sum())
            for when, error in (("before", before), ("after", after)):
                row[f"median px {when}"] = float(np.nanmedian(error[:, view]))
                row[f"p95 px {when}"] = float(np.nanquantile(error[:, view], 0.95))
            rows.append(row)
        rows.append({"camera": "all", "way": way, "frames changed": int(joints.any((1, 2)).sum())})
        rows[-1]["median px before"] = float(np.nanmedian(before))
        rows[-1]["median px after"] = float(np.nanmedian(after))
    return rows


def table(rows: list[dict[str, Any]]) -> str:
    """Rows as text with columns."""
    names = list(dict.fromkeys(key for row in rows for key in row))
    cells = [names] + [[_cell(row.get(name)) for name in names] for row in rows]
    widths = [max(len(line[i]) for line in cells) for i in range(len(names))]
    return "\n".join(
        "  ".join(cell.rjust(w) for cell, w in zip(line, widths, strict=True)) for line in cells
    )


def _cell(value: Any) -> str:
    return "" if value is None else f"{value:.1f}" if isinstance(value, float) else str(value)


def main(argv: Sequence[str]) -> int:
    """Command line."""
    parser = cli.Parser(
        prog="python -m benchmarks.exchanges",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", nargs="+", required=True)
    parser.add_argument("--frames", type=int, default=8000, help="of synthetic data (8000)")
    parser.add_argument("--every", type=int, default=1, help="take every n-th frame (1)")
    parser.add_argument("--json", type=Path, help="JSON to write")
    flags, overrides = cli.parse(parser, argv)
    cli.refuse_overrides(overrides)
    found = {}
    for name in flags.data:
        recording = load(name, synthetic_frames=flags.frames)
        if flags.every > 1:
            kept = np.flatnonzero(recording.frame_id % flags.every == 0)
            recording = recording.select(kept)
            thin = recording.frame_id // flags.every
            fps = recording.fps / flags.every
            recording = dataclasses.replace(recording, frame_id=thin, fps=fps)
        truth = recording.pose_world
        if truth is None or truth.shape[1] != recording.skeleton.joints:
            rows = against_cameras(recording)
        else:
            rows = against_truth(recording, projected(recording, truth))
        shape = f"{recording.frames} frames, {recording.views} cameras, {recording.fps:g} fps"
        print(f"{name}: {shape}\n{table(rows)}\n", flush=True)
        found[name] = rows
    if flags.json:
        write_json(flags.json, found)
    return 0


if __name__ == "__main__":
    cli.run(main)
