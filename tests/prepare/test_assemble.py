"""Clips become one file: rigs, names, verticals, lenses, missing views and ground truth."""

import dataclasses

import cv2
import numpy as np
import pytest
from scenes import motion, pixels_of, tiny_rig

from geoself_jax.core.errors import DATA, GeoselfError
from geoself_jax.core.skeleton import H36M_17
from geoself_jax.data import recording
from geoself_jax.data.skeletons import COCO_17
from geoself_jax.geometry.lenses import Lens
from geoself_jax.prepare.assemble import assemble
from geoself_jax.prepare.clip import Clip, ReadOptions
from geoself_jax.prepare.datasets.prepared import check_arrays, clips_of

FRAMES = 20


def clip(name="walk", rig=None, pose=None, **changes):
    """A clip of exact pixels."""
    rig, pose = rig or tiny_rig(), motion(FRAMES) if pose is None else pose
    pixels = changes.get("keypoints_2d")
    pixels = pixels_of(pose, rig) if pixels is None else pixels
    given = {
        "name": name,
        "action": "walking",
        "subject": "anna",
        "rig": rig,
        "skeleton": H36M_17,
        "fps": 25.0,
        "keypoints_2d": pixels.astype(np.float32),
        "confidence": np.full(pixels.shape[:-1], 0.8, np.float32),
        "frame_id": np.arange(len(pose), dtype=np.int32),
        "pose_world": pose.astype(np.float32),
    }
    return Clip(**{**given, **changes})


def projected(read):
    """Pixels of the ground truth in the cameras that were read, undistorted."""
    camera = read.cameras_of(slice(None))
    local = np.einsum(
        "fvij,fvkj->fvki", camera.R, read.pose_world[:, None] - camera.center[:, :, None]
    )
    pixels = np.einsum("fvij,fvkj->fvki", camera.K, local)
    return pixels[..., :2] / pixels[..., 2:]


def assert_consistent(read, within=0.02):
    seen = read.confidence > 0
    error = np.linalg.norm(projected(read) - read.keypoints_2d, axis=-1)
    assert seen.any() and error[seen].max() < within


def test_clips_of_two_rigs_and_people_lie_in_one_file():
    other = tiny_rig(1, name="studio")
    clips = [clip(), clip("run", rig=other, subject="bela"), clip("walk", subject="bela")]
    arrays = assemble(clips)
    check_arrays("x", arrays)
    read = recording.from_arrays(arrays, "x")
    assert read.clip_names == ("walk", "run", "walk#2")
    assert read.rig_names == ("lab", "studio") and read.subject_names == ("anna", "bela")
    assert read.rig_id.tolist() == [0] * FRAMES + [1] * FRAMES + [0] * FRAMES
    assert read.frame_id.tolist() == 3 * list(range(FRAMES))
    assert_consistent(read)


def test_cameras_are_matched_by_name_where_all_rigs_have_the_same():
    rig = tiny_rig()
    turned = dataclasses.replace(tiny_rig(1, name="studio")).select(
        ("cam4", "cam2", "cam1", "cam3")
    )
    read = recording.from_arrays(assemble([clip(rig=rig), clip("b", rig=turned)]), "x")
    assert read.camera_names == rig.camera_names
    np.testing.assert_allclose(read.camera.center[1], tiny_rig(1).center)
    assert_consistent(read)


def test_a_rig_with_fewer_cameras_has_no_detections_in_the_others():
    three = tiny_rig(1, views=3, name="small")
    read = recording.from_arrays(assemble([clip(), clip("b", rig=three)]), "x")
    second = read.rig_id == 1
    assert (read.confidence[second, 3] == 0).all() and np.isnan(read.keypoints_2d[second, 3]).all()
    assert (read.confidence[second, :3] > 0).all()
    assert_consistent(read)


def test_a_rig_that_lacks_a_camera_keeps_the_others_names():
    some = tiny_rig(1, name="small").select(("cam3", "cam2"))
    read = recording.from_arrays(assemble([clip(rig=some), clip("b")]), "x")
    assert read.camera_names == ("cam1", "cam2", "cam3", "cam4")
    first = read.rig_id == list(read.rig_names).index("small")
    assert (read.confidence[first] > 0).any((0, 2)).tolist() == [False, True, True, False]
    assert_consistent(read)


def test_equal_rigs_are_one_and_a_camera_that_is_missing_keeps_its_calibration():
    rig = tiny_rig()
    moved = rig.center + 1e-10  # a file's last digits
    again = dataclasses.replace(rig, name="again", center=moved)
    some = clip("b", rig=rig.select(("cam4", "cam2")))
    arrays = assemble([some, clip(rig=rig), clip("c", rig=again)])
    assert len(arrays["rig_names"]) == 1 and arrays["camera_names"].tolist() == list(
        rig.camera_names
    )
    np.testing.assert_array_equal(arrays["center"][0], rig.center)
    seen = (arrays["confidence"][:FRAMES] > 0).any((0, 2))
    assert seen.tolist() == [False, True, False, True]
    assert_consistent(recording.from_arrays(arrays, "x"))


def test_a_camera_that_was_moved_makes_another_rig():
    rig = tiny_rig()
    moved = dataclasses.replace(rig, center=rig.center + [[0, 0, 0.001]] * 4)
    assert len(assemble([clip(rig=rig), clip("b", rig=moved)])["rig_names"]) == 2


def test_names_that_look_numbered_already_stay_each_once():
    names = ["x", "x#2", "x", "x#2"]
    arrays = assemble([clip(name) for name in names])
    found = arrays["clip_names"].tolist()
    assert len(set(found)) == 4 and found[:2] == ["x", "x#2"]


def test_worlds_with_other_verticals_are_turned_until_z_is_up():
    A = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])  # z up -> -y up
    rig = tiny_rig()
    tilted = dataclasses.replace(
        rig, name="tilted", R=rig.R @ A.T, center=rig.center @ A.T, world_up=A @ [0, 0, 1.0]
    )
    pose = motion(FRAMES)
    other = clip("b", rig=tilted, keypoints_2d=clip().keypoints_2d,
                 pose_world=(pose @ A.T).astype(np.float32))  # fmt: skip
    read = recording.from_arrays(assemble([clip(), other]), "x")
    np.testing.assert_allclose(read.world_up, [0, 0, 1], atol=1e-12)
    height = np.ptp(read.pose_world[..., 2], axis=1)
    np.testing.assert_allclose(height[FRAMES:], height[:FRAMES], atol=1e-5)
    assert_consistent(read)
    alone = assemble([other])
    np.testing.assert_array_equal(alone["world_up"], tilted.world_up)  # nothing to agree with


@pytest.mark.parametrize(
    "lens",
    [
        Lens((-0.02, 0.01, -0.003, 0.001), fisheye=True),
        Lens((-0.3, 0.2, 0.001, -0.0005, 0.02, 0.1, -0.05, 0.01)),
    ],
)
def test_a_lens_the_format_cannot_hold_is_undone_in_that_camera_alone(lens):
    rig = tiny_rig()
    rig = dataclasses.replace(rig, lenses=(rig.lenses[0], lens, *rig.lenses[2:]))
    pose = motion(FRAMES)
    K, R, t = rig.K[1], rig.R[1], -rig.R[1] @ rig.center[1]
    flat, rvec = pose.reshape(-1, 1, 3), cv2.Rodrigues(R)[0]
    coefficients = np.array(lens.coefficients)
    if lens.fisheye:
        seen = cv2.fisheye.projectPoints(flat, rvec, t, K, coefficients)[0]
    else:
        seen = cv2.projectPoints(flat, rvec, t, K, coefficients)[0]
    pixels = pixels_of(pose, tiny_rig())
    pixels[:, 1] = seen.reshape(FRAMES, 17, 2)
    arrays = assemble([clip(rig=rig, keypoints_2d=pixels.astype(np.float32))])
    assert (arrays["dist"][0, 1] == 0).all() and (arrays["dist"][0, 0] != 0).any()
    assert_consistent(recording.from_arrays(arrays, "x"))


@pytest.mark.parametrize(
    "lens",
    [
        Lens((-0.9, *(0.0,) * 7)),
        Lens((-0.3, 0.0, 0.0, 0.0), fisheye=True),
        Lens((-0.9,) + (0.0,) * 4),
    ],
)
def test_joints_where_a_lens_folds_back_are_counted_whatever_the_lens(lens):
    rig = tiny_rig()
    rig = dataclasses.replace(rig, lenses=(rig.lenses[0], lens, *rig.lenses[2:]))
    pixels = pixels_of(motion(FRAMES), tiny_rig()).astype(np.float32)
    pixels[:3, 1, 5] = (5000.0, 10.0)
    pixels[0, 1, 6] = np.nan
    two = [clip(rig=rig, keypoints_2d=pixels), clip("b", rig=rig, keypoints_2d=pixels)]
    with pytest.warns(UserWarning, match="folds back") as said:
        recording.from_arrays(assemble(two), "x")
    share = 100 * 6 / (2 * (FRAMES * 17 - 1))
    line = f"rig lab, camera cam2: 6 joints ({share:.2g} %) lie where"
    assert [line in str(each.message) for each in said] == [True]


def test_a_skeleton_without_a_root_gets_the_middle_of_its_hips():
    pixels = np.random.default_rng(0).uniform(300, 700, (FRAMES, 4, 17, 2)).astype(np.float32)
    confidence = np.full((FRAMES, 4, 17), 0.9, np.float32)
    left, right = (COCO_17.joint_names.index(f"{side}_hip") for side in ("left", "right"))
    confidence[:, :, left] = 0.4
    pixels[3, 2, right], confidence[3, 2, right] = np.nan, 0
    arrays = assemble([clip(skeleton=COCO_17, keypoints_2d=pixels, confidence=confidence,
                            pose_world=None)])  # fmt: skip
    root = int(arrays["root"])
    assert arrays["joint_names"][root] == "pelvis" and arrays["keypoints_2d"].shape[2] == 18
    middle = (pixels[:, :, left] + pixels[:, :, right]) / 2
    np.testing.assert_allclose(arrays["keypoints_2d"][:, :, root], middle, rtol=1e-6)
    assert arrays["confidence"][3, 2, root] == 0
    np.testing.assert_allclose(arrays["confidence"][0, :, root], 0.4)
    check_arrays("x", arrays)


def test_ground_truth_of_some_clips_is_nan_in_the_others():
    arrays = assemble([clip(), clip("b", pose_world=None)])
    assert np.isfinite(arrays["pose_world"][:FRAMES]).all()
    assert np.isnan(arrays["pose_world"][FRAMES:]).all()
    check_arrays("x", arrays)


def test_ground_truth_in_other_joints_names_them():
    pixels = clip().keypoints_2d
    arrays = assemble([clip(skeleton=COCO_17, keypoints_2d=pixels, pose_skeleton=H36M_17)])
    assert arrays["pose_joint_names"].tolist() == list(H36M_17.joint_names)
    assert arrays["pose_world"].shape == (FRAMES, 17, 3) and len(arrays["joint_names"]) == 18
    check_arrays("x", arrays)


def test_prepared_arrays_taken_apart_and_put_together_are_the_same():
    clips = [clip(), clip("run", rig=tiny_rig(1, name="studio"), subject="bela", pose_world=None)]
    clips[1] = dataclasses.replace(clips[1], assumed="coco_17")
    arrays = assemble(clips)
    assert arrays["assumed_skeleton"] == "coco_17" and "assumed_skeleton" not in assemble(clips[:1])
    again = assemble(clips_of(arrays, ReadOptions()))
    assert arrays.keys() == again.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(again[name], array, err_msg=name)
        assert again[name].dtype == array.dtype, name


def faulty_confidence():
    confidence = clip().confidence.copy()
    confidence[7, 2, 3] = 4.5
    return confidence


@pytest.mark.parametrize(
    ("clips", "words"),
    [
        (lambda: [], ["nothing was read"]),
        (lambda: [clip(), clip("b", fps=50.0)], ["'b'", "50 frames", "25", "--every"]),
        (lambda: [clip(), clip("b", skeleton=COCO_17)], ["'b'", "nose", "pelvis"]),
        (
            lambda: [clip(confidence=faulty_confidence())],
            ["4.5", "frame 7", "camera cam3", "right_ankle", "--confidence-scale"],
        ),
        (
            lambda: [clip(rig=dataclasses.replace(tiny_rig(), image_size=np.zeros((4, 2), int)))],
            ["image size of camera cam1", "--image-size=cam1="],
        ),
        (
            lambda: [clip(pose_skeleton=COCO_17), clip("b")],
            ["'b'", "ground truth has other joints"],
        ),
    ],
)
def test_clips_that_do_not_go_together_are_refused_in_one_line(clips, words):
    with pytest.raises(GeoselfError) as error:
        assemble(clips())
    assert error.value.code == DATA
    for word in words:
        assert word in str(error.value)
