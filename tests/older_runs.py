"""Runs and records as versions before the digests of facts wrote them."""

import json
from pathlib import Path


def rewritten(folder: Path, change):
    """Writes run.json again without a digest, changed."""
    record = json.loads((folder / "run.json").read_text())
    record.pop("sha256", None)
    change(record)
    (folder / "run.json").write_text(json.dumps(record))


def made_older(folder: Path, change=lambda record: None):
    """A run as an older version wrote it: no digests of its facts, none of its arrays."""
    rewritten(folder, lambda record: (record.pop("arrays_sha256", None), change(record)))
    for path in folder.glob("checkpoints/*/*/meta/metadata"):
        meta = json.loads(path.read_text())
        meta.pop("facts_sha256", None)
        meta["facts"].pop("networks", None)
        path.write_text(json.dumps(meta))
