"""Row 23: files that are empty, short, or have names that are hard to handle."""

from pathlib import Path

import numpy as np

from benchmarks.reliability.lab import Lab
from benchmarks.reliability.life import Ended, run
from benchmarks.reliability.tally import Tally
from geoself_jax.core.errors import DATA, DONE, MISSING, USAGE

NAMES = (
    *("with space", "naïve 日本", "line\nbreak", "it's", 'say "hi"', "-dash", "$(touch canary)"),
    *("a;b", "#no", "%s", "{x}", "[1]", "<b>", "a=b", "..dots", "\u202eright", "tab\tin", "\udcff"),
    "x" * 200,
)
REFUSED = (USAGE, DATA, MISSING)


def odd(lab: Lab, count: int, tally: Tally) -> None:
    """Odd recordings through inspect, train and evaluate; then odd names through all."""
    folder = lab.new("odd")
    config = lab.config("odd", length=6, call=2)
    run("train", f"--config={config}", f"--workdir={folder / 'run'}", log=folder / "log.txt")
    out = (f"--workdir={folder / 'run'}", f"--out={folder / 'export'}")
    run("export", *out, log=folder / "log.txt")
    for name, content in _files(lab.arrays).items():
        path = folder / f"{name}.npz"
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            np.savez(path, allow_pickle=False, **content)
        for verb, words in _commands(folder, config, path, f"{name}-out").items():
            ended = run(verb, *words, log=folder / "log.txt")
            tally.check(_is_said(ended), f"{name}: {verb}: {ended.code}: {ended.line}")
    for text in (
        "",
        "x = 1\n",
        "def get_config():\n    return None\n",
        "\0",
        "import sys; sys.exit(3)",
    ):
        path = folder / "empty.py"
        path.write_text(text)
        ended = run(
            "train", f"--config={path}", f"--workdir={folder / 'x'}", log=folder / "log.txt"
        )
        tally.check(_is_said(ended) and bool(ended.code), f"configuration {text!r}: {ended.line}")
    for name in NAMES[: count or None]:
        _named(lab, folder, config, name, tally)


def _named(lab: Lab, folder: Path, config: Path, name: str, tally: Tally) -> None:
    place = folder / name
    try:
        place.mkdir()
        data = place / f"{name[:150]}.npz"
        data.write_bytes(lab.data.read_bytes())
    except (OSError, UnicodeError):
        return
    for verb, words in _commands(folder, config, data, f"{name}/{name[:150]}-out").items():
        ended = run(verb, *words, log=folder / "log.txt")
        good = _is_said(ended) and not (folder / "canary").exists()
        tally.check(good, f"name {name!r}: {verb}: {ended.code}: {ended.line}")


def _commands(folder: Path, config: Path, data: Path, out: str) -> dict[str, tuple[str, ...]]:
    model = f"--model={folder / 'export'}"
    return {
        "inspect": (f"--data={data}",),
        "train": (f"--config={config}", f"--config.data.train={data}", f"--workdir={folder / out}"),
        "evaluate": (
            f"--workdir={folder / 'run'}",
            f"--data={data}",
            f"--json={folder / out}.json",
        ),
        "lift": (model, f"--keypoints={data}", "--camera=cam0", f"--out={folder / out}.csv"),
    }


def _is_said(ended: Ended) -> bool:
    """Done, or refused in one line."""
    if ended.has_traceback or ended.code not in (DONE, *REFUSED, 73):
        return False
    errors = [line for line in ended.output.splitlines() if line.startswith("error: ")]
    return ended.code == DONE or len(errors) >= 1


def _files(arrays: dict[str, np.ndarray]) -> dict[str, bytes | dict[str, np.ndarray]]:
    def first(frames: int) -> dict[str, np.ndarray]:
        return {n: a[:frames] if a.shape[:1] == (240,) else a for n, a in arrays.items()}

    return {
        "empty": b"",
        "one byte": b"P",
        "zeros": bytes(10_000),
        "empty archive": b"PK\x05\x06" + bytes(18),
        "no array": {},
        "no frame": first(0),
        "one frame": first(1),
        "two frames": first(2),
        "one clip of one frame each": first(6) | {"clip_id": np.arange(6, dtype=np.int32)},
    }
