"""The site is built from README, docs/ and the docstrings; a link or a name that leads nowhere
stops it.
"""

import shutil
import subprocess
import sys

import pytest
from pages import ROOT

import geoself_jax
from geoself_jax.data.validation import IGNORED, OPTIONAL, REQUIRED

pytest.importorskip("sphinx", reason="sphinx is not installed")
pytest.importorskip("myst_parser", reason="myst-parser is not installed")
pytest.importorskip("furo", reason="furo is not installed")

from sphinx.util.inventory import InventoryFile

# Some of what each page of the Python interface must have.
NAMES = (
    *("lift.lifter.load_lifter", "lift.lifter.Lifter.__call__", "lift.stream.Stream"),
    *("core.losses.total_loss", "core.metrics.p_mpjpe", "core.model.Networks"),
    *("core.config.ObjectiveConfig", "core.errors.GeoselfError", "geometry.camera.project"),
    *("data.recording.read", "data.poses.formats.read_poses", "train.run.train"),
    *("evaluate.report.evaluate", "view.html_page.write_page", "export.write.export"),
)


def build(source, out):
    """`sphinx-build` with warnings as errors, on the CPU and without a network."""
    return subprocess.run(
        [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-c", "docs", ".", str(out)],
        cwd=source,
        capture_output=True,
        text=True,
        timeout=600,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The whole site."""
    out = tmp_path_factory.mktemp("site")
    done = build(ROOT, out)
    assert done.returncode == 0, done.stderr
    return out


def test_every_page_is_built_and_the_first_leads_to_them(site):
    pages = {path.stem for path in (ROOT / "docs").glob("*.md")}
    assert pages <= {path.stem for path in (site / "docs").glob("*.html")}
    assert 'url=docs/index.html"' in (site / "index.html").read_text()


def test_the_python_interface_is_on_the_site_by_name(site):
    documented = InventoryFile.loads((site / "objects.inv").read_bytes(), uri="").data
    names = {name for kind in documented if kind.startswith("py:") for name in documented[kind]}
    assert {f"geoself_jax.{name}" for name in NAMES} <= names
    for name in geoself_jax.__all__:
        module = (
            getattr(geoself_jax, name).__module__ if name != "train" else "geoself_jax.train.run"
        )
        assert f"{module}.{name}" in names


def test_shapes_units_and_examples_are_legible(site):
    losses, lifter, errors = (
        (site / f"docs/api/{page}.html").read_text() for page in ("losses", "lifter", "errors")
    )
    assert "Float[Array, '*batch views joints 2']" in plain(losses)
    assert "jaxlib" not in plain(losses) and "`" not in plain(losses)
    assert "squared |e|^2 as the paper prints it; plain |e|; robust" in plain(losses)
    assert "fps=50" in plain(lifter.split("<pre>")[2].split("</pre>")[0])
    assert "Names and order of the joints, in and out." in plain(lifter)
    assert 'id="geoself_jax.core.errors.GeoselfError"' in errors


def test_flags_and_modules_are_listed(site):
    flags = plain((site / "docs/api/commands.html").read_text())
    assert "--workdir WORKDIR" in flags and "--poses FILE [FILE ...]" in flags
    modules = plain((site / "docs/api/modules.html").read_text())
    assert "geoself_jax.geometry.epipolar" in modules


def plain(html):
    """The text of a page."""
    soup = pytest.importorskip("bs4", reason="beautifulsoup4 is not installed")
    return soup.BeautifulSoup(html, "html.parser").get_text()


PLANTED = {
    "[x](nowhere.md)": "'nowhere.md'",
    "[x](../README.md#nothing)": "doc 'README': 'nothing'",
    "[x](../nowhere/)": "'../nowhere/'",
    "```{eval-rst}\n:py:func:`geoself_jax.core.losses.no`\n```": "geoself_jax.core.losses.no",
    "```{eval-rst}\n.. automodule:: geoself_jax.nothing\n```": "import 'nothing'",
}


def test_what_leads_nowhere_stops_the_build_and_is_named(tmp_path):
    for folder in ("site", "static"):
        shutil.copytree(ROOT / "docs" / folder, tmp_path / "docs" / folder)
    (tmp_path / "examples").mkdir()
    for name in ("conf.py", "reference.py"):
        shutil.copy(ROOT / "docs" / name, tmp_path / "docs")
    (tmp_path / "README.md").write_text("# Readme\n\n## Something\n")
    good = "[x](../README.md#something) [y](../examples/)\n\n```{toctree}\n../README\n```\n"
    page = tmp_path / "docs/index.md"
    page.write_text("\n\n".join(["# Index", good, *PLANTED]))
    done = build(tmp_path, tmp_path / "out")
    assert done.returncode != 0
    warnings = [line for line in done.stderr.splitlines() if "WARNING" in line]
    assert len(warnings) == len(PLANTED), done.stderr
    for said in PLANTED.values():
        assert any(said in warning for warning in warnings), said


def test_the_table_of_the_recording_file_has_its_arrays_and_no_others():
    rows = (ROOT / "docs/recording.md").read_text().splitlines()
    cells = [row.split("|")[1] for row in rows if row.startswith("| `")]
    named = {name.strip(" `") for cell in cells for name in cell.split(",")}
    assert named == {*REQUIRED, *OPTIONAL} - {*IGNORED}
