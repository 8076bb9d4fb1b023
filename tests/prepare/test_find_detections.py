"""Of the tables that one program writes for one video, one is taken, and it is said."""

import os
import subprocess
import sys

import pytest
from processes import ROOT, environment

from geoself_jax.prepare.find_detections import one_of_each_video


def taken(folder, *names):
    said = []
    for name in names:
        (folder / name).write_text("x")
    found = one_of_each_video(sorted(folder.iterdir()), said.append)
    return [path.name for path in found], said


def test_a_filtered_table_comes_before_raw_ones_and_h5_before_csv(tmp_path):
    names = [f"{cam}DLC_1{kind}" for cam in "ab" for kind in (".csv", ".h5", "_filtered.csv")]
    found, said = taken(tmp_path, *names, "bDLC_1_filtered.h5")
    assert found == ["aDLC_1_filtered.csv", "bDLC_1_filtered.h5"]
    assert len(said) == 1 and "aDLC_1_filtered.csv: taken and 1 more" in said[0]
    place = tmp_path.name
    assert f"left: {place}/aDLC_1.csv, {place}/aDLC_1.h5" in said[0]


def test_the_filtered_folder_comes_before_the_raw_one(tmp_path):
    paths = [tmp_path / folder / "camA.h5" for folder in ("pose-2d", "pose-2d-filtered")]
    for path in paths:
        path.parent.mkdir()
        path.write_text("x")
    said = []
    assert one_of_each_video(paths, said.append) == paths[1:]
    assert "left: pose-2d/camA.h5" in said[0]


def test_two_videos_and_two_networks_are_not_one(tmp_path):
    names = ["aDLC_1.h5", "aDLC_2.h5", "b.json", "b_filtered.json"]
    found, said = taken(tmp_path, *names)
    assert found == names and not said


@pytest.mark.parametrize("place", ["", "cam1_json"])
def test_pipes_in_a_folder_are_not_waited_for(tmp_path, place):
    names = ("json", "npy", "npz", "h5", "csv", "slp", "txt", "toml", "yml", "xml", "calibration")
    (tmp_path / "s" / place).mkdir(parents=True)
    for name in names:
        os.mkfifo(tmp_path / "s" / place / f"000.{name}")
    words = ["--input", f"{tmp_path}/s", "--fps=25", f"--output={tmp_path}/o.npz"]
    done = subprocess.run(
        [sys.executable, "-m", "geoself_jax.prepare", *words],
        env=environment(), cwd=ROOT, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 65 and "no calibration of a known format" in done.stderr
