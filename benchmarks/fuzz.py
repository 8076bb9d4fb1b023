"""Mutated pickles, .npz and HDF5 files against `geoself_jax.data.files`: none may end the parent.

    python -m benchmarks.fuzz --count=100000 --kind=pickle,npz,h5

Many mutants are parsed in one worker process, by the function that the child process of the door
runs for one file, with the same memory limit; its answer is checked by the function that the
parent runs. A mutant at which the worker crashed or hung is read through the door itself: the first
five of a kind, since those that hang take 10 s of the processor.
"""

import argparse
import contextlib
import io
import json
import os
import pickle
import random
import select
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import numpy as np

from geoself_jax.core.errors import GeoselfError
from geoself_jax.data import files
from geoself_jax.data.files.child import parse, set_limits
from geoself_jax.data.files.wire_format import NotPlain, Reader

KINDS = {"pickle": "pickle", "npz": "npz", "h5": "hdf5"}
MAX_BYTES = 2**28
PATIENCE = 5.0  # seconds
HOSTILE = (b"\xff", b"\x00", b"\x7f", b"\x80", b"R", b"b", b"o", b"i", b"Q", b"(", b"t", b"0", b".")


def seeds(kind: str, folder: Path) -> list[bytes]:
    """Whole files of a kind, small."""
    value = {
        "S1": {
            "Walk": [np.arange(12.0).reshape(2, 3, 2), np.asfortranarray(np.ones((3, 2), "f4"))]
        },
        "names": np.array(["hip", "neck"]),
        "objects": np.array([{"a": np.int64(3)}, (1, None, True, "x", 2.5)], object),
    }
    if kind == "pickle":
        return [pickle.dumps(value, protocol) for protocol in range(6)]
    if kind == "npz":
        return [_npz(value, False), _npz(value, True)]
    return [_hdf5(folder / f"{n}.h5", n) for n in range(2)]


def _npz(value: dict[str, Any], packed: bool) -> bytes:
    stream = io.BytesIO()
    save = np.savez_compressed if packed else np.savez
    save(stream, positions_2d=value, points=np.arange(6.0))  # type: ignore[arg-type]
    return stream.getvalue()


def _hdf5(path: Path, number: int) -> bytes:
    import h5py

    with h5py.File(path, "w", libver="latest" if number else "earliest") as file:
        group = file.create_group("tracks")
        group.attrs["names"] = np.bytes_(pickle.dumps([("a", "x"), ("a", "y")], 0))
        group["text"] = ["hip", "neck"]
        group["fixed"] = np.array([b"hip", b"neck"])
        group["table"] = np.zeros(3, [("index", "i8"), ("values", "f8", (2,))])
        packed = {"compression": "gzip", "shuffle": True, "fletcher32": True, "chunks": (2, 3)}
        group.create_dataset("points", data=np.arange(12.0).reshape(4, 3), **packed)
    return path.read_bytes()


def mutant(wholes: list[bytes], seed: int, number: int) -> bytes:
    """The file of a number: bytes changed, left out, doubled, or moved."""
    dice = random.Random(f"{seed} {number}")
    whole = dice.choice(wholes)
    if whole[:2] == b"PK" and dice.random() < 0.5:  # within the checksums of the archive
        return _archive_of_mutants(whole, dice)
    return _mutated(whole, dice)


def _archive_of_mutants(whole: bytes, dice: random.Random) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole)) as old, zipfile.ZipFile(stream, "w") as new:
        for name in old.namelist():
            new.writestr(name, _mutated(old.read(name), dice))
    return stream.getvalue()


def _mutated(whole: bytes, dice: random.Random) -> bytes:
    content = bytearray(whole)
    for _ in range(dice.choice((1, 1, 1, 2, 4, 16))):
        place = dice.randrange(len(content) or 1)
        length = dice.choice((1, 1, 2, 4, 8, 64))
        way = dice.randrange(6)
        if way == 0:
            content[place : place + 1] = bytes([dice.randrange(256)])
        elif way == 1:
            content[place : place + 1] = dice.choice(HOSTILE)
        elif way == 2:
            del content[place : place + length]
        elif way == 3:
            content[place:place] = content[place : place + length]
        elif way == 4:
            other = dice.randrange(len(content) or 1)
            content[place : place + length] = content[other : other + length]
        elif content:
            content[place % len(content)] ^= 1 << dice.randrange(8)
    return bytes(content)


def work(kind: str, seed: int, start: int, stop: int, folder: Path) -> None:
    """Parses mutants; before each step a letter goes to the parent."""
    said = os.dup(1)
    os.dup2(2, 1)
    wholes, path = seeds(kind, folder), folder / "mutant"
    asked = {"kind": KINDS[kind], "path": str(path), "max_bytes": MAX_BYTES, "seconds": 10**6}
    asked |= {"names": None, "pickled": ["names"]}
    set_limits(MAX_BYTES, 10**6)
    for number in range(start, stop):
        path.write_bytes(mutant(wholes, seed, number))
        blob = io.BytesIO()
        os.write(said, b"c")
        answer = json.dumps(parse(asked, blob))
        os.write(said, b"p")
        os.write(said, _taken(answer, blob.getvalue()))


def _taken(answer: str, blob: bytes) -> bytes:
    """The parent's half: `r`ead, re`f`used, or an `e`rror that would pass as a traceback."""
    said = json.loads(answer)
    if "refused" in said:
        return b"f" if said["refused"] else b"e"
    try:
        Reader(blob, MAX_BYTES).value(said["tree"])
    except NotPlain:
        return b"f"
    return b"r"


def fuzz(kind: str, seed: int, count: int) -> Counter[str]:
    """How many mutants of a kind ended in which way."""
    counts: Counter[str] = Counter()
    number = 0
    while number < count:
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-m", "benchmarks.fuzz", "--worker", kind, str(seed)]
            command += [str(number), str(count), folder]
            with (
                tempfile.TemporaryFile() as complaints,
                subprocess.Popen(command, stdout=subprocess.PIPE, stderr=complaints) as worker,
            ):
                assert worker.stdout is not None
                done, last, hung = _follow(worker.stdout, counts)
                worker.kill()
                code = worker.wait()
                number += done
                if number >= count:
                    break
                if not last and done == 0:
                    complaints.seek(0)
                    raise RuntimeError(complaints.read().decode(errors="replace")[-2000:])
            half = "parent" if last == "p" else "child"
            how = "hung" if hung else "crashed"
            counts[f"{half} {how}"] += 1
            again = "not tried"
            if sum(n for name, n in counts.items() if "child" in name or "parent" in name) <= 5:
                with tempfile.TemporaryDirectory() as place:
                    wholes = seeds(kind, Path(place))
                again = _through_the_door(kind, mutant(wholes, seed, number))
            print(
                f"  {kind} {number}: {half} {how} ({code}); through the door: {again}", flush=True
            )
            number += 1
    return counts


def _follow(pipe: IO[bytes], counts: Counter[str]) -> tuple[int, str, bool]:
    """Mutants done, the last step begun, and whether the worker fell silent."""
    done, last = 0, ""
    names = {"r": "read", "f": "refused", "e": "parent crashed"}
    while True:
        if not select.select([pipe], [], [], PATIENCE)[0]:
            return done, last, True
        letters = os.read(pipe.fileno(), 65536).decode()
        if not letters:
            return done, last, False
        for last in letters:
            if last in names:
                counts[names[last]] += 1
                done += 1


def _through_the_door(kind: str, content: bytes) -> str:
    loads: dict[str, Callable[[Path], Any]] = {
        "pickle": files.load_pickle,
        "npz": lambda path: files.load_npz(path, objects=True),
        "h5": lambda path: files.load_hdf5(path, pickled_attributes=["names"]),
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mutant"
        path.write_bytes(content)
        try:
            loads[kind](path)
        except GeoselfError as error:
            return str(error).partition(" - ")[2]
    return "read"


def main() -> None:
    """Counts and seconds of each kind."""
    if sys.argv[1:2] == ["--worker"]:
        kind, seed, start, stop, folder = sys.argv[2:]
        with contextlib.suppress(BrokenPipeError):
            work(kind, int(seed), int(start), int(stop), Path(folder))
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=3000, help="mutants in all")
    parser.add_argument("--kind", default=",".join(KINDS))
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    kinds = given.kind.split(",")
    for number, kind in enumerate(kinds):
        count = given.count // len(kinds) + (number < given.count % len(kinds))
        started = time.perf_counter()
        counts = fuzz(kind, given.seed, count)
        shown = ", ".join(f"{name} {n}" for name, n in sorted(counts.items()))
        print(f"{kind}: {count} in {time.perf_counter() - started:.0f} s: {shown}", flush=True)


if __name__ == "__main__":
    main()
