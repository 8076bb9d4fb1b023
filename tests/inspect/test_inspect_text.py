"""The report is short where all is in order, and says all of what is not."""

import dataclasses

import numpy as np
import pytest

from geoself_jax.data.sources import load
from geoself_jax.inspect.plain_text import text
from geoself_jax.inspect.report import inspect


@pytest.fixture(scope="module")
def five_rigs():
    """The built-in data with each clip before a rig of its own."""
    source = load("synthetic:test", synthetic_frames=2000)
    first = source.rig_id == source.rig_id[0]
    clips = np.unique(source.clip_id[first], return_inverse=True)[1]
    rig = (clips % 5).astype(np.int32)
    chosen = source.select(np.flatnonzero(first)[np.argsort(rig, kind="stable")])
    one = int(source.rig_id[0])
    camera = type(source.camera)(*(np.repeat(a[[one]], 5, 0) for a in source.camera))
    return dataclasses.replace(
        chosen,
        rig_id=np.sort(rig),
        rig_names=tuple(f"room{i}" for i in range(5)),
        camera=camera,
        image_size=np.repeat(source.image_size[[one]], 5, 0),
        dist=None,
    )


def test_a_sound_recording_of_five_rigs_takes_thirty_lines(five_rigs):
    found = inspect(five_rigs, "x.npz")
    lines = text(found).splitlines()
    assert len(np.unique(five_rigs.rig_id)) == 5 and not found.errors
    assert len(lines) <= 30, lines
    assert sum(line.startswith("ok ") for line in lines) == 1
    assert sum(line.startswith("room") for line in lines) == 5


def test_verbose_shows_each_check_camera_and_pair(five_rigs):
    found = inspect(five_rigs, "x.npz")
    lines = text(found, verbose=True).splitlines()
    assert sum(line.startswith("ok ") for line in lines) == sum(
        verdict.severity == "ok" for verdict in found.verdicts
    )
    assert sum(line.startswith("room") for line in lines) == 5 * (4 + 6)


def test_what_is_said_of_several_cameras_is_one_line(tiny_recording):
    trust = np.where(tiny_recording.confidence > 0, np.float32(0.5), np.float32(0))
    found = inspect(dataclasses.replace(tiny_recording, confidence=trust), "x.npz")
    said = [line for line in text(found).splitlines() if "confidences are constant" in line]
    assert len(said) == 1
    assert all(f"camera {name}" in said[0] for name in tiny_recording.camera_names)
    each = [v for v in found.verdicts if "confidences are constant" in v.what]
    assert len(each) == tiny_recording.views
