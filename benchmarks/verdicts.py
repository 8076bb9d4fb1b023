"""Counts right causes, causes left open, silence and false cures of inspect; and false alarms.

    python -m benchmarks.verdicts [--data=../shared/data/cmu_h36m_rig] [--sound=200]

The faults of benchmarks/faults/ and more are planted into real motion through a real
calibration, as it is and with 20 % of the joints missing at random. A false cure is a cause that is
stated and is not what was planted: a user who follows it breaks the file further. Then recordings
without a fault, of varied body, cameras, resolution, lens, frame rate, noise and missing joints:
how many raise an error or a warning.
"""

import argparse
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from benchmarks import faults, planting
from benchmarks.planting import Arrays, Plant, both, in_camera
from geoself_jax.core.errors import GeoselfError
from geoself_jax.data import recording
from geoself_jax.geometry.lenses import Lens, distort_pixels, undistort_pixels
from geoself_jax.inspect import conventions, report

CAUSES = re.compile(
    "|".join(
        [
            *(re.escape(what) for what in (*conventions.EXTRINSICS, *conventions.IMAGES)),
            r"views of .* are exchanged",
            r"left and right are exchanged",
            r"times the size that K is for",
            r"focal length should be",
            r"principal point should be",
            r"runs \d+ frame",
            r"the lag changes",
            r"its image is .* of the size",
            r"detections are moved by",
            r"clocks differ",
            r"its frame rate is",
            r"have one calibration",
            r"center is in ",
            r"look exchanged",
            r"give the joint_names of",
        ]
    )
)
FRAMES = 400


@dataclass(frozen=True)
class Planted:
    """A fault of geometry or time.

    Attributes:
        what: In words.
        plant: From good arrays to faulty ones.
        right: A cause with one of these words is right.
    """

    what: str
    plant: Plant
    right: tuple[str, ...]


def turned(view: int, axis: str, degrees: float) -> Plant:
    """One camera turned about its own axis."""
    R = Rotation.from_euler(axis, degrees, degrees=True).as_matrix()
    return in_camera("R", lambda a: R @ a, view)


def image(name: str, views: slice) -> Plant:
    """Detections as another image has them: the inverse of `conventions.IMAGES`."""

    def plant(arrays: Arrays) -> Arrays:
        pixels = np.array(arrays["keypoints_2d"])
        p, size = pixels[:, views], arrays["image_size"][0, views].astype(np.float32)
        w, h = size[None, :, None, 0], size[None, :, None, 1]
        u, v = p[..., 0], p[..., 1]
        made = {"cw": (h - v, u), "ccw": (v, w - u), "180": (w - u, h - v)}[name]
        pixels[:, views] = np.stack(made, -1)
        return arrays | {"keypoints_2d": pixels}

    return plant


def as_translation(arrays: Arrays, views: slice) -> Arrays:
    """Center = -R^T T where T was the camera's centre already."""
    center = np.array(arrays["center"])
    moved = -np.einsum("rvji,rvj->rvi", arrays["R"], arrays["center"])
    center[:, views] = moved[:, views]
    return arrays | {"center": center}


def resized(view: int, scale: float) -> Plant:
    """One camera's intrinsics at another resolution."""
    return in_camera("K", lambda a: a * np.array([scale, scale, 1.0])[:, None], view)


def copied(source: int, target: int) -> Plant:
    """Two cameras with the calibration of one."""

    def plant(arrays: Arrays) -> Arrays:
        changed = {name: np.array(arrays[name]) for name in ("K", "R", "center", "dist")}
        for array in changed.values():
            array[:, target] = array[:, source]
        return arrays | changed

    return plant


def swapped(names: tuple[str, ...], a: int, b: int) -> Plant:
    """Two cameras' part of arrays exchanged."""

    def plant(arrays: Arrays) -> Arrays:
        order = np.arange(4)
        order[[a, b]] = order[[b, a]]
        return arrays | {name: np.array(arrays[name])[:, order] for name in names}

    return plant


def at_rate(view: int, factor: float) -> Plant:
    """One camera's frames are 1/`factor` as far apart in time as the others'."""

    def plant(arrays: Arrays) -> Arrays:
        frames = np.arange(len(arrays["frame_id"]))
        first = np.searchsorted(arrays["clip_id"], arrays["clip_id"])
        there = first + np.round((frames - first) / factor).astype(int)
        inside = there < len(frames)
        there = np.minimum(there, len(frames) - 1)
        inside &= arrays["clip_id"][there] == arrays["clip_id"]
        pixels, trust = np.array(arrays["keypoints_2d"]), np.array(arrays["confidence"])
        pixels[:, view] = np.where(inside[:, None, None], pixels[there, view], np.nan)
        trust[:, view] = np.where(inside[:, None], trust[there, view], 0)
        return arrays | {"keypoints_2d": pixels, "confidence": trust}

    return plant


def planted() -> Iterator[Planted]:
    """More than those of benchmarks/faults/."""
    for a, b in ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)):
        right = ("exchanged",)
        yield Planted(
            f"calibrations of {a} and {b} exchanged",
            swapped(("K", "R", "center", "dist"), a, b),
            right,
        )
        yield Planted(
            f"detections of {a} and {b} exchanged",
            swapped(("keypoints_2d", "confidence"), a, b),
            right,
        )
        yield Planted(f"extrinsics of {a} and {b} exchanged", swapped(("R", "center"), a, b), right)
    for degrees in (1.0, 2.0, 4.0, 8.0, 20.0):
        for axis in "xyz":
            yield Planted(
                f"camera 2 turned by {degrees:g} about {axis}",
                turned(2, axis, degrees),
                ("moved by",),
            )
        pair = both(turned(2, "x", degrees), turned(3, "y", -degrees))
        yield Planted(f"cameras 2 and 3 turned by {degrees:g}", pair, ("moved by",))
    for turn in ("cw", "ccw", "180"):
        right = ("turned by 90" if turn != "180" else "upside down",)
        yield Planted(f"all images turned {turn}", image(turn, slice(None)), right)
        yield Planted(f"one image turned {turn}", image(turn, slice(2, 3)), right)
    yield Planted(
        "T was the centre, all", lambda a: as_translation(a, slice(None)), ("centre already",)
    )
    yield Planted(
        "T was the centre, one", lambda a: as_translation(a, slice(2, 3)), ("centre already",)
    )
    for scale in (0.5, 2.0, 4.0, 0.25, 0.75):
        yield Planted(f"K of one camera times {scale:g}", resized(2, scale), ("times the size",))
    for a, b in ((0, 1), (2, 3), (1, 3)):
        yield Planted(
            f"cameras {a} and {b} have one calibration", copied(a, b), ("one calibration",)
        )
    for factor in (2.0, 3.0, 0.5):
        yield Planted(f"frame rate of one times {factor:g}", at_rate(2, factor), ("frame rate",))
    for lag in (1, 3, 6, 12, 20):
        yield Planted(f"one camera {lag} frames late", planting.late(lag), (f"{lag} frame",))
    for one, two in ((3, -4), (6, 10), (-8, 5), (6, 12), (2, 2), (12, 12)):
        clocks = both(planting.late(one, 1), planting.late(two, 3))
        yield Planted(
            f"clocks {one}, {two}", clocks, ("clocks differ", "frames late", "frames early", "runs")
        )
    for x, y in ((40, 0), (0, -60), (120, 80)):
        moved = in_camera("keypoints_2d", lambda a, x=x, y=y: a + np.array([x, y]))  # type: ignore[misc]
        yield Planted(f"image cropped by {x}, {y}", moved, ("moved by", "principal point"))
    for metres in (0.1, 0.3, 1.0):
        off = in_camera("center", lambda a, m=metres: a + np.array([m, 0, 0]))  # type: ignore[misc]
        yield Planted(f"camera moved by {metres} m", off, ("moved by",))


def of_rig(path: Path, rig: int = 0) -> Arrays:
    """Some clips of one rig, as good arrays."""
    with np.load(path) as file:
        arrays = {
            name: file[name] for name in file.files if name not in ("occluded", "clip_descriptions")
        }
    frames = np.flatnonzero(arrays["rig_id"] == rig)
    clips = np.unique(arrays["clip_id"][frames])
    chosen, count = [], 0
    for clip in clips:
        here = frames[arrays["clip_id"][frames] == clip]
        chosen.append(here[: FRAMES // 2])
        count += len(chosen[-1])
        if count >= FRAMES:
            break
    picked = planting._one_rig(arrays, np.concatenate(chosen), rig)
    return {name: np.array(value) for name, value in picked.items()}


def sparse(arrays: Arrays, share: float, seed: int = 0) -> Arrays:
    """A share of the joints missing at random."""
    gone = np.random.default_rng(seed).random(arrays["confidence"].shape) < share
    pixels = np.where(gone[..., None], np.nan, arrays["keypoints_2d"])
    return arrays | {"keypoints_2d": pixels, "confidence": np.where(gone, 0, arrays["confidence"])}


def outcome(arrays: Arrays, right: tuple[str, ...]) -> tuple[str, str]:
    """`right`, `open`, `silent` or `FALSE CURE`, and the line that decides."""
    try:
        found = report.inspect(recording.from_arrays(arrays, "x"), "x").verdicts
    except GeoselfError as error:
        return "right" if not CAUSES.search(str(error)) else "FALSE CURE", f"refused: {error}"
    loud = [v.line for v in found if v.severity in ("error", "warning")]
    causes = [line for line in loud if CAUSES.search(line)]
    good = [line for line in causes if any(word in line for word in right)]
    wrong = [line for line in causes if line not in good]
    if wrong:
        return "FALSE CURE", wrong[0]
    if good:
        return "right", good[0]
    return ("open", loud[0]) if loud else ("silent", "")


def plant_all(good: Arrays, name: str) -> Counter[str]:
    """Plants everything into one recording; prints what is not right."""
    counts: Counter[str] = Counter()
    others = [
        Planted(f.what, f.plant, f.words)
        for f in faults.FAULTS.values()
        if f.against is None and f.outcome != "silent"
    ]
    for fault in (*planted(), *others):
        try:
            arrays = fault.plant(good)
        except (IndexError, ValueError, KeyError):
            counts["cannot be planted"] += 1
            continue
        right = tuple(
            word for word in fault.right if "back_left" not in word and "rig_test" not in word
        )
        late = re.search(r"(\d+) frames (late|early)", fault.what)
        if late:
            right = *right, f"runs {late[1]} frame"
        if "moved by" in fault.what or "principal point" in fault.what:
            right = *right, "detections are moved by"  # whose advice names both
        how, line = outcome(arrays, right)
        counts[how] += 1
        if how == "FALSE CURE":
            print(f"{how}: {name}: {fault.what}: {line}", flush=True)
    return counts


def sound(source: Arrays, number: int) -> Arrays:
    """A recording without a fault: real motion of a scaled body before made-up cameras."""
    rng = np.random.default_rng(number)
    clip = rng.choice(np.unique(source["clip_id"]))
    step = int(rng.integers(1, 4))
    frames = np.flatnonzero(source["clip_id"] == clip)[::step][:200]
    body = source["pose_world"][frames].astype(np.float64)
    floor = np.nanmin(body[..., 2])
    body = (body - [*np.nanmean(body, (0, 1))[:2], floor]) * rng.uniform(0.65, 1.15)
    views = int(rng.integers(2, 9))
    size = np.array(
        [(640, 480), (1280, 720), (1088, 1920), (1920, 1080), (3840, 2160)][rng.integers(5)]
    )
    K, R, center, dist = _ring(rng, views, size, np.abs(body[..., :2]).max())
    pixels = np.stack([_shown(body, K[v], R[v], center[v], dist[v]) for v in range(views)], 1)
    extent = np.nanmedian(np.linalg.norm(np.ptp(pixels, axis=2), axis=-1))
    sigma = rng.uniform(0.003, 0.015) * extent * rng.gamma(4, 0.25, pixels.shape[:3])
    pixels = pixels + rng.normal(0, 1, pixels.shape) * sigma[..., None]
    trust = np.clip(0.95 - 12 * sigma / extent + rng.normal(0, 0.04, sigma.shape), 0.05, 1)
    inside = ((pixels > 0) & (pixels < size)).all(-1) & (
        rng.random(trust.shape) > rng.uniform(0, 0.2)
    )
    arrays = {name: source[name] for name in ("format", "joint_names")}
    count = len(frames)
    return arrays | {
        "keypoints_2d": np.where(inside[..., None], pixels, np.nan).astype(np.float32),
        "confidence": np.where(inside, trust, 0).astype(np.float32),
        "frame_id": np.arange(count),
        **{name: np.zeros(count, int) for name in ("clip_id", "subject_id", "rig_id")},
        **{
            name: np.array(["a"])
            for name in ("clip_names", "clip_actions", "subject_names", "rig_names")
        },
        "camera_names": np.array([f"c{v}" for v in range(views)]),
        **{"K": K[None], "R": R[None], "center": center[None], "dist": dist[None]},
        "image_size": np.repeat(size[None], views, 0)[None].astype(np.int32),
        "fps": np.array(float(source["fps"]) / step),
        "world_up": np.array([0, 0, 1.0]),
    }


def _ring(
    rng: np.random.Generator, views: int, size: np.ndarray, reach: float
) -> tuple[np.ndarray, ...]:
    turn = 2 * np.pi * (np.arange(views) + rng.uniform(-0.25, 0.25, views)) / max(views, 3)
    far = reach + rng.uniform(2.5, 6, views)
    center = np.stack([far * np.cos(turn), far * np.sin(turn), rng.uniform(0.6, 2.6, views)], -1)
    ahead = np.array([0, 0, 0.9]) + rng.normal(0, 0.1, (views, 3)) - center
    z = ahead / np.linalg.norm(ahead, axis=-1, keepdims=True)
    x = np.cross(z, [0, 0, 1.0])
    x /= np.linalg.norm(x, axis=-1, keepdims=True)
    R = np.stack([x, np.cross(z, x), z], 1)
    focal = rng.uniform(0.75, 1.25) * size.max() * rng.uniform(0.95, 1.05, views)
    K = np.zeros((views, 3, 3))
    K[:, 0, 0] = K[:, 1, 1] = focal
    K[:, :2, 2], K[:, 2, 2] = size / 2 + rng.normal(0, 0.01, (views, 2)) * size, 1
    dist = rng.normal(0, [0.1, 0.03, 5e-4, 5e-4, 0.005], (views, 5))
    return K, R, center, dist


def _shown(
    body: np.ndarray, K: np.ndarray, R: np.ndarray, center: np.ndarray, dist: np.ndarray
) -> np.ndarray:
    """Pixels that a lens shows; outside of what it can show, far outside the image."""
    local = (body - center) @ R.T
    z = local[..., 2:]
    flat = local[..., :2] / np.where(z > 0.1, z, np.nan) * np.diag(K)[:2] + K[:2, 2]
    shown = distort_pixels(flat, K, Lens(tuple(dist)))
    back = undistort_pixels(shown, K, Lens(tuple(dist)))
    same = np.linalg.norm(back - flat, axis=-1) < 1e-3
    return np.where(same[..., None], shown, -1e4)


def main() -> int:
    """Prints the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/cmu_h36m_rig"))
    parser.add_argument("--sound", type=int, default=200)
    flags = parser.parse_args()
    if not flags.data.is_dir():
        print(f"skipped: {flags.data} is not here")
        return 0
    good = of_rig(flags.data / "dev.npz")
    builtin: Callable[[], Arrays] = planting.good_arrays
    bases = {
        "rig data": good,
        "rig data, 20 % missing": sparse(good, 0.2),
        "built-in data": builtin(),
        "built-in data, 20 % missing": sparse(builtin(), 0.2),
    }
    for name, arrays in bases.items():
        print(f"{name}: {dict(plant_all(arrays, name))}", flush=True)
    alarms = []
    with np.load(flags.data / "train.npz") as file:
        wanted = ("format", "joint_names", "pose_world", "clip_id", "fps")
        source = {name: file[name] for name in wanted}
    for number in range(flags.sound):
        how, line = outcome(sound(source, number), ())
        if how != "silent":
            alarms.append(f"{number}: {line}")
            print(f"ALARM {alarms[-1]}", flush=True)
    print(f"sound recordings without an alarm: {flags.sound - len(alarms)} of {flags.sound}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
