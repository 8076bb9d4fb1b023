"""A detector's file of one video: its frame numbers, its scale, and what is assumed of them."""

import dataclasses
import json

import numpy as np
import pytest
from detection_files import FRAMES, NAMES, coco, frame_of, people

from geoself_jax.core.errors import DATA, USAGE, GeoselfError
from geoself_jax.data.skeletons import MEDIAPIPE_33
from geoself_jax.lift.camera_view import View
from geoself_jax.lift.video_detections import read_video, videos_of


def camera():
    K = np.array([[900.0, 0, 640], [0, 900, 360], [0, 0, 1]])
    return View(name="cam1", K=K, image_size=(1280, 720))


def test_far_image_numbers_start_at_0_and_it_is_said(tmp_path):
    found = people()[:1]
    path = coco(tmp_path / "cam1.json", np.concatenate([found, 0 * found]))
    entries = json.loads(path.read_text())
    for entry in entries:
        entry["image_id"] += 300_000_000
    path.write_text(json.dumps(entries))
    said = []
    video = read_video(path, camera(), fps=25, notice=said.append)
    assert video.frame_id.tolist() == [f for f in range(FRAMES) if f != 8]
    assert video.frames == FRAMES
    assert any("frame number 300000000 of the files is frame 0" in line for line in said)


def test_fractions_become_pixels_of_the_cameras_images(tmp_path):
    landmarks = np.random.default_rng(0).uniform(0.1, 0.9, (5, 33, 3))
    np.save(tmp_path / "cam1.npy", landmarks)
    said = []
    video = read_video(tmp_path / "cam1.npy", camera(), fps=25, notice=said.append)
    np.testing.assert_allclose(
        video.keypoints_2d[:, : MEDIAPIPE_33.joints], landmarks[..., :2] * [1280, 720], rtol=1e-4
    )
    assert any("multiplied by 1280 x 720" in line for line in said)


def test_confidences_are_those_of_a_smoothers_variances_where_asked_for(tmp_path):
    table = frame_of(people()).xs("p1", axis=1, level="individuals")
    for name in NAMES:
        for axis in "xy":
            table["DLC_model", name, f"{axis}_posterior_var"] = 12.0
    table.to_csv(tmp_path / "cam1.csv")
    plain = read_video(tmp_path / "cam1.csv", camera(), fps=25)
    video = read_video(tmp_path / "cam1.csv", camera(), fps=25, deviation_px=2.0)
    seen = plain.confidence > 0
    np.testing.assert_allclose(video.confidence[seen], 0.5, rtol=1e-6)  # 2 / sqrt(4 + 12)
    assert (video.confidence[~seen] == 0).all() and np.unique(plain.confidence[seen]).size > 50


def test_a_joint_of_which_a_half_is_given_is_said(tmp_path):
    """As EKS 4.6.2 writes one that members of its ensemble miss in some frames."""
    table = frame_of(people()).xs("p1", axis=1, level="individuals")
    table.loc[:, ("DLC_model", NAMES[4], ["x", "y"])] = np.nan
    table["DLC_model", NAMES[4], "likelihood"] = np.where(np.arange(FRAMES) < 9, 0.95, np.nan)
    table.loc[:, ("DLC_model", NAMES[5], ["x", "y"])] = np.nan
    table["DLC_model", NAMES[5], "likelihood"] = 0.02
    table.to_csv(tmp_path / "cam1.csv")
    said = []
    video = read_video(tmp_path / "cam1.csv", camera(), fps=25, notice=said.append)
    (line,) = [line for line in said if line.startswith("warning: ")]
    assert f"cam1.csv: {NAMES[4]} 8 times with a score over 0.5, and no x and y" in line
    assert (video.confidence[:, 4:6] == 0).all()


def test_one_video_of_all_people_is_refused(tmp_path):
    path = coco(tmp_path / "cam1.json", people())
    with pytest.raises(GeoselfError, match=r"--person=all - .* several - read_tracks") as error:
        read_video(path, camera(), fps=25, person="all")
    assert error.value.code == USAGE


def test_a_frame_number_that_is_there_twice_is_refused_with_its_place(tiny_recording):
    """Or the second would be left out without a word."""
    twice = tiny_recording.frame_id.copy()
    twice[[1, 4]] = twice[0]
    clip = tiny_recording.clip_names[tiny_recording.clip_id[0]]
    with pytest.raises(GeoselfError) as refused:
        videos_of(dataclasses.replace(tiny_recording, frame_id=twice), "lab.npz", "cam1")
    assert refused.value.code == DATA
    place = f"lab.npz: clip {clip!r}, camera 'cam1': frame_id {twice[0]} is there 3 times - "
    assert str(refused.value).startswith(place)


def test_frames_in_another_order_are_lifted_in_that_of_their_numbers(tiny_recording):
    mixed = tiny_recording.select(np.random.default_rng(0).permutation(tiny_recording.frames))
    clip = tiny_recording.clip_names[0]
    (found,) = videos_of(mixed, "lab.npz", "cam1", clip)
    (wanted,) = videos_of(tiny_recording, "lab.npz", "cam1", clip)
    np.testing.assert_array_equal(found.frame_id, wanted.frame_id)
    np.testing.assert_array_equal(found.keypoints_2d, wanted.keypoints_2d)
