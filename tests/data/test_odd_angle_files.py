"""Angles of long and late clips keep their frames; uneven times and taken names are refused."""

import numpy as np
import pytest

from geoself_jax.core.errors import DATA, GeoselfError
from geoself_jax.data.angles.angle_files import read_angles, write_angles
from geoself_jax.data.angles.angle_sequence import AngleSequence
from geoself_jax.data.angles.declared import read_angles_toml

MOT = "inDegrees=yes\nendheader\ntime\thip\n"


def _sequence(frames, fps, names=("knee_angle_r",)):
    degrees = np.random.default_rng(0).normal(0, 30, (len(frames), len(names)))
    return AngleSequence("x", names, degrees.astype(np.float32), fps, np.asarray(frames))


@pytest.mark.parametrize(
    ("frames", "fps"),
    [
        (np.arange(60000), 30000 / 1001),  # was refused as uneven
        (np.arange(300) + 10**6, 29.97),  # was read 9 frames early
        (np.flatnonzero(np.random.default_rng(3).random(3000) < 0.3), 29.97),
        (np.arange(7, 8), 50.0),  # its time was lost
    ],
)
def test_a_mot_of_few_decimals_is_read_at_its_times(tmp_path, frames, fps):
    write_angles(_sequence(frames, fps), tmp_path / "a.mot")
    back = read_angles(tmp_path / "a.mot")
    np.testing.assert_allclose(back.seconds, frames / fps, atol=0.01 / fps)
    if len(frames) > 1:
        assert back.fps == pytest.approx(fps, rel=1e-5)
        np.testing.assert_array_equal(np.diff(back.frame_id), np.diff(frames))


def test_uneven_times_are_refused_and_not_moved(tmp_path):
    write_angles(_sequence(np.array([0, 3, 7, 100]), 50.0), tmp_path / "a.mot")
    with pytest.raises(GeoselfError, match="its times are uneven") as caught:
        read_angles(tmp_path / "a.mot")
    assert caught.value.code == DATA


@pytest.mark.parametrize("name", ["time", "Frame", "knee_uncertainty", "pelvis_tx"])
def test_a_declared_angle_has_no_name_that_its_files_have(tmp_path, name):
    path = tmp_path / "own.toml"
    path.write_text(f'[angles]\n{name} = ["flex", "hip", "knee", "ankle"]\n')
    with pytest.raises(GeoselfError, match="rename it"):
        read_angles_toml(path)


def test_an_angle_may_end_as_a_coordinate_does(tmp_path):
    write_angles(_sequence(np.arange(3), 50.0, ("box_x", "hip")), tmp_path / "a.csv")
    assert read_angles(tmp_path / "a.csv").angle_names == ("box_x", "hip")
    (tmp_path / "p.csv").write_text("frame,time,nose_x,nose_y,nose_z\n0,0,1,2,3\n1,1,1,2,3\n")
    with pytest.raises(GeoselfError, match="is a joint's coordinate"):
        read_angles(tmp_path / "p.csv")


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("a.mot", f"nRows=7\n{MOT}0\t1\n0.01\t2\n", "2 of the 7 rows"),
        ("a.mot", f"{MOT}-0.5\t1\n-0.4\t2\n", "before its video"),
        ("a.csv", "frame,time,hip\n0,0,1\n1,0.02,2\n2,1,3\n3,1.02,4\n", "of one rate"),
    ],
)
def test_files_that_contradict_themselves_are_refused(tmp_path, name, text, why):
    (tmp_path / name).write_text(text)
    with pytest.raises(GeoselfError, match=why) as caught:
        read_angles(tmp_path / name)
    assert caught.value.code == DATA
