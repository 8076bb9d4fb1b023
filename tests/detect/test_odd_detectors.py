"""Detectors that name, count or score their joints oddly are refused, and others' files kept."""

import pytest
from filmed import write_video

from geoself_jax.core.errors import DATA, WORKDIR, GeoselfError
from geoself_jax.detect.__main__ import main

av = pytest.importorskip("av", reason="av is not installed")

_COUNTED = """
seen = 0
def people(image):
    global seen
    seen += 1
    return [[(5 + j, 9, SCORE) for j in range(n)] for n in JOINTS]
"""


def _detector(path, joints="(17,)", score="0.9", names=None):
    body = _COUNTED.replace("JOINTS", joints).replace("SCORE", score)
    path.write_text(body + (f"JOINT_NAMES = {names}\n" if names else ""))
    return path


@pytest.mark.parametrize(
    ("odd", "why"),
    [
        ({"joints": "(17, 16)"}, "16 joints - 17 before"),
        ({"joints": "(17 if seen < 3 else 25,)"}, "25 joints - 17 before"),
        ({"joints": "(17 if seen < 3 else 10,)"}, "10 joints - 17 before"),
        ({"names": ["nose", "left_hip"]}, "17 joints - 2 names in JOINT_NAMES"),
        ({"names": ["nose"] * 17}, "each joint's name once"),
        ({"names": "range(17)"}, "each joint's name once"),
        ({"names": "'nose'"}, "each joint's name once"),
        ({"score": "-0.5"}, "a score of -0.5"),
    ],
)
def test_joints_that_are_not_always_the_same_are_refused(tmp_path, odd, why):
    own = _detector(tmp_path / "own.py", **odd)
    video = write_video(tmp_path / "walk.mp4", 4)
    with pytest.raises(GeoselfError, match=why) as caught:
        main([str(video), f"--out={tmp_path}", f"--detector={own}"])
    assert caught.value.code == DATA
    assert not (tmp_path / "walk.json").exists()


def test_a_detector_that_was_changed_detects_again(tmp_path, capsys):
    own = _detector(tmp_path / "own.py")
    video = write_video(tmp_path / "walk.mp4", 2)
    words = [str(video), f"--out={tmp_path}", f"--detector={own}"]
    assert main(words) == 0
    _detector(own, score="0.5")
    assert main(words) == 0
    assert "is there already" not in capsys.readouterr().out
    assert "0.5" in (tmp_path / "walk.json").read_text()


def test_a_detector_that_reads_does_not_read_the_images(tmp_path):
    own = _detector(tmp_path / "own.py")
    own.write_text(
        "import sys\n"
        + own.read_text().replace("    seen += 1\n", "    seen += 1; sys.stdin.read(9)\n")
    )
    video = write_video(tmp_path / "walk.mp4", 2)
    assert main([str(video), f"--out={tmp_path}", f"--detector={own}"]) == 0


def test_joints_of_another_video_of_that_name_are_not_replaced(tmp_path):
    own = _detector(tmp_path / "own.py")
    (tmp_path / "b").mkdir()
    first = write_video(tmp_path / "walk.mp4", 2)
    other = write_video(tmp_path / "b" / "walk.mp4", 5)
    flags = [f"--out={tmp_path}", f"--detector={own}"]
    assert main([str(first), *flags]) == 0
    before = (tmp_path / "walk.json").read_text()
    with pytest.raises(GeoselfError, match="of another walk") as caught:
        main([str(other), *flags])
    assert caught.value.code == WORKDIR
    assert (tmp_path / "walk.json").read_text() == before
    assert main([str(other), *flags, "--again"]) == 0
    assert (tmp_path / "walk.json").read_text() != before


def test_a_folder_that_cannot_be_is_refused_before_anything_is_detected(tmp_path):
    own = _detector(tmp_path / "own.py")
    own.write_text("raise SystemExit('started')")
    video = write_video(tmp_path / "walk.mp4", 2)
    with pytest.raises(GeoselfError, match="is no folder") as caught:
        main([str(video), f"--out={video}/joints", f"--detector={own}"])
    assert caught.value.code == WORKDIR
