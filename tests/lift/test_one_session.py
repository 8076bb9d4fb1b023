"""What the flags say once of a session, and several videos."""

import pytest

from geoself_jax.core.errors import USAGE, GeoselfError
from geoself_jax.lift.one_session import session_caution
from geoself_jax.lift.output import Output
from geoself_jax.lift.video_detections import videos_of

START = "2026-01-31T12:00:00+01:00"


@pytest.fixture
def videos(tiny_recording):
    """Six clips: two each of anna, bela and cem."""
    return videos_of(tiny_recording, "lab.npz", "cam1")


def output(subject=None, path="{clip}.nwb"):
    pytest.importorskip("pynwb", reason="pynwb is not installed")
    return Output(path, session_start=START, subject=subject)


def test_one_subject_of_several_peoples_videos_is_refused(videos):
    with pytest.raises(GeoselfError) as refused:
        session_caution(output("mona"), videos)
    assert refused.value.code == USAGE and str(refused.value) == (
        "--nwb-subject=mona - the videos are of 3: anna, bela, cem - leave it out, or lift those "
        "of one: --clip=NAME"
    )


def test_one_start_of_several_videos_is_said(videos):
    for subject, some in (("mona", videos[:2]), ("", videos), (None, videos)):
        line = session_caution(output(subject), some)
        assert line.startswith(f"frame 0 of all {len(some)} videos is written as of {START}")


def test_one_video_and_files_without_a_session_give_no_warning(videos):
    assert session_caution(output("mona"), videos[:1]) == ""
    assert session_caution(Output("{clip}.csv"), videos) == ""
