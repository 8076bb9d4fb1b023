"""Warnings of `lift`: detections of another camera, joints of another skeleton."""

import dataclasses

import numpy as np
import pytest

from geoself_jax.data.files.detections_file import Header, write_detections
from geoself_jax.data.poses.sequence import CAMERA, PoseSequence
from geoself_jax.lift.cautions import built_in_people, cautions_of, misfit, other_size
from geoself_jax.lift.lifter import load_lifter
from geoself_jax.lift.video_detections import videos_of


@pytest.fixture
def video(tiny_recording):
    """Returns the first clip of a camera, its file named after it, next to another camera."""
    one = videos_of(tiny_recording, "walk/cam1_json", "cam1")[0]
    view = dataclasses.replace(one.view, others=("cam10", "cam2"))
    return dataclasses.replace(one, view=view)


def true_poses(video, recording):
    """Ground truth as the camera sees it."""
    rig, view = recording.rig_id[0], recording.camera_names.index("cam1")
    R, center = recording.camera.R[rig, view], recording.camera.center[rig, view]
    pose = (recording.pose_world[: video.frames] - center) @ R.T
    return PoseSequence(
        name="lifted",
        pose=pose.astype(np.float32),
        skeleton=video.skeleton,
        fps=video.fps,
        frame_id=np.arange(video.frames),
        axes=CAMERA,
        up=video.view.up,
    )


def test_a_placed_camera_of_a_world_without_a_vertical_is_taken_for_level(video):
    lost = dataclasses.replace(video, view=dataclasses.replace(video.view, world_up=None))
    (line,) = cautions_of(lost)
    assert line.startswith("walk/cam1_json: which way is up is unknown - camera cam1 is taken for")
    unplaced = dataclasses.replace(lost.view, R=None, center=None)
    assert cautions_of(dataclasses.replace(video, view=unplaced)) == []


def test_consistent_input_gives_no_warning(video, tiny_recording):
    assert cautions_of(video) == []
    assert misfit(video, true_poses(video, tiny_recording)) == ""


@pytest.mark.parametrize("source", ["walk/cam2_json", "walk/cam2_json/", "CAM2.json"])
def test_a_file_named_after_another_camera_gives_a_warning(video, source):
    (line,) = cautions_of(dataclasses.replace(video, source=source))
    assert "named after camera cam2" in line and "camera cam1's" in line


@pytest.mark.parametrize("source", ["cam20.json", "person.json", "cam1_cam2.json", "cam2/cam.json"])
def test_other_names_give_no_warning(video, source):
    assert cautions_of(dataclasses.replace(video, source=source)) == []


def test_a_track_called_like_a_camera_gives_no_warning(video):
    tracked = dataclasses.replace(video, source="walk/ours.csv, track cam2", subject="cam2")
    assert cautions_of(tracked) == []
    (line,) = cautions_of(dataclasses.replace(tracked, source="walk/cam2.csv, track cam2"))
    assert line.startswith("walk/cam2.csv, track cam2 is named after camera cam2")


def test_joints_outside_the_image_are_counted(video):
    view = dataclasses.replace(video.view, image_size=(300, 300))
    (line,) = cautions_of(dataclasses.replace(video, view=view))
    assert "outside the image of 300x300" in line and "--image-size" in line
    unknown = dataclasses.replace(video.view, image_size=(0, 0))
    assert cautions_of(dataclasses.replace(video, view=unknown)) == []


def test_poses_of_joints_in_another_order_give_a_warning(video, tiny_recording):
    poses = true_poses(video, tiny_recording)
    line = misfit(video, poses.replace(pose=poses.pose[:, ::-1]))
    assert "off the detections" in line and "--skeleton" in line


def test_frames_without_detections_give_no_warning(video, tiny_recording):
    nobody = dataclasses.replace(
        video,
        keypoints_2d=np.full_like(video.keypoints_2d, np.nan),
        confidence=np.zeros_like(video.confidence),
    )
    assert cautions_of(nobody) == [] and misfit(nobody, true_poses(video, tiny_recording)) == ""


def test_a_network_of_built_in_people_is_no_instrument_for_others(video, tiny_export):
    lifter = load_lifter(tiny_export)
    assert built_in_people(lifter, video) == ""  # trained on a file
    lifter.info["data"] = lifter.info["data"] | {"source": "synthetic:train"}
    line = built_in_people(lifter, video)
    assert "trained on synthetic:train" in line and "no measurements" in line
    assert built_in_people(lifter, dataclasses.replace(video, source="synthetic:test")) == ""


def test_joints_of_an_image_that_was_not_calibrated_are_noticed(video, tmp_path):
    width, height = video.view.image_size
    path = tmp_path / "cam1.json"
    for size, said in (((width, height), ""), ((width - 8, height), f"{width - 8} x {height} px")):
        write_detections(path, Header("a.mp4", 1, "own", 50.0, size, 0, ("nose",)), [])
        line = other_size(str(path), video)
        assert line == said == "" or (said in line and f"is of {width} x {height}" in line)
    unknown = dataclasses.replace(video.view, image_size=(0, 0))
    assert other_size(str(path), dataclasses.replace(video, view=unknown)) == ""
    assert other_size(str(tmp_path / "openpose"), video) == ""
