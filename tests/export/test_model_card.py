"""MODEL_CARD.md: what the run knows, and names from files that stay text."""

import copy
import json
import re
from html.parser import HTMLParser

import jax
import numpy as np
import pytest
from markdown_it import MarkdownIt

import geoself_jax
from geoself_jax.export.folder import CARD, FILES, ONNX, PROGRAM
from geoself_jax.export.markdown import table, text
from geoself_jax.export.model_card import card
from geoself_jax.lift import exported

HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "a|b|c",
    "[here](javascript:alert(1))",
    "![x](http://evil.example/x.png)",
    "http://evil.example www.evil.example <a@evil.example>",
    "`code` **bold** _it_ ~~gone~~ \\",
    "&lt;b&gt; &#60;",
    "x $a^b$ # {y}",
)
PLAIN = ("right_hip", "sitting_on_floor", "Walking 1", "anna-2.npz", "synthetic:train", "3.5")


class Page(HTMLParser):
    """Tags and the text of the cells of a rendered page."""

    def __init__(self, markdown):
        super().__init__()
        self.tags, self.cells, self.inside = [], [], False
        self.feed(MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown))

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.inside = tag in ("td", "th")
        if self.inside:
            self.cells.append("")

    def handle_endtag(self, tag):
        self.inside = self.inside and tag not in ("td", "th")

    def handle_data(self, data):
        if self.inside:
            self.cells[-1] += data


@pytest.fixture(scope="module")
def info(tiny_export):
    return json.loads((tiny_export / exported.DESCRIPTION).read_text())


@pytest.fixture
def changed(info):
    """A description as the card is made from it, which a test may change."""
    info = copy.deepcopy(info)
    del info["files"][CARD]
    return info


@pytest.mark.parametrize("name", [*HOSTILE, *PLAIN])
def test_a_name_in_a_cell_is_shown_as_it_is(name):
    page = Page("\n".join(table(["name", "mm"], [[text(name), "1"]], numbers=1)))
    assert page.cells == ["name", "mm", name, "1"]
    assert set(page.tags) == {"table", "thead", "tbody", "tr", "th", "td"}


@pytest.mark.parametrize("name", PLAIN)
def test_plain_names_are_left_as_they_are(name):
    assert text(name) == name


def test_bare_addresses_become_no_links():
    # GitHub makes links of what looks like one; a backslash within it stops that.
    shown = text("http://a.example www.a.example a@b.example")
    assert not re.search(r"://|www\.|a@", shown)


def test_line_breaks_and_control_characters_are_gone():
    assert text("a\n# b\x1b[31m\u202ec") == r"a \# b \[31m c"


def test_no_hostile_name_makes_markup_in_a_card(changed):
    plain = set(Page(card(changed, {})).tags)
    scores = {"mpjpe_mm": 1.0, "p_mpjpe_mm": 1.0, "root_error_mm": 1.0}
    for name in HOSTILE:
        changed["data"]["source"] = changed["scores"]["checkpoint"]["which"] = name
        changed["skeleton"]["joint_names"][0] = name
        changed["versions"]["training"] = {name: name}
        changed["scores"]["evaluation"] = {"data": name, **scores} | {
            "per_action": {name: scores},
            "action_mean": scores,
            "joint_notes": [name],
        }
        page = Page(card(changed, {}))
        assert set(page.tags) <= plain | {"strong"} and name in page.cells


def test_it_says_that_no_label_was_used_or_that_one_was(changed):
    assert "No 3D label was used" in card(changed, {})
    changed["data"]["supervised_upper_bound"] = True
    supervised = card(changed, {})
    assert "Trained on ground-truth 3D poses" in supervised and "No 3D label" not in supervised
    assert "learned from: ground truth" in supervised


def test_it_names_data_people_and_frame_rate(info, tiny_export, tiny_recording):
    text = (tiny_export / CARD).read_text()
    data = info["data"]
    assert f"tiny.npz: {data['train_frames']} frames of {len(data['subjects'])} people" in text
    assert f"{tiny_recording.fps:g} frames per second" in text and data["sha256"] in text


def test_a_record_without_a_rate_makes_a_card_too(changed):
    changed["recording"] = None
    assert "frames per second" not in card(changed, {})


def test_scores_stand_in_it_or_how_to_get_them(changed, tiny_export):
    assert "321.5" in (tiny_export / CARD).read_text()
    changed["scores"]["evaluation"] = None
    assert "geoself_jax.evaluate" in card(changed, {})


@pytest.mark.parametrize("size", [1.0, 0.0015])
def test_scores_are_in_the_body_s_unit(changed, size):
    row = {"mpjpe_mm": 54.321 * size, "p_mpjpe_mm": 43.21 * size, "root_error_mm": 251.0 * size}
    free = {"triangulation_mm": 65.4321 * size, "cross_view_px": 8.76, "data": "x.npz"}
    changed["scores"]["evaluation"] = {**row, **free, "body_size_mm": 1700 * size}
    changed["scores"]["checkpoint"]["best"] = 76.543 * size
    shown = card(changed, {})
    for human, fly in (
        ("With ground truth, mm |", "With ground truth, µm |"),
        ("| 54.3 | 43.2 | 251.0 |", "| 81.5 | 64.8 | 376 |"),
        ("| 65.4 mm |", "| 98.1 µm |"),
        ("| 8.8 px |", "| 8.8 px |"),
        ("during training: 76.5.", "during training: 115 µm."),
        ("`root_position` was 25 cm on average", "`root_position` was 376 µm on average"),
    ):
        assert (human if size == 1 else fly) in shown


def test_without_an_evaluation_lengths_are_in_the_unit_of_the_bodies_trained_on(changed):
    changed["recording"] = {**(changed["recording"] or {}), "length_unit": 0.0015}
    changed["scores"] |= {"evaluation": None}
    changed["scores"]["checkpoint"]["best"] = 0.076543
    assert "during training: 76.5 µm." in card(changed, {})


def test_scores_on_the_training_data_are_called_so(changed):
    for data, warned in (("anna.npz", True), ("bela.npz", False)):
        changed["scores"]["evaluation"] = {"data": data, "trained_on": "anna.npz"}
        assert ("the data it was trained on" in card(changed, {})) == warned


def test_it_lists_every_file_with_its_size(info, tiny_export):
    text = (tiny_export / CARD).read_text()
    for name in set(FILES) - {CARD, exported.DESCRIPTION}:
        size = (tiny_export / name).stat().st_size
        assert re.search(rf"\| `{re.escape(name)}` \|.*\| {size / 1e6:.3f} \|", text)
    assert f"{info['read_back_mm'][PROGRAM]:.1e} mm" in text


def test_the_program_in_it_runs(info, tiny_export, tiny_recording):
    code = re.search(r"```python\n(.*?)```", (tiny_export / CARD).read_text(), re.S)[1]
    names = {"DIR": str(tiny_export), "geoself_jax": geoself_jax, "jax": jax}
    names |= {
        "keypoints_2d": tiny_recording.keypoints_2d[:2, 1],
        "confidence": tiny_recording.confidence[:2, 1],
        "K": tiny_recording.cameras_of(slice(2)).K[:, 1].astype(np.float32),
    }
    if ONNX in info["files"]:
        names["onnxruntime"] = pytest.importorskip("onnxruntime")
    answers = []
    for part in code.split("\n\n"):
        exec(part, names)
        answers.append(np.asarray(names.pop("pose_3d")))
    assert len(answers) == 2 + (ONNX in info["files"])
    for other in answers[1:]:
        np.testing.assert_allclose(other, answers[0], rtol=0, atol=2e-6)
