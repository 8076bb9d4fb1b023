"""Hostile files run nothing, reach nothing and are refused in one line."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import hostile
import pytest

import geoself_jax
from geoself_jax.core.errors import DATA, MISSING, GeoselfError
from geoself_jax.data import files as safe_load
from geoself_jax.data.files.sandbox import ask

PACKAGE = Path(geoself_jax.__file__).parent
MOST_MEMORY = 500 * 2**10  # kB


def written(folder: Path, files: dict[str, tuple[bytes, str]]) -> dict[str, tuple[Path, str]]:
    paths = {}
    for number, (name, (content, word)) in enumerate(files.items()):
        paths[name] = folder / f"{number}.bin", word
        paths[name][0].write_bytes(content)
    return paths


# Of this program alone: what getrusage says of a child is at least what its parent had.
PEAK = """
def peak():
    with open("/proc/self/status") as stream:
        return next(int(line.split()[1]) for line in stream if line.startswith("VmHWM"))
"""
MANY = (
    PEAK
    + """
import io, json, sys
from geoself_jax.data.files.child import parse, set_limits
set_limits(2**32, 600)
for asked in json.load(sys.stdin):
    print(json.dumps(parse(asked, io.BytesIO()))[:2000])
print(peak())
"""
)


def check_all(load, kind: str, files: dict[str, tuple[Path, str]]) -> None:
    """All are refused by what the child runs, in one child; every tenth through the door itself."""
    asked = [{"kind": kind, "path": str(path), "max_bytes": 2**32} for path, _ in files.values()]
    asked = [{**one, "names": None, "pickled": ["names"]} for one in asked]
    done = subprocess.run(
        [sys.executable, "-c", MANY], input=json.dumps(asked), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    *lines, most = done.stdout.splitlines()
    assert int(most) < MOST_MEMORY, f"the child took {most} kB"
    said = [json.loads(line) for line in lines]
    wrong = []
    for (name, (path, word)), answer in zip(files.items(), said, strict=True):
        line = answer.get("refused", "read")
        if not (line.startswith(str(path)) and word in line and len(line) < 600):
            wrong.append(f"{name}: {line}")
    assert not wrong, "\n".join(wrong)
    for path, word in list(files.values())[::10]:
        with pytest.raises(GeoselfError) as error:
            load(path)
        line = str(error.value)
        assert error.value.code == DATA and line.startswith(str(path)) and word in line
        assert line.isprintable()


@pytest.fixture
def canary(tmp_path):
    path = tmp_path / "canary"
    yield path
    assert not path.exists()


def test_no_pickle_runs_or_fills_the_memory(tmp_path, canary):
    files = written(tmp_path, hostile.pickles(canary))
    assert len(files) > 50
    check_all(safe_load.load_pickle, "pickle", files)


def test_no_archive_runs_leaves_its_place_or_fills_the_memory(tmp_path, canary):
    files = written(tmp_path, hostile.archives(canary))
    check_all(lambda path: safe_load.load_npz(path, objects=True), "npz", files)
    assert not list(tmp_path.parent.parent.glob("K*"))


def test_no_hdf5_file_shows_another_file_or_fills_the_memory(tmp_path, canary):
    secret = tmp_path / "secret"
    secret.write_bytes(b"SECRETDATA")
    files = hostile.hdf5(tmp_path, secret)
    check_all(lambda path: safe_load.load_hdf5(path, pickled_attributes=["names"]), "hdf5", files)


def test_no_matlab_file_fills_the_memory(tmp_path, canary):
    check_all(safe_load.load_matlab, "matlab", hostile.matlab(tmp_path))


def test_a_claim_of_5_gb_takes_less_than_500_mb_in_parent_and_child(tmp_path):
    """The peak of a process that only tries to read them, and that of its children."""
    (tmp_path / "5.pkl").write_bytes(hostile.pickles(tmp_path / "x")["5 GB of bytes"][0])
    (tmp_path / "5.npz").write_bytes(hostile.five_gigabytes())
    secret = tmp_path / "secret"
    h5 = hostile.hdf5(tmp_path, secret)["5 GB"][0]
    mat = hostile.matlab(tmp_path)["4 GB claimed"][0]
    script = (
        PEAK
        + """
import resource, sys
from geoself_jax.data import files as safe_load
from geoself_jax.core.errors import GeoselfError
loads = (safe_load.load_pickle, safe_load.load_npz, safe_load.load_hdf5, safe_load.load_matlab)
loads = (*loads, lambda path: safe_load.load_npz(path, objects=True))
for load, path in zip(loads, [*sys.argv[1:], sys.argv[2]], strict=True):
    try:
        load(path)
    except GeoselfError:
        print("refused")
print(peak(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
    )
    files = [str(tmp_path / "5.pkl"), str(tmp_path / "5.npz"), str(h5), str(mat)]
    done = subprocess.run(
        [sys.executable, "-c", script, *files], capture_output=True, text=True, check=True
    )
    *refused, peaks = done.stdout.splitlines()
    assert refused == ["refused"] * 5
    assert sum(map(int, peaks.split())) < MOST_MEMORY


def test_a_child_that_hangs_crashes_or_gives_no_answer_is_one_line(tmp_path, monkeypatch):
    path = tmp_path / "x.pkl"
    path.write_bytes(b"N.")
    with pytest.raises(GeoselfError, match=r"x\.pkl - reading it took over 0\.001 s"):
        ask("pickle", path, {}, 100, seconds=0.001)
    for body, said in (
        ("os.kill(os.getpid(), 11)", "reading it crashed (SIGSEGV)"),
        ("os.kill(os.getpid(), 24)", "reading it took too long"),  # SIGXCPU: the processor's time
        ("raise SystemExit('no such library')", "reading it failed (no such library)"),
        ("sys.exit(0)", "reading it gave no answer"),
        ("sys.stdout.write('x' * 100)", "reading it gave half an answer"),
        ("write({'tree': ['a', 0, '<f8', [9], False]})", "odd answer (an array outside the blob)"),
        ("write({'tree': ['a', 0, '|O8', [0], False]})", "odd answer (arrays of type '|O8')"),
        ("write({'tree': ['a', -8, '<f8', [1], False]})", "outside the blob"),
        ("write({'tree': ['f', 0, 9]})", "numbers outside the blob"),
        ("write({'tree': ['d', ['l'], 1]})", "neither a number nor text"),
        ("write({'tree': {'a': 1}})", "an untagged mapping"),
        ("write([])", "odd answer"),
    ):
        fake = tmp_path / "fake" / "geoself_jax" / "data" / "files" / "child.py"
        fake.parent.mkdir(parents=True, exist_ok=True)
        for package in (fake.parents[2], fake.parents[1], fake.parent):
            (package / "__init__.py").touch()
        fake.write_text(
            "import json, os, sys\n"
            "def write(said):\n"
            "    tree = json.dumps(said).encode()\n"
            "    sys.stdout.buffer.write(tree + len(tree).to_bytes(8, 'little'))\n"
            f"{body}\n"
        )
        monkeypatch.setattr("geoself_jax.data.files.sandbox.PACKAGE_ROOT", tmp_path / "fake")
        with pytest.raises(GeoselfError) as error:
            ask("pickle", path, {}, 100)
        assert said in str(error.value) and str(path) in str(error.value)


def test_a_missing_or_too_large_file_is_refused_without_a_child(tmp_path):
    (tmp_path / "x").write_bytes(bytes(100))
    for load in (safe_load.load_pickle, safe_load.load_hdf5, safe_load.load_matlab):
        for path, code, word in (("no", MISSING, "no such file"), (".", MISSING, "a folder")):
            with pytest.raises(GeoselfError, match=word) as error:
                load(tmp_path / path)
            assert error.value.code == code
        with pytest.raises(GeoselfError, match="has 100 bytes, over 99"):
            load(tmp_path / "x", max_bytes=99)


def test_the_child_gets_no_credentials_and_no_plugins(monkeypatch):
    from geoself_jax.data.files.sandbox import _environment

    for name in ("AWS_SECRET_ACCESS_KEY", "HDF5_PLUGIN_PATH", "GOOGLE_APPLICATION_CREDENTIALS"):
        monkeypatch.setenv(name, "x")
        assert name not in _environment()


DOORS = {"pickle", "h5py", "joblib", "dill", "cloudpickle", "tables", "marshal", "shelve"}
READERS = {"loadmat", "read_hdf", "read_pickle", "unsafe_load", "full_load"}


def around_the_door(source: str) -> set[str]:
    """What opens a foreign file, or runs text, by itself."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {a.name for a in node.names if a.name.split(".")[0] in DOORS}
        elif isinstance(node, ast.ImportFrom):
            names = {alias.name for alias in node.names}
            found |= {node.module or ""} if (node.module or "").split(".")[0] in DOORS else set()
            found |= names & READERS
        elif isinstance(node, ast.keyword) and node.arg == "allow_pickle":
            found |= {"allow_pickle"} if getattr(node.value, "value", True) else set()
        elif isinstance(node, ast.Call):
            found |= _called(node.func)
    return found


def _called(function: ast.expr) -> set[str]:
    if isinstance(function, ast.Name) and function.id in ("eval", "exec", "loadmat"):
        return {function.id}
    if not isinstance(function, ast.Attribute):
        return set()
    owner = getattr(function.value, "id", "")
    loads = function.attr == "load" and owner in ("np", "numpy", "yaml", "torch", "jnp")
    return {f"{owner}.{function.attr}"} if loads or function.attr in READERS else set()


def test_no_other_file_opens_pickles_hdf5_or_matlab_files_or_runs_text():
    root = PACKAGE.parent
    files = [
        p for name in ("geoself_jax", "configs", "launch") for p in (root / name).rglob("*.py")
    ]
    files = [path for path in files if PACKAGE / "data" / "files" not in path.parents]
    assert len(files) > 40
    found = {str(path): around_the_door(path.read_text()) for path in files}
    # What this package wrote itself, into a folder that none but the user may enter, no pickles.
    assert found.pop(str(PACKAGE / "data" / "kept.py")) == {"np.load"}
    # These write HDF5, into memory or a new file; nothing is read by them.
    writers = (("sleap_anipose_file", "h5py"), ("nwb_file", "h5py"), ("deeplabcut_file", "tables"))
    for name, module in writers:
        path = PACKAGE / "data" / "poses" / f"{name}.py"
        assert found.pop(str(path)) == {module} and not re.search(r"\bdef read", path.read_text())
    assert not {path: names for path, names in found.items() if names}


@pytest.mark.parametrize(
    "line",
    [
        *("import pickle", "from pickle import loads", "import h5py", "np.load('x')"),
        *("from scipy.io import loadmat", "scipy.io.loadmat('x')", "io.loadmat('x')"),
        *("yaml.load(x)", "yaml.unsafe_load(x)", "eval('1')", "pd.read_pickle('x')"),
        "f(x, allow_pickle=True)",
    ],
)
def test_what_goes_around_the_door_would_be_found(line):
    assert around_the_door(line)


def test_the_door_itself_is_light():
    script = "import sys, geoself_jax.data.files; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert not {"jax", "h5py", "scipy", "yaml", "pandas"} & set(done.stdout.split())
