"""Files of angles: what is written is read, as OpenSim has it, and damage is named."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from geoself_jax.core.errors import DATA, MISSING, USAGE, GeoselfError
from geoself_jax.data.angles.angle_files import read_angles, write_angles
from geoself_jax.data.angles.angle_sequence import AngleSequence
from geoself_jax.data.poses.formats import write_poses

NAMES = ("pelvis_tilt", "pelvis_list", "pelvis_rotation", "knee_angle_r", "=own")
FRAMES = 30


@pytest.fixture
def angles():
    rng = np.random.default_rng(4)
    degrees = rng.uniform(-60, 60, (FRAMES, len(NAMES))).astype(np.float32)
    degrees[:, 2] = (np.linspace(100, 500, FRAMES) + 180) % 360 - 180  # once around
    degrees[3, 3] = np.nan
    degrees[7] = np.nan
    frames = np.arange(FRAMES) + 5
    return AngleSequence("lifted", NAMES, degrees, 29.97, frames)


def test_a_table_comes_back(angles, tmp_path):
    sure = angles.replace(uncertainty=np.abs(angles.degrees) / 10)
    write_angles(sure, tmp_path / "a.csv")
    found = read_angles(tmp_path / "a.csv")
    assert found.angle_names == NAMES and found.fps == 29.97
    np.testing.assert_array_equal(found.frame_id, angles.frame_id)
    np.testing.assert_allclose(found.degrees, sure.degrees, atol=6e-5)
    np.testing.assert_allclose(found.uncertainty, sure.uncertainty, atol=6e-5)
    first = (tmp_path / "a.csv").read_text().splitlines()[0]
    assert "'=own" in first  # or a spreadsheet runs it


def test_a_motion_comes_back_without_the_frames_that_have_none(angles, tmp_path):
    said = []
    sure = angles.replace(uncertainty=np.abs(angles.degrees))
    write_angles(sure, tmp_path / "a.mot", notice=said.append)
    found = read_angles(tmp_path / "a.mot")
    there = np.arange(FRAMES) != 7
    np.testing.assert_array_equal(found.frame_id, angles.frame_id[there])
    apart = (found.degrees - angles.degrees[there] + 180) % 360 - 180
    np.testing.assert_allclose(np.nan_to_num(apart), 0, atol=1e-3)
    assert np.isnan(found.degrees[3, 3])
    assert len(said) == 2 and "uncertainties" in said[0] and "1 frames" in said[1]


def test_a_motions_pelvis_is_opensims_and_turns_on_without_jumps(angles, tmp_path):
    write_angles(angles, tmp_path / "a.mot")
    lines = (tmp_path / "a.mot").read_text().splitlines()
    end = lines.index("endheader")
    assert f"nRows={FRAMES - 1}" in lines[:end] and "inDegrees=yes" in lines[:end]
    table = np.array([line.split("\t") for line in lines[end + 2 :]], float)
    tilt, list_, rotation = angles.degrees[angles.degrees[:, 0] == angles.degrees[:, 0]][:, :3].T
    one = Rotation.from_euler("YXZ", np.stack([rotation, list_, tilt], 1), degrees=True)
    other = Rotation.from_euler("ZXY", table[:, 1:4], degrees=True)
    assert np.rad2deg((one.inv() * other).magnitude()).max() < 1e-3
    assert np.abs(np.diff(table[:, 3])).max() < 180


@pytest.mark.parametrize("fps", [30000 / 1001, 60000 / 1001, 60.0, 120.0, 240.0])
def test_a_long_motions_frames_are_numbered_by_its_rounded_times(tmp_path, fps):
    """A frame of 1/240 s is written as 0.004167 s: by that alone a minute is a frame too long."""
    frames = np.delete(np.arange(12000) + 3, [5, 6, 7, 4000])
    long = AngleSequence("long", ("knee_angle_r",), np.ones((len(frames), 1)), fps, frames)
    write_angles(long, tmp_path / "a.mot")
    found = read_angles(tmp_path / "a.mot")
    np.testing.assert_array_equal(found.frame_id, frames)
    assert found.fps == pytest.approx(fps, rel=1e-7)


def damaged(path, name, change):
    text = path.read_text()
    assert change[0] in text
    (path.parent / name).write_text(text.replace(*change, 1))
    return path.parent / name


@pytest.mark.parametrize(
    ("ending", "change", "said"),
    [
        (".csv", ("frame,time", "fnum,time"), "wanted columns frame, time"),
        (".csv", ("\n6,", "\n6.5,"), "whole numbers"),
        (".csv", ("\n7,", "\n5,"), "ascending"),
        (".csv", ("\n8,", "\n8,what,"), "line 5"),
        (".mot", ("endheader", "end"), "no line endheader"),
        (".mot", ("inDegrees=yes", "inDegrees=no"), "in degrees"),
        (".mot", ("knee_angle_r", "pelvis_tilt"), "each angle once"),
    ],
)
def test_a_damaged_file_is_refused_with_its_place(angles, tmp_path, ending, change, said):
    path = tmp_path / f"whole{ending}"
    write_angles(angles, path)
    bad = damaged(path, f"bad{ending}", change)
    with pytest.raises(GeoselfError) as error:
        read_angles(bad)
    assert error.value.code == DATA and said in str(error.value) and str(bad) in str(error.value)


def test_joints_are_not_taken_for_angles(tmp_path, angles):
    from test_joint_angles_of_people import body, poses_of

    write_poses(poses_of(body()[None]), tmp_path / "poses.csv")
    with pytest.raises(GeoselfError, match="a joint's coordinate") as error:
        read_angles(tmp_path / "poses.csv")
    assert error.value.code == DATA


def test_other_endings_and_files_that_are_not_there(angles, tmp_path):
    for path, code in ((tmp_path / "a.txt", USAGE), (tmp_path / "a.mot", MISSING)):
        with pytest.raises(GeoselfError) as error:
            read_angles(path)
        assert error.value.code == code
    nothing = angles.replace(degrees=np.full_like(angles.degrees, np.nan))
    with pytest.raises(GeoselfError, match="no angle is known"):
        write_angles(nothing, tmp_path / "b.mot")
