"""The repository keeps its own style, and nothing of one machine is in it."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import jax.numpy as jnp
import pytest
from jaxtyping import TypeCheckError

from geoself_jax.geometry.camera import project

ROOT = Path(__file__).parents[1]
# One character of each is in brackets, so that this file does not hold what it looks for.
NOT_OURS = re.compile(
    r"(?<![\w.-])/(?:[w]ork|[r]oot)/"  # folders of the machine it was written on
    r"|index[-_]url|pypi[.]|pythonhosted[.]|anaconda[.]org|download[.]pytorch[.]org|npmjs[.]"
)


@pytest.mark.parametrize("command", ["ruff check .", "ruff format --check .", "mypy"])
def test_the_style_is_kept_by(command):
    tool, *arguments = command.split()
    if importlib.util.find_spec(tool) is None:
        pytest.skip(f"{tool} is not installed")
    done = subprocess.run(
        [sys.executable, "-m", tool, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"


def test_shapes_and_types_of_arrays_are_checked_while_the_tests_run():
    points = jnp.zeros((4, 3))
    assert project(points, jnp.eye(3)).shape == (4, 2)
    for wrong in (points[:, :2], points.astype(int), points.tolist()):
        with pytest.raises(TypeCheckError):
            project(wrong, jnp.eye(3))


def tracked_texts():
    """Name and text of every file that git knows, except images and the like."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip(f"not a git checkout: {listed.stderr.strip()}")
    for name in filter(None, listed.stdout.split("\0")):
        content = (ROOT / name).read_bytes() if (ROOT / name).is_file() else b"\0"
        if b"\0" not in content:
            yield name, content.decode()


def test_no_tracked_file_names_a_folder_of_one_machine_or_a_package_index():
    texts = dict(tracked_texts())
    assert "pyproject.toml" in texts
    found = [
        f"{name}:{number}: {line.strip()}"
        for name, text in texts.items()
        for number, line in enumerate(text.splitlines(), 1)
        if NOT_OURS.search(line)
    ]
    assert not found, "\n".join(found)


def test_what_is_looked_for_would_be_found():
    slash, dash, dot = "/-."  # put together here: this file is looked through too
    lines = (
        f"cd {slash}work/x",
        f"'{slash}root/x'",
        f"--index{dash}url=x",
        f"https://pypi{dot}org",
    )
    assert all(NOT_OURS.search(line) for line in lines)
    assert not NOT_OURS.search("https://example.org/work/network/root/x")
