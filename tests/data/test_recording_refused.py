"""Planted faults: each is refused with its exit code and a line that names its place."""

import re

import numpy as np
import pytest

from geoself_jax.core.errors import DATA, DIVERGED, WORKDIR, GeoselfError
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data import recording
from geoself_jax.runtime import workdir
from geoself_jax.train import progress


def assert_refused(error: pytest.ExceptionInfo, code: int, *words: str):
    line = str(error.value)
    assert error.value.code == code, line
    assert line.isprintable() and len(line.split(" - ")) >= 2
    for word in words:
        assert word in line, line


def planted(arrays, name, place, value):
    """A copy of one array with a value put in a place, or with a function applied to it all."""
    if callable(value):
        return {**arrays, name: value(arrays[name])}
    changed = np.array(arrays[name], np.float64 if arrays[name].dtype.kind == "f" else None)
    changed[place] = value
    return {**arrays, name: changed}


# (array, place or None, value or function of the array, words of the message)
FAULTS = {
    # shapes and counts
    "frames_differ": ("confidence", None, lambda a: a[1:], ["confidence", "(239,", "240 frames"]),
    "ids_too_few": ("subject_id", None, lambda a: a[:7], ["subject_id", "(7,)", "(240,)"]),
    "pose_too_short": ("pose_world", None, lambda a: a[:-5], ["pose_world", "(235, 17, 3)"]),
    "axes_swapped": (
        "keypoints_2d",
        None,
        lambda a: a.swapaxes(1, 2),
        ["joint_names", "17 views and 4 joints"],
    ),
    "three_columns": ("keypoints_2d", None, lambda a: a[..., [0, 1, 1]], ["keypoints_2d", "3)"]),
    "no_views_axis": ("keypoints_2d", None, lambda a: a[:, 0], ["(240, 17, 2)", "views"]),
    "rig_too_few": ("R", None, lambda a: a[:1], ["R has", "(1, 4, 3, 3)", "2 rigs"]),
    "names_too_few": ("joint_names", None, lambda a: a[1:], ["joint_names", "(16,)"]),
    "names_not_a_list": ("clip_names", None, lambda a: a[0], ["clip_names", "()"]),
    "actions_differ": ("clip_actions", None, lambda a: a[1:], ["clip_actions", "(5,)", "(6,)"]),
    "dist_of_four": ("dist", None, lambda a: a[..., :4], ["dist", "(2, 4, 4)", "(2, 4, 5)"]),
    "pairs_of_three": ("left_right", None, lambda a: a.reshape(4, 3), ["left_right", "(4, 3)"]),
    # types
    "text_for_numbers": ("keypoints_2d", None, lambda a: a.astype(str), ["keypoints_2d", "number"]),
    "text_for_fps": ("fps", None, lambda a: np.array("fast"), ["fps", "numbers"]),
    "numbers_for_text": ("clip_names", None, lambda a: np.arange(6), ["clip_names", "text"]),
    "bytes_for_text": ("camera_names", None, lambda a: a.astype("S"), ["camera_names", "text"]),
    "ids_not_whole": ("rig_id", None, lambda a: a + 0.5, ["rig_id", "whole numbers"]),
    "complex": ("K", None, lambda a: a + 0j, ["K has type complex128", "numbers"]),
    "two_fps": ("fps", None, lambda a: np.array([25.0, 30.0]), ["fps", "(2,)", "one value"]),
    # ids
    "clip_id_too_high": ("clip_id", 17, 6, ["frame 17", "clip_id 6", "6 entries"]),
    "subject_id_below_0": ("subject_id", 5, -1, ["frame 5", "subject_id -1"]),
    "rig_id_too_high": ("rig_id", 239, 2, ["frame 239", "rig_id 2", "2 entries"]),
    "frame_id_is_a_time": (
        "frame_id",
        None,
        lambda a: a.astype(np.int64) + 10**12,
        ["frame_id", "1000000000000"],
    ),
    # confidences
    "confidence_over_1": (
        "confidence",
        (41, 2, 9),
        1.5,
        ["1.5", "frame 41", "clip1", "frame_id 1", "view 2 (cam2)", "joint 9 (neck)", "[0, 1]"],
    ),
    "confidence_below_0": ("confidence", (3, 0, 1), -0.1, ["-0.1", "frame 3", "right_hip"]),
    "confidence_nan": ("confidence", (3, 0, 1), np.nan, ["nan", "frame 3", "cam0", "right_hip"]),
    "confidence_all_0": ("confidence", (), 0, ["no joint has a positive confidence"]),
    "percent": ("confidence", None, lambda a: 100 * a, ["[0, 1]", "frame 0"]),
    # cameras
    "K_nan": ("K", (1, 2, 0, 2), np.nan, ["K of", "rig rig1", "camera cam2", "not finite"]),
    "R_inf": ("R", (0, 3, 0, 0), np.inf, ["R of", "rig rig0", "camera cam3", "not finite"]),
    "center_nan": ("center", (1, 0, 1), np.nan, ["center of", "rig1", "cam0"]),
    "dist_nan": ("dist", (0, 1, 0), np.nan, ["dist of", "rig0", "cam1"]),
    "focal_0": ("K", (1, 3, 1, 1), 0, ["K of", "rig1", "cam3", "fy > 0"]),
    "K_transposed": ("K", None, lambda a: a.swapaxes(-1, -2), ["K of", "rig0", "cam0"]),
    "K_lower_skew": ("K", (0, 1, 1, 0), 2, ["K of", "rig0", "cam1"]),
    "R_off_by_0.1": ("R", None, lambda a: a * 1.05, ["not orthonormal", "off by 0.1", "rig0"]),
    "R_zero": ("R", (1, 1), 0, ["R of", "rig1", "cam1", "orthonormal"]),
    "R_mirrored": (
        "R",
        None,
        lambda a: a * np.where(np.arange(4) == 2, -1, 1)[:, None, None],
        ["mirrored", "rig0", "cam2", "-1.000"],
    ),
    # the scene
    "fps_0": ("fps", (), 0, ["fps 0.0", "above 0"]),
    "fps_nan": ("fps", (), np.nan, ["fps nan"]),
    "image_size_0": ("image_size", (1, 2, 1), 0, ["image_size", "rig1", "cam2", "[1000, 0]"]),
    "up_is_0": ("world_up", (), 0, ["world_up [0.0, 0.0, 0.0]"]),
    "up_nan": ("world_up", 1, np.nan, ["world_up"]),
    "truth_in_mm": ("pose_world", None, lambda a: 1000 * a, ["pose_world", "millimetres"]),
    "truth_in_cm": ("pose_world", None, lambda a: 100 * a, ["pose_world", "centimetres"]),
    # the skeleton
    "parent_out_of_range": ("parents", 4, 17, ["parents"]),
    "own_ancestor": ("parents", 1, 3, ["parents", "own ancestor"]),
    "root_out_of_range": ("root", (), 17, ["root 17"]),
    "pair_twice": ("left_right", (1, 0), 4, ["left_right", "once"]),
    "name_twice": ("joint_names", 3, "pelvis", ["joint_names", "once"]),
    "other_format": ("format", None, lambda a: np.array("x/2"), ["'x/2'", "geoself-multiview/1"]),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_named_with_its_place(tiny_arrays, fault):
    name, place, value, words = FAULTS[fault]
    with pytest.raises(GeoselfError) as error:
        recording.from_arrays(planted(tiny_arrays, name, place, value), "my file.npz")
    assert_refused(error, DATA, *words, "my file.npz: ")


def test_nan_with_a_positive_confidence_is_named_with_frame_view_and_joint(tiny_arrays):
    arrays = planted(tiny_arrays, "keypoints_2d", (81, 1, 16), np.nan)
    arrays = planted(arrays, "confidence", (81, 1, 16), 0.5)
    with pytest.raises(GeoselfError) as error:
        recording.from_arrays(arrays, "x")
    assert_refused(error, DATA, "frame 81", "view 1 (cam1)", "right_wrist", "0.500")


@pytest.mark.parametrize("name", ["keypoints_2d", "K", "fps", "clip_id", "format"])
def test_a_required_array_that_is_not_there_is_named_with_what_may_be_meant(tiny_arrays, name):
    arrays = {(k.upper() + "s" if k == name else k): v for k, v in tiny_arrays.items()}
    with pytest.raises(GeoselfError) as error:
        recording.from_arrays(arrays, "x")
    assert_refused(error, DATA, f"no array '{name}'", name.upper() + "s")


@pytest.mark.parametrize("name", ["frames", "views", "joints"])
def test_0_frames_views_or_joints_are_refused(tiny_arrays, name):
    sizes = {"frames": 240, "views": 4, "joints": 17}
    gone = lambda a: tuple(slice(0) if n == sizes[name] else slice(None) for n in a.shape)  # noqa: E731
    arrays = {k: v[gone(v)] for k, v in tiny_arrays.items()}
    with pytest.raises(GeoselfError) as error:
        recording.from_arrays(arrays, "x")
    assert_refused(error, DATA, f"0 {name}")


def test_half_a_skeleton_is_refused(tiny_arrays):
    with pytest.raises(GeoselfError) as error:
        recording.from_arrays({k: v for k, v in tiny_arrays.items() if k != "root"}, "x")
    assert_refused(error, DATA, "parents and left_right")


def test_unknown_joints_without_a_skeleton_are_refused_by_name(tiny_arrays):
    arrays = {k: v for k, v in tiny_arrays.items() if k not in ("parents", "left_right", "root")}
    with pytest.raises(GeoselfError) as error:
        recording.from_arrays(planted(arrays, "joint_names", 3, "right_foot"), "x")
    assert_refused(error, DATA, "x: joint 3", "right_foot", "right_ankle", "`parents`")
    with pytest.raises(GeoselfError) as error:
        Skeleton((), (), (), 0)
    assert_refused(error, DATA, "root")


@pytest.mark.parametrize(("off", "kept"), [(1e-6, True), (1e-3, False)])
def test_a_rotation_a_little_off_is_kept_or_made_exact(tiny_arrays, off, kept):
    rng = np.random.default_rng(0)
    R = tiny_arrays["R"] + off * rng.uniform(-1, 1, (2, 4, 3, 3))
    there = recording.from_arrays({**tiny_arrays, "R": R}, "x").camera.R
    assert np.array_equal(there, R) == kept
    exact = there if not kept else tiny_arrays["R"]
    assert np.abs(exact @ exact.swapaxes(-1, -2) - np.eye(3)).max() < 1e-12
    assert np.abs(there - R).max() <= 2 * off


def test_a_loss_that_stays_nan_ends_with_70_and_names_the_step():
    metrics = {
        "loss": np.array([1.0, np.nan, np.nan, np.nan, np.nan]),
        "skipped": np.array([0, 1, 2, 3, 4]),
    }
    with pytest.raises(GeoselfError) as error:
        progress.means(metrics, done=15)
    assert_refused(error, DIVERGED, "step 14", "nan", "3 times", "learning_rate")


def test_a_folder_of_another_configuration_is_refused_by_key_and_left_alone(tmp_path):
    record = {"format": "geoself-run/1", "config": {"seed": 1}, "data": {}, "model": {}}
    record["skeleton"] = {}
    assert not workdir.claim(tmp_path, record)
    before = (tmp_path / workdir.RECORD).read_bytes()
    with pytest.raises(GeoselfError) as error:
        workdir.claim(tmp_path, {**record, "config": {"seed": 2}})
    assert_refused(error, WORKDIR, "config.seed=1, not 2", "--workdir")
    assert (tmp_path / workdir.RECORD).read_bytes() == before


@pytest.mark.parametrize("letter", ["\x1b[31m", "\n", "\x00x", "\u202e", "\x9b"])
@pytest.mark.parametrize("name", ["clip_names", "subject_names", "camera_names", "clip_actions"])
def test_a_name_that_acts_on_a_terminal_is_refused_and_shown_escaped(tiny_arrays, name, letter):
    names = tiny_arrays[name].astype("<U40")
    names[1] = f"a{letter}b"
    with pytest.raises(GeoselfError) as error:
        recording.from_arrays(dict(tiny_arrays) | {name: names}, "lab.npz")
    assert f"{name}[1] is {str(names[1])!a}" in str(error.value)
    assert error.value.code == DATA


def test_a_name_of_any_language_is_taken(tiny_arrays):
    names = tiny_arrays["clip_names"].astype("<U40")
    names[:3] = ["\u6b69\u304f", "\u0645\u06cc\u200c\u0631\u0648\u062f", "Ge\u00a0hen"]
    recording.from_arrays(dict(tiny_arrays) | {"clip_names": names}, "lab.npz")


def test_an_error_is_one_line_whatever_the_names_hold():
    line = str(GeoselfError("a\nb\r\x1b[31mc\u2028d", "why", "do", DATA))
    assert line.isprintable() and re.sub(r"\s", "", line) == "ab[31mcd-why-do"
