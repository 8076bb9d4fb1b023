"""Recordings: written and read again, lenses undone, skeletons, missing joints, selections."""

import cv2
import numpy as np
import pytest

from geoself_jax.core.errors import GeoselfError
from geoself_jax.core.skeleton import H36M_17
from geoself_jax.data import recording
from geoself_jax.data.files import npz
from geoself_jax.data.recording import Recording
from geoself_jax.data.skeletons import BODY_25, COCO_17


def read_arrays(arrays, **changes) -> Recording:
    """The recording of some arrays; None takes one away."""
    changed = {k: v for k, v in {**arrays, **changes}.items() if v is not None}
    return recording.from_arrays(changed, "memory")


def with_joints(arrays, kept):
    """The arrays with some joints only, as a chain, renamed."""
    return {
        **{k: v for k, v in arrays.items()},
        "keypoints_2d": arrays["keypoints_2d"][:, :, kept],
        "confidence": arrays["confidence"][:, :, kept],
        "pose_world": arrays["pose_world"][:, kept],
        "joint_names": np.array([f"j{i}" for i in kept]),
        "parents": np.arange(len(kept)) - 1,
        "left_right": np.array([[1, 2]]),
        "root": np.array(0),
    }


def with_views(arrays, kept):
    """The arrays with some cameras only."""
    cameras = ("K", "dist", "R", "center", "image_size", "keypoints_2d", "confidence")
    return {
        **arrays,
        **{name: arrays[name][:, kept] for name in cameras},
        "camera_names": arrays["camera_names"][kept],
    }


def assert_same(a: Recording, b: Recording):
    for name in a.__dataclass_fields__:
        left, right = getattr(a, name), getattr(b, name)
        if name in ("fingerprint", "fingerprints", "dist"):
            continue  # the file's own: what is written has its pixels undistorted
        if name == "camera":
            for x, y in zip(left, right, strict=True):
                np.testing.assert_array_equal(x, y)
        elif isinstance(left, np.ndarray):
            np.testing.assert_array_equal(left, right)
            assert left.dtype == right.dtype, name
        else:
            assert left == right, name


def test_what_is_written_is_read_again_to_the_bit(tiny_recording, tmp_path):
    path = tmp_path / "new folder" / "ä b.npz"
    recording.write(tiny_recording, path)
    assert_same(recording.read(path), tiny_recording)
    assert [p.name for p in path.parent.iterdir()] == [path.name]  # no temporary file is left


def test_a_recording_without_ground_truth_has_none_after_writing(tiny_recording, tmp_path):
    recording.write(tiny_recording.without_ground_truth(), tmp_path / "x.npz")
    assert "pose_world" not in npz.read_arrays(tmp_path / "x.npz")
    assert recording.read(tmp_path / "x.npz").pose_world is None


def test_no_object_array_is_ever_written(tmp_path):
    with pytest.raises(ValueError, match="allow_pickle"):
        npz.write_arrays(tmp_path / "x.npz", {"names": np.array(["a", None], object)})
    assert list(tmp_path.iterdir()) == []


def test_an_overwritten_file_stays_whole_when_writing_fails(tiny_recording, tmp_path):
    path = tmp_path / "x.npz"
    recording.write(tiny_recording, path)
    before = path.read_bytes()
    with pytest.raises(ValueError):
        npz.write_arrays(path, {"a": np.zeros(9), "names": np.array([None], object)})
    assert path.read_bytes() == before


def test_lens_distortion_is_undone_as_opencv_does(tiny_arrays, tiny_recording):
    worst = 0.0
    for rig in range(2):
        frames = tiny_arrays["rig_id"] == rig
        for view in range(4):
            K, dist = tiny_arrays["K"][rig, view], tiny_arrays["dist"][rig, view]
            pixels = tiny_arrays["keypoints_2d"][frames, view].reshape(-1, 2).astype(np.float64)
            seen = np.isfinite(pixels).all(-1)
            criteria = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 100, 1e-9)
            wanted = cv2.undistortImagePoints(pixels[seen][:, None], K, dist, None, criteria)
            found = tiny_recording.keypoints_2d[frames, view].reshape(-1, 2)[seen]
            worst = max(worst, np.abs(found - wanted[:, 0]).max())
            assert np.abs(wanted[:, 0] - pixels[seen]).max() > 1  # there was something to undo
    assert worst < 0.01


def test_without_dist_pixels_are_taken_as_they_are(tiny_arrays):
    for changes in ({"dist": None}, {"dist": np.zeros((2, 4, 5))}):
        there = read_arrays(tiny_arrays, **changes)
        np.testing.assert_array_equal(there.keypoints_2d, tiny_arrays["keypoints_2d"])


def test_missing_joints_are_nan_with_confidence_0(tiny_arrays, tiny_recording):
    missing = np.isnan(tiny_arrays["keypoints_2d"]).any(-1)
    assert missing.any()
    assert np.isnan(tiny_recording.keypoints_2d[missing]).all()
    assert (tiny_recording.confidence[missing] == 0).all()
    half = tiny_arrays["keypoints_2d"].copy()
    half[3, 1, 4, 0], half[3, 1, 5, 1] = np.nan, np.inf
    confidence = tiny_arrays["confidence"].copy()
    confidence[3, 1, 4:6] = 0
    there = read_arrays(tiny_arrays, keypoints_2d=half, confidence=confidence)
    assert np.isnan(there.keypoints_2d[3, 1, 4:6]).all()


def test_confidences_and_pixels_may_have_any_number_type(tiny_arrays, tiny_recording):
    half = read_arrays(tiny_arrays, confidence=tiny_arrays["confidence"].astype(np.float16))
    assert half.confidence.dtype == np.float32
    np.testing.assert_allclose(half.confidence, tiny_recording.confidence, atol=5e-4)
    double = read_arrays(tiny_arrays, keypoints_2d=tiny_arrays["keypoints_2d"].astype(np.float64))
    assert double.keypoints_2d.dtype == np.float32
    certain = (tiny_arrays["confidence"] > 0).astype(np.uint8)
    assert set(np.unique(read_arrays(tiny_arrays, confidence=certain).confidence)) == {0, 1}


def test_the_skeleton_comes_from_the_file_or_from_the_known_table(tiny_arrays):
    none = dict.fromkeys(("parents", "left_right", "root"))
    assert read_arrays(tiny_arrays, **none).skeleton == H36M_17
    spelt = np.array([name.title().replace("_", " ") for name in tiny_arrays["joint_names"]])
    known = read_arrays(tiny_arrays, joint_names=spelt, **none).skeleton
    assert known.parents == H36M_17.parents and known.joint_names == tuple(spelt)
    own = read_arrays(tiny_arrays, root=np.array(8), left_right=np.empty((0, 2), int)).skeleton
    assert own.root == 8 and own.left_right == ()


@pytest.mark.parametrize(("views", "joints"), [([0], 17), ([2, 0], 17), ([0, 1, 2, 3, 1], 5)])
def test_other_numbers_of_views_and_joints_are_read_and_written(
    tiny_arrays, tmp_path, views, joints
):
    arrays = with_views(tiny_arrays, views)
    if joints != 17:
        arrays = with_joints(arrays, [0, 1, 4, 8, 10])
    there = read_arrays(arrays)
    assert there.keypoints_2d.shape == (240, len(views), joints, 2)
    assert there.skeleton.joints == joints and there.views == len(views)
    recording.write(there, tmp_path / "x.npz")
    assert_same(recording.read(tmp_path / "x.npz"), there)


def test_a_selection_takes_frames_everywhere(tiny_recording):
    mask = tiny_recording.subject_id == 1
    by_mask, by_index = tiny_recording.select(mask), tiny_recording.select(np.flatnonzero(mask))
    by_slice = tiny_recording.select(slice(80, 160))
    for chosen in (by_mask, by_index, by_slice):
        assert chosen.frames == 80 and set(chosen.rig_id) == {1}
        assert_same(chosen, by_mask)
    cameras = by_mask.cameras_of(slice(0, 3))
    np.testing.assert_array_equal(cameras.R[2], tiny_recording.camera.R[1])
    np.testing.assert_array_equal(by_mask.pose_world, tiny_recording.pose_world[80:160])


def test_world_up_is_made_a_unit_vector_and_z_by_default(tiny_arrays):
    up = read_arrays(tiny_arrays, world_up=np.array([0, -2, 0])).world_up
    np.testing.assert_array_equal(up, [0, -1, 0])
    np.testing.assert_array_equal(read_arrays(tiny_arrays, world_up=None).world_up, [0, 0, 1])


def in_coco(arrays, **changes):
    """The arrays with detections in COCO's joints, ground truth in Human3.6M's; no parents."""
    names = [str(name) for name in arrays["joint_names"]]
    of = {"nose": "neck", **dict.fromkeys(("left_eye", "right_eye"), "head")}
    of |= dict.fromkeys(("left_ear", "right_ear"), "head")
    kept = [names.index(of.get(joint, joint)) for joint in COCO_17.joint_names]
    skeleton = ("parents", "left_right", "root")
    return {
        **{k: v for k, v in arrays.items() if k not in skeleton},
        "keypoints_2d": arrays["keypoints_2d"][:, :, kept],
        "confidence": arrays["confidence"][:, :, kept],
        "joint_names": np.array(COCO_17.joint_names),
        "pose_joint_names": arrays["joint_names"],
        **changes,
    }


def test_ground_truth_may_have_other_joints_than_the_detections(tiny_arrays, tmp_path):
    there = read_arrays(in_coco(tiny_arrays))
    assert there.skeleton.joints == 18 and there.pose_world.shape == (240, 17, 3)
    assert there.pose_skeleton == H36M_17 and there.truth_skeleton == H36M_17
    recording.write(there, tmp_path / "x.npz")
    assert_same(recording.read(tmp_path / "x.npz"), there)
    few = there.select(slice(10, 20))
    assert few.pose_skeleton == H36M_17 and few.pose_world.shape == (10, 17, 3)
    blind = there.without_ground_truth()
    assert blind.pose_skeleton is None and blind.truth_skeleton == there.skeleton
    recording.write(blind, tmp_path / "y.npz")
    assert "pose_joint_names" not in npz.read_arrays(tmp_path / "y.npz")


def test_ground_truth_named_as_the_detections_is_in_their_joints(tiny_arrays, tiny_recording):
    named = read_arrays(tiny_arrays, pose_joint_names=tiny_arrays["joint_names"])
    assert_same(named, tiny_recording)
    assert named.fingerprint == tiny_recording.fingerprint


def test_joints_without_a_root_get_a_pelvis_midway_between_the_hips(tiny_arrays):
    arrays = in_coco(tiny_arrays, dist=np.zeros((2, 4, 5)))
    arrays["confidence"][0, 0, 11:13] = 0.5, 0.7
    arrays["confidence"][1, 0, 11] = 0
    there = read_arrays(arrays)
    assert there.skeleton.joint_names[there.skeleton.root] == "pelvis"
    hips = arrays["keypoints_2d"][:, :, 11:13]
    seen = there.confidence[:, :, 17] > 0
    np.testing.assert_array_equal(there.keypoints_2d[seen][:, 17], hips.mean(2)[seen])
    assert there.confidence[0, 0, 17] == 0.5 and there.confidence[1, 0, 17] == 0
    assert np.isnan(there.keypoints_2d[1, 0, 17]).all()
    given = {"parents": np.array(COCO_17.parents), "root": np.array(0)}
    own = read_arrays(in_coco(tiny_arrays, left_right=np.array(COCO_17.left_right), **given))
    assert own.skeleton == COCO_17  # a root that the file gives is kept


def test_ground_truth_in_coco_joints_gets_the_pelvis_of_the_detections(tiny_arrays):
    pose = tiny_arrays["pose_world"]
    arrays = in_coco(tiny_arrays)
    kept = [list(H36M_17.joint_names).index(n) for n in COCO_17.joint_names[5:]]
    coco = np.concatenate([pose[:, [9, 10, 10, 10, 10]], pose[:, kept]], 1)
    hips = (pose[:, 1] + pose[:, 4]) / 2
    for changes in ({"pose_joint_names": None}, {"pose_joint_names": arrays["joint_names"]}):
        there = read_arrays({**arrays, "pose_world": coco}, **changes)
        assert there.pose_skeleton is None and there.pose_world.shape == (240, 18, 3)
        np.testing.assert_allclose(there.pose_world[:, 17], hips, atol=1e-6)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"pose_world": None}, "pose_joint_names without pose_world"),
        ({"pose_joint_names": np.array([["pelvis"]])}, r"pose_joint_names has shape \(1, 1\)"),
        ({"pose_joint_names": np.arange(17)}, "pose_joint_names has type int64"),
        ({"pose_joint_names": np.array(BODY_25.joint_names)}, "pose_joint_names has 25 joints"),
        (
            {"pose_joint_names": np.array([f"j{i}" for i in range(17)])},
            "pose_joint_names .*of 17 joints - truth in its own joints must be a known.*halpe_26",
        ),
        ({"pose_world": np.full((240, 17, 3), 9.0) * np.arange(17)[:, None]}, "measures 249"),
    ],
)
def test_ground_truth_of_other_joints_that_cannot_be_is_refused(tiny_arrays, changes, words):
    with pytest.raises(GeoselfError, match=words) as refused:
        read_arrays(in_coco(tiny_arrays), **changes)
    assert refused.value.code == 65


def test_what_shrinks_is_packed_and_what_does_not_is_stored(tmp_path):
    rng = np.random.default_rng(0)
    arrays = {
        "noise": rng.random((1000, 17, 2)),
        "same": np.ones((100_000, 2), np.float32),
        "names": np.array(["anna", "bela"]),
        "empty": np.empty((0, 3)),
        "one": np.array(25.0),
        "columns": np.asfortranarray(rng.random((30, 40))),
    }
    npz.write_arrays(tmp_path / "x.npz", arrays)
    for name, found in npz.read_arrays(tmp_path / "x.npz").items():
        np.testing.assert_array_equal(found, arrays[name])
        assert found.dtype == arrays[name].dtype
    with np.load(tmp_path / "x.npz") as there:  # numpy reads it, too
        np.testing.assert_array_equal(there["noise"], arrays["noise"])
    size = (tmp_path / "x.npz").stat().st_size
    assert size < arrays["noise"].nbytes + 20_000
