"""Files of detections are matched to cameras by name, where names leave no choice."""

import json

import pytest

from geoself_jax.core.errors import DATA, GeoselfError
from geoself_jax.prepare.match_cameras import match_cameras

ENTRY = [{"image_id": "0.jpg", "category_id": 1, "keypoints": [1.0] * 51, "score": 1.0}]
DLC = "DLC_resnet50_gaitOct30shuffle1_50000"


def matched(folder, cameras, files, kind="alphapose"):
    for name in files:
        (folder / name).write_text(json.dumps(ENTRY))
    return match_cameras(folder, cameras, {}, kind)


@pytest.mark.parametrize(
    ("cameras", "files"),
    [
        (("cam1", "cam10"), ("cam1.json", "cam10.json")),
        (("cam1", "cam10"), ("trial_cam1_x.json", "trial_cam10_x.json")),
        (("cam1", "cam2"), ("cam1_1201.json", "cam2_1202.json")),
        (("int_cam1_img", "int_cam2_img"), ("cam01_keypoints.json", "cam02_keypoints.json")),
        (("Left", "Right"), ("left_predictions.json", "RIGHT.json")),
        (("A", "B", "C"), tuple(f"vid01-cam{c}{DLC}.json" for c in "ABC")),
        (("1", "2"), tuple(f"cam{c}{DLC.replace('resnet50', 'dlcrnetms5')}.json" for c in "12")),
        (("camA", "camB"), ("dlc_camA.json", "dlc_camB.json")),
        (("camA", "camB"), ("DLCproj-camA.json", "DLCproj-camB.json")),
        (("camA", "camB"), ("p1_dlc_camA.json", "p1_dlc_camB.json")),
        (("camA", "camB"), (f"p1_dlc_camA{DLC}.json", f"myDLC_camB{DLC}_filtered.json")),
        (("camA", "camB"), ("camA_dlc.json", "camBDLC.json")),
        (("A", "B"), ("2024-01-01-vid01-camA.json", "2024-01-01-vid01-camB.json")),
        (("0", "1"), ("trial_1_cam0.json", "trial_1_cam1.json")),
        (("cam_left", "cam_right"), ("left.json", "right.json")),
    ],
)
def test_names_that_say_it_are_certain(tmp_path, cameras, files):
    match = matched(tmp_path, cameras, files)
    assert match.certain
    assert {c: p.name for c, p in match.paths.items()} == dict(zip(cameras, files, strict=True))


@pytest.mark.parametrize(
    ("cameras", "files"),
    [
        (("cam0", "cam1", "cam2"), ("cam1.json", "cam2.json", "cam3.json")),  # counted from one
        (("0", "1", "2"), ("cam1.json", "cam2.json", "cam3.json")),
        (("cam0", "cam1", "cam2"), ("cam1.json", "cam2.json")),  # one is missing: 0, or 2 as 3?
        (("int_cam0_img", "int_cam1_img", "int_cam2_img"), ("cam01.json", "cam02.json")),
        (("1", "2"), ("walk_1_c2.json", "walk_2_c1.json")),  # a trial's number is no camera's
        (("left", "right"), ("a.json", "b.json")),
        (("1", "2"), ("cam11.json", "cam12.json")),
    ],
)
def test_numbers_that_may_be_counted_differently_are_not_certain(tmp_path, cameras, files):
    assert not matched(tmp_path, cameras, files).certain


def test_names_without_numbers_are_certain_even_if_a_camera_is_missing(tmp_path):
    match = matched(tmp_path, ("left", "right", "top"), ("left.json", "top.json"))
    assert match.certain and set(match.paths) == {"left", "top"}


def test_a_file_of_no_camera_is_refused(tmp_path):
    with pytest.raises(GeoselfError, match=r"no camera for cam3\.json") as error:
        matched(tmp_path, ("cam1", "cam2"), ("cam1.json", "cam2.json", "cam3.json"))
    assert error.value.code == DATA
