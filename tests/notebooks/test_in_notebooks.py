"""Commands called in a notebook's own process, and what a cell shows."""

import signal

import numpy as np
import pytest
from browsers import Tab, browser

from geoself_jax.runtime.notebook import command, show


def test_a_command_says_in_one_line_what_is_wrong(tmp_path):
    with pytest.raises(RuntimeError) as error:
        command("prepare", "--input", tmp_path / "nowhere", f"--output={tmp_path}/x.npz")
    line = str(error.value)
    assert line.startswith("error: ") and "nowhere - no such file" in line and "\n" not in line
    assert error.value.__suppress_context__  # a notebook prints no more than that


def test_an_exit_code_stops_the_notebook(tiny_arrays, tmp_path, capsys):
    metres_as_millimetres = {**tiny_arrays, "center": 1000 * tiny_arrays["center"]}
    np.savez(tmp_path / "wrong.npz", **metres_as_millimetres)
    with pytest.raises(RuntimeError, match="inspect ended with exit code 65"):
        command("inspect", f"--data={tmp_path}/wrong.npz")
    assert "unit" in capsys.readouterr().out


def test_the_notebooks_own_stop_button_is_left_to_it(tmp_path):
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(RuntimeError, match="no such file"):
        data = f"--config.data.train={tmp_path}/none.npz"
        command("train", "--config=configs/synthetic.py", data, f"--workdir={tmp_path}/run")
    assert signal.getsignal(signal.SIGINT) is before


def test_pictures_and_cards_are_shown_as_they_are(tmp_path):
    picture, card = tmp_path / "a.png", tmp_path / "a.md"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(20))
    card.write_text("# Card", encoding="utf-8")
    assert show(picture).data == picture.read_bytes()
    assert show(card).data == "# Card"


def test_a_page_stays_in_its_frame(tmp_path):
    hostile = tmp_path / "page.html"
    hostile.write_text(
        '<!doctype html><p id="here">"\'></iframe><script>parent.document.title = "taken"</script>'
        "&amp;</p><script>document.querySelector('#here').dataset.state = 'ran'</script>",
        encoding="utf-8",
    )
    cell = tmp_path / "cell.html"
    cell.write_text(f"<!doctype html><title>mine</title>{show(hostile).data}", encoding="utf-8")
    with browser() as opened:
        tab = Tab(opened, cell)
        (frame,) = tab.page.frames[1:]
        frame.wait_for_selector("#here[data-state=ran]")
        assert tab.page.title() == "mine"
        assert frame.inner_text("#here").startswith("\"'>") and tab.page.inner_text("body") == ""
