"""Trajectory features over a window, as ONNX: `geometry.trajectories.fit_paths`."""

import numpy as np

from geoself_jax.core.config import ModelConfig
from geoself_jax.core.model import CONFIDENCE_SCALE, PATH_OUTLIER
from geoself_jax.export.onnx_graph import Tensor
from geoself_jax.geometry.trajectories import RIDGE, ROUNDS, powers_and_nearness

Pair = tuple[Tensor, Tensor]
"""x and y."""


def trajectory_features(
    config: ModelConfig, pair: Pair, trust: Tensor, root_ray: Pair, joints: int
) -> Tensor:
    """Returns the networks' input, (b, features).

    Args:
        config: Configuration of the networks.
        pair: Ray coordinates, (b, frames * joints) each, 0 where a joint is missing.
        trust: Confidence, (b, frames * joints), 0 where missing.
        root_ray: Ray of the root, (b, 1) each.
        joints: Number of joints of a frame.
    """
    graph, frames = trust.graph, config.frames
    x, y, trust = (array.reshape(0, frames, joints) for array in (*pair, trust))
    middle = [array.take(frames // 2, axis=1) for array in (x, y, trust)]
    features, supports = [graph.stack(*middle[:2]).reshape(0, 2 * joints)], middle[2:]
    for spread in config.path_spreads:
        path, support = _fit_trajectories((x, y), trust * trust, frames, spread)
        features.append(graph.stack(*path).reshape(0, 6 * joints))
        supports.append(support)
    if config.confidence:
        features += [support * CONFIDENCE_SCALE for support in supports]
    return graph.node("Concat", *features, *root_ray, axis=1)


def _fit_trajectories(
    pair: Pair, weight: Tensor, frames: int, spread: float
) -> tuple[list[Tensor], Tensor]:
    """Fits position, velocity and half the acceleration, x and y, (b, joints); with support."""
    graph, (powers, near) = weight.graph, powers_and_nearness(frames, spread)
    name = f"paths.{spread:g}"
    moments = graph.weight(f"{name}.moments", powers.T)
    there = graph.weight(f"{name}.powers", powers[:, :3])
    first = weight * graph.weight(f"{name}.near", near[:, None])
    path = _fit(pair, first, moments)
    for _ in range(ROUNDS):
        x, y = (
            points - graph.node("MatMul", there, _rows(path[axis::2]))
            for axis, points in enumerate(pair)
        )
        residual = (x * x + y * y) / PATH_OUTLIER**2 + 1.0
        path = _fit(pair, first / (residual * residual), moments)
    support = graph.node("ReduceSum", first, np.array([1], np.int64), keepdims=0)
    return path, support / float(near.sum())


def _rows(values: list[Tensor]) -> Tensor:
    """(b, joints) each to (b, rows, joints)."""
    graph, at = values[0].graph, np.array([1], np.int64)
    return graph.node("Concat", *(graph.node("Unsqueeze", v, at) for v in values), axis=1)


def _fit(pair: Pair, weight: Tensor, moments: Tensor) -> list[Tensor]:
    """Mirrors `trajectories._fit`: x, y of position, velocity and half the acceleration."""
    graph = weight.graph
    sums = graph.node("MatMul", moments, weight)
    s0, s1, s2, s3, s4 = (sums.take(i, axis=1) for i in range(5))
    total = graph.node("Where", graph.node("Equal", s0, 0.0), 1.0, s0)
    s1, s2, s3, s4 = (s / total for s in (s1, s2, s3, s4))
    a11, a12, a22 = s2 - s1 * s1 + RIDGE, s3 - s1 * s2, s4 - s2 * s2 + RIDGE
    determinant = a11 * a22 - a12 * a12
    found: list[list[Tensor]] = []
    for points in pair:
        along = graph.node("MatMul", moments, weight * points)
        b0, b1, b2 = (along.take(i, axis=1) / total for i in range(3))
        c1, c2 = b1 - s1 * b0, b2 - s2 * b0
        velocity = (a22 * c1 - a12 * c2) / determinant
        bend = (a11 * c2 - a12 * c1) / determinant
        found.append([b0 - s1 * velocity - s2 * bend, velocity, bend])
    return [found[axis][power] for power in range(3) for axis in range(2)]
