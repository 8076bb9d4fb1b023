"""Files of bodies of any size: as many digits of a larva as of a person, and units are believed."""

import dataclasses
import re

import numpy as np
import pytest
from moving import SKELETON, every_frame, walking
from seeing import Notices

from geoself_jax.core.errors import GeoselfError
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.body_size import body_size
from geoself_jax.data.poses.formats import read_poses, write_poses
from geoself_jax.data.roots import Rootless

FLY, LARVA, GIANT = 0.0015, 6e-5, 20.0
FINE = 2e-6  # of the body: a micrometre of half a metre
PAWS = dataclasses.replace(SKELETON, joint_names=tuple(f"paw_{n}" for n in SKELETON.joint_names))
ANIPOSE = [{"format": "anipose", "unit": unit} for unit in ("m", "cm", "mm")]


@pytest.fixture(scope="module")
def person(tiny_arrays):
    return walking(tiny_arrays, skeleton=PAWS)


def sized(poses, size):
    camera = dataclasses.replace(poses.camera, center=size * poses.camera.center)
    unsure = np.full(poses.pose.shape[:2], 0.0123 * size, np.float32)
    return poses.replace(pose=np.float32(size) * poses.pose, camera=camera, uncertainty=unsure)


def off(found, wanted):
    """Largest difference, of the body; the same joints are there."""
    np.testing.assert_array_equal(np.isnan(found), np.isnan(wanted))
    return np.nanmax(np.abs(found - wanted)) / body_size(wanted)


@pytest.mark.parametrize("size", [1.0, FLY, LARVA])
@pytest.mark.parametrize("ending", [".csv", ".json", ".trc"])
def test_a_small_body_has_as_many_digits_as_a_person(person, tmp_path, ending, size):
    poses = sized(person, size)
    write_poses(poses, tmp_path / f"a{ending}", up="as-is")
    found = read_poses(tmp_path / f"a{ending}")
    wanted = every_frame(poses) if ending == ".trc" else poses.pose
    assert off(found.pose, wanted) < FINE
    if ending == ".json":
        assert abs(found.uncertainty[0, 0] / (0.0123 * size) - 1) < 1e-3


@pytest.mark.parametrize("size", [1.0, FLY, LARVA])
@pytest.mark.parametrize("given", ANIPOSE, ids=lambda given: given["unit"])
def test_a_small_body_has_as_many_digits_in_anipose_s_file(person, tmp_path, given, size):
    poses = sized(person, size)
    write_poses(poses, tmp_path / "a.csv", up="as-is", **given)
    found = read_poses(tmp_path / "a.csv", fps=25, **given).pose[poses.frame_id]
    assert off(found, poses.pose) < 100 * FINE  # four decimals of centimetres, as always


@pytest.mark.parametrize("size", [FLY, LARVA, 1e-6])
def test_a_small_body_moves_in_bvh_as_a_person_does(person, tmp_path, size):
    moved = {}
    for times in (1.0, size):
        write_poses(sized(person, times), tmp_path / "a.bvh")
        head, motion = (tmp_path / "a.bvh").read_text().split("MOTION\n")
        rows = np.array([line.split() for line in motion.splitlines()[2:]], float)
        places, angles = rows.reshape(len(rows), -1, 2, 3).transpose(2, 0, 1, 3)
        offsets = re.findall(r"OFFSET (\S+) (\S+) (\S+)", head)
        moved[times] = places / (100 * times), angles, np.array(offsets, float) / (100 * times)
    for found, wanted, most in zip(moved[size], moved[1.0], (2e-6, 2e-3, 2e-6), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=0, atol=most)


@pytest.mark.parametrize("size", [1.0, GIANT])
def test_a_person_s_and_a_giant_s_files_have_six_decimals(person, tmp_path, size):
    for ending in (".csv", ".trc"):
        write_poses(sized(person, size), tmp_path / f"a{ending}")
        numbers = re.findall(r"\d\.(\d+)", (tmp_path / f"a{ending}").read_text())
        assert {len(decimals) for decimals in numbers} == {6}


def test_a_large_body_s_unit_is_believed_and_said_once(person, tmp_path):
    giant = sized(person, GIANT)
    write_poses(giant, tmp_path / "a.csv")
    for given in ({}, {"format": "anipose", "unit": "m", "fps": 25.0}):
        if given:
            write_poses(giant, tmp_path / "a.csv", format="anipose", unit="m")
        said = Notices()
        found = read_poses(tmp_path / "a.csv", notice=said, up="z", **given)
        assert body_size(found.pose) == pytest.approx(body_size(giant.pose), rel=1e-3)
        (line,) = said.about("the body measures")
        assert re.search(r" 3\d\.\d m between its farthest joints: is that its size\?", line)
    said = Notices()
    write_poses(person, tmp_path / "a.csv")
    read_poses(tmp_path / "a.csv", notice=said)
    assert not said


@pytest.mark.parametrize("ending", [".csv", ".trc"])
def test_a_person_in_a_wrong_unit_and_joints_at_the_origin_are_said(person, tmp_path, ending):
    """Pose2Sim 0.10.49 turns a C3D in mm into a .trc of metres under `mm`, gaps into zeros."""
    path = tmp_path / f"a{ending}"
    person = person.replace(skeleton=SKELETON)
    gaps = person.pose.copy()
    gaps[1, 3] = 0
    write_poses(sized(person.replace(pose=gaps), 0.001), path)
    said = Notices()
    read_poses(path, notice=said, up="z")
    (unit,) = said.about("the body measures")
    assert "is the file's unit the one it says?" in unit and "wanted 0.5 to 3 m" in unit
    (zeros,) = said.about("exactly 0, 0, 0")
    joint = person.skeleton.joint_names[3]
    assert ": 1 joints of " in zeros and f"{joint} in row 2" in zeros
    said = Notices()
    write_poses(person, path)
    read_poses(path, notice=said, up="z")
    assert not said


@pytest.mark.parametrize("named", ["a person", "declared", "declared, with a centroid"])
def test_what_is_known_to_be_smaller_is_refused(person, tmp_path, named):
    large = sized(person, 1000.0)
    if named == "a person":
        large = large.replace(skeleton=SKELETON)
    write_poses(large, tmp_path / "a.csv")
    kind = Rootless if named.endswith("centroid") else Skeleton
    declared = kind(PAWS.joint_names, PAWS.parents, PAWS.left_right, PAWS.root, (0.5, 3.0))
    with pytest.raises(GeoselfError, match="looks like millimetres"):
        read_poses(tmp_path / "a.csv", skeleton=None if named == "a person" else declared)
