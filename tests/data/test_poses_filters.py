"""Filters over time: known responses, equal to SciPy and to the formulas, gaps left alone."""

import math

import numpy as np
import pytest
from moving import SKELETON, walking
from scipy.signal import butter, sosfiltfilt

from geoself_jax.core.errors import USAGE, GeoselfError
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.poses.filters import Butterworth, OneEuro, parse_filter
from geoself_jax.data.poses.sequence import PoseSequence

FPS = 50.0
PAIR = Skeleton(("a", "b"), (-1, 0), (), 0)
BOTH = (Butterworth(6.0), OneEuro(1.0, 0.5))


def of(pose, frame_id=None, fps=FPS):
    """A sequence of two joints."""
    frame_id = np.arange(len(pose)) if frame_id is None else np.asarray(frame_id)
    return PoseSequence(
        name="test",
        pose=np.asarray(pose, np.float32),
        skeleton=PAIR,
        fps=fps,
        frame_id=frame_id,
        axes="world",
        up=np.array([0.0, 0, 1]),
    )


def wave(hertz, seconds=20.0, fps=FPS):
    """(T, 2, 3): a sine in x of joint a; joint b stands still."""
    pose = np.zeros((int(seconds * fps), 2, 3))
    pose[:, 0, 0] = np.sin(2 * np.pi * hertz * np.arange(len(pose)) / fps)
    return pose


def noisy(frames, seed=0):
    """(frames, 2, 3) two joints that wander."""
    steps = np.random.default_rng(seed).normal(0, 0.02, (frames, 2, 3))
    return (np.cumsum(steps, axis=0) + steps[::-1]).astype(np.float32)


@pytest.mark.parametrize(("cutoff", "order"), [(6, 4), (3, 2), (10, 8)])
@pytest.mark.parametrize("hertz", [1.0, 3.0, 6.0, 12.0])
def test_butterworth_lets_through_what_its_formula_says(cutoff, order, hertz):
    """Both passes together leave 1 / (1 + w^order), w the ratio of the bilinear transform."""
    filtered = Butterworth(cutoff, order)(of(wave(hertz))).pose[:, 0, 0]
    ratio = math.tan(math.pi * hertz / FPS) / math.tan(math.pi * cutoff / FPS)
    wanted = wave(hertz)[:, 0, 0] / (1 + ratio**order)
    middle = slice(200, -200)  # away from the ends; no delay: it is the same wave, smaller
    np.testing.assert_allclose(filtered[middle], wanted[middle], atol=2e-4)


def test_at_the_cutoff_half_is_left_and_a_standstill_stays():
    poses = Butterworth(6)(of(wave(6.0)))
    assert abs(np.abs(poses.pose[200:-200, 0, 0]).max() - 0.5) < 0.01
    assert not poses.pose[:, 1].any()


def test_a_step_stays_where_it_is_in_time():
    pose = np.zeros((200, 2, 3))
    pose[100:] = 1
    there_and_back = Butterworth(6)(of(pose)).pose[:, 0, 0]
    np.testing.assert_allclose(there_and_back + there_and_back[::-1], 1, atol=1e-3)  # symmetric
    assert -0.06 < there_and_back.min() < 0 and 1 < there_and_back.max() < 1.06
    causal = OneEuro(1.0, 0.0)(of(pose)).pose[:, 0, 0]
    share = 1 / (1 + FPS / (2 * np.pi))
    np.testing.assert_allclose(causal[100:], 1 - (1 - share) ** np.arange(1, 101), atol=1e-6)
    assert not causal[:100].any()


@pytest.mark.parametrize(("cutoff", "order"), [(6.0, 4), (2.5, 2), (8.0, 6)])
def test_butterworth_is_scipys(cutoff, order):
    pose = noisy(300)
    sections = butter(order // 2, cutoff, fs=FPS, output="sos")
    wanted = sosfiltfilt(sections, pose.astype(np.float64), axis=0)
    found = Butterworth(cutoff, order)(of(pose)).pose
    np.testing.assert_allclose(found, wanted, atol=1e-6)


def one_euro_by_formula(values, rate, min_cutoff, beta, d_cutoff):
    """Algorithm 1 of Casiez et al. 2012 for one number at a time."""

    def alpha(cutoff):
        tau = 1 / (2 * math.pi * cutoff)
        return 1 / (1 + tau * rate)

    filtered, speed, result = None, 0.0, []
    for value in values:
        change = 0.0 if filtered is None else (value - filtered) * rate
        share = alpha(d_cutoff)
        speed = change if filtered is None else share * change + (1 - share) * speed
        share = alpha(min_cutoff + beta * abs(speed))
        filtered = value if filtered is None else share * value + (1 - share) * filtered
        result.append(filtered)
    return np.array(result)


@pytest.mark.parametrize("numbers", [(1.0, 0.0, 1.0), (0.5, 2.0, 1.0), (3.0, 10.0, 0.3)])
def test_one_euro_is_its_formula_along_a_line(numbers):
    along = np.cumsum(np.random.default_rng(0).normal(0, 0.05, 300)).astype(np.float32)
    direction = np.array([2.0, -1, 2]) / 3
    pose = np.zeros((300, 2, 3))
    pose[:, 1] = along[:, None] * direction
    found = OneEuro(*numbers)(of(pose)).pose
    wanted = one_euro_by_formula(along.astype(float), FPS, *numbers)
    np.testing.assert_allclose(found[:, 1] @ direction, wanted, atol=1e-5)
    assert not found[:, 0].any()


@pytest.mark.parametrize("chosen", BOTH)
def test_filters_do_not_depend_on_the_axes(chosen):
    pose = noisy(200)
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))[0]
    a, b = chosen(of(pose @ turn)).pose, chosen(of(pose)).pose @ turn
    np.testing.assert_allclose(a, b, atol=1e-5)


def test_one_euro_looks_at_the_past_alone_and_follows_quick_motion():
    pose = noisy(200)
    half = OneEuro(1.0, 0.5)(of(pose[:100])).pose
    np.testing.assert_array_equal(OneEuro(1.0, 0.5)(of(pose)).pose[:100], half)
    quick = wave(2.0)
    lags = [np.abs(OneEuro(1.0, beta)(of(quick)).pose - quick).max() for beta in (0, 1, 10)]
    assert lags[0] > 1.5 * lags[1] > 2 * lags[2]


@pytest.mark.parametrize("chosen", BOTH)
def test_each_run_between_gaps_is_filtered_by_itself(chosen):
    pose = noisy(120)
    kept = np.r_[0:40, 43:90, 91:120]
    found = chosen(of(pose[kept], kept)).pose
    for start, end in ((0, 40), (43, 90), (91, 120)):
        alone = chosen(of(pose[start:end])).pose
        rows = (kept >= start) & (kept < end)
        np.testing.assert_allclose(found[rows], alone, atol=1e-6)


@pytest.mark.parametrize("chosen", BOTH)
def test_a_missing_joint_stays_missing_and_parts_that_joint_alone(chosen):
    pose = noisy(120)
    holed = pose.copy()
    holed[50, 0], holed[0, 0], holed[119, 0] = np.nan, np.nan, np.nan
    found = chosen(of(holed)).pose
    np.testing.assert_array_equal(np.isnan(found), np.isnan(holed))
    np.testing.assert_array_equal(found[:, 1], chosen(of(pose)).pose[:, 1])
    for start, end in ((1, 50), (51, 119)):
        np.testing.assert_allclose(
            found[start:end, 0], chosen(of(pose[start:end])).pose[:, 0], atol=1e-6
        )
    nothing = np.full_like(pose, np.nan)
    assert np.isnan(chosen(of(nothing)).pose).all()


def test_a_run_as_short_as_the_padding_stays_as_it_is():
    pose = noisy(40)
    for order, padding in ((2, 6), (4, 9), (6, 12)):
        low_pass = Butterworth(3, order)
        np.testing.assert_array_equal(low_pass(of(pose[:padding])).pose, pose[:padding])
        longer = low_pass(of(pose[: padding + 1])).pose
        sections = butter(order // 2, 3, fs=FPS, output="sos")
        np.testing.assert_allclose(
            longer, sosfiltfilt(sections, pose[: padding + 1], axis=0), atol=1e-6
        )
    for chosen in BOTH:
        assert chosen(of(pose[:1])).pose.shape == (1, 2, 3)
        assert chosen(of(pose[:0])).frames == 0


def test_thinned_frames_are_filtered_at_their_own_rate():
    pose = noisy(100)
    thin = of(pose, 3 + 5 * np.arange(100), fps=5 * FPS)
    for chosen in BOTH:
        np.testing.assert_allclose(chosen(thin).pose, chosen(of(pose)).pose, atol=1e-6)


def test_empty_rows_between_thinned_frames_do_not_keep_them_apart():
    """As `lift` has them: a row for every frame of the video, joints in each fifth."""
    pose = noisy(100)
    full = np.full((500, 2, 3), np.nan, np.float32)
    full[3::5] = pose
    for chosen in BOTH:
        found = chosen(of(full, fps=5 * FPS))
        np.testing.assert_allclose(found.pose[3::5], chosen(of(pose)).pose, atol=1e-6)
        assert found.frames == 500 and np.isnan(found.pose).all((1, 2)).sum() == 400
        full[20:] = np.nan
        np.testing.assert_array_equal(chosen(of(full, fps=5 * FPS)).pose, full)
        full[3::5] = pose


def test_all_else_of_a_sequence_is_kept_and_the_input_untouched(tiny_arrays):
    poses = walking(tiny_arrays)
    before = poses.pose.copy()
    for chosen in (Butterworth(6), OneEuro(1, 0.05)):
        found = chosen(poses)
        np.testing.assert_array_equal(poses.pose, before)
        assert found.skeleton == SKELETON and found.camera is poses.camera
        assert found.pose.dtype == np.float32 and found.keypoints_2d is poses.keypoints_2d
        np.testing.assert_array_equal(np.isnan(found.pose), np.isnan(before))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("butterworth:6", Butterworth(6.0, 4)),
        (" butterworth:6.5, 8 ", Butterworth(6.5, 8)),
        ("one-euro:1.0,0.05", OneEuro(1.0, 0.05, 1.0)),
        ("one-euro:1,0,2", OneEuro(1.0, 0.0, 2.0)),
    ],
)
def test_filters_are_read_from_text(text, wanted):
    assert parse_filter(text) == wanted


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("buterworth:6", "did you mean 'butterworth'?"),
        ("", "butterworth:CUTOFF"),
        ("butterworth", "0 numbers"),
        ("butterworth:", "0 numbers"),
        ("butterworth:6,4,2", "3 numbers"),
        ("butterworth:six", "could not convert"),
        ("butterworth:6,", "could not convert"),
        ("butterworth:0", "wanted a number in [0.01, 1e+06]"),
        ("butterworth:-6", "wanted a number in [0.01, 1e+06]"),
        ("butterworth:nan", "wanted a number in [0.01, 1e+06]"),
        ("butterworth:inf", "wanted a number in [0.01, 1e+06]"),
        ("butterworth:6,3", "wanted 2, 4"),
        ("butterworth:6,4.5", "no whole number"),
        ("butterworth:6,nan", "no whole number"),
        ("butterworth:6,inf", "no whole number"),
        ("butterworth:6,100", "wanted 2, 4"),
        ("one-euro:1", "1 numbers"),
        ("one-euro:1,-1", "wanted a number in [0, 1e+06]"),
        ("one-euro:0,1", "wanted a number in [0.01, 1e+06]"),
        ("one-euro:1,1,0", "wanted a number in [0.01, 1e+06]"),
        ("one-euro:1,nan", "wanted a number in [0, 1e+06]"),
    ],
)
def test_texts_that_are_no_filter_are_refused(text, words):
    with pytest.raises(GeoselfError) as error:
        parse_filter(text)
    assert error.value.code == USAGE and words in str(error.value)


def test_a_cutoff_beyond_half_the_frame_rate_is_refused():
    with pytest.raises(GeoselfError, match="not below half of the 50 frames") as error:
        Butterworth(25)(of(noisy(50)))
    assert error.value.code == USAGE
