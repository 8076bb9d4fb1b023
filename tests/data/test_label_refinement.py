"""Triangulated joints refined over time and bones, from detections alone."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest

from benchmarks.ablation.damage import damaged
from benchmarks.refinement import absorbed, absorbed_in_truth, errors_px, main
from geoself_jax.core.errors import GeoselfError
from geoself_jax.data.label_refinement import refine_labels
from geoself_jax.data.recording import write
from geoself_jax.data.sources import load
from geoself_jax.data.training_set import triangulate_recording
from geoself_jax.geometry.camera import project, world_to_camera


@pytest.fixture(scope="module")
def walkers():
    """A synthetic recording, with the truth that the refinement must not need."""
    return load("synthetic:train", synthetic_frames=1500)


@pytest.fixture(scope="module")
def triangulated(walkers):
    return triangulate_recording(walkers)


@pytest.fixture(scope="module")
def refined(walkers, triangulated):
    return refine_labels(walkers.without_ground_truth(), triangulated)


def error_mm(points, recording):
    root = recording.skeleton.root
    relative = points - points[:, [root]]
    truth = recording.pose_world - recording.pose_world[:, [root]]
    return 1000 * np.nanmean(np.linalg.norm(relative - truth, axis=-1))


def spread_mm(points, recording):
    """Standard deviation of each bone's length over a subject, the mean."""
    found = []
    for joint, parent in enumerate(recording.skeleton.parents):
        if parent >= 0:
            length = np.linalg.norm(points[:, joint] - points[:, parent], axis=-1)
            found += [
                np.nanstd(length[recording.subject_id == person])
                for person in np.unique(recording.subject_id)
            ]
    return 1000 * np.mean(found)


def test_refining_brings_triangulated_joints_a_third_nearer_to_the_truth(
    walkers, triangulated, refined
):
    assert error_mm(refined, walkers) < 0.67 * error_mm(triangulated, walkers)


def test_refined_bones_vary_less(walkers, triangulated, refined):
    assert spread_mm(refined, walkers) < 0.5 * spread_mm(triangulated, walkers)


def test_refining_stays_where_exact_detections_put_the_joints(walkers):
    few = walkers.select(slice(0, 300))
    camera = few.cameras_of(slice(None)).on_device()
    truth = world_to_camera(jnp.asarray(few.pose_world)[:, None], camera)
    exact = np.asarray(project(truth, camera.K))
    perfect = dataclasses.replace(few, keypoints_2d=exact, confidence=np.ones_like(few.confidence))
    refined = refine_labels(perfect, triangulate_recording(perfect))
    assert error_mm(refined, few) < 3


def test_the_share_of_errors_that_labels_absorb_is_estimated_without_ground_truth(walkers, refined):
    near = np.nanmedian(errors_px(walkers, refined))
    true = np.nanmedian(errors_px(walkers, walkers.pose_world))
    assert true > 1.05 * near
    found = absorbed(walkers.without_ground_truth())
    assert found == pytest.approx(true / near, rel=0.04)
    assert absorbed_in_truth(walkers) == pytest.approx(true / near, rel=0.02)
    assert absorbed_in_truth(walkers.without_ground_truth()) is None


def test_two_views_are_too_few_to_estimate_it(tmp_path, walkers):
    write(damaged(walkers, ("views", 2)), tmp_path / "two.npz")
    with pytest.raises(GeoselfError, match="2 views"):
        main([f"--data={tmp_path / 'two.npz'}"])


def test_what_cannot_be_triangulated_stays_unknown_and_harms_nothing_else(
    walkers, triangulated, refined
):
    confidence = walkers.confidence.copy()
    confidence[100, :, 5] = 0  # a joint of one instant
    confidence[200:210] = 0  # nobody
    holes = dataclasses.replace(walkers, confidence=confidence).without_ground_truth()
    found = refine_labels(holes, triangulate_recording(holes))
    unknown = ~np.isfinite(found).all(-1)
    assert unknown[100, 5] and unknown[200:210].all()
    assert unknown.sum() == 1 + 10 * walkers.skeleton.joints
    far = np.r_[0:90, 260:1500]
    assert np.abs(found[far] - refined[far]).max() < 0.02


def test_frames_that_do_not_follow_each_other_are_not_smoothed(walkers, triangulated):
    apart = dataclasses.replace(walkers, frame_id=3 * walkers.frame_id)
    bones_of_any_length = {"bone_metres": 1e6}
    alone = refine_labels(apart, triangulated, **bones_of_any_length)
    each = np.concatenate(
        [
            refine_labels(apart.select(at), triangulated[at], **bones_of_any_length)
            for at in (slice(0, 700), slice(700, 1500))
        ]
    )
    assert np.abs(alone - each).max() < 1e-4
    smoothed = refine_labels(walkers, triangulated, **bones_of_any_length)
    assert np.abs(alone - smoothed).max() > 0.02


def test_refining_a_single_instant_or_nothing_works(walkers, triangulated):
    one = refine_labels(walkers.select(slice(0, 1)), triangulated[:1])
    assert np.isfinite(one).all()
    nothing = np.full_like(triangulated[:2], np.nan)
    assert np.isnan(refine_labels(walkers.select(slice(0, 2)), nothing)).all()
