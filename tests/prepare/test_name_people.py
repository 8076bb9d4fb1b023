"""Two people are never one by chance, nor is one person two."""

from pathlib import Path

import pytest

from geoself_jax.core.errors import USAGE, GeoselfError
from geoself_jax.prepare.name_people import name_people


def named(*folders, walked=False, subject=None, subject_from=None):
    said = []
    who = name_people(
        [Path("/lab") / folder for folder in folders],
        walked=walked,
        subject=subject,
        subject_from=subject_from,
        notice=said.append,
    )
    return [(each.subject, each.clip) for each in who], "\n".join(said)


@pytest.mark.parametrize("walked", [False, True])
def test_trials_of_one_name_below_two_people_are_two_people(walked):
    who, said = named("P1/walk", "P2/walk", walked=walked)
    assert who == [("P1", "P1/walk"), ("P2", "P2/walk")]
    assert "{parent}" in said and "P1 (1), P2 (1)" in said
    assert named("anna/walk", "bela/walk")[0] == [("anna", "anna/walk"), ("bela", "bela/walk")]


def test_trials_below_one_person_are_that_person():
    for walked in (False, True):
        who, said = named("P1/walk1", "P1/walk2", walked=walked)
        assert who == [("P1", "P1/walk1"), ("P1", "P1/walk2")] and "P1 (2)" in said
    assert named("P1/walk")[0] == [("P1", "P1/walk")]


def test_folders_that_are_named_one_by_one_are_people_and_it_is_said():
    who, said = named("train/anna", "train/bela")
    assert who == [("anna", "anna"), ("bela", "bela")]
    assert "people by {name}: anna (1), bela (1)" in said and "--subject-from" in said
    assert named("train/anna", "test/mona")[0] == [("anna", "anna"), ("mona", "mona")]
    assert named("train/anna") == ([("anna", "anna")], "")


def test_a_tree_of_folders_that_may_be_people_or_trials_is_asked_about():
    with pytest.raises(GeoselfError, match="who is who") as error:
        named("train/anna", "train/bela", walked=True)
    assert error.value.code == USAGE
    assert "{name}" in str(error.value) and "{parent}" in str(error.value)
    who, _ = named("train/anna", "train/bela", walked=True, subject_from="{name}")
    assert [subject for subject, _ in who] == ["anna", "bela"]


def test_people_below_days_are_one_person_on_all_days():
    who, said = named("monday/P1", "tuesday/P1", "tuesday/P2")
    assert [subject for subject, _ in who] == ["P1", "P1", "P2"]
    assert len({clip for _, clip in who}) == 3
    assert "P1 is taken for one person in /lab/monday/P1, /lab/tuesday/P1" in said
    assert "--subject-from={parent}-{name}" in said


def test_one_name_in_two_sessions_is_one_person_and_it_is_said():
    who, said = named("s1/P1/walk", "s2/P1/walk")
    assert who == [("P1", "s1/P1/walk"), ("P1", "s2/P1/walk")]
    assert "taken for one person in /lab/s1/P1, /lab/s2/P1" in said
    who, said = named("s1/P1/walk", "s2/P1/walk", subject_from="{grandparent}-{parent}")
    assert [subject for subject, _ in who] == ["s1-P1", "s2-P1"] and "one person" not in said


def test_a_subject_that_is_given_is_everyone():
    assert named("a/x", "a/y", subject="anna") == ([("anna", "x"), ("anna", "y")], "")
    assert named("a/x", "b/x", subject="anna")[0] == [("anna", "a/x"), ("anna", "b/x")]


@pytest.mark.parametrize("template", ["parent", "{person}", "{name", "{parent}{x}"])
def test_a_level_that_does_not_exist_is_refused(template):
    with pytest.raises(GeoselfError, match="--subject-from=") as error:
        named("P1/walk", subject_from=template)
    assert error.value.code == USAGE and "{grandparent}" in str(error.value)
