"""How a detector errs: size, memory in time, constant part, exchanges, and what confidence says.

    python -m benchmarks.detector_errors --smooth --data clip.npz dev.npz
    python -m benchmarks.detector_errors --data synthetic:test --reference=truth

One yardstick for all recordings. A camera's errors are the distances of its detections to the
joints that all other cameras give: triangulated robustly, refined over time and bones, and
projected into it. That reference errs as well: its own errors are added, smooth in time, and about
as constant as the detector's are. `--reference=truth` measures against ground truth instead, which
says how much that is. Errors are in mm at the person (pixels times depth over focal length), of
hips, knees, ankles, shoulders, elbows and wrists, which all skeletons of people have. Where the
whole body is exchanged it is counted and exchanged back first, and the reference is made again.
Memory and constant part are computed in pieces of `--seconds`, one length for all recordings: in
a longer piece less is constant. What shifts the whole body in a piece of one camera is left out: it
is the cameras' calibration and clocks. Errors above 100 mm count as 100 in memory and constant
part, so that they do not decide alone.
"""

import argparse
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from scipy.stats import spearmanr

from benchmarks.ablation.damage import damaged
from benchmarks.ablation.detector import SMOOTH
from geoself_jax.core.errors import data_error, usage_error
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.recording import Recording
from geoself_jax.data.sources import load
from geoself_jax.data.training_set import triangulate_recording
from geoself_jax.geometry.camera import project, world_to_camera
from geoself_jax.runtime import cli
from geoself_jax.runtime.workdir import write_json

LAGS = (0.08, 0.16, 0.32, 0.64)
"""Seconds."""
SECONDS = 1.65
MOST_MM = 100.0
WIDE_MM = 60.0
"""Twins so far apart in the image tell whether they are exchanged."""
WIDE_JOINTS = 6
OF_JOINTS = 0.75


@dataclasses.dataclass(frozen=True)
class Errors:
    """Of a recording's detections, frames T, views V, the P paired joints of the limbs.

    Attributes:
        error_mm: (T, V, P, 2) at the person, whole-body exchanges undone; NaN where unknown.
        exchanged: (T, V) whether the whole body is exchanged.
        decidable: (T, V) whether that can be decided.
        confidence: (T, V, P).
        runs: First and last frame of each run of consecutive frames.
        fps: Frames per second.
    """

    error_mm: np.ndarray
    exchanged: np.ndarray
    decidable: np.ndarray
    confidence: np.ndarray
    runs: list[tuple[int, int]]
    fps: float


def limb_joints(skeleton: Skeleton) -> np.ndarray:
    """The paired joints except those of the face, left and right in turn."""
    face = ("eye", "ear")
    pairs = [
        pair
        for pair in skeleton.left_right
        if not any(word in skeleton.joint_names[pair[0]].lower() for word in face)
    ]
    return np.array(pairs).reshape(-1)


def seen_of(recording: Recording, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pixels (T, V, J, 2) of world points, and mm at the person a pixel is (T, V, J)."""
    camera = recording.cameras_of(slice(None)).on_device()

    @jax.jit
    def see(points: jax.Array) -> tuple[jax.Array, jax.Array]:
        inside = world_to_camera(points[:, None], camera)
        return project(inside, camera.K), 1000 * inside[..., 2] / camera.K[..., None, 0, 0]

    pixels, mm = see(jnp.asarray(points, jnp.float32))
    return np.asarray(pixels), np.asarray(mm)


def by_other_cameras(recording: Recording) -> tuple[np.ndarray, np.ndarray]:
    """As `seen_of`: each view's joints as all other views give them."""
    blind = recording.without_ground_truth()
    pixels, mm = np.empty_like(blind.keypoints_2d), np.empty_like(blind.confidence)
    for view in range(recording.views):
        confidence = blind.confidence.copy()
        confidence[:, view] = 0
        without = dataclasses.replace(blind, confidence=confidence)
        found = seen_of(blind, triangulate_recording(without, "refined"))
        pixels[:, view], mm[:, view] = found[0][:, view], found[1][:, view]
    return pixels, mm


def whole_exchanges(
    recording: Recording, pixels: np.ndarray, mm: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Where (T, V) a body's detections fit their twins better, and where that can be decided."""
    mirror, joints = list(recording.skeleton.mirror), limb_joints(recording.skeleton)
    seen = recording.keypoints_2d
    now = np.linalg.norm(seen - pixels, axis=-1)[..., joints]
    then = np.linalg.norm(seen[:, :, mirror] - pixels, axis=-1)[..., joints]
    wide = (np.linalg.norm(pixels[:, :, mirror] - pixels, axis=-1) * mm)[..., joints] > WIDE_MM
    wide &= np.isfinite(now - then)
    count = wide.sum(-1)
    decidable = count >= WIDE_JOINTS
    fits = (wide & (then < now)).sum(-1) >= OF_JOINTS * count
    return decidable & fits, decidable


def undone(recording: Recording, exchanged: np.ndarray) -> Recording:
    """The recording with whole bodies (T, V) exchanged back."""
    mirror = list(recording.skeleton.mirror)
    where = exchanged[..., None]
    return dataclasses.replace(
        recording,
        keypoints_2d=np.where(
            where[..., None], recording.keypoints_2d[:, :, mirror], recording.keypoints_2d
        ),
        confidence=np.where(where, recording.confidence[:, :, mirror], recording.confidence),
    )


def measure(recording: Recording, reference: str = "cameras") -> Errors:
    """A recording's errors.

    Args:
        recording: Of three views or more, or with ground truth.
        reference: `cameras`, the other ones, or `truth`.
    """
    joints = limb_joints(recording.skeleton)
    exchanged = np.zeros(recording.keypoints_2d.shape[:2], bool)
    for _ in range(2):
        sound = undone(recording, exchanged)
        if reference == "truth":
            assert recording.pose_world is not None
            pixels, mm = seen_of(recording, recording.pose_world)
        else:
            pixels, mm = by_other_cameras(sound)
        exchanged, decidable = whole_exchanges(recording, pixels, mm)
    sound = undone(recording, exchanged)
    error = (sound.keypoints_2d - pixels) * mm[..., None]
    return Errors(
        error_mm=error[:, :, joints],
        exchanged=exchanged,
        decidable=decidable,
        confidence=sound.confidence[..., joints],
        runs=sorted({(int(first), int(last)) for first, last in recording.runs}),
        fps=recording.fps,
    )


def pieces_of(array: np.ndarray, errors: Errors, seconds: float) -> list[np.ndarray]:
    """An array over frames cut into pieces of consecutive ones, all of one length."""
    length = round(seconds * errors.fps)
    return [
        array[start : start + length]
        for first, last in errors.runs
        for start in range(first, last + 2 - length, length)
    ]


def pieces(errors: Errors, seconds: float) -> list[np.ndarray]:
    """Errors cut into pieces (frames, V, P, 2) of one length, the body's mean shift left out."""
    cut = pieces_of(errors.error_mm, errors, seconds)
    return [piece - np.nanmedian(piece, axis=(0, 2), keepdims=True) for piece in cut]


def limited(cut: list[np.ndarray]) -> list[np.ndarray]:
    """Errors, those above MOST_MM as long as that."""
    return [
        piece
        * np.minimum(
            1, MOST_MM / np.maximum(np.linalg.norm(piece, axis=-1, keepdims=True), MOST_MM / 2)
        )
        for piece in cut
    ]


def autocorrelation(cut: list[np.ndarray], lag: int) -> float:
    """Of errors `lag` frames apart, about zero, pooled over pieces, views, joints and axes."""
    products, squares = 0.0, 0.0
    for piece in cut:
        early, late = piece[:-lag], piece[lag:]
        both = np.isfinite(early) & np.isfinite(late)
        products += float((early[both] * late[both]).sum())
        squares += float((early[both] ** 2 + late[both] ** 2).sum()) / 2
    return products / squares


def constant_share(cut: list[np.ndarray]) -> float:
    """Share of the squared error that is the mean of its joint, view and piece."""
    means, squares = 0.0, 0.0
    for piece in cut:
        there = np.isfinite(piece)
        count = there.sum(0)
        total = np.where(there, piece, 0).sum(0)
        means += float((total**2 / np.maximum(count, 1)).sum())
        squares += float((piece[there] ** 2).sum())
    return means / squares


def longest_run(exchanged: np.ndarray, runs: list[tuple[int, int]]) -> int:
    """Frames of the longest run of True in one view."""
    longest = 0
    for first, last in runs:
        for view in exchanged[first : last + 1].T:
            edges = np.flatnonzero(np.diff(np.r_[0, view.astype(int), 0]))
            longest = max([longest, *(edges[1::2] - edges[::2])])
    return int(longest)


def summary(errors: Errors, seconds: float = SECONDS) -> dict[str, Any]:
    """All numbers of a recording."""
    cut = pieces(errors, seconds)
    size = np.concatenate([np.linalg.norm(piece, axis=-1) for piece in cut])
    confidence = np.concatenate(pieces_of(errors.confidence, errors, seconds))
    known = np.isfinite(size) & (confidence > 0)
    found: dict[str, Any] = {
        f"{name} mm": float(np.quantile(size[known], share))
        for name, share in (("median", 0.5), ("p90", 0.9), ("p99", 0.99))
    }
    cut = limited(cut)
    for lag in LAGS:
        found[f"autocorrelation {lag} s"] = autocorrelation(cut, max(1, round(lag * errors.fps)))
    found["constant share"] = constant_share(cut)
    shares = [
        errors.exchanged[first : last + 1].sum(0) / (last + 1 - first)
        for first, last in errors.runs
        if last + 1 - first >= seconds * errors.fps
    ]
    found["exchanged share"] = float(errors.exchanged.sum() / errors.decidable.sum())
    found["exchanged, worst camera of a clip"] = float(np.max(shares))
    found["longest exchange s"] = longest_run(errors.exchanged, errors.runs) / errors.fps
    found["missing share"] = float((errors.confidence == 0).mean())
    there = errors.confidence[errors.confidence > 0]
    found["median confidence"] = float(np.median(there))
    found["p5 confidence"] = float(np.quantile(there, 0.05))
    varied = np.ptp(confidence[known]) > 0
    rank = spearmanr(confidence[known], size[known]).statistic if varied else float("nan")
    found["Spearman, confidence and error"] = float(rank)
    return found


def table(columns: dict[str, dict[str, Any]]) -> str:
    """Recordings next to each other, a line for each number."""
    names = list(dict.fromkeys(key for column in columns.values() for key in column))
    wide = max(len(name) for name in names)
    heads = [" " * wide, *columns]
    lines = ["  ".join(heads)]
    for name in names:
        cells = [f"{column[name]:.2f}".rjust(len(head)) for head, column in columns.items()]
        lines.append("  ".join([name.ljust(wide), *cells]))
    return "\n".join(lines)


def main(argv: Sequence[str]) -> int:
    """Command line."""
    parser = cli.Parser(
        prog="python -m benchmarks.detector_errors",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", nargs="+", required=True)
    parser.add_argument("--reference", choices=("cameras", "truth"), default="cameras")
    parser.add_argument("--frames", type=int, default=5000, help="at most, of each (5000)")
    parser.add_argument("--seconds", type=float, default=SECONDS, help=f"of a piece ({SECONDS})")
    parser.add_argument(
        "--smooth", action="store_true", help="what the second model sees of those with truth, too"
    )
    parser.add_argument("--json", type=Path, help="JSON to write")
    flags, overrides = cli.parse(parser, argv)
    cli.refuse_overrides(overrides)
    if flags.frames < 1:
        raise usage_error(f"--frames={flags.frames}", "must be 1 or more", "give another")
    columns = {}
    for name in flags.data:
        recording = load(name, synthetic_frames=flags.frames).select(slice(0, flags.frames))
        check(name, recording, flags.reference)
        errors = measure(recording, flags.reference)
        if not pieces(errors, flags.seconds):
            what = f"{name}: no {flags.seconds:g} s without a break"
            raise data_error(what, "memory needs them", "give --seconds of less")
        columns[Path(name).name] = summary(errors, flags.seconds)
        if flags.smooth and recording.pose_world is not None:
            again = measure(damaged(recording, SMOOTH), flags.reference)
            columns[f"{Path(name).name}, smooth"] = summary(again, flags.seconds)
    print(table(columns))
    if flags.json:
        facts = {"reference": flags.reference, "seconds": flags.seconds, "frames": flags.frames}
        write_json(flags.json, {**facts, "recordings": columns})
    return 0


def check(name: str, recording: Recording, reference: str) -> None:
    """Refuses (65) a recording without such a reference."""
    if reference == "truth":
        truth = recording.pose_world
        if truth is None or truth.shape[1] != recording.skeleton.joints:
            do = "take one with it, or let `detector_errors` measure with --reference=cameras"
            raise data_error(f"{name}: no ground truth of its joints", "", do)
    elif recording.views < 3:
        raise data_error(
            f"{name}: {recording.views} views",
            "one is left out, and two are needed to triangulate",
            "take a recording of three cameras or more",
        )


if __name__ == "__main__":
    cli.run(main)
