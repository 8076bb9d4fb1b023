"""Modules, and what is in them, that docstrings name exist."""

import ast
import functools
import re

from pages import ROOT

OTHERS = ("jax.", "tf.", "time.", "dtype.", "stream.", "benchmarks.", "augmentation.", "config.")
FILES = re.compile(r"\.(npz|png|json|toml)$")


@functools.cache
def names_of_modules():
    """Of all modules; not while tests are collected, which every worker does."""
    found = {}
    for path in (ROOT / "geoself_jax").rglob("*.py"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        names = set()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                names.add(node.name)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                names.add(node.id)
        found[parts[:-1] if parts[-1] == "__init__" else parts] = names
    return found


@functools.cache
def classes():
    return {name for names in names_of_modules().values() for name in names if name[0].isupper()}


def exists(reference):
    """`module`, `module.name` or `Class.attribute`; of a dotted module the end will do."""
    parts = tuple(reference.split("."))
    if parts[0] in classes():
        return True
    for module, names in names_of_modules().items():
        for count in range(1, len(parts) + 1):
            rest = parts[count:]
            if module[-count:] == parts[:count] and (not rest or rest[0] in names):
                return True
    return False


def test_a_module_that_is_named_exists():
    wrong = []
    for path in sorted((ROOT / "geoself_jax").rglob("*.py")):
        text = "\n".join(re.findall(r'"""(.*?)"""', path.read_text(), re.DOTALL))
        for name in re.findall(r"`([a-z_]+(?:\.[A-Za-z_]+)+)`", text):
            if not (name.startswith(OTHERS) or FILES.search(name) or exists(name)):
                wrong.append(f"{path.relative_to(ROOT)}: {name}")
    assert not wrong, "\n".join(wrong)
    assert exists("geometry.camera.project") and exists("camera.project")
    assert not exists("camera.projected_by_nobody") and not exists("guess.guess_up")
