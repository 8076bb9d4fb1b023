"""Live use: one frame after the other gives what all frames at once give."""

from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from geoself_jax import load_lifter
from geoself_jax.core.errors import DATA, USAGE, GeoselfError
from geoself_jax.data.poses.filters import OneEuro, parse_filter
from geoself_jax.data.refinement.fixed_lag import FixedLag
from geoself_jax.lift.lift_video import lift_video
from geoself_jax.lift.stream import steady
from geoself_jax.lift.video_detections import videos_of


@pytest.fixture(scope="module")
def lifter(tiny_export):
    return load_lifter(tiny_export)


@pytest.fixture(scope="module")
def video(tiny_recording):
    return videos_of(tiny_recording, "tiny", "cam2", "clip3")[0]


def test_a_stream_gives_bit_for_bit_what_the_lifter_gives_for_each_frame(lifter, video):
    stream = lifter.stream(video.view.K)
    for pixels, confidence in zip(video.keypoints_2d, video.confidence, strict=True):
        pose_3d, root = stream(pixels, confidence)
        wanted, wanted_root = lifter(pixels, confidence, video.view.K)
        assert pose_3d.tobytes() == wanted.tobytes() and root.tobytes() == wanted_root.tobytes()
    at_once, _ = lifter(video.keypoints_2d, video.confidence, video.view.K)
    np.testing.assert_allclose(pose_3d, at_once[-1], atol=2e-5)


def test_nothing_is_compiled_from_the_first_frame_on(tiny_export, video):
    stream = load_lifter(tiny_export).stream(video.view.K)
    seen = []

    def listener(event, duration, **_):
        seen.append(event)

    jax.monitoring.register_event_duration_secs_listener(listener)
    try:
        stream(video.keypoints_2d[0], video.confidence[0])
        assert not [event for event in seen if "compile" in event]
        lifter = load_lifter(tiny_export)
        lifter.compile(3)
        assert [event for event in seen if "compile" in event]  # it would have been heard
        seen.clear()
        lifter(video.keypoints_2d[:3], video.confidence[:3], video.view.K)
        assert not [event for event in seen if "compile" in event]
    finally:
        jax.monitoring.unregister_event_duration_listener(listener)


@pytest.mark.parametrize("how", ["none", "no pixels", "infinite pixels", "no confidence"])
def test_a_frame_with_nobody_is_missing_and_the_next_is_not(lifter, video, how):
    stream = lifter.stream(video.view.K)
    pixels, confidence = video.keypoints_2d[0], video.confidence[0]
    nobody = {
        "none": (),
        "no pixels": (np.full_like(pixels, np.nan), None),
        "infinite pixels": (np.full_like(pixels, -np.inf), None),
        "no confidence": (pixels, np.zeros_like(confidence)),
    }[how]
    pose_3d, root = stream(*nobody)
    assert pose_3d.shape == (17, 3) and root.shape == (3,)
    assert np.isnan(pose_3d).all() and np.isnan(root).all()
    assert np.isfinite(stream(pixels, confidence)[0]).all()


@pytest.mark.parametrize("gap", [(), (20, 21, 39)])
def test_a_filtered_stream_is_the_filtered_sequence(lifter, video, gap):
    filter = parse_filter("one-euro:1.0,0.3,2")
    sequence = lift_video(lifter, video)
    pose = sequence.pose.copy()
    pose[list(gap)] = np.nan
    wanted = filter(sequence.replace(pose=pose)).pose
    stream = lifter.stream(video.view.K, filter=filter, fps=video.fps)
    for frame, wanted_pose in enumerate(wanted):
        given = () if frame in gap else (video.keypoints_2d[frame], video.confidence[frame])
        pose_3d, root = stream(*given)
        np.testing.assert_allclose(pose_3d + root, wanted_pose, atol=5e-5)
        if frame not in gap:
            assert (pose_3d[0] == 0).all()
    assert np.nanmax(np.abs(wanted - pose)) > 1e-3


def test_what_a_stream_cannot_do_is_an_error(lifter, video):
    K = video.view.K
    wrong = [
        ({"filter": "butterworth:6", "fps": 50}, USAGE, "not causal"),
        ({"filter": "one-euro:1,0.05"}, USAGE, "frame rate"),
        ({"filter": OneEuro(1.0, 0.1), "fps": 0.0}, USAGE, "frame rate"),
        ({"filter": "one-euro:1"}, USAGE, "1 numbers"),
        ({"refine": 0.25}, USAGE, "frame rate"),
        ({"refine": 0.25, "fps": 1e6}, USAGE, "fps 1000000.0 - .* above 0, at most 1000"),
        ({"filter": "one-euro:1,0.05", "fps": float("inf")}, USAGE, "fps inf"),
        ({"filter": "one-euro:1,0.05", "fps": "25"}, USAGE, "fps '25' - .* frames per second"),
        ({"refine": True, "fps": True}, USAGE, "fps True"),
        ({"refine": 2.5, "fps": 50}, USAGE, "refine 2.5"),
        ({"refine": "0.1", "fps": 50}, USAGE, "refine '0.1'"),
        ({"refine": float("nan"), "fps": 50}, USAGE, "refine nan"),
    ]
    for options, code, words in wrong:
        with pytest.raises(GeoselfError, match=words) as error:
            lifter.stream(K, **options)
        assert error.value.code == code
    with pytest.raises(GeoselfError, match="K is no array of numbers"):
        lifter.stream("x")
    two = np.zeros((2, 17, 2))
    with pytest.raises(GeoselfError, match=r"shape \(2, 17, 2\) - a stream takes one frame"):
        lifter.stream(K)(two)
    with pytest.raises(GeoselfError, match="K is") as error:
        lifter.stream(K * [[0], [1], [1]])
    assert error.value.code == DATA


def test_a_pixel_far_from_any_image_is_refused_and_spoils_nothing(lifter, video):
    wanted = lifter.stream(video.view.K, filter="one-euro:1.0,0.05", fps=50)
    stream = lifter.stream(video.view.K, filter="one-euro:1.0,0.05", fps=50)
    for at, (pixels, confidence) in enumerate(
        zip(video.keypoints_2d[:8], video.confidence[:8], strict=True)
    ):
        if at == 4:
            with pytest.raises(GeoselfError, match=r"keypoints_2d: 1e[+]30 px, joint 0") as refused:
                stream(np.full_like(pixels, 1e30), confidence)
            assert refused.value.code == DATA
        found, other = stream(pixels, confidence), wanted(pixels, confidence)
        assert found[0].tobytes() == other[0].tobytes()


def test_a_refined_stream_is_late_by_its_lag_and_filtered_afterwards(lifter, video):
    K, fps = video.view.K, video.fps
    options = {"refine": 0.1, "fps": fps}
    stream = lifter.stream(K, **options)
    filtered = lifter.stream(K, filter="one-euro:1.0,0.3", **options)
    refine, smooth = (
        FixedLag(lifter.skeleton, fps, round(0.1 * fps)),
        steady("one-euro:1.0,0.3", fps),
    )
    assert stream.delay == filtered.delay == refine.lag == round(0.1 * fps) > 0
    for at, seen in enumerate(zip(video.keypoints_2d, video.confidence, strict=True)):
        lifted = lifter.predict(*seen, K)
        spread = {"distance": lifted.uncertainty, "axes": lifted.uncertainty_axes}
        wanted = refine(lifted.pose_3d + lifted.root_position, *seen, K, **spread)
        pose_3d, root = stream(*seen)
        np.testing.assert_allclose(pose_3d + root, wanted, atol=1e-5)
        assert np.isfinite(pose_3d).all() == (at >= stream.delay)
        pose_3d, root = filtered(*seen)
        np.testing.assert_allclose(pose_3d + root, smooth(wanted), atol=1e-5)
    assert lifter.stream(K, refine=True, fps=fps).delay == round(0.25 * fps)


@pytest.mark.parametrize(
    "fps", [Fraction(30000, 1001), np.array(30.0), np.float32(30), jnp.ones(())]
)
def test_frame_rates_are_numbers_of_any_type(lifter, video, fps):
    """PyAV's are fractions, those of an .npz arrays without axes."""
    stream = lifter.stream(video.view.K, filter="one-euro:1.0,0.05", refine=np.array(0.1), fps=fps)
    assert stream.delay == round(0.1 * float(fps))


@pytest.mark.filterwarnings("error")
def test_an_infinite_pixel_is_a_joint_that_is_not_there(lifter, video):
    streams = [lifter.stream(video.view.K, refine=0.04, fps=video.fps) for _ in range(2)]
    for pixels, confidence in zip(video.keypoints_2d[:12], video.confidence[:12], strict=True):
        results = []
        for stream, missing in zip(streams, (np.nan, np.inf), strict=True):
            seen = pixels.copy()
            seen[3] = missing
            results.append(np.concatenate(stream(seen, confidence), axis=None))
        np.testing.assert_array_equal(*results)
    assert np.isfinite(results[0]).all()
