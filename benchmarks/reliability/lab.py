"""A folder with a tiny recording and configurations, and the environment of all processes."""

import importlib
import json
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from geoself_jax.core.config import (
    Config,
    DataConfig,
    ModelConfig,
    ObjectiveConfig,
    OptimizerConfig,
    ScheduleConfig,
)

ROOT = Path(__file__).resolve().parents[2]
_HEAD = "from geoself_jax.core.config import *\n\n\ndef get_config():\n    return "


def of_tests(name: str) -> ModuleType:
    """A module that the tests share."""
    if str(ROOT / "tests") not in sys.path:
        sys.path.append(str(ROOT / "tests"))
    return importlib.import_module(name)


def set_environment(folder: Path) -> None:
    """Lets all processes use the CPU, and one cache of compiled programs of the lab's own."""
    (folder / "cache").mkdir(parents=True, exist_ok=True)
    os.environ |= {
        "JAX_PLATFORMS": "cpu",
        "JAX_COMPILATION_CACHE_DIR": str(folder / "compiled"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "0",
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONPATH": str(ROOT),
        "XDG_CACHE_HOME": str(folder / "cache"),
    }


class Lab:
    """Files that rows share.

    Attributes:
        folder: Of all of them.
        arrays: The tiny recording, arrays of geoself-multiview/1.
        data: Its file.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.arrays: dict[str, np.ndarray] = of_tests("tiny").make_arrays()
        self.data = self.folder / "tiny.npz"
        if not self.data.exists():
            np.savez_compressed(self.data, allow_pickle=False, **self.arrays)
        self._made = 0

    def new(self, name: str = "place") -> Path:
        """An empty folder that nothing else uses."""
        self._made += 1
        folder = self.folder / f"{name}-{os.getpid()}-{self._made}"
        folder.mkdir()
        return folder

    def config(self, name: str, **changes: Any) -> Path:
        """A configuration file of seconds of training.

        Args:
            name: Of the file.
            changes: Of keys of the schedule; `optimizer_KEY`, `objective_KEY` and `model_KEY` of
                those of the other groups, `train` the recording.
        """
        sizes = {"width": 16, "blocks": 1, "layers": 1, "root_width": 16, "root_blocks": 1}
        groups: dict[str, dict[str, Any]] = {"optimizer": {}, "objective": {}, "model": sizes}
        schedule: dict[str, Any] = {"length": 20, "batch": 32, "call": 5, "validate": 2}
        train = str(changes.pop("train", self.data))
        for key, value in changes.items():
            group, _, rest = key.partition("_")
            if group in groups:
                groups[group][rest] = value
            else:
                schedule[key] = value
        config = Config(
            data=DataConfig(train=train, validation_share=0.2),
            model=ModelConfig(**groups["model"]),
            optimizer=OptimizerConfig(**groups["optimizer"]),
            objective=ObjectiveConfig(**groups["objective"]),
            schedule=ScheduleConfig(**schedule),
        )
        path = self.folder / f"{name}.py"
        path.write_text(f"{_HEAD}{config!r}\n")
        return path


def steps_of(run: Path) -> list[int]:
    """Checkpoints that a run can continue from."""
    found = (run / "checkpoints/last").glob("*")
    return sorted(int(path.name) for path in found if path.name.isdecimal())


def digests(run: Path, step: int | None = None) -> dict[str, str]:
    """Digests of the arrays of a checkpoint: the newest, or one."""
    number = steps_of(run)[-1] if step is None else step
    text = (run / f"checkpoints/last/{number}/meta/metadata").read_text()
    found: dict[str, str] = json.loads(text)["sha256"]
    return found


def logged_steps(run: Path) -> list[int]:
    """Steps of the lines of metrics."""
    lines = (run / "metrics.jsonl").read_text().splitlines()
    return [json.loads(line)["step"] for line in lines]
