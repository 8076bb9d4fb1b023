"""AIST++: files written by pickle and json in its layout come back as the world they show."""

import json
import pickle

import numpy as np
import pytest
from calibration_files import Y_UP, known_rig, write_aist
from seeing import Notices, off_px, seen
from tiny import make_arrays

from geoself_jax.core.errors import DATA, MISSING, USAGE, GeoselfError
from geoself_jax.data.skeletons import COCO_17
from geoself_jax.prepare.assemble import assemble
from geoself_jax.prepare.calibrations import aist as calibration
from geoself_jax.prepare.clip import ReadOptions
from geoself_jax.prepare.datasets import aist
from geoself_jax.prepare.datasets.prepared import check_arrays

UNSYNCED, SMALL = "gBR_sBM_cAll_d04_mBR0_ch01", "gJB_sBM_cAll_d07_mJB3_ch05"
PLAIN = "gLO_sFM_cAll_d13_mLO2_ch09"
FRAMES = 30
STARTS = {UNSYNCED: 0, SMALL: 40, PLAIN: 80}
# H36M's joints that stand where COCO's are near; the face is somewhere about the head.
FROM_17 = [10, 10, 10, 10, 10, 11, 14, 12, 15, 13, 16, 4, 1, 5, 2, 6, 3]


def dance(start):
    """(30, 17, 3) metres, y up, of somebody with COCO's joints."""
    pose = make_arrays(seed=2)["pose_world"].astype(np.float64)[start : start + FRAMES]
    face = np.zeros((17, 3))
    face[:5] = np.random.default_rng(1).normal(0, 0.05, (5, 3))
    return (pose[:, FROM_17] + face) @ Y_UP.T


def nine_cameras(folder, name="setting1"):
    """The four known cameras and five of them once more, moved: names c01 to c09, y up, cm."""
    four = known_rig()
    nine = [i % 4 for i in range(9)]
    moved = np.where(np.arange(9) < 4, 0, 0.4)[:, None] * np.array([1, -1, 0.5])
    rig = known_rig(tuple(f"c{i + 1:02d}" for i in range(4)))
    rig.names = [f"c{i + 1:02d}" for i in range(9)]
    rig.K, rig.dist, rig.R = four.K[nine], four.dist[nine], four.R[nine]
    rig.center = four.center[nine] + moved
    write_aist(rig.turned(Y_UP), folder / "cameras" / f"{name}.json")


def detections(folder, pose, **changes):
    rig = calibration.read(folder / "cameras" / "setting1.json")
    pixels = seen(rig, pose).swapaxes(0, 1)
    score = np.full((*pixels.shape[:-1], 1), 0.8)
    times = (np.arange(len(pose)) * 1e6 / 60).astype(int)
    content = {
        "keypoints2d": np.concatenate([pixels, score], -1).astype(np.float32),
        "det_scores": np.ones(pixels.shape[:2], np.float32),
        "timestamps": times,
    }
    return content | changes


def write(path, content):
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_bytes(pickle.dumps(content, protocol=pickle.HIGHEST_PROTOCOL))


def make(folder, names):
    """Sequences of one setting; PLAIN has no ground truth."""
    (folder / "cameras").mkdir()
    nine_cameras(folder)
    lines = [f"{name} setting1" for name in names]
    (folder / "cameras" / "mapping.txt").write_text("\n".join(lines) + "\n")
    for name in names:
        pose = dance(STARTS[name])
        write(folder / "keypoints2d" / f"{name}.pkl", detections(folder, pose))
        truth = {"keypoints3d": pose * 100 + 1, "keypoints3d_optim": pose * 100}
        if name != PLAIN:
            write(folder / "keypoints3d" / f"{name}.pkl", truth)
    return folder


@pytest.fixture(scope="module")
def all_three(tmp_path_factory):
    """A folder of three sequences that no test changes."""
    return make(tmp_path_factory.mktemp("aist"), (UNSYNCED, SMALL, PLAIN))


@pytest.fixture(scope="module")
def clips_and_notices(all_three):
    return read(all_three)


@pytest.fixture
def root(tmp_path):
    """A folder of one sequence without ground truth, to be changed."""
    return make(tmp_path, (PLAIN,))


def read(root, **options):
    notices = Notices()
    reading = aist.read([root], ReadOptions(notice=notices, **options))
    clips = {clip.name: clip for clip in reading.clips}
    assert reading.total == len(clips)
    return clips, notices


def refusal(root, code=DATA, **options):
    with pytest.raises(GeoselfError) as error:
        read(root, **options)
    assert error.value.code == code
    return str(error.value)


def test_the_ground_truth_projects_onto_the_detections_and_is_where_it_was(clips_and_notices):
    clips, _ = clips_and_notices
    for start, name in ((0, UNSYNCED), (40, SMALL)):
        clip = clips[name]
        assert off_px(clip) < 0.01
        assert np.abs(clip.pose_world - dance(start)).max() < 1e-4
        assert clip.keypoints_2d.shape == (FRAMES, 9, 17, 2) and clip.fps == 60
        np.testing.assert_array_equal(clip.rig.world_up, [0, 1, 0])
        assert clip.skeleton == COCO_17 and clip.rig.camera_names[8] == "c09"
    # Somebody who stands in that world is upright in it.
    assert (dance(0)[:, 0, 1] > dance(0)[:, 15, 1] + 1).all()


def test_genre_and_dancer_are_spelled_out_and_can_be_chosen(all_three, clips_and_notices):
    clips, _ = clips_and_notices
    assert {(clip.action, clip.subject) for clip in clips.values()} == {
        ("break", "d04"), ("ballet jazz", "d07"), ("lock", "d13"),
    }  # fmt: skip
    assert list(read(all_three, subjects=("d07",))[0]) == [SMALL]
    assert list(read(all_three, actions=("lock",))[0]) == [PLAIN]
    assert "'ballet jazz'" in refusal(all_three, USAGE, actions=("balletjazz",))


@pytest.mark.parametrize(("name", "view"), [(UNSYNCED, 4), (SMALL, 6)])
def test_the_broken_view_is_left_out_with_a_notice(clips_and_notices, name, view):
    clips, notices = clips_and_notices
    others = [v for v in range(9) if v != view]
    assert np.isnan(clips[name].keypoints_2d[:, view]).all()
    assert (clips[name].confidence[:, view] == 0).all()
    assert (clips[name].confidence[:, others] == np.float32(0.8)).all()
    assert notices.about(f"{name}: camera c0{view + 1}")


def test_a_sequence_without_ground_truth_is_reported_and_the_others_keep_theirs(clips_and_notices):
    clips, notices = clips_and_notices
    assert clips[PLAIN].pose_world is None and clips[SMALL].pose_world is not None
    assert notices.about("1 of 3 sequences have none")


def test_the_other_kind_of_ground_truth_or_none_can_be_asked_for(all_three):
    clips, _ = read(all_three, truth="keypoints3d", subjects=("d07",))
    np.testing.assert_allclose(clips[SMALL].pose_world, dance(40) + 0.01, atol=1e-5)
    clips, notices = read(all_three, truth="none", subjects=("d07",))
    assert clips[SMALL].pose_world is None and not notices.about("ground truth")
    assert "'keypoints3d_optim'" in refusal(all_three, USAGE, truth="smpl")


def test_the_ignore_list_is_respected(root):
    (root / "keypoints2d" / f"{SMALL}.pkl").touch()
    (root / "ignore_list.txt").write_text(f"{SMALL}\n")
    clips, notices = read(root)
    assert list(clips) == [PLAIN]
    assert notices.about("left out 1 sequences")


def test_missing_joints_are_nan_with_confidence_0(root):
    content = detections(root, dance(80))
    content["keypoints2d"][3, 5, 9] = np.nan
    content["keypoints2d"][2, 6] = np.nan
    content["keypoints2d"][:, 7] = np.nan  # nobody sees anything: no such instant
    write(root / "keypoints2d" / f"{PLAIN}.pkl", content)
    clip = read(root)[0][PLAIN]
    assert np.isnan(clip.keypoints_2d[5, 3, 9]).all() and clip.confidence[5, 3, 9] == 0
    assert np.isnan(clip.keypoints_2d[6, 2]).all() and (clip.confidence[6, 2] == 0).all()
    assert clip.frame_id.tolist() == [*range(7), *range(8, FRAMES)]


@pytest.mark.parametrize("unit", [1e6, 1e3, 1, 60])
def test_a_gap_in_the_timestamps_is_a_gap_in_the_frames_whatever_their_unit(root, unit):
    number = np.delete(np.arange(FRAMES + 2), [10, 11])
    times = number / 60 * unit
    times = times.astype(int) if unit > 1 else times
    write(root / "keypoints2d" / f"{PLAIN}.pkl", detections(root, dance(80), timestamps=times))
    assert read(root)[0][PLAIN].frame_id.tolist() == number.tolist()


def test_every_nth_instant_is_taken(root):
    clip = read(root, every=7)[0][PLAIN]
    assert clip.frame_id.tolist() == [0, 1, 2, 3, 4] and clip.fps == 60 / 7
    whole = read(root)[0][PLAIN]
    np.testing.assert_array_equal(clip.keypoints_2d, whole.keypoints_2d[::7])


def test_cameras_can_be_chosen_in_an_order(all_three):
    clip = read(all_three, cameras=("c09", "c02"), subjects=("d07",))[0][SMALL]
    assert clip.rig.camera_names == ("c09", "c02") and off_px(clip) < 0.01
    assert "c02" in refusal(all_three, USAGE, cameras=("c2",))


def test_the_folder_and_one_around_it_are_recognized(root, tmp_path_factory):
    assert aist.recognize(root)
    above = tmp_path_factory.mktemp("above")
    (above / "aist_plusplus_final").symlink_to(root)
    assert aist.recognize(above) and list(read(above)[0]) == [PLAIN]
    assert aist.recognize(root / "cameras") is None
    assert aist.recognize(root / "cameras" / "mapping.txt") is None


def test_the_clips_make_a_prepared_file(clips_and_notices):
    clips, _ = clips_and_notices
    arrays = assemble(clips.values())
    check_arrays("aist", arrays)
    assert arrays["keypoints_2d"].shape == (3 * FRAMES, 9, 18, 2)  # a pelvis is derived


def test_a_score_outside_0_to_1_is_refused_with_its_place(root):
    content = detections(root, dance(80))
    content["keypoints2d"][2, 11, 9, 2] = 5.5
    write(root / "keypoints2d" / f"{PLAIN}.pkl", content)
    line = refusal(root)
    for word in (f"{PLAIN}.pkl", "score 5.5", "frame 11", "camera c03", "left_wrist", "[0, 1]"):
        assert word in line


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"keypoints2d": None}, ("keypoints2d: nothing", "(9, any, 17, 3)")),
        ({"keypoints2d": np.zeros((8, 5, 17, 3))}, ("shape (8, 5, 17, 3)",)),
        ({"timestamps": np.zeros(FRAMES)}, ("timestamp 0 of frame 1",)),
        ({"timestamps": np.arange(FRAMES) * 33.3}, ("33.3 apart", "60 a second")),
        ({"timestamps": np.arange(FRAMES + 1)}, ("timestamps", f"({FRAMES + 1},)")),
    ],
)
def test_arrays_of_another_layout_are_refused(root, changes, words):
    write(root / "keypoints2d" / f"{PLAIN}.pkl", detections(root, dance(80), **changes))
    line = refusal(root)
    for word in (f"{PLAIN}.pkl", *words):
        assert word in line


def test_a_pickle_that_holds_no_mapping_is_refused(root):
    write(root / "keypoints2d" / f"{PLAIN}.pkl", [1, 2])
    assert "a list" in refusal(root)


def test_ground_truth_of_another_length_is_refused(root):
    pose = {"keypoints3d_optim": np.zeros((FRAMES + 2, 17, 3))}
    write(root / "keypoints3d" / f"{PLAIN}.pkl", pose)
    line = refusal(root)
    for word in (f"{PLAIN}.pkl", "32 frames", "30", "--truth=none"):
        assert word in line


def test_a_sequence_without_a_camera_setting_is_refused(root):
    (root / "cameras" / "mapping.txt").write_text(f"{SMALL} setting1\n{UNSYNCED} setting1\n")
    line = refusal(root)
    assert PLAIN in line and "mapping.txt" in line
    (root / "cameras" / "mapping.txt").write_text(f"{SMALL} setting1 too much\n")
    assert "mapping.txt, line 1" in refusal(root)
    (root / "cameras" / "mapping.txt").write_text(f"{PLAIN} setting2\n")
    assert "setting2.json" in refusal(root, MISSING)


def test_cameras_in_another_order_are_refused(root):
    path = root / "cameras" / "setting1.json"
    path.write_text(json.dumps(json.loads(path.read_text())[::-1]))
    assert "c09, c08" in refusal(root)


def test_a_folder_of_something_else_is_refused(tmp_path):
    assert "mapping.txt" in refusal(tmp_path, MISSING)
