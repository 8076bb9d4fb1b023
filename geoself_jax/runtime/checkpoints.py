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
            meta = {"facts": facts, "sha256": {name: digest(tree) for name, tree in items.items()}}
            trees = {name: ocp.args.StandardSave(tree) for name, tree in items.items()}
            everything = ocp.args.Composite(meta=ocp.args.JsonSave(meta), **trees)
            manager.save(step, args=everything, force=True)
            manager.wait_until_finished()
        disk.to_disk(folder)  # Orbax does so with arrays alone, not with what finds them
    except (OSError, ValueError, RuntimeError) as error:  # TensorStore says ValueError: disk full
        raise _refused(folder, step, items, error) from error


def bytes_of(tree: Any) -> int:
    """Bytes of all arrays of a tree."""
    return sum(int(np.prod(x.shape)) * x.dtype.itemsize for x in jax.tree.leaves(tree))


def _refused(folder: Path, step: int, items: dict[str, Any], error: BaseException) -> GeoselfError:
    """Of a checkpoint that could not be written: what was written of it is removed."""
    log(f"{type(error).__name__}: {error}")
    for part in folder.glob(f"{step}.orbax-checkpoint-tmp*"):
        shutil.rmtree(part, ignore_errors=True)
    there = [int(path.name) for path in folder.glob("*") if path.name.isdecimal()]
    what = folder / str(step)
    safe = f"checkpoint {max(there)} stays, whole" if there else "there is none before it"
    do = "run the same command again: it goes on from there" if there else ""
    return disk.refused(what, error, needed=bytes_of(items), safe=safe, do=do)


def restore_latest(
    folder: Path,
    like: dict[str, Any],
    *,
    warn: Callable[[str], Any] = print,
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
        do: What to do where none is whole.
        set_aside: Move damaged ones to `damaged/` next to the folder, for the run that owns it.

    Returns:
        The items and the facts saved with them.

    Raises:
        GeoselfError: There are checkpoints and none is whole (65).
    """
    if not folder.is_dir():
        return None
    with _manager(folder) as manager:
        steps = sorted(manager.all_steps(), reverse=True)
    damaged: list[int] = []
    for step in steps:
        try:
            found, facts = _restore(folder, step, like)
            for bad in damaged if set_aside else ():
                _set_aside(folder, bad)
            return found, facts
        except Exception as error:  # Orbax: five unrelated types for a damaged file
            reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
            warn(f"warning: checkpoint {folder / str(step)} is damaged ({reason}), trying another")
            damaged.append(step)
    if damaged:
        raise data_error(
            f"{folder}: no checkpoint is whole (tried {damaged})",
            "nothing was deleted",
            do,
        )
    return None


def _restore(
    folder: Path, step: int, like: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    trees = {name: ocp.args.StandardRestore(tree) for name, tree in like.items()}
    with _manager(folder) as manager:
        everything = ocp.args.Composite(meta=ocp.args.JsonRestore(), **trees)
        found = manager.restore(step, args=everything)
    for name in like:
        if digest(found[name]) != found["meta"]["sha256"][name]:
            raise ValueError(f"the arrays of {name} do not match their digest")
    return {name: found[name] for name in like}, dict(found["meta"]["facts"])


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
