"""A folder imports only from folders below its own; commands start without jax."""

import ast
import collections
import functools
import subprocess
import sys
from pathlib import Path

import pytest

import geoself_jax
from geoself_jax.runtime.cli import VERBS

PACKAGE = Path(geoself_jax.__file__).parent
ORDER = [  # from the ground up; folders of one line know nothing of each other
    {"geometry"},
    {"core"},
    {"data", "runtime"},
    {"calibrate", "detect"},
    {"prepare", "view"},
    {"inspect", "lift"},
    {"evaluate", "triangulate"},
    {"export", "train"},
]
DOORS = {"example", "keep", "tfds_build"}
TWICE = {
    *("aist", "clocks", "mpi_inf_3dhp", "panoptic", "report", "rig", "run", "uncertainty"),
    "views",
}


@functools.cache
def modules():
    """Dotted name, without the package's, and path of every module."""
    return tuple(_walk())


def _walk():
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def imported(path):
    """Dotted names of the package's modules that a file imports."""
    known = dict(modules())
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("geoself_jax"):
            base = node.module.removeprefix("geoself_jax").lstrip(".")
            for alias in node.names:
                inner = f"{base}.{alias.name}".lstrip(".")
                yield inner if inner in known else base
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.startswith("geoself_jax"):
                    yield alias.name.removeprefix("geoself_jax").lstrip(".")


def floor(folder):
    return next(level for level, folders in enumerate(ORDER) if folder in folders)


def test_the_top_is_thirteen_folders_and_three_doors():
    folders = {p.name for p in PACKAGE.iterdir() if p.is_dir() and p.name != "__pycache__"}
    assert folders == set().union(*ORDER)
    files = {path.name for path in PACKAGE.iterdir() if path.is_file()}
    assert files == {"__init__.py", "__main__.py", "py.typed", *(f"{door}.py" for door in DOORS)}


def test_a_module_imports_only_from_folders_below():
    wrong, looked = [], 0
    for name, path in modules():
        here = name.split(".")[0]
        if here in {"", "__main__", *DOORS}:
            continue
        looked += 1
        for other in imported(path):
            there = other.split(".")[0]
            below = there in ("", "__main__", here) or (
                there not in DOORS and floor(there) < floor(here)
            )
            if not below:
                wrong.append(f"{name} imports {other}")
    assert not wrong, "\n".join(wrong)
    assert looked > 400


def test_the_synthetic_generator_knows_skeletons_and_nothing_else():
    for name, path in modules():
        if name.startswith("data.synthetic"):
            others = {o for o in imported(path) if not o.startswith("data.synthetic")}
            assert others <= {"core.errors", "core.skeleton"}, f"{name} imports {others}"


def test_losses_metrics_and_geometry_know_neither_flax_nor_the_configuration():
    for name, path in modules():
        if name.startswith(("geometry", "core.losses", "core.metrics")):
            assert "flax" not in path.read_text()
            assert "core.config" not in imported(path)


def test_few_modules_share_a_name():
    counted = collections.Counter(
        path.stem for _, path in modules() if path.stem not in ("__init__", "__main__")
    )
    assert {name for name, count in counted.items() if count > 1} == TWICE
    assert max(counted.values()) == 2


@pytest.mark.parametrize("verb", VERBS)
def test_help_starts_without_jax(verb):
    code = (
        "import runpy, sys\n"
        "sys.argv = ['x', '--help']\n"
        f"try: runpy.run_module('geoself_jax.{verb}', run_name='__main__')\n"
        "except SystemExit as end: assert end.code == 0\n"
        "assert 'jax' not in sys.modules and 'numpy' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, timeout=60)


def test_importing_the_package_is_light():
    code = "import sys, geoself_jax; assert 'jax' not in sys.modules and 'numpy' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
