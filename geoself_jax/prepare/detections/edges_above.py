"""Bones of DeepLabCut's and anipose's tables: in the project's configuration, in a folder above.

DeepLabCut's config.yaml has `skeleton`, pairs of body parts; anipose's config.toml has `scheme` in
its table `labeling`, chains of them.
"""

import os
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from geoself_jax.core.errors import GeoselfError
from geoself_jax.data.files import load_toml, load_yaml
from geoself_jax.data.skeleton_edges import Edges

LEVELS = 5
"""Folders above a table that are looked into: project/experiment/session/pose-2d-filtered."""


def edges_above(path: Path, names: Sequence[str]) -> Edges | None:
    """Edges of the nearest configuration that draws any between these joints; None without one.

    A configuration that cannot be read draws none.

    Args:
        path: The table.
        names: Of its joints. DeepLabCut's template draws joints that nobody has.
    """
    for folder in path.absolute().parents[:LEVELS]:
        for file, drawn in ((folder / "config.yaml", _of_yaml), (folder / "config.toml", _of_toml)):
            if not file.is_file():
                continue
            try:
                found = list(drawn(file))
            except GeoselfError:
                continue
            known = [(a, b) for a, b in found if a in names and b in names]
            if known:
                source = file if path.is_absolute() else os.path.relpath(file)
                return Edges(str(source), known)
    return None


def _of_yaml(path: Path) -> Iterator[tuple[str, str]]:
    content = load_yaml(path)
    return _chains(content.get("skeleton") if isinstance(content, dict) else None)


def _of_toml(path: Path) -> Iterator[tuple[str, str]]:
    labeling = load_toml(path).get("labeling")
    return _chains(labeling.get("scheme") if isinstance(labeling, dict) else None)


def _chains(value: Any) -> Iterator[tuple[str, str]]:
    """Neighbours in lists of names; nothing of anything else."""
    for chain in value if isinstance(value, list) else ():
        if isinstance(chain, list) and all(isinstance(name, str) for name in chain):
            yield from pairwise(chain)
