"""Faults planted into a good recording are named: by file, camera, joint, clip or frame."""

import warnings

import numpy as np
import pytest

from benchmarks import planting
from benchmarks.faults import ALIKE, FAULTS
from benchmarks.inspect_faults import said, verdict
from geoself_jax.data import recording
from geoself_jax.inspect import report

LOUD = ("refused", "error", "warning")


@pytest.fixture(scope="module")
def good():
    arrays = planting.good_arrays()
    for array in arrays.values():
        array.setflags(write=False)
    return arrays


def test_there_are_many_faults_each_described_once():
    assert len(FAULTS) >= 90 and set(FAULTS) > ALIKE
    assert all(fault.words and fault.what == what for what, fault in FAULTS.items())


@pytest.mark.parametrize("what", [what for what in FAULTS if what not in ALIKE])
def test_a_planted_fault_is_named(what, good, tmp_path):
    fault = FAULTS[what]
    lines = said(fault, good, tmp_path)
    how, line = verdict(fault, lines)
    assert how == fault.outcome, lines
    assert line.isprintable()
    if fault.outcome in LOUD:
        assert len(line.split(" - ")) >= 3, line


@pytest.mark.parametrize("scale", [0.5, 2.0])
def test_another_size_is_undone_before_the_lens(scale):
    bent = planting.good_arrays()
    assert np.any(bent["dist"])
    bent["keypoints_2d"] = bent["keypoints_2d"] * np.float32(scale)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # at twice the size some are where no ray is seen
        found = report.inspect(recording.from_arrays(bent, "x"), "x").verdicts
    assert f"all detections are {scale:g} times the size" in found[0].line
    assert float(found[0].line.split("; ")[1].split(" px")[0]) < 4 * scale  # of the file
