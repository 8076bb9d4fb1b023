"""A clip of every animal that has a track, if its name means the same one in all cameras."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from calibration_files import known_rig, write_anipose
from scenes import crowd, motion, pixels_of, tiny_rig
from seeing import Notices

from geoself_jax.core.errors import DATA, GeoselfError
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
    assert chosen["p1"] == "track:cam1=p1,cam2=p1,cam3=p1,cam4=p1"
    for how, animal in zip(chosen.values(), animals(), strict=True):
        found = choose_person(views, rig, frames=FRAMES, fps=25, how=how)
        assert np.linalg.norm(found.keypoints_2d - pixels_of(animal, rig), axis=-1).max() < 15


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
        "p0": "track:cam1=p0,cam2=p0,cam3=p0,cam4=p0",
        "p1": "track:cam2=p1,cam3=p1,cam4=p1",
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
    with pytest.raises(GeoselfError, match="no tracks - --person=all takes tracks"):
        every_track(views, tiny_rig(), print)


def test_deeplabcuts_individuals_become_clips_of_their_names(tmp_path):
    known = known_rig(("A", "B"))
    write_anipose(known, tmp_path / "calibration.toml", 0.001)
    heads = ["scorer", "individuals", "bodyparts", "coords"]
    levels = [["DLC"], ["female", "male"], H36M_17.joint_names, ["x", "y", "likelihood"]]
    columns = pd.MultiIndex.from_product(levels, names=heads)
    pair = []
    for view, camera in enumerate(known.names):
        both = [
            dataclasses.replace(known, points=animal.reshape(-1, 3)).pixels(view)
            for animal in animals()
        ]
        pair.append(np.array(both).reshape(2, FRAMES, 17, 2))
        values = np.concatenate([pair[-1], np.full((2, FRAMES, 17, 1), 0.9)], -1)
        table = values.swapaxes(0, 1).reshape(FRAMES, -1)
        pd.DataFrame(table, columns=columns).to_csv(tmp_path / f"cam{camera}.csv")
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
