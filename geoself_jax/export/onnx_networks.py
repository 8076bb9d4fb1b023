"""Exports the networks to ONNX: `model.Networks` node by node.

Hand-written rather than converted: installing jax2onnx 0.17 downgrades Orbax, and onnxruntime does
not load what it writes of these networks (docs/dependencies.md has the measurement).
"""

import json
from typing import Any

import jax
import numpy as np
import onnx
from onnx import helper

from geoself_jax import __version__
from geoself_jax.core.config import ModelConfig
from geoself_jax.core.layers import fold_norm
from geoself_jax.core.model import (
    CONFIDENCE_SCALE,
    UNCERTAINTY,
    UNCERTAINTY_AXES_SCALE,
    UNCERTAINTY_SCALE,
)
from geoself_jax.export.onnx_graph import Graph, Tensor
from geoself_jax.export.onnx_trajectories import trajectory_features
from geoself_jax.runtime.restore import Trained

OPSET = 17
IR_VERSION = 8
"""Both of 2022. Run with onnxruntime 1.15 (of 2023) and 1.32 (of 2026)."""

Pair = tuple[Tensor, Tensor]


def onnx_model(trained: Trained, metadata: dict[str, Any]) -> bytes:
    """Returns the networks and weights as an ONNX file with a symbolic batch size.

    Args:
        trained: The trained networks.
        metadata: Metadata of the file: strings or JSON values by name.
    """
    model = helper.make_model(
        _graph(trained).proto("geoself_lifter"),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="geoself_jax",
        producer_version=__version__,
    )
    texts = {k: v if isinstance(v, str) else json.dumps(v) for k, v in metadata.items()}
    helper.set_model_props(model, texts)
    onnx.checker.check_model(model, full_check=True)
    content: bytes = model.SerializeToString(deterministic=True)
    return content


def _graph(trained: Trained) -> Graph:
    config, skeleton = trained.model.config, trained.model.skeleton
    joints, frames = skeleton.joints, config.frames
    variables = jax.tree.map(np.asarray, dict(trained.variables))
    weights = fold_norm(variables["params"], variables["batch_stats"])
    graph = Graph()
    view = [joints] if frames == 1 else [frames, joints]
    pixels = graph.input("keypoints_2d", ["b", *view, 2])
    confidence = graph.input("confidence", ["b", *view])
    K = graph.input("K", ["b", 3, 3])
    if frames > 1:
        pixels = pixels.reshape(0, frames * joints, 2)
        confidence = confidence.reshape(0, frames * joints)

    uv = pixels.take(0, axis=2), pixels.take(1, axis=2)
    rays, seen = _rays(uv, confidence, K)
    root_ray = _root_ray(rays, seen, frames // 2 * joints + skeleton.root)
    turn = _look_at(root_ray)
    features = _features(config, uv, confidence, rays, root_ray, turn, seen, joints)

    size = config.narrowing, config.blocks, config.layers
    last = _features_of(features, weights["lifting"], "lifting", *size)
    pose = _linear(last, "lifting.output", weights["lifting"]["output"]).reshape(0, joints, 3)
    pose = pose - pose.take([skeleton.root], axis=1)
    if config.input == "centered_ray":
        x, y, z = (pose.take(i, axis=2) for i in range(3))
        pose = graph.stack(
            *(turn[0][i] * x + turn[1][i] * y + turn[2][i] * z for i in range(3))
        )  # rotated back: by the transpose
    graph.output("pose_3d", pose, ["b", joints, 3])
    size = config.narrowing, config.root_blocks, config.layers
    out = _features_of(features, weights["root"], "root", *size)
    out = _linear(out, "root.output", weights["root"]["output"])
    graph.output("root_position", _root_position(config, out, root_ray), ["b", 3])
    if config.uncertainty:
        spread = _linear(last, "lifting.spread", weights["lifting"]["spread"])
        stats = variables["batch_stats"]
        _uncertainties(spread, stats, joints, skeleton.root, axes=config.uncertainty_axes)
    return graph


def _uncertainties(
    spread: Tensor, stats: dict[str, np.ndarray], joints: int, root: int, *, axes: bool
) -> None:
    """Outputs the uncertainty, (b, joints), and those of the axes, (b, joints, 2)."""
    graph = spread.graph
    scale = UNCERTAINTY * stats[UNCERTAINTY_SCALE][:, None]
    if axes:
        scale = np.concatenate([scale, UNCERTAINTY * stats[UNCERTAINTY_AXES_SCALE]], axis=1)
    scale[root] = 0
    said = graph.node("Exp", graph.node("Clip", spread, -4.0, 3.0))
    said = said.reshape(0, joints, scale.shape[1])
    said = said * graph.weight("uncertainty_scale", scale.astype(np.float32))
    graph.output("uncertainty", said.take(0, axis=2), ["b", joints])
    if axes:
        graph.output("uncertainty_axes", said.take([1, 2], axis=2), ["b", joints, 2])


def _rays(uv: Pair, confidence: Tensor, K: Tensor) -> tuple[Pair, Tensor]:
    """Returns rays, (b, joints) each, NaN without a detection, and the visibility mask."""
    graph, flat = K.graph, K.reshape(0, 9)
    fx, skew, cx, fy, cy = (flat.take([i], axis=1) for i in (0, 1, 2, 4, 5))
    y = (uv[1] - cy) / fy
    x = (uv[0] - cx - skew * y) / fx
    seen = graph.node("Greater", confidence, 0.0)
    for ray in (x, y):
        seen = seen & ~(graph.node("IsNaN", ray) | graph.node("IsInf", ray))
    return (x, y), seen


def _root_ray(rays: Pair, seen: Tensor, root: int) -> Pair:
    """Returns the root's ray, (b, 1) each; the visible joints' mean where missing, else 0."""
    graph = seen.graph
    count = _sum(graph.node("Cast", seen, to=onnx.TensorProto.FLOAT))
    count = graph.node("Max", count, 1.0)
    there = seen.take([root], axis=1)
    x, y = (
        graph.node("Where", there, ray.take([root], axis=1), _sum(_where_seen(seen, ray)) / count)
        for ray in rays
    )
    return x, y


def _sum(x: Tensor) -> Tensor:
    return x.graph.node("ReduceSum", x, np.array([1], np.int64), keepdims=1)


def _where_seen(seen: Tensor, x: Tensor) -> Tensor:
    return seen.graph.node("Where", seen, x, 0.0)


def _look_at(ray: Pair) -> list[list[Tensor]]:
    """Returns the smallest rotation of a ray to the optical axis (Rodrigues), (b, 1) each."""
    graph, (x, y) = ray[0].graph, ray
    length = graph.node("Sqrt", x * x + y * y + 1.0)
    x, y, z = x / length, y / length, graph.node("Reciprocal", length)
    a = graph.node("Reciprocal", z + 1.0)
    across = a * x * y * -1.0
    return [
        [a * x * x * -1.0 + 1.0, across, x * -1.0],
        [across, a * y * y * -1.0 + 1.0, y * -1.0],
        [x, y, z],
    ]


def _features(
    config: ModelConfig,
    uv: Pair,
    confidence: Tensor,
    rays: Pair,
    root_ray: Pair,
    turn: list[list[Tensor]],
    seen: Tensor,
    joints: int,
) -> Tensor:
    """Returns the networks' input, (b, features): frames or trajectories; 0 where missing."""
    graph, frames, pair = seen.graph, config.frames, rays
    extra: list[Tensor] = []
    if config.input == "pixel":
        u, v = (
            (x - middle) / config.pixel_scale
            for x, middle in zip(uv, config.pixel_center, strict=True)
        )
        pair = u, v
    elif config.input == "centered_ray":
        x, y, z = (row[0] * rays[0] + row[1] * rays[1] + row[2] for row in turn)
        z = graph.node("Max", z, 0.1)
        pair = x / z, y / z
        if config.temporal == "paths" and frames > 1:
            masked = _where_seen(seen, pair[0]), _where_seen(seen, pair[1])
            trust = graph.node("Cast", seen, to=onnx.TensorProto.FLOAT)
            if config.confidence:
                trust = _where_seen(seen, confidence)
            return trajectory_features(config, masked, trust, root_ray, joints)
        times = np.array([1, frames], np.int64)
        extra = [graph.node("Tile", ray, times).reshape(0, frames, 1) for ray in root_ray]
    if config.confidence:
        trust = _where_seen(seen, confidence)
        trust = trust if config.input == "pixel" else trust * CONFIDENCE_SCALE
        extra.append(trust.reshape(0, frames, joints))
    coordinates = graph.stack(*(_where_seen(seen, x) for x in pair))
    coordinates = coordinates.reshape(0, frames, 2 * joints)
    features = graph.node("Concat", coordinates, *extra, axis=2)
    each = 2 * joints + 2 * (config.input == "centered_ray") + joints * config.confidence
    return features.reshape(*((0, each) if frames == 1 else (-1, 3 * each)))


def _linear(x: Tensor, name: str, arrays: dict[str, np.ndarray], **how: int) -> Tensor:
    kernel, bias = (x.graph.weight(f"{name}.{key}", arrays[key]) for key in ("kernel", "bias"))
    return x.graph.node("Gemm", x, kernel, bias, name=name, **how)


def _features_of(
    x: Tensor, weights: dict[str, Any], name: str, narrowing: int, blocks: int, layers: int
) -> Tensor:
    """Adds the layers of `model.ResidualNetwork`, folded."""

    def dense(x: Tensor, layer: str) -> Tensor:
        product = _linear(x, f"{name}.{layer}", weights[layer]["linear"], transB=1)
        return x.graph.node("Relu", product)

    x = dense(x, "stem")
    width = len(weights["stem"]["linear"]["bias"])
    for block in range(narrowing + blocks):
        y = x
        if block < narrowing:
            y = x.reshape(-1, 3 * width)
            x = x.reshape(-1, 3, width).take(1, axis=1)
        for layer in range(layers):
            y = dense(y, f"block{block}_layer{layer}")
        x = x + y
    return x


def _root_position(config: ModelConfig, out: Tensor, root_ray: Pair) -> Tensor:
    """Returns the root position, (b, 3), metres, camera frame."""
    if config.root == "plain":
        return out
    graph = out.graph
    x, y, z = (out.take([i], axis=1) for i in range(3))
    z = graph.node("Exp", graph.node("Clip", z, -3.0, 3.0)) * config.start_depth
    across = (z * (ray + o * 0.1) for ray, o in zip(root_ray, (x, y), strict=True))
    return graph.node("Concat", *across, z, axis=1)
