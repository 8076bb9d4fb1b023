"""BVH: other parsers and our own give the joints back within 0.1 mm; the rotations are useful."""

import numpy as np
import pytest
from moving import SKELETON, every_frame, same_joints, walking
from scipy.spatial.transform import Rotation
from seeing import Notices

from geoself_jax.core.errors import DATA, GeoselfError
from geoself_jax.core.skeleton import Skeleton, normalized
from geoself_jax.data.poses.bvh_file import one_root
from geoself_jax.data.poses.fill_gaps import held
from geoself_jax.data.poses.formats import write_poses
from geoself_jax.data.poses.joint_rotations import angles_zxy, joint_rotations, smallest
from geoself_jax.data.poses.rest_pose import PLACES, rest_offsets
from geoself_jax.data.skeletons import KNOWN_SKELETONS
from geoself_jax.prepare.motion.bvh import read_bvh

CENTIMETRES = 100


@pytest.fixture(scope="module")
def poses(tiny_arrays):
    return walking(tiny_arrays)


@pytest.fixture(scope="module")
def path(poses, tmp_path_factory):
    path = tmp_path_factory.mktemp("bvh") / "anna.bvh"
    write_poses(poses, path)
    return path


def y_up(pose):
    return np.stack([pose[..., 0], pose[..., 2], -pose[..., 1]], -1)


def seen(found, wanted):
    """The same, NaN where the source had nothing: BVH holds a joint still there."""
    return np.where(np.isnan(wanted), np.nan, found)


def test_bvhio_finds_the_joints(path, poses):
    bvhio = pytest.importorskip("bvhio", reason="bvhio is not installed")
    root = bvhio.readAsHierarchy(str(path))
    wanted = y_up(every_frame(poses))
    found = np.empty_like(wanted)
    for frame in range(len(wanted)):
        root.loadPose(frame)
        for joint, _, _ in root.layout():
            found[frame, SKELETON.joint_names.index(joint.Name)] = list(joint.PositionWorld)
    assert same_joints(seen(found / CENTIMETRES, wanted), wanted)


def numbers_of(text):
    """Names, parents, offsets, and values (N, J, 6), by the grammar of BVH alone."""
    head, motion = text.split("MOTION\n")
    names, parents, offsets, opened = [], [], [], []
    for words in map(str.split, head.splitlines()):
        if words[0] in ("ROOT", "JOINT"):
            names.append(words[1])
            parents.append(opened[-1] if opened else -1)
        elif words == ["End", "Site"]:
            opened.append(None)
        elif words[0] == "{" and opened[-1:] != [None]:
            opened.append(len(names) - 1)
        elif words[0] == "}":
            opened.pop()
        elif words[0] == "OFFSET" and opened[-1] is not None:
            offsets.append([float(word) for word in words[1:]])
        elif words[0] == "CHANNELS":
            assert words[2:] == [f"{a}position" for a in "XYZ"] + [f"{a}rotation" for a in "ZXY"]
    rows = motion.splitlines()
    values = np.array([[float(word) for word in row.split()] for row in rows[2:]])
    assert rows[0] == f"Frames: {len(values)}"
    return names, parents, np.array(offsets), values.reshape(len(values), -1, 6), rows[1]


def forward(parents, values, offsets=None):
    """Places and rotations by SciPy; each joint's own place, or the offset below the root."""
    places, turns = [], []
    for joint, parent in enumerate(parents):
        own = Rotation.from_euler("ZXY", values[:, joint, 3:], degrees=True)
        local = values[:, joint, :3]
        if parent >= 0 and offsets is not None:
            local = np.tile(offsets[joint], (len(values), 1))
        places.append(local if parent < 0 else places[parent] + turns[parent].apply(local))
        turns.append(own if parent < 0 else turns[parent] * own)
    return np.stack(places, 1), turns


def test_scipy_finds_the_joints(path, poses):
    names, parents, _, values, time = numbers_of(path.read_text())
    order = [names.index(name) for name in SKELETON.joint_names]
    wanted = y_up(every_frame(poses))
    found = forward(parents, values)[0][:, order] / CENTIMETRES
    assert same_joints(seen(found, wanted), wanted) and time == "Frame Time: 0.040000000"


def test_our_reader_finds_the_joints(path, poses):
    motion = read_bvh(path, "cm")
    order = [motion.joint_names.index(name) for name in SKELETON.joint_names]
    wanted = y_up(every_frame(poses))
    assert motion.fps == 25 and same_joints(seen(motion.positions[:, order], wanted), wanted)
    assert sum(name.endswith("_end") for name in motion.joint_names) == 5


def test_rotations_point_each_bone_to_its_child(path, poses):
    names, parents, offsets, values, _ = numbers_of(path.read_text())
    whole = values[~np.isnan(every_frame(poses)).any((1, 2))]
    places, turns = forward(parents, whole)
    alone = [j for j in range(17) if parents.count(j) == 1]
    assert {names[j] for j in alone} >= {"left_knee", "right_elbow", "spine", "neck"}
    for joint in alone:
        child = parents.index(joint)
        pointed = turns[joint].apply(offsets[child] / np.linalg.norm(offsets[child]))
        bone = places[:, child] - places[:, joint]
        np.testing.assert_allclose(
            pointed, bone / np.linalg.norm(bone, axis=-1, keepdims=True), atol=1e-4
        )
    # Where a program reads the rotations alone, the body is still about where it was.
    rigid = forward(parents, whole, offsets)[0]
    assert np.linalg.norm(rigid - places, axis=-1).mean() < 5  # cm
    # The angles neither jump by a turn nor stand still.
    assert np.abs(np.diff(whole[:, :, 3:], axis=0)).max() < 180 and np.ptp(whole[..., 3:]) > 10


def test_the_rest_posture_has_arms_out_and_median_bones(path, poses):
    names, _, offsets, _, _ = numbers_of(path.read_text())
    at_rest = dict(zip(names, offsets, strict=True))
    for side, x in (("left", 1), ("right", -1)):
        assert at_rest[f"{side}_wrist"][0] * x > 20 and not at_rest[f"{side}_wrist"][1:].any()
        assert at_rest[f"{side}_knee"][1] < -35 and at_rest[f"{side}_hip"][0] * x > 10
    assert at_rest["thorax"][1] > 20 and not at_rest["pelvis"].any()
    knee, hip = (SKELETON.joint_names.index(n) for n in ("left_knee", "left_hip"))
    length = np.nanmedian(np.linalg.norm(poses.pose[:, knee] - poses.pose[:, hip], axis=-1))
    assert abs(np.linalg.norm(at_rest["left_knee"]) / CENTIMETRES - length) < 1e-6


def test_missing_joints_keep_their_offset_from_their_parents(path, poses, tmp_path):
    names, parents, _, values, _ = numbers_of(path.read_text())
    places = forward(parents, values)[0] / CENTIMETRES
    wanted = y_up(every_frame(poses))
    elbow, wrist = (names.index(f"left_{n}") for n in ("elbow", "wrist"))
    np.testing.assert_allclose(
        places[9, wrist] - places[9, elbow], places[8, wrist] - places[8, elbow], atol=1e-6
    )
    for frame, last in ((7, 6), *((left_out, 19) for left_out in range(20, 25))):
        assert np.isnan(wanted[frame]).all()
        np.testing.assert_allclose(places[frame], places[last], atol=1e-6)
    notices = Notices()
    write_poses(poses, tmp_path / "a.bvh", notice=notices)
    assert notices.about("held still in 6 frames without a pose and 3 that lack joints")


def test_held_by_hand():
    nan = [np.nan] * 3
    rows = [[nan, nan], [[1, 0, 0], nan], [[2, 0, 0], [2, 5, 0]], [nan, [9, 9, 9]], [nan, nan]]
    pose = np.array(rows)
    wanted = [
        [[1, 0, 0], [1, 5, 0]],
        [[1, 0, 0], [1, 5, 0]],
        [[2, 0, 0], [2, 5, 0]],
        [[2, 0, 0], [9, 9, 9]],
        [[2, 0, 0], [2, 5, 0]],
    ]
    np.testing.assert_array_equal(held(pose, (-1, 0)), wanted)
    assert not held(np.full((3, 2, 3), np.nan), (-1, 0)).any()


@pytest.mark.parametrize("name", KNOWN_SKELETONS)
def test_every_known_skeleton_has_a_rest_posture_and_comes_back(tmp_path, poses, name):
    skeleton = KNOWN_SKELETONS[name]
    assert all(normalized(joint) in PLACES for joint in skeleton.joint_names)
    rng = np.random.default_rng(0)
    pose = rng.normal(0, 1, (12, skeleton.joints, 3)).astype(np.float32)
    changes = {"pose": pose, "skeleton": skeleton, "frame_id": np.arange(12)}
    bare = {"keypoints_2d": None, "confidence": None}
    write_poses(poses.replace(**changes, **bare), tmp_path / "a.bvh", up="as-is")
    names, parents, _, values, _ = numbers_of((tmp_path / "a.bvh").read_text())
    order = [names.index(joint) for joint in skeleton.joint_names]
    assert same_joints(forward(parents, values)[0][:, order] / CENTIMETRES, pose)


def test_a_skeleton_of_unknown_names_rests_as_it_mostly_stands(tiny_arrays):
    whole = walking(tiny_arrays, gaps=False)
    pose = y_up(whole.pose.astype(np.float64))
    odd = Skeleton(
        tuple(f"j{i}" for i in range(17)), SKELETON.parents, SKELETON.left_right, SKELETON.root
    )
    offsets = rest_offsets(pose, odd, odd.parents)
    left_knee, left_hip = 5, 4
    assert offsets[left_knee, 1] < -0.3 and offsets[left_hip, 0] > 0.1  # facing +z: left is +x
    turn = Rotation.from_euler("y", 130, degrees=True).as_matrix()
    np.testing.assert_allclose(rest_offsets(pose @ turn.T, odd, odd.parents), offsets, atol=1e-9)


@pytest.mark.parametrize(
    "kind", ["no bones", "two trees", "one joint", "nothing seen", "one frame"]
)
def test_odd_bodies_come_back(tmp_path, poses, kind):
    names = SKELETON.joint_names
    changes = {
        "no bones": {"skeleton": Skeleton(names, (-1,) * 17, (), 3)},
        "two trees": {"skeleton": Skeleton(names, (-1, 0, 1, 2, -1, *SKELETON.parents[5:]), (), 4)},
        "one joint": {"skeleton": Skeleton(("only",), (-1,), (), 0), "pose": poses.pose[:, :1]},
        "nothing seen": {"pose": np.full_like(poses.pose, np.nan)},
        "one frame": {"pose": poses.pose[:1], "frame_id": poses.frame_id[:1]},
    }[kind]
    odd = poses.replace(keypoints_2d=None, confidence=None, **changes)
    write_poses(odd, tmp_path / "a.bvh")
    found, parents, _, values, _ = numbers_of((tmp_path / "a.bvh").read_text())
    order = [found.index(name) for name in odd.skeleton.joint_names]
    places = forward(parents, values)[0][:, order] / CENTIMETRES
    assert np.isfinite(values).all() and parents.count(-1) == 1
    if kind != "nothing seen":
        wanted = y_up(every_frame(odd))
        assert same_joints(seen(places, wanted), wanted)
    assert one_root(odd.skeleton)[odd.skeleton.root] == -1


def test_rotations_of_random_bodies_are_rotations_and_exact():
    rng = np.random.default_rng(1)
    pose = rng.normal(0, 1, (40, 17, 3))
    pose[3] = pose[3, 0]  # all bones without length
    offsets = rng.normal(0, 1, (17, 3))
    offsets[5] = 0
    turns, places = joint_rotations(pose, offsets, SKELETON.parents)
    np.testing.assert_allclose(turns @ np.swapaxes(turns, -1, -2), np.eye(3) + 0 * turns, atol=1e-9)
    assert (np.linalg.det(turns) > 0.99).all()
    found = np.empty_like(pose)
    whole = np.empty_like(turns)
    for joint, parent in enumerate(SKELETON.parents):
        before = np.eye(3) if parent < 0 else whole[:, parent]
        found[:, joint] = np.einsum("nij,nj->ni", before + 0 * turns[:, 0], places[:, joint])
        found[:, joint] += 0 if parent < 0 else found[:, parent]
        whole[:, joint] = before @ turns[:, joint]
    np.testing.assert_allclose(found, pose, atol=1e-12)


def test_bones_in_one_line_leave_their_twist_as_it_is():
    rng = np.random.default_rng(0)
    bone, *others = (v / np.linalg.norm(v) for v in rng.normal(size=(30, 3)))
    hips = np.stack([0 * bone, bone, -bone])
    wanted = smallest(bone, np.array(others))
    pose = np.einsum("nij,kj->nki", wanted, hips)
    turns, _ = joint_rotations(pose, hips, (-1, 0, 0))
    apart = Rotation.from_matrix(turns[:, 0]) * Rotation.from_matrix(wanted).inv()
    assert np.degrees(apart.magnitude()).max() < 0.5


def test_angles_are_those_of_scipy_and_the_smallest_rotation_is_the_smallest():
    turns = Rotation.random(200, random_state=0)
    angles = angles_zxy(turns.as_matrix())
    again = Rotation.from_euler("ZXY", angles, degrees=True)
    assert (again * turns.inv()).magnitude().max() < 1e-9
    upright = Rotation.from_euler("ZXY", [[30, 90, 20], [30, -90, 20]], degrees=True)
    again = Rotation.from_euler("ZXY", angles_zxy(upright.as_matrix()), degrees=True)
    assert (again * upright.inv()).magnitude().max() < 1e-6
    spun = np.linspace(0, 1500, 300)
    steady = angles_zxy(Rotation.from_euler("y", spun[:, None], degrees=True).as_matrix())
    np.testing.assert_allclose(steady[:, 2], spun, atol=1e-6)
    rng = np.random.default_rng(0)
    source, targets = (v / np.linalg.norm(v, axis=-1, keepdims=True) for v in
                       (rng.normal(size=3), rng.normal(size=(50, 3))))  # fmt: skip
    targets[0], targets[1] = source, -source
    found = smallest(source, targets)
    np.testing.assert_allclose(found @ source, targets, atol=1e-7)
    angle = np.arccos(np.clip(targets @ source, -1, 1))
    np.testing.assert_allclose(Rotation.from_matrix(found).magnitude(), angle, atol=1e-6)


def test_what_cannot_be_written_is_refused(tmp_path, poses):
    far = poses.frame_id.copy()
    far[-1] = 10**9
    for changes in ({"frame_id": far}, {n: getattr(poses, n)[:0] for n in ("frame_id", "pose")}):
        bad = poses.replace(keypoints_2d=None, confidence=None, **changes)
        for extension in (".bvh", ".trc"):
            with pytest.raises(GeoselfError) as error:
                write_poses(bad, tmp_path / f"a{extension}")
            assert error.value.code == DATA
    assert not list(tmp_path.iterdir())
