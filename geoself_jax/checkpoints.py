"""Checkpoints by Orbax, with a digest of every array: Orbax itself restores a flipped bit in silence."""

import hashlib
import logging
import shutil
from pathlib import Path
from typing import Any

import jax
import numpy as np
import orbax.checkpoint as ocp

from geoself_jax.errors import INPUT_OUTPUT, GeoselfError, data_error

logging.getLogger("absl").setLevel(logging.ERROR)  # Orbax logs a page for every save


def digest(tree: Any) -> str:
    """SHA-256 over names, types, shapes and bytes of all arrays of a tree."""
    total = hashlib.sha256()
    for path, leaf in jax.tree_util.tree_flatten_with_path(tree)[0]:
        array = np.asarray(leaf)
        total.update(f"{jax.tree_util.keystr(path)} {array.dtype} {array.shape}".encode())
        total.update(np.ascontiguousarray(array).data)
    return total.hexdigest()


def save(folder: Path, step: int, tree: Any, *, keep: int, facts: dict[str, Any]) -> None:
    """Saves a tree as checkpoint `step`; returns when it is on the disk.

    Args:
        folder: Of this series of checkpoints.
        step: Its number; a checkpoint of the same number is left as it is.
        tree: Arrays.
        keep: How many of the newest checkpoints to keep.
        facts: JSON values stored with it.

    Raises:
        GeoselfError: The disk refuses (74); what was saved before stays.
    """
    try:
        with _manager(folder, keep) as manager:
            if step in manager.all_steps():
                return
            meta = {**facts, "sha256": digest(tree)}
            items = ocp.args.Composite(
                state=ocp.args.StandardSave(tree), meta=ocp.args.JsonSave(meta)
            )
            manager.save(step, args=items, force=True)
            manager.wait_until_finished()
    except OSError as error:
        raise GeoselfError(
            f"{folder}: checkpoint {step} could not be written",
            str(error),
            "free some space; earlier checkpoints are untouched",
            INPUT_OUTPUT,
        ) from error


def restore_latest(folder: Path, like: Any, warn: Any = print) -> tuple[Any, dict[str, Any]] | None:
    """The newest checkpoint that is whole, or None where there is none at all.

    A damaged one is named, set aside under `damaged/`, and the one before it is tried.

    Args:
        folder: Of this series of checkpoints.
        like: A tree of arrays or of `jax.ShapeDtypeStruct` with the shapes, types and shardings
            wanted.
        warn: Told about damaged checkpoints.

    Returns:
        The arrays and the facts saved with them.

    Raises:
        GeoselfError: There are checkpoints and none is whole (65).
    """
    if not folder.is_dir():
        return None
    with _manager(folder, None) as manager:
        steps = sorted(manager.all_steps(), reverse=True)
    damaged = []
    for step in steps:
        try:
            with _manager(folder, None) as manager:
                found = manager.restore(
                    step,
                    args=ocp.args.Composite(
                        state=ocp.args.StandardRestore(like), meta=ocp.args.JsonRestore()
                    ),
                )
            tree, facts = found["state"], dict(found["meta"])
            if digest(tree) != facts.pop("sha256"):
                raise ValueError("its arrays do not match their digest")
            for bad in damaged:
                _set_aside(folder, bad)
            return tree, facts
        except Exception as error:  # Orbax: five unrelated types for a damaged file
            reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
            warn(f"warning: checkpoint {folder / str(step)} is damaged ({reason}), trying another")
            damaged.append(step)
    if damaged:
        raise data_error(
            f"{folder}: no checkpoint is whole (tried {damaged})",
            "nothing was deleted",
            "restore the folder from a copy, or train into a new one",
        )
    return None


def _manager(folder: Path, keep: int | None) -> ocp.CheckpointManager:
    options = ocp.CheckpointManagerOptions(
        max_to_keep=keep, cleanup_tmp_directories=True, enable_async_checkpointing=False
    )
    return ocp.CheckpointManager(folder.absolute(), options=options)


def _set_aside(folder: Path, step: int) -> None:
    target = folder.parent / "damaged" / f"{folder.name}-{step}"
    target.parent.mkdir(exist_ok=True)
    shutil.move(folder / str(step), target)
