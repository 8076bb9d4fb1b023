"""What is said of several bodies in one camera's video."""

import dataclasses
import re

import numpy as np
import pytest
from scenes import crowd, motion, tiny_rig

from geoself_jax.core.errors import DATA, GeoselfError
from geoself_jax.lift.person import one_person

SPEAKS_OF = {"shoulder": "2 people in frame 0", "wing": "2 individuals in frame 0"}


@pytest.mark.parametrize("part", SPEAKS_OF)
def test_several_are_called_by_the_skeleton(part):
    both = [motion(5), motion(5, clip=3) + np.array([1.5, 0.4, 0])]
    view = crowd(both, tiny_rig(), np.random.default_rng(0))[0]
    names = tuple(f"{name}_{part}" for name in view.skeleton.joint_names)
    found = dataclasses.replace(
        view, skeleton=dataclasses.replace(view.skeleton, joint_names=names)
    )
    with pytest.raises(GeoselfError) as error:
        one_person(found, tiny_rig(), 25.0, "auto")
    line = str(error.value).replace("--person", "")
    assert error.value.code == DATA and SPEAKS_OF[part] in line
    assert (part == "shoulder") == bool(re.search("person|people", line))
