"""Frame numbers of several cameras are one clock, and their size costs no memory."""

import dataclasses
import json
import tracemalloc

import pytest
from detection_files import FRAMES, coco, mmpose, people

from geoself_jax.core.errors import DATA, GeoselfError
from geoself_jax.prepare.common_clock import FAR, LONGEST, common_clock, starts_differ
from geoself_jax.prepare.common_frames import common_frames
from geoself_jax.prepare.detections import read_detections


def moved(path, key, by):
    """The file with `by` added to every number under `key`."""
    content = json.loads(path.read_text())
    for entry in content["instance_info"] if isinstance(content, dict) else content:
        entry[key] += by
    path.write_text(json.dumps(content))
    return read_detections(path)


def test_a_camera_whose_frame_id_starts_later_is_empty_until_then(tmp_path):
    views = [moved(mmpose(tmp_path / f"{by}.json", people()), "frame_id", by) for by in (0, 6)]
    (usual, late), said = common_clock(views, ["a", "b"])
    assert usual.frame[0] == 0 and late.frame[0] == 6 and late.frames == FRAMES + 6
    assert starts_differ([usual, late]) and not starts_differ([usual, usual])
    assert (
        said == "frame numbers are read as one clock of all cameras; the first are 1 of a, 7 of b"
    )


def test_frame_id_0_in_one_camera_says_that_all_count_from_0(tmp_path):
    views = [moved(mmpose(tmp_path / f"{by}.json", people()), "frame_id", by) for by in (-1, 5)]
    assert [view.counted_from for view in views] == [0, 1]
    (_, late), _ = common_clock(views, ["a", "b"])
    assert late.frame[0] == 6


@pytest.mark.parametrize("start", [10_000_000, 300_000_000])
def test_far_image_numbers_start_at_the_smallest_of_all_cameras(tmp_path, start):
    views = [
        moved(coco(tmp_path / f"{by}.json", people()), "image_id", start + by) for by in (0, 2)
    ]
    tracemalloc.start()
    (first, second), said = common_clock(views, ["a", "b"])
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert first.frame[0] == 0 and second.frame[0] == 2 and second.frames == FRAMES + 2
    assert f"frame number {start} of the files is frame 0" in said and most < 1e6


def test_numbers_that_are_not_far_are_kept(tmp_path):
    view = moved(coco(tmp_path / "a.json", people()), "image_id", FAR - 1)
    assert common_clock([view], ["a"])[0][0].frame[0] == FAR - 1


def test_cameras_whose_numbers_are_farther_apart_than_a_day_are_refused(tmp_path):
    views = [moved(coco(tmp_path / f"{by}.json", people()), "image_id", by) for by in (FAR, 2**30)]
    with pytest.raises(GeoselfError, match=rf"{2**30}\.json: frame number {2**30 + 11}") as error:
        common_clock(views, ["a", "b"])
    assert error.value.code == DATA and f"{FAR}, a video has at most {LONGEST}" in str(error.value)


@pytest.mark.parametrize(("apart", "differ"), [(0, False), (1, False), (2, True)])
def test_starts_that_are_1_apart_are_no_clock_and_2_are(tmp_path, apart, differ):
    views = [moved(mmpose(tmp_path / f"{by}.json", people()), "frame_id", by - 1) for by in (0, 9)]
    views = [
        dataclasses.replace(view, first=first)
        for view, first in zip(views, (3, 3 + apart), strict=True)
    ]
    assert starts_differ(views) == starts_differ(views[::-1]) == differ
    late = dataclasses.replace(views[1], frames=views[1].frames + 4)
    both = {"a": dataclasses.replace(views[0], frames=late.frames - 4), "b": late}
    if differ:
        assert common_frames("clip", both, trim=False, notice=print) == late.frames
        return
    with pytest.raises(GeoselfError, match="frames of camera a"):
        common_frames("clip", both, trim=False, notice=print)


@pytest.mark.parametrize(("start", "frame"), [(99_999, 99_999), (100_000, 0), (100_001, 0)])
def test_from_100000_on_the_smallest_number_is_frame_0(tmp_path, start, frame):
    views = [
        moved(coco(tmp_path / f"{by}.json", people()), "image_id", start + by) for by in (7, 0)
    ]
    timed, said = common_clock(views, ["a", "b"])
    assert [int(view.frame[0]) for view in timed] == [frame + 7, frame]
    assert (f"frame number {start} of the files is frame 0" in said) == (frame == 0)


@pytest.mark.parametrize(("last", "fits"), [(3_999_999, True), (4_000_000, False)])
def test_a_recording_of_four_million_frames_is_the_longest(tmp_path, last, fits):
    views = [
        moved(coco(tmp_path / f"{by}.json", people()), "image_id", by)
        for by in (0, last - FRAMES + 1)
    ]
    if fits:
        assert common_clock(views, ["a", "b"])[0][1].frames == LONGEST == 4_000_000
        return
    with pytest.raises(GeoselfError, match=f"frame number {last} - .*at most 4000000 frames"):
        common_clock(views, ["a", "b"])
