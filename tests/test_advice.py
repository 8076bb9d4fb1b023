"""A message advises flags that the command has, or names the command that has them."""

import ast
import contextlib
import functools
import io
import re
from pathlib import Path

from test_layout import DOORS, imported, modules

import benchmarks
from geoself_jax.runtime import cli
from geoself_jax.runtime.cli import VERBS

FLAG = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]*")
NOT_ADVICE = {"", "__main__", "inspect.html_report", "runtime.flag_hints"}
"""Of all commands, colours of a page, and flags that were meant."""
SHARED = {
    *("core.disk", "core.partial", "runtime.checkpoints", "runtime.restore"),
    *("data.files.mistaken", "data.tfds.shared", "data.tfds.clips", "data.tfds.reading"),
    *("prepare.calibrations", "prepare.calibrations.unreadable"),
}
"""What they say may be printed by any command that imports them."""
OTHERS = {"--format", "--keypoint", "--no-deps"}
"""Of AlphaPose, of sleap-convert; OpenPose's --keypoint_scale; pip's."""
COMMON = {"--debug", "--quiet", "--version", "--help"}


@functools.cache
def reached(verb):
    """Names of all modules that a command may import."""
    known, found = dict(modules()), set()
    waiting = [verb if verb in DOORS else f"{verb}.__main__"]
    while waiting:
        name = waiting.pop()
        if name in known and name not in found:
            found.add(name)
            waiting += imports(name)
    return found


@functools.cache
def imports(name):
    """Without the package's own names, which bring all of it."""
    return tuple(other for other in imported(dict(modules())[name]) if other)


@functools.cache
def flags(verb):
    """All that the command's --help names."""
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown), contextlib.suppress(SystemExit):
        cli.main_of(verb)(["--help"])
    return {*FLAG.findall(shown.getvalue()), *COMMON}


def statements(tree):
    """Line and strings of each statement that is no docstring, and those of its function."""
    for outer in tree.body:
        for node in ast.walk(outer):
            inner = isinstance(node, ast.stmt) and not hasattr(node, "body")
            if inner and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
                yield node.lineno, strings(node), strings(outer)


def strings(tree):
    """All strings of a piece of code as one text."""
    parts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    return " ".join(part for part in parts if isinstance(part, str))


def unknown_flags(text, verbs, around="", every=False):
    """Flags of a text that no command has which may print it or is named near it.

    With `every`, flags that one of those that may print it has not, unless one that has is named.
    """
    named = [verb for verb in VERBS if re.search(rf"\b{verb}\b", f"{text} {around}")]
    holds = all if every else any
    return [
        flag
        for flag in FLAG.findall(text)
        if flag not in OTHERS
        and not any(flag in flags(verb) for verb in named)
        and not holds(flag in flags(verb) for verb in verbs)
    ]


def test_no_message_advises_a_flag_that_the_command_has_not():
    found = []
    for name, path in modules():
        if name in NOT_ADVICE or not FLAG.search(path.read_text()):
            continue
        verbs = [verb for verb in VERBS if name in reached(verb)] or list(VERBS)  # found by name
        for line, text, around in statements(ast.parse(path.read_text())):
            every = name in SHARED
            for flag in unknown_flags(text, verbs, around, every):
                found.append(f"{name}:{line}: {flag} of {verbs}: {text}")
    assert not found, "\n".join(found)


def test_an_unknown_flag_would_be_found():
    assert unknown_flags("give --checkpoint=best", ["train"]) == ["--checkpoint"]
    assert not unknown_flags("give --checkpoint=best", ["train", "evaluate"])
    assert unknown_flags("give --checkpoint=best", ["train", "evaluate"], every=True)
    assert not unknown_flags("evaluate takes --checkpoint=best", ["train"])
    assert "runtime.checkpoints" in reached("train") and "export.write" not in reached("train")


@functools.cache
def scripts():
    """Syntax tree of each module of the benchmarks, by its dotted name."""
    folder = Path(benchmarks.__file__).parent
    trees = {}
    for path in folder.rglob("*.py"):
        parts = path.relative_to(folder.parent).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        trees[name] = ast.parse(path.read_text())
    return trees


@functools.cache
def used(script):
    """Names of the benchmarks' modules that one imports, and of itself."""
    found, waiting = set(), [script]
    while waiting:
        name = waiting.pop()
        if name in found or name not in scripts():
            continue
        found.add(name)
        for node in ast.walk(scripts()[name]):
            if isinstance(node, ast.ImportFrom) and node.module:
                waiting += [node.module, *(f"{node.module}.{a.name}" for a in node.names)]
    return found


def names_of_calls(tree, *names):
    """Strings of calls of functions with such names, a text for each."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if called in names:
                yield strings(node)


@functools.cache
def script_flags(script):
    """Flags that a script's own module declares, or one with which it shares them."""
    shared = [name for name in used(script) if name == script or name not in RUNNABLE]
    texts = [t for name in shared for t in names_of_calls(scripts()[name], *DECLARE)]
    return {*FLAG.findall(" ".join(texts)), *COMMON}


DECLARE = ("add_argument", "add")
ERRORS = ("usage_error", "data_error", "missing_error", "GeoselfError", "exit")


def bad_advice(script):
    """What a script may print and advises a flag that neither it has, nor what it names."""
    for name in used(script):
        for text in _errors(name, whole=name == script):
            named = [other for other in RUNNABLE if re.search(rf"\b{_last(other)}\b", text)]
            known = {*script_flags(script), *(f for other in named for f in script_flags(other))}
            verbs = [verb for verb in VERBS if re.search(rf"\b{verb}\b", text)]
            known |= {flag for verb in verbs for flag in flags(verb)}
            yield from (
                f"{script}: {f}: {text}" for f in FLAG.findall(text) if f not in known | OTHERS
            )


def _errors(name, whole):
    """Texts of a module's errors; without those of its own command line, unless `whole`."""
    for part in scripts()[name].body:
        reads = {node.id for node in ast.walk(part) if isinstance(node, ast.Name)}
        if whole or not reads & {"flags", "argv"}:
            yield from names_of_calls(part, *ERRORS)


def _last(script):
    return script.removesuffix(".__main__").split(".")[-1]


RUNNABLE = [name for name, tree in scripts().items() if "__main__" in strings(tree)]


def test_no_benchmark_advises_a_flag_that_it_has_not():
    found = {line for script in RUNNABLE for line in bad_advice(script)}
    assert len(RUNNABLE) > 40 and not found, "\n".join(sorted(found))
