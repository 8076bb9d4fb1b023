"""The tracks of one video are one scene, called by whom they are of."""

from walkers import camera, walker

from geoself_jax.view.build_scenes import scenes_from_sequences


def track(subject, video="", **changes):
    clip = f"{video}/{subject}" if video else subject
    return walker(name="lifted", clip=clip, subject=subject, **changes)


def test_tracks_of_a_video_are_one_scene():
    (scene,) = scenes_from_sequences([track("1", "walk"), track("2", "walk")])
    assert [s.name for s in scene.sequences] == ["1", "2"] and scene.name == "walk · cam0"
    assert scene.reference is None
    (scene,) = scenes_from_sequences([track("1"), track("2"), track("7")])
    assert [s.name for s in scene.sequences] == ["1", "2", "7"] and scene.name == "1 + 2 + 7 · cam0"


def test_tracks_of_two_videos_or_cameras_are_two():
    both = [track(t, video) for video in ("walk", "run") for t in ("1", "2")]
    assert [s.name for s in scenes_from_sequences(both)] == ["walk · cam0", "run · cam0"]
    other = [track(t, "walk", camera=camera(1)) for t in ("1", "2")]
    assert len(scenes_from_sequences(both[:2] + other)) == 2


def test_what_is_compared_stays_one_body():
    truth = [walker(clip=f"walk/{t}", subject=t) for t in ("1", "2")]
    lifts = [track("1", "walk"), track("2", "walk")]
    scenes = scenes_from_sequences([*lifts, *truth])
    assert [s.name for s in scenes] == ["walk/1 · cam0", "walk/2 · cam0"]
    assert all(s.reference == 1 for s in scenes)
    assert len(scenes_from_sequences([track("1", "walk"), track("1", "walk")])) == 1
