"""Skeletons by name, the pelvis that some lack, maps between them, and skeletons in TOML files."""

import numpy as np
import pytest
import tomli_w

from geoself_jax.core.errors import GeoselfError
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data import skeletons
from geoself_jax.data.derive_root import derive_root
from geoself_jax.data.find_skeleton import known_skeleton, same_joints
from geoself_jax.data.joint_maps import LIMBS, joint_map, limb_joints
from geoself_jax.data.roots import Rootless, without_centroid
from geoself_jax.data.skeleton_files import named_skeleton, read_skeleton_toml
from geoself_jax.data.skeletons import (
    BODY_25,
    BODY_25B,
    COCO_17,
    COCO_18,
    H36M_17,
    HALPE_26,
    KNOWN_SKELETONS,
    MPI_INF_3DHP_17,
    MPI_INF_3DHP_28,
    PANOPTIC_19,
)

COCO = list(COCO_17.joint_names)
FACE = {"nose": [0, 0.1, 1.6], "left_eye": [0.04, 0.1, 1.64], "right_eye": [-0.02, 0.1, 1.66]}
# What each joint of Human3.6M is made of, in its order: FORMATS of MMPose and MotionBERT.
COCO_TO_H36M = [[11, 12], 12, 14, 16, 11, 13, 15, None, [5, 6], 0, [1, 2], 5, 7, 9, 6, 8, 10]
TO_H36M = {
    "halpe_26": (HALPE_26, [19, 12, 14, 16, 11, 13, 15, [18, 19], 18, 0, 17, 5, 7, 9, 6, 8, 10]),
    "body_25": (BODY_25, [8, 9, 10, 11, 12, 13, 14, [1, 8], 1, 0, [15, 16], 5, 6, 7, 2, 3, 4]),
    "3dhp_28": (
        MPI_INF_3DHP_28,
        [4, 23, 24, 25, 18, 19, 20, 3, 5, 6, 7, 9, 10, 11, 14, 15, 16],
    ),
    "3dhp_17": (MPI_INF_3DHP_17, [14, 8, 9, 10, 11, 12, 13, 15, 1, 16, 0, 5, 6, 7, 2, 3, 4]),
    "panoptic": (
        PANOPTIC_19,
        [2, 12, 13, 14, 6, 7, 8, [0, 2], 0, 1, [15, 17], 3, 4, 5, 9, 10, 11],
    ),
}


def body(skeleton, seed=0):
    """A place for each joint, (joints, 3)."""
    return np.random.default_rng(seed).normal(size=(skeleton.joints, 3))


@pytest.mark.parametrize("name", KNOWN_SKELETONS)
def test_a_known_skeleton_is_one_tree_whose_sides_are_pairs(name):
    skeleton = KNOWN_SKELETONS[name]
    assert skeleton.parents.count(-1) == 1 and skeleton.parents[skeleton.root] == -1
    sided = {i for i, n in enumerate(skeleton.joint_names) if n.startswith(("left_", "right_"))}
    assert sided == {i for pair in skeleton.left_right for i in pair}
    for left, right in skeleton.left_right:
        twin = skeleton.joint_names[right].replace("right_", "left_")
        assert skeleton.joint_names[left] == twin
        parents = [skeleton.parents[left], skeleton.parents[right]]  # the tree is symmetric too
        assert parents[0] == parents[1] or tuple(parents) in skeleton.left_right
    assert known_skeleton(skeleton.joint_names) == skeleton
    assert limb_joints(skeleton) is not None
    assert not joint_map(skeleton, H36M_17).absent


def test_places_of_some_joints_are_those_of_the_projects():
    def place(skeleton, name):
        return skeleton.joint_names.index(name)

    assert [place(COCO_17, n) for n in ("left_shoulder", "right_wrist", "right_ankle")] == [
        *(5, 10, 16)
    ]
    assert [place(COCO_18, n) for n in ("neck", "right_hip", "left_ear")] == [1, 8, 17]
    assert [place(BODY_25, n) for n in ("mid_hip", "left_hip", "right_heel")] == [8, 12, 24]
    assert [place(BODY_25B, n) for n in ("upper_neck", "head_top", "left_heel")] == [17, 18, 21]
    assert [place(HALPE_26, n) for n in ("head", "neck", "hip", "right_heel")] == [17, 18, 19, 25]
    assert [place(MPI_INF_3DHP_28, n) for n in ("pelvis", "head_top", "left_toe")] == [4, 7, 22]
    chosen = [7, 5, 14, 15, 16, 9, 10, 11, 23, 24, 25, 18, 19, 20, 4, 3, 6]
    assert [MPI_INF_3DHP_28.joint_names[i] for i in chosen] == list(MPI_INF_3DHP_17.joint_names)
    sizes = (COCO_17, COCO_18, BODY_25, BODY_25B, HALPE_26, MPI_INF_3DHP_28, PANOPTIC_19)
    assert [s.joints for s in sizes] == [17, 18, 25, 25, 26, 28, 19]


def test_an_error_names_the_joint_that_differs_from_a_known_skeleton():
    names = list(COCO)
    names[9] = "left_hand"
    with pytest.raises(GeoselfError, match=r"joint 9 is named 'left_hand' .* 'left_wrist' there"):
        known_skeleton(tuple(names))
    with pytest.raises(GeoselfError, match=r"2 joints .* no known skeleton"):
        known_skeleton(("a", "b"))


@pytest.mark.parametrize("rootless", [COCO_17, COCO_18, BODY_25B])
def test_a_pelvis_is_derived_between_the_hips_with_the_lower_confidence(rootless):
    points, confidence = body(rootless)[None].repeat(3, 0), np.full((3, rootless.joints), 0.9)
    left, right = (rootless.joint_names.index(f"{s}_hip") for s in ("left", "right"))
    points[0, left], points[0, right] = (1, 2, 3), (3, 4, 8)
    confidence[0, [left, right]] = 0.8, 0.3
    points[1, left], confidence[1, left] = np.nan, 0
    confidence[2, right] = 0
    skeleton, there, trust = derive_root(rootless, points, confidence)
    assert skeleton.joint_names == (*rootless.joint_names, "pelvis")
    assert skeleton.root == rootless.joints and skeleton in KNOWN_SKELETONS.values()
    assert {skeleton.parents[left], skeleton.parents[right]} == {skeleton.root}
    np.testing.assert_array_equal(there[0, -1], (2, 3, 5.5))
    assert trust[0, -1] == 0.3
    assert np.isnan(there[1:, -1]).all() and (trust[1:, -1] == 0).all()
    again = derive_root(skeleton, there, trust)
    assert again[0] is skeleton and again[1] is there and again[2] is trust


def test_skeletons_with_a_root_of_their_own_are_left_alone():
    for skeleton in (H36M_17, BODY_25, HALPE_26, MPI_INF_3DHP_17, PANOPTIC_19):
        points, trust = body(skeleton), np.ones(skeleton.joints)
        assert derive_root(skeleton, points, trust)[1] is points


def test_without_any_root_the_mean_of_the_seen_joints_is_one():
    bare = Rootless(("a", "b", "c", "d"), (-1, 0, -1, 2), ((0, 1),), 0, (0.01, 0.02))
    points = np.arange(16.0).reshape(2, 4, 2).repeat(2, 0).astype(np.float32)
    confidence = np.full((4, 4), 0.8, np.float32)
    points[1, 2], confidence[1, 2] = np.nan, 0
    confidence[2, :2] = 0
    confidence[3, 1:] = 0
    skeleton, there, trust = derive_root(bare, points, confidence)
    names = (*bare.joint_names, "centroid")
    assert skeleton == Skeleton(names, (-1, 0, -1, 2, -1), ((0, 1),), 4, (0.01, 0.02))
    assert there.dtype == trust.dtype == np.float32
    np.testing.assert_array_equal(there[0, 4], points[0].mean(0))
    np.testing.assert_array_equal(there[1, 4], points[1, [0, 1, 3]].mean(0))
    np.testing.assert_array_equal(there[2, 4], points[2, 2:].mean(0))
    np.testing.assert_allclose(trust[:, 4], [0.8, 0.6, 0.4, 0])
    assert np.isnan(there[3, 4]).all()  # of one joint in four: another point
    assert derive_root(skeleton, there, trust)[1] is there
    assert without_centroid(skeleton) == bare and without_centroid(COCO_17) is COCO_17


@pytest.mark.parametrize("name", TO_H36M)
def test_maps_to_human36m_are_the_published_ones(name):
    source, wanted = TO_H36M[name]
    points = body(source)
    found = joint_map(source, H36M_17).points(points)
    for joint, made_of in enumerate(wanted):
        np.testing.assert_allclose(found[joint], points[np.atleast_1d(made_of)].mean(0), atol=1e-12)


@pytest.mark.parametrize("source", [COCO_17, BODY_25B])
def test_cocos_joints_make_human36ms_as_published(source):
    points = body(source)
    found = joint_map(source, H36M_17).points(points)
    for joint, made_of in enumerate(COCO_TO_H36M):
        if made_of is not None and not (source is BODY_25B and joint == 10):
            expected = points[np.atleast_1d(made_of)].mean(0)
            np.testing.assert_allclose(found[joint], expected, atol=1e-12)
    middle = (points[[11, 12]].mean(0) + points[[5, 6]].mean(0)) / 2
    np.testing.assert_allclose(found[7], middle, atol=1e-12)
    if source is BODY_25B:
        np.testing.assert_array_equal(found[10], points[18])  # it has a top of the head


def test_3dhps_head_and_top_of_the_head_are_not_exchanged():
    for source in (MPI_INF_3DHP_28, MPI_INF_3DHP_17):
        names = source.joint_names
        mapped = joint_map(source, H36M_17)
        assert names[mapped.weights[9].argmax()] == "head"
        assert names[mapped.weights[10].argmax()] == "head_top"
        back = joint_map(H36M_17, source)
        assert back.weights[names.index("head_top")].argmax() == 10
        assert back.weights[names.index("head")].argmax() == 9
        assert back.weights[names.index("neck")].argmax() == 8  # not Human3.6M's `neck`, 9


def test_exact_derived_and_absent_joints_are_reported():
    there = joint_map(COCO_17, H36M_17)
    assert there.derived == ("pelvis", "spine", "thorax", "neck", "head") and not there.absent
    assert set(there.exact) == set(LIMBS)
    assert joint_map(BODY_25, H36M_17).derived == ("spine", "thorax", "neck", "head")
    back = joint_map(H36M_17, COCO_17)
    assert back.absent == ("left_eye", "right_eye", "left_ear", "right_ear")
    assert back.derived == ("nose",)
    assert "nose derived from other joints" in back.summary()
    assert "right_ear absent: not counted" in back.summary()
    same = joint_map(H36M_17, H36M_17)
    np.testing.assert_array_equal(same.weights, np.eye(17))
    assert not same.summary()


def test_a_derived_joint_is_as_sure_as_the_least_sure_it_is_made_of():
    pixels, trust = body(COCO_17)[None, :, :2].repeat(2, 0), np.full((2, 17), 0.9, np.float32)
    trust[0, [5, 6, 11, 12, 2]] = 0.8, 0.7, 0.6, 0.5, 0.4
    pixels[1, 5], trust[1, 5] = np.nan, 0
    there, sure = joint_map(COCO_17, H36M_17).detections(pixels, trust)
    named = dict(zip(H36M_17.joint_names, sure[0], strict=True))
    wanted = {"pelvis": 0.5, "spine": 0.5, "thorax": 0.7, "neck": 0.9, "head": 0.4}
    assert {name: round(float(named[name]), 6) for name in wanted} == wanted
    assert sure.dtype == np.float32
    for joint in (7, 8, 11):  # spine, thorax, left shoulder
        assert np.isnan(there[1, joint]).all() and sure[1, joint] == 0
    assert np.isfinite(np.delete(there[1], [7, 8, 11], 0)).all()
    blank, none = joint_map(H36M_17, COCO_17).detections(pixels, trust)
    assert np.isnan(blank[0, 1:5]).all() and (none[0, 1:5] == 0).all()


def test_a_hand_worked_body_is_mapped_between_human36m_and_coco():
    coco = dict.fromkeys(COCO, [np.nan] * 3) | FACE
    coco |= {"left_shoulder": [0.2, 0, 1.4], "right_shoulder": [-0.2, 0, 1.5]}
    coco |= {"left_hip": [0.1, 0, 0.9], "right_hip": [-0.1, 0.2, 0.9]}
    found = joint_map(COCO_17, H36M_17).points(np.array([coco[name] for name in COCO]))
    named = dict(zip(H36M_17.joint_names, np.round(found, 6).tolist(), strict=True))
    assert named["pelvis"] == [0, 0.1, 0.9] and named["thorax"] == [0, 0, 1.45]
    assert named["spine"] == [0, 0.05, 1.175]
    assert named["neck"] == [0, 0.1, 1.6] and named["head"] == [0.01, 0.1, 1.65]
    assert np.isnan(named["left_knee"]).all()


def test_own_skeletons_are_mapped_by_the_names_they_share():
    own = skeletons.from_parents({"hip": "", "tail": "hip", "left_knee": "hip"}, "hip")
    there = joint_map(own, H36M_17)
    assert there.exact == ("pelvis", "left_knee") and len(there.absent) == 15
    assert limb_joints(own) is None
    assert joint_map(own, own).exact == own.joint_names


GOOD = {
    "joints": ["hips", "chest", "left_paw", "right_paw"],
    "root": "hips",
    "bones": [["hips", "chest"], ["left_paw", "chest"], ["chest", "right_paw"]],
    "left_right": [["left_paw", "right_paw"]],
}
PARENTS = {"chest": "hips", "left_paw": "chest", "right_paw": "chest"}


def written(tmp_path, **changes):
    path = tmp_path / "dog.toml"
    values = {k: v for k, v in {**GOOD, **changes}.items() if v is not None}
    path.write_text(tomli_w.dumps(values))
    return path


def test_an_own_skeleton_is_read_from_bones_or_from_parents(tmp_path):
    by_bones = read_skeleton_toml(written(tmp_path))
    assert by_bones == skeletons.Skeleton(tuple(GOOD["joints"]), (-1, 0, 1, 1), ((2, 3),), 0)
    by_parents = named_skeleton(str(written(tmp_path, bones=None, parents=PARENTS)))
    assert by_parents == by_bones
    assert read_skeleton_toml(written(tmp_path, left_right=None)).left_right == ()
    upside = read_skeleton_toml(written(tmp_path, root="chest"))
    assert upside.parents == (1, -1, 1, 1) and upside.root == 1


def test_a_skeleton_without_a_root_may_be_several_trees(tmp_path):
    bones = [["chest", "left_paw"], ["hips", "right_paw"]]
    read = read_skeleton_toml(written(tmp_path, root="centroid", bones=bones))
    assert read == Rootless(tuple(GOOD["joints"]), (-1, -1, 1, 0), ((2, 3),), 0)
    parents = {"left_paw": "chest", "right_paw": "hips"}
    table = written(tmp_path, root="centroid", bones=None, parents=parents)
    assert read_skeleton_toml(table) == read
    assert read_skeleton_toml(written(tmp_path, root="centroid", bones=[])).bones == ()
    joints = [*GOOD["joints"], "centroid"]
    own = written(tmp_path, joints=joints, bones=[*GOOD["bones"], ["centroid", "hips"]])
    assert type(read_skeleton_toml(own)) is Skeleton  # a joint of that name is one


@pytest.mark.parametrize("left_out", [{"bones": None}, {"bones": []}])
def test_bones_may_be_left_out(tmp_path, left_out):
    read = read_skeleton_toml(written(tmp_path, **left_out))
    assert read == Skeleton(tuple(GOOD["joints"]), (-1,) * 4, ((2, 3),), 0)


def test_a_joint_without_a_name_is_refused_wherever_it_comes_from():
    with pytest.raises(GeoselfError, match="one is blank - name every joint") as refused:
        Skeleton(("hips", " "), (-1, 0), (), 0)
    assert refused.value.code == 65


def test_a_flag_names_a_known_skeleton(tmp_path):
    assert named_skeleton("coco_17") is COCO_17
    with pytest.raises(
        GeoselfError, match=r"skeleton 'coco17' .*did you mean 'coco_17'"
    ) as refused:
        named_skeleton("coco17")
    assert refused.value.code == 64
    with pytest.raises(GeoselfError, match=r"no\.toml") as refused:
        named_skeleton(str(tmp_path / "no.toml"))
    assert refused.value.code == 66


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"joints": None}, "joints is not there - wanted a list of joint names"),
        ({"joints": []}, r"joints is \[\]"),
        ({"joints": ["a", 3]}, r"joints is \['a', 3\]"),
        ({"joints": ["a", "b", "a"]}, "joints: 'a' twice"),
        ({"joints": [*GOOD["joints"], " "]}, "joints: ' ' - is blank - name the joint"),
        ({"joints": [*GOOD["joints"], ""]}, "joints: '' - is blank"),
        ({"joints": [*GOOD["joints"], "a\x1b[2J"]}, r"'a\\x1b\[2J' - has control characters"),
        ({"body_metres": [0.1]}, r"body_metres is \[0.1\] - wanted the smallest and the largest"),
        ({"body_metres": [0.2, 0.1]}, r"body_metres \(0.2, 0.1\)"),
        ({"root": None}, "root is not there"),
        ({"root": 0}, "root: 0 - wanted a joint's name"),
        ({"root": "hip"}, "root: no joint 'hip' - did you mean 'hips'"),
        ({"root": "centroid", "bones": [*GOOD["bones"], ["hips", "left_paw"]]}, "closes a circle"),
        ({"rot": "hips"}, "'rot' - did you mean 'root'"),
        ({"parents": PARENTS}, "both bones and parents"),
        ({"bones": [["hips", "chset"]]}, "bones: no joint 'chset' - did you mean 'chest'"),
        ({"bones": [["hips"]]}, r"bones: \['hips'\] - wanted a pair"),
        ({"bones": "hips"}, "bones is 'hips'"),
        ({"bones": GOOD["bones"][:2]}, "none joins 'right_paw' to the root 'hips'"),
        ({"bones": [*GOOD["bones"], ["hips", "left_paw"]]}, "closes a circle"),
        ({"left_right": [["left_paw", "right_pow"]]}, "left_right: no joint 'right_pow'"),
        ({"left_right": [["left_paw", "right_paw"]] * 2}, "at most once"),
        ({"bones": None, "parents": {"chest": "hips"}}, "parents: none for 'left_paw'"),
        ({"bones": None, "parents": {**PARENTS, "chest": "left_paw"}}, "chest - left_paw - chest"),
        ({"bones": None, "parents": {**PARENTS, "hips": "chest"}}, "the root 'hips' has the par"),
        ({"bones": None, "parents": {**PARENTS, "tail": "hips"}}, "parents: no joint 'tail'"),
        ({"bones": None, "parents": 3}, "parents is 3"),
    ],
)
def test_a_skeleton_file_that_contradicts_itself_is_refused(tmp_path, changes, words):
    with pytest.raises(GeoselfError, match=words) as refused:
        read_skeleton_toml(written(tmp_path, **changes))
    assert refused.value.code == 65 and str(refused.value).count("dog.toml") == 1


ALIKE = ("nose", "ear 1", "ear_1", "tail", "Tail")


def test_names_that_only_spelling_tells_apart_are_joints_of_their_own():
    other = ("Nose", "ear_1", "ear 1", "Tail", "tail")
    bare = [Skeleton(names, (-1,) * 5, (), 0) for names in (ALIKE, other)]
    assert same_joints(ALIKE, ("NOSE", *ALIKE[1:])) and not same_joints(ALIKE, other)
    mapped = joint_map(*bare)
    assert mapped.weights.argmax(1).tolist() == [0, 2, 1, 4, 3] and not mapped.absent
