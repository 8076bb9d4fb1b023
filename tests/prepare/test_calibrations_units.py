"""A unit comes from the file's words or the user; a toml's program is known by its keys."""

import re

import numpy as np
import pytest
import tomli_w
from calibration_files import known_rig, toml_tables, write_caliscope

from geoself_jax.core.errors import DATA, GeoselfError
from geoself_jax.prepare.calibrations import read_calibration, recognize_calibration


def freemocap(known, path, unit=0.001, tables=None, **metadata):
    """As FreeMoCap 1.8.2 through Anipose's dump: no `fisheye`, the board in the metadata."""
    content = toml_tables(known, tables or known.names, unit=unit)
    content["metadata"] = {"adjusted": False, "error": 0.31} | metadata
    path.write_text(tomli_w.dumps(content))
    return path


def assert_centers(rig, known):
    np.testing.assert_allclose(rig.select(known.names).center, known.center, atol=1e-6)


@pytest.mark.parametrize("tables", [None, ["cam_0", "cam_1", "cam_2", "cam_3"]])
@pytest.mark.parametrize("unit", [1.0, 0.001, 0.125])
def test_freemocaps_file_without_its_board_is_never_metres_silently(tmp_path, tables, unit):
    path = freemocap(known_rig(), tmp_path / "x_camera_calibration.toml", unit, tables)
    assert recognize_calibration(path).keys() == {"anipose"}
    with pytest.raises(GeoselfError, match=r"its unit is not in the file .* --unit=m, cm or mm"):
        read_calibration(path)


@pytest.mark.parametrize("tables", [None, ["cam_0", "cam_1", "cam_2", "cam_3"]])
@pytest.mark.parametrize("square", [1, 0.039, 3.9, 39.0, "39", True])
def test_a_boards_square_says_no_unit_however_long_it_is(tmp_path, square, tables):
    known = known_rig()
    path = freemocap(known, tmp_path / "c.toml", tables=tables, charuco_square_size=square)
    with pytest.raises(GeoselfError, match=r"charuco_square_size .* --unit=m, cm or mm") as caught:
        read_calibration(path)
    assert caught.value.code == DATA
    assert_centers(read_calibration(path, unit="mm"), known)


def test_a_fisheye_key_added_by_hand_does_not_make_freemocaps_file_pose2sims(tmp_path):
    known = known_rig()
    content = toml_tables(known, known.names, unit=0.001, fisheye=False)
    content["metadata"] = {"adjusted": False, "charuco_square_size": 39.0}
    (tmp_path / "c.toml").write_text(tomli_w.dumps(content))
    assert recognize_calibration(tmp_path / "c.toml").keys() == {"anipose"}
    assert_centers(read_calibration(tmp_path / "c.toml", unit="mm"), known)


def test_fisheyes_only_are_asked_about_whatever_their_names_are(tmp_path):
    known = known_rig()
    content = toml_tables(known, known.names, unit=1, coefficients=4, fisheye=True)
    (tmp_path / "c.toml").write_text(tomli_w.dumps(content))
    with pytest.raises(GeoselfError, match="its unit is not in the file"):
        read_calibration(tmp_path / "c.toml")
    assert read_calibration(tmp_path / "c.toml", format="pose2sim").lenses[0].fisheye


def test_caliscopes_own_file_is_metres_and_its_cameras_have_its_videos_names(tmp_path):
    known = known_rig()
    write_caliscope(known, tmp_path / "camera_array.toml")
    rig = read_calibration(tmp_path / "camera_array.toml")
    assert rig.camera_names == ("cam_0", "cam_1", "cam_2", "cam_3")
    np.testing.assert_allclose(rig.center, known.center, atol=1e-6)
    np.testing.assert_array_equal(rig.image_size, [known.size] * 4)


def test_caliscopes_export_for_anipose_is_metres(tmp_path):
    known = known_rig(("cam_0", "cam_1", "cam_2", "cam_3"))
    content = toml_tables(known, known.names, unit=1, fisheye=False)
    content["metadata"] = {"adjusted": False, "error": 0.0}
    (tmp_path / "camera_array_aniposelib.toml").write_text(tomli_w.dumps(content))
    assert_centers(read_calibration(tmp_path), known)


def test_caliscopes_turned_and_unplaced_cameras_are_named(tmp_path):
    known, notices = known_rig(), []
    path = tmp_path / "camera_array.toml"
    write_caliscope(known, path)
    text = path.read_text().replace("rotation_count = 0", "rotation_count = 3", 1)
    at = text.index("[cameras.3]")
    path.write_text(text[:at] + re.sub(r"(?s)rotation = .*?\]\n", "", text[at:]))
    rig = read_calibration(path, notice=notices.append)
    assert rig.camera_names == ("cam_0", "cam_1", "cam_2")
    assert "cam_0: rotation_count 3: its detections must be pixels of the video as" in notices[0]
    assert "cam_3: left out" in notices[1]


def test_caliscopes_cameras_that_are_no_tables_are_refused(tmp_path):
    for text in ("cameras = 3\n", "[cameras]\n0 = 3\n", "[cameras.0]\nsize = [1, 1]\n"):
        (tmp_path / "c.toml").write_text(text)
        with pytest.raises(GeoselfError, match=re.escape(str(tmp_path / "c.toml"))):
            read_calibration(tmp_path / "c.toml", format="caliscope")
