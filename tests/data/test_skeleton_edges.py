"""Skeletons from what programs draw between joints, and sides from names."""

import pytest

from geoself_jax.core.errors import DATA, GeoselfError
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.skeleton_edges import Edges, from_edges, pairs_by_name

MOUSE = ("nose", "ear_l", "ear_r", "back", "tail", "tip")
DRAWN = [("ear_l", "nose"), ("nose", "ear_r"), ("back", "nose"), ("back", "tail"), ("tail", "tip")]


def test_edges_become_a_tree_about_its_middle_whatever_their_direction():
    skeleton, said = from_edges(MOUSE, Edges("m.slp", DRAWN))
    assert skeleton == Skeleton(MOUSE, (3, 0, 0, -1, 3, 4), ((1, 2),), 3)
    assert from_edges(MOUSE, Edges("m.slp", [(b, a) for a, b in DRAWN]))[0] == skeleton
    assert said.startswith("bones as in m.slp, the root back in their middle; pairs by their names")
    assert "circles" not in said and "not joined" not in said


def test_an_edge_that_closes_a_circle_and_joints_without_an_edge_are_said():
    ears = [*DRAWN, ("ear_l", "ear_r"), ("nose", "nose"), ("nose", "whisker")]
    skeleton, said = from_edges((*MOUSE, "cage"), Edges("config.yaml", ears))
    assert skeleton.parents == (3, 0, 0, -1, 3, 4, -1) and skeleton.root == 3
    assert "left out, as they close circles: ear_l - ear_r" in said
    assert "not joined: the parts of back, cage" in said


def test_the_files_own_pairs_come_before_names_and_names_say_which_is_left():
    drawn = Edges("m.slp", DRAWN, [("ear_r", "ear_l"), ("tip", "tail")])
    skeleton, said = from_edges(MOUSE, drawn)
    assert skeleton.left_right == ((1, 2), (5, 4)) and "pairs ear_l - ear_r, tip - tail" in said
    with pytest.raises(GeoselfError, match="at most once") as refused:
        from_edges(MOUSE, Edges("m.slp", DRAWN, [("ear_r", "ear_l"), ("ear_l", "tail")]))
    assert refused.value.code == DATA


@pytest.mark.parametrize(
    ("left", "right"),
    [
        *(("left_ear", "right_ear"), ("EarLeft", "EarRight"), ("leftear", "rightear")),
        *(("LEFT EAR", "RIGHT EAR"), ("ear_l", "ear_r"), ("l_ear", "r_ear"), ("Ear-L", "Ear-R")),
        *(("EarL", "EarR"), ("lEar", "rEar"), ("LEar", "REar"), ("L1", "R1"), ("leg2_L", "leg2_R")),
        *(("L", "R"), ("ear.L.tip", "ear.R.tip")),
    ],
)
def test_sides_are_read_from_names(left, right):
    assert pairs_by_name(("tail", right, left)) == [(left, right)]


@pytest.mark.parametrize(
    "names",
    [
        ("Ear1", "Ear2"),
        ("pawl", "pawr"),
        ("left_ear", "right_eye"),
        ("ALL", "ARR"),
        ("left_ear", "leftear"),
        ("tall", "tarr"),
    ],
)
def test_sides_are_not_guessed_from_names_that_do_not_say_them(names):
    assert pairs_by_name(names) == []
