"""Short gaps filled, and what is marked of it in files."""

import json

import h5py
import numpy as np
import pytest
from moving import FIRST, START, walking
from scipy.interpolate import PchipInterpolator
from seeing import Notices

from geoself_jax.core.errors import DATA, GeoselfError
from geoself_jax.data.poses.formats import read_poses, write_poses
from geoself_jax.data.poses.interpolate_gaps import interpolated
from geoself_jax.data.poses.sequence import FILLED, MEASURED, PREDICTED, REJECTED
from geoself_jax.view.build_scenes import scenes_from_sequences
from geoself_jax.view.choose_scenes import thinned


@pytest.fixture(scope="module")
def poses(tiny_arrays):
    return walking(tiny_arrays, gaps=False)


@pytest.fixture(scope="module")
def marked(poses):
    marks = np.tile(np.array([MEASURED, PREDICTED, FILLED, REJECTED], np.uint8), (40, 5))[:, :17]
    contact = np.zeros((40, 17), bool)
    contact[3:9, 3] = True
    return poses.replace(marks=marks, contact=contact)


def test_gaps_up_to_a_length_get_scipys_pchip_and_others_stay(poses):
    pose = poses.pose.copy()
    pose[5:8] = np.nan  # three frames of all joints
    pose[20:30, 4] = np.nan  # ten of one
    pose[0, 2] = pose[39, 3] = np.nan  # ends
    found, filled = interpolated(poses.replace(pose=pose), 3)
    assert filled[5:8].all() and filled.sum() == 3 * 17
    wanted = PchipInterpolator(np.r_[:5, 8:20], pose[np.r_[:5, 8:20], 9])([5, 6, 7])
    np.testing.assert_allclose(found.pose[5:8, 9], wanted, atol=1e-4)
    assert np.linalg.norm(found.pose[5:8] - poses.pose[5:8], axis=-1).max() < 0.05
    np.testing.assert_array_equal(found.pose[~filled], pose[~filled])
    longer, more = interpolated(poses.replace(pose=pose), 10)
    assert more[20:30, 4].all() and np.isnan(longer.pose[[0, 39], [2, 3]]).all()


def test_a_filled_joint_is_as_uncertain_as_the_less_sure_of_its_neighbours(poses):
    pose = poses.pose.copy()
    off = np.random.default_rng(0).uniform(0.02, 0.2, pose.shape[:2]).astype(np.float32)
    pose[5:8] = pose[20:30, 4] = pose[0, 2] = np.nan
    off[np.isnan(pose).any(-1)] = np.nan
    axes = np.stack([2 * off, off], axis=-1)
    given = poses.replace(pose=pose, uncertainty=off, uncertainty_axes=axes)
    found, filled = interpolated(given, 3)
    there = np.isfinite(found.pose).all(-1)
    np.testing.assert_array_equal(np.isfinite(found.uncertainty), there)
    np.testing.assert_array_equal(found.uncertainty[~filled], off[~filled])
    wanted = np.broadcast_to(np.maximum(off[4], off[8]), (3, 17))
    np.testing.assert_array_equal(found.uncertainty[5:8], wanted)
    np.testing.assert_array_equal(found.uncertainty_axes[..., 0], 2 * found.uncertainty)
    np.testing.assert_array_equal(found.uncertainty_axes[..., 1], found.uncertainty)


def test_the_length_of_a_gap_counts_the_frames_of_the_video(poses):
    """Rows of a sequence that lacks frames in between, and of a thinned one."""
    rows = np.r_[:10, 15:40]
    few = poses.replace(
        pose=poses.pose[rows].copy(), frame_id=poses.frame_id[rows], keypoints_2d=None,
        confidence=None,
    )  # fmt: skip
    few.pose[10] = np.nan  # and five frames before it are not there
    assert not interpolated(few, 5)[1].any() and interpolated(few, 6)[1][10].all()
    thin = few.replace(pose=few.pose[11::2], frame_id=few.frame_id[11::2])
    thin.pose[4] = np.nan
    assert interpolated(thin, 1)[1][4].all()


@pytest.mark.parametrize("ending", [".npz", ".json", ".csv"])
def test_marks_and_contacts_come_back(marked, tmp_path, ending):
    notices = Notices()
    write_poses(marked, tmp_path / f"a{ending}", notice=notices)
    found = read_poses(tmp_path / f"a{ending}")
    np.testing.assert_array_equal(found.marks, marked.marks)
    assert found.marks.dtype == np.uint8
    np.testing.assert_allclose(found.pose, marked.pose, atol=1e-5)
    if ending == ".csv":
        assert "which feet rest is not in the file; .npz and .json hold it" in str(notices)
        assert found.contact is None
    else:
        np.testing.assert_array_equal(found.contact, marked.contact)
        assert not notices
    empty = marked.replace(**{
        name: getattr(marked, name)[:0]
        for name in ("pose", "frame_id", "marks", "contact", "keypoints_2d", "confidence")
    })  # fmt: skip
    if ending != ".csv":
        write_poses(empty, tmp_path / f"b{ending}")
        assert read_poses(tmp_path / f"b{ending}").marks.shape == (0, 17)


def test_a_table_without_marks_is_what_it_was(poses, tmp_path):
    write_poses(poses, tmp_path / "a.csv")
    assert "mark" not in (tmp_path / "a.csv").read_text().split("\n")[0]
    assert read_poses(tmp_path / "a.csv").marks is None


def test_a_format_that_cannot_hold_marks_says_so(marked, poses, tmp_path):
    notices = Notices()
    write_poses(marked, tmp_path / "a.trc", notice=notices)
    line = "which joints were filled or rejected and which feet rest is not in the file"
    assert line in str(notices)
    notices = Notices()
    write_poses(poses, tmp_path / "a.trc", notice=notices)
    assert "is not in the file" not in str(notices)


def test_nwb_has_no_confidence_in_what_was_not_measured(marked, tmp_path):
    path = tmp_path / "a.nwb"
    write_poses(marked, path, session_start=START)
    import pynwb  # a second, which every worker would need to collect this file

    with pynwb.NWBHDF5IO(str(path), "r") as io:
        series = io.read().processing["behavior"]["PoseEstimation"]
        sure = np.stack([
            series[name].confidence[FIRST:] for name in series.skeleton.nodes
        ], 1)  # fmt: skip
    assert (sure[marked.marks >= FILLED] == 0).all()
    kept = marked.marks < FILLED
    np.testing.assert_allclose(sure[kept], marked.confidence[kept], atol=1e-6)


def test_laboratories_files_have_no_score_of_what_was_not_measured(marked, tmp_path):
    path = tmp_path / "a.csv"
    write_poses(marked, path, format="anipose", notice=Notices())
    table = np.genfromtxt(path, delimiter=",", names=True)
    for joint, name in enumerate(marked.skeleton.joint_names):
        scores, cameras = table[f"{name}_score"][FIRST:], table[f"{name}_ncams"][FIRST:]
        gone = marked.marks[:, joint] >= FILLED
        assert (scores[gone] == 0).all() and (cameras[gone] == 0).all()
        np.testing.assert_allclose(scores[~gone], marked.confidence[~gone, joint], atol=1e-4)
    path = tmp_path / "a.h5"
    write_poses(marked, path, format="sleap-anipose", notice=Notices())
    with h5py.File(path) as file:
        scores = file["point_scores"][FIRST:, 0]
    assert (scores[marked.marks >= FILLED] == 0).all() and scores.any()


def test_wrong_marks_are_refused(marked, tmp_path):
    path = tmp_path / "a.csv"
    write_poses(marked, path)
    path.write_text(path.read_text().replace(",0,1,2,3,0\n", ",0,1,2,3,7\n", 1))
    with pytest.raises(GeoselfError, match="mark 7 of joint 17 - wanted 0, 1, 2 or 3") as error:
        read_poses(path)
    assert error.value.code == DATA
    path = tmp_path / "a.json"
    write_poses(marked, path)
    said = json.loads(path.read_text())
    for name, value in {"marks": [[1]], "contact": [[1] * 17] * 40}.items():
        path.write_text(json.dumps({**said, name: value}))
        with pytest.raises(GeoselfError, match=name):
            read_poses(path)


def test_marked_sequences_are_shown(marked, poses):
    (scene,) = scenes_from_sequences([marked, poses.replace(name="truth")])
    assert thinned([scene], every=3)[0].frames == 14
