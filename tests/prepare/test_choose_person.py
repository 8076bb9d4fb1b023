"""One person is chosen from several, by track, by size, or by where the cameras agree."""

import dataclasses
import re

import numpy as np
import pytest
from scenes import crowd, instances, motion, pixels_of, tiny_rig

from geoself_jax.core.errors import DATA, USAGE, GeoselfError
from geoself_jax.prepare.choose_person import choose_person

FRAMES = 40
FPS = 25.0


@pytest.fixture
def rig():
    return tiny_rig()


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def two_people():
    """One person who is there all the time, and another at 1.5 m."""
    return [motion(FRAMES, clip=0), motion(FRAMES, clip=3) + np.array([1.5, 0.4, 0])]


def choose(views, rig, how="auto", frames=FRAMES):
    """What was chosen with a row for every frame."""
    chosen = choose_person(views, rig, frames=frames, fps=FPS, how=how)
    at, (_, *shape) = chosen.frame, chosen.keypoints_2d.shape
    assert (np.diff(at) > 0).all() and (chosen.confidence > 0).any((1, 2)).all()
    keypoints_2d, confidence = np.full((frames, *shape), np.nan), np.zeros((frames, *shape[:-1]))
    keypoints_2d[at], confidence[at] = chosen.keypoints_2d, chosen.confidence
    frame = np.arange(frames)
    return chosen._replace(frame=frame, keypoints_2d=keypoints_2d, confidence=confidence)


def error_of(chosen, person, rig):
    """Median and largest pixels between what was chosen and a person; nothing may be missing."""
    distance = np.linalg.norm(chosen.keypoints_2d - pixels_of(person, rig), axis=-1)
    assert np.isfinite(distance).all()
    return np.median(distance), distance.max()


def test_a_single_person_is_taken_as_is(rig, rng):
    person = motion(FRAMES)
    chosen = choose(crowd([person], rig, rng), rig)
    assert error_of(chosen, person, rig)[1] < 15
    assert (chosen.confidence == np.float32(0.9)).all()


def test_frames_without_anybody_stay_empty(rig, rng):
    person = motion(FRAMES)
    person[7:10] = np.nan
    chosen = choose(crowd([person], rig, rng), rig)
    assert np.isnan(chosen.keypoints_2d[7:10]).all() and (chosen.confidence[7:10] == 0).all()
    assert np.isfinite(chosen.keypoints_2d[[6, 10]]).all()


def test_a_bystander_of_one_camera_is_left_out(rig, rng):
    person = motion(FRAMES)
    views = crowd([person], rig, rng)
    other = pixels_of(person + np.array([0.9, 0, 0]), rig)[:, 2]
    pixels = np.concatenate([views[2].keypoints_2d, other])
    views[2] = instances(pixels, np.tile(np.arange(FRAMES), 2), FRAMES, source="cam3")
    chosen = choose(views, rig)
    assert error_of(chosen, person, rig)[1] < 15
    assert "of 1 people in whom cameras agree" in chosen.note


def test_two_people_at_the_same_time_are_ambiguous_and_the_error_lists_the_options(rig, rng):
    with pytest.raises(GeoselfError) as error:
        choose(crowd(two_people(), rig, rng), rig)
    line = str(error.value)
    assert error.value.code == DATA
    for word in ("2 people", "40, 40 frames of 40", "consistent:1", "largest", "track:NAME"):
        assert word in line


def test_of_a_body_that_is_no_person_s_no_person_is_spoken_of(rig, rng):
    names = tuple(f"paw{joint}" for joint in range(17))
    views = [
        dataclasses.replace(view, skeleton=dataclasses.replace(view.skeleton, joint_names=names))
        for view in crowd(two_people(), rig, rng)
    ]
    notes = [choose(views, rig, how).note for how in ("largest", "consistent:1")]
    notes.append(choose([view_of_one(view) for view in views], rig).note)
    for how in ("auto", "only", "consistent:9"):
        with pytest.raises(GeoselfError) as error:
            choose(views, rig, how)
        notes.append(str(error.value).replace("--person", ""))
    for note in notes:
        assert "individual" in note and not re.search(r"person|people", note), note


def view_of_one(view):
    """The first found in each frame."""
    rows = np.unique(view.frame, return_index=True)[1]
    arrays = {name: getattr(view, name)[rows] for name in ("frame", "keypoints_2d", "confidence")}
    return dataclasses.replace(view, track=view.track[rows], **arrays)


@pytest.mark.parametrize("rank", [1, 2])
def test_the_person_seen_longest_or_the_next_can_be_asked_for(rig, rng, rank):
    people = two_people()
    people[1][30:] = np.nan
    chosen = choose(crowd(people, rig, rng), rig, f"consistent:{rank}")
    if rank == 1:
        assert error_of(chosen, people[0], rig)[1] < 15
    else:
        part = dataclasses_slice(chosen, 30)
        assert error_of(part, people[1][:30], rig)[1] < 15
        assert np.isnan(chosen.keypoints_2d[30:]).all()


def dataclasses_slice(chosen, frames):
    return chosen._replace(
        keypoints_2d=chosen.keypoints_2d[:frames], confidence=chosen.confidence[:frames]
    )


def test_somebody_who_passes_by_does_not_make_it_ambiguous(rig, rng):
    people = two_people()
    people[1][5:] = np.nan
    chosen = choose(crowd(people, rig, rng), rig)
    assert error_of(chosen, people[0], rig)[1] < 15


def test_a_rank_beyond_the_people_there_are_is_refused(rig, rng):
    with pytest.raises(GeoselfError, match=r"consistent:3 - 2 people were found"):
        choose(crowd(two_people(), rig, rng), rig, "consistent:3")


def test_one_leaves_and_another_comes_later(rig, rng):
    people = two_people()
    people[0][15:], people[1][:20] = np.nan, np.nan
    views = crowd(people, rig, rng)
    chosen = choose(views, rig, "consistent")
    assert np.isfinite(chosen.keypoints_2d[:15]).all()
    assert np.isfinite(chosen.keypoints_2d[20:]).all()


@pytest.mark.parametrize("size", [1, 0.05, 0.002])
def test_bodies_are_followed_by_their_size_of_people_mice_and_flies_alike(rig, rng, size):
    people = two_people()
    people[0][15:20], people[1][:15] = np.nan, np.nan
    views = crowd(people, rig, rng)  # pixels do not know how large the room is
    small = dataclasses.replace(rig, center=rig.center * size)
    chosen = choose(views, small, "consistent:1")
    there = np.isfinite(people[0]).all((1, 2))
    assert (np.isfinite(chosen.keypoints_2d).all((1, 2, 3)) == there).all()
    wanted = pixels_of(people[0], rig)[there]
    assert np.linalg.norm(chosen.keypoints_2d[there] - wanted, axis=-1).max() < 15


@pytest.mark.parametrize("number", [0, 1])
def test_a_track_is_followed_by_its_name(rig, rng, number):
    people = two_people()
    chosen = choose(crowd(people, rig, rng, tracks=True), rig, f"track:p{number}")
    assert error_of(chosen, people[number], rig)[1] < 15


def test_tracks_may_have_another_name_in_each_camera(rig, rng):
    people = two_people()
    views = crowd(people, rig, rng, tracks=True)
    chosen = choose(views, rig, "track:cam1=p1,cam2=p1,cam4=p1")
    assert np.isnan(chosen.keypoints_2d[:, 2]).all()
    distance = np.linalg.norm(chosen.keypoints_2d - pixels_of(people[1], rig), axis=-1)
    assert np.nanmax(distance) < 15


def test_the_largest_is_the_nearest(rig, rng):
    people = two_people()
    chosen = choose(crowd(people, rig, rng), rig, "largest")
    depth = [np.linalg.norm(p.mean(1)[:, None] - rig.center, axis=-1) for p in people]
    nearer = np.abs(depth[0] - depth[1]) > 1  # where it is plain
    assert nearer.any()
    for number, person in enumerate(people):
        mine = nearer & (depth[number] < depth[1 - number])
        distance = np.linalg.norm(chosen.keypoints_2d - pixels_of(person, rig), axis=-1)
        assert distance[mine].max() < 15


@pytest.mark.parametrize(
    ("how", "code", "words"),
    [
        ("track:p9", DATA, ["cam1", "no track 'p9'", "did you mean 'p"]),
        ("track:camX=p1", USAGE, ["no camera 'camX'"]),
        ("biggest", USAGE, ["--person=biggest", "largest"]),
        ("only", DATA, ["2 people at frame 0 of cam1", "--person=largest"]),
    ],
)
def test_what_cannot_be_chosen_is_refused_in_one_line(rig, rng, how, code, words):
    with pytest.raises(GeoselfError) as error:
        choose(crowd(two_people(), rig, rng, tracks=True), rig, how)
    assert error.value.code == code
    for word in words:
        assert word in str(error.value)


def test_nobody_in_whom_cameras_agree(rng):
    rig = tiny_rig(views=2)
    views = crowd(two_people(), rig, rng)
    lower = views[1].keypoints_2d + np.float32([0, 400])
    views[1] = dataclasses.replace(views[1], keypoints_2d=lower)
    with pytest.raises(GeoselfError, match="no person in whom two cameras agree"):
        choose(views, rig)
