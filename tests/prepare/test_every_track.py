"""A clip of every animal that has a track, if its name means the same one in all cameras."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from calibration_files import known_rig, write_anipose
from scenes import crowd, motion, pixels_of, tiny_rig
from seeing import Notices

from geoself_jax.core.errors import DATA, USAGE, GeoselfError
from geoself_jax.core.skeleton import H36M_17
from geoself_jax.prepare.choose_person import choose_person
from geoself_jax.prepare.clip import ReadOptions
from geoself_jax.prepare.every_track import every_track
from geoself_jax.prepare.own_rig import read_own_rig
from geoself_jax.prepare.rig_options import RigOptions

FRAMES = 30


def animals():
    return [motion(FRAMES), motion(FRAMES, clip=3) + np.array([1.5, 0.4, 0])]


@pytest.fixture
def views():
    return crowd(animals(), tiny_rig(), np.random.default_rng(0), tracks=True)


def renamed(view, **new):
    names = tuple(new.get(name, name) for name in view.track_names)
    return dataclasses.replace(view, track_names=names)


def test_each_name_chooses_its_animal_in_all_cameras(views):
    said, rig = [], tiny_rig()
    chosen = every_track(views, rig, said.append)
    assert list(chosen) == ["p0", "p1"] and not said
    assert chosen["p1"] == dict.fromkeys(rig.camera_names, "p1")
    for how, animal in zip(chosen.values(), animals(), strict=True):
        found = choose_person(views, rig, frames=FRAMES, fps=25, how=how)
        assert np.linalg.norm(found.keypoints_2d - pixels_of(animal, rig), axis=-1).max() < 15


@pytest.mark.parametrize("names", [("m", "m,1"), ("n", "cam2=n"), ("b", "a,cam2=b")])
def test_a_name_may_hold_what_the_flag_is_written_with(views, names):
    rig = tiny_rig()
    views = [renamed(view, p0=names[0], p1=names[1]) for view in views]
    chosen = every_track(views, rig, print)
    assert list(chosen) == [*names]
    for how in (chosen[names[1]], f"track:{names[1]}"):
        found = choose_person(views, rig, frames=FRAMES, fps=25, how=how)
        apart = np.linalg.norm(found.keypoints_2d - pixels_of(animals()[1], rig), axis=-1)
        assert apart.max() < 15


@pytest.mark.parametrize(
    ("tracks", "wrong"),
    [
        ("cam1=p0,p1", "'p1' is of no camera - write CAMERA=NAME"),
        ("cam1=p0,cam1=p1", "camera 'cam1' is there twice"),
    ],
)
def test_a_track_without_a_camera_of_its_own_is_not_dropped(views, tracks, wrong):
    with pytest.raises(GeoselfError, match=wrong) as error:
        choose_person(views, tiny_rig(), frames=FRAMES, fps=25, how=f"track:{tracks}")
    assert error.value.code == USAGE


def test_names_given_camera_by_camera_are_refused_with_who_is_who(views):
    views[2] = renamed(views[2], p0="p1", p1="p0")
    with pytest.raises(GeoselfError) as error:
        every_track(views, tiny_rig(), print)
    line = str(error.value)
    assert error.value.code == DATA and "track p0 of camera cam1 is p1 of camera cam3" in line
    assert line.endswith("--person=track:cam1=p0,cam3=p1")


def test_a_track_of_one_camera_is_left_out_and_said(views):
    said = []
    views[0] = renamed(views[0], p1="ghost")
    chosen = every_track(views, tiny_rig(), said.append)
    assert chosen == {
        "p0": dict.fromkeys(("cam1", "cam2", "cam3", "cam4"), "p0"),
        "p1": dict.fromkeys(("cam2", "cam3", "cam4"), "p1"),
    }
    assert len(said) == 1 and "tracks that no two cameras share are left out: ghost" in said[0]


def test_tracks_that_are_never_seen_together_are_left_out(views):
    rows = views[0].track == views[0].track_names.index("p1")
    late = dataclasses.replace(
        views[0], frame=np.where(rows, views[0].frame + FRAMES, views[0].frame)
    )
    two = [late, views[1]]
    said = []
    assert list(every_track(two, tiny_rig(views=2), said.append)) == ["p0"]
    assert "left out: p1" in said[0]


def test_without_tracks_there_is_no_everybody():
    views = crowd(animals(), tiny_rig(), np.random.default_rng(0))
    with pytest.raises(GeoselfError, match="several at once, no tracks - --person=all takes"):
        every_track(views, tiny_rig(), print)


def test_one_animal_without_a_track_is_the_one_that_is_there(views):
    alone = crowd(animals()[:1], tiny_rig(), np.random.default_rng(0))
    assert every_track(alone, tiny_rig(), print) == {}
    tracked = crowd(animals()[:1], tiny_rig(), np.random.default_rng(0), tracks=True)
    assert every_track([tracked[0], *alone[1:]], tiny_rig(), print) == {}
    apart = [renamed(tracked[0], p0="ghost"), *tracked[1:2], *alone[2:]]
    with pytest.raises(GeoselfError, match="tracks ghost, p0 - "):
        every_track(apart, tiny_rig(), print)


HEADS = ["scorer", "individuals", "bodyparts", "coords"]


def write_tables(folder, known, several, names):
    """A DeepLabCut table a camera; without names, of a project of one animal. Their pixels."""
    levels = [["DLC"], names, H36M_17.joint_names, ["x", "y", "likelihood"]]
    kept = [i for i, level in enumerate(levels) if level]
    columns = pd.MultiIndex.from_product([levels[i] for i in kept], names=[HEADS[i] for i in kept])
    folder.mkdir(exist_ok=True)
    found = []
    for view, camera in enumerate(known.names):
        shown = [
            dataclasses.replace(known, points=animal.reshape(-1, 3)).pixels(view)
            for animal in several
        ]
        found.append(np.array(shown).reshape(len(several), FRAMES, 17, 2))
        values = np.concatenate([found[-1], np.full((len(several), FRAMES, 17, 1), 0.9)], -1)
        table = values.swapaxes(0, 1).reshape(FRAMES, -1)
        pd.DataFrame(table, columns=columns).to_csv(folder / f"cam{camera}.csv")
    return found


def test_sessions_of_one_animal_and_of_two_are_prepared_together(tmp_path):
    known, notices = known_rig(("A", "B")), Notices()
    write_anipose(known, tmp_path / "calibration.toml", 0.001)
    write_tables(tmp_path / "pair1", known, animals(), ["female", "male"])
    single = write_tables(tmp_path / "mouse2", known, animals()[:1], [])
    write_tables(tmp_path / "mouse3", known, animals()[1:], [])
    own = RigOptions(unit="mm", fps=50.0, skeleton=H36M_17, person="all", subject_from="{name}")
    clips = [*read_own_rig([tmp_path], own, ReadOptions(notice=notices)).clips]
    names = ["mouse2", "mouse3", "pair1/female", "pair1/male"]
    assert [clip.name for clip in clips] == names
    assert [clip.subject for clip in clips] == ["mouse2", "mouse3", "pair1-female", "pair1-male"]
    np.testing.assert_allclose(clips[0].keypoints_2d[:, 0], single[0][0], atol=1e-3)
    assert [line for line in notices if "never two in a frame" in line] == [
        "mouse2; mouse3: no tracks, and never two in a frame: taken as the one that is there"
    ]


def test_deeplabcuts_individuals_become_clips_of_their_names(tmp_path):
    known = known_rig(("A", "B"))
    write_anipose(known, tmp_path / "calibration.toml", 0.001)
    pair = write_tables(tmp_path, known, animals(), ["female", "male"])
    own = RigOptions(unit="mm", fps=50.0, skeleton=H36M_17, person="all", subject="pair1")
    notices = Notices()
    clips = [*read_own_rig([tmp_path], own, ReadOptions(notice=notices)).clips]
    names = [(clip.name, clip.subject, clip.action) for clip in clips]
    folder = tmp_path.name
    assert names == [
        (f"{folder}/female", "pair1-female", folder),
        (f"{folder}/male", "pair1-male", folder),
    ]
    for number, clip in enumerate(clips):
        for view in range(2):
            np.testing.assert_allclose(clip.keypoints_2d[:, view], pair[view][number], atol=1e-3)
