"""A report on bodies that are no person's speaks of no people."""

import re

import animals
import numpy as np
import pytest

from geoself_jax.data import recording
from geoself_jax.inspect.html_report import page
from geoself_jax.inspect.plain_text import text
from geoself_jax.inspect.report import inspect

NAMES = ["left_hip", "left_shoulder", "head", "right_hip", "right_shoulder"]


@pytest.mark.parametrize("up", [(0, 0, 1), (0, 1, 0), (0, 0, -1)])
def test_no_verdict_and_no_heading_speaks_of_people(up):
    parents, pairs, root = animals.SHAPES["one of a pair is the root"]
    arrays = animals.make_arrays(parents, pairs, root, size=0.05)
    arrays |= {"world_up": np.array(up), "joint_names": np.array(NAMES)}
    report = inspect(recording.from_arrays(arrays, "x"), "x.npz")
    html = re.sub(r"base64,[^\"]*", "", page(report))
    for shown in (text(report, verbose=True), html):
        assert re.search(r"\b(person|people)\b", shown, re.I) is None, shown


def test_the_sizes_of_several_animals_are_asked_for_in_one_line():
    parents, pairs, root = animals.SHAPES["one of a pair is the root"]
    arrays = animals.make_arrays(parents, pairs, root, size=0.05)
    shown = text(inspect(recording.from_arrays(arrays, "x"), "x.npz"))
    (line,) = [line for line in shown.splitlines() if "is that its size?" in line]
    assert re.search(r"subject mia; subject nut: .* [\d.]+ mm .* - else `prepare` again", line)
