"""rtmlib itself, with a tiny ONNX model of RTMPose's inputs and outputs.

rtmlib demands two more builds of OpenCV, which overwrite the one of our tests: it is installed with
--no-deps, or these tests are skipped.
"""

import numpy as np
import pytest
from filmed import write_tiny_pose, write_video

from geoself_jax.core.errors import DATA, GeoselfError
from geoself_jax.detect.__main__ import main
from geoself_jax.prepare.detections import read_detections

pytest.importorskip("av", reason="av is not installed")
pytest.importorskip("onnx", reason="onnx is not installed")
pytest.importorskip("rtmlib", reason="rtmlib is not installed")


def test_an_rtmpose_file_finds_the_joints_where_they_are(tmp_path):
    write_tiny_pose(tmp_path / "tiny.onnx")
    video = write_video(tmp_path / "walk.mp4", 4)
    words = [f"--out={tmp_path}/joints", "--detector=rtmlib", f"--model={tmp_path}/tiny.onnx"]
    assert main([str(video), *words]) == 0
    read = read_detections(tmp_path / "joints" / "walk.json")
    assert read.skeleton.joint_names[16] == "right_ankle"
    px = 1.25 * 96 / 48  # of a pixel of the model's image, which shows the frame with a margin
    np.testing.assert_allclose(read.keypoints_2d[:, 0, 0], 10 + 4 * np.arange(4), atol=px)
    np.testing.assert_allclose(read.keypoints_2d[..., 1], 20, atol=px)
    assert 0 < read.confidence.min() <= read.confidence.max() <= 1


def test_a_file_that_is_no_model_is_refused_in_one_line(tmp_path):
    (tmp_path / "no.onnx").write_bytes(b"no model")
    video = write_video(tmp_path / "walk.mp4", 2)
    words = [f"--out={tmp_path}/joints", "--detector=rtmlib", f"--model={tmp_path}/no.onnx"]
    with pytest.raises(GeoselfError, match="--detector=rtmlib") as caught:
        main([str(video), *words])
    assert caught.value.code == DATA
    assert not (tmp_path / "joints").exists()
