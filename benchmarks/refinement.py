"""How well refined labels predict a camera that was left out: what their weights were chosen by.

    python -m benchmarks.refinement --data=../shared/data/cmu_h36m_rig/train.npz --frames=20000
    python -m benchmarks.refinement --data=synthetic:train

Each choice of weights refines the joints from all cameras but one and projects them into that one:
the confidence-weighted mean distance to its detections, each at most 50 px, over two cameras left
out. Last, how much of the detections' errors the labels have absorbed: what `augmentation.noise`
should be. No ground truth is needed; where there is some, the labels' root-relative error and the
true factor are printed too, for analysis. Three views are needed: two left are to triangulate.
With --smooth a recording with ground truth is detected again by the second model of a detector,
and its exchanges are undone: do the choices depend on the model?
"""

import argparse
import dataclasses
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.ablation.damage import damaged
from benchmarks.ablation.detector import REPAIRED
from geoself_jax.core.errors import data_error, usage_error
from geoself_jax.data.label_refinement import refine_labels
from geoself_jax.data.recording import Recording
from geoself_jax.data.sources import load
from geoself_jax.data.training_set import triangulate_in_units
from geoself_jax.geometry.camera import project, world_to_camera
from geoself_jax.runtime import cli
from geoself_jax.runtime.workdir import write_json

MOST_PX = 50.0
NO_BONES = 1e3
CHOICES: tuple[dict[str, Any], ...] = (
    {},
    {"bone_metres": NO_BONES},
    {"bone_metres": 0.003},
    {"bone_metres": 0.03},
    {"acceleration": 4.0},
    {"acceleration": 16.0},
    {"detection_px": 10.0},
    {"detection_px": 10.0, "bone_metres": 0.003},
)


def labels(recording: Recording, choice: dict[str, Any] | None) -> np.ndarray:
    """Refined with a choice of weights, or as triangulated for None."""
    points, unit = triangulate_in_units(recording)
    if choice is not None:
        points = refine_labels(recording.scaled(1 / unit), points, **choice)
    return points * np.float32(unit)


def errors_px(recording: Recording, found: np.ndarray) -> np.ndarray:
    """(frames, views, joints): distance of labels' images to the detections."""
    camera = recording.cameras_of(slice(None)).on_device()
    seen = jax.jit(lambda x: project(world_to_camera(x[:, None], camera), camera.K))
    pixels = np.asarray(seen(jnp.asarray(found)))
    return np.linalg.norm(pixels - recording.keypoints_2d, axis=-1)


def without(recording: Recording, choice: dict[str, Any] | None, view: int) -> np.ndarray:
    """Labels that have not seen one of the cameras."""
    confidence = recording.confidence.copy()
    confidence[:, view] = 0
    return labels(dataclasses.replace(recording, confidence=confidence), choice)


def left_out_px(recording: Recording, choice: dict[str, Any] | None, view: int) -> float:
    """Distance to the detections of a camera that the labels have not seen."""
    error = errors_px(recording, without(recording, choice, view))[:, view]
    weight = np.where(np.isfinite(error), recording.confidence[:, view], 0)
    return float(np.sum(weight * np.minimum(np.nan_to_num(error), MOST_PX)) / weight.sum())


def absorbed(recording: Recording) -> float:
    """What the detections' distances to the labels must be times, to be the detections' errors.

    Labels lean towards the detections that they are made of. In linear least squares a residual is
    (1 - h) of what it is to labels without that detection, and its variance (1 - h) of the error's:
    so the root of the ratio of the two residuals, of medians here, a mean over the cameras.
    """
    near = errors_px(recording, labels(recording, {}))
    ratios = []
    for view in range(recording.views):
        far = errors_px(recording, without(recording, {}, view))[:, view]
        both = np.isfinite(far) & np.isfinite(near[:, view]) & (recording.confidence[:, view] > 0)
        ratios.append(np.median(far[both]) / np.median(near[:, view][both]))
    return float(np.mean(np.sqrt(ratios)))


def absorbed_in_truth(recording: Recording) -> float | None:
    """The same from the ground truth, for analysis; None where there is none in the same joints."""
    truth = recording.pose_world
    near = errors_px(recording, labels(recording.without_ground_truth(), {}))
    if truth is None or truth.shape[1] != near.shape[-1]:
        return None
    true = errors_px(recording, truth)
    both = np.isfinite(true) & np.isfinite(near) & (recording.confidence > 0)
    views = range(recording.views)
    of_each = [
        np.median(true[:, view][both[:, view]]) / np.median(near[:, view][both[:, view]])
        for view in views
    ]
    return float(np.mean(of_each))


def error_mm(recording: Recording, found: np.ndarray) -> float | None:
    """Root-relative error of labels, for analysis; None without ground truth in the same joints."""
    truth = recording.pose_world
    if truth is None or truth.shape != found.shape:
        return None
    root = recording.skeleton.root
    difference = (found - found[:, [root]]) - (truth - truth[:, [root]])
    return 1000 * float(np.nanmean(np.linalg.norm(difference, axis=-1)))


def main(argv: Sequence[str]) -> int:
    """Command line."""
    parser = cli.Parser(
        prog="python -m benchmarks.refinement",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", required=True)
    parser.add_argument("--frames", type=int, default=8000)
    parser.add_argument(
        "--smooth", action="store_true", help="detected again by the second model, from the truth"
    )
    parser.add_argument("--out", type=Path, help="JSON to write")
    flags, overrides = cli.parse(parser, argv)
    cli.refuse_overrides(overrides)
    if flags.frames < 1:
        raise usage_error(f"--frames={flags.frames}", "must be 1 or more", "give another")
    recording = load(flags.data, synthetic_frames=flags.frames)
    if recording.views < 3:
        raise data_error(
            f"{flags.data}: {recording.views} views",
            "one is left out, and two are needed to triangulate",
            "take a recording of three cameras or more",
        )
    recording = recording.select(slice(0, flags.frames))
    if flags.smooth:
        recording = damaged(recording, REPAIRED)
    blind, rows = recording.without_ground_truth(), []
    print(f"{flags.data}, {recording.frames} frames")
    print(f"{'left out px':>12}{'error mm':>10}{'seconds':>9}")
    for choice in (None, *CHOICES):
        start = time.monotonic()
        found = labels(blind, choice)
        seconds = time.monotonic() - start
        pixels = np.mean([left_out_px(blind, choice, view) for view in (0, recording.views // 2)])
        error = error_mm(recording, found)
        rows.append({"choice": choice, "left_out_px": float(pixels), "error_mm": error})
        name = "as triangulated" if choice is None else str(choice or "the defaults")
        shown = "-" if error is None else f"{error:.1f}"
        print(f"{pixels:>12.3f}{shown:>10}{seconds:>9.1f}  {name}", flush=True)
    factor = absorbed(blind)
    true = absorbed_in_truth(recording)
    shown = "" if true is None else f" (in truth {true:.2f})"
    print(f"augmentation.noise, the scale of the re-applied residual noise: {factor:.2f}{shown}")
    if recording.views == 3:
        print("of three views it came out too large on the set of docs/accuracy.md: keep 1.14")
    if flags.out:
        noise = {"noise": factor, "noise_in_truth": true}
        where = {"data": flags.data, "frames": recording.frames}
        write_json(flags.out, {**where, "rows": rows, **noise})
    return 0


if __name__ == "__main__":
    cli.run(main)
