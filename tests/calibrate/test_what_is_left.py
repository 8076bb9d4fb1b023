"""What of a file stays true once its cameras are found: true joints, order, scale, provenance."""

import dataclasses

import numpy as np
import pytest
from people_seen import changed, off, recording

from geoself_jax.calibrate.metric import parse_scale
from geoself_jax.calibrate.recording_cameras import Options, calibrate
from geoself_jax.core.errors import USAGE, GeoselfError
from geoself_jax.data.recording import arrays_of, from_arrays
from geoself_jax.prepare.assemble import assemble
from geoself_jax.prepare.clip import ReadOptions
from geoself_jax.prepare.datasets.prepared import clips_of

PEOPLE = recording()


def test_true_joints_do_not_stay_in_the_world_of_other_cameras():
    assert PEOPLE.pose_world is not None
    assert calibrate(PEOPLE, Options())[0].pose_world is None
    assert calibrate(recording(3), Options(refine=True))[0].pose_world is not None


def test_rows_in_any_order_give_the_same_cameras_and_checks():
    mixed = PEOPLE.select(np.random.default_rng(0).permutation(PEOPLE.frames))
    found, (report,) = calibrate(mixed, Options())
    assert not report.in_step
    assert off(report, PEOPLE)[0].max() < 0.3
    np.testing.assert_array_equal(found.frame_id, mixed.frame_id)
    late = PEOPLE.keypoints_2d.copy()
    late[2:, 1] = late[:-2, 1]
    moved = changed(PEOPLE, keypoints_2d=late)
    with pytest.raises(GeoselfError, match=r"front_right is about \+2.0 frames late"):
        calibrate(moved.select(np.random.default_rng(0).permutation(PEOPLE.frames)), Options())


def test_one_distance_is_not_that_of_two_rigs():
    both = from_arrays(two_rigs(), "two rigs")
    scale = parse_scale("baseline:front_left,front_right=5")
    with pytest.raises(GeoselfError, match="several rigs") as error:
        calibrate(both, Options(scale=scale))
    assert error.value.code == USAGE


def two_rigs(first="", second=""):
    """Arrays of two rigs whose cameras are from somewhere."""
    files = []
    for k, origin in enumerate((first, second)):
        arrays = arrays_of(dataclasses.replace(PEOPLE, cameras_from=origin))
        arrays["rig_names"] = np.array([f"rig{k}"])
        arrays["center"] = arrays["center"] + 0.1 * k
        arrays["clip_names"] = np.array([f"{name} {k}" for name in arrays["clip_names"]])
        files += list(clips_of(arrays, ReadOptions()))
    return assemble(files)


def test_a_repair_keeps_where_the_cameras_were_from():
    found = dataclasses.replace(recording(3), cameras_from="cameras of a tape measure")
    line = calibrate(found, Options(refine=True))[0].cameras_from
    assert line.startswith("cameras of a tape measure; then cameras repaired")


def test_of_several_rigs_those_are_named_that_no_board_calibrated():
    assert str(two_rigs("found")["cameras_from"]) == "rig rig0: found"
    assert str(two_rigs("found", "found")["cameras_from"]) == "found"
    assert "cameras_from" not in two_rigs()
