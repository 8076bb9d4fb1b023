"""Cameras are called after their files where nothing else names them."""

import numpy as np
import pytest
from detection_files import alphapose, people
from scenes import motion, pixels_of, tiny_rig

from geoself_jax.core.errors import DATA, GeoselfError
from geoself_jax.data.files import npz
from geoself_jax.prepare import __main__ as prepare
from geoself_jax.prepare.lab_files import write_openpose
from geoself_jax.prepare.name_cameras import files_by_camera

FRAMES = 12
RIG = tiny_rig()


@pytest.mark.parametrize(
    ("recording", "files", "wanted"),
    [
        ("walk", ["front_left.json", "back_left.json"], ["front_left", "back_left"]),
        ("walk", ["walk_left.json", "walk_right.json"], ["left", "right"]),
        ("walk", ["left-walk.json", "right-walk.json"], ["left", "right"]),
        ("t1", ["t1_cam01_x.json", "t1_cam02_x.json"], ["cam01", "cam02"]),
        ("t1", ["Camera_A.csv", "Camera_B.csv"], ["Camera_A", "Camera_B"]),
        ("t1", ["camADLC_resnet50_labshuffle1_5000.csv", "camBDLC_resnet50_labshuffle1_5000.csv"],
         ["camA", "camB"]),
        ("t1", ["one/keypoints.json", "two/keypoints.json"], ["one", "two"]),
        ("t1", ["one_keypoints.json", "two_keypoints.json"], ["one", "two"]),
    ],
)  # fmt: skip
def test_names_are_those_of_the_files(tmp_path, recording, files, wanted):
    paths = [tmp_path / recording / name for name in files]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    found = files_by_camera(tmp_path / recording, paths)
    assert list(found) == wanted and list(found.values()) == paths


def run(place, *flags):
    out = place.parent / "out.npz"
    words = ["--input", str(place), "--uncalibrated", "--image-size=1000x1000", "--fps=25"]
    assert prepare.main([*words, f"--output={out}", *flags]) == 0
    return npz.read_arrays(out)


def write_all(place, names, clip=0):
    pixels = pixels_of(motion(FRAMES, clip), RIG)
    for view, name in enumerate(names):
        write_openpose(place, name, pixels[:, view], np.full((FRAMES, 17), 0.9))


def write_list(place, name, seed=0):
    """AlphaPose's list of one person, whom the same seed gives alike."""
    place.mkdir(parents=True, exist_ok=True)
    found = people()
    found[1] = 0
    alphapose(place / f"{name}.json", found + seed)


def test_trials_in_one_folder_are_read_apart_by_a_cameras_word(tmp_path):
    place = tmp_path / "all"
    for trial in ("hop", "run"):
        for camera in ("cam1", "cam2"):
            write_list(place, f"{trial}_{camera}")
    arrays = run(place, "--subject=anna")
    assert arrays["camera_names"].tolist() == ["cam1", "cam2"]
    assert arrays["clip_actions"].tolist() == ["hop", "run"]
    assert len(arrays["rig_names"]) == 1


def test_trials_in_one_folder_are_read_apart_by_the_names_given(tmp_path):
    place = tmp_path / "all"
    for trial in ("hop", "run"):
        for camera in ("l", "r"):
            write_list(place, f"{trial}_{camera}")
    arrays = run(place, "--subject=anna", "--cameras=r,l")
    assert arrays["camera_names"].tolist() == ["r", "l"]
    assert arrays["clip_actions"].tolist() == ["hop", "run"]


def test_some_cameras_are_taken_in_the_order_asked_for(tmp_path):
    write_all(tmp_path / "walk", ("one", "two", "three"))
    arrays = run(tmp_path / "walk", "--skeleton=h36m_17", "--cameras=three,one")
    assert arrays["camera_names"].tolist() == ["three", "one"]
    wanted = pixels_of(motion(FRAMES, 0), RIG)[:, [2, 0]]
    np.testing.assert_allclose(arrays["keypoints_2d"], wanted, atol=0.01)


def test_a_camera_that_a_trial_lacks_is_of_the_same_rig(tmp_path, capsys):
    write_all(tmp_path / "lab/hop", ("one", "two", "three"))
    write_all(tmp_path / "lab/run", ("one", "two"), 1)
    arrays = run(tmp_path / "lab", "--skeleton=h36m_17", "--subject=anna")
    assert arrays["camera_names"].tolist() == ["one", "three", "two"]
    seen = (arrays["confidence"][arrays["clip_id"] == 1] > 0).any((0, 2))
    assert seen.tolist() == [True, False, True] and len(arrays["rig_names"]) == 1
    assert "run: no detections of camera three: it stays" in capsys.readouterr().out


REFUSED = {
    "folders of cameras": (["cam1/hop", "cam1/run", "cam2/hop", "cam2/run"], "are cameras by"),
    "one camera": (["hop/one"], "detections of 1 camera"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_recording_is_refused(tmp_path, what):
    files, line = REFUSED[what]
    for each in files:
        write_list((tmp_path / "lab" / each).parent, each.rpartition("/")[2])
    with pytest.raises(GeoselfError, match=line) as error:
        run(tmp_path / "lab", "--subject=anna")
    assert error.value.code == DATA


def test_a_calibration_of_other_names_is_refused_with_what_to_do(tmp_path):
    write_all(tmp_path / "walk", ("left", "right"))
    (tmp_path / "lenses.json").write_text(
        '{"a": {"K": [[900,0,500],[0,900,500],[0,0,1]]},'
        ' "b": {"K": [[900,0,500],[0,900,500],[0,0,1]]}}'
    )
    flags = [f"--calibration={tmp_path / 'lenses.json'}", "--skeleton=h36m_17"]
    with pytest.raises(GeoselfError, match="--camera=NAME=PATH") as error:
        run(tmp_path / "walk", *flags)
    assert error.value.code == DATA
