"""A unit is never inferred: a person's size contradicts a wrong one, else it is said unchecked."""

import dataclasses

import numpy as np
import pytest
from scenes import crowd, motion, tiny_rig

from geoself_jax.core.errors import DATA, GeoselfError
from geoself_jax.core.skeleton import H36M_17
from geoself_jax.prepare.check_unit import size_of, unit_checked
from geoself_jax.prepare.clip import Clip, Reading

MOUSE = dataclasses.replace(H36M_17, joint_names=tuple(f"part{n}" for n in range(17)))


def clip(factor, skeleton=H36M_17, name="walk"):
    """Seen by a rig whose lengths are `factor` times the true ones: of a wrong unit."""
    rig, frames = tiny_rig(), 30
    views = crowd([motion(frames)], rig, np.random.default_rng(0))
    return Clip(
        *(name, "walk", "anna"),
        dataclasses.replace(rig, center=rig.center * factor),
        *(skeleton, 50.0),
        np.stack([view.keypoints_2d for view in views], 1),
        np.stack([view.confidence for view in views], 1),
        np.arange(frames, dtype=np.int32),
    )


def checked(*clips, unit="cm"):
    said = []
    done = list(unit_checked(Reading(len(clips), iter(clips)), unit, said.append).clips)
    assert [id(each) for each in done] == [id(each) for each in clips]
    return said


@pytest.mark.parametrize("unit", ["mm", "cm", "m", None])
def test_a_person_of_a_persons_size_is_no_matter(unit):
    assert checked(clip(1), unit=unit) == []


@pytest.mark.parametrize(
    ("factor", "given", "right"),
    [(10, "cm", "mm"), (0.1, "mm", "cm"), (1000, "m", "mm"), (100, "m", "cm"), (0.001, "mm", "m")],
)
def test_a_person_of_a_wrong_unit_is_refused_with_the_right_one(factor, given, right):
    with pytest.raises(
        GeoselfError, match=rf"in unit {given}, as given, .* --unit={right}, in"
    ) as e:
        checked(clip(factor), unit=given)
    assert e.value.code == DATA and "would measure 1." in str(e.value)


def test_where_the_axes_do_not_meet_no_other_unit_is_advised():
    """The size is wrong as the rotations are transposed: another unit would make it fit by chance.

    The cameras stand where joints triangulate as before, but look another way, t as in their file.
    """
    right = clip(1000)
    t = -np.einsum("vij,vj->vi", right.rig.R, right.rig.center)
    turned = dataclasses.replace(
        right.rig,
        R=np.swapaxes(right.rig.R, 1, 2).copy(),
        center=-np.einsum("vij,vj->vi", right.rig.R, t),
    )
    size = size_of(dataclasses.replace(right, rig=turned))
    scaled = dataclasses.replace(turned, center=turned.center * (170 / size))  # 1.7 m in cm
    wrong = dataclasses.replace(right, rig=scaled)
    with pytest.raises(GeoselfError) as error:
        checked(wrong, unit="m")
    line = str(error.value)
    assert "optical axes do not meet, and would with their rotations transposed" in line
    assert line.endswith("no matter of --unit then: transpose the rotations in the calibration")
    with pytest.raises(GeoselfError) as error:
        checked(clip(100), unit="m")
    assert "optical axes" not in str(error.value)


def test_a_formats_own_unit_is_checked_as_well():
    with pytest.raises(GeoselfError, match=r"unit of the calibration's format .*--unit"):
        checked(clip(1000), unit=None)


def test_a_size_of_no_unit_there_is_asks_for_both_that_were_said():
    with pytest.raises(GeoselfError, match=r"check --unit and the skeleton's body_metres$"):
        checked(clip(100), unit="mm")


@pytest.mark.parametrize("factor", [0.05, 1, 1000])
def test_a_body_of_unknown_size_is_measured_and_said_to_be_unchecked(factor):
    (said,) = checked(clip(factor, MOUSE), clip(factor, MOUSE, "run"))
    number, symbol = said.partition("measures ")[2].split()[:2]
    assert symbol == ("mm" if factor < 0.5 else "m")
    size = float(number) / (1000 if symbol == "mm" else 1)
    assert said.startswith("unit not checked: nothing declares") and 1 < size / factor < 2.2


def test_one_skeleton_of_two_sizes_is_a_warning():
    (said,) = checked(clip(0.1, MOUSE), clip(0.01, MOUSE, "run"))
    assert said.startswith("warning: unit not checked") and "in run and" in said
