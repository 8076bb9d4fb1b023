"""Joints as markers that OpenSim scales a model by and tracks: names, gaps, axes, what is said."""

import warnings

import numpy as np
import pytest
from moving import SKELETON, walking
from seeing import Notices

from geoself_jax.core.errors import DATA, USAGE, GeoselfError
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.poses.change_axes import in_camera, relative_to_root
from geoself_jax.data.poses.formats import check_writable, read_poses, write_poses
from geoself_jax.data.poses.markers import MARKER_SETS, as_markers, marker_names
from geoself_jax.data.poses.sequence import FILLED
from geoself_jax.data.skeletons import BODY_25, COCO_17, HALPE_26, KNOWN_SKELETONS, MEDIAPIPE_33

LIMBS = {
    f"{s}{part}" for s in "LR" for part in ("Shoulder", "Elbow", "Wrist", "Hip", "Knee", "Ankle")
}
FEET = {f"{s}{part}" for s in "LR" for part in ("BigToe", "SmallToe", "Heel")}


@pytest.fixture(scope="module")
def whole(tiny_arrays):
    """Every joint in every frame: 40 frames from 0 on, 25 a second, z up."""
    return walking(tiny_arrays, gaps=False, frame_id=np.arange(40))


def without(poses, gaps):
    """The sequence with joints missing: `{joint or None for all: frames}`."""
    pose = poses.pose.copy()
    for joint, frames in gaps.items():
        pose[frames, slice(None) if joint is None else SKELETON.joint_names.index(joint)] = np.nan
    return poses.replace(pose=pose)


def rows_of(path):
    return [line.split("\t") for line in path.read_text().split("\n")[5:] if line]


@pytest.mark.parametrize("name", sorted(KNOWN_SKELETONS))
@pytest.mark.parametrize("markers", sorted(MARKER_SETS))
def test_every_known_skeleton_has_the_limbs_and_no_marker_twice(name, markers):
    found = marker_names(KNOWN_SKELETONS[name].joint_names, markers)
    assert set(found.values()) >= LIMBS
    assert len(set(found.values())) == len(found)
    for joint, marker in found.items():
        own = KNOWN_SKELETONS[name].joint_names[joint]
        assert marker[0] == own[0].upper() or marker in ("Nose", "Neck", "CHip", "Hip"), own


@pytest.mark.parametrize(
    "skeleton, markers, others",
    [
        (BODY_25, "pose2sim", FEET | {"Nose", "Neck", "CHip"}),
        (BODY_25, "pose2sim-halpe26", FEET | {"Nose", "Hip"}),
        (HALPE_26, "pose2sim-halpe26", FEET | {"Nose", "Hip"}),
        (HALPE_26, "pose2sim-body25", FEET | {"Nose", "CHip"}),
        (COCO_17, "pose2sim-body25", {"Nose"}),
        (SKELETON, "pose2sim-body25", {"CHip"}),
        (
            MEDIAPIPE_33,
            "pose2sim",
            {"Nose"} | {f"{s}{part}" for s in "LR" for part in ("BigToe", "Heel")},
        ),
    ],
)
def test_a_joint_is_the_marker_that_is_there_on_the_body(skeleton, markers, others):
    """H36M's neck is in the face, Halpe's above the shoulders: neither is the setup's Neck."""
    assert set(marker_names(skeleton.joint_names, markers).values()) == LIMBS | others


def test_joints_are_known_by_other_spellings():
    names = ("LHip", "r_hip", "Knee Left", "rightKnee", "left-ankle", "R Ankle", "mid_hip", "tail")
    markers = ["LHip", "RHip", "LKnee", "RKnee", "LAnkle", "RAnkle", "CHip"]
    assert list(marker_names(names, "pose2sim").values()) == markers
    assert list(marker_names((*names, "pelvis"), "pose2sim").values()) == markers  # one is enough


def test_bones_lead_to_the_next_ancestor_that_is_a_marker(whole):
    marked = as_markers(whole, "pose2sim", Notices())
    names, parents = marked.skeleton.joint_names, marked.skeleton.parents
    above = {name: names[p] if p >= 0 else "" for name, p in zip(names, parents, strict=True)}
    assert above["RKnee"] == "RHip" and above["RHip"] == "CHip" and above["CHip"] == ""
    assert above["LShoulder"] == "CHip"  # by thorax and spine, which are no markers
    assert names[marked.skeleton.root] == "CHip" and len(marked.skeleton.left_right) == 6
    assert (marked.pose[:, names.index("LWrist")] == whole.pose[:, 13]).all()


def test_what_is_left_out_is_said_and_an_empty_marker_is_not_written(tmp_path, whole):
    notices = Notices()
    gone = without(whole, {"left_wrist": slice(None)})
    write_poses(gone, tmp_path / "a.trc", markers="pose2sim", notice=notices)
    assert any("no marker of pose2sim-body25" in line and "thorax" in line for line in notices)
    assert any("in no frame" in line and "left_wrist" in line for line in notices)
    assert "LWrist" not in (tmp_path / "a.trc").read_text()


def test_a_long_list_of_joints_ends_in_how_many_more(tmp_path, whole):
    names = tuple(f"finger_{n}" for n in range(30))
    joints = whole.skeleton.joints
    more = Skeleton(
        (*whole.skeleton.joint_names, *names),
        (*whole.skeleton.parents, *(0,) * 30),
        whole.skeleton.left_right,
        whole.skeleton.root,
    )
    pose = np.concatenate([whole.pose, whole.pose[:, :1].repeat(30, 1)], 1)
    notices = Notices()
    write_poses(
        whole.replace(skeleton=more, pose=pose, keypoints_2d=None, confidence=None),
        *(tmp_path / "a.trc",),
        markers="pose2sim",
        notice=notices,
    )
    (line,) = (line for line in notices if "no marker of" in line)
    left = joints + 30 - len(marker_names(more.joint_names, "pose2sim"))
    assert line.endswith(f" and {left - 20} more") and "finger_" in line


def test_trc_leaves_frames_without_markers_out_and_is_read_back(tmp_path, whole):
    gaps = {None: [0, 1, 20, 21, 39], "spine": slice(None), "right_knee": [30]}
    gone = without(whole, gaps)
    write_poses(gone, tmp_path / "a.trc", markers="pose2sim")
    rows = rows_of(tmp_path / "a.trc")
    kept = [frame for frame in range(40) if frame not in gaps[None]]
    assert [int(row[0]) for row in rows] == [frame + 1 for frame in kept]
    assert not any({"", "NaN"} == set(row[2:]) or set(row[2:]) == {"NaN"} for row in rows)
    read = read_poses(tmp_path / "a.trc", notice=(notices := Notices()))
    assert not list(notices)
    assert list(read.frame_id) == kept and read.fps == 25
    knee = read.skeleton.joint_names.index("RKnee")
    assert np.isnan(read.pose[kept.index(30), knee]).all() and np.isnan(read.pose).sum() == 3
    y_up = whole.pose[kept][:, 3][:, [0, 2, 1]] * [1, 1, -1]
    np.testing.assert_allclose(
        read.pose[:, read.skeleton.joint_names.index("RAnkle")], y_up, atol=1e-6
    )


def test_without_markers_every_frame_keeps_its_row(tmp_path, whole):
    write_poses(without(whole, {None: [20, 21]}), tmp_path / "a.trc")
    assert len(rows_of(tmp_path / "a.trc")) == 40


@pytest.mark.parametrize("ending", [".trc", ".c3d"])
def test_cleaned_poses_are_markers_too(tmp_path, whole, ending):
    """Which joints were filled and which feet rest is of all joints, of which some are markers."""
    some = np.zeros(whole.pose.shape[:2], bool)
    some[3] = True
    cleaned = whole.replace(marks=np.where(some, FILLED, 0).astype(np.uint8), contact=some)
    write_poses(cleaned, tmp_path / f"p{ending}", markers="pose2sim")
    assert (tmp_path / f"p{ending}").stat().st_size > 1000
    kept = as_markers(cleaned, "pose2sim", Notices())
    assert kept.marks.shape == kept.contact.shape == kept.pose.shape[:2]


def test_a_gap_in_c3d_is_missing_to_every_reader(tmp_path, whole):
    """Zeros and -1: OpenSim's adapter has taken a place that is not zero as seen."""
    c3d = pytest.importorskip("c3d", reason="c3d is not installed")
    ezc3d = pytest.importorskip("ezc3d", reason="ezc3d is not installed")
    gaps = {None: [0, 1, 20, 21], "right_knee": [30, 31, 32]}
    write_poses(without(whole, gaps), tmp_path / "a.c3d", markers="pose2sim")
    read = ezc3d.c3d(str(tmp_path / "a.c3d"))
    names = list(read["parameters"]["POINT"]["LABELS"]["value"])
    points = read["data"]["points"][:3]
    lost = np.zeros((len(names), 38), bool)
    lost[:, [18, 19]] = lost[names.index("RKnee"), [28, 29, 30]] = True
    assert (np.isnan(points).all(0) == lost).all()
    assert ((read["data"]["meta_points"]["residuals"][0] == -1) == lost).all()
    assert read["header"]["points"]["first_frame"] == 2
    with (tmp_path / "a.c3d").open("rb") as stream, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frames = np.array([points for _, points, _ in c3d.Reader(stream).read_frames()])
    assert ((frames[..., 3] == -1) == lost.T).all()
    assert (frames[lost.T][:, :3] == 0).all()
    seen = np.moveaxis(points, 0, -1).swapaxes(0, 1)[~lost.T]
    np.testing.assert_array_equal(frames[~lost.T][:, :3], seen)


@pytest.mark.parametrize(
    "gaps, ending, said",
    [
        ({}, ".trc", "from 0 to 1.56 s (40 of 40 frames)"),
        ({None: [0, 30]}, ".trc", "from 0.04 to 1.56 s (38 of 38 frames)"),
        ({None: [0, 30]}, ".c3d", "from 0 to 1.12 s (29 of 38 frames)"),
        ({"right_knee": [30]}, ".trc", "<time_range>0 1.16</time_range>"),
        ({"right_knee": [10]}, ".c3d", "<time_range>0.44 1.56</time_range>"),
        ({"right_knee": range(0, 40, 2), "left_hip": range(1, 40, 2)}, ".trc", "warning: no frame"),
        ({None: [30]}, ".c3d", "ends at frames without markers"),
    ],
)
def test_the_range_to_scale_by_is_said(tmp_path, whole, gaps, ending, said):
    """OpenSim counts a .c3d's seconds from its first frame, and a .trc's as they are written."""
    notices = Notices()
    gone = without(whole, {joint: list(frames) for joint, frames in gaps.items()})
    write_poses(gone, tmp_path / f"a{ending}", markers="pose2sim", notice=notices)
    assert said in list(notices)[-1]


def test_axes_and_roots_that_turn_the_pelvis_are_warned_of(tmp_path, whole):
    for poses, word in (
        (in_camera(whole), "--axes=world"),
        (relative_to_root(whole), "--root=absolute"),
    ):
        notices = Notices()
        write_poses(poses, tmp_path / "a.trc", markers="pose2sim", notice=notices)
        assert [line.startswith("warning: ") for line in notices if word in line] == [True]
    notices = Notices()
    write_poses(whole, tmp_path / "a.trc", markers="pose2sim", notice=notices)
    assert not any("warning" in line for line in notices)


def test_other_sets_files_and_bodies_are_refused(tmp_path, whole):
    with pytest.raises(GeoselfError, match="did you mean 'pose2sim-body25'") as error:
        write_poses(whole, tmp_path / "a.trc", markers="pose2sim-body-25")
    assert error.value.code == USAGE
    for name in ("a.npz", "a.csv"):
        with pytest.raises(GeoselfError, match=r"only \.trc and \.c3d have markers") as error:
            check_writable(tmp_path / name, markers="pose2sim")
        assert error.value.code == USAGE
    mouse = Skeleton(("snout", "left_hip", "right_hip", "tail"), (-1, 0, 0, 0), (), 0)
    few = whole.replace(pose=whole.pose[:, :4], skeleton=mouse, keypoints_2d=None, confidence=None)
    for poses, why in (
        (few, "2 of them are markers"),
        (without(whole, {None: slice(None)}), "0 of 13"),
    ):
        with pytest.raises(GeoselfError, match=why) as error:
            write_poses(poses, tmp_path / "a.trc", markers="pose2sim")
        assert error.value.code == DATA
    assert not list(tmp_path.iterdir())


def test_frames_of_a_thinned_video_keep_their_times(tmp_path, tiny_arrays):
    poses = walking(tiny_arrays)
    write_poses(poses, tmp_path / "a.trc", markers="pose2sim")
    read = read_poses(tmp_path / "a.trc")
    there = np.isfinite(poses.pose).all(-1).any(1)
    assert list(read.frame_id) == list(poses.frame_id[there])


def test_marks_and_contacts_of_cleaned_poses_stay_with_their_markers(tmp_path, whole):
    """So that --floor, --fill and --outliers go together with --markers."""
    rng = np.random.default_rng(0)
    marks = rng.integers(0, 4, whole.pose.shape[:2]).astype(np.uint8)
    cleaned = without(whole, {None: [7]}).replace(marks=marks, contact=marks == 1)
    found = as_markers(cleaned, "pose2sim", lambda line: None)
    ankle = found.skeleton.joint_names.index("LAnkle"), SKELETON.joint_names.index("left_ankle")
    there = np.arange(40) != 7
    np.testing.assert_array_equal(found.marks[:, ankle[0]], marks[there, ankle[1]])
    np.testing.assert_array_equal(found.contact[:, ankle[0]], cleaned.contact[there, ankle[1]])
    notices = Notices()
    write_poses(cleaned, tmp_path / "a.trc", markers="pose2sim", notice=notices)
    assert any("which joints were filled or rejected" in line for line in notices)
