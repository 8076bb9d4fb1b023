"""Videos whose frames change size, whose times jump, and files that are no videos."""

import numpy as np
import pytest
from filmed import write_video

from geoself_jax.core.errors import DATA, GeoselfError
from geoself_jax.data.files.video_frames import even_times, frames_of, read_video_info
from geoself_jax.detect.__main__ import main

av = pytest.importorskip("av", reason="av is not installed")


def test_frames_of_two_sizes_are_refused(tmp_path):
    small = write_video(tmp_path / "small.ts", 4)
    large = write_video(tmp_path / "large.ts", 4, size=(192, 64))
    joined = tmp_path / "joined.ts"
    joined.write_bytes(small.read_bytes() + large.read_bytes())
    with pytest.raises(GeoselfError, match=r"192 x 64 px from frame 4 on - 96 x 64") as caught:
        list(frames_of(joined))
    assert caught.value.code == DATA


def test_a_time_far_off_is_refused_and_slow_videos_are_not():
    seconds = np.array([0, 0.1, 0.2, 1.7e6, 1.7e6 + 0.1])
    with pytest.raises(GeoselfError, match=r"frame 3 is 1.7e\+06 s after frame 2") as caught:
        even_times(seconds)
    assert caught.value.code == DATA
    assert len(even_times(np.arange(50) * 86400.0).frame) == 50


def test_a_text_is_no_video(tmp_path):
    (tmp_path / "notes.txt").write_text("left knee 12 34\n" * 50)
    with pytest.raises(GeoselfError, match="has no images in it"):
        read_video_info(tmp_path / "notes.txt")


def test_frames_that_are_not_decoded_are_counted_at_a_lower_rate_too(tmp_path):
    """The first frames lean on a frame that was cut away: the rest would move to their places."""
    video = tmp_path / "whole.ts"
    with av.open(str(video), "w") as container:
        stream = container.add_stream("mpeg2video", rate=30, options={"g": "6"})
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        image = np.random.default_rng(0).integers(0, 255, (64, 96, 3), np.uint8)
        for number in range(24):
            frame = av.VideoFrame.from_ndarray(np.roll(image, number, 1), format="rgb24")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    own = tmp_path / "own.py"
    own.write_text("def people(image):\n    return [[(5, 9, 1)] * 17]\n")
    whole = video.read_bytes()
    cut = tmp_path / "cut.ts"
    place = len(whole) // 6 // 188 * 188
    cut.write_bytes(whole[: 3 * 188] + whole[place:])
    decoded = sum(1 for _ in frames_of(cut))
    assert decoded < read_video_info(cut).frames
    with pytest.raises(GeoselfError, match=f"{decoded} of its"):
        main([str(cut), f"--out={tmp_path}", f"--detector={own}", "--fps=1"])
