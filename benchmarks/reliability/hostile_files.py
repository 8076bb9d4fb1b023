"""Row 25: files that try to run something, to reach elsewhere or to fill the memory."""

import io
import json
import subprocess
import sys
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import fuzz
from benchmarks.reliability.lab import Lab, of_tests
from benchmarks.reliability.tally import Tally
from geoself_jax.core.errors import DATA, GeoselfError
from geoself_jax.data import files

FUZZED = 3000
"""Mutants of pickles, .npz and HDF5 files, where a count is not given."""


def hostile(lab: Lab, count: int, tally: Tally) -> None:
    """Known payloads through the doors, mutants, texts that multiply, names that are markup."""
    folder = lab.new("hostile")
    canary, secret = folder / "canary", folder / "secret"
    secret.write_bytes(b"SECRETDATA")
    known = of_tests("hostile")
    _refused(_written(folder, "p", known.pickles(canary)), "pickle", tally)
    _refused(_written(folder, "z", known.archives(canary)), "npz", tally)
    (folder / "h5").mkdir()
    _refused(known.hdf5(folder / "h5", secret), "hdf5", tally)
    (folder / "mat").mkdir()
    _refused(known.matlab(folder / "mat"), "matlab", tally)
    _texts(folder, tally)
    _markup(lab, folder, tally)
    tally.check(not canary.exists(), "a payload was run")
    kinds = tuple(fuzz.KINDS)
    for kind in kinds:
        counts = fuzz.fuzz(kind, 24, (count or FUZZED) // len(kinds))
        bad = sum(n for name, n in counts.items() if name not in ("read", "refused"))
        tally.passed += counts["read"] + counts["refused"]
        tally.failures += [f"mutated {kind}: {dict(counts)}"] * bad
        tally.note(f"mutated {kind}: {dict(counts)}")


def _written(
    folder: Path, letter: str, made: dict[str, tuple[bytes, str]]
) -> dict[str, tuple[Path, str]]:
    found = {}
    for number, (name, (content, word)) in enumerate(made.items()):
        path = folder / f"{letter}{number}.bin"
        path.write_bytes(content)
        found[name] = path, word
    return found


_MANY = """
import io, json, sys
from geoself_jax.data.files.child import parse, set_limits
set_limits(2**32, 600)
for asked in json.load(sys.stdin):
    print(json.dumps(parse(asked, io.BytesIO()))[:2000])
"""


def _refused(made: dict[str, tuple[Path, str]], kind: str, tally: Tally) -> None:
    """What the child of the door says of each, all in one child."""
    asked = [
        {"kind": kind, "path": str(path), "max_bytes": 2**32, "names": None, "pickled": ["names"]}
        for path, _ in made.values()
    ]
    done = subprocess.run(
        [sys.executable, "-c", _MANY], input=json.dumps(asked), capture_output=True, text=True
    )
    lines = [json.loads(line).get("refused", "read") for line in done.stdout.splitlines()]
    lines += [f"the child ended: {done.stderr[-200:]}"] * (len(made) - len(lines))
    for (name, (path, word)), line in zip(made.items(), lines, strict=True):
        tally.check(line.startswith(str(path)) and word in line, f"{kind}, {name}: {line}")


def _texts(folder: Path, tally: Tally) -> None:
    """Entities, references that multiply, tags that build objects, depth, long numbers."""
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    deep = "<a>" * 100_000
    many = "\n".join(
        ["a0: &a0 [x, x]", *(f"a{n}: &a{n} [{f'*a{n - 1}, ' * 9}]" for n in range(1, 12))]
    )
    loads: dict[str, tuple[Callable[..., Any], str | bytes]] = {
        "laughs.xml": (files.load_xml, f'<!DOCTYPE l [<!ENTITY l0 "ha">{laughs}]><l>&l9;</l>'),
        "outside.xml": (
            files.load_xml,
            '<!DOCTYPE l [<!ENTITY x SYSTEM "/etc/hostname">]><l>&x;</l>',
        ),
        "deep.xml": (files.load_xml, deep),
        "many.yml": (files.load_yaml, many),
        "run.yml": (files.load_yaml, "x: !!python/object/apply:os.system ['touch canary']"),
        "new.yml": (files.load_yaml, "x: !!python/name:os.system"),
        "deep.json": (files.load_json, "[" * 200_000),
        "digits.json": (files.load_json, "1" * 100_000),
        "deep.toml": (files.load_toml, ".".join("a" * 5000) + "=1"),
        "deep2.toml": (files.load_toml, "x=" + "[" * 50_000),
        "half.json": (files.load_json, b'{"a": "\xff\xfe"}'),
        "bomb.npy": (files.load_npy, zlib.compress(bytes(10**6))),
    }
    for name, (load, content) in loads.items():
        path = folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        try:
            load(path)
            tally.check(False, f"{name}: read")
        except GeoselfError as error:
            tally.check(error.code == DATA and str(error).isprintable(), f"{name}: {error}")
        except BaseException as error:
            tally.check(False, f"{name}: {type(error).__name__}: {error}")


def _markup(lab: Lab, folder: Path, tally: Tally) -> None:
    """Names that are markup, on the pages that are written of them."""
    import numpy as np

    from benchmarks.reliability.life import run

    for number, name in enumerate(("<img src=x onerror=alert(1)>", "</script><script>alert(1)")):
        arrays = dict(lab.arrays)
        arrays["subject_names"] = np.array([name, "bela", "cem"])
        arrays["clip_names"] = np.array([f"{name}{i}" for i in range(6)])
        arrays["camera_names"] = np.array([f"{name}{i}" for i in range(4)])
        data = folder / f"markup{number}.npz"
        np.savez(data, allow_pickle=False, **arrays)
        pages = {"inspect": "--html", "view": "--out"}
        for verb, flag in pages.items():
            page = folder / f"{verb}{number}.html"
            ended = run(verb, f"--data={data}", f"{flag}={page}", log=folder / "log.txt")
            text = page.read_text() if page.exists() else ""
            safe = name not in text and not ended.has_traceback
            tally.check(safe, f"{verb} of {name!r}: {ended.code}: {ended.line}")


def archive(lab: Lab, count: int, tally: Tally) -> None:
    """A store whose run.tar is not what `keep` wrote: nothing outside of the run's folder."""
    from benchmarks.reliability.life import run

    folder = lab.new("archive")
    config = lab.config("archive", length=4, call=2)
    for name, make in _ARCHIVES.items():
        place = folder / name.replace(" ", "_")
        store = place / "store"
        store.mkdir(parents=True)
        (store / "run.tar").write_bytes(make(folder))
        secret = place / "secret"
        secret.write_text("mine")
        listed = {path for path in folder.rglob("*") if place not in path.parents}
        words = (f"--store={store}", f"--workdir={place / 'run'}", "--", f"--config={config}")
        ended = run("keep", *words, log=place / "log.txt")
        outside = {p for p in folder.rglob("*") if place not in p.parents} - listed
        reached = secret.read_text() != "mine" or bool(outside)
        tally.check(not reached, f"{name}: it wrote outside: {outside}")
        odd = [p for p in (place / "run").rglob("*") if p.is_symlink() or p.stat().st_mode & 0o6000]
        tally.check(not odd, f"{name}: odd files: {odd}")
        tally.check(not ended.has_traceback, f"{name}: a traceback: {ended.code}: {ended.line}")
        left = [path.name for path in place.glob(".keep-*")]
        tally.check(not left, f"{name}: left {left}")


def _tar(*members: tuple[str, dict[str, Any], bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, facts, content in members:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            for key, value in facts.items():
                setattr(member, key, value)
            archive.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def _link(target: str, kind: bytes) -> dict[str, Any]:
    return {"type": kind, "linkname": target}


_ARCHIVES: dict[str, Callable[[Path], bytes]] = {
    "outside": lambda _: _tar(("../secret", {}, b"taken")),
    "outside above": lambda _: _tar(("../../../secret", {}, b"taken")),
    "absolute": lambda folder: _tar((str(folder / "absolute.txt"), {}, b"taken")),
    "link outside": lambda _: _tar(
        ("a", _link("../..", tarfile.SYMTYPE), b""), ("a/secret", {}, b"taken")
    ),
    "hard link": lambda _: _tar(("a", _link("/etc/hostname", tarfile.LNKTYPE), b"")),
    "device": lambda _: _tar(("a", {"type": tarfile.CHRTYPE, "devmajor": 1, "devminor": 5}, b"")),
    "setuid": lambda _: _tar(("a", {"mode": 0o6777}, b"x")),
    "fifo": lambda _: _tar(("run.json", {"type": tarfile.FIFOTYPE}, b"")),
    "cut short": lambda _: _tar(("run.json", {}, b"{}" * 5000))[:3000],
    "empty": lambda _: b"",
    "no archive": lambda _: b"hello" * 1000,
    "packed": lambda _: zlib.compress(bytes(10_000)),
    "a run.json of nothing": lambda _: _tar(("run.json", {}, b"")),
    "a folder for a file": lambda _: _tar(("run.json", {"type": tarfile.DIRTYPE}, b"")),
    "a file for the folder": lambda _: _tar((".", {}, b"x")),
    "a step beyond sense": lambda _: _tar(
        ("checkpoints/last/99999999999999999999/meta/metadata", {}, b"{}")
    ),
    "odd names": lambda _: _tar(("a\nb", {}, b"x"), ("\u202e", {}, b"x"), ("x" * 200, {}, b"x")),
    "twice": lambda _: _tar(("a", {}, b"x"), ("a", {}, b"y" * 1000)),
}
