"""The package as it is installed: names, configurations, help, and what a wheel holds."""

import contextlib
import doctest
import importlib.metadata
import io
import itertools
import shlex
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from processes import ROOT, run_python

import geoself_jax
from geoself_jax import __main__ as commands
from geoself_jax.core.config import Config, replace_at
from geoself_jax.core.errors import MISSING, USAGE, GeoselfError
from geoself_jax.runtime import cli

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PUBLIC = ROOT / "docs/api/public.rst"
NAMES = sorted(path.stem for path in (ROOT / "configs").glob("*.py"))
ASKED_FOR = """
try:
    train()
except TypeError as error:
    assert "missing" in str(error), error
else:
    raise AssertionError("took no arguments")
"""


def run_code(code):
    done = run_python("-c", code, timeout=120)
    assert done.returncode == 0, done.stderr


def printed(call, *arguments):
    """What a call prints before it returns or exits with 0."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        try:
            code = call(*arguments)
        except SystemExit as end:
            code = end.code
    assert code == 0
    return out.getvalue()


# Public names


def test_all_public_names_are_listed_and_found():
    assert set(geoself_jax.__all__) <= set(dir(geoself_jax))
    for name in geoself_jax.__all__:
        assert callable(getattr(geoself_jax, name)), name
    with pytest.raises(AttributeError, match="no attribute 'lifter'"):
        geoself_jax.lifter  # noqa: B018


def test_listing_the_names_imports_neither_jax_nor_numpy():
    run_code(
        "import sys, geoself_jax\n"
        "assert 'train' in dir(geoself_jax) and geoself_jax.train\n"
        "assert not {'jax', 'numpy'} & set(sys.modules)\n"
    )


@pytest.mark.parametrize(
    "first",
    ["", "import geoself_jax.train", "from geoself_jax.train.run import train as other"],
)
def test_train_is_a_function_and_a_package_whatever_is_imported_first(first):
    then = "from geoself_jax import train\n" + ASKED_FOR
    run_code(
        f"{first}\n{then}import geoself_jax.train.run\n{then}"
        "assert geoself_jax.train is train and callable(geoself_jax.train.run.train)\n"
    )


def test_train_refuses_as_the_function_does(tiny_config, tiny_file, tmp_path):
    from geoself_jax.data import recording
    from geoself_jax.train import run

    config = replace_at(tiny_config, "objective.views", "99")
    data, said = recording.read(tiny_file), []
    for train in (geoself_jax.train, run.train):
        with pytest.raises(GeoselfError) as error:
            train(config, tmp_path / "run", data)
        said.append((error.value.code, str(error.value)))
    assert said[0] == said[1] and said[0][0] == USAGE


def test_each_public_name_has_an_example():
    examples = doctest.DocTestParser().get_examples(PUBLIC.read_text())
    imports = [e.source for e in examples if e.source.startswith("from geoself_jax import ")]
    named = {name for line in imports for name in line.split(" import ")[1].strip().split(", ")}
    assert named == set(geoself_jax.__all__)


def test_the_examples_of_the_public_names_run(tmp_path):
    # In a process of its own: jaxtyping, on in tests, cannot check what an export is traced with.
    done = run_python("-m", "doctest", str(PUBLIC), quick_compile=True, cwd=tmp_path, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_type_checker_takes_train_as_a_function(tmp_path):
    pytest.importorskip("mypy", reason="mypy is not installed")
    file = tmp_path / "use.py"
    file.write_text(
        "from pathlib import Path\n"
        "from geoself_jax import Lifter, load_lifter, train\n"
        "from geoself_jax.core.config import Config\n"
        "from geoself_jax.data.recording import Recording\n"
        "def use(config: Config, recording: Recording) -> int:\n"
        "    return train(config, Path('run'), recording).steps\n"
        "lifter: Lifter = load_lifter('export')\n"
        "train(3)\n"
    )
    done = run_python("-m", "mypy", str(file), timeout=600)
    found = done.stdout.splitlines()
    assert found and all("use.py:8: error" in line for line in found[:-1]), done.stdout
    assert 'Missing positional arguments "folder", "recording"' in done.stdout


# Commands


def test_the_verbs_are_listed_with_a_line_each():
    listed = printed(commands.main, [])
    assert listed == printed(commands.main, ["--help"])
    width = max(map(len, cli.VERBS)) + 2
    for verb, what in cli.VERBS.items():
        assert f"  {verb:<{width}}{what}\n" in listed


@pytest.mark.parametrize("verb", [None, *cli.VERBS])
def test_every_command_prints_the_version(verb):
    words = ["--version"] if verb is None else [verb, "--version"]
    assert printed(commands.main, words) == f"geoself_jax {geoself_jax.__version__}\n"


@pytest.mark.parametrize("verb", cli.VERBS)
@pytest.mark.parametrize(
    ("started", "name"),
    [("geoself", "geoself {}"), ("/x/__main__.py", "python -m geoself_jax.{}")],
)
def test_the_help_ends_with_examples_that_parse(verb, started, name, monkeypatch):
    monkeypatch.setattr(sys, "argv", [started])
    monkeypatch.setattr(sys, "orig_argv", ["python"])
    program = name.format(verb)
    shown = printed(cli.main_of(verb), ["--help"])
    assert shown.startswith(f"usage: {program} ")
    lines = shown.splitlines()
    examples = lines[lines.index("examples:") + 1 :]
    assert len(examples) >= 2
    for line in examples:
        assert line.startswith(f"  {program} --")
        check_parses(verb, shlex.split(line.removeprefix(f"  {program} ")))


def test_a_command_is_named_as_it_was_started(tmp_path, monkeypatch):
    for name in ("mine/bin/python", "lab/.venv/bin/python", "lab/.venv/bin/geoself"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch(0o755)
    monkeypatch.chdir(tmp_path / "lab")
    monkeypatch.setenv("PATH", str(tmp_path / "mine/bin"))
    monkeypatch.setattr(sys, "argv", ["/x/__main__.py"])
    for typed, shown in (
        ("python3", "python3"),
        (".venv/bin/python", ".venv/bin/python"),
        (f"{tmp_path}/lab/.venv/bin/python", ".venv/bin/python"),
        (f"{tmp_path}/mine/bin/python", "python"),
        ("/a b/python", "'/a b/python'"),
    ):
        monkeypatch.setattr(sys, "orig_argv", [typed, "-m", "geoself_jax.train"])
        assert cli.program("train") == f"{shown} -m geoself_jax.train"
        assert cli.then("train", "--x").startswith(f"now: {shown} -m geoself_jax.train --x")
    monkeypatch.setattr(sys, "argv", [str(tmp_path / "lab/.venv/bin/geoself")])
    assert cli.program("train") == ".venv/bin/geoself train"


def check_parses(verb, words):
    """The words are taken by the command's own parser; configurations are found."""
    before = list(itertools.takewhile(lambda word: word != "--", words))
    flags, overrides = parsed(verb, before)
    if verb == "train":
        assert isinstance(cli.load_config(flags.config, overrides), Config)
    if verb == "keep":
        check_parses("train", [f"--workdir={flags.workdir}", *words[len(before) + 1 :]])


def parsed(verb, words):
    """What `cli.parse` makes of the words, in place of the command's work."""

    class Parsed(Exception):
        pass

    def leave(parser, argv):
        raise Parsed(parse(parser, argv))

    parse = cli.parse
    with pytest.MonkeyPatch.context() as patch, pytest.raises(Parsed) as found:
        patch.setattr(cli, "parse", leave)
        cli.main_of(verb)(words)
    return found.value.args[0]


@pytest.mark.parametrize("verb", cli.VERBS)
def test_an_error_names_the_command_as_it_was_started(verb, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["geoself"])
    with pytest.raises(GeoselfError, match=f"see geoself {verb} --help$"):
        cli.main_of(verb)([])


@pytest.mark.parametrize("verb", cli.VERBS)
def test_the_help_leads_to_nothing_that_only_a_checkout_has(verb):
    shown = printed(cli.main_of(verb), ["--help"])
    for folder in ("docs/", "configs/", "examples/", "benchmarks", "tests/", "-e ."):
        assert folder not in shown


# Configurations


@pytest.mark.parametrize("name", NAMES)
def test_a_configuration_is_found_by_name_from_any_folder(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = cli.load_config(name, [("seed", "7")])
    assert found == cli.load_config(ROOT / f"configs/{name}.py", [("seed", "7")])
    assert found.seed == 7


def test_a_file_or_folder_of_a_configurations_name_does_not_hide_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "paper").mkdir()
    (tmp_path / "synthetic").write_text("a run's notes")
    (tmp_path / "synthetic.py").write_text(
        "from geoself_jax.core.config import *\ndef get_config(): return Config(seed=99)"
    )
    for name in ("paper", "synthetic"):
        assert cli.load_config(name, []).seed != 99
    assert cli.load_config("synthetic.py", []).seed == 99


@pytest.mark.parametrize(
    ("given", "near"),
    [
        ("syntetic", "did you mean 'synthetic'?"),
        ("configs/paper.py", "did you mean 'paper'?"),
        ("zzz", ", paper, synthetic"),
    ],
)
def test_a_wrong_name_gets_the_nearest_and_66(given, near, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "geoself_jax.train", f"--config={given}", "--workdir=run"],
        env={"PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == MISSING
    assert done.stderr.count("\n") == 1 and done.stderr.endswith(f"{near}\n")


# The wheel


def test_all_packages_are_named_in_pyproject():
    found = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for path in (ROOT / "geoself_jax").rglob("__init__.py")
    }
    assert set(PROJECT["tool"]["setuptools"]["packages"]) == {*found, "geoself_jax.configs"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built of a copy of what git tracks: setuptools leaves folders where it builds."""
    for name, least in (("setuptools", 77), ("pip", 1)):
        try:
            version = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            pytest.skip(f"{name} is not installed")
        if int(version.split(".")[0]) < least:
            pytest.skip(f"{name} {version} is older than the build needs ({least})")
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    listed = subprocess.run(
        [
            "git",
            "ls-files",
            "-z",
            "geoself_jax",
            "configs",
            "pyproject.toml",
            "README.md",
            "LICENSE",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    build = ("-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-w", str(folder))
    done = run_python(*build, str(source))
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl")
    return built


def test_a_wheel_holds_the_package_its_data_and_its_configurations(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        kept = [name for name in names if ".dist-info/" not in name]
        facts = next(name for name in names if name.endswith("/METADATA"))
        metadata = archive.read(facts).decode()
    assert {f"geoself_jax/configs/{name}.py" for name in NAMES} <= set(kept)
    assert all(name.startswith("geoself_jax/") for name in kept)
    package = ROOT / "geoself_jax"
    for path in package.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            assert str(path.relative_to(ROOT)) in kept
    assert f"\nVersion: {geoself_jax.__version__}\n" in metadata
    assert "\nLicense-Expression: Apache-2.0\n" in metadata


def test_an_unpacked_wheel_finds_its_configurations(wheel, tmp_path):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    code = (
        "import geoself_jax\n"
        "from geoself_jax.runtime import cli\n"
        "found = cli.configurations()\n"
        f"assert sorted(found) == {NAMES!r}, found\n"
        "assert all('/site/geoself_jax/configs/' in str(path) for path in found.values())\n"
        "cli.load_config('synthetic', [])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(tmp_path / "site")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert not (Path(tmp_path) / "configs").exists()
