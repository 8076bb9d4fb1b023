"""MotionBERT's pickle of Human3.6M: written by pickle in its layout, read back."""

import pickle

import numpy as np
import pytest
from seeing import Notices, seen
from tiny import make_arrays

from geoself_jax.core.errors import DATA, USAGE, GeoselfError
from geoself_jax.data.skeletons import H36M_17
from geoself_jax.prepare.clip import ReadOptions
from geoself_jax.prepare.datasets import motionbert
from geoself_jax.prepare.datasets.human36m_cameras import human36m_rig

CAMERAS = ("54138969", "55011271", "58860488", "60457274")


@pytest.fixture(scope="module")
def motion():
    return make_arrays(seed=5)["pose_world"].astype(np.float64)


def rows_of(subject, pose, source, cut=(0, 0, 0, 0)):
    """Rows of one take: all of camera 1, then all of camera 2, ..."""
    pixels = seen(human36m_rig(f"S{subject}"), pose)
    rng = np.random.default_rng(subject)
    rows = []
    for i, camera in enumerate(CAMERAS):
        n = len(pose) - cut[i]
        rows.append(
            {
                "joint_2d": pixels[:n, i],
                "confidence": rng.uniform(0.1, 0.9, (n, 17, 1)),
                "joint3d_image": rng.normal(500, 99, (n, 17, 3)),
                "camera_name": np.array([camera] * n),
                "source": [f"{source}_{i + 1:02d}"] * n,
            }
        )
    return rows


def split(*takes):
    rows = [row for take in takes for row in take]
    content = {key: np.concatenate([row[key] for row in rows]) for key in rows[0]}
    content["source"] = content["source"].tolist()  # a list of text in the published file
    return content


def write(folder, **splits):
    path = folder / "h36m_sh_conf_cam_source_final.pkl"
    path.write_bytes(pickle.dumps(splits, protocol=4))
    return path


@pytest.fixture(scope="module")
def content(motion):
    """S1's two takes of Directions in one source; two takes of S9, as the test split has them."""
    both = np.concatenate([motion[:30], motion[40:65] + [1.0, 1.0, 0]])
    test = split(
        rows_of(9, motion[100:120], "s_09_act_05_subact_01_ca"),
        rows_of(9, motion[120:150], "s_09_act_05_subact_02_ca"),
    )
    test["action"] = ["Greeting"] * len(test["source"])
    train = split(rows_of(1, both, "s_01_act_02_cam"), rows_of(5, motion[:9], "s_05_act_16_cam"))
    return {"train": train, "test": test}, both


@pytest.fixture(scope="module")
def as_read(tmp_path_factory, content):
    return clips_of(write(tmp_path_factory.mktemp("motionbert"), **content[0]))


def clips_of(path, **options):
    notices = Notices()
    reading = motionbert.read([path], ReadOptions(notice=notices, **options))
    clips = {clip.name: clip for clip in reading.clips}
    assert reading.total == len(clips)
    return clips, notices


def refused(path, **options):
    with pytest.raises(GeoselfError) as error:
        clips_of(path, **options)
    return error.value


def test_the_cameras_of_a_take_are_put_side_by_side(as_read, content, motion):
    clips, _ = as_read
    assert list(clips) == ["S1/Directions", "S5/WalkTogether", "S9/Greeting-1", "S9/Greeting-2"]
    expected = seen(human36m_rig("S9"), motion[120:150])
    np.testing.assert_allclose(clips["S9/Greeting-2"].keypoints_2d, expected, atol=0.01)
    np.testing.assert_allclose(
        clips["S1/Directions"].keypoints_2d, seen(human36m_rig("S1"), content[1]), atol=0.01
    )
    for clip in clips.values():
        assert clip.rig.camera_names == CAMERAS and clip.skeleton is H36M_17 and clip.fps == 50


def test_confidences_are_the_detectors(as_read, content):
    clips, _ = as_read
    train = content[0]["train"]
    of_third = np.array(train["source"]) == "s_01_act_02_cam_03"
    np.testing.assert_allclose(
        clips["S1/Directions"].confidence[:, 2], train["confidence"][of_third, :, 0], atol=1e-7
    )


def test_there_is_no_ground_truth_and_a_notice_gives_the_reason(as_read, content):
    clips, notices = as_read
    assert all(clip.pose_world is None for clip in clips.values())
    assert notices.about("not metric")


def test_frame_numbers_skip_one_at_the_cut_between_two_takes_in_one_source(as_read, content):
    clips, _ = as_read
    assert clips["S1/Directions"].frame_id.tolist() == [*range(30), *range(31, 56)]
    assert clips["S9/Greeting-1"].frame_id.tolist() == list(range(20))


def test_confidences_may_have_no_last_axis_or_be_absent(tmp_path, content, as_read):
    test = content[0]["test"]
    flat = test | {"confidence": test["confidence"][..., 0]}
    np.testing.assert_array_equal(
        clips_of(write(tmp_path, test=flat))[0]["S9/Greeting-1"].confidence,
        as_read[0]["S9/Greeting-1"].confidence,
    )
    del flat["confidence"]
    clips, notices = clips_of(write(tmp_path, test=flat))
    assert (clips["S9/Greeting-1"].confidence == 1).all() and notices.about("no confidences")


def test_peaks_a_little_over_one_are_cut_off_with_a_notice(tmp_path, content):
    test = content[0]["test"] | {"confidence": content[0]["test"]["confidence"].copy()}
    test["confidence"][3, 4] = 1.04
    clips, notices = clips_of(write(tmp_path, test=test))
    assert clips["S9/Greeting-1"].confidence.max() == 1
    assert notices.about("1 confidences outside [0, 1]")


def test_the_cameras_name_counts_where_it_differs_from_the_number(tmp_path, motion):
    rows = rows_of(9, motion[:20], "s_09_act_02_subact_01_ca")
    rows[0]["source"], rows[1]["source"] = rows[1]["source"], rows[0]["source"]
    clip = clips_of(write(tmp_path, test=split(rows)))[0]["S9/Directions-1"]
    np.testing.assert_allclose(clip.keypoints_2d, seen(human36m_rig("S9"), motion[:20]), atol=0.01)


def test_the_number_counts_where_names_are_mixed_up_within_a_source(tmp_path, content, motion):
    names = np.random.default_rng(0).permutation(content[0]["test"]["camera_name"])
    test = content[0]["test"] | {"camera_name": names}
    clips, notices = clips_of(write(tmp_path, test=test))
    np.testing.assert_allclose(
        clips["S9/Greeting-1"].keypoints_2d, seen(human36m_rig("S9"), motion[100:120]), atol=0.01
    )
    assert notices.about("camera_name is mixed up")


def test_two_sources_of_one_camera_are_refused(tmp_path, motion):
    rows = rows_of(9, motion[:20], "s_09_act_02_subact_01_ca")
    rows[1]["camera_name"] = rows[0]["camera_name"]
    error = refused(write(tmp_path, test=split(rows)))
    assert "S9 Directions 01: camera_name 54138969, 54138969" in str(error)
    assert error.code == DATA


def test_views_that_end_a_few_frames_apart_are_cut_to_the_shortest(tmp_path, motion):
    rows = rows_of(9, motion[:20], "s_09_act_02_subact_01_ca", cut=(0, 2, 1, 0))
    clips, notices = clips_of(write(tmp_path, test=split(rows)))
    assert clips["S9/Directions-1"].keypoints_2d.shape[0] == 18
    assert notices.about("S9/Directions-1: cut to 18 frames; its longest view has 20")


def test_views_that_end_far_apart_are_refused(tmp_path, motion):
    rows = rows_of(9, motion[:20], "s_09_act_02_subact_01_ca", cut=(0, 0, 7, 0))
    error = refused(write(tmp_path, test=split(rows)))
    for words in ("S9/Directions-1", "camera 58860488: 13 rows", "20"):
        assert words in str(error)


def test_a_camera_without_rows_is_missing(tmp_path, motion):
    rows = rows_of(9, motion[:20], "s_09_act_02_subact_01_ca")
    clips, notices = clips_of(write(tmp_path, test=split(rows[1:])))
    clip = clips["S9/Directions-1"]
    assert np.isnan(clip.keypoints_2d[:, 0]).all() and (clip.confidence[:, 0] == 0).all()
    assert np.isfinite(clip.keypoints_2d[:, 1:]).all()
    assert notices.about("no detections of camera 54138969")


def test_subjects_actions_cameras_and_every_nth_frame_are_chosen(tmp_path, content, motion):
    clips, _ = clips_of(
        write(tmp_path, **content[0]),
        subjects=("S9",),
        actions=("Greeting",),
        cameras=("58860488", "54138969"),
        every=10,
    )
    assert list(clips) == ["S9/Greeting-1", "S9/Greeting-2"]
    clip = clips["S9/Greeting-2"]
    assert clip.fps == 5 and clip.frame_id.tolist() == [0, 1, 2]
    expected = seen(human36m_rig("S9"), motion[120:150:10])[:, [2, 0]]
    np.testing.assert_allclose(clip.keypoints_2d, expected, atol=0.01)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"source": ["walking"] * 200}, "'walking' in row 0"),
        ({"source": ["s_09_act_01_subact_01_ca_01"] * 200}, "act_01"),
        ({"source": ["s_09_act_02_subact_01_ca_05"] * 200}, "ca_05"),
        ({"source": ["s_09_act_02_subact_01_ca_01"] * 7}, "test/source: 7 texts"),
        ({"source": 7}, "test/source: a int"),
        ({"camera_name": None}, "test/camera_name"),
        ({"joint_2d": np.zeros((200, 16, 2))}, "test/joint_2d: an array of shape (200, 16, 2)"),
        ({"joint_2d": [1, 2]}, "test/joint_2d: a list"),
        ({"confidence": np.zeros((3, 17, 1))}, "test/confidence: an array of shape (3, 17, 1)"),
    ],
)
def test_another_layout_is_refused_by_its_place(tmp_path, content, change, words):
    error = refused(write(tmp_path, test=content[0]["test"] | change))
    assert words in str(error) and error.code == DATA


@pytest.mark.parametrize("content", [{}, [1, 2], {"train": 3}, None])
def test_another_pickle_is_refused_in_one_line(tmp_path, content):
    path = tmp_path / "h36m_x.pkl"
    path.write_bytes(pickle.dumps(content))
    error = refused(path)
    assert error.code == DATA and "h36m_x.pkl" in str(error)


def test_asking_for_ground_truth_is_refused(tmp_path, content):
    error = refused(write(tmp_path, **content[0]), truth="joint3d_image")
    assert error.code == USAGE and "give 'none'" in str(error)


def test_the_file_is_recognized_by_its_name(tmp_path):
    assert motionbert.recognize(tmp_path / "h36m_sh_conf_cam_source_final.pkl")
    assert motionbert.recognize(tmp_path / "cameras.pkl") is None
