"""A fault in one of several clips is named with the clip, and lost in none."""

import re

import numpy as np
import pytest

from benchmarks import planting
from geoself_jax.data import recording
from geoself_jax.inspect import by_clip, verdicts
from geoself_jax.inspect.report import inspect


def alarms(arrays):
    found = inspect(recording.from_arrays(arrays, "x"), "x").verdicts
    return [v.line for v in found if v.severity in ("error", "warning")]


def in_clip(plant, clip=1):
    """A fault in one clip alone."""
    good = planting.good_arrays()
    bad, there = plant(good), good["clip_id"] == clip
    per_frame = ("keypoints_2d", "confidence")
    return good | {
        name: np.where(there.reshape(-1, *[1] * (good[name].ndim - 1)), bad[name], good[name])
        for name in per_frame
    }


def exchanged_views(arrays):
    order = [1, 0, 2, 3]
    return arrays | {name: arrays[name][:, order] for name in ("keypoints_2d", "confidence")}


@pytest.mark.parametrize(
    ("plant", "clip", "words"),
    [
        (exchanged_views, "kicking", "views of front_left and front_right are exchanged"),
        (
            planting.in_camera("keypoints_2d", lambda a: a + np.float32(40)),
            "kicking",
            "are moved by 40",
        ),
        (planting.late(8, 1), "running", "runs 8 frames (160 ms) late"),
    ],
)
def test_a_fault_of_one_clip_is_named_with_it(plant, clip, words):
    found = alarms(in_clip(plant, clip={"kicking": 1, "running": 2}[clip]))
    assert len(found) == 1, found
    assert found[0].startswith(f"clip {clip}") and words in found[0]
    assert re.search(f"; prepare --skip='{clip}#[0-9]+' leaves out what cannot be ", found[0])


def test_a_fault_of_all_clips_is_said_once():
    found = alarms(exchanged_views(planting.good_arrays()))
    assert len(found) == 1 and not found[0].startswith("clip"), found


def test_sides_exchanged_in_all_cameras_of_one_clip_are_named():
    def mirrored(arrays):
        mirror = np.arange(arrays["keypoints_2d"].shape[2])
        for left, right in arrays["left_right"]:
            mirror[[left, right]] = right, left
        return arrays | {n: arrays[n][:, :, mirror] for n in ("keypoints_2d", "confidence")}

    (line,) = alarms(in_clip(mirrored, clip=2))
    assert line.startswith("clip running") and "left and right are exchanged" in line


@pytest.mark.parametrize(
    ("names", "skip"),
    [
        (("walk",), "; prepare --skip=walk leaves out what cannot be fixed"),
        (("a", "b c"), "; prepare --skip='a,b c' leaves out what cannot be fixed"),
        (("one,two",), ""),  # --skip takes two names of it
        (tuple(map(str, range(9))), ""),
    ],
)
def test_the_way_to_leave_out_a_clip_is_said_where_it_is_one(names, skip):
    clip = by_clip.Clip(None, "clips", names, "", 3.0)
    (found,) = by_clip.alone(clip, lambda _: [verdicts.error("size", "x", "y", "fix it")])
    assert found.do == "fix it" + skip
