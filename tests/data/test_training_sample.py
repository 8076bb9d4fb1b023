import dataclasses

import numpy as np
import pytest

from geoself_jax.core.errors import GeoselfError
from geoself_jax.core.skeleton import H36M_17
from geoself_jax.data import pose_novelty as novelty
from geoself_jax.data import training_sample as kept

UP = np.array([0.0, 0.0, 1.0])


@pytest.fixture(scope="module")
def sample(tiny_recording):
    return kept.sample_training(tiny_recording, tiny_recording.pose_world, 1.0)


def distances(world, recording, sample, subject_id=None):
    """mm on the median training body."""
    who = recording.subject_id if subject_id is None else subject_id
    size = novelty.total_bones(world, who, recording.skeleton)
    terms = novelty.terms_of(novelty.upright(world, size, UP, 0), 0)
    known = novelty.terms_of(sample.poses, 0)
    return 1000 * sample.bones * novelty.nearest(terms, known, np.array(H36M_17.mirror))


def turned_about_up(world, radians):
    cos, sin = np.cos(radians), np.sin(radians)
    return world @ np.array([[cos, sin, 0], [-sin, cos, 0], [0, 0, 1.0]])


def test_training_poses_are_near_however_they_face_stand_and_however_large_they_are(
    tiny_recording, sample
):
    world = tiny_recording.pose_world.astype(np.float64)
    assert len(sample.poses) == tiny_recording.frames  # fewer than are kept at most
    mirrored = (world * [-1, 1, 1])[:, list(H36M_17.mirror)]
    for same in (
        world,
        turned_about_up(world, 2.0) + [3, -4, 0.5],
        1.4 * turned_about_up(world, -1.0),
        turned_about_up(mirrored, 0.7),
    ):
        # mirrored bones of this body are as long to 1 mm; half precision is 1 mm of a body
        assert distances(same, tiny_recording, sample).max() < 3


def test_a_pose_laid_over_is_far(tiny_recording, sample):
    lying = tiny_recording.pose_world[..., [0, 2, 1]] * np.array([1, 1, -1.0])
    assert distances(lying, tiny_recording, sample).min() > 200


def test_the_distance_is_the_least_over_all_turns_by_search(tiny_recording, sample):
    world = tiny_recording.pose_world[7:8].astype(np.float64)
    world[0, 13] += [0.2, -0.1, 0.15]
    one = sample._replace(poses=sample.poses[100:101])
    size = novelty.total_bones(tiny_recording.pose_world, tiny_recording.subject_id, H36M_17)[7:8]
    pose = novelty.upright(world, size, UP, 0)[0]
    other = one.poses[0]
    swapped = (other * [-1, 1, 1])[list(H36M_17.mirror)]
    angles = np.linspace(0, 2 * np.pi, 3601)
    found = [
        np.linalg.norm(np.stack([turned_about_up(each, a) for a in angles]) - pose, axis=-1)
        for each in (other, swapped)
    ]
    by_search = min(np.sqrt((each[:, 1:] ** 2).mean(-1)).min() for each in found)
    known = novelty.terms_of(one.poses, 0)
    by_formula = novelty.nearest(novelty.terms_of(pose[None], 0), known, np.array(H36M_17.mirror))
    np.testing.assert_allclose(by_formula, by_search, rtol=1e-4)


def test_missing_joints_are_left_out_and_half_a_pose_is_unknown(tiny_recording, sample):
    world = tiny_recording.pose_world.copy()
    world[0, [6, 13]] = np.nan
    world[1, 5:] = np.nan
    found = distances(world, tiny_recording, sample)
    assert found[0] < 3 and np.isnan(found[1]) and np.isfinite(found[2:]).all()


def test_poses_far_from_all_others_are_kept_first(tiny_recording):
    world = np.repeat(tiny_recording.pose_world, 10, axis=0).astype(np.float64)
    lying = 1234
    world[lying] = world[lying][:, [0, 2, 1]] * [1, 1, -1.0]
    size = np.full(len(world), 4.0)
    terms = novelty.terms_of(novelty.upright(world, size, UP, 0), 0)
    chosen = novelty.spread_out(terms, 3, np.array(H36M_17.mirror))
    assert lying in chosen and len(chosen) == 3


def test_broken_triangulations_and_ground_truth_are_not_in_it(tiny_recording):
    world = tiny_recording.pose_world.copy()
    world[5, 13] += 2.0  # a forearm of two metres
    other = dataclasses.replace(tiny_recording, pose_world=np.full_like(world, np.nan))
    found = kept.sample_training(other, world, 1.0)
    assert len(found.poses) == tiny_recording.frames - 1
    assert np.isfinite(found.poses).all()


def test_it_is_read_as_it_was_written_and_is_small(sample, tmp_path):
    kept.write_sample(tmp_path / kept.FILE, sample)
    read = kept.read_sample(tmp_path, H36M_17)
    for a, b in zip(read, sample, strict=True):
        np.testing.assert_array_equal(a, b)
    assert kept.read_sample(tmp_path / "elsewhere", H36M_17) is None
    many = sample._replace(poses=np.random.default_rng(0).normal(size=(1024, 17, 3)))
    kept.write_sample(tmp_path / kept.FILE, many)
    assert (tmp_path / kept.FILE).stat().st_size < 300_000


def test_without_a_vertical_or_bones_there_are_no_poses(tiny_recording):
    flat = dataclasses.replace(tiny_recording, world_up=None)
    found = kept.sample_training(flat, tiny_recording.pose_world, 1.0)
    assert len(found.poses) == 0 and len(found.views)
    points = dataclasses.replace(tiny_recording.skeleton, parents=(-1,) * 17)
    loose = dataclasses.replace(tiny_recording, skeleton=points)
    assert len(kept.sample_training(loose, tiny_recording.pose_world, 1.0).poses) == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": np.array("geoself-training-sample/2")}, "geoself-training-sample/1"),
        ({"poses": np.full((4, 17, 3), np.nan, np.float16)}, "finite"),
        ({"poses": np.zeros((4, 16, 3), np.float16)}, "finite"),
        ({"poses": np.zeros((4, 17, 3), np.int32)}, "another kind"),
        ({"bones": np.array(-1.0)}, "above 0"),
        ({"unit": np.array(np.nan)}, "above 0"),
        ({"views": np.zeros(3)}, "another kind"),
        ({"joint_names": np.array(["a"] * 17)}, "joints"),
    ],
)
def test_damaged_files_are_refused_in_one_line(sample, tmp_path, change, words):
    kept.write_sample(tmp_path / kept.FILE, sample)
    with np.load(tmp_path / kept.FILE) as file:
        arrays = dict(file)
    np.savez(tmp_path / kept.FILE, **arrays | change)
    with pytest.raises(GeoselfError, match=words) as raised:
        kept.read_sample(tmp_path, H36M_17)
    assert raised.value.code == 65 and kept.FILE in str(raised.value)


def test_the_same_detections_have_the_same_fingerprints(tiny_recording):
    own = tiny_recording.keypoints_2d
    seen = kept.fingerprints(own)
    assert len(np.unique(seen)) == seen.size
    moved = own.copy()
    moved[3, 1, 4] += 0.3
    assert (kept.fingerprints(moved) != seen).sum() == 1
    nobody = np.full_like(own, np.nan)
    assert not kept.fingerprints(nobody).any()


def test_a_run_that_starts_from_another_keeps_what_that_was_trained_on_too(tiny_recording, sample):
    half = tiny_recording.frames // 2
    first, last = (
        kept.sample_training(part, part.pose_world, 1.0)
        for part in (
            tiny_recording.select(np.arange(half)),
            tiny_recording.select(np.arange(half, 2 * half)),
        )
    )
    both = kept.together(last, first)
    assert distances(tiny_recording.pose_world, tiny_recording, last).max() > 20
    assert distances(tiny_recording.pose_world, tiny_recording, both).max() < 3
    assert len(both.views) == len(first.views) + len(last.views)
    alone = kept.together(last, first._replace(joint_names=first.joint_names[::-1]))
    assert len(alone.poses) == len(last.poses)
    assert set(alone.clips) == {*first.clips, *last.clips}


def test_a_sample_of_many_cameras_is_read_again(tiny_recording, tmp_path):
    views = np.arange(tiny_recording.views).repeat(600 // tiny_recording.views)
    many = tiny_recording.keypoints_2d[:, views] + np.arange(len(views))[:, None, None] / 10
    recording = dataclasses.replace(tiny_recording, keypoints_2d=many)
    sample = kept.sample_training(recording, tiny_recording.pose_world, 1.0)
    kept.write_sample(tmp_path / kept.FILE, sample)
    again = kept.read_sample(tmp_path, H36M_17)
    assert again is not None and np.isin(again.views, kept.fingerprints(many)).all()
