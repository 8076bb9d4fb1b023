"""The same training step in PyTorch, as well as we can write it: the peer of benchmarks/train_step.

Networks (centred rays in, root on its ray), eq. (7) with plain norms over a pair of views, the
gradient's norm clipped, Adam: one function each, as in geoself_jax, so that the two can be read
side by side. Both views go through the networks in one batch, Adam is the fused one, and the data
stay on the device. `copy_weights` makes it equal to ours; `benchmarks.train_step --check` compares.
"""

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

MIN_DEPTH = 0.1
BARRIER = 1000.0


class Views(NamedTuple):
    """Detections and cameras of some instants: as geoself_jax.core.batch.Batch, without labels."""

    keypoints_2d: Tensor  # (batch, views, joints, 2)
    confidence: Tensor  # (batch, views, joints)
    K: Tensor  # (batch, views, 3, 3)
    R: Tensor
    center: Tensor  # (batch, views, 3)


class Dense(nn.Module):
    """Fully connected, batch norm, ReLU, dropout."""

    def __init__(self, inputs: int, width: int, dropout: float) -> None:
        super().__init__()
        self.linear = nn.Linear(inputs, width, bias=False)
        self.norm: Any = nn.BatchNorm1d(width, momentum=0.01)
        self.dropout = nn.Dropout(dropout) if dropout else nn.Identity()

    def fold_norm(self) -> None:
        """Batch norm into the product, for lifting only."""
        self.linear = torch.nn.utils.fusion.fuse_linear_bn_eval(self.linear, self.norm)
        self.norm = nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """One layer of a block."""
        return self.dropout(torch.relu(self.norm(self.linear(x))))


class ResidualMLP(nn.Module):
    """A fully connected layer, residual blocks, a linear one."""

    def __init__(
        self, inputs: int, outputs: int, width: int, blocks: int, layers: int, dropout: float
    ) -> None:
        super().__init__()
        self.stem = Dense(inputs, width, dropout)
        self.blocks = nn.ModuleList(
            nn.Sequential(*(Dense(width, width, dropout) for _ in range(layers)))
            for _ in range(blocks)
        )
        self.output = nn.Linear(width, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Features to outputs."""
        x = self.stem(x)
        for block in self.blocks:
            x = x + block(x)
        return self.output(x)


class Twin(nn.Module):
    """Both branches: (keypoints_2d, confidence, K) to pose_3d and root_position."""

    def __init__(self, model: Any, joints: int, root: int, bfloat16: bool = False) -> None:
        super().__init__()
        self.in_bfloat16 = bfloat16
        inputs = 2 * joints + 2
        self.lifting = ResidualMLP(
            inputs, 3 * joints, model.width, model.blocks, model.layers, model.dropout
        )
        self.root = ResidualMLP(
            inputs, 3, model.root_width, model.root_blocks, model.layers, model.dropout
        )
        self.joint, self.root_depth = root, model.start_depth

    def fold_norm(self) -> None:
        """Every layer's."""
        for layer in self.modules():
            if isinstance(layer, Dense):
                layer.fold_norm()

    def forward(self, keypoints_2d: Tensor, confidence: Tensor, K: Tensor) -> tuple[Tensor, Tensor]:
        """Lifts single views: (n, joints, 2), (n, joints), (n, 3, 3)."""
        rays = pixel_to_ray(torch.nan_to_num(keypoints_2d), K)
        seen = torch.isfinite(keypoints_2d).all(-1) & (confidence > 0)
        count = seen.sum(-1, keepdim=True).clamp(min=1)
        mean = torch.where(seen[..., None], rays, 0).sum(-2) / count
        ray = torch.where(seen[:, self.joint, None], rays[:, self.joint], mean)
        turn = look_at(ray)
        turned = rotate(turn, torch.cat([rays, torch.ones_like(rays[..., :1])], -1))
        coordinates = turned[..., :2] / turned[..., 2:].clamp(min=MIN_DEPTH)
        coordinates = torch.where(seen[..., None], coordinates, 0)
        features = torch.cat([coordinates.flatten(1), ray], -1)
        with torch.autocast(features.device.type, torch.bfloat16, enabled=self.in_bfloat16):
            pose, out = self.lifting(features).float(), self.root(features).float()
        pose = pose.unflatten(-1, (-1, 3))
        pose = rotate(turn.transpose(-1, -2), pose - pose[:, self.joint, None])
        z = self.root_depth * torch.exp(out[:, 2:].clamp(-3, 3))
        return pose, torch.cat([z * (ray + 0.1 * out[:, :2]), z], -1)


def pixel_to_ray(pixels: Tensor, K: Tensor) -> Tensor:
    """Rays (x/z, y/z)."""
    offset = pixels - K[..., None, :2, 2]
    y = offset[..., 1] / K[..., None, 1, 1]
    return torch.stack([(offset[..., 0] - K[..., None, 0, 1] * y) / K[..., None, 0, 0], y], -1)


def rotate(R: Tensor, points: Tensor) -> Tensor:
    """R x for every point."""
    return points @ R.transpose(-1, -2)


def look_at(ray: Tensor) -> Tensor:
    """The smallest rotation that brings a ray to the optical axis."""
    x, y = ray.unbind(-1)
    length = torch.sqrt(1 + x * x + y * y)
    x, y, z = x / length, y / length, 1 / length
    a = 1 / (1 + z)
    rows = [1 - a * x * x, -a * x * y, -x, -a * x * y, 1 - a * y * y, -y, x, y, z]
    return torch.stack(rows, -1).unflatten(-1, (3, 3))


def project(points: Tensor, K: Tensor) -> Tensor:
    """Perspective projection, depth held at MIN_DEPTH."""
    rays = points[..., :2] / points[..., 2:].clamp(min=MIN_DEPTH)
    x, y, K = rays[..., 0], rays[..., 1], K[..., None, :, :]
    return torch.stack([K[..., i, 0] * x + K[..., i, 1] * y + K[..., i, 2] for i in (0, 1)], -1)


def pixel_errors(predicted: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Sum of weighted distances; nothing where the target is missing or the weight 0."""
    counts = torch.isfinite(target).all(-1) & (weight > 0)
    residual = torch.where(counts[..., None], predicted - torch.nan_to_num(target), 0)
    square = residual.square().sum(-1)
    zero = square == 0
    norm = torch.where(zero, 0, torch.where(zero, 1, square).sqrt())
    return (torch.where(counts, weight, 0) * norm).sum()


def loss_of(twin: Twin, views: Views, transform_weight: float) -> Tensor:
    """Eq. (7) over pairs of views, divided by the batch's confidence."""
    flat = [x.flatten(0, 1) for x in (views.keypoints_2d, views.confidence, views.K)]
    pose, root = twin(*flat)
    pose = (pose + root[:, None]).unflatten(0, views.K.shape[:2])
    own = pixel_errors(project(pose, views.K), views.keypoints_2d, views.confidence)
    R_12 = views.R.flip(1) @ views.R.transpose(-1, -2)
    t_12 = rotate(views.R, (views.center.flip(1) - views.center)[..., None, :])
    moved = project(rotate(R_12, pose - t_12), views.K.flip(1))
    seen = (views.confidence > 0).any(-1, keepdim=True)
    weight = torch.where(seen, views.confidence, 0)
    other = pixel_errors(moved, views.keypoints_2d.flip(1), weight)
    barrier = BARRIER * (MIN_DEPTH - pose[..., 2]).clamp(min=0).sum()
    return (own + transform_weight * other + barrier) / views.confidence.sum()


def draw(data: Views, rig: Tensor, batch: int) -> Views:
    """Random instants and a random pair of their views."""
    frames, all_views = data.confidence.shape[:2]
    frame = torch.randint(frames, (batch, 1), device=rig.device)
    view = torch.rand(batch, all_views, device=rig.device).argsort(-1)[:, :2]
    cameras = (array[rig[frame], view] for array in data[2:])
    return Views(data.keypoints_2d[frame, view], data.confidence[frame, view], *cameras)


def copy_weights(twin: Twin, variables: dict[str, Any]) -> None:
    """Takes over the Flax networks' parameters (running statistics start alike)."""
    params = variables["params"]
    with torch.no_grad():
        for name in ("lifting", "root"):
            ours, theirs = params[name], getattr(twin, name)
            _copy_dense(theirs.stem, ours["stem"])
            for i, block in enumerate(theirs.blocks):
                for j, layer in enumerate(block):
                    _copy_dense(layer, ours[f"block{i}_layer{j}"])
            theirs.output.weight.copy_(_tensor(ours["output"]["kernel"]).transpose(-1, -2))
            theirs.output.bias.copy_(_tensor(ours["output"]["bias"]))


def _copy_dense(theirs: Dense, ours: dict[str, Any]) -> None:
    theirs.linear.weight.copy_(_tensor(ours["linear"]["kernel"]).transpose(-1, -2))
    theirs.norm.weight.copy_(_tensor(ours["norm"]["scale"]))
    theirs.norm.bias.copy_(_tensor(ours["norm"]["bias"]))


def _tensor(array: Any) -> Tensor:
    return torch.from_numpy(np.array(array))
