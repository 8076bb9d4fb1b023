"""Faults planted into a good recording are named: by file, camera, joint, clip or frame."""

import pytest

from benchmarks import planting
from benchmarks.faults import ALIKE, FAULTS
from benchmarks.inspect_faults import said, verdict

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
