"""The folder of one run: its owner, its configuration and its metrics."""

import contextlib
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geoself_jax.core import disk
from geoself_jax.core.config import Config, ModelConfig, as_dict, split_where
from geoself_jax.core.errors import WORKDIR, GeoselfError, data_error, missing_error
from geoself_jax.core.partial import writing
from geoself_jax.runtime.json_files import check_digest, read_json, signed
from geoself_jax.runtime.metrics_lines import keep_lines

if TYPE_CHECKING:
    import numpy as np

RECORD, METRICS = "run.json", "metrics.jsonl"
FORMAT = "geoself-run/1"
ARRAYS = "arrays_sha256"
"""The record's digests of the arrays that it was trained on, by their names."""
STARTS = "starts"
"""Where each start computed: not in the record's digest, as older versions add to it."""
_AGAIN = "restore it from a copy; to change a value, start another run"


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
    record = read_json(path, _AGAIN)
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise data_error(str(path), f"not of format {FORMAT}", "check --workdir")
    check_digest(path, record, _AGAIN, left_out=STARTS)
    starts = record.get(STARTS, [])
    if not isinstance(starts, list) or not all(isinstance(start, dict) for start in starts):
        raise data_error(f"{path}: {STARTS}", "wanted a list of tables", _AGAIN)
    return record


def check_signed(workdir: Path, record: dict[str, Any]) -> None:
    """Makes sure that a record has a digest, as all of this version; older ones have none.

    Args:
        workdir: The run's folder.
        record: Result of `read_record`.

    Raises:
        GeoselfError: It has none (65).
    """
    check_digest(workdir / RECORD, record, _AGAIN, left_out=STARTS, must_be_signed=True)


def write_record(workdir: Path, record: dict[str, Any]) -> None:
    """Writes what a run is, with a digest of it, into its folder.

    Raises:
        GeoselfError: The disk refuses (74).
    """
    write_json(workdir / RECORD, signed(record, STARTS))


def claim(workdir: Path, record: dict[str, Any]) -> list[dict[str, Any]] | None:
    """Writes the record of a new run, or makes sure that the folder's run is the same one.

    The record's `starts`, which says where and how this process runs, is added to the folder's;
    its `init`, of a run that starts from its first step, takes the place of the folder's.

    Returns:
        The folder's earlier starts; None if it had no run.

    Raises:
        GeoselfError: The folder's run has another configuration or other data (73).
    """
    if not (workdir / RECORD).exists():
        write_record(workdir, record)
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
    _check_arrays(workdir, there, wanted)
    for key in ("config", "data", "model", "skeleton"):
        found = difference(there.get(key), wanted[key], key)
        if found:
            name, was, now = found
            raise GeoselfError(
                f"{workdir} holds a run with {name}={was!r}, not {now!r}",
                "one folder is one run",
                "choose another --workdir, or remove this one",
                WORKDIR,
            )
    there = {ARRAYS: wanted.get(ARRAYS, {})} | there  # not in the records of older runs
    before = there.pop("started", None)  # how a record once named its one start
    earlier = list(there.get("starts", [before] if before else []))
    again = {"init": wanted["init"]} if "init" in wanted else {}  # nothing was saved before
    write_record(workdir, there | again | {"starts": [*earlier, *wanted["starts"]]})
    return earlier


def _check_arrays(workdir: Path, there: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Refuses another recording by the names of its arrays that differ.

    Raises:
        GeoselfError: Which do (73).
    """
    known, ours = there.get(ARRAYS), wanted.get(ARRAYS, {})
    data, same = there.get("data"), wanted["data"].get("source")
    if not (isinstance(known, dict) and isinstance(data, dict) and data.get("source") == same):
        return  # of older versions, or of another file, which says more
    other = [name for name in ours if name in known and known[name] != ours[name]]
    if other:
        which = f"{', '.join(other[:6])}{' ...' if len(other) > 6 else ''}"
        raise GeoselfError(
            f"{workdir} holds a run on other data: in {same} differs from then: {which}",
            "one folder is one run",
            "restore the recording, or choose another --workdir",
            WORKDIR,
        )


def _completed(there: Any, defaults: dict[str, Any]) -> Any:
    """Settings of an older version, with today's defaults for the keys that it did not have."""
    if not isinstance(there, dict):
        return there
    filled = {
        key: _completed(there[key], value) if key in there and isinstance(value, dict) else value
        for key, value in defaults.items()
    }
    return filled | {k: v for k, v in there.items() if not isinstance(filled.get(k), dict)}


def difference(there: Any, wanted: Any, where: str) -> tuple[str, Any, Any] | None:
    """Returns the first place where two JSON values differ, with what each has there; or None.

    Args:
        there, wanted: The values.
        where: Dotted name of both.
    """
    if isinstance(there, dict) and isinstance(wanted, dict):
        for key in [*wanted, *(k for k in there if k not in wanted)]:
            found = difference(there.get(key), wanted.get(key), f"{where}.{key}")
            if found:
                return found
        return None
    return None if there == wanted else (where, there, wanted)


class MetricsLog:
    """Scalars by step, as JSON lines and as TensorBoard events.

    A continued run drops the lines of steps that it does again, so that each step is there once,
    and sets damaged ones aside.

    Args:
        workdir: The run's folder.
        first_step: Steps done before.
    """

    def __init__(self, workdir: Path, first_step: int) -> None:
        from geoself_jax.runtime.tensorboard import Events

        self._path = workdir / METRICS
        with self._refused():
            set_aside = keep_lines(self._path, first_step)
            self._file = self._path.open("a")
        if set_aside:
            print(f"warning: {set_aside}", file=sys.stderr, flush=True)
        self._events = Events(workdir / "tensorboard", first_step + 1)

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
            saved = any((self._path.parent / "checkpoints").glob("last/*"))
            safe = "checkpoints saved before are whole" if saved else "no checkpoint was there yet"
            raise disk.refused(self._path, error, safe=safe) from error
