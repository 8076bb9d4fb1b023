"""A tree of persons and trials is walked; what was one recording stays one."""

import json
import math

import numpy as np
import pytest

from geoself_jax.core.errors import GeoselfError, data_error
from geoself_jax.prepare.find_recordings import find_calibration, find_recordings
from geoself_jax.prepare.run import choose_format

ENTRY = [{"image_id": "0.jpg", "category_id": 1, "keypoints": [1.0] * 51, "score": 1.0}]
CAMERAS = ("cam1", "cam2", "cam3", "cam4")


def write(folder, *names):
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / f"{name}.json").write_text(json.dumps(ENTRY))


def unknown(*_):
    return math.nan


def found(root, *inputs, cameras=CAMERAS):
    """Found folders, relative to the root, and what was said."""
    said = []
    paths = [root / each for each in inputs]
    recordings = find_recordings(
        paths, "alphapose", lambda folder, _: cameras, unknown, said.append
    )
    return [each.folder.relative_to(root).as_posix() for each in recordings], said


@pytest.mark.parametrize("inner", ["", "pose"])
def test_every_trial_of_every_person_is_found(tmp_path, inner):
    for trial in ("s/P1/walk1", "s/P1/walk2", "s/P2/walk1"):
        write(tmp_path / trial / inner, "cam1", "cam2")
    names, said = found(tmp_path, "s")
    assert names == ["s/P1/walk1", "s/P1/walk2", "s/P2/walk1"]
    assert len(said) == 1 and "3 recordings in it: P1/walk1, P1/walk2, P2/walk1" in said[0]
    assert found(tmp_path, "s/P1")[0] == ["s/P1/walk1", "s/P1/walk2"]


@pytest.mark.parametrize(
    "places",
    [
        [("", "cam1", "cam2")],
        [("pose", "cam1", "cam2")],
        [("results_of_v2", "cam1", "cam2")],
        [("front", "cam1", "cam2"), ("back", "cam3", "cam4")],  # a folder a computer
        [("cam1", "cam1"), ("cam2", "cam2")],  # a folder a camera
        [("left", "a"), ("right", "b")],
    ],
)
def test_a_recording_with_folders_in_it_stays_one(tmp_path, places):
    for inner, *names in places:
        write(tmp_path / "anna" / inner, *names)
    assert found(tmp_path, "anna") == (["anna"], [])


def test_trials_are_found_where_no_camera_is_known(tmp_path):
    def none(*_):
        raise data_error("no", "calibration", "here")

    for trial in ("a", "b"):
        write(tmp_path / "s" / trial, "cam1", "cam2")
    recordings = find_recordings([tmp_path / "s"], "alphapose", none, unknown, print)
    assert [each.folder.name for each in recordings] == ["a", "b"]


def test_a_recording_named_twice_is_taken_once_and_it_is_said(tmp_path):
    for trial in ("a", "b"):
        write(tmp_path / "s" / trial, "cam1", "cam2")
    names, said = found(tmp_path, "s", "s/b")
    assert names == ["s/a", "s/b"] and "named twice" in said[-1]


def test_the_nearest_calibration_counts_and_none_of_another_recording(tmp_path):
    rig = {"format": "geoself-rig/1", "camera_names": []}
    for place in ("s/calibration", "s/P1"):
        write(tmp_path / place)
        (tmp_path / place / "rig.json").write_text(json.dumps(rig))
    for trial in ("s/P1/a", "s/P2/a", "x/P1", "x/P2"):
        write(tmp_path / trial, "cam1", "cam2")
    (tmp_path / "x/P1/rig.json").write_text(json.dumps(rig))

    def nearest(trial, root):
        return find_calibration(tmp_path / trial, tmp_path / root, "alphapose")

    assert nearest("s/P1/a", "s") == tmp_path / "s/P1"
    assert nearest("s/P2/a", "s") == tmp_path / "s"
    assert nearest("x/P2", "x") == tmp_path / "x/P2"  # that of x/P1 is not its own


@pytest.mark.parametrize("suffix", [".json", ".npy"])
def test_one_cameras_file_is_said_to_be_one(tmp_path, suffix):
    path = tmp_path / f"cam1{suffix}"
    path.write_text(json.dumps(ENTRY))
    if suffix == ".npy":
        np.save(path, np.full((3, 33, 3), 0.5))
    with pytest.raises(GeoselfError, match="one camera's file") as error:
        choose_format([path], "auto", print)
    assert f"--input {tmp_path}" in str(error.value)
