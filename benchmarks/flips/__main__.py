"""Bits and bytes changed in every file of a run and of an export: what the commands make of it.

    python -m benchmarks.flips --places=8 --json=flips.json

Each change is at the beginning, the middle, the end or a random place of a file: of one bit, or of
several in a byte. The folder is then read in this process, by the functions that the commands read
it by; the file is restored before the next change. A change is

* refused: one line, exit code 65 (66 where a file is not found any more);
* another checkpoint: a line says that one is damaged, and the one before it is used;
* set aside: a line of metrics.jsonl, and a line says so;
* harmless: every number that comes out is the same, bit for bit;
* unsigned: a number in a line of metrics.jsonl, which has no digest and is read by nothing;
* SILENT: numbers differ, nothing was said;
* a CRASH: what would be a traceback, or over 20 seconds.

The numbers are poses, the state that training continues from, the scores that export reads, and the
sample of the training poses. Without --workdir and --export a small run is trained first.
"""

import argparse
import contextlib
import io
import logging
import re
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.flips.changing import OUTCOMES, flip_file, group_of
from benchmarks.flips.reading import Reader
from geoself_jax.core.config import Config, DataConfig, ModelConfig, ScheduleConfig
from geoself_jax.data.sources import load
from geoself_jax.evaluate import __main__ as evaluate
from geoself_jax.export import __main__ as export
from geoself_jax.runtime.workdir import write_json
from geoself_jax.train.backup.keeper import newest_step
from geoself_jax.train.run import train

TRAINED, LIFTED, FRAMES = "synthetic:train", "synthetic:test", 16

UNREAD = re.compile(r"\.lock|\.png|\.md|log\.txt|\.html|tensorboard|commit_success")
"""Files that no command reads: they are changed at no random places."""


def make(run: Path, out: Path) -> None:
    """Trains a small run that leaves two checkpoints, evaluates and exports it.

    Args:
        run, out: Folders to write.
    """
    config = Config(
        data=DataConfig(train=TRAINED, synthetic_frames=400, validation_share=0.2),
        model=ModelConfig(width=16, blocks=1, layers=1, root_width=16, root_blocks=1),
        schedule=ScheduleConfig(length=40, batch=32, call=10, validate=2, save_minutes=0),
    )
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        train(config, run, load(TRAINED, synthetic_frames=config.data.synthetic_frames))
        evaluate.main([f"--workdir={run}", f"--data={LIFTED}", "--frames=200"])
        export.main([f"--workdir={run}", f"--out={out}"])


def flips(run: Path, out: Path, places: int, seed: int) -> tuple[list[dict[str, Any]], list[str]]:
    """Changes every file of copies of a run and of an export.

    Args:
        run, out: Their folders, which are left alone.
        places: Random places of each file.
        seed: For the places.

    Returns:
        A row for each group of files: its name, files, bytes, and how many changes had which
        outcome; a line for each that is silent or crashed.
    """
    rows: dict[str, Counter[str]] = {}
    bad: list[str] = []
    reader = Reader(load(LIFTED, synthetic_frames=200).select(slice(0, FRAMES)), run)
    with tempfile.TemporaryDirectory() as place:
        for kind, whole in (("run", run), ("export", out)):
            folder = Path(shutil.copytree(whole, Path(place) / kind))
            for name in changed_files(folder):
                path, count = folder / name, 0 if UNREAD.search(name) else places
                counts, lines = flip_file(reader, folder, name, count, seed)
                row = rows.setdefault(f"{kind}/{group_of(name)}", Counter())
                row.update(counts)
                row.update(files=1, bytes=path.stat().st_size)
                bad += [f"{kind}/{line}" for line in lines]
    return [{"file": name, **row} for name, row in rows.items()], bad


def changed_files(folder: Path) -> list[str]:
    """Names of the files of a run or an export, of the checkpoints to continue from the newest's.

    Args:
        folder: Of the run or the export.
    """
    names = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    last = f"checkpoints/last/{newest_step(folder)}/"
    older = [name for name in names if name.startswith("checkpoints/last/")]
    return [
        name
        for name in names
        if name not in older or name.startswith(last)
        if not name.startswith(("export", "damaged"))
    ]


def table(rows: list[dict[str, Any]]) -> list[str]:
    """The rows as text, with a last one of the sums."""
    heads = ("files", "bytes", *OUTCOMES)
    total = {"file": "all"} | {head: sum(row.get(head, 0) for row in rows) for head in heads}
    width = max(len(row["file"]) for row in rows) + 2
    lines = [f"{'file':<{width}}" + "".join(f"{head:>{max(9, len(head) + 2)}}" for head in heads)]
    for row in (*rows, total):
        cells = (f"{row.get(head, 0) or '-':>{max(9, len(head) + 2)}}" for head in heads)
        lines.append(f"{row['file']:<{width}}{''.join(cells)}")
    return lines


def main() -> int:
    """Changes all files, prints the table; 1 where a change is silent or crashes."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n", 1)[0])
    parser.add_argument("--workdir", type=Path, help="folder of a run (a small one is trained)")
    parser.add_argument("--export", type=Path, help="folder of its export")
    parser.add_argument("--places", type=int, default=8, help="random places of each file")
    parser.add_argument("--seed", type=int, default=0, help="of the places")
    parser.add_argument("--json", type=Path, help="write the rows here")
    flags = parser.parse_args()
    start = time.monotonic()
    logging.disable()  # Orbax has a page for each damaged file
    with tempfile.TemporaryDirectory() as place:
        run = flags.workdir or Path(place) / "run"
        out = flags.export or Path(place) / "export"
        if not (flags.workdir and flags.export):
            make(run, out)
        rows, bad = flips(run, out, flags.places, flags.seed)
    print("\n".join(table(rows)))
    print("\n".join(bad[:50]), file=sys.stderr)
    changed = sum(row.get(name, 0) for row in rows for name in OUTCOMES)
    print(f"{changed} changes, {len(bad)} silent or crashed, {time.monotonic() - start:.0f} s")
    if flags.json:
        write_json(flags.json, {"changes": changed, "rows": rows, "bad": bad})
    return int(bool(bad))


if __name__ == "__main__":
    sys.exit(main())
