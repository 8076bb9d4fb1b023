"""CMU Panoptic: bodies written as JSON in its layout come back, seen by its HD cameras."""

import json
import shutil

import numpy as np
import pytest
from calibration_files import Y_DOWN, known_rig, panoptic_cameras, write_panoptic
from seeing import Notices, seen
from tiny import make_arrays

from geoself_jax.core.errors import DATA, MISSING, USAGE, GeoselfError
from geoself_jax.core.skeleton import H36M_17
from geoself_jax.data.skeletons import PANOPTIC_19
from geoself_jax.prepare.assemble import assemble
from geoself_jax.prepare.calibrations import panoptic as calibration
from geoself_jax.prepare.clip import ReadOptions
from geoself_jax.prepare.datasets import panoptic
from geoself_jax.prepare.datasets.prepared import check_arrays

NAME = "171204_pose1"
# Of H36M's joints, where Panoptic's are near; nose, eyes and ears are put about the head.
FROM_17 = [8, 10, 0, 11, 12, 13, 4, 5, 6, 14, 15, 16, 1, 2, 3, 10, 10, 10, 10]
FRAMES = 40


def body(start=0, frames=FRAMES):
    """(frames, 19, 3) metres, y down."""
    pose = make_arrays(seed=5)["pose_world"].astype(np.float64)[start : start + frames, FROM_17]
    face = np.zeros((19, 3))
    face[[1, 15, 16, 17, 18]] = np.random.default_rng(0).normal(0, 0.04, (5, 3))
    return (pose + face) @ Y_DOWN.T


def write_frame(folder, frame, people):
    """`people`: (19, 4) in centimetres by id."""
    bodies = [{"id": i, "joints19": np.ravel(joints).tolist()} for i, joints in people.items()]
    content = {"version": 0.7, "univTime": 123.4, "fpsType": "hd_29_97", "bodies": bodies}
    (folder / f"body3DScene_{frame:08d}.json").write_text(json.dumps(content))


def in_file(joints):
    return np.concatenate([joints * 100, np.full((*joints.shape[:-1], 1), 0.6)], -1)


@pytest.fixture
def folder(tmp_path):
    """One person for 40 frames from 100 on, another for the last 32 of them."""
    folder = tmp_path / NAME
    poses = folder / "hdPose3d_stage1_coco19" / "hd"
    poses.mkdir(parents=True)
    known = known_rig().turned(Y_DOWN)
    vga = panoptic_cameras(known_rig(("v1", "v2")).turned(Y_DOWN), "vga")
    write_panoptic(known, folder / f"calibration_{NAME}.json", vga)
    one, two = in_file(body()), in_file(body(80))
    for i in range(FRAMES):
        write_frame(poses, 100 + i, {0: one[i]} | ({7: two[i]} if i >= 8 else {}))
    return folder


def poses(folder):
    return folder / "hdPose3d_stage1_coco19" / "hd"


def read(folder, **options):
    notices = Notices()
    clips = list(panoptic.read([folder], ReadOptions(notice=notices, **options)).clips)
    return {clip.name: clip for clip in clips}, notices


def refusal(folder, code=DATA, **options):
    with pytest.raises(GeoselfError) as error:
        read(folder, **options)
    assert error.value.code == code
    return str(error.value)


def test_bodies_are_where_they_were_and_upright_in_the_rigs_world(folder):
    clips, _ = read(folder, truth="joints19")
    clip = clips[f"{NAME}/0#0"]
    assert clip.pose_skeleton == PANOPTIC_19 and clip.skeleton == H36M_17
    assert np.abs(clip.pose_world - body()[clip.frame_id]).max() < 1e-4
    np.testing.assert_array_equal(clip.rig.world_up, [0, -1, 0])
    height = clip.pose_world @ clip.rig.world_up
    assert (height[:, 1] > height[:, [8, 14]].max(1) + 1).all()
    assert clip.action == NAME and clip.subject == f"{NAME}/0" and clip.fps == 29.97


def test_the_17_joints_are_detected_about_where_the_lenses_show_them(folder):
    clip = read(folder)[0][f"{NAME}/0#0"]
    assert len(clip.frame_id) > 30 and clip.keypoints_2d.shape[1:] == (4, 17, 2)
    joints = body()[clip.frame_id]
    same = {0: 2, 3: 14, 6: 8, 8: 0, 9: 1, 11: 3, 13: 5, 16: 11}
    for h36m, own in same.items():
        assert np.abs(clip.pose_world[:, h36m] - joints[:, own]).max() < 1e-4
    eyes = (joints[:, 15] + joints[:, 17]) / 2
    assert np.abs(clip.pose_world[:, 10] - eyes).max() < 1e-4
    error = np.linalg.norm(clip.keypoints_2d - seen(clip.rig, clip.pose_world), axis=-1)
    assert 2 < np.median(error) < 8
    assert ((clip.confidence > 0) & (clip.confidence <= 1)).all()


def test_a_notice_states_that_views_are_simulated(folder):
    _, notices = read(folder)
    assert notices.about("no 2D detections: views are SIMULATED")


def test_each_body_is_a_clip_and_a_long_absence_starts_another(folder):
    clips, _ = read(folder)
    assert list(clips) == [f"{NAME}/0#0", f"{NAME}/7#0"]
    for i, joints in enumerate(in_file(body(160))):
        write_frame(poses(folder), 180 + i, {0: joints})
    clips, _ = read(folder, truth="joints19")
    assert list(clips) == [f"{NAME}/0#0", f"{NAME}/0#1", f"{NAME}/7#0"]
    later = clips[f"{NAME}/0#1"]
    assert np.abs(later.pose_world - body(160)[later.frame_id]).max() < 1e-4


def test_a_short_gap_stays_in_the_clip_as_a_step_of_its_frames(folder):
    for frame in (110, 111, 112):
        (poses(folder) / f"body3DScene_{frame:08d}.json").unlink()
    clip = read(folder)[0][f"{NAME}/0#0"]
    assert not set(clip.frame_id) & {10, 11, 12} and {9, 13} <= set(clip.frame_id)


def test_an_instant_with_a_missing_joint_is_left_out_with_a_notice(folder):
    joints = in_file(body())[5]
    joints[14, 3] = -1  # an ankle
    write_frame(poses(folder), 105, {0: joints})
    clips, notices = read(folder)
    assert 5 not in clips[f"{NAME}/0#0"].frame_id
    assert notices.about("instants left out")


def test_an_ear_that_is_missing_leaves_the_instant_in(folder):
    joints = in_file(body())[5]
    joints[16, 3] = -1
    write_frame(poses(folder), 105, {0: joints})
    clip = read(folder, truth="joints19")[0][f"{NAME}/0#0"]
    at = clip.frame_id.tolist().index(5)
    assert np.isnan(clip.pose_world[at, 16]).all() and np.isfinite(clip.pose_world[at, 15]).all()


def test_cameras_people_and_ground_truth_can_be_chosen(folder):
    clips, _ = read(folder, cameras=("back", "left"), subjects=(f"{NAME}/7",), truth="none")
    (clip,) = clips.values()
    assert clip.rig.camera_names == ("back", "left") and clip.pose_world is None
    assert "did you mean 'back'" in refusal(folder, USAGE, cameras=("bak",))
    assert "'anna'" in refusal(folder, USAGE, subjects=("anna",))
    assert f"did you mean '{NAME}/7'" in refusal(folder, USAGE, subjects=(f"{NAME}/17",))


def test_a_person_of_one_of_two_sequences_is_read_alone(folder, tmp_path):
    other = tmp_path / "171204_pose2"
    shutil.copytree(folder, other)
    (other / f"calibration_{NAME}.json").rename(other / f"calibration_{other.name}.json")
    assert len(read(tmp_path)[0]) == 4
    assert list(read(tmp_path, subjects=(f"{other.name}/7",))[0]) == [f"{other.name}/7#0"]


def test_frames_are_taken_by_number_however_it_is_written_and_once(folder):
    whole = read(folder)[0][f"{NAME}/7#0"]
    for path in poses(folder).iterdir():
        path.rename(path.with_name(f"body3DScene_{int(path.stem[-8:]) - 70}.json"))
    clip = read(folder)[0][f"{NAME}/7#0"]
    np.testing.assert_array_equal(clip.pose_world, whole.pose_world)
    again = poses(folder).parent / "body3DScene_00000039.json"
    again.write_bytes((poses(folder) / "body3DScene_39.json").read_bytes())
    assert "the same frame" in refusal(folder)


def test_every_nth_frame_is_taken(folder):
    whole = read(folder)[0][f"{NAME}/0#0"]
    clip = read(folder, every=3)[0][f"{NAME}/0#0"]
    assert clip.fps == pytest.approx(9.99)
    assert clip.frame_id.tolist() == [f // 3 for f in whole.frame_id if f % 3 == 0]


def test_five_of_many_cameras_are_taken_at_about_equal_angles(folder):
    known = known_rig()
    angle = np.deg2rad(np.arange(31) * 360 / 31)
    known.names = [f"00_{i:02d}" for i in range(31)]
    known.K, known.dist = np.tile(known.K[:1], (31, 1, 1)), np.tile(known.dist[:1], (31, 1))
    known.R = np.tile(known.R[:1], (31, 1, 1))
    known.center = np.column_stack([4 * np.cos(angle), 4 * np.sin(angle), 1.5 + angle / 10])
    path = folder / "calibration_x.json"
    write_panoptic(known.turned(Y_DOWN), path)
    rig = calibration.read(path)
    names = panoptic.spread(rig, 5)
    assert names[0] == "00_00" and len(set(names)) == 5
    places = sorted(int(name[3:]) for name in names)
    assert all(5 <= gap <= 8 for gap in np.diff([*places, places[0] + 31]))


def test_the_same_files_give_the_same_clips_which_make_a_prepared_file(folder):
    one, two = (read(folder)[0] for _ in range(2))
    for name, clip in one.items():
        np.testing.assert_array_equal(clip.keypoints_2d, two[name].keypoints_2d)
    arrays = assemble(one.values())
    check_arrays("panoptic", arrays)
    assert arrays["subject_names"].tolist() == [f"{NAME}/0", f"{NAME}/7"]


def test_the_folder_and_one_of_several_are_recognized(folder, tmp_path):
    assert panoptic.recognize(folder) and panoptic.recognize(tmp_path)
    assert list(read(tmp_path)[0]) == list(read(folder)[0])
    assert panoptic.recognize(poses(folder)) is None
    assert POSES_MISSING in refusal(poses(folder), MISSING)


POSES_MISSING = "no hdPose3d_stage1_coco19, or no calibration_*.json"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[]", "bodies"),
        ('{"bodies": 3}', "bodies"),
        ('{"bodies": [3]}', "bodies[0] has id None"),
        ('{"bodies": [{"id": 0}]}', "joints19 of body 0"),
        ('{"bodies": [{"id": 0, "joints19": [1, 2]}]}', "76 numbers"),
        ('{"bodies": [{"id": 0, "joints19": ["x"]}]}', "76 numbers"),
        ('{"bodies": [', "line 1"),
        ("", "line 1"),
    ],
)
def test_a_file_that_is_none_is_refused_with_its_name(folder, text, words):
    (poses(folder) / "body3DScene_00000117.json").write_text(text)
    line = refusal(folder)
    assert "body3DScene_00000117.json" in line and words in line
