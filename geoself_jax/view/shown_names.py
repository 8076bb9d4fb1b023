"""Names of files that anybody can write, as they are shown."""

import dataclasses

from geoself_jax.data.poses.sequence import PoseSequence
from geoself_jax.data.validation import ACTING

_TEXTS = ("name", "clip", "action", "subject")


def escaped(name: str) -> str:
    """The name with its code (`x1b` after a backslash) for a character that a terminal acts on."""
    return ACTING.sub(lambda found: ascii(found[0])[1:-1], name)


def with_shown_names(poses: PoseSequence) -> PoseSequence:
    """The sequence with names that hold nothing that acts where they are printed or drawn."""
    texts = {name: escaped(getattr(poses, name)) for name in _TEXTS}
    joints = tuple(map(escaped, poses.skeleton.joint_names))
    skeleton, camera = poses.skeleton, poses.camera
    if joints != skeleton.joint_names:
        skeleton = dataclasses.replace(skeleton, joint_names=joints)
    if camera is not None:
        camera = dataclasses.replace(camera, name=escaped(camera.name))
    return poses.replace(skeleton=skeleton, camera=camera, **texts)
