"""Vicon's file, written as its description has it; and files that are refused by their names."""

import re

import numpy as np
import pytest
from calibration_files import known_rig, write_vicon

from geoself_jax.core.errors import DATA, GeoselfError
from geoself_jax.geometry.lenses import undistort_pixels
from geoself_jax.prepare.calibrations import read_calibration


def refusal(path, **options):
    with pytest.raises(GeoselfError) as caught:
        read_calibration(path, **options)
    assert caught.value.code == DATA
    return str(caught.value)


def edited(tmp_path, pattern, text, **options):
    path = tmp_path / "c.xcp"
    write_vicon(known_rig(), path, **options)
    path.write_text(re.sub(pattern, text, path.read_text(), count=1))
    return path


def test_vicon_is_millimetres_with_z_up(tmp_path):
    known = known_rig(("2121113", "2121154", "2121156", "2122725"))
    write_vicon(known, tmp_path / "rig.xcp")
    rig = read_calibration(tmp_path)
    assert rig.camera_names == tuple(known.names)
    np.testing.assert_allclose(rig.center, known.center, atol=1e-9)
    np.testing.assert_allclose(rig.R, known.R, atol=1e-9)
    np.testing.assert_allclose(rig.K, known.K, atol=1e-9)
    np.testing.assert_array_equal(rig.image_size, [known.size] * 4)
    np.testing.assert_array_equal(rig.world_up, [0, 0, 1])


@pytest.mark.parametrize("radial", [(4e-8, 2e-15, 0.0), (-6e-8, 5e-15, 1e-22)])
def test_vicons_lens_is_a_correction_in_pixels(tmp_path, radial):
    known, notices = known_rig(), []
    write_vicon(known, tmp_path / "c.xcp", radial)
    rig = read_calibration(tmp_path / "c.xcp", notice=notices.append)
    assert "Vicon's lenses, corrections in pixels, are converted to OpenCV's" in notices[0]
    pixels = np.random.default_rng(0).uniform(0, known.size, (500, 2))
    away = pixels - known.K[0][:2, 2]
    r2 = (away**2).sum(-1, keepdims=True)
    wanted = known.K[0][:2, 2] + away * (1 + radial[0] * r2 + radial[1] * r2**2 + radial[2] * r2**3)
    found = undistort_pixels(pixels, rig.K[0], rig.lenses[0])
    assert np.abs(wanted - pixels).max() > 5
    assert np.abs(found - wanted).max() < 0.2


def test_markers_cameras_and_uncalibrated_ones_are_left_out_and_named(tmp_path):
    notices = []
    path = edited(tmp_path, 'TYPE="Vue.Video" DISPLAY_TYPE="Vue"', 'TYPE="Vero" DISPLAY_TYPE=""')
    text = path.read_text()
    at = text.index('DEVICEID="back"')
    path.write_text(text[:at] + re.sub(r"<KeyFrame [^>]*/>", "", text[at:]))
    assert read_calibration(path, notice=notices.append).camera_names == ("right", "front")
    assert "left out left (Vero), back (Vue)" in notices[0]


@pytest.mark.parametrize(
    ("pattern", "text", "words"),
    [
        (r'FOCAL_LENGTH="[^"]*"', 'FOCAL_LENGTH="x"', "FOCAL_LENGTH 'x' - numbers are wanted, 1"),
        (r'SKEW="0"', 'SKEW="-0.002"', "skew -0.002 - its unit is unknown"),
        (r'ORIENTATION="[^"]*"', 'ORIENTATION="0 0 0 3"', "no unit quaternion"),
        (r"(<KeyFrame [^>]*/>)", r"\1\1", "2 key frames - a camera that moves"),
        (r'"ViconRadial2 [^"]*"', '"ViconRadial2 1 2 1e-8 0 0"', "lens about 1 2 - not about"),
        (r'"ViconRadial2 [^"]*"', '"ViconRadial3 1 2"', "ViconRadial2 x y w0 w1 w2 is wanted"),
    ],
)
def test_a_damaged_camera_is_named(tmp_path, pattern, text, words):
    line = refusal(edited(tmp_path, pattern, text))
    assert "c.xcp, camera left: " in line and words in line


def test_a_skew_that_moves_no_pixel_is_left_out(tmp_path):
    rig = read_calibration(edited(tmp_path, 'SKEW="0"', 'SKEW="1e-4"'))
    assert not rig.K[:, 0, 1].any()


def test_a_lens_that_folds_the_image_is_refused(tmp_path):
    write_vicon(known_rig(), tmp_path / "c.xcp", (-3e-6, 0.0, 0.0))
    assert "no lens of OpenCV's is within 0.1 px" in refusal(tmp_path / "c.xcp")


@pytest.mark.parametrize("name", ["rig.cal", "rig.mcal", "x.ttp"])
def test_optitracks_calibration_is_refused_by_its_name(tmp_path, name):
    (tmp_path / name).write_bytes(b"\x00\x01")
    for path in (tmp_path / name, tmp_path):
        line = refusal(path)
        assert "OptiTrack" in line and "geoself-rig/1" in line
