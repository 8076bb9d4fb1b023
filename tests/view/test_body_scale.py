"""Pictures of a body of any size: the same as a human's, with other numbers and units."""

import base64
import dataclasses
import io
import re

import numpy as np
import pytest
from browsers import Tab, browser
from PIL import Image

from geoself_jax.core.shown_lengths import (
    digits,
    drawing_scale,
    floor_square,
    size_text,
    units_for,
    units_for_all,
)
from geoself_jax.core.skeleton import H36M_17, Skeleton
from geoself_jax.data.body_size import body_size
from geoself_jax.data.sources import load
from geoself_jax.data.training_set import triangulate_recording
from geoself_jax.view import stills
from geoself_jax.view.axes import PosePlot
from geoself_jax.view.body_scale import bone_reach, scale_of, units_of
from geoself_jax.view.build_scenes import joint_errors, scenes_from_recording
from geoself_jax.view.film_frame import FrameRenderer
from geoself_jax.view.html_page import write_page
from geoself_jax.view.plots import lifted_image

SIZES = (0.002, 0.05, 20.0)
SYMBOL = {0.002: "µm", 0.05: "mm", 20.0: "m"}
CANVASES = ("body", "picture", "curve")


@pytest.fixture(scope="module")
def human():
    return load("synthetic:test", synthetic_frames=400).select(np.arange(60))


def sized(recording, size):
    camera = recording.camera._replace(center=recording.camera.center * size)
    pose_world = (recording.pose_world * size).astype(np.float32)
    return dataclasses.replace(recording, pose_world=pose_world, camera=camera)


@pytest.fixture(scope="module")
def scenes(human):
    known = triangulate_recording(human)
    found = {}
    for size in (1.0, *SIZES):
        cameras = [human.camera_names[1]]
        found[size] = scenes_from_recording(sized(human, size), cameras, None, size * known)[0]
    return found


@pytest.fixture(scope="module")
def tabs(scenes, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sizes")
    with browser() as opened:
        found = {}
        for size, scene in scenes.items():
            write_page(folder / f"{size}.html", [scene], "sized")
            found[size] = Tab(opened, folder / f"{size}.html").ready()
            found[size].page.click("#paint-error")
            found[size].choose_frame(20)
        yield found


def image(tab, canvas):
    content = tab.pixels(f"#{canvas}").partition(",")[2]
    drawn = Image.open(io.BytesIO(base64.b64decode(content)))
    paper = Image.new("RGBA", drawn.size, "white")
    return np.asarray(Image.alpha_composite(paper, drawn.convert("RGBA")).convert("RGB"), int)


def changed(a, b):
    """Share of the pixels that differ visibly."""
    assert a.shape == b.shape
    return (np.abs(a - b).max(-1) > 32).mean()


@pytest.mark.parametrize("place", ["together", "absolute"])
@pytest.mark.parametrize("size", SIZES)
def test_a_page_shows_the_same_picture_at_every_size(tabs, size, place):
    for tab in (tabs[1.0], tabs[size]):
        tab.page.click(f"#place-{place}")
    wanted, found = (image(tabs[key], "body") for key in (1.0, size))
    drawn = (np.abs(wanted - wanted[0, 0]).max(-1) > 32).mean()
    assert drawn > 0.005
    assert changed(wanted, found) < 0.02 * drawn
    assert changed(image(tabs[1.0], "picture"), image(tabs[size], "picture")) == 0


@pytest.mark.parametrize("size", SIZES)
def test_a_page_s_curve_differs_in_the_numbers_of_its_axis_only(tabs, size):
    wanted, found = (image(tabs[key], "curve") for key in (1.0, size))
    right = wanted.shape[1] // 10  # the axis' numbers are on the left
    assert changed(wanted[:, right:], found[:, right:]) < 0.002
    name = tabs[size].text("#curve-name")
    assert name.startswith(f"error, {SYMBOL[size]}")
    assert name.replace(SYMBOL[size], "mm", 1) == tabs[1.0].text("#curve-name")


@pytest.mark.parametrize("size", SIZES)
def test_a_page_s_numbers_are_in_the_body_s_unit_with_three_digits(tabs, scenes, size):
    unit = units_for(size).error
    assert unit.symbol == SYMBOL[size]
    assert units_for(body_size(scenes[size].sequences[0].pose)).error == unit
    wanted = unit.per_metre * joint_errors(scenes[size], 1)[20]
    rounding = 1.01 * size * unit.per_metre / 1000  # as a human's, who is rounded to 0.5 mm
    shown = tabs[size].page.locator("#joints td:nth-child(2)").all_text_contents()
    np.testing.assert_allclose([float(text) for text in shown], wanted, rtol=5e-3, atol=rounding)
    large = [text for text in shown if float(text)]
    assert large and {len(re.sub(r"^0\.0*|\.", "", text)) for text in large} <= {3}
    assert tabs[size].text("#joints-name") == f"Joint errors, {unit.symbol}"
    value = tabs[size].page.locator("#sources .value").nth(1).text_content()
    assert abs(float(value.removesuffix(f" {unit.symbol}")) - np.nanmean(wanted)) < rounding
    assert tabs[size].text("#ramp-end").endswith(f" {unit.symbol} and more")
    end, human = (float(tabs[key].text("#ramp-end").split()[0]) for key in (size, 1.0))
    assert end == pytest.approx(human * size * unit.per_metre / 1000, rel=1e-6)
    assert f"Errors in {unit.symbol}." in tabs[size].text("#scores-note")
    assert tabs[size].wrong == []


def test_a_page_says_what_the_floor_s_squares_are(tabs):
    shown = {size: tab.text("#placed").split(" · ")[1] for size, tab in tabs.items()}
    found = {size: re.sub(r"[\d.]+", "", words) for size, words in shown.items()}
    assert found == {size: f"squares of  {unit}" for size, unit in {**SYMBOL, 1: "m"}.items()}
    metre = {size: units_for(size).size.per_metre for size in tabs}
    sides = {size: float(re.search(r"[\d.]+", shown[size])[0]) / metre[size] for size in tabs}
    for size in SIZES:
        assert sides[size] == pytest.approx(size * sides[1.0])


@pytest.mark.parametrize("turns", [False, True])
def test_a_film_draws_the_same_at_every_size(scenes, turns):
    shown = np.arange(scenes[1.0].frames)
    frames = {
        size: FrameRenderer(scene, shown, 640, turns=turns).draw(20, 20, 30 * turns).astype(int)
        for size, scene in scenes.items()
    }
    wanted = frames.pop(1.0)
    first, last = len(wanted) // 6, 3 * len(wanted) // 4  # between the words
    for size, found in frames.items():
        moved = (found[first + by : last + by] for by in (-1, 0, 1))  # the height is even
        assert min(changed(wanted[first:last], part) for part in moved) < 2e-4, size


def test_a_still_s_title_has_the_error_in_the_body_s_unit(scenes, tmp_path):
    errors = joint_errors(scenes[1.0], 1)
    for size, scene in scenes.items():
        turned = dataclasses.replace(scene, sequences=scene.sequences[::-1], reference=1)
        unit = units_of([turned]).error
        wanted = unit.text(size * float(np.nanmean(errors[20])), 0)
        assert stills._head(turned, 20, 20, unit) == f"0.40 s: {wanted} {unit.symbol}"


def test_pictures_of_training_are_the_same_at_every_size(human):
    plots_of = {
        size: [
            PosePlot("", human.keypoints_2d[0, 0], human.confidence[0, 0], (1000, 1000),
                     {"prediction": size * (human.pose_world[0] - human.pose_world[0, 0])})
        ]
        for size in (1.0, *SIZES)
    }  # fmt: skip
    wanted, *others = (lifted_image(plot, H36M_17) for plot in plots_of.values())
    for found in others:
        assert changed(wanted[:240].astype(int), found[:240].astype(int)) < 0.001


def test_a_body_s_reach_does_not_depend_on_its_pose():
    chain = Skeleton(("a", "b", "c", "d"), (-1, 0, 1, 1), (), 0)
    bent = np.array([[[0, 0, 0], [0, 0, 2.0], [1, 0, 2], [np.nan] * 3]])
    stretched = np.array([[[0, 0, 0], [0, 0, 2.0], [0, 0, 3], [0, 0.5, 2]]])
    assert bone_reach(bent, chain) == bone_reach(stretched, chain) == 3
    assert bone_reach(np.full((1, 4, 3), np.nan), chain) == 0 and drawing_scale(0) == 1
    assert bone_reach(np.zeros((0, 4, 3)), chain) == 0


def test_a_body_without_bones_is_drawn_as_large_as_people():
    dots = Skeleton(("a", "b", "c"), (-1, -1, -1), (), 0)
    poses = np.random.default_rng(0).normal(0, 1, (9, 3, 3))
    for size in SIZES:
        assert scale_of(size * poses, dots) == pytest.approx(size * scale_of(poses, dots))
    assert scale_of(poses * np.nan, dots) == scale_of(poses, dots) == 1


def test_squares_and_units_go_by_the_body():
    assert [floor_square(reach) for reach in (0.7, 2.2, 4, np.nan)] == [0.5] * 4
    assert [floor_square(2.2 * size) for size in SIZES] == pytest.approx([0.001, 0.025, 10])
    symbols = [[unit.symbol for unit in units_for(size)] for size in (1.7, None, 0.08, 0.0025, 34)]
    human = ["mm", "cm", "m", "m"]
    assert symbols == [human, human, ["mm"] * 4, ["µm", "µm", "µm", "mm"], ["m"] * 4]
    mouse, person = units_for(0.08).error, units_for(1.7).error
    lengths = (0.00402, 0.0001234, 0, None)
    assert [mouse.text(metres) for metres in lengths] == ["4.02", "0.123", "0", "-"]
    assert [person.text(metres) for metres in lengths] == ["4.0", "0.1", "0.0", "-"]
    assert [mouse.named(m, 0) for m in (0.042, 0.0042)] == ["42.0 mm", "4.20 mm"]
    assert [person.named(m, 0) for m in (0.042, 0.00042, 0)] == ["42 mm", "0.42 mm", "0 mm"]
    assert (
        units_for(1.7).rig.named(4.23) == "4.2 m" and units_for(1.7).bone.named(0.42, 0) == "42 cm"
    )
    sizes = [size_text(metres) for metres in (1.7, 1.684, 0.08, 0.0025, 12345.6)]
    assert sizes == ["1.7 m", "1.68 m", "80 mm", "2500 µm", "12346 m"]
    assert units_for_all([None, np.nan, 0.002, 0.08, 0.09]) == units_for(0.08)
    assert units_for_all([None]) == units_for(None)
    rounded = [digits(value, 1, 3) for value in (0.9996, 99.96, 12345.6, -0.5)]
    assert rounded == ["1.00", "100", "12346", "-0.500"]
