"""SLEAP's analysis .h5 (tracks, node_names, point_scores), .csv (a row an instance) and .slp.

Axes are (track, xy, node, frame) unless the attribute `dims` says otherwise, as sleap-io writes it.
A joint with a place and no score was set by hand: its confidence is 1.
"""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np

from geoself_jax.core.errors import data_error
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.files import load_hdf5
from geoself_jax.data.skeleton_edges import Edges
from geoself_jax.prepare.detections import sleap_csv, sleap_labels
from geoself_jax.prepare.detections.named_joints import named_joints
from geoself_jax.prepare.detections.rows import instances_of
from geoself_jax.prepare.first_bytes import head
from geoself_jax.prepare.instances import Instances

H5 = (".h5", ".hdf5", ".analysis")
MAGIC = "HDF\r\n\x1a\n"
NAMES = (
    *("tracks", "node_names", "track_names", "point_scores", "track_occupancy", "edge_names"),
    "@skeleton_symmetries",
)


def recognize(path: Path) -> str | None:
    """Why the file is one of these, or None."""
    if path.suffix.lower() in H5 and MAGIC in head(path) and path.stat().st_size < 1 << 32:
        tree = load_hdf5(path, names=("node_names",))
        return "an HDF5 file with node_names" if tree else None
    if path.suffix.lower() == sleap_labels.SUFFIX and MAGIC in head(path):
        return "a SLEAP project"
    for first in (sleap_csv.FIRST, sleap_csv.OF_INSTANCES):
        if path.suffix.lower() == ".csv" and head(path).startswith(",".join(first) + ","):
            return f"a csv of {', '.join(first)}"
    return None


def read(path: Path, *, skeleton: Skeleton | None = None, max_bytes: int = 1 << 32) -> Instances:
    """The people in every frame.

    Args:
        path: The file.
        skeleton: Of the nodes to take, by name; None where they are a known skeleton's.
        max_bytes: Refuse files that are larger.

    Raises:
        GeoselfError: Not such a file; nodes of no known skeleton (65).
    """
    if path.suffix.lower() == ".csv":
        return sleap_csv.read(path, skeleton, max_bytes)
    if path.suffix.lower() == sleap_labels.SUFFIX:
        return sleap_labels.read(path, skeleton, max_bytes)
    tree = load_hdf5(path, names=NAMES, max_bytes=max_bytes)
    tracks = _array(path, tree, "tracks", ("track", "xy", "node", "frame"))
    scores = _array(path, tree, "point_scores", ("track", "node", "frame"))
    names = [str(name) for name in np.ravel(tree.get("node_names", []))]
    people, two, nodes, frames = tracks.shape
    if two != 2 or scores.shape != (people, nodes, frames) or len(names) != nodes:
        raise data_error(
            f"{path}: tracks {tracks.shape}, point_scores {scores.shape}, {len(names)} node_names",
            "wanted (tracks, 2, nodes, frames) and (tracks, nodes, frames)",
            "export the analysis again",
        )
    kept, order, notes = named_joints(str(path), names, skeleton, lambda: _edges(tree))
    rows = sleap_csv.by_hand(
        np.concatenate([tracks, scores[:, None]], axis=1).transpose(0, 3, 2, 1)
    )[..., order, :]
    there = np.isfinite(rows[..., :2]).all(-1).any(-1)
    person, frame = np.nonzero(there)
    track_names = [str(name) for name in np.ravel(tree.get("track_names", []))]
    labels: list[str | None] = [
        track_names[p] if len(track_names) == people else str(p) for p in person.tolist()
    ]
    return instances_of(
        str(path), frame, rows[person, frame], labels if people > 1 else None, frames, kept, notes
    )


def _edges(tree: Any) -> Edges:
    """The edges between nodes, and the symmetries that sleap-io writes next to them."""
    edges, twins = np.asarray(tree.get("edge_names", [])), tree.get("@skeleton_symmetries")
    drawn = [(str(a), str(b)) for a, b in edges] if edges.ndim == 2 and edges.shape[1] == 2 else []
    try:
        pairs = [(str(a), str(b)) for a, b in json.loads(str(twins or "[]"))]
    except (TypeError, ValueError):
        pairs = []
    return Edges(sleap_labels.SKELETON, drawn, pairs)


def _array(path: Path, tree: Any, name: str, axes: tuple[str, ...]) -> np.ndarray:
    """A dataset with these axes in this order."""
    found = tree.get(name) if isinstance(tree, dict) else None
    numbers = isinstance(found, np.ndarray) and found.dtype.kind in "iuf"
    if found is None or not numbers or found.ndim != len(axes):
        raise data_error(
            f"{path}: no array {name} of {len(axes)} axes",
            "SLEAP's analysis has it",
            "export it by sleap-convert --format analysis",
        )
    dims = re.findall(r"\w+", str(tree.get(f"{name}@dims") or "")) or list(axes)
    if sorted(dims) != sorted(axes):
        raise data_error(
            f"{path}: {name} has dims {' '.join(dims)[:80]}",
            f"wanted {' '.join(axes)}, in any order",
            "export the analysis again",
        )
    return found.astype(np.float64).transpose([dims.index(axis) for axis in axes])
