"""A real clip of 1.7 seconds: what `calibrate` says of it, and how well its reference fits.

    python -m benchmarks.calibration.real_clip [--data=../shared/data/real_clip] [--json=FILE]

One person who balances, four cameras, MediaPipe's joints; Qualisys' calibration is the reference,
and no joint is known. Printed: cameras without extrinsics and with them, by `calibrate` and without
its checks; how the third camera's residual changes with a lag; and what each camera's intrinsics
would be by the joints, the reference's places being held.
"""

import argparse
import dataclasses
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

from benchmarks.calibration.free_intrinsics import freed
from benchmarks.calibration.scoring import errors
from geoself_jax.calibrate.bundle import Free
from geoself_jax.calibrate.camera_jacobian import off_px, seen_from
from geoself_jax.calibrate.metric import Scale
from geoself_jax.calibrate.recording_cameras import Options, calibrate
from geoself_jax.calibrate.rig_views import views_of
from geoself_jax.calibrate.solve import pairs_of, settled, starts
from geoself_jax.calibrate.views import Pose, Views, angle_between
from geoself_jax.core.errors import GeoselfError
from geoself_jax.data.recording import Recording, read
from geoself_jax.geometry.triangulation import triangulate_robust

LATE, FARTHEST, BLOCK = 2, 8, 10
"""The camera that is suspected to be late; lags tried and length of a block of time, frames."""


def main() -> None:
    """Prepares the clip, prints what is found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data/real_clip"))
    parser.add_argument("--json", type=Path)
    flags = parser.parse_args()
    if not flags.data.is_dir():
        sys.exit(f"not run: {flags.data} is not here")
    clip = prepared(flags.data)
    figures = {"calibrate": said(clip)} | measured(clip, "as it is")
    lag = figures["as it is, lags"][f"{clip.camera_names[LATE]}, least at"]
    if lag:
        name = f"{clip.camera_names[LATE]} read {lag} frames later"
        figures |= measured(_late(clip, LATE, lag), name)
    for name, what in figures.items():
        print(f"\n{name}")
        for key, value in what.items():
            print(f"  {key}: {value}")
    if flags.json:
        flags.json.write_text(json.dumps(figures, indent=1) + "\n")


def measured(clip: Recording, name: str) -> dict[str, dict[str, Any]]:
    """All that needs no decision of `calibrate`.

    Args:
        clip: With the reference's cameras.
        name: Of its figures.
    """
    every = np.arange(clip.frames)
    views = views_of(clip, every, 0, np.arange(clip.views))
    views = views._replace(block=every // BLOCK)
    pose = Pose.of(clip.camera.R[0], clip.camera.center[0])
    return {
        f"{name}, residual px": medians(residuals(clip)),
        f"{name}, without calibrate's checks": unchecked(views, pose),
        f"{name}, lags": lags(clip),
        f"{name}, intrinsics": intrinsics(clip, views, pose),
    }


def prepared(folder: Path) -> Recording:
    """The clip as `prepare` makes it.

    Args:
        folder: Detections and calibration.
    """
    with tempfile.TemporaryDirectory() as made:
        inputs, out = Path(made) / "balancing", Path(made) / "clip.npz"
        inputs.mkdir()
        for path in [*folder.glob("cam*.json"), folder / "calib.toml"]:
            (inputs / path.name).write_bytes(path.read_bytes())
        command = [sys.executable, "-m", "geoself_jax.prepare", "--input", str(inputs)]
        command += ["--fps=60", "--skeleton=coco_17", "--subject=anna", f"--output={out}"]
        subprocess.run(command, check=True, capture_output=True)
        return read(out)


def said(clip: Recording) -> dict[str, Any]:
    """What `calibrate` finds, a line each: errors against the reference, or why it refuses.

    Args:
        clip: With the reference's cameras.
    """
    metres = float(np.linalg.norm(clip.camera.center[0, 0] - clip.camera.center[0, 1]))
    known = Options(scale=Scale("baseline", clip.camera_names[:2], metres))
    ways = {
        "no extrinsics": known,
        "no extrinsics, --sync": known._replace(sync=True),
        "--refine": Options(refine=True),
        "--refine --sync": Options(refine=True, sync=True),
    }
    found: dict[str, Any] = {}
    for name, options in ways.items():
        try:
            _, (report,) = calibrate(clip, options)
        except GeoselfError as error:
            found[name] = f"refused: {error}"
        else:
            off = errors(report.R, report.center, clip.camera.R[0], clip.camera.center[0])
            found[name] = {**off, "residual_px": report.residual_px.round(1).tolist()}
    return found


def unchecked(views: Views, reference: Pose) -> dict[str, Any]:
    """The adjusted cameras that are refused: how far from the reference, and their residuals.

    Args:
        views: Detections.
        reference: Its cameras.
    """
    rng = np.random.default_rng(0)
    none = np.zeros((0, 2), np.int64)
    every, alone = Free.all_but_first(views.views), np.arange(views.views) == LATE
    first = starts(views, pairs_of(views, rng), rng, none)
    ways = {
        "all, from the reference": (reference, every),
        f"cam{LATE + 1:02d} alone": (reference, Free(alone, np.zeros(views.views, bool))),
    }
    ways |= {"all, from the best start": (first[0].solution.pose, every)} if first else {}
    found: dict[str, Any] = {}
    for name, (start, free) in ways.items():
        solution, _ = settled(views, start, none, free=free, first_px=20.0, rounds=3)
        pose = solution.pose
        off = off_px(views, pose, seen_from(pose, solution.points))
        px = np.where(views.weight > 0, np.linalg.norm(off, axis=-1), np.nan)
        turned = angle_between(pose.R, reference.R)
        found[name] = {
            **errors(pose.R, pose.center, reference.R, reference.center),
            "residual_px": np.nanmedian(px, axis=(0, 2)).round(1).tolist(),
        }
        if free is not every:
            moved = np.linalg.norm(pose.center - reference.center, axis=1)
            found[name] |= {"turned": float(turned[LATE]), "moved_mm": 1000 * float(moved[LATE])}
    return found


def residuals(clip: Recording, views: list[int] | None = None) -> np.ndarray:
    """(F, V, J) px from detections to the joints that some views triangulate robustly.

    Args:
        clip: With the reference's cameras.
        views: Those that triangulate; all where None.
    """
    chosen = np.arange(clip.views) if views is None else np.array(views)
    some = clip.select_views(chosen)
    cameras = some.cameras_of(slice(None)).on_device()
    seen = (jnp.asarray(some.keypoints_2d), jnp.asarray(some.confidence))
    points = np.asarray(triangulate_robust(*seen, cameras), np.float64)
    whole = views_of(clip, np.arange(clip.frames), 0, np.arange(clip.views))
    pose = Pose.of(clip.camera.R[0], clip.camera.center[0])
    off = off_px(whole, pose, seen_from(pose, points))
    return np.where(whole.weight > 0, np.linalg.norm(off, axis=-1), np.nan)


def medians(px: np.ndarray) -> dict[str, float]:
    """By camera's number, from 1 on."""
    return {f"cam{v + 1:02d}": round(float(np.nanmedian(px[:, v])), 1) for v in range(px.shape[1])}


def lags(clip: Recording) -> dict[str, Any]:
    """How each camera's residual against the others' joints changes as it is read later.

    Args:
        clip: With the reference's cameras.
    """
    tried = np.arange(-FARTHEST, FARTHEST + 1)
    inner = np.arange(FARTHEST, clip.frames - FARTHEST)  # the same instants at every lag
    rng = np.random.default_rng(0)
    blocks = np.array_split(np.arange(len(inner)), len(inner) // BLOCK)
    found: dict[str, Any] = {"lags": tried.tolist()}
    for view in range(clip.views):
        others = [v for v in range(clip.views) if v != view]
        px = np.stack(
            [residuals(_late(clip, view, int(lag)), others)[inner, view] for lag in tried]
        )
        best = []
        for _ in range(500):
            drawn = np.concatenate([blocks[i] for i in rng.integers(len(blocks), size=len(blocks))])
            best.append(tried[np.argmin(np.nanmedian(px[:, drawn], axis=(1, 2)))])
        name = clip.camera_names[view]
        found[f"{name}, median px"] = np.nanmedian(px, axis=(1, 2)).round(1).tolist()
        found[f"{name}, least at"] = int(tried[np.argmin(np.nanmedian(px, axis=(1, 2)))])
        found[f"{name}, least at in 90 % of resampled blocks"] = np.percentile(
            best, [5, 95]
        ).tolist()
        joints = tried[np.argmin(np.nanmedian(px, axis=1), axis=0)]
        found[f"{name}, joints' least at, quartiles"] = np.percentile(joints, [25, 75]).tolist()
    return found


def _late(clip: Recording, view: int, lag: int) -> Recording:
    """The clip with one camera read `lag` frames later; without it where it has no such frame."""
    pixels, confidence = clip.keypoints_2d.copy(), clip.confidence.copy()
    read_at = np.arange(clip.frames) + lag
    there = (read_at >= 0) & (read_at < clip.frames)
    at = np.clip(read_at, 0, clip.frames - 1)
    pixels[:, view] = np.where(there[:, None, None], clip.keypoints_2d[at, view], np.nan)
    confidence[:, view] = np.where(there[:, None], clip.confidence[at, view], 0)
    return dataclasses.replace(clip, keypoints_2d=pixels, confidence=confidence)


def intrinsics(clip: Recording, views: Views, pose: Pose) -> dict[str, str]:
    """What each camera's focal length and principal point would be by the joints.

    Args:
        clip: Names of the cameras.
        views: Detections, with blocks of time.
        pose: The reference's cameras.
    """
    found = {}
    for view, name in enumerate(clip.camera_names):
        alone = freed(views, pose, view, principal=False)
        both = freed(views, pose, view, principal=True)
        growth, px = 100 * np.expm1([alone.change[0], both.change[0]]), both.change[1:]
        found[name] = (
            f"focal {growth[0]:+.1f} % (s.e. {100 * alone.error[0]:.1f}); with the principal point "
            f"focal {growth[1]:+.1f} % ({100 * both.error[0]:.1f}), point {px[0]:+.0f}, "
            f"{px[1]:+.0f} px ({both.error[1]:.0f}, {both.error[2]:.0f})"
        )
    return found


if __name__ == "__main__":
    main()
