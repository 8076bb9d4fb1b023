"""Inspect's tables and charts of a body of any size: units by the body, three digits."""

import dataclasses

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from geoself_jax.data.sources import load
from geoself_jax.inspect import charts, html_report
from geoself_jax.inspect.plain_text import text
from geoself_jax.inspect.report import inspect
from geoself_jax.inspect.sample import samples_of

SIZES = {0.002: ("µm", "mm"), 0.05: ("mm", "mm"), 20.0: ("m", "m")}


@pytest.fixture(scope="module")
def report():
    return inspect(load("synthetic:test", synthetic_frames=400), "x.npz", most=200)


def sized(figures, size):
    """The figures as they are of a recording of other size."""
    if isinstance(figures, list):
        return [sized(value, size) for value in figures]
    if isinstance(figures, dict):
        return {
            key: value * size
            if key.endswith(("_mm", "_m")) and isinstance(value, float)
            else sized(value, size)
            for key, value in figures.items()
        }
    return figures


@pytest.mark.parametrize("size", SIZES)
def test_lengths_are_in_the_body_s_unit_with_three_digits(report, size):
    own, rig = SIZES[size]
    found = dataclasses.replace(report, figures=sized(report.figures, size))
    lines, people = text(found, verbose=True).splitlines(), text(report, verbose=True).splitlines()
    per_metre = {"µm": 1e6, "mm": 1e3, "m": 1.0}
    for head, column in (
        ("camera", f"p95{own:>7}"),
        ("camera", f"depth {rig}"),
        ("pair", f"baseline {rig}"),
        ("subject", f"size {own}"),
    ):
        at = next(i for i, line in enumerate(lines) if line.startswith(f"{head}  "))
        assert column in lines[at], lines[at]
    row = report.figures["cameras"][0]
    cells = next(line for line in lines if line.startswith(f"{row['rig']} {row['camera']}")).split()
    for cell, metres, unit in (
        (cells[-2], row["residual_mm"] / 1000, own),
        (cells[-1], row["depth_m"], rig),
    ):
        wanted = size * metres * per_metre[unit]
        assert float(cell) == pytest.approx(wanted, rel=5e-3)
        assert len(cell.replace(".", "").lstrip("0")) >= 3
    assert len(lines) == len(people)
    shown = html_report.page(found)
    assert all(f"<th>{name} {unit}</th>" in shown for name, unit in (("depth", rig), ("size", own)))


def test_people_are_shown_as_before(report):
    lines = text(report, verbose=True).splitlines()
    assert f"{'camera':<31} seen %  residual px    p95     mm depth m" in lines
    assert f"{'pair':<31} epipolar px    p95   baseline m   angle" in lines
    assert f"{'subject':<31} size m   bone spread %" in lines
    row = report.figures["subjects"][0]
    assert f"{row['subject']:<31}{row['size_m']:7.2f}" in "\n".join(lines)


def test_the_chart_of_the_rig_is_the_same_at_every_size(report):
    whole = report.samples[0].whole
    drawn = {}
    for size, unit in {1.0: ("m", "m"), **SIZES}.items():
        camera = whole.camera._replace(center=whole.camera.center * size)
        sample = samples_of(dataclasses.replace(whole, camera=camera), 100)[0]
        figure = charts.rig_from_above(sample)
        FigureCanvasAgg(figure).draw()
        axes = figure.axes[0]
        assert axes.get_xlabel() == unit[1].replace("m", "metres" if unit[1] == "m" else "m")
        ticks = axes.get_xticks(), axes.get_yticks()
        labels = [
            float(text.get_text().replace("\N{MINUS SIGN}", "-")) for text in axes.get_xticklabels()
        ]
        per_metre = {"mm": 1e3}.get(unit[1], 1.0)
        np.testing.assert_allclose(labels, size * per_metre * ticks[0], rtol=1e-4)
        path, cameras = axes.lines[0].get_xydata(), [line.get_xydata() for line in axes.lines[1:]]
        drawn[size] = np.concatenate([path[:9], *cameras]).ravel(), axes.get_xticks()
    for size in SIZES:
        for found, wanted in zip(drawn[size], drawn[1.0], strict=True):
            np.testing.assert_allclose(found, wanted, atol=0.01)
