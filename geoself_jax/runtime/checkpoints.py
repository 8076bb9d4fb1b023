"""Checkpoints by Orbax, with a digest of every array: Orbax alone restores a flipped bit."""

import hashlib
import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
import orbax.checkpoint as ocp

from geoself_jax.core import disk
from geoself_jax.core.errors import GeoselfError, data_error
from geoself_jax.runtime.json_files import read_json, values_sha256
from geoself_jax.runtime.json_kinds import check_kinds, check_limits
from geoself_jax.runtime.library_errors import kept_from_the_terminal
from geoself_jax.runtime.run_log import log

logging.getLogger("absl").setLevel(logging.ERROR)  # Orbax logs a page for every save


def digest(tree: Any) -> str:
    """SHA-256 over names, types, shapes and bytes of all arrays of a tree."""
    total = hashlib.sha256()
    for path, leaf in jax.tree_util.tree_flatten_with_path(tree)[0]:
        array = np.asarray(leaf)
        total.update(f"{jax.tree_util.keystr(path)} {array.dtype} {array.shape}".encode())
        total.update(np.ascontiguousarray(array).data)
    return total.hexdigest()


def save(
    folder: Path, step: int, items: dict[str, Any], *, keep: int, facts: dict[str, Any]
) -> None:
    """Saves trees of arrays as checkpoint `step`; returns when they are on the disk, synced.

    Args:
        folder: Of this series of checkpoints.
        step: Its number; a checkpoint of the same number is left as it is.
        items: Trees by name; each can be restored without the others.
        keep: How many of the newest checkpoints to keep.
        facts: JSON values stored with it.

    Raises:
        GeoselfError: The disk refuses (74); what was saved before stays.
    """
    try:
        with kept_from_the_terminal(), _manager(folder, keep) as manager:
            if step in manager.all_steps():
                return
            meta = {
                "facts": facts,
                "facts_sha256": values_sha256(facts),
                "sha256": {name: digest(tree) for name, tree in items.items()},
            }
            trees = {name: ocp.args.StandardSave(tree) for name, tree in items.items()}
            everything = ocp.args.Composite(meta=ocp.args.JsonSave(meta), **trees)
            manager.save(step, args=everything, force=True)
            manager.wait_until_finished()
        disk.to_disk(folder)  # Orbax does so with arrays alone, not with what finds them
        for made in (folder, folder.parent):
            disk.entry_to_disk(made)
    except jax.errors.JaxRuntimeError:  # of a device or another host: not the disk's
        raise
    except (OSError, ValueError, RuntimeError) as error:  # TensorStore says ValueError: disk full
        if disk.errno_of(error) or not folder.is_dir():
            raise _refused(folder, step, items, error) from error
        raise  # the system refused nothing: the program is at fault


def bytes_of(tree: Any) -> int:
    """Bytes of all arrays of a tree."""
    return sum(int(np.prod(x.shape)) * x.dtype.itemsize for x in jax.tree.leaves(tree))


def _refused(folder: Path, step: int, items: dict[str, Any], error: BaseException) -> GeoselfError:
    """Of a checkpoint that could not be written: what was written of it is removed."""
    log(f"{type(error).__name__}: {error}")
    written = 0
    for part in folder.glob(f"{step}.orbax-checkpoint-tmp*"):
        written += disk.taken_by(part)  # small networks' arrays take less than their names
        shutil.rmtree(part, ignore_errors=True)
    there = [int(path.name) for path in folder.glob("*") if path.name.isdecimal()]
    what = folder / str(step)
    safe = f"checkpoint {max(there)} stays, whole" if there else "there is none before it"
    do = "run the same command again: it goes on from there" if there else ""
    needed = bytes_of(items)
    return disk.refused(what, error, needed=needed, written=written, safe=safe, do=do)


def restore_latest(
    folder: Path,
    like: dict[str, Any],
    *,
    warn: Callable[[str], Any] = print,
    check: Callable[[dict[str, Any]], None] = lambda facts: None,
    do: str = "restore the folder from a copy, or train again in another folder",
    set_aside: bool = False,
) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Restores the newest intact checkpoint; None where there is none at all.

    Warns of a damaged one and tries the one before it. Leaves the disk untouched, so that a run
    can be inspected while it trains, unless `set_aside`.

    Args:
        folder: Of this series of checkpoints.
        like: The items wanted, by name: trees of arrays or of `jax.ShapeDtypeStruct` with the
            shapes, types and shardings wanted.
        warn: Receives one line for each damaged checkpoint.
        check: Receives the facts, before any array is read; what it raises ends the search.
        do: What to do where none is whole.
        set_aside: Move damaged ones to `damaged/` next to the folder, for the run that owns it.

    Returns:
        The items and the facts saved with them.

    Raises:
        GeoselfError: There are checkpoints and none is whole (65).
    """
    if not folder.is_dir():
        return None
    with kept_from_the_terminal(), _manager(folder) as manager:
        steps = sorted(manager.all_steps(), reverse=True)
    damaged: list[int] = []
    for step in steps:
        try:
            facts, sha256 = _read_meta(folder, step)
        except (GeoselfError, ValueError) as error:
            damaged.append(_damaged(folder, step, error, warn))
            continue
        check(facts)
        try:
            found = _restore(folder, step, like, sha256)
        except Exception as error:  # Orbax: five unrelated types for a damaged file
            damaged.append(_damaged(folder, step, error, warn))
            continue
        if damaged:
            warn(f"warning: step {step} of {folder} is used in the place of {damaged[0]}")
        for bad in damaged if set_aside else ():
            _set_aside(folder, bad)
        return found, facts
    if damaged:
        raise data_error(
            f"{folder}: no checkpoint is whole (tried {damaged})",
            "nothing was deleted",
            do,
        )
    return None


def _damaged(folder: Path, step: int, error: Exception, warn: Callable[[str], Any]) -> int:
    reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
    warn(f"warning: checkpoint {folder / str(step)} is damaged ({reason}), trying another")
    return step


def _restore(
    folder: Path, step: int, like: dict[str, Any], sha256: dict[str, Any]
) -> dict[str, Any]:
    trees = {name: ocp.args.StandardRestore(tree) for name, tree in like.items()}
    with kept_from_the_terminal(), _manager(folder) as manager:
        found = manager.restore(step, args=ocp.args.Composite(**trees))
    for name in like:
        if digest(found[name]) != sha256.get(name):
            raise ValueError(f"the arrays of {name} do not match their digest")
    return {name: found[name] for name in like}


_META = Path("meta", "metadata")
"""Where Orbax keeps the item `meta`, within a step: JSON."""

_META_KINDS: dict[str, tuple[type, ...]] = {
    "": (dict,),
    "facts": (dict,),
    "facts.step?": (int,),
    "facts.best?": (float, type(None)),
    "facts.best_step?": (int,),
    "facts.validation_triangulation_mm?": (float, type(None)),
    "facts_sha256?": (str,),  # not in the checkpoints of older versions
    "sha256": (dict,),
}
_META_LIMITS = {
    "facts.step": (0, 2**53),
    "facts.best": (0, 1e300),
    "facts.best_step": (0, 2**53),
    "facts.validation_triangulation_mm": (0, 1e300),
}


def _read_meta(folder: Path, step: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Facts of a checkpoint, which match their digest, and the digests of its items.

    Raises:
        ValueError, GeoselfError: Damaged.
    """
    meta = read_json(folder / str(step) / _META, "restore it from a copy")
    check_kinds(meta, _META_KINDS)
    check_limits(meta, _META_LIMITS)
    facts = meta["facts"]
    if "facts_sha256" not in meta and "networks" in facts:
        raise ValueError("the digest of its facts is missing")
    if meta.get("facts_sha256") not in (None, values_sha256(facts)):
        raise ValueError("its facts do not match their digest")
    if facts.get("step", step) != step:
        raise ValueError(f"its facts are of step {facts['step']}")
    return facts, meta["sha256"]


def _manager(folder: Path, keep: int | None = None) -> ocp.CheckpointManager:
    """Opens for reading, or with `keep` for writing, which removes what a killed run left."""
    options = ocp.CheckpointManagerOptions(
        max_to_keep=keep,
        cleanup_tmp_directories=keep is not None,
        read_only=keep is None,
        enable_async_checkpointing=False,
        create=False,
        multiprocessing_options=_alone(),
    )
    if keep is not None:
        folder.mkdir(parents=True, exist_ok=True)
    return ocp.CheckpointManager(folder.absolute(), options=options)


def _alone() -> ocp.options.MultiprocessingOptions:
    """Of several hosts only the one that calls takes part: what it saves lies on it alone."""
    if jax.process_count() == 1:
        return ocp.options.MultiprocessingOptions()
    me = jax.process_index()
    return ocp.options.MultiprocessingOptions(
        primary_host=me, active_processes={me}, barrier_sync_key_prefix=f"host{me}"
    )


def _set_aside(folder: Path, step: int) -> None:
    target = folder.parent / "damaged" / f"{folder.name}-{step}"
    target.parent.mkdir(exist_ok=True)
    shutil.move(folder / str(step), target)
