"""What trained networks say of single views, compiled: without what training needs."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from geoself_jax.core.model import Networks, Prediction
from geoself_jax.geometry.camera import pixel_to_ray, ray_to_pixel


def make_predict(model: Networks, *, flip: bool = False) -> Callable[..., Prediction]:
    """Compiles (variables, keypoints_2d, confidence, K) to a `Prediction`, running statistics used.

    Where the networks see windows, keypoints_2d and confidence have an axis of frames.

    Args:
        model: The networks.
        flip: Mean of the pose and the mirrored pose of the mirrored view, as VideoPose3D's
            evaluation does: twice the work, a few millimetres better. The root position stays: it
            is learned with the cameras' own roll, and a mirrored view is rolled the other way.
    """

    def predict(
        variables: Any, keypoints_2d: jax.Array, confidence: jax.Array, K: jax.Array
    ) -> Prediction:
        lifted = Prediction(*model.apply(variables, keypoints_2d, confidence, K, train=False))
        if not flip:
            return lifted
        swap, sign = jnp.array(model.skeleton.mirror), jnp.array([-1.0, 1, 1])
        points = keypoints_2d.reshape(*K.shape[:-2], -1, 2)
        mirrored = ray_to_pixel(pixel_to_ray(points, K) * sign[:2], K).reshape(keypoints_2d.shape)
        seen = (mirrored[..., swap, :], confidence[..., swap])
        other = Prediction(*model.apply(variables, *seen, K, train=False))
        off = axes = None
        if lifted.uncertainty is not None and other.uncertainty is not None:
            off = (lifted.uncertainty + other.uncertainty[..., swap]) / 2
        if lifted.uncertainty_axes is not None and other.uncertainty_axes is not None:
            axes = (lifted.uncertainty_axes + other.uncertainty_axes[..., swap, :]) / 2
        joints = other.pose_3d[..., swap, :] * sign
        # The root may be one of a pair, and its mirror image another joint.
        joints = joints - joints[..., model.skeleton.root, None, :]
        return Prediction((lifted.pose_3d + joints) / 2, lifted.root_position, off, axes)

    return jax.jit(predict)
