"""Public functions of the core document their arguments."""

import ast
import re

import pytest
from pages import ROOT

MODULES = (
    *("geometry/camera", "geometry/epipolar", "geometry/lenses", "geometry/numerics"),
    *(
        "geometry/joint_angles",
        "geometry/procrustes",
        "geometry/ray_axes",
        "geometry/reweighting",
        "geometry/trajectories",
        "geometry/triangulation",
    ),
    *("core/augmentation", "core/batch", "core/config", "core/errors", "core/layers"),
    *("core/losses", "core/metrics", "core/optimizer", "core/sampling", "core/skeleton"),
    *("data/recording", "data/training_set", "data/validation"),
    *("data/body_size", "data/camera_checks", "data/derive_root", "data/roots"),
    *("evaluate/scores", "lift/lifter"),
)


def public_functions(body, of=""):
    """Name and node of each function and method that is meant to be called from outside."""
    for node in body:
        name = getattr(node, "name", "_")
        if name.startswith("_") and name != "__call__":
            continue
        if isinstance(node, ast.ClassDef):
            yield from public_functions(node.body, f"{name}.")
        elif isinstance(node, ast.FunctionDef):
            yield f"{of}{name}", node


def parameters(function):
    """Names of a function's parameters, without `self` and what it ignores (`_`)."""
    given = function.args
    every = [*given.posonlyargs, *given.args, given.vararg, *given.kwonlyargs, given.kwarg]
    names = [parameter.arg for parameter in every if parameter is not None]
    return [name for name in names if name not in ("self", "cls") and not name.startswith("_")]


def undocumented(source):
    """Returns a line for each function whose arguments are not all in its docstring."""
    found = []
    for name, function in public_functions(ast.parse(source).body):
        text, names = ast.get_docstring(function) or "", parameters(function)
        missing = [word for word in names if not re.search(rf"(?<!\w){word}(?!\w)", text)]
        if len(names) > 1 and "Args:" not in text:
            found.append(f"{name}: no Args")
        elif len(names) > 1 and missing:
            found.append(f"{name}: {', '.join(missing)}")
    return found


@pytest.mark.parametrize("module", MODULES)
def test_public_functions_document_their_arguments(module):
    assert undocumented((ROOT / "geoself_jax" / f"{module}.py").read_text()) == []


def test_all_modules_of_geometry_are_looked_at():
    there = {path.stem for path in (ROOT / "geoself_jax/geometry").glob("*.py")} - {"__init__"}
    assert there == {name.split("/")[1] for name in MODULES if name.startswith("geometry/")}


def test_an_argument_without_documentation_would_be_found():
    source = '''
def none(a, b):
    """Adds."""

class Sum:
    def half(self, a, *others, b=0, **_):
        """Adds.

        Args:
            a, others: Metres; nothing is said of the abscissa.
        """

    def _private(self, a, b): ...

def one(a):
    """Negates."""
'''
    assert undocumented(source) == ["none: no Args", "Sum.half: b"]
