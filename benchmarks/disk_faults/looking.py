"""What is looked at once a command has ended: its words, and the files that it left."""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from benchmarks.reliability.life import Ended
from geoself_jax.core.errors import DONE, INPUT_OUTPUT

Files = Mapping[str, tuple[int, str]]
"""Size and digest of each file, by its name within a folder."""

WORDS = {
    "full": ("the disk is full", "free"),
    "no files": ("the disk takes no more files",),
    "read only": ("the disk is read-only",),
    "quota": ("your quota is used up",),
    "limit": ("this process may write files up to", "ulimit -f"),
}
"""What the line says of each kind."""
_UNFINISHED = re.compile(r"\.partial|orbax-checkpoint-tmp|incomplete|\.replaced|\.tmp\b")
"""Of names of what is not whole."""


def files_in(folder: Path) -> dict[str, tuple[int, str]]:
    """The files of a folder and below."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() or path.is_symlink():
            content = path.read_bytes()
            name = path.relative_to(folder).as_posix()
            found[name] = len(content), hashlib.sha256(content).hexdigest()
    return found


def wrong_words(ended: Ended, kind: str, folder: Path, codes: Sequence[int]) -> str:
    """What is wrong with how a command ended; empty where it is one line that says all."""
    if ended.code is None:
        return "it hangs"
    if ended.has_traceback:
        return "a traceback"
    if ended.code not in (*codes, INPUT_OUTPUT):
        return f"exit code {ended.code}"
    lines = [line for line in ended.output.splitlines() if line.startswith("error: ")]
    if len(lines) != 1:
        return f"{len(lines)} lines of errors"
    if ended.code in codes:
        return ""
    lacking = [word for word in (str(folder), *WORDS[kind]) if word not in lines[0]]
    return f"the line lacks {', '.join(lacking)}" if lacking else ""


def wrong_files(before: Files, after: Files, whole: Files, grows: Sequence[str]) -> str:
    """What is wrong with the files: something is lost, changed by half or left over."""
    for name in before:
        if name not in after and not name.startswith(tuple(grows)):
            return f"{name} is gone"
    if left := left_over(after):
        return left
    for name, found in after.items():
        if found == before.get(name) or name.startswith(tuple(grows)) or name == "ballast":
            continue
        if name not in whole:
            return f"{name} is left"
        if abs(found[0] - whole[name][0]) > 64 + whole[name][0] // 100:
            return f"{name} has {found[0]} bytes, whole it has {whole[name][0]}"
    return ""


def left_over(names: Iterable[str]) -> str:
    """What of some files is not whole; empty where all are."""
    return next((f"{name} is left" for name in names if _UNFINISHED.search(name)), "")


def is_whole(ended: Ended, after: Files, whole: Files) -> bool:
    """Whether a command has written all, as if there were no fault."""
    return ended.code == DONE and set(whole) <= set(after) and "error: " not in ended.output
