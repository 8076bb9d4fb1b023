"""Two people are never one by chance, nor is one person two."""

from pathlib import Path

import pytest

from geoself_jax.core.errors import USAGE, GeoselfError
from geoself_jax.prepare.name_people import name_people


def named(*folders, walked=False, roots=None, subject=None, subject_from=None):
    said = []
    roots = roots or (["."] * len(folders) if walked else folders)
    who = name_people(
        [Path("/lab") / folder for folder in folders],
        roots=[Path("/lab") / root for root in roots],
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
    assert "subjects by {name}: anna (1), bela (1)" in said and "--subject-from" in said
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
    assert "P1 is taken for one subject in /lab/monday/P1, /lab/tuesday/P1" in said
    assert "--subject-from={parent}-{name}" in said


def test_one_name_in_two_sessions_is_one_person_and_it_is_said():
    who, said = named("s1/P1/walk", "s2/P1/walk")
    assert who == [("P1", "s1/P1/walk"), ("P1", "s2/P1/walk")]
    assert "taken for one subject in /lab/s1/P1, /lab/s2/P1" in said
    who, said = named("s1/P1/walk", "s2/P1/walk", subject_from="{grandparent}-{parent}")
    assert [subject for subject, _ in who] == ["s1-P1", "s2-P1"] and "one subject" not in said


def test_one_recording_that_is_called_like_a_trial_is_said():
    who, said = named("anna/walk1")
    assert who == [("walk1", "walk1")] and "the subject is called walk1; --subject=NAME" in said


def test_a_subject_that_is_given_is_everyone():
    assert named("a/x", "a/y", subject="anna") == ([("anna", "x"), ("anna", "y")], "")
    assert named("a/x", "b/x", subject="anna")[0] == [("anna", "a/x"), ("anna", "b/x")]


@pytest.mark.parametrize("template", ["parent", "{person}", "{name", "{parent}{x}"])
def test_a_level_that_does_not_exist_is_refused(template):
    with pytest.raises(GeoselfError, match="--subject-from=") as error:
        named("P1/walk", subject_from=template)
    assert error.value.code == USAGE and "{grandparent}" in str(error.value)


def test_folders_that_are_named_are_people_whether_they_hold_one_trial_or_several():
    for people in (("P1", "P2", "P3"), ("anna", "bela", "cleo")):
        roots = [f"s3/{people[n]}" for n in (0, 0, 1, 2)]
        folders = [f"{roots[0]}/a", f"{roots[0]}/b", roots[2], roots[3]]
        who, said = named(*folders, roots=roots)
        assert [subject for subject, _ in who] == [people[0], *people]
        assert f"subjects by folder: {people[0]} (2), {people[1]} (1)" in said


DAYS = ("2024-01-01", "2024_01_02", "20240103", "240104", "monday", "day2", "ses-01")


@pytest.mark.parametrize("day", DAYS)
@pytest.mark.parametrize("inner", ["", "/pose-2d"])
def test_a_date_is_no_person_whatever_is_below_it(day, inner):
    for first, second in (("mouse1", "mouse2"), ("anna", "bela")):
        days = [f"{first}/{day}", f"{first}/2023-12-31", f"{second}/{day}"]
        for below in ("", f"{inner}/trial1"):
            who, said = named(*(each + below for each in days), walked=True)
            assert [subject for subject, _ in who] == [first, first, second]
            level = "{grandparent}" if below else "{parent}"
            assert f"subjects by {level}: {first} (2), {second} (1)" in said
            assert "--subject-from={great" not in said and "one subject" not in said


def test_a_folder_that_programs_name_is_no_person_and_no_level():
    trials = ("P1/walk1/pose", "P1/walk2/pose", "P2/walk1/pose")
    who, said = named(*trials)
    assert who == [("P1", "P1/walk1"), ("P1", "P1/walk2"), ("P2", "P2/walk1")]
    assert "subjects by {parent}: P1 (2), P2 (1)" in said
    assert named(*trials, subject_from="{parent}")[0] == who
    assert named("P2/walk1/pose")[0] == [("P2", "P2/walk1")]
    assert named("anna/json")[0] == [("anna", "anna")]


@pytest.mark.parametrize(
    ("folders", "walked", "answers"),
    [
        (["anna/walk1", "anna/walk2"], False, ["{name} for walk1, walk2", "{parent} for anna"]),
        (["lab/2024-01-01"], False, ["{name} for 2024-01-01", "{parent} for lab"]),
        (["lab/monday/x", "lab/tuesday/x"], True, ["{name} for x", "{grandparent} for lab"]),
        (["anna/pre/x", "bela/pre/x"], True, ["{parent} for pre", "{grandparent} for anna, bela"]),
        (["P1/S1", "P1/S2"], True, ["{name} for S1, S2", "{parent} for P1"]),
        (["S1/s1", "S2/s1"], True, ["{name} for s1", "{parent} for S1, S2"]),
        (["train/walk1", "test/walk1"], True, ["{name} for walk1", "{parent} for train, test"]),
        (["anna/x", "anna/y", "bela"], True, ["{name} for x, y, bela", "anna, lab"]),
    ],
)
def test_what_names_do_not_decide_is_asked_with_both_answers(folders, walked, answers):
    with pytest.raises(GeoselfError, match="who is who") as error:
        named(*folders, walked=walked)
    assert error.value.code == USAGE
    for answer in answers:
        assert answer in str(error.value)


@pytest.mark.parametrize("kind", ["m", "M-", "rat", "fly", "Mouse_", "zebrafish", "ind", "monkey "])
def test_animals_with_a_number_are_subjects(kind):
    one, two = f"{kind}5", f"{kind}12"
    for folders, subjects in (
        ([f"{one}/2024-01-01", f"{one}/2024-01-02"], [one, one]),
        ([f"lab/{one}", f"lab/{two}"], [one, two]),
        ([f"{one}/s1", f"{one}/s2", f"{two}/s1"], [one, one, two]),
    ):
        assert [subject for subject, _ in named(*folders, walked=True)[0]] == subjects


def test_m_may_be_a_motion_of_somebody_with_a_surer_name():
    who, _ = named("P1/m1", "P1/m2", "P2/m1", walked=True)
    assert [subject for subject, _ in who] == ["P1", "P1", "P2"]
    with pytest.raises(GeoselfError, match="who is who") as error:
        named("S1/m1", "S1/m2", "S2/m1", walked=True)
    assert "{name} for m1, m2" in str(error.value) and "{parent} for S1, S2" in str(error.value)
