"""Endings of files in capitals, as cameras and Windows write them, are the same endings."""

import numpy as np
import pytest
from calibration_files import WRITERS, known_rig
from detection_files import LAYOUTS, people
from processes import run_python

from geoself_jax.prepare.calibrations import read_calibration
from geoself_jax.prepare.detections import read_detections


def in_capitals(path):
    """The path after its ending, or those of the files in it, were written in capitals."""
    if path.is_dir():
        for file in list(path.iterdir()):
            in_capitals(file)
        return path
    return path.rename(path.with_suffix(path.suffix.upper()))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_detections_are_recognized_and_the_same(layout, tmp_path):
    write, name, *_ = LAYOUTS[layout]
    written = write(tmp_path / name, people())
    wanted = read_detections(written)
    found = read_detections(in_capitals(written))
    assert found.skeleton == wanted.skeleton and found.frame.tolist() == wanted.frame.tolist()
    np.testing.assert_array_equal(found.keypoints_2d, wanted.keypoints_2d)


@pytest.mark.parametrize("format", WRITERS)
def test_calibrations_are_recognized_and_the_same(format, tmp_path):
    WRITERS[format](known_rig(), tmp_path)
    (file,) = tmp_path.iterdir()
    asked = {"unit": "mm", "up": "z", "image_size": {"": (1000, 1002)}}
    wanted = read_calibration(file, **asked)
    found = read_calibration(in_capitals(file), **asked)
    assert found.camera_names == wanted.camera_names
    np.testing.assert_array_equal(found.center, wanted.center)


def test_lift_takes_a_recording_in_capitals(tiny_export, tiny_file, tmp_path):
    path = tmp_path / "TINY.NPZ"
    path.write_bytes(tiny_file.read_bytes())
    flags = (f"--keypoints={path}", "--camera=cam0", "--clip=clip0", f"--out={tmp_path / 'A.NPZ'}")
    done = run_python("-m", "geoself_jax.lift", f"--model={tiny_export}", *flags)
    assert done.returncode == 0, done.stderr
    with np.load(tmp_path / "A.NPZ") as written:
        assert len(written["frame_id"]) == 40
