"""Videos written by ffmpeg: upright frames in order, with their times."""

import math
import subprocess

import numpy as np
import pytest

from geoself_jax.core.errors import DATA, MISSING, UNAVAILABLE, GeoselfError
from geoself_jax.data.files.video_frames import even_times, frames_of, read_video_info

av = pytest.importorskip("av", reason="av is not installed")
imageio_ffmpeg = pytest.importorskip("imageio_ffmpeg", reason="imageio-ffmpeg is not installed")

TEST_IMAGE = "-f lavfi -i testsrc=size=64x48:rate=30:duration=1"


def ffmpeg(*words):
    program = imageio_ffmpeg.get_ffmpeg_exe()
    given = [part for word in words for part in str(word).split()]
    subprocess.run([program, "-v", "error", "-y", *given], check=True, timeout=60)


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    """Folder with upright.mp4, 30 frames of 64 x 48 px at 30 fps, with B-frames."""
    folder = tmp_path_factory.mktemp("films")
    ffmpeg(TEST_IMAGE, "-pix_fmt yuv420p", folder / "upright.mp4")
    return folder


def test_frames_come_in_the_order_they_are_shown_with_their_times(films):
    info = read_video_info(films / "upright.mp4")
    assert (info.width, info.height, info.frames, info.rate) == (64, 48, 30, 30)
    np.testing.assert_allclose(info.seconds, np.arange(30) / 30, atol=1e-9)
    times, images = zip(*frames_of(films / "upright.mp4"), strict=True)
    np.testing.assert_allclose(times, info.seconds, atol=1e-9)
    assert {image.shape for image in images} == {(48, 64, 3)}
    assert images[0].dtype == np.uint8


@pytest.mark.parametrize(("turn", "clockwise"), [(90, 270), (180, 180), (270, 90)])
def test_a_phones_rotation_is_applied_as_ffmpeg_applies_it(films, turn, clockwise):
    turned, shown = films / f"turned_{turn}.mp4", films / f"shown_{turn}.rgb"
    ffmpeg(f"-display_rotation {turn} -i", films / "upright.mp4", "-c copy", turned)
    ffmpeg("-i", turned, "-frames:v 1 -f rawvideo -pix_fmt rgb24", shown)
    info = read_video_info(turned)
    assert info.rotation_degrees == clockwise
    _, image = next(frames_of(turned))
    assert image.shape == (info.height, info.width, 3)
    wanted = np.frombuffer(shown.read_bytes(), np.uint8).reshape(image.shape)
    assert np.abs(image.astype(int) - wanted).max() <= 2
    assert np.abs(image[::-1, ::-1].astype(int) - wanted).max() > 100


@pytest.mark.parametrize(
    ("ending", "rate", "coded"),
    [("mkv", 30, "-c copy"), ("avi", 30, "-c:v mpeg4 -bf 2"), ("h264", 25, "-c copy")],
)
def test_containers_without_counts_or_times_have_the_same_frames(films, ending, rate, coded):
    other = films / f"other.{ending}"
    ffmpeg("-i", films / "upright.mp4", coded, other)
    info = read_video_info(other)
    assert (info.frames, info.rate) == (30, rate)  # raw H.264 has no times: 25 is ffmpeg's guess
    np.testing.assert_allclose([s for s, _ in frames_of(other)], info.seconds, atol=1e-9)


def test_frames_before_a_cut_without_new_coding_are_not_shown(films):
    ffmpeg("-ss 0.25 -i", films / "upright.mp4", "-c copy", films / "later.mp4")
    info = read_video_info(films / "later.mp4")
    assert info.frames == len(list(frames_of(films / "later.mp4"))) == 22
    assert info.seconds[0] == 0


def test_a_variable_rate_becomes_even_by_repeating_the_nearest_frame(films):
    varied = films / "varied.mp4"
    ffmpeg(TEST_IMAGE, "-vf select='not(between(n,5,9))'", "-fps_mode vfr", varied)
    even = even_times(read_video_info(varied).seconds)
    assert (even.rate, even.repeated, even.dropped) == (30, 5, 0)
    np.testing.assert_array_equal(even.frame, [*range(5), 4, 4, 5, 5, 5, *range(5, 25)])


def test_even_times_drop_frames_where_there_are_too_many():
    seconds = np.concatenate([np.arange(10) / 30, 10 / 30 + np.arange(9) / 60])
    seconds = np.append(seconds, seconds[-1] + np.arange(1, 30) / 30)
    even = even_times(seconds)
    assert even.rate == 30
    assert (even.repeated, even.dropped) == (0, 4)
    assert even_times(seconds, 60).dropped == 0


@pytest.mark.parametrize("rate", [24000 / 1001, 30, 59.94, 240, 17.3])
def test_even_times_keep_every_frame_of_an_even_video_with_times_in_milliseconds(rate):
    seconds = np.round(np.arange(1000) / rate, 3)
    even = even_times(seconds)
    np.testing.assert_array_equal(even.frame, np.arange(1000))
    assert even.rate == pytest.approx(rate, rel=1e-4)


def test_what_is_no_video_is_refused_in_one_line(films, tmp_path):
    ffmpeg("-f lavfi -i sine=duration=0.2", films / "sound.mp4")
    (tmp_path / "text.mp4").write_text("no video")
    for path, code, why in [
        (tmp_path / "none.mp4", MISSING, "no such file"),
        (tmp_path / "text.mp4", DATA, "cannot be read as a video"),
        (tmp_path, DATA, "is no file"),
        (films / "sound.mp4", DATA, "has no images in it"),
    ]:
        with pytest.raises(GeoselfError, match=why) as caught:
            read_video_info(path)
        assert caught.value.code == code
        with pytest.raises(GeoselfError, match=why):
            list(frames_of(path))


def test_damage_is_refused_with_its_frame_and_a_cut_copy_with_its_length(films):
    source = films / "noise.mp4"
    noise = "-vf noise=alls=60:allf=t -pix_fmt yuv420p -movflags +faststart"
    ffmpeg(TEST_IMAGE, noise, source)
    whole = bytearray(source.read_bytes())
    (films / "half.mp4").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(GeoselfError, match=r"ends after \d+ of the 30 frames"):
        read_video_info(films / "half.mp4")
    with av.open(str(source)) as container:
        place = [packet.pos for packet in container.demux(video=0) if packet.size][12]
    whole[place : place + 8] = b"\xff" * 8  # the length of what follows, and its kind
    (films / "flipped.mp4").write_bytes(whole)
    with pytest.raises(GeoselfError, match=r"at frame \d+ \(") as caught:
        list(frames_of(films / "flipped.mp4"))
    assert caught.value.code == DATA


def test_without_pyav_the_line_that_installs_it(films, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "av", None)
    with pytest.raises(GeoselfError, match=r'pip install "geoself_jax\[video\]"') as caught:
        read_video_info(films / "upright.mp4")
    assert caught.value.code == UNAVAILABLE


def test_one_frame_has_no_rate():
    assert even_times(np.zeros(1)).frame.tolist() == [0]
    assert math.isfinite(even_times(np.zeros(1)).rate)
