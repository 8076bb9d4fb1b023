"""What the tests share: a tiny recording and a finished tiny run."""

import os

from processes import QUICKLY

os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["JAX_CPU_ENABLE_ASYNC_DISPATCH"] = "false"
os.environ["XLA_FLAGS"] = QUICKLY
os.environ["OPENBLAS_NUM_THREADS"] = "1"  # the workers share the cores
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # each process would compile the package again

import atexit
import collections
import contextlib
import io
import itertools
import json
import shutil
import tempfile
from importlib.util import find_spec
from pathlib import Path

# What is kept of recordings goes to a cache of the tests' own.
if "PYTEST_XDIST_WORKER" not in os.environ:
    _HOME = tempfile.TemporaryDirectory(prefix="geoself_jax_cache_")
    atexit.register(_HOME.cleanup)
    os.environ["XDG_CACHE_HOME"] = _HOME.name

# Many tests train the same tiny networks: they, their processes and pytest's workers compile each
# program once.
if "PYTEST_XDIST_WORKER" not in os.environ:
    _CACHE = tempfile.TemporaryDirectory(prefix="geoself_jax_tests_")
    atexit.register(_CACHE.cleanup)
    os.environ["JAX_COMPILATION_CACHE_DIR"] = _CACHE.name
    os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
    os.environ["JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES"] = "0"

import jax
import jaxtyping
import numpy as np
import pytest
from tiny import make_arrays

from geoself_jax.core.config import Config, DataConfig, ModelConfig, ScheduleConfig

QUICK = "jax_disable_most_optimizations"

# Formulas and tiny networks, each compiled for a few numbers or steps: XLA's optimizations would be
# most of their time. What is exported and lifted with, and what computes much, has them; of
# training as users compile it, the processes of test_run are the test.
QUICKLY_COMPILED = {
    *("test_epipolar", "test_losses", "test_metrics", "test_model", "test_layers"),
    *("test_procrustes", "test_sampling", "test_trajectories", "test_triangulation"),
    *("test_step", "test_network_kinds", "test_windows_lifted", "test_uncertainty"),
    *("test_run", "test_from_python", "test_parallel", "test_wrong_inputs", "test_warm_start"),
    *("test_without_vertical", "test_any_skeleton", "test_calibrate_command"),
    *("test_odd_origins", "test_compat", "test_ablation", "test_by_motion"),
    "test_tfds",  # trains what the tiny run is
}

# Real browsers, notebooks, the docs site, fake clouds, runs of several processes, linters, wheels,
# hostile files and benchmarks: `pytest -m "not e2e"` leaves them out.
E2E = {
    *("test_notebooks", "test_in_notebooks", "test_docs_site", "test_docs_openers"),
    *("test_launch_files", "test_slurm", "test_tpu_spot", "test_tpu_vm", "test_backup"),
    *("test_parallel", "test_devices", "test_view_page", "test_film", "test_style"),
    *("test_files_hostile", "test_export_examples", "test_ablation_command", "test_extending"),
    *("test_package", "test_ablation", "test_wrong_inputs", "test_outputs", "test_front_door"),
}

# Few tests, many seconds, the longest first. Left to itself, xdist would start the files with the
# fewest tests last and end with one worker idle. A whole run prints its longest files at its end.
# mypy runs in three: the first, which reads all packages, starts long before the others.
LONG = (
    *("test_parallel", "test_windows", "test_style", "test_run", "test_ablation"),
    *("test_ablation_command", "test_front_door", "test_warm_start", "test_step"),
    *("test_inspect_faults", "test_extending", "test_package", "test_outputs", "test_backup"),
    *("test_flat_trials", "test_notebooks", "test_devices", "test_export", "test_uncertainty"),
    *("test_evaluate", "test_before_training", "test_by_motion", "test_general_models"),
    *("test_training_sample", "test_inspect", "test_wrong_inputs"),
)


def pytest_configure(config):
    """Starts files in the order of `pytest_collection_modifyitems` where xdist distributes them."""
    if hasattr(config.option, "loadscopereorder"):
        config.option.loadscopereorder = False


def pytest_collection_modifyitems(items):
    """Marks the tests of the modules in `E2E` and starts the longest files first.

    After those of `LONG`: real browsers and the like, then files of many tests before those of few.
    """
    tests = collections.Counter(item.module.__name__ for item in items)

    def place(item):
        name = item.module.__name__
        first = (*LONG, name).index(name), name not in QUICKLY_COMPILED, name not in E2E
        return *first, -tests[name]

    items.sort(key=place)
    for item in items:
        if item.module.__name__ in E2E:
            item.add_marker(pytest.mark.e2e)


def pytest_terminal_summary(terminalreporter):
    """Prints which files took longest, as `LONG` should have them, and how long each worker had."""
    files, workers = collections.Counter(), collections.Counter()
    for report in itertools.chain(*terminalreporter.stats.values()):
        if isinstance(report, pytest.TestReport):
            files[Path(report.nodeid.split("::")[0]).stem] += report.duration
            workers[getattr(report, "worker_id", "")] += report.duration
    if len(files) > len(LONG):
        spent = ", ".join(f"{name} {seconds:.0f}" for name, seconds in files.most_common(30))
        each = ", ".join(f"{name} {seconds:.0f}" for name, seconds in sorted(workers.items()))
        terminalreporter.write_line(f"seconds of the longest files: {spent}; of workers: {each}")


@pytest.fixture(autouse=True, scope="module")
def compiled_quickly_or_as_users_do(request):
    """Sets how hard XLA tries, module by module."""
    compile_quickly(request.module.__name__ in QUICKLY_COMPILED)


@pytest.fixture
def optimized():
    """For a test of the last digits, which differ between programs that are compiled quickly."""
    with compiling(quickly=False):
        yield


@contextlib.contextmanager
def compiling(*, quickly: bool):
    """Sets how hard XLA tries, for a while."""
    before = jax.config.read(QUICK)
    compile_quickly(quickly)
    yield
    compile_quickly(before)


def compile_quickly(quickly: bool):
    """Sets how hard XLA tries, of programs compiled before too: slow ones would stay slow."""
    if jax.config.read(QUICK) != quickly:
        jax.config.update(QUICK, quickly)
        jax.clear_caches()


@pytest.fixture(scope="session")
def tiny_arrays() -> dict[str, np.ndarray]:
    """Arrays of geoself-multiview/1; copy before changing one."""
    arrays = make_arrays()
    for array in arrays.values():
        array.setflags(write=False)
    return arrays


@pytest.fixture(scope="session")
def tiny_file(tiny_arrays, tmp_path_factory) -> Path:
    """The tiny recording as a file."""
    path = tmp_path_factory.mktemp("data") / "tiny.npz"
    np.savez_compressed(path, **tiny_arrays)
    return path


@pytest.fixture(scope="session")
def tiny_recording(tiny_file):
    """The tiny recording as the package reads it, ground truth included."""
    from geoself_jax.data import recording

    return recording.read(tiny_file)


@pytest.fixture(scope="session")
def tiny_config(tiny_file) -> Config:
    """Seconds of training; nothing is learned well."""
    return Config(
        data=DataConfig(train=str(tiny_file), validation_share=0.2),
        model=ModelConfig(width=16, blocks=1, layers=1, root_width=16, root_blocks=1),
        schedule=ScheduleConfig(length=20, batch=32, call=5, validate=2),
    )


@pytest.fixture(scope="session")
def tiny_run(tiny_config, tiny_recording, tmp_path_factory) -> Path:
    """The folder of a finished run; copy it before changing anything."""
    from geoself_jax.train.run import train

    folder = tmp_path_factory.mktemp("run") / "tiny"
    with compiling(quickly=True):  # whichever module asks first: others compare its weights
        outcome = train(tiny_config, folder, tiny_recording)
    assert outcome.steps == 20 and not outcome.interrupted
    return folder


@pytest.fixture(scope="session")
def evaluated_run(tiny_run, tmp_path_factory) -> Path:
    """The tiny run with scores, which are not its own; copy it before changing anything."""
    from geoself_jax.runtime.restore import load_trained

    folder = tmp_path_factory.mktemp("evaluated") / "run"
    shutil.copytree(tiny_run, folder)
    step = load_trained(folder).facts["step"]
    scores = {"checkpoint_step": step, "mpjpe_mm": 321.5, "auc": None}
    (folder / "evaluation.json").write_text(json.dumps(scores))
    return folder


@pytest.fixture(scope="session")
def tiny_export(evaluated_run, tmp_path_factory) -> Path:
    """An export of the tiny run by the command, whose output is in printed.txt next to the folder.

    It holds model.onnx where onnx and onnxruntime are installed. Copy it before changing anything.
    """
    from geoself_jax.export import __main__ as export

    folder, printed = tmp_path_factory.mktemp("export") / "lifter", io.StringIO()
    onnx = ["--onnx"] if all(map(find_spec, ("onnx", "onnxruntime"))) else []
    # jaxtyping cannot broadcast the free batch size with which an export is traced.
    jaxtyping.config.update("jaxtyping_disable", True)
    try:
        with contextlib.redirect_stdout(printed):
            assert export.main([f"--workdir={evaluated_run}", f"--out={folder}", *onnx]) == 0
    finally:
        jaxtyping.config.update("jaxtyping_disable", False)
    (folder.parent / "printed.txt").write_text(printed.getvalue())
    return folder


@pytest.fixture
def untyped():
    """jaxtyping cannot broadcast the free batch size with which an export is traced."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)
