"""How long a command says nothing: python -m benchmarks.silence --out=silence.txt

Each command runs on the built-in data in a pseudo-terminal, one after the other, each on what the
one before wrote. The time of every byte that it writes is recorded: when the first came, and the
longest silence, from the start to the first byte and from the last byte to the end included. `cold`
is with an empty cache folder, `warm` again with what that left. --out keeps a transcript with the
time of each line and of each redrawing of a line.
"""

import argparse
import fcntl
import itertools
import os
import select
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

COMMANDS = {
    "example": "--out=lab --people=3 --frames=3000",
    "prepare": "--input lab/train/* --fps=50 "
    "--skeleton=h36m_17 --calibration=lab/Calib.toml --output=lab.npz",
    "inspect": "--data=synthetic:test --html=inspect.html",
    "train": "--config=synthetic --config.schedule.length={steps} --workdir=run",
    "evaluate": "--workdir=run --data=synthetic:test",
    "export": "--workdir=run --out=export",
    "lift": "--model=export --keypoints=synthetic:test --camera=front_left "
    "--out=poses_{{clip}}.npz",
    "view": "--data=synthetic:test --frames=2000 --out=page.html",
    "film": "--data=synthetic:test --frames=500 --out=film.gif",
}
"""Flags of each command; `film` is `view` again."""
ROWS, COLUMNS = 40, 120


@dataclass(frozen=True)
class Session:
    """What a command wrote, and when.

    Attributes:
        writes: Seconds since its start, and the bytes.
        seconds: From its start to its end.
        code: Exit code.
    """

    writes: tuple[tuple[float, bytes], ...]
    seconds: float
    code: int

    @property
    def silences(self) -> list[tuple[float, float]]:
        """Each time without a byte: how long, and when it began, seconds; the longest first."""
        times = [0.0, *(at for at, _ in self.writes), self.seconds]
        gaps = [(late - early, early) for early, late in itertools.pairwise(times)]
        return sorted(gaps, reverse=True)

    def lines(self) -> Iterator[str]:
        """A line for each that was written or redrawn, with the time of its last byte."""
        text = b""
        for at, data in self.writes:
            for piece in data.replace(b"\r\n", b"\n").splitlines(keepends=True):
                text += piece
                if text.strip(b"\r\n \x1b[AKm"):
                    shown = text.strip(b"\r\n").decode(errors="replace").replace("\x1b", "^[")
                    yield f"{at:8.2f}  {shown}"
                text = b""


def record(words: list[str], folder: Path, environment: dict[str, str]) -> Session:
    """Runs a command in a pseudo-terminal and records it.

    Args:
        words: Program and arguments.
        folder: Where it runs.
        environment: Its variables.
    """
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    start, writes = time.monotonic(), []
    child = subprocess.Popen(
        words, stdin=theirs, stdout=theirs, stderr=theirs, cwd=folder, env=environment
    )
    os.close(theirs)
    while True:
        select.select([ours], [], [])
        try:
            data = os.read(ours, 65536)
        except OSError:  # Linux: the other side is closed
            data = b""
        if not data:
            break
        writes.append((time.monotonic() - start, data))
    code = child.wait()
    os.close(ours)
    return Session(tuple(writes), time.monotonic() - start, code)


def main() -> None:
    """Runs the commands cold and warm, prints the table, keeps the transcript."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, help="write the transcript here")
    parser.add_argument("--steps", type=int, default=1000, help="of training (1000)")
    parser.add_argument("--only", nargs="+", choices=COMMANDS, default=list(COMMANDS))
    parser.add_argument("--folder", type=Path, help="work in this one, which is kept")
    flags = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (flags.folder or Path(temporary)).absolute()
        folder.mkdir(exist_ok=True)
        print(f"{'command':<10}{'cache':<7}{'first s':>8}{'silence s':>11}{'at s':>8}{'all s':>8}")
        transcript = []
        for name in flags.only:
            for cache in ("cold", "warm"):
                transcript += measured(name, cache, folder, flags.steps)
    if flags.out:
        flags.out.write_text("\n".join(transcript) + "\n")


def measured(name: str, cache: str, folder: Path, steps: int) -> list[str]:
    """Runs one command, prints its row of the table and returns its transcript."""
    if cache == "warm":
        remove(folder, name)
    verb = "view" if name == "film" else name
    given = COMMANDS[name].format(steps=steps).split()
    flags = [path for word in given for path in in_folder(word, folder)]
    words = [sys.executable, "-m", f"geoself_jax.{verb}", *flags]
    variables = {"XDG_CACHE_HOME": str(folder / "cache" / name), "PYTHONPATH": os.getcwd()}
    session = record(words, folder, os.environ | variables)
    silence, began = session.silences[0]
    first = session.writes[0][0] if session.writes else session.seconds
    code = f"   exit code {session.code}" if session.code else ""
    print(
        f"{name:<10}{cache:<7}{first:8.2f}{silence:11.2f}{began:8.1f}{session.seconds:8.1f}{code}",
        flush=True,
    )
    return [f"$ {' '.join(words[1:])}    ({cache} cache)", *session.lines(), ""]


def in_folder(word: str, folder: Path) -> list[str]:
    """A flag, or the paths that a pattern stands for, as a shell would write them."""
    if "*" not in word:
        return [word]
    return sorted(str(path.relative_to(folder)) for path in folder.glob(word))


def remove(folder: Path, name: str) -> None:
    """Removes what a command wrote where it would continue or refuse."""
    target = {"example": "lab", "train": "run"}.get(name)
    if target:
        shutil.rmtree(folder / target, ignore_errors=True)


if __name__ == "__main__":
    main()
