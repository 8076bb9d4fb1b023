"""Joint angles measured on poses, with the poses' uncertainty carried through."""

import functools
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from geoself_jax.core.errors import data_error
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.angles.angle_sequence import AngleSequence
from geoself_jax.data.angles.declared import DeclaredAngle, in_skeleton
from geoself_jax.data.angles.human import find_joints, human_angles
from geoself_jax.data.body_size import is_person
from geoself_jax.data.poses.change_axes import in_world
from geoself_jax.data.poses.orientation import rotation, smallest_rotation
from geoself_jax.data.poses.sequence import CAMERA, PoseSequence

_CHUNK = 4096


class Definitions(NamedTuple):
    """Which angles are measured.

    Attributes:
        people: Joints of a person's angles, name and index; empty of another body.
        declared: Angles that a file declares, and the indices of each one's joints.
    """

    people: tuple[tuple[str, int], ...]
    declared: tuple[tuple[DeclaredAngle, tuple[int, int, int]], ...]

    @property
    def joints(self) -> tuple[int, ...]:
        """Indices of the joints that some angle needs, ascending."""
        found = {joint for _, joint in self.people}
        return tuple(sorted(found.union(*(joints for _, joints in self.declared))))


def definitions_for(
    skeleton: Skeleton, declared: tuple[DeclaredAngle, ...] = (), source: str = ""
) -> Definitions:
    """Returns the angles of a skeleton: a person's, and the declared ones.

    Args:
        skeleton: Of the poses.
        declared: From `declared.read_angles_toml`.
        source: Their file, for messages.

    Raises:
        GeoselfError: A declared angle's joint is not there, or no angle is defined (65).
    """
    names = skeleton.joint_names
    people = tuple(find_joints(names).items()) if is_person(names) else ()
    own = tuple(zip(declared, in_skeleton(declared, skeleton, source), strict=True))
    own_names = angle_names(Definitions(people, ()))
    for angle in declared:
        if angle.name in own_names:
            why = "a person's angle has that name"
            raise data_error(f"{source}: angles: {angle.name}", why, "rename it")
    if not own and not own_names:
        raise data_error(
            f"no angle is defined for joints {', '.join(names[:4])} ...",
            "wanted a person's left_hip, left_knee, left_ankle ..., or declared angles",
            'declare them: a file with [angles] knee = ["flex", "hip", "knee", "ankle"]',
        )
    return Definitions(people, own)


@functools.lru_cache
def angle_names(definitions: Definitions) -> tuple[str, ...]:
    """Returns the names of the angles, in the order of `measure`."""
    names: list[str] = []

    def collect(pose: Float[Array, "joints 3"]) -> Float[Array, "joints 3"]:
        names.extend(_by_name(definitions, pose))  # not from the result: pytrees sort their keys
        return pose

    joints = 1 + max(definitions.joints, default=0)
    jax.eval_shape(collect, jax.ShapeDtypeStruct((joints, 3), jnp.float32))
    return tuple(names)


def measure(pose: np.ndarray, definitions: Definitions) -> np.ndarray:
    """Returns the angles of poses, degrees.

    Args:
        pose: (..., joints, 3), any unit, in axes with y up; NaN where missing.
        definitions: From `definitions_for`.

    Returns:
        (..., angles) float32; NaN where a joint is missing or the angle is undefined.
    """
    flat = np.asarray(pose, np.float32).reshape(-1, *pose.shape[-2:])
    found = _in_chunks(_program(definitions), len(angle_names(definitions)), flat)
    return found.reshape(*pose.shape[:-2], -1)


def propagate(pose: np.ndarray, uncertainty: np.ndarray, definitions: Definitions) -> np.ndarray:
    """Returns how far each angle is expected to be off, degrees, from the joints' uncertainties.

    Errors are taken for Gaussian, alike in all directions and independent between joints: of a
    joint's mean distance u and an angle's gradient g, the angle's mean error is |g| u / 2.

    Args:
        pose: (frames, joints, 3), metres, in axes with y up.
        uncertainty: (frames, joints), metres, mean distance of each joint.
        definitions: From `definitions_for`.

    Returns:
        (frames, angles) float32; NaN where unknown, and where the angle itself is undefined.
    """
    pose = np.asarray(pose, np.float32)
    program, count = _gradient_program(definitions), len(angle_names(definitions))
    return _in_chunks(program, count, pose, np.asarray(uncertainty, np.float32))


def angles_of(
    poses: PoseSequence, declared: tuple[DeclaredAngle, ...] = (), *, source: str = ""
) -> AngleSequence:
    """Returns the joint angles of a sequence, in the world where its camera's place is known.

    Args:
        poses: One person in one video, any axes, absolute or relative to the root.
        declared: Angles to measure next to a person's own, from `declared.read_angles_toml`.
        source: Their file, for messages.

    Raises:
        GeoselfError: No angle is defined for its joints (65).
    """
    definitions = definitions_for(poses.skeleton, declared, source)
    ground = in_ground(poses)
    uncertainty = None
    if poses.uncertainty is not None:
        uncertainty = propagate(ground, poses.uncertainty, definitions)
    return AngleSequence(
        name=poses.name,
        angle_names=angle_names(definitions),
        degrees=measure(ground, definitions),
        fps=poses.fps,
        frame_id=poses.frame_id,
        uncertainty=uncertainty,
        clip=poses.clip,
        action=poses.action,
        subject=poses.subject,
    )


def in_ground(poses: PoseSequence) -> np.ndarray:
    """Returns (T, joints, 3) joints in axes with y up, metres.

    World axes are turned as `.trc` files are; camera axes by the smallest rotation to `up`.
    """
    has_place = poses.camera is not None and poses.camera.R is not None
    if poses.axes == CAMERA and has_place:
        poses = in_world(poses)
    if poses.axes == CAMERA:
        turn = smallest_rotation(poses.up / np.linalg.norm(poses.up), np.eye(3)[1])
    else:
        turn = rotation(poses, "y")
    found: np.ndarray = poses.pose.astype(np.float64) @ turn.T
    return found


def _by_name(
    definitions: Definitions, pose: Float[Array, "joints 3"]
) -> dict[str, Float[Array, ""]]:
    people = human_angles({name: pose[joint] for name, joint in definitions.people})
    declared = {
        angle.name: angle.of(
            dict(zip(angle.joints, (pose[joint] for joint in joints), strict=True))
        )
        for angle, joints in definitions.declared
    }
    return people | declared


def _degrees(definitions: Definitions, pose: Float[Array, "joints 3"]) -> Float[Array, " angles"]:
    return jnp.rad2deg(jnp.stack(list(_by_name(definitions, pose).values())))


@functools.lru_cache
def _program(definitions: Definitions) -> Callable[..., jax.Array]:
    return jax.jit(jax.vmap(functools.partial(_degrees, definitions)))


@functools.lru_cache
def _gradient_program(definitions: Definitions) -> Callable[..., jax.Array]:
    used = jnp.asarray(definitions.joints)

    def mean_error(
        pose: Float[Array, "joints 3"], uncertainty: Float[Array, " joints"]
    ) -> Float[Array, " angles"]:
        of_used = lambda points: _degrees(definitions, pose.at[used].set(points))  # noqa: E731
        defined = jnp.isfinite(of_used(pose[used]))
        gradient = jax.jacfwd(of_used)(pose[used])  # forward: a missing joint spoils its own alone
        size = jnp.sum(gradient * gradient, axis=-1)
        own = jnp.where(size > 0, size * jnp.square(uncertainty[used]), size)
        return jnp.where(defined, jnp.sqrt(own.sum(-1)) / 2, jnp.nan)

    return jax.jit(jax.vmap(mean_error))


def _in_chunks(program: Callable[..., jax.Array], angles: int, *arrays: np.ndarray) -> np.ndarray:
    """Runs a program over frames, in chunks of one size, so that it is compiled once."""
    frames = len(arrays[0])
    found = np.empty((frames, angles), np.float32)
    for start in range(0, frames, _CHUNK):
        parts = [array[start : start + _CHUNK] for array in arrays]
        count = len(parts[0])
        if frames > _CHUNK:
            parts = [np.resize(part, (_CHUNK, *part.shape[1:])) for part in parts]
        found[start : start + count] = np.asarray(program(*parts))[:count]
    return found
