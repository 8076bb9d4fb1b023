import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from rigs import finite

from geoself_jax.core.config import ModelConfig
from geoself_jax.core.model import Networks
from geoself_jax.core.skeleton import H36M_17, Skeleton

SMALL = {"width": 16, "blocks": 1, "root_width": 16, "root_blocks": 1}
K = np.array([[1145.0, 0, 512], [0, 1143, 515], [0, 0, 1]], np.float32)


def poses(count=6, joints=17, seed=0):
    rng = np.random.default_rng(seed)
    middle = rng.uniform(300, 700, (count, 1, 2))
    keypoints_2d = middle + rng.normal(0, 60, (count, joints, 2))
    shape = (count, joints)
    return (
        jnp.asarray(keypoints_2d, jnp.float32),
        jnp.ones(shape),
        jnp.broadcast_to(K, (count, 3, 3)),
    )


@functools.cache
def networks(skeleton=H36M_17, **keywords):
    model = Networks(ModelConfig(**{**SMALL, **keywords}), skeleton)
    variables = jax.jit(model.init)(jax.random.key(0), *poses(joints=skeleton.joints))
    noise = np.random.default_rng(1)
    # The root's output layer starts at zero, which would hide the network behind it.
    variables["params"]["root"]["output"]["kernel"] = jnp.asarray(
        noise.normal(0, 0.1, (16, 3)), jnp.float32
    )
    return model, variables, jax.jit(model.apply)


@pytest.mark.parametrize("given", ["pixel", "ray", "centered_ray"])
@pytest.mark.parametrize("root", ["ray", "plain"])
def test_pose_is_relative_to_the_root_and_finite(given, root):
    _, variables, apply = networks(input=given, root=root)
    pose_3d, position, *_ = apply(variables, *poses())
    assert pose_3d.shape == (6, 17, 3) and position.shape == (6, 3)
    assert finite((pose_3d, position))
    np.testing.assert_array_equal(pose_3d[:, 0], 0)


def test_a_missing_joint_is_not_looked_at():
    _, variables, apply = networks()
    keypoints_2d, confidence, K_ = poses()
    hidden = confidence.at[:, 5].set(0)
    base = apply(variables, keypoints_2d, hidden, K_)
    for value in (jnp.nan, 1e4):
        other = apply(variables, keypoints_2d.at[:, 5].set(value), hidden, K_)
        jax.tree.map(np.testing.assert_array_equal, other, base)
    seen = apply(variables, keypoints_2d.at[:, 5].add(30), confidence, K_)
    assert np.abs(seen[0] - base[0]).max() > 1e-4


@pytest.mark.parametrize("missing", [[0], list(range(17))])
def test_a_missing_root_or_a_missing_person_gives_finite_output(missing):
    _, variables, apply = networks()
    keypoints_2d, confidence, K_ = poses()
    gone = jnp.array(missing)
    out = apply(variables, keypoints_2d.at[:, gone].set(jnp.nan), confidence.at[:, gone].set(0), K_)
    assert finite(out)


def test_a_camera_that_turns_about_its_centre_turns_the_pose_with_it():
    """What `centered_ray` is for: the networks see the same features except the root's ray."""
    _, variables, apply = networks()
    variables = jax.tree.map(lambda x: x, variables)
    kernel = variables["params"]["lifting"]["stem"]["linear"]["kernel"]
    variables["params"]["lifting"]["stem"]["linear"]["kernel"] = kernel.at[-2:].set(0)
    keypoints_2d, confidence, K_ = poses(1)
    rays = np.linalg.solve(K, np.concatenate([keypoints_2d[0], np.ones((17, 1))], -1).T).T
    pose_3d = apply(variables, keypoints_2d, confidence, K_).pose_3d
    toward = rays[0] / np.linalg.norm(rays[0])
    axis = np.cross(toward, [0, 0, 1.0])
    sine, cosine = np.linalg.norm(axis), toward[2]
    axis /= sine
    cross = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    turn = np.eye(3) + sine * cross + (1 - cosine) * cross @ cross  # root to the optical axis
    turned = rays @ turn.T
    pixels = (turned / turned[:, 2:]) @ K.T
    expected = pose_3d[0] @ turn.T
    seen = jnp.asarray(pixels[None, :, :2], jnp.float32)
    found = apply(variables, seen, confidence, K_).pose_3d
    np.testing.assert_allclose(found[0], expected, atol=2e-5)


def test_the_ray_root_starts_on_the_ray_of_its_joint_at_the_starting_depth():
    model = Networks(ModelConfig(**SMALL, root_depth=4.0), H36M_17)
    inputs = poses()
    variables = jax.jit(model.init)(jax.random.key(0), *inputs)
    position = jax.jit(model.apply)(variables, *inputs).root_position
    np.testing.assert_allclose(position[:, 2], 4.0, rtol=1e-6)
    projected = (position / position[:, 2:]) @ K.T
    np.testing.assert_allclose(projected[:, :2], inputs[0][:, 0], atol=1e-2)


def test_any_skeleton_and_any_batch_shape():
    five = Skeleton(tuple("abcde"), (1, -1, 1, 2, 3), (), 1)
    _, variables, apply = networks(skeleton=five)
    keypoints_2d, confidence, K_ = poses(6, joints=5)
    flat = apply(variables, keypoints_2d, confidence, K_)
    shaped = apply(
        variables,
        keypoints_2d.reshape(2, 3, 5, 2),
        confidence.reshape(2, 3, 5),
        K_.reshape(2, 3, 3, 3),
    )
    assert shaped[0].shape == (2, 3, 5, 3) and shaped[1].shape == (2, 3, 3)
    np.testing.assert_allclose(shaped[0].reshape(6, 5, 3), flat[0], atol=1e-6)
    np.testing.assert_array_equal(flat[0][:, 1], 0)


def test_the_papers_network_has_its_size():
    paper = Networks(ModelConfig(input="pixel"), H36M_17)
    shapes = jax.eval_shape(paper.init, jax.random.key(0), *poses())
    lifting = sum(leaf.size for leaf in jax.tree.leaves(shapes["params"]["lifting"]))
    # 34 in, 1024 wide, 4 blocks of 2 layers, 51 out; batch norm has a scale and a bias a unit
    assert lifting == 34 * 1024 + 8 * 1024**2 + 9 * 2 * 1024 + 1024 * 51 + 51
