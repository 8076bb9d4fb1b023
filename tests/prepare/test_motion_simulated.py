"""Motion files seen by a rig: exact projections by OpenCV, a way back by triangulation."""

import dataclasses
import itertools

import cv2
import numpy as np
import pytest
from scenes import motion as walk
from scenes import tiny_rig
from scipy.spatial.transform import Rotation
from seeing import Notices, seen

from geoself_jax.core.errors import DATA, MISSING, USAGE, GeoselfError
from geoself_jax.core.skeleton import H36M_17
from geoself_jax.geometry.lenses import Lens
from geoself_jax.prepare.assemble import assemble
from geoself_jax.prepare.clip import ReadOptions
from geoself_jax.prepare.datasets.human36m_cameras import human36m_rig
from geoself_jax.prepare.datasets.prepared import check_arrays
from geoself_jax.prepare.motion.mapping import EXPORTERS, read_table, to_h36m_17
from geoself_jax.prepare.motion.recorded import Motion
from geoself_jax.prepare.motion.room import resampled, room_of, segments
from geoself_jax.prepare.motion.simulated import read, simulate

FPS = 25.0
# Of MotionBuilder's skeleton: parent and offset in cm, y up, the person looks along z.
BONES = {
    "Hips": ("", (0, 0, 0)),
    "Spine": ("Hips", (0, 8, 0)),
    "Spine1": ("Spine", (0, 18, 0)),
    "Neck": ("Spine1", (0, 24, 0)),
    "Head": ("Neck", (0, 12, 3)),
    "LeftShoulder": ("Spine1", (4, 20, 0)),
    "LeftArm": ("LeftShoulder", (14, 0, 0)),
    "LeftForeArm": ("LeftArm", (27, 0, 0)),
    "LeftHand": ("LeftForeArm", (25, 0, 0)),
    "RightShoulder": ("Spine1", (-4, 20, 0)),
    "RightArm": ("RightShoulder", (-14, 0, 0)),
    "RightForeArm": ("RightArm", (-27, 0, 0)),
    "RightHand": ("RightForeArm", (-25, 0, 0)),
    "LeftUpLeg": ("Hips", (10, 0, 0)),
    "LeftLeg": ("LeftUpLeg", (0, -43, 0)),
    "LeftFoot": ("LeftLeg", (0, -42, 0)),
    "RightUpLeg": ("Hips", (-10, 0, 0)),
    "RightLeg": ("RightUpLeg", (0, -43, 0)),
    "RightFoot": ("RightLeg", (0, -42, 0)),
}
ENDS = {"Head": (0, 20, 0), "LeftFoot": (0, -6, 15), "RightFoot": (0, -6, 15)}


def bvh(frames, fps, path):
    """Text of somebody who moves all joints and goes where `path` (T, 2) metres, x z, tells."""
    lines, names = ["HIERARCHY"], []

    def put(name, depth):
        names.append(name)
        places = "Xposition Yposition Zposition " if depth == 0 else ""
        channels = f"CHANNELS {6 if depth == 0 else 3} {places}Zrotation Yrotation Xrotation"
        lines.extend([f"{'JOINT' if depth else 'ROOT'} {name}", "{"])
        lines.extend(["OFFSET {} {} {}".format(*BONES[name][1]), channels])
        for child, (parent, _) in BONES.items():
            if parent == name:
                put(child, depth + 1)
        if name in ENDS:
            lines.extend(["End Site", "{", "OFFSET {} {} {}".format(*ENDS[name]), "}"])
        lines.append("}")

    put("Hips", 0)
    rng = np.random.default_rng(0)
    time = np.arange(frames) / fps
    size, phase = rng.uniform(3, 25, (2, len(names), 3)) * [[[1]], [[0.25]]]
    angle = size * np.sin(2 * time[:, None, None] + phase)
    angle[:, 0] = [0, 40, 0] * np.sin(time)[:, None]
    values = np.column_stack([path[:, 0] * 100, np.full(frames, 92), path[:, 1] * 100])
    rows = np.column_stack([values, angle.reshape(frames, -1)])
    lines += ["MOTION", f"Frames: {frames}", f"Frame Time: {1 / fps:.8f}"]
    return "\n".join(lines + [" ".join(f"{x:.6f}" for x in row) for row in rows]) + "\n"


@pytest.fixture
def file(tmp_path):
    """8 s at 50 frames per second: about a small circle, then 6 m away and about it again."""
    time = np.arange(400) / 50
    path = 0.5 * np.stack([np.sin(time), np.cos(time)], -1)
    path[:, 0] += np.clip((time - 4) * 4, 0, 6)
    (tmp_path / "dance.bvh").write_text(bvh(400, 50, path))
    return tmp_path / "dance.bvh"


def clips_of(paths, rig=None, seed=0, fps=FPS, **options):
    notices = Notices()
    rig = rig or human36m_rig("S1")
    options = ReadOptions(notice=notices, **options)
    reading = read(paths, options, rig=rig, fps=fps, seed=seed, unit="cm")
    return list(reading.clips), notices


def triangulated(keypoints_2d, confidence, rig):
    """(T, 17, 3) by the smallest singular vector of the views' weighted rays."""
    rows = []
    for view in range(rig.views):
        dist = np.array(rig.lenses[view].coefficients)
        flat = keypoints_2d[:, view].reshape(-1, 1, 2).astype(np.float64)
        x = cv2.undistortPoints(flat, rig.K[view], dist).reshape(*keypoints_2d[:, view].shape)
        P = np.column_stack([rig.R[view], -rig.R[view] @ rig.center[view]])
        weight = confidence[:, view, :, None].astype(np.float64)
        rows += [weight * (x[..., :1] * P[2] - P[0]), weight * (x[..., 1:] * P[2] - P[1])]
    point = np.linalg.svd(np.stack(rows, -2))[2][..., -1, :]
    return point[..., :3] / point[..., 3:]


def test_without_errors_the_views_are_opencvs_projections():
    rig, pose = tiny_rig(), walk(40)
    views = simulate(pose, rig, FPS)
    assert np.abs(views.exact - seen(rig, pose)).max() < 1e-6
    error = np.linalg.norm(views.keypoints_2d - views.exact, axis=-1)
    assert 2 < np.median(error) < 8
    assert views.confidence.dtype == np.float32 and views.inside.all()


def test_the_same_seed_gives_the_same_and_another_another():
    rig, pose = tiny_rig(), walk(20)
    one, two, other = (simulate(pose, rig, FPS, seed) for seed in (3, 3, 4))
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a, b)
    assert (one.keypoints_2d != other.keypoints_2d).mean() > 0.9


def test_an_unknown_joint_or_one_outside_makes_the_instant_no_view():
    rig, pose = tiny_rig(), walk(20)
    pose[3, 5] = np.nan
    pose[4] += [30, 0, 0]
    assert np.flatnonzero(~simulate(pose, rig, FPS).inside).tolist() == [3, 4]


@pytest.mark.parametrize(
    ("lens", "words"),
    [(Lens((0.1, 0, 0, 0), fisheye=True), "a fisheye"), (Lens((0.1,) * 8), "8 coefficients")],
)
def test_a_lens_the_model_has_not_is_refused_by_its_camera(lens, words):
    rig = tiny_rig()
    rig = dataclasses.replace(rig, lenses=(*rig.lenses[:3], lens))
    with pytest.raises(GeoselfError) as error:
        simulate(walk(20), rig, FPS)
    assert error.value.code == DATA and "camera cam4" in str(error.value)
    assert words in str(error.value)


def test_short_lenses_are_padded_with_zeros_and_unknown_image_sizes_refused():
    rig, pose = tiny_rig(), walk(20)
    lenses = (Lens(), Lens((-0.2, 0.2, 0.001, 0)), *rig.lenses[2:])
    rig = dataclasses.replace(rig, lenses=lenses)
    assert np.abs(simulate(pose, rig, FPS).exact - seen(rig, pose)).max() < 1e-6
    sizes = rig.image_size * [[1], [0], [1], [1]]
    with pytest.raises(GeoselfError, match=r"camera cam2.*is unknown.*--image-size"):
        simulate(pose, dataclasses.replace(rig, image_size=sizes), FPS)


def test_a_file_becomes_clips_within_the_rigs_room_on_its_floor(file):
    clips, notices = clips_of([file])
    assert clips[0].name == "dance#0" and len(clips) >= 2
    room = room_of(human36m_rig("S1"))
    assert 1.2 <= room.radius <= 1.5
    for clip in clips:
        assert clip.fps == FPS and clip.skeleton == H36M_17
        pelvis = (clip.pose_world[:, 0] @ room.upright.T)[:, :2] - room.middle
        assert np.linalg.norm(pelvis, axis=-1).max() <= room.radius + 1e-3
        assert (clip.pose_world[:, 10, 2] > clip.pose_world[:, 3, 2] + 1).all()
        assert 0.01 < clip.pose_world[..., 2].min() < 0.35
        error = np.linalg.norm(clip.keypoints_2d - seen(clip.rig, clip.pose_world), axis=-1)
        assert 2 < np.median(error) < 8
    assert sum(len(clip.frame_id) for clip in clips) > 120
    assert notices.about("SIMULATED") and notices.about("unit cm")


def test_clips_triangulate_back_to_the_motion(file):
    clips, _ = clips_of([file])
    error = np.concatenate(
        [
            np.linalg.norm(
                triangulated(c.keypoints_2d, c.confidence, c.rig) - c.pose_world, axis=-1
            ).ravel()
            for c in clips
        ]
    )
    assert 0.01 < error.mean() < 0.06


def test_bones_keep_their_lengths(file):
    (clip, *_), _ = clips_of([file], fps=50)
    thigh = np.linalg.norm(clip.pose_world[:, 1] - clip.pose_world[:, 2], axis=-1)
    np.testing.assert_allclose(thigh, 0.43, atol=1e-4)


def test_a_rig_with_y_down_sees_the_same_person_upright(file):
    rig = human36m_rig("S1")
    A = Rotation.from_euler("x", 90, degrees=True).as_matrix()
    turned = dataclasses.replace(
        rig, R=rig.R @ A.T, center=rig.center @ A.T, world_up=A @ rig.world_up
    )
    clips, _ = clips_of([file], turned)
    for clip in clips:
        height = clip.pose_world @ turned.world_up
        assert (height[:, 10] > height[:, 3] + 1).all()
        error = np.linalg.norm(clip.keypoints_2d - seen(turned, clip.pose_world), axis=-1)
        assert 2 < np.median(error) < 8


def test_the_same_seed_gives_the_same_clips_which_make_a_prepared_file(file):
    (one, _), (two, _) = (clips_of([file], seed=5) for _ in range(2))
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a.keypoints_2d, b.keypoints_2d)
        np.testing.assert_array_equal(a.pose_world, b.pose_world)
    arrays = assemble(one)
    check_arrays("motion", arrays)


def test_cameras_and_instants_are_chosen_and_truth_left_out(file):
    rig = human36m_rig("S1")
    clips, _ = clips_of([file], cameras=rig.camera_names[2:], every=5, truth="none")
    assert clips[0].rig.camera_names == rig.camera_names[2:]
    assert clips[0].fps == 5 and clips[0].pose_world is None
    asked = {"actions": ("dance", "dnce"), "subjects": ("anna",), "truth": "annot3"}
    for kind, value in asked.items():
        with pytest.raises(GeoselfError, match="no motion file has it") as error:
            clips_of([file], **{kind: value})
        assert error.value.code == USAGE


def test_no_motion_file_and_no_skeleton_are_refused(tmp_path):
    with pytest.raises(GeoselfError, match=r"no \.bvh or \.amc") as error:
        clips_of([tmp_path])
    assert error.value.code == MISSING
    (tmp_path / "02_01.amc").write_text("1\n")
    with pytest.raises(GeoselfError, match=r"02_01\.amc: its skeleton, 02\.asf.*none is there"):
        clips_of([tmp_path])


def test_a_path_is_cut_where_it_leaves_the_circle():
    path = np.stack([np.linspace(0, 9.9, 100), np.zeros(100)], -1)
    cuts = segments(path, 1.5)
    assert cuts[0].start == 0 and cuts[-1].stop == 100
    assert all(a.stop == b.start for a, b in itertools.pairwise(cuts))
    assert all(np.ptp(path[cut, 0]) <= 3 for cut in cuts) and len(cuts) == 4


def test_resampling_is_linear_and_ends_in_time():
    line = np.arange(121)[:, None, None] * np.ones((1, 2, 3))
    np.testing.assert_allclose(resampled(line, 120, 25)[:, 0, 0], np.arange(26) * 4.8)
    np.testing.assert_array_equal(resampled(line, 120, 120), line)
    assert len(resampled(line[:1], 120, 25)) == 1


def named(names):
    places = np.arange(len(names) * 3, dtype=float).reshape(1, -1, 3)
    return Motion(tuple(names), (-1,) * len(names), places, 30.0)


@pytest.mark.parametrize("exporter", EXPORTERS)
def test_each_exporters_joints_are_found_whatever_their_case_and_namespace(exporter):
    table = EXPORTERS[exporter]
    names = list(dict.fromkeys(name for joint in table.values() for name in joint))
    spelt = [f"mixamorig:{n}" if exporter == "Mixamo" else n.upper() for n in names]
    pose = to_h36m_17(named(["Root", *spelt]), "a.bvh")
    places = named(["Root", *names]).positions[0]
    for joint, (name, of) in zip(pose[0], table.items(), strict=True):
        if (name, of) == ("head", table["neck"]):
            continue
        expected = np.mean([places[1 + names.index(name)] for name in of], 0)
        np.testing.assert_allclose(joint, expected)


def test_a_head_without_length_is_extrapolated_from_the_neck_with_a_notice():
    table = EXPORTERS["SMPL, sides spelled out"]
    names = list(dict.fromkeys(name for joint in table.values() for name in joint))
    motion, notices = named(names), Notices()
    pose = to_h36m_17(motion, "a.bvh", notice=notices)[0]
    neck, head = (motion.positions[0, names.index(name)] for name in ("Neck", "Head"))
    np.testing.assert_allclose(pose[9], head)
    np.testing.assert_allclose(pose[10] - head, head - neck)
    assert notices.about("no joint above the head's lower end")


def test_unknown_joints_are_listed_and_a_table_helps(tmp_path):
    names = [f"n{i}" for i in range(17)]
    with pytest.raises(GeoselfError) as error:
        to_h36m_17(named(names), "a.bvh")
    assert "a.bvh: joints n0, n1, n2" in str(error.value) and ".toml" in str(error.value)
    lines = [f'{joint} = "{n}"' for joint, n in zip(H36M_17.joint_names, names, strict=True)]
    lines[10] = 'head = ["n10", "n0"]'
    (tmp_path / "map.toml").write_text("\n".join(lines))
    pose = to_h36m_17(named(names), "a.bvh", read_table(tmp_path / "map.toml"))
    np.testing.assert_allclose(pose[0, :10], named(names).positions[0, :10])
    np.testing.assert_allclose(pose[0, 10], named(names).positions[0, [10, 0]].mean(0))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('pelvs = "a"', "did you mean 'pelvis'"),
        ("pelvis = 3", "pelvis - wanted one name"),
        ("pelvis = []", "pelvis - wanted one name"),
        ('pelvis = "a"', "no right_hip"),
    ],
)
def test_a_table_that_is_none_is_refused(tmp_path, text, words):
    (tmp_path / "map.toml").write_text(text)
    with pytest.raises(GeoselfError) as error:
        read_table(tmp_path / "map.toml")
    assert error.value.code == DATA and words in str(error.value)
    assert "map.toml" in str(error.value)
