"""What the tests share: a tiny recording and a finished tiny run."""

import os

os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["JAX_CPU_ENABLE_ASYNC_DISPATCH"] = "false"

import atexit
import tempfile
from pathlib import Path

# Many tests train the same tiny networks: they, their processes and pytest's workers compile each
# program once.
if "PYTEST_XDIST_WORKER" not in os.environ:
    _CACHE = tempfile.TemporaryDirectory(prefix="geoself_jax_tests_")
    atexit.register(_CACHE.cleanup)
    os.environ["JAX_COMPILATION_CACHE_DIR"] = _CACHE.name
    os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
    os.environ["JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES"] = "0"

import numpy as np
import pytest
from tiny import make_arrays

from geoself_jax.config import Config, DataConfig, ModelConfig, ScheduleConfig


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
    from geoself_jax import recording

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
    from geoself_jax.training import train

    folder = tmp_path_factory.mktemp("run") / "tiny"
    outcome = train(tiny_config, folder, tiny_recording)
    assert outcome.steps == 20 and not outcome.interrupted
    return folder
