"""The models that come with the package: found by name, light, licensed, and honest of limits."""

import dataclasses
import json

import numpy as np
import pytest

from benchmarks.general.motions import built_in_segments
from benchmarks.general.recipe import MODELS
from benchmarks.general.simulated import simulate
from geoself_jax import load_lifter
from geoself_jax.core.errors import MISSING, GeoselfError
from geoself_jax.data.files.detections_file import Header, write_detections
from geoself_jax.data.poses.formats import read_poses
from geoself_jax.data.skeletons import KNOWN_SKELETONS
from geoself_jax.lift import __main__ as lift
from geoself_jax.lift.exported import sha256
from geoself_jax.lift.general_models import general_models, model_folder
from geoself_jax.lift.lift_video import in_joints_of, lift_video
from geoself_jax.lift.trained_range import other_joints, outside_range
from geoself_jax.lift.video_detections import videos_of

MEGABYTE = 1_000_000
CMU = "The data used in this project was obtained from mocap.cs.cmu.edu."


@pytest.fixture(scope="module")
def lifter():
    return load_lifter("general-coco17")


@pytest.fixture(scope="module")
def scene():
    """A built-in person who stands and moves their hands, by four cameras of all kinds."""
    segments = (part for n, part in enumerate(built_in_segments(12, seed=5)) if n == 44)
    return simulate(segments, KNOWN_SKELETONS["coco_17"], seed=3)


@pytest.fixture(scope="module")
def video(scene):
    """The view that sees most of it."""
    seen = (scene.recording.confidence > 0).mean((0, 2))
    name = scene.recording.camera_names[int(np.argmax(seen))]
    return videos_of(scene.recording, "walk.json", name)[0]


def lines(lifter, video):
    return outside_range(lifter, video, lift_video(lifter, video))


# By name


def test_the_models_are_those_of_the_recipe():
    assert set(general_models()) == set(MODELS)


@pytest.mark.parametrize("name", MODELS)
def test_a_model_is_weights_description_and_card_under_six_megabytes(name):
    folder = model_folder(name)
    assert {path.name for path in folder.iterdir()} == {
        "model.safetensors",
        "model.json",
        "MODEL_CARD.md",
    }
    assert sum(path.stat().st_size for path in folder.iterdir()) < 6 * MEGABYTE
    info = json.loads((folder / "model.json").read_bytes())
    assert info["general"]["name"] == name and info["general"]["licence"] == "Apache-2.0"
    for file, facts in info["files"].items():
        assert sha256((folder / file).read_bytes()) == facts["sha256"]
    assert not info["data"]["supervised_upper_bound"]


@pytest.mark.parametrize("name", MODELS)
def test_a_card_states_licence_source_limits_and_scores(name):
    card = " ".join((model_folder(name) / "MODEL_CARD.md").read_text().split())
    for wanted in ("Apache-2.0", CMU, "NSF EIA-0196217", "No 3D label", "animals", "| rig dev |"):
        assert wanted in card, wanted


@pytest.mark.parametrize("name", MODELS)
def test_a_model_has_its_detectors_joints_and_predicts_uncertainty(name):
    lifter = load_lifter(name)
    names = KNOWN_SKELETONS[MODELS[name]].joint_names
    assert lifter.skeleton.joint_names[: len(names)] == names
    assert lifter.info["architecture"]["uncertainty"]


@pytest.mark.parametrize("wrong", ["general-coco18", "no/such/folder", "general"])
def test_a_wrong_name_is_refused_with_those_there_are(wrong):
    with pytest.raises(GeoselfError) as error:
        load_lifter(wrong)
    line = str(error.value)
    assert error.value.code == MISSING and line.isprintable()
    assert line.startswith(wrong) and all(name in line for name in MODELS)


def test_a_folder_of_a_models_name_does_not_hide_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "general-coco17").mkdir()
    assert model_folder("general-coco17") == general_models()["general-coco17"]
    assert model_folder("./general-coco17").resolve() == tmp_path / "general-coco17"


# Lifting


def test_a_video_without_calibration_is_lifted_by_name(scene, video, tmp_path, capsys):
    recording, view = scene.recording, recording_view(scene, video)
    joints = np.concatenate(
        [recording.keypoints_2d[:, view, :17], recording.confidence[:, view, :17, None]], -1
    )
    joints = np.where(joints[..., 2:] > 0, joints, 0)
    width, height = video.view.image_size
    header = Header(
        *("phone.mp4", 1, "a test", recording.fps, (width, height), len(joints)),
        joint_names=KNOWN_SKELETONS["coco_17"].joint_names,
    )
    write_detections(tmp_path / "phone.json", header, joints[:, None])
    fov = round(2 * np.degrees(np.arctan(width / 2 / video.view.K[0, 0])))
    flags = (f"--keypoints={tmp_path / 'phone.json'}", f"--fov={fov}")
    assert lift.main(["--model=general-coco17", *flags, f"--out={tmp_path / 'poses.npz'}"]) == 0
    said = capsys.readouterr()
    assert "no calibration" in said.err and "outside of what" not in said.err
    poses = read_poses(tmp_path / "poses.npz")
    assert np.isfinite(poses.pose).all() and poses.uncertainty is not None


def recording_view(scene, video):
    return scene.recording.camera_names.index(video.view.name)


def test_it_is_nearer_to_the_truth_than_a_constant_pose(lifter, scene, video):
    cameras = scene.recording.cameras_of(slice(None))
    view = recording_view(scene, video)
    relative = scene.pose - scene.pose[:, [lifter.skeleton.root]]
    truth = np.einsum("tij,tkj->tki", cameras.R[:, view], relative)
    found = lifter(video.keypoints_2d, video.confidence, video.view.K)[0]
    away = np.linalg.norm(found - truth, axis=-1).mean()
    constant = np.linalg.norm(truth.mean(0) - truth, axis=-1).mean()
    assert away < 0.15 and away < 0.5 * np.linalg.norm(truth, axis=-1).mean()
    assert constant >= 0


# Its range


def test_ordinary_input_gets_no_warning(lifter, video):
    assert lines(lifter, video) == []
    assert other_joints(lifter, video) == ""


def test_networks_of_a_rig_have_no_range(tiny_export, lifter, video):
    rig = load_lifter(tiny_export)
    assert outside_range(rig, video, lift_video(lifter, video)) == []
    assert other_joints(rig, video) == ""


def seen_through(video, focal):
    """The same image by a camera that is said to have another focal length."""
    K = video.view.K.copy()
    K[0, 0] = K[1, 1] = focal
    return dataclasses.replace(video, view=dataclasses.replace(video.view, K=K))


def test_a_field_of_view_outside_of_those_trained_on_gets_a_warning(lifter, video):
    width = video.view.image_size[0]
    for focal, degrees in ((0.3 * width, 118), (5 * width, 11)):
        found = lines(lifter, seen_through(video, focal))
        assert any(f"a field of view of {degrees} degrees" in line for line in found)


def test_a_person_too_far_away_gets_a_warning(lifter, video):
    middle = np.nanmean(video.keypoints_2d, axis=1, keepdims=True)
    small = middle + (video.keypoints_2d - middle) / 15
    found = lines(lifter, dataclasses.replace(video, keypoints_2d=small))
    assert any("m away, trained were" in line for line in found)
    assert any("px large" in line for line in found)


def test_scores_of_another_scale_get_a_warning(lifter, video):
    found = lines(lifter, dataclasses.replace(video, confidence=video.confidence / 100))
    assert any("--confidence-scale" in line for line in found)


def test_missing_joints_are_named_in_a_warning(lifter, video):
    lost = np.array([i > 8 for i in range(video.skeleton.joints)])
    confidence = np.where(lost, 0, video.confidence)
    (line,) = (
        line
        for line in lines(lifter, dataclasses.replace(video, confidence=confidence))
        if "missing" in line
    )
    assert "50 % of the joints" in line and "left_wrist, right_wrist" in line


def test_a_camera_on_its_side_gets_a_warning(lifter, video):
    K = video.view.K
    ray = (video.keypoints_2d - K[:2, 2])[..., ::-1] * [1, -1]
    turned = dataclasses.replace(video, keypoints_2d=(ray + K[:2, 2]).astype(np.float32))
    assert any("off the image's vertical" in line for line in lines(lifter, turned))


def test_joints_made_of_others_get_a_warning_that_names_the_right_model(video):
    halpe = load_lifter("general-halpe26")
    h36m = load_lifter("general-h36m17")
    with pytest.raises(GeoselfError, match="toe"):
        in_joints_of(halpe.skeleton, video)
    line = other_joints(h36m, video)
    assert "spine" in line and line.endswith("--model=general-coco17 needs none of that")


@pytest.mark.parametrize("kept", [np.r_[0:5, 9:13], np.r_[0:25:3]], ids=["gap", "thinned"])
def test_a_video_with_frames_that_show_nobody_is_looked_at_as_any_other(lifter, video, kept):
    parts = (video.keypoints_2d, video.confidence, video.frame_id)
    pixels, confidence, frame_id = (array[kept] for array in parts)
    changes = {"keypoints_2d": pixels, "confidence": confidence, "frame_id": frame_id}
    assert not lines(lifter, dataclasses.replace(video, **changes))
