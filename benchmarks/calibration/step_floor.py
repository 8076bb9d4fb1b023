"""One step of the bundle adjustment next to what it must at least read, write and compute.

Counts are of a step without bones: equations of all joints, theirs eliminated, the cameras'
solved, joints moved, the cost of the new state. The floors are rates of plain numpy on this machine
at these counts: of an addition that reads and writes as many bytes, and of a product of matrices.
"""

import cProfile
import io
import pstats
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from geoself_jax.calibrate.bundle import Solution, adjust
from geoself_jax.calibrate.points import nearest_points
from geoself_jax.calibrate.views import Pose, Views

_PX, _GEMM, _FLOAT = 8.0, 700, 8
_LINES = 14


class Count(NamedTuple):
    """Of one step.

    Attributes:
        least: Bytes without any array between: detections, weights, scales and joints read for the
            equations and again for the cost, joints written.
        stored: Bytes with the arrays of the method written once and read once: errors, derivatives
            by joint and camera, mixed blocks, 3 x 3 blocks, their inverses and answers.
        operations: Additions, products and divisions; symmetric blocks in full.
    """

    least: int
    stored: int
    operations: int


class Step(NamedTuple):
    """CPU seconds, medians.

    Attributes:
        step: Of one step.
        least, stored: Of an addition over as many bytes.
        product: Of a product of float64 matrices of as many operations.
    """

    step: float
    least: float
    stored: float
    product: float


def counted(frames: int, views: int, joints: int) -> Count:
    """Bytes and operations of one step.

    Args:
        frames, views, joints: Every joint is seen by every view.
    """
    n = frames * joints
    detections, cameras = n * views, 7 * views
    read = detections * 3 + n * 4  # ray and weight; joint and scale
    between = detections * (2 + 6 + 14 + 21) + n * (9 + 9 + 3 + 3 * (cameras + 1))
    least = _FLOAT * (2 * read + 3 * n)
    a_detection = 28  # into the camera's axes, projected, subtracted
    a_detection += 24 + 16 + 15 + 2 * 22  # by joint, by camera, weight, all rows weighed
    a_detection += 2 * 2 * (9 + 3 + 21 + 49 + 7)  # products of two rows: own, pull, mixed, ...
    a_detection += 28 + 20  # the cost
    a_joint = 45 + 2 * 9 * (cameras + 1)  # inverse and answers
    a_joint += 2 * 3 * cameras * (cameras + 1) + 2 * 3 * cameras  # eliminated; moved
    return Count(least, least + 2 * _FLOAT * between, detections * a_detection + n * a_joint)


def measured(views: Views, pose: Pose, repeats: int = 3) -> Step:
    """Times a step and its floors in turn.

    Args:
        views: Detections.
        pose: Cameras near which it starts.
        repeats: Of each.
    """
    count = counted(len(views.rays), views.views, views.rays.shape[2])
    start = _start(views, pose)
    gemm = np.random.default_rng(0).normal(size=(_GEMM, _GEMM))
    jobs: dict[str, Callable[[], object]] = {
        "one": lambda: _steps(views, start, 1),
        "four": lambda: _steps(views, start, 4),
        "least": _moved(count.least),
        "stored": _moved(count.stored),
        "product": lambda: gemm @ gemm,
    }
    seconds: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(repeats + 1):
        for name, job in jobs.items():
            before = time.process_time()
            job()
            seconds[name].append(time.process_time() - before)
    middle = {name: float(np.median(some[1:])) for name, some in seconds.items()}
    product = middle["product"] * count.operations / (2.0 * _GEMM**3)
    step = (middle["four"] - middle["one"]) / 3
    return Step(step, middle["least"], middle["stored"], product)


def profiled(views: Views, pose: Pose) -> str:
    """Where the CPU seconds of five steps go, by function.

    Args:
        views, pose: As of `measured`.
    """
    start, profile = _start(views, pose), cProfile.Profile(time.process_time)
    profile.runcall(_steps, views, start, 5)
    out = io.StringIO()
    pstats.Stats(profile, stream=out).strip_dirs().sort_stats("tottime").print_stats(_LINES)
    return out.getvalue()


def _start(views: Views, pose: Pose) -> Solution:
    """Cameras somewhat off, so that four steps all improve them."""
    step = np.random.default_rng(0).normal(0, 0.03, (views.views, 7))
    step[0], step[:, 6] = 0, 0
    off = pose.moved(step)
    return Solution(off, nearest_points(views, off), None, 0.0)


def _steps(views: Views, start: Solution, steps: int) -> Solution:
    return adjust(views, start, np.full(views.rays.shape[2], _PX), steps=steps, enough=0.0)


def _moved(count: int) -> Callable[[], object]:
    """An addition that reads and writes that number of bytes in all."""
    read = np.ones(count // (2 * _FLOAT))
    written = np.empty_like(read)
    return lambda: np.add(read, 1.0, out=written)
