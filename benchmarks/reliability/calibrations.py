"""Row 26: footage from which cameras cannot be found, and footage that misleads."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.reliability.lab import Lab, of_tests
from benchmarks.reliability.life import run
from benchmarks.reliability.tally import Tally
from geoself_jax.core.errors import DATA, DONE
from geoself_jax.data.recording import arrays_of

DEGREES = 2.0
"""Largest error of a camera that is not refused."""


def degenerate(lab: Lab, count: int, tally: Tally) -> None:
    """Each is refused, or right to `DEGREES`; what is sound is not refused."""
    folder = lab.new("calibrations")
    sound = {n: np.asarray(a) for n, a in arrays_of(of_tests("people_seen").recording(4)).items()}
    for name, arrays in _cases(sound).items():
        path, out = folder / f"{name}.npz", folder / f"{name}-out.npz"
        kept = {n: a for n, a in arrays.items() if n not in ("R", "center", "world_up")}
        np.savez(path, allow_pickle=False, **kept)
        words = (f"--data={path}", f"--output={out}", "--scale=height=1.7")
        ended = run("calibrate", *words, log=folder / "log.txt")
        if ended.code == DATA:
            fault = "written all the same" if out.exists() else "nothing is wrong with it"
            tally.check(not out.exists() and name != "sound", f"{name}: refused, {fault}")
            tally.note(f"{name}: {ended.line[:160]}")
            continue
        off = _degrees(out, arrays) if ended.code == DONE else 180.0
        good = ended.code == DONE and off < DEGREES
        tally.check(good, f"{name}: {ended.code}: {off:.1f} degrees off: {ended.line}")
        tally.note(f"{name}: {off:.2f} degrees off at most")


def _degrees(out: Path, arrays: dict[str, np.ndarray]) -> float:
    """Largest angle between relative rotations found and true ones."""
    with np.load(out) as stored:
        found, true = stored["R"], arrays["R"]
    worst = 0.0
    for rig in range(len(true)):
        for view in range(1, true.shape[1]):
            a = found[rig, view] @ found[rig, 0].T
            b = true[rig, view] @ true[rig, 0].T
            cosine = (np.trace(a @ b.T) - 1) / 2
            worst = max(worst, float(np.degrees(np.arccos(np.clip(cosine, -1, 1)))))
    return worst


def _cases(arrays: dict[str, np.ndarray]) -> dict[str, dict[str, np.ndarray]]:
    dice = np.random.default_rng(24)
    still = _posed(arrays, lambda pose: np.broadcast_to(pose[:1], pose.shape).copy())
    flat = _posed(arrays, _flattened)
    few = dict(arrays) | {"confidence": arrays["confidence"].copy()}
    few["confidence"][:, 3] = 0
    few["confidence"][:1, 3, :7] = 1
    wrong = dict(arrays) | {"keypoints_2d": arrays["keypoints_2d"].copy()}
    bad = dice.random(wrong["keypoints_2d"].shape[:3]) < 0.6
    bad &= arrays["confidence"] > 0
    wrong["keypoints_2d"][bad] = dice.uniform(0, 1000, (int(bad.sum()), 2))
    turned = dict(arrays) | {"center": np.repeat(arrays["center"][:, :1], 4, 1)}
    turned["R"] = arrays["R"]
    twice = _other_frames(arrays, 1, lambda seen: seen[:, 0])
    mirrored = dict(arrays) | {"keypoints_2d": arrays["keypoints_2d"].copy()}
    mirrored["keypoints_2d"][:, 2, :, 0] = 1000 - mirrored["keypoints_2d"][:, 2, :, 0]
    late = _other_frames(arrays, 1, lambda seen: np.roll(seen[:, 1], 60, 0))
    order = dice.permutation(len(arrays["frame_id"]))
    strangers = _other_frames(arrays, 3, lambda seen: seen[order, 3])
    return {
        "sound": dict(arrays),
        "static pose": still,
        "planar body": flat,
        "7 matches of a camera": few,
        "60 % of the detections are wrong": wrong,
        "cameras at one place": _posed(turned, lambda pose: pose),
        "one camera's file twice": twice,
        "one camera's image mirrored": mirrored,
        "one camera 60 frames late": late,
        "one camera's frames in another order": strangers,
    }


def _other_frames(
    arrays: dict[str, np.ndarray], view: int, change: Callable[[np.ndarray], np.ndarray]
) -> dict[str, np.ndarray]:
    """The recording with other frames of one camera, their confidences with them."""
    changed = {name: arrays[name].copy() for name in ("keypoints_2d", "confidence")}
    for array in changed.values():
        array[:, view] = change(array)
    return arrays | changed


def _flattened(pose: np.ndarray) -> np.ndarray:
    flat = pose.copy()
    flat[..., 1] = 0
    return flat


def _posed(
    arrays: dict[str, np.ndarray], change: Callable[[np.ndarray], np.ndarray]
) -> dict[str, np.ndarray]:
    """The recording of other bodies, seen by the same cameras with the same noise."""
    tiny = of_tests("tiny")
    pose = change(arrays["pose_world"].astype(float))
    lenses = {"dist": np.zeros((*arrays["K"].shape[:2], 5))} | arrays
    cameras = (lenses[name][arrays["rig_id"]] for name in ("K", "dist", "R", "center"))
    pixels = tiny.observe(pose, *cameras)
    pixels = pixels + np.random.default_rng(1).normal(0, tiny.NOISE_PX, pixels.shape)
    pixels = np.where(np.isfinite(arrays["keypoints_2d"]), pixels, np.nan).astype(np.float32)
    return {**arrays, "keypoints_2d": pixels, "pose_world": pose.astype(np.float32)}
