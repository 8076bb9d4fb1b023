"""The folder of one run: its owner, its configuration and its metrics."""

import contextlib
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geoself_jax.core import disk
from geoself_jax.core.config import Config, ModelConfig, as_dict, split_where
from geoself_jax.core.errors import WORKDIR, GeoselfError, data_error, missing_error
from geoself_jax.core.partial import writing

if TYPE_CHECKING:
    import numpy as np

RECORD, METRICS = "run.json", "metrics.jsonl"


def write_json(path: Path, value: Any) -> None:
    """Writes JSON; a file already there is replaced only once all is written."""
    text = json.dumps(value, indent=2) + "\n"
    with writing(path, len(text)) as place:
        place.write_text(text)


def read_record(workdir: Path) -> dict[str, Any]:
    """What the run wrote about itself.

    Raises:
        GeoselfError: No run in that folder (66); damaged (65).
    """
    path = workdir / RECORD
    if not path.is_file():
        if (workdir / "model.json").is_file():
            why = "is an export, not a run"
            raise missing_error(str(workdir), why, "evaluate takes it as --model; or give its run")
        run = next((p for p in workdir.absolute().parents if (p / RECORD).is_file()), None)
        if run is not None:
            raise missing_error(str(workdir), "is a part of a run", f"give the run itself, {run}")
        raise missing_error(
            f"{workdir}: no {RECORD}", "no run was started there", "train first, or check --workdir"
        )
    try:
        record = json.loads(path.read_text())
    except ValueError as error:
        raise data_error(str(path), f"not JSON ({error})", "restore it from a copy") from error
    if not isinstance(record, dict) or record.get("format") != "geoself-run/1":
        raise data_error(str(path), "not of format geoself-run/1", "check --workdir")
    return record


def claim(workdir: Path, record: dict[str, Any]) -> list[dict[str, Any]] | None:
    """Writes the record of a new run, or makes sure that the folder's run is the same one.

    The record's `starts`, which says where and how this process runs, is added to the folder's.

    Returns:
        The folder's earlier starts; None if it had no run.

    Raises:
        GeoselfError: The folder's run has another configuration or other data (73).
    """
    if not (workdir / RECORD).exists():
        write_json(workdir / RECORD, record)
        return None
    wanted = json.loads(json.dumps(record))
    there = read_record(workdir)
    for key, defaults in (("config", split_where(Config())[0]), ("model", as_dict(ModelConfig()))):
        there[key] = _completed(there.get(key), json.loads(json.dumps(defaults)))
    if isinstance(there.get("data"), dict):
        since = ("frames_sha256", "labels_sha256")  # not in the records of older runs
        there["data"] = {
            key: wanted["data"][key] for key in since if key in wanted["data"]
        } | there["data"]
    for key in ("config", "data", "model", "skeleton"):
        difference = _difference(there.get(key), wanted[key], key)
        if difference:
            raise GeoselfError(
                f"{workdir} holds a run with {difference}",
                "one folder is one run",
                "choose another --workdir, or remove this one",
                WORKDIR,
            )
    before = there.pop("started", None)  # how a record once named its one start
    earlier = list(there.get("starts", [before] if before else []))
    write_json(workdir / RECORD, there | {"starts": [*earlier, *wanted["starts"]]})
    return earlier


def _completed(there: Any, defaults: dict[str, Any]) -> Any:
    """Settings of an older version, with today's defaults for the keys that it did not have."""
    if not isinstance(there, dict):
        return there
    filled = {
        key: _completed(there[key], value) if key in there and isinstance(value, dict) else value
        for key, value in defaults.items()
    }
    return filled | {k: v for k, v in there.items() if not isinstance(filled.get(k), dict)}


def _difference(there: Any, wanted: Any, where: str) -> str:
    """`key=old, not new` for the first place where two JSON values differ, or nothing."""
    if isinstance(there, dict) and isinstance(wanted, dict):
        for key in [*wanted, *(k for k in there if k not in wanted)]:
            found = _difference(there.get(key), wanted.get(key), f"{where}.{key}")
            if found:
                return found
        return ""
    return "" if there == wanted else f"{where}={there!r}, not {wanted!r}"


def _step_of(line: str) -> float:
    """The step of a line of metrics; infinite where it is not whole."""
    try:
        return float(json.loads(line)["step"]) if line.endswith("\n") else float("inf")
    except (ValueError, KeyError, TypeError):
        return float("inf")


class MetricsLog:
    """Scalars by step, as JSON lines and as TensorBoard events.

    A continued run drops the lines of steps that it does again, so that each step is there once.
    """

    def __init__(self, workdir: Path, first_step: int) -> None:
        from geoself_jax.runtime.tensorboard import Events

        self._path = workdir / METRICS
        self._drop_after(first_step)
        with self._refused():
            self._file = self._path.open("a")
        self._events = Events(workdir / "tensorboard", first_step + 1)

    def _drop_after(self, step: int) -> None:
        """Drops later steps and what a kill cut short; the file is replaced whole or not at all."""
        if not self._path.exists():
            return
        lines = self._path.read_text().splitlines(keepends=True)
        kept = [line for line in lines if _step_of(line) <= step]
        if len(kept) < len(lines):
            text = "".join(kept)
            with writing(self._path, len(text)) as place:
                place.write_text(text)

    def write(self, step: int, scalars: dict[str, float]) -> None:
        """Appends one line, with the time: seconds since 1970."""
        line = {"step": step, "time": round(time.time(), 3), **scalars}
        with self._refused():
            self._file.write(json.dumps(line) + "\n")
            self._file.flush()
        self._events.scalars(step, scalars)

    def describe(self, name: str, text: str, step: int) -> None:
        """Adds a text, Markdown, to the TensorBoard events."""
        self._events.text(step, name, text)

    def show(self, name: str, image: "np.ndarray", step: int) -> None:
        """Adds a picture, (height, width, 3) uint8, to the TensorBoard events."""
        self._events.image(step, name, image)

    def close(self) -> None:
        """Flushes both."""
        with self._refused():
            self._file.close()
        self._events.close()

    @contextlib.contextmanager
    def _refused(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            safe = "checkpoints saved before are whole"
            raise disk.refused(self._path, error, safe=safe) from error
