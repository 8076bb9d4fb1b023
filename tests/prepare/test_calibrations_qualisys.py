"""Qualisys's file: figures of a real camera as Pose2Sim's recording of it has them; odd ones."""

import re

import numpy as np
import pytest
from calibration_files import known_rig, write_qualisys

from geoself_jax.core.errors import GeoselfError
from geoself_jax.prepare.calibrations import read_calibration

# cam01 of the calibration in Pose2Sim 0.10.49's Demo_SinglePerson.
REAL = """<?xml version='1.0' encoding='ASCII'?>
<calibration type="regular"><cameras>
<camera active="1" model="none" serial="cam01" viewrotation="0">
<fov_video bottom="1919" left="0" right="1087" top="0"/>
<transform r11="0.5536380477336265" r12="0.8046719867383512" r13="0.2144479094331626"
 r21="-0.4345300743838753" r22="0.05946489349975602" r23="0.8986921279821063"
 r31="0.7104002579937896" r32="-0.5907342212870501" r33="0.3825762057979294"
 x="1460.2323709212087" y="-1909.1590482454608" z="1896.5058524092062"/>
<intrinsic centerPointU="34110.316406" centerPointV="60680.792969" focalLengthU="107599.671875"
 focalLengthV="107588.828125" radialDistortion1="-0.046183" radialDistortion2="0.139983"
 radialDistortion3="0.000000" skew="0.000000" tangentalDistortion1="0.000608"
 tangentalDistortion2="0.00069"/></camera></cameras></calibration>
"""


def test_a_real_camera_is_the_one_that_the_recording_belongs_to(tmp_path):
    (tmp_path / "Calib.qca.txt").write_text(REAL)
    rig = read_calibration(tmp_path)  # found in its folder
    assert rig.name == "Calib" and rig.camera_names == ("cam01",)
    K = [[1681.244873046875, 0, 532.97369384375], [0, 1681.075439453125, 948.137390140625]]
    np.testing.assert_allclose(rig.K[0, :2], K, rtol=1e-12)
    assert rig.lenses[0].coefficients == (-0.046183, 0.139983, 0.000608, 0.00069, 0.0)
    translation = [0.32110489, 0.95633206, 2.89071305]
    np.testing.assert_allclose(-rig.R[0] @ rig.center[0], translation, atol=1e-8)
    # Rodrigues: the rotation turns about its own vector.
    vector = np.array([1.68827548, 1.04832205, -0.41955852])
    np.testing.assert_allclose(rig.R[0] @ vector, vector, atol=1e-7)
    np.testing.assert_allclose(
        np.trace(rig.R[0]), 1 + 2 * np.cos(np.linalg.norm(vector)), atol=1e-7
    )
    np.testing.assert_array_equal(rig.image_size, [[1088, 1920]])
    np.testing.assert_array_equal(rig.world_up, [0, 0, 1])


def edited(tmp_path, pattern, text):
    path = tmp_path / "c.qca.txt"
    write_qualisys(known_rig(), path)
    path.write_text(re.sub(pattern, text, path.read_text(), count=1))
    return path


def test_marker_cameras_are_left_out_and_named(tmp_path):
    notices = []
    path = edited(tmp_path, 'model="Miqus Video" serial="left"', 'model="Miqus M3" serial="left"')
    assert read_calibration(path, notice=notices.append).camera_names == ("right", "front", "back")
    assert "took the video cameras, left out left (Miqus M3)" in notices[0]


def test_a_turned_view_is_said(tmp_path):
    notices = []
    path = edited(tmp_path, 'serial="left"', 'serial="left" viewrotation="90"')
    read_calibration(path, notice=notices.append)
    assert "camera left: viewrotation 90" in notices[0]


FULL = 'serial="left" video_resolution="{}"><fov_video_max left="0" top="0" right="{}" bottom="{}"/'


@pytest.mark.parametrize(
    ("text", "binned"),
    [
        ('serial="left" video_resolution="N/A"', 1),
        ('serial="left" video_resolution="1080p"', 1),
        ('serial="left" video_resolution="540p"', 2),
        (FULL.format("1440p", 1919, 1439), 1),
        (FULL.format("720p", 1919, 1439), 2),
        (FULL.format("540p", 1087, 1919), 2),  # of a camera on its side
        (FULL.format("1000p", 1919, 1439), 1),  # a part of the sensor
    ],
)
def test_films_of_binned_pixels_have_a_smaller_camera_which_is_said(tmp_path, text, binned):
    notices, known = [], known_rig()
    rig = read_calibration(edited(tmp_path, 'serial="left"', text), notice=notices.append)
    wanted = known.K / np.array([[binned], [binned], [1]])
    np.testing.assert_allclose(rig.K[0], wanted[0], rtol=1e-12)
    np.testing.assert_allclose(rig.K[1:], known.K[1:], rtol=1e-12)
    assert rig.lenses[0].coefficients == tuple(known.dist[0])
    np.testing.assert_array_equal(rig.image_size[0], np.array(known.size) // binned)
    said = [line for line in notices if "pixels of the sensor are one" in line]
    assert len(said) == (binned > 1) and all("camera left: filmed at" in line for line in said)


def test_a_small_skew_is_read(tmp_path):
    rig = read_calibration(edited(tmp_path, 'skew="0.0"', 'skew="6.4"'))
    np.testing.assert_allclose(rig.K[:, 0, 1], [0.1, 0, 0, 0], rtol=1e-12)


@pytest.mark.parametrize(
    ("pattern", "text", "words"),
    [
        (r'skew="0.0"', 'skew="-33"', "camera left: skew -33 - at most 32 (0.5 px) is wanted"),
        (r'serial="left"', 'serial="left" video_resolution="720p"', "'720p' on a sensor of 1080"),
        (r'serial="left"', 'serial="left" video_resolution="HD"', "resolution 'HD' on a sensor"),
        (r'focalLengthU="[^"]*"', 'focalLengthU="x"', "camera left: intrinsic focalLengthU 'x'"),
        (r'r12="[^"]*"', 'r12="nan"', "camera left: transform r12 'nan' - a number"),
        (r"<transform[^>]*/>", "", "camera left: no <transform> - a calibrated camera has one"),
    ],
)
def test_a_damaged_camera_is_named(tmp_path, pattern, text, words):
    with pytest.raises(GeoselfError, match=re.escape(words)):
        read_calibration(edited(tmp_path, pattern, text))
