"""A file that is there whole or not at all."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from geoself_jax.core.errors import INPUT_OUTPUT, GeoselfError
from geoself_jax.core.unfinished import unfinished


@contextlib.contextmanager
def whole_file(path: Path, mode: str = "w") -> Iterator[IO]:
    """A stream to write to; what was at `path` is replaced once all is written.

    Args:
        path: The file; its folder is made where it is not there.
        mode: `w` for UTF-8 text with line feeds, `wb` for bytes.

    Raises:
        GeoselfError: The disk refuses (74).
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    text = {} if "b" in mode else {"encoding": "utf-8", "newline": "\n"}
    with unfinished(lambda: temporary.unlink(missing_ok=True)):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open(mode, **text) as stream:  # type: ignore[call-overload]
                yield stream
            temporary.replace(path)
        except OSError as error:
            why = error.strerror or str(error)
            raise GeoselfError(str(path), why, "check the disk", INPUT_OUTPUT) from error
