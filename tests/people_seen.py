"""Some hundred frames of built-in people as calibration sees them: a modelled detector's errors."""

import dataclasses
from functools import cache

import numpy as np

from geoself_jax.calibrate.recording_cameras import Options, calibrate
from geoself_jax.data.recording import HostCamera, Recording, from_arrays
from geoself_jax.data.synthetic import generate

FRAMES = 240  # 10 a second: an action each second or two


@cache
def recording(views: int = 2, *, frames: int = FRAMES, seed: int = 0) -> Recording:
    """One person's recording by the first of four cameras; with the true ones."""
    made = from_arrays(generate("train", frames, seed, 10.0, subjects=1), "synthetic")
    return made.select_views(np.arange(views))


def changed(r: Recording, **arrays) -> Recording:
    """The recording with other arrays; `R`, `center` and `K` are the cameras'."""
    camera = {name: arrays.pop(name, getattr(r.camera, name)) for name in HostCamera._fields}
    return dataclasses.replace(r, camera=HostCamera(**camera), **arrays)


def report_of(r: Recording, **options):
    """The recording with found cameras, and the report of its only rig."""
    found, (report,) = calibrate(r, Options(**options))
    return found, report


def off(report, r: Recording) -> tuple[np.ndarray, np.ndarray]:
    """(V,) degrees and metres by which found cameras are off, turned and scaled to fit best."""
    true_R, true = r.camera.R[0], r.camera.center[0]
    U, _, Vt = np.linalg.svd(np.einsum("vji,vjk->ik", true_R, report.R))
    turn = U @ np.diag([1, 1, np.linalg.det(U @ Vt)]) @ Vt
    cosine = (np.einsum("vij,vij->v", report.R @ turn.T, true_R) - 1) / 2
    own = (report.center - report.center.mean(0)) @ turn.T
    aim = true - true.mean(0)
    metres = np.linalg.norm(own * np.sum(own * aim) / np.sum(own**2) - aim, axis=1)
    return np.degrees(np.arccos(np.clip(cosine, -1, 1))), metres
