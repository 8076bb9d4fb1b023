"""A run's events for TensorBoard: never what a run ends by."""

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from geoself_jax.core.errors import one_line


class Events:
    """An event file, written by the thread that calls.

    tensorboardX's own writer hands events to a thread by a queue of ten. Where the disk refuses,
    the thread ends, and the eleventh event waits for ever.

    Args:
        folder: Of the event file; made if missing.
        first_step: Events of later steps that an earlier file has are hidden.
    """

    def __init__(self, folder: Path, first_step: int) -> None:
        self._writer: Any = None
        try:
            from tensorboardX.event_file_writer import EventsWriter
            from tensorboardX.proto.event_pb2 import SessionLog

            folder.mkdir(parents=True, exist_ok=True)
            self._writer = EventsWriter(str(folder / "events"))
            self._write(first_step, session_log=SessionLog(status=SessionLog.START))
            self.flush()
        except OSError as error:
            self._drop(error)

    def scalars(self, step: int, values: dict[str, float]) -> None:
        """Adds numbers by name."""
        from tensorboardX import summary

        for name, value in values.items():
            self._write(step, summary=summary.scalar(name, value))
        self.flush()

    def text(self, step: int, name: str, text: str) -> None:
        """Adds a text, Markdown."""
        from tensorboardX import summary

        self._write(step, summary=summary.text(name, text))

    def image(self, step: int, name: str, image: np.ndarray) -> None:
        """Adds an image, (height, width, 3) uint8."""
        from tensorboardX import summary

        self._write(step, summary=summary.image(name, image, dataformats="HWC"))
        self.flush()

    def flush(self) -> None:
        """Brings all to the disk."""
        self._call("flush")

    def close(self) -> None:
        """Ends the file."""
        self._call("close")

    def _write(self, step: int, **content: Any) -> None:
        from tensorboardX.proto.event_pb2 import Event

        self._call("write_event", Event(step=step, wall_time=time.time(), **content))

    def _call(self, method: str, *arguments: Any) -> None:
        try:
            if self._writer is not None:
                getattr(self._writer, method)(*arguments)
        except OSError as error:
            self._drop(error)

    def _drop(self, error: OSError) -> None:
        """Goes on without events, and says so once."""
        self._writer = None
        why = error.strerror or str(error)
        line = f"warning: TensorBoard's events: {why} - the run goes on without them"
        print(one_line(line), file=sys.stderr, flush=True)
