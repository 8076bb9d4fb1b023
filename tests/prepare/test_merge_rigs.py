"""Rigs are one rig, and cameras stand at one place, by the rig's own size."""

import dataclasses

import numpy as np
import pytest
from scenes import tiny_rig

from geoself_jax.core.errors import DATA, GeoselfError
from geoself_jax.prepare.merge_rigs import check_places, distinct_rigs

SIZES = pytest.mark.parametrize("size", [1.0, 1e-4, 1e4])


def placed(center):
    return dataclasses.replace(tiny_rig(), center=center)


@SIZES
def test_a_rig_that_was_calibrated_again_is_another_and_rounding_is_not(size):
    rig = placed(size * tiny_rig().center)
    moved = rig.center.copy()
    moved[1, 0] += 1e-4 * size
    rounded = rig.center * (1 + 1e-10)
    assert distinct_rigs([rig, placed(moved)])[1] == [0, 1]
    assert distinct_rigs([rig, placed(rounded)])[1] == [0, 0]


@SIZES
def test_two_cameras_are_at_one_place_only_where_they_are(size):
    center, R = size * tiny_rig().center, tiny_rig().R.copy()
    R[1] = R[0]
    check_places(dataclasses.replace(placed(center), R=R))
    for apart, refused in ((1e-5, False), (0.0, True)):
        center[1] = center[0] + np.array([apart * size, 0, 0])
        rig = dataclasses.replace(placed(center), R=R)
        if not refused:
            check_places(rig)
            continue
        with pytest.raises(GeoselfError, match="cam1 and cam2 have the same") as error:
            check_places(rig)
        assert error.value.code == DATA
