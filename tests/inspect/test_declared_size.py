"""A size that a skeleton declares proves the unit; without one it is said to be open."""

import dataclasses
import json
import re

import numpy as np
import pytest

from geoself_jax.core.errors import DATA, GeoselfError
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data import recording
from geoself_jax.data.length_unit import in_length_units
from geoself_jax.data.skeleton_files import read_skeleton_toml
from geoself_jax.inspect.cameras import check_baselines
from geoself_jax.inspect.quick import check_before_training
from geoself_jax.inspect.report import inspect
from geoself_jax.inspect.sample import samples_of
from geoself_jax.inspect.statistics import units_of
from geoself_jax.runtime.restore import skeleton_from_dict

MOUSE = 0.05  # of a person
DECLARED = (0.05, 0.12)


@pytest.fixture(scope="module")
def mouse(tiny_arrays):
    """The tiny recording a twentieth as large, with joints of a mouse and its size declared."""
    small = dict(tiny_arrays)
    small["center"] = MOUSE * small["center"]
    small["pose_world"] = np.float32(MOUSE) * small["pose_world"]
    small["joint_names"] = np.array([f"paw_{name}" for name in small["joint_names"]])
    return small | {"body_metres": np.array(DECLARED)}


def sizes(arrays):
    found = inspect(recording.from_arrays(arrays, "mouse"), "mouse").verdicts
    return {verdict.severity: verdict for verdict in found if verdict.check == "size"}


def in_unit(arrays, factor):
    blind = {name: array for name, array in arrays.items() if name != "pose_world"}
    return blind | {"center": factor * arrays["center"]}


def test_the_declared_size_is_found(mouse):
    assert "declared" in sizes(mouse)["ok"].what
    assert re.fullmatch(r"\d\d\.\d mm", sizes(mouse)["ok"].evidence)


def test_verdicts_have_lengths_in_the_unit_of_the_tables(mouse):
    hands = {name: mouse[name].copy() for name in ("keypoints_2d", "confidence")}
    for array in hands.values():
        array[:, :, [12, 13]] = array[:, :, [13, 12]]  # the left elbow and wrist
    report = inspect(recording.from_arrays(mouse | hands, "mouse"), "mouse", most=200)
    assert units_of(report.figures).bone.symbol == "mm"
    said = [v.evidence for v in report.verdicts if v.check in ("bones", "joint order")]
    lengths = [found for line in said for found in re.findall(r"([\d.]+) ([cµm]?m)\b", line)]
    assert len(lengths) > 3
    for number, symbol in lengths:
        assert symbol == "mm" and len(number.replace(".", "").lstrip("0")) == 3, said


@pytest.mark.parametrize(
    ("factor", "named"), [(1000, "millimetres"), (100, "centimetres"), (10, "0.05 to 0.12")]
)
def test_another_unit_is_an_error_of_inspect_and_of_train(mouse, factor, named):
    wrong = in_unit(mouse, factor)
    assert named in sizes(wrong)["error"].evidence
    with pytest.raises(GeoselfError, match=named) as caught:
        check_before_training("mouse", recording.from_arrays(wrong, "mouse"))
    assert caught.value.code == DATA


@pytest.mark.parametrize("subject", ["mouse - 1", "a - b - c"])
def test_a_name_with_dashes_is_only_a_name(mouse, subject):
    named = in_unit(mouse, 1000) | {"subject_names": np.array([f"{subject} {i}" for i in range(3)])}
    assert subject in sizes(named)["error"].what


def test_a_range_that_fits_two_units_names_both(mouse):
    wide = in_unit(mouse, 1000) | {"body_metres": np.array([0.05, 1.0])}
    verdict = sizes(wide)["error"]
    assert "looks like" not in verdict.evidence and "--unit, mm or cm" in verdict.do
    assert "centimetres" in sizes(wide | {"center": wide["center"] / 10})["error"].evidence


def test_ground_truth_in_another_unit_is_refused_when_it_is_read(mouse):
    wrong = mouse | {"pose_world": 10 * mouse["pose_world"]}
    with pytest.raises(GeoselfError, match=r"0\.05 to 0\.12"):
        recording.from_arrays(wrong, "mouse")


def test_without_a_declared_size_the_unit_is_open(mouse):
    unknown = {name: array for name, array in mouse.items() if name != "body_metres"}
    assert "is that its size?" in sizes(in_unit(unknown, 10))["note"].what


def test_it_is_written_and_read_again(mouse, tmp_path):
    recording.write(recording.from_arrays(mouse, "mouse"), tmp_path / "again.npz")
    again = recording.read(tmp_path / "again.npz").skeleton
    assert again.body_metres == DECLARED
    as_json = json.loads(json.dumps(dataclasses.asdict(again)))
    assert skeleton_from_dict(as_json) == again


@pytest.mark.parametrize("size", [(0.0, 1.0), (2.0, 1.0), (float("nan"), 1.0), (1.0, np.inf)])
def test_a_size_that_is_none_is_refused(size):
    with pytest.raises(GeoselfError, match="body_metres"):
        Skeleton(("a", "b"), (-1, 0), (), 0, size)


@pytest.mark.parametrize("text", ['"big"', "[1]", '[0.1, "a"]', "[true, 2]", "0.1"])
def test_a_size_of_another_kind_is_refused_in_a_file(tmp_path, text):
    path = tmp_path / "mouse.toml"
    path.write_text(
        f'joints = ["a", "b"]\nroot = "a"\nbones = [["a", "b"]]\nbody_metres = {text}\n'
    )
    with pytest.raises(GeoselfError, match="body_metres"):
        read_skeleton_toml(path)


def test_a_file_declares_it(tmp_path):
    path = tmp_path / "mouse.toml"
    path.write_text(
        'joints = ["a", "b"]\nroot = "a"\nbones = [["a", "b"]]\nbody_metres = [0.1, 1]\n'
    )
    assert read_skeleton_toml(path).body_metres == (0.1, 1.0)


@pytest.mark.parametrize(
    ("size", "apart"), [(1.0, "0.05 m apart, individuals"), (0.05, "2.50 mm apart, individuals")]
)
def test_cameras_in_one_place_are_said_in_the_body_s_unit(tiny_arrays, size, apart):
    close = {n: a.copy() for n, a in tiny_arrays.items() if n not in ("pose_world", "dist")}
    for name in ("K", "R", "center"):
        close[name][:, 1] = close[name][:, 0]
    close["center"][:, 1] += np.array([0, 0, 0.05])
    close["keypoints_2d"][:, 1] = close["keypoints_2d"][:, 0]
    close["confidence"][:, 1] = close["confidence"][:, 0]
    close["center"] *= size
    close["joint_names"] = np.array([f"paw_{name}" for name in close["joint_names"]])
    (sample, *_) = samples_of(in_length_units(recording.from_arrays(close, "close")))
    assert check_baselines(sample)[0].evidence.startswith(apart)
