"""MPI-INF-3DHP: written by SciPy and h5py in its layout from known joints, read back."""

import h5py
import numpy as np
import pytest
import scipy.io
from seeing import Notices, off_px

from geoself_jax.core.errors import DATA, MISSING, USAGE, GeoselfError
from geoself_jax.data.skeletons import MPI_INF_3DHP_17, MPI_INF_3DHP_28
from geoself_jax.prepare.clip import ReadOptions
from geoself_jax.prepare.datasets import mpi_inf_3dhp

FRAMES = 30
CAMERAS = 14
TS_K = np.array([[1499.2, 0, 1024.5], [0, 1500.9, 1042.8], [0, 0, 1]])


def cameras():
    """K, R, T (mm, x_cam = R x + T) of 14 cameras around a stage whose y points up."""
    rng = np.random.default_rng(1)
    azimuth = np.arange(CAMERAS) * 2 * np.pi / CAMERAS
    height = rng.uniform(800, 2500, CAMERAS)
    center = np.stack([4000 * np.sin(azimuth), height, 4000 * np.cos(azimuth)], -1)
    forward = np.array([0, 1000, 0]) - center
    forward /= np.linalg.norm(forward, axis=-1, keepdims=True)
    right = np.cross(forward, [0, 1, 0])
    right /= np.linalg.norm(right, axis=-1, keepdims=True)
    R = np.stack([right, np.cross(forward, right), forward], -2)
    K = np.tile(np.eye(3), (CAMERAS, 1, 1))
    K[:, 0, 0], K[:, 1, 1] = rng.uniform(1490, 1510, (2, CAMERAS))
    K[:, :2, 2] = 1024 + rng.uniform(-30, 30, (CAMERAS, 2))
    return K, R, -np.einsum("vij,vj->vi", R, center)


def walk(frames=FRAMES, joints=28, seed=0):
    """Joints (frames, joints, 3) in mm that wander about the middle of the stage."""
    rng = np.random.default_rng(seed)
    start = rng.uniform((-400, 100, -400), (400, 1800, 400), (joints, 3))
    return start + np.cumsum(rng.normal(0, 8, (frames, joints, 3)), 0)


def calibration(K, R, T):
    lines = ["Skeletool Camera Calibration File V1.0"]
    for i in range(len(K)):
        intrinsic, extrinsic = np.eye(4), np.eye(4)
        intrinsic[:3, :3], extrinsic[:3, :3], extrinsic[:3, 3] = K[i], R[i], T[i]
        lines += [
            f"name          {i}",
            "  sensor      10 10",
            "  size        2048 2048",
            "  animated    0",
            f"  intrinsic   {' '.join(f'{x:.9g}' for x in intrinsic.ravel())} ",
            f"  extrinsic   {' '.join(f'{x:.9g}' for x in extrinsic.ravel())} ",
            "  radial      0",
        ]
    return "\n".join(lines) + "\n"


def cells(arrays):
    column = np.empty((len(arrays), 1), object)
    for i, array in enumerate(arrays):
        column[i, 0] = array.reshape(len(array), -1)
    return column


def annotations(world, K, R, T):
    local = np.einsum("vij,fkj->vfki", R, world) + T[:, None, None]
    pixels = np.einsum("vij,vfkj->vfki", K, local)
    pixels = pixels[..., :2] / pixels[..., 2:]
    pelvis = local[:, :, 4:5]
    return {
        "annot2": cells(pixels),
        "annot3": cells(local),
        "univ_annot3": cells(pelvis + 0.92 * (local - pelvis)),
        "cameras": np.arange(len(K))[None],
        "frames": np.arange(1, len(world) + 1)[:, None],
    }


def write(folder, world=None, change=None, **arrays):
    K, R, T = cameras()
    folder.mkdir(parents=True, exist_ok=True)
    content = annotations(walk() if world is None else world, K, R, T) | arrays
    if change:
        change(content)
    scipy.io.savemat(folder / "annot.mat", content)
    (folder / "camera.calibration").write_text(calibration(K, R, T))
    return folder


def clips_of(path, **options):
    notices = Notices()
    reading = mpi_inf_3dhp.read([path], ReadOptions(notice=notices, **options))
    clips = {clip.name: clip for clip in reading.clips}
    assert reading.total == len(clips)
    return clips, notices


def refused(path, **options):
    with pytest.raises(GeoselfError) as error:
        clips_of(path, **options)
    return error.value


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """S1's first sequence and S3's second, which runs at 50 frames per second."""
    folder = tmp_path_factory.mktemp("3dhp")
    write(folder / "S1" / "Seq1")
    write(folder / "S3" / "Seq2", walk(seed=3))
    return folder


@pytest.fixture(scope="module")
def read_all(root):
    return clips_of(root)


def test_world_joints_come_back_from_the_cameras_millimetres(read_all):
    clip = read_all[0]["S1/Seq1"]
    np.testing.assert_allclose(clip.pose_world, walk() / 1000, atol=1e-4)
    assert clip.skeleton == MPI_INF_3DHP_28 and clip.pose_skeleton is None


def test_ground_truth_projects_onto_annot2_in_every_camera(read_all):
    clips, _ = read_all
    assert max(off_px(clip) for clip in clips.values()) < 0.01


def test_the_five_cameras_at_chest_height_are_the_usual_choice(read_all):
    rig = read_all[0]["S1/Seq1"].rig
    assert rig.camera_names == ("0", "2", "4", "7", "8")
    _, R, T = cameras()
    center = -np.einsum("vji,vj->vi", R, T)[[0, 2, 4, 7, 8]] / 1000
    np.testing.assert_allclose(rig.center, center, atol=1e-4)
    np.testing.assert_array_equal(rig.world_up, [0, 1, 0])


def test_a_notice_says_that_the_pixels_are_no_detections(read_all):
    clips, notices = read_all
    assert notices.about("projected ground truth, not detections")
    assert (clips["S1/Seq1"].confidence == 1).all()


def test_sequences_of_fifty_frames_a_second_are_thinned_out_to_twenty_five(read_all):
    clips, notices = read_all
    assert {clip.fps for clip in clips.values()} == {25.0}
    np.testing.assert_allclose(clips["S3/Seq2"].pose_world, walk(seed=3)[::2] / 1000, atol=1e-4)
    assert clips["S3/Seq2"].frame_id.tolist() == list(range(15))
    assert notices.about("50 frames per second")


def test_annotations_after_the_end_of_the_video_are_cut_off(tmp_path):
    def repeat(content):  # 6081 frames: util/mpii_get_sequence_info.m
        content["annot2"] = cells([np.tile(rows, (210, 1)) for rows in content["annot2"][:2, 0]])
        del content["annot3"], content["univ_annot3"]

    folder = write(tmp_path / "S2" / "Seq2", change=repeat)
    clips, _ = clips_of(folder, cameras=("0", "1"), truth="none")
    assert len(clips["S2/Seq2"].frame_id) == 6081


def test_joints_outside_the_image_are_missing(tmp_path):
    world = walk()
    world[3, 7] = 0, 6000, 0
    clip = clips_of(write(tmp_path / "S1" / "Seq1", world))[0]["S1/Seq1"]
    assert np.isnan(clip.keypoints_2d[3, :, 7]).all() and (clip.confidence[3, :, 7] == 0).all()
    assert clip.confidence.sum() == clip.confidence.size - 5
    assert np.isfinite(clip.pose_world[3, 7]).all()


def test_the_universal_skeleton_is_the_first_cameras_on_request(root):
    clips, notices = clips_of(root, truth="univ_annot3", subjects=("S1",))
    world = walk()
    pelvis = world[:, 4:5]
    expected = (pelvis + 0.92 * (world - pelvis)) / 1000
    np.testing.assert_allclose(clips["S1/Seq1"].pose_world, expected, atol=1e-4)
    assert notices.about("ground truth: univ_annot3")


def test_ground_truth_can_be_left_out(root):
    clips, _ = clips_of(root, truth="none", subjects=("S1",))
    assert all(clip.pose_world is None for clip in clips.values())


def test_subjects_sequences_cameras_and_every_nth_frame_are_chosen(root):
    clips, _ = clips_of(root, subjects=("S3",), actions=("Seq2",), cameras=("5", "1"), every=3)
    clip = clips["S3/Seq2"]
    assert list(clips) == ["S3/Seq2"] and clip.rig.camera_names == ("5", "1")
    np.testing.assert_allclose(clip.pose_world, walk(seed=3)[::6] / 1000, atol=1e-4)
    assert clip.fps == 25 / 3 and clip.frame_id.tolist() == [0, 1, 2, 3, 4]


def test_cells_belong_to_the_cameras_that_the_file_names(tmp_path):
    order = np.random.default_rng(0).permutation(CAMERAS)

    def shuffle(content):
        for key in ("annot2", "annot3", "univ_annot3"):
            content[key] = content[key][order]
        content["cameras"] = order[None]

    clip = clips_of(write(tmp_path / "S1" / "Seq1", change=shuffle))[0]["S1/Seq1"]
    np.testing.assert_allclose(clip.pose_world, walk() / 1000, atol=1e-4)
    assert off_px(clip) < 0.01


@pytest.mark.parametrize("below", ["", "S1", "S1/Seq1", "S1/Seq1/annot.mat"])
def test_any_folder_above_a_sequence_will_do(root, below):
    assert "S1/Seq1" in clips_of(root / below, subjects=("S1",))[0]
    assert "annot.mat" in mpi_inf_3dhp.recognize(root / below)


def test_a_camera_that_contradicts_the_others_is_refused_by_name(tmp_path):
    def shift(content):
        content["annot3"][4, 0][12, 3 * 9 : 3 * 9 + 3] += 30

    error = refused(write(tmp_path / "S1" / "Seq1", change=shift))
    for words in ("annot3 of camera 4", "52.0 mm", "row 12", "left_shoulder", "annot.mat"):
        assert words in str(error)
    assert error.code == DATA


def test_a_calibration_of_another_sequence_is_refused(tmp_path):
    folder = write(tmp_path / "S1" / "Seq1")
    K, R, T = cameras()
    (folder / "camera.calibration").write_text(calibration(K, R, T + 20))
    assert "camera.calibration is of the same sequence" in str(refused(folder))


def test_a_missing_calibration_is_named(tmp_path):
    folder = write(tmp_path / "S1" / "Seq1")
    (folder / "camera.calibration").unlink()
    error = refused(folder)
    assert "camera.calibration: no such file" in str(error) and error.code == MISSING


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"annot2": cells([np.zeros((FRAMES, 17, 2))] * 14)}, "annot2, cell 0"),
        ({"annot2": cells([np.zeros((FRAMES, 28, 2))] * 3)}, "annot2 has 3 cells"),
        ({"annot3": np.zeros(4)}, "annot3 has 0 cells"),
        ({"annot3": cells([np.zeros((FRAMES - 2, 28, 3))] * 14)}, "annot3 of camera 0 has 28 rows"),
        ({"cameras": np.arange(3)[None]}, "no annotations of camera 4"),
    ],
)
def test_annotations_of_another_layout_are_refused_by_their_place(tmp_path, arrays, words):
    error = refused(write(tmp_path / "S1" / "Seq1", **arrays))
    assert words in str(error) and "annot.mat" in str(error) and error.code == DATA


def test_folders_of_other_names_are_refused(tmp_path):
    error = refused(write(tmp_path / "anna" / "Seq1"))
    assert "folders anna/Seq1" in str(error)


def test_an_empty_folder_is_missing_data(tmp_path):
    error = refused(tmp_path)
    assert error.code == MISSING and mpi_inf_3dhp.recognize(tmp_path) is None


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"subjects": ("S2",)}, "--subjects: 'S2'"),
        ({"actions": ("Seq1x",)}, "did you mean 'Seq1'?"),
        ({"cameras": ("14",)}, "--cameras: '14'"),
        ({"truth": "annot"}, "--truth=annot"),
    ],
)
def test_asking_for_what_is_not_there_is_refused(root, asked, words):
    error = refused(root, **asked)
    assert words in str(error) and error.code == USAGE


# The test set.


def write_test(folder, activity=None, change=None):
    local = walk(FRAMES, 17, seed=8) * [1, -1, 1] + [0, 900, 4000]
    pixels = np.einsum("ij,fkj->fki", TS_K, local)
    pelvis = local[:, 14:15]
    valid = np.arange(FRAMES) % 3 != 0
    content = {
        "valid_frame": valid[:, None].astype(np.uint8),
        "annot2": (pixels[..., :2] / pixels[..., 2:])[:, None],
        "annot3": local[:, None],
        "univ_annot3": (pelvis + 0.9 * (local - pelvis))[:, None],
        "activity_annotation": np.full((FRAMES, 1), 1.0) if activity is None else activity,
        "bb_crop": np.zeros((FRAMES, 34)),
    }
    if change:
        change(content)
    folder.mkdir(parents=True)
    with h5py.File(folder / "annot_data.mat", "w", userblock_size=512) as file:
        for name, array in content.items():
            file[name] = array
            file[name].attrs["MATLAB_class"] = np.bytes_("double")
    with (folder / "annot_data.mat").open("r+b") as file:  # MATLAB's v7.3 header
        file.write(b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM")
    return local, valid


def test_valid_frames_of_the_test_set_come_back_in_the_cameras_frame(tmp_path):
    local, valid = write_test(tmp_path / "TS1")
    clip = clips_of(tmp_path)[0]["TS1/Standing/Walking"]
    np.testing.assert_allclose(clip.pose_world, local[valid] / 1000, atol=1e-4)
    assert clip.frame_id.tolist() == np.flatnonzero(valid).tolist()
    assert clip.skeleton == MPI_INF_3DHP_17 and clip.keypoints_2d.shape == (20, 1, 17, 2)
    assert off_px(clip) < 0.01


def test_the_camera_of_the_test_set_is_fitted_to_its_joints(tmp_path):
    write_test(tmp_path / "TS1")
    write_test(tmp_path / "TS5")
    clips, notices = clips_of(tmp_path)
    rig = clips["TS1/Standing/Walking"].rig
    np.testing.assert_allclose(rig.K[0], TS_K, atol=1e-3)
    assert rig.image_size.tolist() == [[2048, 2048]]
    assert clips["TS5/Standing/Walking"].rig.image_size.tolist() == [[1920, 1080]]
    assert notices.about("focal length 1499 x 1501 px, middle (1024, 1043)")
    assert notices.about("frame rate") and notices.about("not for training")


def test_every_nth_frame_of_the_test_set_is_counted_in_the_sequence(tmp_path):
    local, valid = write_test(tmp_path / "TS6")
    clip = clips_of(tmp_path, every=4)[0]["TS6/Standing/Walking"]
    kept = [frame for frame in np.flatnonzero(valid) if frame % 4 == 0]
    assert clip.frame_id.tolist() == [frame // 4 for frame in kept] and clip.fps == 6.25
    np.testing.assert_allclose(clip.pose_world, local[kept] / 1000, atol=1e-4)


def test_each_activity_of_a_test_sequence_is_a_clip(tmp_path):
    activity = np.repeat([3.0, 7.0, 3.0], [10, 10, 10])[:, None]
    _, valid = write_test(tmp_path / "mpi_inf_3dhp_test_set" / "TS2", activity)
    clips, _ = clips_of(tmp_path)
    assert {name: clip.action for name, clip in clips.items()} == {
        "TS2/Sitting": "Sitting",
        "TS2/Miscellaneous": "Miscellaneous",
    }
    sitting = [f for f in np.flatnonzero(valid) if f < 10 or f >= 20]
    assert clips["TS2/Sitting"].frame_id.tolist() == sitting


def test_the_universal_skeleton_of_the_test_set_is_read_on_request(tmp_path):
    local, valid = write_test(tmp_path / "TS3")
    clip = clips_of(tmp_path, truth="univ_annot3")[0]["TS3/Standing/Walking"]
    expected = (local[:, 14:15] + 0.9 * (local - local[:, 14:15]))[valid] / 1000
    np.testing.assert_allclose(clip.pose_world, expected, atol=1e-4)


def test_joints_that_do_not_belong_to_the_pixels_are_refused(tmp_path):
    def scramble(content):
        content["annot3"] = content["annot3"][:, :, ::-1]

    write_test(tmp_path / "TS4", change=scramble)
    error = refused(tmp_path)
    assert "TS4" in str(error) and "from annot2" in str(error) and error.code == DATA


def test_an_activity_without_a_name_is_refused(tmp_path):
    activity = np.ones((FRAMES, 1))
    activity[7] = 9
    write_test(tmp_path / "TS1", activity)
    assert "activity_annotation 9 in frame 7" in str(refused(tmp_path))


@pytest.mark.parametrize("name", ["annot2", "annot3", "valid_frame", "activity_annotation"])
def test_a_test_file_of_another_shape_is_refused_by_its_place(tmp_path, name):
    def flatten(content):
        content[name] = content[name].ravel()

    write_test(tmp_path / "TS1", change=flatten)
    assert name in str(refused(tmp_path))


def test_the_test_set_is_left_out_next_to_training_sequences(tmp_path):
    write(tmp_path / "S1" / "Seq1")
    write_test(tmp_path / "TS1")
    clips, notices = clips_of(tmp_path)
    assert list(clips) == ["S1/Seq1"] and notices.about("the test set")
