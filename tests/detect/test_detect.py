"""Videos become files of joints; the detector is another process."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import bright_spot
import numpy as np
import pytest
from filmed import write_video

from geoself_jax.core.errors import DATA, MISSING, UNAVAILABLE, USAGE, WORKDIR, GeoselfError
from geoself_jax.data.files.detections_file import header_of
from geoself_jax.detect.__main__ import main
from geoself_jax.prepare.detections import formats_of, read_detections

av = pytest.importorskip("av", reason="av is not installed")

OWN = Path(bright_spot.__file__)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """The file of a video with nobody in frames 3 and 4."""
    folder = tmp_path_factory.mktemp("detect")
    video = write_video(folder / "walk.mp4", dark=(3, 4))
    assert main([str(video), f"--out={folder}/joints", f"--detector={OWN}"]) == 0
    return folder / "joints" / "walk.json"


def test_a_video_becomes_a_file_that_names_its_joints_rate_and_size(found):
    header = header_of(found)
    assert header.image_size == (96, 64)
    assert (header.fps, header.frames) == (30, 12)
    assert header.detector.startswith("bright_spot.py ")
    assert json.loads(found.read_text())["joint_names"][0] == "nose"
    assert formats_of(found) == ("geoself",)


def test_joints_are_where_they_are_in_the_frames(found):
    read = read_detections(found)
    assert (read.fps, read.image_size, read.frames, read.first) == (30, (96, 64), 12, 0)
    assert sorted(set(range(12)) - set(read.frame.tolist())) == [3, 4]
    np.testing.assert_allclose(read.keypoints_2d[:, 0, 0], 10 + 4 * read.frame, atol=1)
    np.testing.assert_allclose(read.keypoints_2d[:, 5, 0], 15 + 4 * read.frame, atol=1)
    np.testing.assert_allclose(read.keypoints_2d[..., 1], 20, atol=1)
    assert read.skeleton.joint_names[16] == "right_ankle"
    np.testing.assert_allclose(read.confidence, 0.9, rtol=1e-5)


def test_a_file_of_the_same_video_is_kept_and_another_program_s_is_not_touched(
    found, tmp_path, capsys
):
    before = found.stat().st_mtime_ns
    video = found.parents[1] / "walk.mp4"
    words = [str(video), f"--out={found.parent}", f"--detector={OWN}"]
    assert main(words) == 0
    assert "is there already" in capsys.readouterr().out
    assert found.stat().st_mtime_ns == before
    assert main([*words, "--again"]) == 0
    assert found.stat().st_mtime_ns > before
    (tmp_path / "walk.json").write_text("[]")
    with pytest.raises(GeoselfError, match="was not written by detect") as caught:
        main([str(video), f"--out={tmp_path}", f"--detector={OWN}"])
    assert caught.value.code == WORKDIR
    assert (tmp_path / "walk.json").read_text() == "[]"


def test_a_variable_rate_is_made_even_and_said(tmp_path, capsys):
    times = [*range(6), *range(8, 14)]
    video = write_video(tmp_path / "gap.mp4", times=times)
    assert main([str(video), f"--out={tmp_path}", f"--detector={OWN}"]) == 0
    assert "2 are repeated and 0 dropped" in capsys.readouterr().out
    read = read_detections(tmp_path / "gap.json")
    assert read.frames == 14
    np.testing.assert_allclose(read.keypoints_2d[8:, 0, 0], 10 + 4 * np.arange(6, 12), atol=1)


def test_a_lower_rate_takes_fewer_frames(tmp_path):
    video = write_video(tmp_path / "fast.mp4")
    assert main([str(video), f"--out={tmp_path}", f"--detector={OWN}", "--fps=15"]) == 0
    read = read_detections(tmp_path / "fast.json")
    assert (read.fps, read.frames) == (15, 6)
    np.testing.assert_allclose(read.keypoints_2d[:, 0, 0], 10 + 8 * np.arange(6), atol=1)


@pytest.mark.parametrize(
    ("body", "why", "code"),
    [
        ("import nowhere_at_all", "nowhere_at_all is not installed", UNAVAILABLE),
        ("x = 1", r"has no function people\(image\)", DATA),
        ("def people(image):\n    raise ValueError('odd image')", "odd image", DATA),
        ("def people(image):\n    return []", "nobody was found in any frame", DATA),
        ("def people(image):\n    return [[(1, 2, 1)] * 5]", "a model of 5 joints", DATA),
        (
            "def people(image):\n    return [[1, 2, 1]]",
            r"must return a list of \(joints, 3\)",
            DATA,
        ),
    ],
)
def test_a_detector_that_fails_is_one_line_and_leaves_no_file(tmp_path, body, why, code):
    (tmp_path / "own.py").write_text(body)
    video = write_video(tmp_path / "walk.mp4", 2)
    with pytest.raises(GeoselfError, match=why) as caught:
        main([str(video), f"--out={tmp_path}", f"--detector={tmp_path}/own.py"])
    assert caught.value.code == code
    assert sorted(p.name for p in tmp_path.iterdir() if p.suffix != "") == ["own.py", "walk.mp4"]


def test_wrong_inputs_are_refused_before_a_detector_starts(tmp_path):
    write_video(tmp_path / "a.mp4", 2)
    (tmp_path / "b").mkdir()
    write_video(tmp_path / "b" / "a.mov", 2)
    out = f"--out={tmp_path}/out"
    for words, why, code in [
        ([], "required", USAGE),
        ([f"{tmp_path}/none.mp4"], "no such video", MISSING),
        ([f"{tmp_path}/a.mp4", f"{tmp_path}/b"], "both would be", USAGE),
        ([f"{tmp_path}/a.mp4", "--detector=mediapip"], "did you mean 'mediapipe'", USAGE),
        ([f"{tmp_path}/a.mp4", "--detector=none.py"], "no such file", MISSING),
        ([f"{tmp_path}/a.mp4", f"--model={OWN}"], "it says nothing about mediapipe", USAGE),
        ([f"{tmp_path}/a.mp4", "--detector-python=/no/python"], "python3.11 -m venv", MISSING),
        ([f"{tmp_path}/a.mp4", "--fps=0"], "above 0", USAGE),
    ]:
        with pytest.raises(GeoselfError, match=why) as caught:
            main([*words, out])
        assert caught.value.code == code


def test_a_python_without_the_detector_gets_the_commands_that_make_one(tmp_path):
    video = write_video(tmp_path / "walk.mp4", 2)
    with pytest.raises(GeoselfError) as caught:
        main([str(video), f"--out={tmp_path}", f"--detector-python={sys.executable}"])
    assert caught.value.code == UNAVAILABLE
    assert "pip install mediapipe==0.10.21, then --detector-python=" in str(caught.value)


def test_ctrl_c_ends_the_detector_and_leaves_no_file(tmp_path):
    slow = "import os, time\nopen('pid', 'w').write(str(os.getpid()))\n"
    slow += "def people(image):\n    time.sleep(60)\n"
    (tmp_path / "slow.py").write_text(slow)
    write_video(tmp_path / "walk.mp4", 2)
    command = [sys.executable, "-m", "geoself_jax.detect", "walk.mp4", "--out=joints"]
    running = subprocess.Popen([*command, "--detector=slow.py"], cwd=tmp_path, stderr=-1, text=True)
    for _ in range(300):
        if (tmp_path / "pid").is_file() and (tmp_path / "pid").read_text():
            break
        time.sleep(0.1)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=30)
    assert running.returncode == 130, said
    assert not (tmp_path / "joints").exists()
    worker = int((tmp_path / "pid").read_text())
    for _ in range(100):
        if not Path(f"/proc/{worker}").exists() or "Z" in _state(worker):
            break
        time.sleep(0.1)
    else:
        os.kill(worker, signal.SIGKILL)
        pytest.fail("the detector still runs")


def _state(process):
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"
