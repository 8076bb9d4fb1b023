"""A module imports only from floors strictly below its own; commands start without jax."""

import ast
import functools
import subprocess
import sys
from pathlib import Path

import pytest

import geoself_jax

PACKAGE = Path(geoself_jax.__file__).parent
FLOORS = [
    {"errors", "hosts", "layers", "numerics", "packing", "stopping"},
    {
        *(
            "skeleton",
            "config",
            "geometry.camera",
            "geometry.paths",
            "safe_load",
            "validation",
            "data.rig",
        ),
        "stores",
    },
    {
        "geometry.triangulation",
        "geometry.procrustes",
        "geometry.epipolar",
        "batch",
        "model",
        "optimizer",
        "losses",
        "workdir",
        "lifter_inputs",
        "keeping",
        "strokes",
        "data.skeletons",
        "data.joint_maps",
        "data.instances",
        "data.clips",
        "data.lenses",
        "data.lab_files",
        "data.bodies",
    },
    {
        *("panels", "recording", "metrics", "poses", "data.example"),
        *("data.matching", "data.rig_arrays", "data.skeleton_files"),
    },
    {
        *("devices", "step", "streaming", "data.checks", "data.sampling"),
        *("data.calibrations", "data.detections", "data.people", "data.assembling", "data.motion"),
        "data.refinement",
    },
    {
        *("checkpoints", "runner", "scores", "drawing", "inspection"),
        *("data.datasets", "data.camera_files", "data.training_views"),
    },
    {
        *("feeding", "trained", "ranking", "calibration", "commands", "viewing"),
        *("data.own_rig", "data.tfds"),
    },
    {"evaluation", "doubts", "export_files", "loop", "data.sources", "data.preparing"},
    {"lifter"},
    {"reporting", "exporting", "training", "lifting"},
    {
        *("train", "evaluate", "export", "prepare", "inspect", "tfds_build", "example", "view"),
        *("keep", "lift", "notebook"),
    },
]
PACKAGES = {"", "geometry", "data"}
SYNTHETIC = "data.synthetic"
WHOLE = (  # packages whose modules share a floor and may import one another
    *("safe_load", "inspection", "data.calibrations", "data.detections", "data.datasets"),
    *("data.motion", "data.tfds", "poses", "exporting", "viewing", "reporting", "lifting"),
)


@functools.cache
def modules():
    """Name and path of every module."""
    return list(_walk())


def _walk():
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        yield name, path


def imported(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("geoself_jax"):
            base = node.module.removeprefix("geoself_jax").lstrip(".")
            for alias in node.names:
                inner = f"{base}.{alias.name}".lstrip(".")
                yield inner if inner in dict(modules()) else base
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.startswith("geoself_jax"):
                    yield alias.name.removeprefix("geoself_jax").lstrip(".")


def placed(name):
    """The name by which a module is in `FLOORS`: its own, or its package's."""
    return next((whole for whole in WHOLE if name == whole or name.startswith(whole + ".")), name)


def floor(name):
    name = placed(name)
    found = [level for level, names in enumerate(FLOORS) if name in names]
    assert found, f"geoself_jax.{name} has no floor: put it into tests/test_floors.py"
    return found[0]


@pytest.mark.parametrize(
    ("name", "path"),
    [(n, p) for n, p in modules() if n not in PACKAGES and not n.startswith(SYNTHETIC)],
)
def test_a_module_imports_only_from_floors_below(name, path):
    for other in imported(path):
        if other in PACKAGES or other.startswith(SYNTHETIC):
            continue
        if placed(other) != placed(name):
            assert floor(other) < floor(name), f"{name} imports {other}"


def test_the_synthetic_generator_stands_on_the_ground():
    for name, path in modules():
        if name.startswith(SYNTHETIC):
            others = {o for o in imported(path) if not o.startswith(SYNTHETIC)}
            assert others <= FLOORS[0] | FLOORS[1], f"{name} imports {others}"


def test_model_and_data_never_meet_and_losses_know_no_flax():
    for name, path in modules():
        others = set(imported(path))
        if name == "model":
            assert not any(o.startswith("data") for o in others)
        if name.startswith("data"):
            assert "model" not in others
        if name.startswith(("losses", "geometry", "metrics", "numerics")):
            assert "flax" not in path.read_text()
            assert "config" not in others


@pytest.mark.parametrize(
    "verb", ["train", "evaluate", "export", "inspect", "tfds_build", "example", "lift", "view"]
)
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
