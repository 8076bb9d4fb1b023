"""Row `formats`: mutated files of every format against the readers of the parent process.

A mutant is bytes changed, left out or doubled, or a word, a number or a text exchanged for an odd
one. Its seed is the text `SEED KIND NUMBER` of Python's `random.Random`. Each is read in a process
of its own kind, by the same functions as a command's; what a command reads in a child process
(pickles, HDF5) is parsed here by the child's own function.
"""

import io
import json
import multiprocessing
import random
import re
import resource
import shutil
import time
import traceback
import warnings
import zipfile
from collections import Counter
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from benchmarks.fuzz import _mutated
from benchmarks.reliability.format_seeds import KINDS, Seed
from benchmarks.reliability.lab import Lab
from benchmarks.reliability.life import run
from benchmarks.reliability.tally import Tally
from geoself_jax.core.errors import GeoselfError

SEED = 24
SLOW = 2.0
"""Processor seconds that one file may take."""
PATIENCE = 60.0
"""Seconds without an answer after which a process hangs."""
MOST_MEMORY = 1024
"""MiB of a reading process, 500 of which are the libraries."""
_MOST_TAKEN = 2**30
"""Bytes of address space that all files may need, in the place of the child's limit for each."""
_EVERY = 50
_WORDS = re.compile(rb'"[^"\n]*"|-?\d+\.?\d*(?:[eE][-+]?\d+)?|[A-Za-z_]+|[\[\]{},;:\t]')
_ODD = (
    *(b"null", b"true", b"NaN", b"-Infinity", b"1e400", b"-1", b"0", b"1.5", b"[]", b"{}", b'""'),
    *(b'"x"', b"[[1]]", b"99999999999999999999", b"1e-320", b"x", b"", b" ", b"2147483648"),
    *(b'"\\u0000"', b'{"a": 1}', b"[1, 2]", b'"nan"', b"0x10", b"'", b"\xc3\xa9", b"3e38"),
)


def mutant(whole: bytes, dice: random.Random) -> bytes:
    """A file like another, and not."""
    if whole[:2] == b"PK" and dice.random() < 0.6:
        return _archive(whole, dice)
    is_text = b"\0" not in whole[:4000]
    if not is_text or dice.random() < 0.25:
        return _mutated(whole, dice)
    for _ in range(dice.choice((1, 1, 1, 2, 5))):
        words = list(_WORDS.finditer(whole, 0, 200_000))
        if words:
            word = dice.choice(words)
            odd = dice.choice(_ODD) if dice.random() < 0.8 else dice.choice(words).group()
            whole = whole[: word.start()] + odd + whole[word.end() :]
    return whole


def _archive(whole: bytes, dice: random.Random) -> bytes:
    """One member changed, left out or there under another's name."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole)) as old, zipfile.ZipFile(stream, "w") as new:
        names = old.namelist()
        chosen, other, way = dice.choice(names), dice.choice(names), dice.random()
        for name in names:
            content = old.read(name)
            if name == chosen and way < 0.1:
                continue
            if name == chosen:
                content = old.read(other) if way < 0.3 else _mutated(content, dice)
            new.writestr(name, content)
    return stream.getvalue()


def fuzz(lab: Lab, count: int, tally: Tally) -> None:
    """Mutants of all kinds by their shares."""
    folder = lab.new("formats")
    config = lab.config("formats", length=10)
    words = (f"--config={config}", f"--workdir={folder / 'run'}")
    run("train", *words, log=folder / "log.txt")
    out = (f"--workdir={folder / 'run'}", f"--out={folder / 'export'}")
    run("export", *out, log=folder / "log.txt")
    for kind, (_, share) in KINDS.items():
        place = folder / kind.replace(" ", "_")
        place.mkdir()
        for name in ("run", "export") if kind == "own JSON" else ():
            shutil.copytree(folder / name, place / name)
        _fuzz_kind(kind, round(count * share), place, tally)


def _fuzz_kind(kind: str, count: int, folder: Path, tally: Tally) -> None:
    context = multiprocessing.get_context("forkserver")
    counts: Counter[str] = Counter()
    said: Counter[str] = Counter()
    started, at, most = time.monotonic(), 0, 0
    while at < count:
        ours, theirs = context.Pipe()
        place = folder / f"from{at}"
        place.mkdir()
        for name in ("run", "export"):
            if (folder / name).exists():
                shutil.copytree(folder / name, place / name)
        process = context.Process(target=read_mutants, args=(kind, at, count, place, theirs))
        process.start()
        theirs.close()
        last = at
        while ours.poll(PATIENCE):
            try:
                message: dict[str, Any] = ours.recv()
            except EOFError:
                break
            last = message["number"]
            counts.update(message.get("counts", {}))
            most = max(most, message.get("rss", 0))
            if "failed" in message:
                said[message["failed"]] += 1
                if said[message["failed"]] == 1:
                    tally.note(f"{kind} {last}: {message['failed']}")
        process.join(5)
        hung = process.is_alive() and last < count - 1
        process.kill()
        process.join()
        at = count
        if hung or last < count - 1:
            how = "hung" if hung else f"crashed ({process.exitcode})"
            counts["failed"] += 1
            said[f"{how} within {_EVERY} files after {last}"] += 1
            at = last + _EVERY
    tally.passed += counts["read"] + counts["refused"]
    for line, times in said.items():
        tally.failures += [f"{kind}: {line}"[:300]] * times
    tally.check(most < MOST_MEMORY, f"{kind}: {most} MiB")
    tally.note(
        f"{kind}: {count} files, {counts['read']} read, {counts['refused']} refused in one line, "
        f"{sum(said.values())} otherwise, at most {most} MiB, {time.monotonic() - started:.0f} s"
    )


def read_mutants(kind: str, start: int, stop: int, folder: Path, pipe: Connection) -> None:
    """Reads mutants of one kind, and says what came of each."""
    warnings.simplefilter("ignore")
    _without_children()
    seeds = KINDS[kind][0](folder)
    wholes = [seed.path.read_bytes() for seed in seeds]
    for seed in seeds:
        if kind != "own JSON":
            seed.read(seed.given)  # whole, it is read
    counts: Counter[str] = Counter()
    for number in range(start, stop):
        dice = random.Random(f"{SEED} {kind} {number}")
        which = dice.randrange(len(seeds))
        seed, whole = seeds[which], wholes[which]
        seed.path.write_bytes(mutant(whole, dice))
        failed = _read(seed)
        seed.path.write_bytes(whole)
        if failed in ("read", "refused"):
            counts[failed] += 1
        else:
            pipe.send({"number": number, "failed": f"{seed.path.name}: {failed}"})
        if number % _EVERY == 0 or number == stop - 1:
            rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
            pipe.send({"number": number, "counts": dict(counts), "rss": rss})
            counts.clear()
    pipe.close()


def _read(seed: Seed) -> str:
    """`read`, `refused`, or what else came of it."""
    began = time.process_time()
    try:
        seed.read(seed.given)
        found = "read"
    except GeoselfError as error:
        found = "refused" if str(error).isprintable() else f"not one line: {error!r}"
    except BaseException as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        ours = [f for f in traceback.extract_tb(error.__traceback__) if "geoself_jax" in f.filename]
        place = ours[-1] if ours else last
        where = f"{Path(place.filename).name}:{place.lineno}"
        return f"{type(error).__name__} at {where}: {str(error)[:80]}"
    spent = time.process_time() - began
    return found if spent < SLOW else f"{found} after {spent:.0f} s"


def _without_children() -> None:
    """What a child process would parse is parsed here, by its own function.

    MATLAB files stay with it: of damaged ones SciPy crashes the process.
    """
    from geoself_jax.data.files import binary, child
    from geoself_jax.data.files.limits import file_size
    from geoself_jax.data.files.wire_format import Reader

    in_a_child = binary.ask

    def ask(kind: str, path: Path, options: dict[str, Any], max_bytes: int, **_: Any) -> Any:
        if kind == "matlab":
            return in_a_child(kind, path, options, max_bytes)
        size = file_size(Path(path), max_bytes)
        blob = io.BytesIO()
        asked = {"kind": kind, "path": str(path), "max_bytes": min(max_bytes, 2**28), **options}
        asked = {"names": None, "pickled": (), "seconds": 10 + size, **asked}
        answer = json.loads(json.dumps(child.parse(asked, blob)))
        if "refused" in answer:
            raise GeoselfError(str(answer["refused"]), "", "", 65)
        return Reader(memoryview(blob.getvalue()), max_bytes).value(answer["tree"])

    binary.ask = ask
    child.set_memory(_MOST_TAKEN)  # once, for all that follow
    child.set_memory = lambda extra: None
