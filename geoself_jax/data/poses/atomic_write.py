"""A file that is there whole or not at all."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from geoself_jax.core.partial import writing


@contextlib.contextmanager
def whole_file(path: Path, mode: str = "w") -> Iterator[IO]:
    """A stream to write to; what was at `path` is replaced once all is written.

    Args:
        path: The file; its folder is made where it is not there.
        mode: `w` for UTF-8 text with line feeds, `wb` for bytes.

    Raises:
        GeoselfError: The disk refuses (74).
    """
    text = {} if "b" in mode else {"encoding": "utf-8", "newline": "\n"}
    with writing(path) as place, place.open(mode, **text) as stream:  # type: ignore[call-overload]
        yield stream
