"""Human3.6M in VideoPose3D's files: written by numpy as its scripts write them, read back."""

import numpy as np
import pytest
from seeing import Notices, off_px, seen
from tiny import make_arrays

from geoself_jax.core.errors import DATA, MISSING, USAGE, GeoselfError
from geoself_jax.data.skeletons import COCO_17, H36M_17
from geoself_jax.prepare.clip import ReadOptions
from geoself_jax.prepare.datasets import videopose3d
from geoself_jax.prepare.datasets.human36m_cameras import human36m_rig

H36M_SIDES = [[4, 5, 6, 11, 12, 13], [1, 2, 3, 14, 15, 16]]
COCO_SIDES = [[1, 3, 5, 7, 9, 11, 13, 15], [2, 4, 6, 8, 10, 12, 14, 16]]
KEPT = [0, 1, 2, 3, 6, 7, 8, 12, 13, 14, 15, 17, 18, 19, 25, 26, 27]
FRAMES = 40
# T' of the published files may be a few frames longer than T.
LONGER = (0, 1, 3, 0)


@pytest.fixture(scope="module")
def motion():
    return make_arrays(seed=4)["pose_world"].astype(np.float64)


def detections(subject, pose, longer=LONGER):
    pixels = seen(human36m_rig(subject), pose)
    views = [pixels[:, i].astype(np.float32) for i in range(4)]
    return [np.concatenate([v, v[:n] + 500]) for v, n in zip(views, longer, strict=True)]


def of_32(pose):
    full = np.random.default_rng(0).normal(0, 1, (len(pose), 32, 3))
    full[:, KEPT] = pose
    return full.astype(np.float32)


def write_2d(folder, positions, sides=H36M_SIDES, name="data_2d_h36m_cpn_ft_h36m_dbb.npz", **more):
    metadata = {"num_joints": 17, "keypoints_symmetry": sides} | more
    np.savez_compressed(folder / name, positions_2d=positions, metadata=metadata)
    return folder / name


def write_3d(folder, positions):
    np.savez_compressed(folder / "data_3d_h36m.npz", positions_3d=positions)
    return folder / "data_3d_h36m.npz"


@pytest.fixture(scope="module")
def files(tmp_path_factory, motion):
    """Two subjects with ground truth, and S2 without, as in the published files."""
    takes = {
        "S1": {"Walking 1": motion[:40], "TakingPhoto": motion[40:80]},
        "S9": {"Greeting": motion[80:120], "WalkingDog 1": motion[120:160]},
    }
    positions_2d = {s: {a: detections(s, p) for a, p in of.items()} for s, of in takes.items()}
    positions_2d["S2"] = {"Eating": detections("S2", motion[160:200])}
    positions_3d = {s: {a: of_32(p) for a, p in of.items()} for s, of in takes.items()}
    folder, layout = tmp_path_factory.mktemp("videopose3d"), {"layout_name": "h36m"}
    return write_2d(folder, positions_2d, **layout), write_3d(folder, positions_3d)


@pytest.fixture(scope="module")
def as_read(files):
    """All clips of `files`, given in the wrong order, and the notices."""
    return clips_of(files[::-1])


def clips_of(paths, **options):
    notices = Notices()
    reading = videopose3d.read(paths, ReadOptions(notice=notices, **options))
    clips = {clip.name: clip for clip in reading.clips}
    assert reading.total == len(clips)
    return clips, notices


def refused(paths, **options):
    with pytest.raises(GeoselfError) as error:
        clips_of(paths, **options)
    return error.value


def test_pixels_and_world_joints_come_back_in_whatever_order_the_files_are_given(as_read, motion):
    clips, _ = as_read
    clip = clips["S1/Walking 1"]
    assert clip.rig.camera_names == ("54138969", "55011271", "58860488", "60457274")
    expected = seen(human36m_rig("S1"), motion[:40])
    np.testing.assert_allclose(clip.keypoints_2d, expected, atol=0.01)
    np.testing.assert_allclose(clip.pose_world, motion[:40], atol=1e-4)
    assert clip.keypoints_2d.dtype == clip.pose_world.dtype == np.float32


def test_ground_truth_projects_onto_the_detections_of_every_camera(as_read):
    clips, _ = as_read
    assert max(off_px(c) for c in clips.values() if c.pose_world is not None) < 0.01


def test_the_first_array_is_of_the_camera_that_stands_where_the_calibration_says(as_read):
    clips, _ = as_read
    # 54138969 of S1: VideoPose3D, common/h36m_dataset.py, translation in mm.
    np.testing.assert_allclose(
        clips["S1/Walking 1"].rig.center[0], [1.84110706, 4.95528466, 1.56344543], atol=1e-3
    )


def test_leaving_the_lens_out_would_show(as_read):
    clip = as_read[0]["S1/Walking 1"]
    center = np.linalg.norm(clip.keypoints_2d - clip.rig.K[:, None, :2, 2], axis=-1)
    assert center.max() > 229
    x = np.einsum(
        "vij,fvkj->fvki", clip.rig.R, clip.pose_world[:, None] - clip.rig.center[:, None, :]
    )
    x = np.einsum("vij,fvkj->fvki", clip.rig.K, x)
    assert np.linalg.norm(x[..., :2] / x[..., 2:] - clip.keypoints_2d, axis=-1).max() > 1


def test_actions_are_spelled_as_in_the_tables_and_takes_keep_their_numbers(as_read):
    clips, _ = as_read
    assert {name: clip.action for name, clip in clips.items()} == {
        "S1/Walking 1": "Walking",
        "S1/Photo": "Photo",
        "S9/Greeting": "Greeting",
        "S9/WalkDog 1": "WalkDog",
        "S2/Eating": "Eating",
    }


def test_detections_that_go_on_after_the_ground_truth_are_cut_off(as_read):
    clips, _ = as_read
    assert {len(clip.frame_id) for clip in clips.values()} == {FRAMES}
    assert clips["S1/Walking 1"].keypoints_2d.shape == (FRAMES, 4, 17, 2)


def test_subjects_without_ground_truth_are_read_for_training(files, as_read):
    clips, _ = as_read
    assert clips["S2/Eating"].pose_world is None
    alone, _ = clips_of(files[:1])
    assert list(alone) == list(clips)
    assert all(clip.pose_world is None for clip in alone.values())


def test_confidence_is_one_and_a_notice_says_that_the_files_have_none(as_read):
    clips, notices = as_read
    assert all((clip.confidence == 1).all() for clip in clips.values())
    assert notices.about("no confidences")


def test_a_third_column_is_taken_as_confidence(tmp_path, motion):
    views = [np.dstack([v, np.full(v.shape[:2], 0.25)]) for v in detections("S1", motion[:9])]
    clips, notices = clips_of([write_2d(tmp_path, {"S1": {"Eating": views}})])
    np.testing.assert_array_equal(clips["S1/Eating"].confidence, 0.25)
    assert not notices.about("no confidences")


def test_a_view_that_is_none_is_missing(tmp_path, motion):
    views = detections("S5", motion[:30])
    views[2] = None
    clips, notices = clips_of([write_2d(tmp_path, {"S5": {"Eating": views}})])
    clip = clips["S5/Eating"]
    assert np.isnan(clip.keypoints_2d[:, 2]).all() and (clip.confidence[:, 2] == 0).all()
    assert (clip.confidence[:, [0, 1, 3]] == 1).all()
    assert notices.about("S5/Eating: no detections of camera 58860488")


def test_a_joint_that_is_nan_is_missing(tmp_path, motion):
    views = detections("S5", motion[:30])
    views[1][3, 4, 0] = np.nan
    clip = clips_of([write_2d(tmp_path, {"S5": {"Eating": views}})])[0]["S5/Eating"]
    assert np.isnan(clip.keypoints_2d[3, 1, 4]).all() and clip.confidence[3, 1, 4] == 0
    assert clip.confidence.sum() == clip.confidence.size - 1


@pytest.mark.parametrize("complete", [True, False])
def test_directions_of_s11_is_left_out_only_where_a_view_is_missing(tmp_path, motion, complete):
    views = detections("S11", motion[:30])
    takes = {"Directions": views if complete else [None, *views[1:]], "Directions 1": views}
    clips, notices = clips_of(
        [
            write_2d(tmp_path, {"S11": takes}),
            write_3d(tmp_path, {"S11": {"Directions 1": of_32(motion[:30])}}),
        ]
    )
    assert ("S11/Directions" in clips) == complete
    assert bool(notices.about("S11/Directions is left out")) != complete
    assert clips["S11/Directions 1"].pose_world is not None


def test_takes_whose_views_are_of_very_different_lengths_are_left_out_with_a_notice(
    tmp_path, motion
):
    longer = detections("S3", motion[:100], (0, 0, 60, 0))
    fine = detections("S3", motion[:50])
    clips, notices = clips_of([write_2d(tmp_path, {"S3": {"Eating": longer, "Eating 1": fine}})])
    assert list(clips) == ["S3/Eating 1"]
    assert notices.about("S3/Eating is left out: its views have 100 to 160 frames")


def test_shifted_ground_truth_of_s9_is_noticed(as_read):
    assert as_read[1].about("S9/Greeting: its ground truth is shifted")
    assert not as_read[1].about("S9/WalkDog")


def test_coco_detections_keep_their_joints_with_the_ground_truth_of_human36m(tmp_path, motion):
    views = detections("S1", motion[:20])
    paths = [
        write_2d(tmp_path, {"S1": {"Eating": views}}, COCO_SIDES, layout_name="coco"),
        write_3d(tmp_path, {"S1": {"Eating": of_32(motion[:20])}}),
    ]
    clip = clips_of(paths)[0]["S1/Eating"]
    assert (clip.skeleton, clip.pose_skeleton) == (COCO_17, H36M_17)


def test_the_gt_file_without_a_layout_name_is_known_by_its_left_and_right_joints(tmp_path, motion):
    views = detections("S1", motion[:20])
    path = write_2d(tmp_path, {"S1": {"Eating": views}}, name="data_2d_h36m_gt.npz")
    clip = clips_of([path])[0]["S1/Eating"]
    assert clip.skeleton is H36M_17 and clip.pose_skeleton is None


def test_cameras_subjects_actions_and_every_nth_frame_are_chosen(files, motion):
    clips, _ = clips_of(
        files,
        cameras=("60457274", "54138969"),
        subjects=("S1",),
        actions=("Walking",),
        every=5,
    )
    clip = clips["S1/Walking 1"]
    assert list(clips) == ["S1/Walking 1"]
    assert clip.rig.camera_names == ("60457274", "54138969")
    assert clip.fps == 10 and clip.frame_id.tolist() == list(range(8))
    np.testing.assert_allclose(clip.pose_world, motion[:40:5], atol=1e-4)
    assert off_px(clip) < 0.01


def test_ground_truth_can_be_left_out(files):
    clips, _ = clips_of(files, truth="none")
    assert all(clip.pose_world is None for clip in clips.values())


def test_the_frame_rate_is_fifty(as_read):
    assert {clip.fps for clip in as_read[0].values()} == {50.0}


def test_detections_shorter_than_the_ground_truth_are_refused(tmp_path, motion):
    views = detections("S6", motion[:30])
    views[3] = views[3][:29]
    paths = [
        write_2d(tmp_path, {"S6": {"Sitting 2": views}}),
        write_3d(tmp_path, {"S6": {"Sitting 2": of_32(motion[:30])}}),
    ]
    error = refused(paths)
    for words in ("subject S6", "'Sitting 2'", "camera 60457274", "29 frames", "30"):
        assert words in str(error)
    assert error.code == DATA


def test_ground_truth_in_millimetres_is_refused(tmp_path, motion):
    paths = [
        write_2d(tmp_path, {"S6": {"Sitting": detections("S6", motion[:5])}}),
        write_3d(tmp_path, {"S6": {"Sitting": of_32(motion[:5] * 1000)}}),
    ]
    assert "wanted metres" in str(refused(paths))


def test_a_video_of_ones_own_is_refused_as_one_view(tmp_path, motion):
    path = write_2d(
        tmp_path,
        {"dance.mp4": {"custom": [detections("S1", motion[:5])[0]]}},
        COCO_SIDES,
        "data_2d_custom_mine.npz",
        layout_name="coco",
        video_metadata={"dance.mp4": {"w": 1920, "h": 1080}},
    )
    error = refused([path])
    assert "one camera" in str(error) and "dance.mp4" in str(error) and error.code == DATA


@pytest.mark.parametrize(
    ("views", "words"),
    [
        ([np.zeros((5, 17, 2), np.float32)] * 3, "3 views"),
        ([np.zeros((5, 16, 2), np.float32)] * 4, "camera 54138969: an array of shape (5, 16, 2)"),
        ([np.array([["a"]])] * 4, "camera 54138969: an array of <U1"),
        ("many", "0 views"),
    ],
)
def test_a_take_of_another_shape_is_refused_by_its_place(tmp_path, views, words):
    error = refused([write_2d(tmp_path, {"S1": {"Eating": views}})])
    assert words in str(error) and "subject S1, action 'Eating'" in str(error)


@pytest.mark.parametrize(
    "content",
    [
        {"positions_2d": np.zeros(3)},
        {"positions_2d": np.array({"S1": 3}, object), "metadata": np.array({}, object)},
        {"something": np.zeros(3)},
        {},
    ],
)
def test_another_npz_is_refused_in_one_line(tmp_path, content):
    np.savez(tmp_path / "data_2d_h36m_x.npz", **content)
    error = refused([tmp_path / "data_2d_h36m_x.npz"])
    assert error.code == DATA and "data_2d_h36m_x.npz" in str(error)


@pytest.mark.parametrize("sides", [[[1], [2]], [[4, 5, 6]], None, "left", COCO_SIDES[::-1]])
def test_an_unknown_layout_is_refused(tmp_path, motion, sides):
    path = write_2d(tmp_path, {"S1": {"Eating": detections("S1", motion[:5])}}, sides)
    assert "known layouts are coco and h36m" in str(refused([path]))


def test_a_layout_that_contradicts_its_left_and_right_joints_is_refused(tmp_path, motion):
    views = {"S1": {"Eating": detections("S1", motion[:5])}}
    assert "layout 'coco'" in str(refused([write_2d(tmp_path, views, layout_name="coco")]))


def test_ground_truth_alone_is_refused(files):
    assert refused(files[1:]).code == MISSING


def test_two_files_of_detections_are_refused(files, tmp_path):
    other = write_2d(tmp_path, {}, name="data_2d_h36m_gt.npz")
    assert refused([*files, other]).code == USAGE


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"subjects": ("S99",)}, "--subjects: 'S99'"),
        ({"actions": ("Walkin",)}, "did you mean 'Walking'?"),
        ({"cameras": ("54138968",)}, "did you mean '54138969'?"),
        ({"truth": "annot3"}, "--truth=annot3"),
    ],
)
def test_asking_for_what_is_not_there_is_refused_with_the_nearest(files, asked, words):
    error = refused(files[:1], **asked)
    assert words in str(error) and error.code == USAGE


def test_the_files_are_recognized_by_what_is_in_them(files, tmp_path):
    assert videopose3d.recognize(files[0]) == "an .npz with positions_2d"
    assert videopose3d.recognize(files[1]) == "an .npz with positions_3d"
    np.savez(tmp_path / "data_2d_h36m_x.npz", keypoints_2d=np.zeros(3))
    (tmp_path / "data_3d_h36m.npz").write_bytes(b"PK damaged")
    for other in ("data_2d_h36m_x.npz", "data_3d_h36m.npz", "no such file.npz", ""):
        assert videopose3d.recognize(tmp_path / other) is None


def test_a_missing_file_is_named(tmp_path):
    error = refused([tmp_path / "data_2d_h36m_cpn.npz"])
    assert "data_2d_h36m_cpn.npz" in str(error) and error.code == MISSING
