"""The second model of a detector errs as the real clip's does, and as its numbers say."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from geoself_jax.core.errors import GeoselfError
from geoself_jax.core.skeleton import H36M_17
from geoself_jax.data.sources import load
from geoself_jax.data.synthetic import generate, smooth_detector
from geoself_jax.data.synthetic.smooth_detector import EXCHANGED, SIZE, azimuth_of, detect

FPS, FRAMES, VIEWS = 25.0, 6000, 6
MIRROR = H36M_17.mirror
METRES = 0.004
PAIRED = [joint for joint in range(17) if MIRROR[joint] != joint]


@pytest.fixture(scope="module")
def places():
    """Pixels of a body far wider than any error, and slow turns on the spot."""
    rng = np.random.default_rng(1)
    pixels = np.broadcast_to(rng.uniform(0, 1000, (1, 1, 17, 2)), (FRAMES, VIEWS, 17, 2))
    turn = np.cumsum(rng.normal(0, 0.03, FRAMES))[:, None] + 2 * np.pi * np.arange(VIEWS) / VIEWS
    return pixels, turn


def seen(places, seed=0, **changes):
    pixels, azimuth = places
    options = {"fps": FPS, "mirror": MIRROR, "azimuth": azimuth} | changes
    return detect(pixels, np.array(METRES), np.random.default_rng(seed), **options)


@pytest.fixture(scope="module")
def sound(places):
    """Errors in usual errors, and confidence, where nobody is exchanged."""
    found, confidence = seen(places, exchanged=0)
    return (found - places[0]) * METRES / SIZE, confidence


@pytest.fixture(scope="module")
def whole(places, sound):
    """(frames, views) where the body is exchanged."""
    found, _ = seen(places)
    apart = np.abs((found - places[0]) * METRES / SIZE - sound[0]).max(-1)
    swapped = np.nan_to_num(apart[..., PAIRED]).max(-1) > 1e-3
    every = np.isnan(apart) | (apart > 1e-3)
    assert every[swapped][:, PAIRED].all()  # all limbs at once
    assert np.nanmax(apart[..., [j for j in range(17) if j not in PAIRED]]) < 1e-3
    return swapped


def test_the_same_seed_gives_the_same_and_another_does_not(places):
    first, again, other = (seen(places, seed)[0] for seed in (3, 3, 4))
    assert np.array_equal(first, again, equal_nan=True)
    assert not np.allclose(first, other, equal_nan=True)


def test_errors_last_as_long_as_those_of_the_real_clip(sound):
    error, size = sound[0], np.linalg.norm(sound[0], axis=-1, keepdims=True)
    limited = np.nan_to_num(error * np.minimum(1, 5 / np.maximum(size, 1e-6)))
    for seconds, wanted in ((0.08, 0.65), (0.16, 0.49), (0.32, 0.34), (0.64, 0.24)):
        lag = round(seconds * FPS)
        now = (limited[lag:] * limited[:-lag]).mean() / (limited**2).mean()
        assert now == pytest.approx(wanted, abs=0.04), seconds


def test_errors_have_their_size_and_few_are_gross(sound):
    size = np.linalg.norm(sound[0], axis=-1)
    assert np.nanmedian(size) == pytest.approx(1.1, abs=0.08)  # of a Gaussian in two axes 1.18
    assert np.nanquantile(size, 0.9) == pytest.approx(2.3, abs=0.2)
    assert 0.002 < np.nanmean(size > 5) < 0.01


def test_a_fifth_of_the_variance_depends_on_clip_camera_and_direction(places, sound):
    """What is left of errors after two seconds, when all that is smooth is forgotten."""
    still = (places[0], np.full((FRAMES, VIEWS), 2.0))
    found, _ = seen(still, exchanged=0)
    for error in ((found - places[0]) * METRES / SIZE, sound[0]):
        usual = np.where(np.linalg.norm(error, axis=-1, keepdims=True) < 5, error, np.nan)
        later = np.nanmean(usual[50:] * usual[:-50]) / np.nanmean(usual**2)
        assert 0.12 < later < 0.26


def test_offsets_of_a_mirror_image_are_the_mirror_image_of_offsets():
    azimuth = np.linspace(-3, 3, 40)[:, None]
    offset = smooth_detector._by_direction(azimuth, MIRROR)
    mirrored = smooth_detector._by_direction(-azimuth, MIRROR)[..., list(MIRROR), :] * [-1, 1]
    assert np.allclose(offset, mirrored)
    assert not np.allclose(offset[0], offset[-1])


def test_whole_bodies_are_exchanged_for_half_a_second_mostly_from_behind():
    """Of 300 cameras: most see few exchanges, some many."""
    azimuth = np.broadcast_to(np.linspace(-np.pi, np.pi, 300), (1000, 300))
    pixels = np.broadcast_to(np.array([[0.0, 0], [1000, 0]]), (1000, 300, 2, 2))
    found, _ = detect(
        pixels, np.array(METRES), np.random.default_rng(0), fps=FPS, mirror=(1, 0), azimuth=azimuth
    )
    exchanged = np.nan_to_num(found[:, :, 0, 0]) > 500
    assert exchanged.mean() == pytest.approx(EXCHANGED, abs=0.008)
    behind = np.cos(azimuth) < 0
    assert exchanged[behind].mean() > 3 * exchanged[~behind].mean()
    starts = (np.diff(exchanged.astype(int), axis=0) == 1).sum()
    assert exchanged.sum() / starts / FPS == pytest.approx(0.5, abs=0.15)
    shares = exchanged.mean(0)
    assert np.median(shares) < 0.01 and np.quantile(shares, 0.98) > 0.2


def test_confidence_is_high_and_says_next_to_nothing(places, sound, whole):
    error, confidence = sound
    there = confidence > 0
    rank = spearmanr(confidence[there], np.linalg.norm(error, axis=-1)[there]).statistic
    assert -0.18 < rank < -0.06
    assert np.median(confidence[there]) > 0.97
    also = seen(places)[1]
    assert also[whole].mean() == pytest.approx(also[~whole].mean(), abs=0.03)


def test_errors_in_pixels_grow_with_the_focal_length(places, sound):
    pixels, azimuth = places
    options = {"fps": FPS, "mirror": MIRROR, "azimuth": azimuth, "exchanged": 0}
    near, _ = detect(pixels, np.array(METRES / 2), np.random.default_rng(0), **options)
    assert np.allclose((near - pixels) * METRES / 2 / SIZE, sound[0], atol=1e-3, equal_nan=True)


def test_hidden_joints_err_more_and_are_missing_more_often(places):
    hidden = np.zeros((FRAMES, VIEWS, 17), bool)
    hidden[..., 16] = True
    found, confidence = seen(places, hidden=hidden, exchanged=0)
    size = np.nanmedian(np.linalg.norm(found - places[0], axis=-1), axis=(0, 1))
    assert size[16] > 1.6 * size[13]
    missing = (confidence == 0).mean((0, 1))
    assert missing[16] > 2 * missing[:16].mean() > 0


def test_unknown_joints_stay_unknown_and_change_no_other(places):
    pixels, azimuth = places[0][:500].copy(), places[1][:500].copy()
    options = {"fps": FPS, "mirror": MIRROR, "exchanged": 0}
    before, _ = detect(
        pixels, np.array(METRES), np.random.default_rng(0), azimuth=azimuth, **options
    )
    pixels[100:200, 2, 5] = np.nan
    azimuth[300:320] = np.nan
    found, confidence = detect(
        pixels, np.array(METRES), np.random.default_rng(0), azimuth=azimuth, **options
    )
    assert np.isnan(found[100:200, 2, 5]).all() and (confidence[100:200, 2, 5] == 0).all()
    assert np.array_equal(confidence == 0, np.isnan(found).any(-1))
    same = np.ones(500, bool)
    same[300:320] = False
    found[100:200, 2, 5] = before[100:200, 2, 5]
    assert np.allclose(found[same], before[same], equal_nan=True)
    assert np.isfinite(found[300:320]).mean() > 0.95


def test_one_frame_without_a_direction_is_detected_too():
    found, confidence = detect(
        np.zeros((1, 2, 4, 2)),
        np.array(0.01),
        np.random.default_rng(0),
        fps=30,
        mirror=(1, 0, 2, 3),
    )
    assert found.shape == (1, 2, 4, 2) and confidence.shape == (1, 2, 4)


def test_the_azimuth_is_0_from_in_front_and_pi_from_behind():
    points = np.array([[0.2, 0, 5.0], [-0.2, 0, 5.0]])  # the left shoulder right in the image
    assert azimuth_of(points, 0, 1) == 0
    assert azimuth_of(points, 1, 0) == np.pi
    assert abs(azimuth_of(points[:, [2, 1, 0]], 0, 1)) == np.pi / 2


def test_the_built_in_data_are_seen_by_it_and_by_no_other():
    recording = load("synthetic:test/smooth", synthetic_frames=400)
    first = load("synthetic:test", synthetic_frames=400)
    assert np.array_equal(recording.pose_world[:50], first.pose_world[:50])
    assert np.median(recording.confidence) > np.median(first.confidence) + 0.05
    with pytest.raises(GeoselfError, match="smoth"):
        generate("test", 10, detector="smoth")
