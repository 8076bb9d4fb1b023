"""AIST++: files written in its layout, read back."""

import json
import pickle

import cv2
import numpy as np
import pytest
from seeing import Notices, off_px, seen

from geoself_jax.data.clips import ReadOptions
from geoself_jax.data.datasets import aist
from geoself_jax.data.rig import Lens, rig_from_opencv
from geoself_jax.data.skeletons import COCO_17
from geoself_jax.errors import DATA, MISSING, USAGE, GeoselfError

FRAMES = 25
PLAIN = "gHO_sBM_cAll_d19_mHO0_ch01"
LATE, SMALL = tuple(aist.ODD_VIEWS)


def cameras():
    """Nine cameras about the floor, y up, in the file's centimetres and OpenCV's convention."""
    rng = np.random.default_rng(0)
    entries = []
    for i in range(9):
        angle = 2 * np.pi * i / 9
        center = np.array([400 * np.sin(angle), 120 + 5 * i, 400 * np.cos(angle)])
        forward = np.array([0, 90.0, 0]) - center
        forward /= np.linalg.norm(forward)
        right = np.cross(forward, [0, 1.0, 0])
        right /= np.linalg.norm(right)
        R = np.stack([right, np.cross(forward, right), forward])
        entries.append(
            {
                "name": f"c{i + 1:02d}",
                "size": [1920, 1080],
                "matrix": [[1500.0 + i, 0, 960], [0, 1500.0, 540], [0, 0, 1]],
                "rotation": cv2.Rodrigues(R)[0].ravel().tolist(),
                "translation": (-R @ center).tolist(),
                "distortions": rng.uniform(-0.02, 0.02, 5).tolist(),
            }
        )
    return entries


def rig_of(entries):
    """The same, made by other code than the reader's."""
    return rig_from_opencv(
        "setting1",
        [e["name"] for e in entries],
        np.array([e["matrix"] for e in entries]),
        [Lens(tuple(e["distortions"])) for e in entries],
        np.array([cv2.Rodrigues(np.array(e["rotation"]))[0] for e in entries]),
        np.array([e["translation"] for e in entries]),
        np.full((9, 2), (1920, 1080)),
        metres=0.01,
        world_up=(0, 1, 0),
    )


@pytest.fixture(scope="module")
def world():
    """(25, 17, 3) metres, y up."""
    return np.random.default_rng(1).normal(0, 0.3, (FRAMES, 17, 3)) + [0, 0.9, 0]


@pytest.fixture
def folder(tmp_path, world):
    for name in ("keypoints2d", "keypoints3d", "cameras"):
        (tmp_path / name).mkdir()
    entries = cameras()
    (tmp_path / "cameras/setting1.json").write_text(json.dumps(entries))
    lines = [f"{name} setting1" for name in (PLAIN, LATE, SMALL, "gXX_d01_ignored")]
    (tmp_path / "cameras/mapping.txt").write_text("\n".join(lines) + "\n")
    pixels = seen(rig_of(entries), world).swapaxes(0, 1)
    score = np.full((*pixels.shape[:-1], 1), 0.75)
    keypoints = np.concatenate([pixels, score], -1)
    keypoints[3, 7, 5] = np.nan
    for name in (PLAIN, LATE, SMALL, "gXX_d01_ignored"):
        content = {
            "keypoints2d": keypoints,
            "det_scores": np.ones((9, FRAMES)),
            "timestamps": np.arange(FRAMES) * 16667,
        }
        (tmp_path / f"keypoints2d/{name}.pkl").write_bytes(pickle.dumps(content))
    poses = {"keypoints3d": world * 100, "keypoints3d_optim": world * 100 + 1.0}
    (tmp_path / f"keypoints3d/{PLAIN}.pkl").write_bytes(pickle.dumps(poses, protocol=2))
    (tmp_path / "ignore_list.txt").write_text("gXX_d01_ignored\n")
    return tmp_path


def clips(folder, **options):
    notices = Notices()
    reading = aist.read([folder], ReadOptions(notice=notices, **options))
    found = {clip.name: clip for clip in reading.clips}
    assert len(found) == reading.total
    return found, notices


def test_what_was_written_is_read_back_into_the_same_world(folder, world):
    assert "mapping.txt" in aist.recognize(folder)
    found, _ = clips(folder, truth="keypoints3d")
    clip = found[PLAIN]
    assert off_px(clip) < 0.01
    assert np.abs(clip.pose_world - world).max() < 1e-4
    assert clip.skeleton == COCO_17 and clip.fps == 60
    assert (clip.subject, clip.action) == ("d19", "house")
    np.testing.assert_array_equal(clip.rig.world_up, [0, 1, 0])
    wanted = rig_of(cameras())
    assert np.abs(clip.rig.center - wanted.center).max() < 1e-4


def test_a_joint_that_is_nan_is_missing(folder):
    clip = clips(folder)[0][PLAIN]
    assert np.isnan(clip.keypoints_2d[7, 3, 5]).all() and clip.confidence[7, 3, 5] == 0
    assert np.isfinite(clip.keypoints_2d).all(-1).sum() == clip.confidence.size - 1
    assert set(np.unique(clip.confidence)) == {0, 0.75}


def test_views_that_do_not_go_with_the_others_are_left_out_and_it_is_said(folder):
    found, notices = clips(folder)
    for name, (view, _) in aist.ODD_VIEWS.items():
        assert (found[name].confidence[:, view] == 0).all()
        assert np.isnan(found[name].keypoints_2d[:, view]).all()
        others = [v for v in range(9) if v != view]
        assert (found[name].confidence[:, others] > 0).mean() > 0.99
        assert notices.about(f"{name}: camera c{view + 1:02d}")


def test_sequences_on_the_ignore_list_are_left_out(folder):
    found, notices = clips(folder)
    assert set(found) == {PLAIN, LATE, SMALL}
    assert notices.about("1 sequences of ignore_list.txt")


def test_the_refined_ground_truth_is_the_default_and_none_leaves_it_out(folder, world):
    np.testing.assert_allclose(clips(folder)[0][PLAIN].pose_world, world + 0.01, atol=1e-6)
    assert clips(folder, truth="none")[0][PLAIN].pose_world is None


def test_people_dances_cameras_and_every_nth_picture_can_be_chosen(folder):
    found, _ = clips(folder, subjects=("d19",), cameras=("c09", "c02"), every=3)
    clip = found[PLAIN]
    whole = clips(folder)[0][PLAIN]
    assert clip.rig.camera_names == ("c09", "c02") and clip.fps == 20
    np.testing.assert_array_equal(clip.keypoints_2d, whole.keypoints_2d[::3, [8, 1]])
    assert set(clips(folder, actions=("break",))[0]) == {LATE}


def write(folder, **content):
    (folder / f"keypoints2d/{PLAIN}.pkl").write_bytes(pickle.dumps(content))


@pytest.mark.parametrize(
    ("harm", "options", "code", "words"),
    [
        (
            lambda f: write(f, keypoints2d=np.zeros((9, 5, 16, 3))),
            {},
            DATA,
            [PLAIN, "(9, 5, 16, 3)"],
        ),
        (lambda f: write(f, other=1), {}, DATA, [PLAIN, "keypoints2d"]),
        (lambda f: (f / "cameras/mapping.txt").write_text("a b c\n"), {}, DATA, ["line 1"]),
        (lambda f: (f / "cameras/mapping.txt").write_text("a b\n"), {}, DATA, ["no line for"]),
        (lambda f: (f / "cameras/mapping.txt").write_text("a ../../b\n"), {}, DATA, ["line 1"]),
        (lambda f: (f / "cameras/setting1.json").unlink(), {}, MISSING, ["setting1.json"]),
        (lambda f: None, {"subjects": ("d99",)}, USAGE, ["d99", "d19"]),
        (lambda f: None, {"cameras": ("c10",)}, DATA, ["c10"]),
        (lambda f: None, {"truth": "smpl"}, USAGE, ["smpl", "keypoints3d_optim"]),
    ],
)
def test_what_is_wrong_is_told_in_one_line(folder, harm, options, code, words):
    harm(folder)
    with pytest.raises(GeoselfError) as error:
        clips(folder, **options)
    assert error.value.code == code, str(error.value)
    for word in words:
        assert word in str(error.value)
