"""Starts a detector's process, sends it images and receives the people in them."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from geoself_jax.core.errors import (
    UNAVAILABLE,
    GeoselfError,
    data_error,
    missing_error,
    one_line,
)
from geoself_jax.core.unfinished import unfinished
from geoself_jax.runtime.child_words import ChildWords

WORKER = Path(__file__).with_name("worker.py")

INSTALL = {"mediapipe": "mediapipe==0.10.21", "rtmlib": "rtmlib onnxruntime"}
"""What pip installs for each detector. Later mediapipe has no legacy Pose with models inside."""

_PYTHON = {"mediapipe": "python3.11", "rtmlib": "python3"}


class Detector:
    """A detector that runs in another process.

    Attributes:
        name: What it is, with its version.
        joint_names: Of its joints; empty for those of a known skeleton of as many.
    """

    def __init__(
        self, process: "subprocess.Popen[bytes]", loaded: Mapping[str, Any], said: ChildWords
    ) -> None:
        self.name = str(loaded["detector"])
        self.joint_names = tuple(loaded["joint_names"])
        self._joints = len(self.joint_names)
        self._process, self._said = process, said

    def send(self, image: np.ndarray) -> None:
        """Sends an image, (height, width, 3) uint8 RGB; `receive` its answer before the next."""
        assert self._process.stdin is not None
        head = json.dumps({"height": image.shape[0], "width": image.shape[1]}) + "\n"
        with contextlib.suppress(BrokenPipeError):  # said by `receive`
            self._process.stdin.write(head.encode())
            self._process.stdin.write(np.ascontiguousarray(image).data)
            self._process.stdin.flush()

    def receive(self) -> np.ndarray:
        """The people in the image that was sent, (people, joints, 3) x, y px and score.

        Raises:
            GeoselfError: The process has ended, or its people have not the same joints (65).
        """
        rows = _answer(self._process, self._said, "the detector")
        for row in rows:
            joints = len(row) // 3
            self._joints = self._joints or joints
            if joints != self._joints:
                named = len(self.joint_names) == self._joints
                wanted = f"{self._joints} {'names in JOINT_NAMES' if named else 'before'}"
                do = "give all joints of everybody, NaN and score 0 where one is missing"
                raise data_error(f"{self.name}: {joints} joints", wanted, do)
            if any(score < 0 for score in row[2::3]):
                do = "give 0 where a joint is missing, and logits as probabilities"
                raise data_error(f"{self.name}: a score of {min(row[2::3]):g}", "wanted 0 to 1", do)
        return np.array(rows, np.float64).reshape(len(rows), -1, 3) if rows else np.zeros((0, 0, 3))


@contextlib.contextmanager
def started(kind: str, python: str | None, options: Mapping[str, Any]) -> Iterator[Detector]:
    """A detector, until the end of the block.

    Args:
        kind: `mediapipe`, `rtmlib`, or the path of a .py file with `people(image)`.
        python: The Python that has it; None for this one.
        options: Of the worker: `model`, `boxes`, `device`.

    Raises:
        GeoselfError: No such Python (66); it lacks the detector (69); a bad model (65).
    """
    program = python or sys.executable
    own = kind.endswith(".py")
    options = {**options, "file": kind} if own else options
    command = [program, str(WORKER), "file" if own else kind, json.dumps(dict(options))]
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=_environment(python),
            start_new_session=True,  # Ctrl-C is ours to handle
        )
    except OSError as error:
        why = error.strerror or str(error)
        do = f"make one: {commands(kind)}" if kind in INSTALL else "check the path"
        raise missing_error(f"--detector-python={program}", why, do) from error
    assert process.stderr is not None
    said = ChildWords(process.stderr)
    with unfinished(process.kill):
        try:
            yield Detector(process, _loaded(process, said, kind, python), said)
        finally:
            _end(process)


def commands(kind: str) -> str:
    """The commands that make a Python with a detector, and use it."""
    folder = f"{kind}-env"
    return (
        f"{_PYTHON[kind]} -m venv {folder} && {folder}/bin/pip install {INSTALL[kind]}, "
        f"then --detector-python={folder}/bin/python"
    )


def _environment(python: str | None) -> dict[str, str]:
    """The environment; without this Python's packages where another one runs."""
    ours = {"PYTHONPATH", "PYTHONHOME"} if python else set()
    return {name: value for name, value in os.environ.items() if name not in ours}


def _loaded(
    process: "subprocess.Popen[bytes]", said: ChildWords, kind: str, python: str | None
) -> Mapping[str, Any]:
    loaded: dict[str, Any] = _answer(process, said, kind)
    if "refused" not in loaded:
        return loaded
    whose = python or "this Python"
    if "missing" in loaded:
        what = f"{loaded['missing']} is not installed in {whose}"
        do = "name the Python that has it: --detector-python=PATH"
        if kind in INSTALL:
            do = f"{kind} has an environment of its own: {commands(kind)}"
        raise GeoselfError(f"--detector={kind}", what, do, UNAVAILABLE)
    raise data_error(f"--detector={kind}", str(loaded["refused"])[:300], "check the file")


def _answer(process: "subprocess.Popen[bytes]", said: ChildWords, what: str) -> Any:
    assert process.stdout is not None
    line = process.stdout.readline()
    if line.endswith(b"\n"):
        return json.loads(line)
    code = process.wait()
    words = said.text().split("\n")[-1]
    raise data_error(what, f"ended with {code}: {one_line(words)[:300]}", "try it on its own")


def _end(process: "subprocess.Popen[bytes]") -> None:
    assert process.stdin is not None and process.stdout is not None
    with contextlib.suppress(OSError):
        process.stdin.close()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    process.stdout.close()
