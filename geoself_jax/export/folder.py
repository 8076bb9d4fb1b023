"""The folder of an export: its files, and its atomic replacement."""

from pathlib import Path

from geoself_jax.core.disk import check_writable
from geoself_jax.core.errors import WORKDIR, GeoselfError
from geoself_jax.data import training_sample
from geoself_jax.lift import exported
from geoself_jax.runtime.json_files import read_json
from geoself_jax.runtime.outputs import check_place

PROGRAM = "model.stablehlo"
ONNX = "model.onnx"
SAMPLE = "sample.npz"
TRAINED = training_sample.FILE
CARD = "MODEL_CARD.md"
ALL = (exported.WEIGHTS, exported.DESCRIPTION, PROGRAM, ONNX, SAMPLE, TRAINED, CARD)
FILES = tuple(name for name in ALL if name not in (ONNX, TRAINED))
"""Files of every export; model.onnx is optional, and older runs have no training_sample.npz."""


def check_free(out: Path) -> None:
    """Checks that a path is free, an empty folder, or an unmodified earlier export.

    Raises:
        GeoselfError: Files would be lost (73).
    """
    if not out.exists():
        return
    names = sorted(path.name for path in out.iterdir()) if out.is_dir() else [out.name]
    if names and not exported.is_export(out):
        why = "is there already and is no export of geoself_jax"
    elif foreign := [name for name in names if name not in ALL]:
        why = f"is an earlier export that also holds {foreign[0]!r}, which would be lost"
    elif CARD in names and _is_edited(out):
        why = f"is an earlier export whose {CARD} was edited, which would be lost"
    else:
        return
    raise GeoselfError(
        f"--out={out}", f"{why}; nothing in it was touched", "choose another --out", WORKDIR
    )


def check_apart(run: Path, out: Path) -> bool:
    """Checks that a path is none of the run's and takes no name of a run or an export.

    Returns:
        Whether an earlier export is there.

    Raises:
        GeoselfError: Files of the run, or of another, would be lost (73); nothing can be written
            there (74).
    """
    check_place("--out", out)
    check_writable(out)
    if run.resolve().is_relative_to(out.resolve()):
        why = f"holds the run {run}; nothing in it was touched"
        raise GeoselfError(f"--out={out}", why, "choose another --out", WORKDIR)
    return exported.is_export(out)


def _is_edited(out: Path) -> bool:
    """Returns whether the card differs from the one that the export wrote."""
    files = read_json(out / exported.DESCRIPTION, "").get("files")
    facts = files.get(CARD) if isinstance(files, dict) else None
    wanted = facts.get("sha256") if isinstance(facts, dict) else None
    return exported.sha256((out / CARD).read_bytes()) != wanted
