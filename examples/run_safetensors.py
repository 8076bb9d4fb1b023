"""Lifts detections with numpy alone: the whole forward pass, from model.json and model.safetensors.

    pip install numpy safetensors
    python examples/run_safetensors.py EXPORT detections.npz poses.npz

detections.npz holds keypoints_2d (poses, joints, 2), pixels without lens distortion, NaN where a
joint is missing; confidence (poses, joints), 0 where it is missing; K (3, 3) or (poses, 3, 3),
pixels. Networks of several frames (`architecture.frames` in model.json) take (poses, frames, joints
...) of the first two, and lift the middle one. Metres come out: pose_3d (poses, joints, 3) relative
to the root, root_position (poses, 3), and of networks that
say it uncertainty (poses, joints) and uncertainty_axes (poses, joints, 2).
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file

OUTPUTS = ("pose_3d", "root_position", "uncertainty", "uncertainty_axes")  # the last where there


def lift(
    folder: Path, keypoints_2d: np.ndarray, confidence: np.ndarray, K: np.ndarray
) -> list[np.ndarray]:
    """The arrays of `OUTPUTS` for (poses, joints, 2), (poses, joints) and (poses, 3, 3)."""
    info = json.loads((folder / "model.json").read_text())
    config, joints = info["architecture"], len(info["skeleton"]["joint_names"])
    if config.get("backbone", "residual") != "residual":
        raise SystemExit(f"backbone {config['backbone']!r} is not residual: use run_stablehlo.py")
    weights = load_file(folder / "model.safetensors")
    poses, frames = len(K), config.get("frames", 1)
    keypoints_2d = keypoints_2d.reshape(poses, frames * joints, 2)
    confidence = confidence.reshape(poses, frames * joints)
    root = frames // 2 * joints + info["skeleton"]["root"]  # the middle frame's

    y = (keypoints_2d[..., 1] - K[:, None, 1, 2]) / K[:, None, 1, 1]
    x = (keypoints_2d[..., 0] - K[:, None, 0, 2] - K[:, None, 0, 1] * y) / K[:, None, 0, 0]
    rays = np.stack([x, y], -1)
    seen = np.isfinite(rays).all(-1) & (confidence > 0)
    rays = np.where(seen[..., None], rays, 0)

    mean = rays.sum(1) / np.maximum(seen.sum(1, keepdims=True), 1).astype(np.float32)
    root_ray = np.where(seen[:, root, None], rays[:, root], mean)
    turn = look_at(root_ray)

    extra = []
    if config["input"] == "pixel":
        coordinates = (keypoints_2d - np.array(config["pixel_center"], np.float32)) / config[
            "pixel_scale"
        ]
    elif config["input"] == "ray":
        coordinates = rays
    else:  # centered_ray: as a camera sees them that looks at the root
        turned = np.concatenate([rays, np.ones_like(rays[..., :1])], -1) @ turn.swapaxes(1, 2)
        coordinates = turned[..., :2] / np.maximum(turned[..., 2:], 0.1)
        extra = [np.tile(root_ray[:, None], (1, frames, 1))]
    coordinates = np.where(seen[..., None], coordinates, 0)
    looks = config.get("confidence", False)
    trust = np.where(seen, confidence if looks else 1, 0).astype(np.float32)
    trust = trust.reshape(poses, frames, joints)
    if looks:
        extra.append(trust * np.float32(1 if config["input"] == "pixel" else 0.1))
    features = np.concatenate([coordinates.reshape(poses, frames, 2 * joints), *extra], 2)
    if frames > 1 and config.get("temporal") == "paths":
        points = coordinates.reshape(poses, frames, joints, 2)
        features = path_features(points, trust, root_ray, looks=looks)

    last = network(weights, "lifting", config["blocks"], config["layers"], features)
    pose_3d = linear(weights, "lifting/output", last)
    pose_3d = pose_3d.reshape(poses, joints, 3)
    pose_3d = pose_3d - pose_3d[:, [info["skeleton"]["root"]]]
    if config["input"] == "centered_ray":
        pose_3d = pose_3d @ turn  # back into the camera's axes

    place = network(weights, "root", config["root_blocks"], config["layers"], features)
    place = linear(weights, "root/output", place)
    if config["root"] == "ray":
        z = config["root_depth"] * np.exp(np.clip(place[:, 2:], -3, 3))
        place = np.concatenate([z * (root_ray + 0.1 * place[:, :2]), z], 1)
    if not config.get("uncertainty", False):
        return [pose_3d, place]
    spread = np.clip(linear(weights, "lifting/spread", last), -4, 3)
    off = np.float32(0.1) * np.exp(spread).reshape(poses, joints, -1)
    off[:, info["skeleton"]["root"]] = 0
    found = [pose_3d, place, off[..., 0] * weights["batch_stats/uncertainty_scale"]]
    if config.get("uncertainty_axes", False):  # across each joint's ray, and along it
        found.append(off[..., 1:] * weights["batch_stats/uncertainty_axes_scale"])
    return found


def look_at(ray: np.ndarray) -> np.ndarray:
    """(poses, 3, 3): the smallest rotation that brings a ray (poses, 2) to the optical axis."""
    x, y = ray.T
    length = np.sqrt(1 + x * x + y * y)
    x, y, z = x / length, y / length, 1 / length
    a = 1 / (1 + z)
    rows = [[1 - a * x * x, -a * x * y, -x], [-a * x * y, 1 - a * y * y, -y], [x, y, z]]
    return np.array(rows).transpose(2, 0, 1)


def path_features(
    points: np.ndarray, trust: np.ndarray, root_ray: np.ndarray, *, looks: bool
) -> np.ndarray:
    """The middle frame, and parabolas of time through each joint's points, short and long.

    Args:
        points: (poses, frames, joints, 2).
        trust: (poses, frames, joints), 0 where a joint was not seen.
        root_ray: (poses, 2).
        looks: Whether the networks look at confidences too.
    """
    poses, frames = trust.shape[:2]
    parts, supports = [points[:, frames // 2]], [trust[:, frames // 2]]
    spread = 1.5
    while spread == 1.5 or spread <= frames / 6:
        time = ((np.arange(frames) - frames // 2) / spread).astype(np.float32)
        near = np.where(np.abs(time) <= 4, np.exp(-0.5 * time**2), 0)
        powers = np.where(near[:, None] > 0, time[:, None] ** np.arange(5, dtype=np.float32), 0)
        first = trust**2 * near[:, None]
        path = parabolas(points, first, powers)
        for _ in range(2):  # points off the path count less
            off = points - np.einsum("fn,bjnc->bfjc", powers[:, :3], path)
            penalty = 1 + (off**2).sum(-1) / np.float32(0.015**2)
            path = parabolas(points, first / penalty**2, powers)
        parts.append(path)
        supports.append(first.sum(1) / near.sum())
        spread *= 3
    parts += [np.float32(0.1) * support for support in supports] if looks else []
    flat = [array.reshape(poses, -1) for array in parts]
    return np.concatenate([*flat, root_ray], 1)[:, None].astype(np.float32)


def parabolas(points: np.ndarray, weight: np.ndarray, powers: np.ndarray) -> np.ndarray:
    """(poses, joints, 3, 2): place, velocity and half the acceleration at time 0, least squares."""
    total = weight.sum(1, keepdims=True)
    share = weight / np.where(total == 0, 1, total)
    s1, s2, s3, s4 = np.einsum("fn,bfj->nbj", powers[:, 1:], share)[..., None]
    b0, b1, b2 = np.einsum("fn,bfj,bfjc->nbjc", powers[:, :3], share, points)
    a11, a12, a22 = s2 - s1 * s1 + np.float32(0.02), s3 - s1 * s2, s4 - s2 * s2 + np.float32(0.02)
    c1, c2 = b1 - s1 * b0, b2 - s2 * b0
    velocity = (a22 * c1 - a12 * c2) / (a11 * a22 - a12 * a12)
    bend = (a11 * c2 - a12 * c1) / (a11 * a22 - a12 * a12)
    return np.stack([b0 - s1 * velocity - s2 * bend, velocity, bend], 2)


def network(
    weights: dict[str, np.ndarray], name: str, blocks: int, layers: int, x: np.ndarray
) -> np.ndarray:
    """A fully connected layer and residual blocks of them.

    Of x (poses, frames, features) the first layer sees three frames at a time, and so do as many
    more blocks, ahead of the others, as it takes to have one left; of one frame it sees that.
    """

    def dense(x: np.ndarray, layer: str) -> np.ndarray:
        there = f"{name}/{layer}"
        x = x @ weights[f"params/{there}/linear/kernel"]
        mean, var = (weights[f"batch_stats/{there}/norm/{key}"] for key in ("mean", "var"))
        scale, bias = (weights[f"params/{there}/norm/{key}"] for key in ("scale", "bias"))
        return np.maximum((x - mean) * scale / np.sqrt(var + 1e-5) + bias, 0)

    poses, frames, features = x.shape
    x = x.reshape(poses * max(frames // 3, 1), min(frames, 3) * features)
    x = dense(x, "stem")
    narrowing = round(np.log(max(frames // 3, 1)) / np.log(3))
    for block in range(narrowing + blocks):
        y = x
        if block < narrowing:
            threes = x.reshape(len(x) // 3, 3, -1)
            x, y = threes[:, 1], threes.reshape(len(threes), -1)
        for layer in range(layers):
            y = dense(y, f"block{block}_layer{layer}")
        x = x + y
    return x


def linear(weights: dict[str, np.ndarray], name: str, x: np.ndarray) -> np.ndarray:
    """A linear layer."""
    return x @ weights[f"params/{name}/kernel"] + weights[f"params/{name}/bias"]


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n", 1)[0])
    parser.add_argument("export", type=Path, help="folder that geoself_jax.export wrote")
    parser.add_argument("detections", help=".npz with keypoints_2d, confidence and K")
    parser.add_argument("poses", type=Path, help=".npz to write: pose_3d, root_position")
    flags = parser.parse_args()
    given: Any = np.load(flags.detections)
    keys = ("keypoints_2d", "confidence", "K")
    keypoints_2d, confidence, K = (np.asarray(given[key], np.float32) for key in keys)
    K = np.broadcast_to(K, (len(keypoints_2d), 3, 3))
    lifted = dict(zip(OUTPUTS, lift(flags.export, keypoints_2d, confidence, K), strict=False))
    flags.poses.parent.mkdir(parents=True, exist_ok=True)
    np.savez(flags.poses, **lifted)  # type: ignore[arg-type]
    print(f"lifted {len(K)} poses with numpy {np.__version__} into {flags.poses}")
    if "pose_3d" in given:  # as in an export's sample.npz
        off = max(float(abs(array - given[key]).max()) for key, array in lifted.items())
        print(f"largest difference from the answer in {flags.detections}: {1000 * off:.1e} mm")


if __name__ == "__main__":
    main()
