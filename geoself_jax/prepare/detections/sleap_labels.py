"""SLEAP's project file (.slp): an HDF5 file of tables of frames, instances and their points.

Read as data by the reader of HDF5 files, without SLEAP. Instances that a person placed or corrected
have no score: their confidence is 1, and the prediction that was corrected is not taken. Before
format 1.1 pixels were counted from the corner of the first one, and not from its middle.
"""

import dataclasses
import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from geoself_jax.core.errors import data_error
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.files import load_hdf5
from geoself_jax.data.skeleton_edges import Edges
from geoself_jax.prepare.detections.named_joints import named_joints
from geoself_jax.prepare.detections.rows import instances_of, nobody, whole_number
from geoself_jax.prepare.instances import Instances

SUFFIX = ".slp"
# Not the file's name: what all files have in common is said once.
SKELETON = "SLEAP's skeleton"
NAMES = (
    *("metadata", "frames", "instances", "points", "pred_points", "tracks_json", "videos_json"),
    "video_crops",
)
NEWEST = 3.0
"""From this format on the tables are others (sleap-io 0.9.5 reads up to it)."""
_CENTRED = 1.1
_USER = 0
_EDGE, _SYMMETRY = 1, 2
_FIELDS = {
    "frames": ("frame_id", "video", "frame_idx", "instance_id_start", "instance_id_end"),
    "instances": (
        *("instance_id", "instance_type", "frame_id", "skeleton", "track", "from_predicted"),
        *("point_id_start", "point_id_end"),
    ),
    "points": ("x", "y", "visible"),
    "pred_points": ("x", "y", "visible", "score"),
}


class Project(NamedTuple):
    """The tables of a project: columns by name of each, names of nodes, tracks and videos.

    `edges` and `pairs` are names of nodes, of the skeleton's edges and its symmetries; `image_size`
    is zeros where the video's is not there.
    """

    tables: dict[str, dict[str, np.ndarray]]
    nodes: list[str]
    edges: list[tuple[str, str]]
    pairs: list[tuple[str, str]]
    tracks: list[str]
    offset: float
    image_size: tuple[int, int]


def read(path: Path, skeleton: Skeleton | None, max_bytes: int) -> Instances:
    """The animals in every frame.

    Args:
        path: The file.
        skeleton: Of the nodes to take, by name; None where they are a known skeleton's.
        max_bytes: Refuse files that are larger.

    Raises:
        GeoselfError: Not such a file; several videos or skeletons; of a newer format (65).
    """
    tree = load_hdf5(path, names=NAMES, max_bytes=max_bytes)
    try:
        project = _project(path, tree)
        number, rows, track, by_hand = _rows(project)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise data_error(
            f"{path}: not the tables of a SLEAP project ({type(error).__name__}: {error})",
            "wanted frames, instances, points and the skeleton",
            "export the analysis: sleap-convert --format analysis",
        ) from error
    if not len(number):
        raise nobody(str(path))
    edges = Edges(SKELETON, project.edges, project.pairs)
    kept, order, notes = named_joints(str(path), project.nodes, skeleton, lambda: edges)
    names = [project.tracks[i] if 0 <= i < len(project.tracks) else None for i in track]
    tracked = names if any(names) else None
    frames = int(number.max()) + 1
    read = instances_of(str(path), number, rows[:, order], tracked, frames, kept, notes)
    read = dataclasses.replace(read, image_size=project.image_size)
    note = f"{path}: {by_hand} of {len(rows)} were placed by hand: their confidences are 1"
    return dataclasses.replace(read, notes=(*read.notes, note)) if by_hand else read


def _project(path: Path, tree: dict[str, Any]) -> Project:
    version = float(tree["metadata"].get("@format_id") or 0)
    if version >= NEWEST:
        raise data_error(
            f"{path}: SLEAP format {version:g}",
            f"known are those before {NEWEST:g}",
            "export the analysis: sleap-convert --format analysis",
        )
    tables = {
        name: {field: np.asarray(tree[name][field]) for field in fields}
        for name, fields in _FIELDS.items()
        if name in tree
    }
    for name in ("points", "pred_points"):  # a project without any may lack one
        tables.setdefault(name, {field: np.zeros(0) for field in _FIELDS[name]})
    metadata = json.loads(tree["metadata"]["@json"])
    used = np.unique(tables["instances"]["skeleton"])
    if len(used) > 1:
        raise data_error(
            f"{path}: instances of {len(used)} skeletons", "wanted one", "write a file for each"
        )
    skeleton = metadata["skeletons"][int(used[0])] if len(used) else {"nodes": [], "links": []}
    every = [str(node["name"]) for node in metadata["nodes"]]
    names = [every[int(node["id"])] for node in skeleton["nodes"]]
    links = _links(skeleton.get("links", []), every)
    tracks = [str(json.loads(text)[1]) for text in tree.get("tracks_json", [])]
    if "video_crops" in tree:
        raise data_error(
            f"{path}: its video is cropped", "pixels would be those of the crop", "export it whole"
        )
    videos = [json.loads(text) for text in tree.get("videos_json", [])]
    size = _check_videos(path, tables, videos)
    offset = 0.0 if version >= _CENTRED else 0.5
    return Project(tables, names, links[_EDGE], links[_SYMMETRY], tracks, offset, size)


def _links(links: list[Any], names: list[str]) -> dict[int, list[tuple[str, str]]]:
    """Names of the nodes of edges and of symmetries.

    The first link of each kind spells its kind out, as jsonpickle does; later ones refer to that by
    its place among those spelt out, from 1.
    """
    spelt: list[int] = []
    found: dict[int, list[tuple[str, str]]] = {_EDGE: [], _SYMMETRY: []}
    for link in links:
        kind = link["type"]
        if "py/reduce" in kind:
            spelt.append(int(kind["py/reduce"][1]["py/tuple"][0]))
            number = spelt[-1]
        else:
            number = spelt[int(kind["py/id"]) - 1]
        found[number].append((names[int(link["source"])], names[int(link["target"])]))
    return found


def _check_videos(
    path: Path, tables: dict[str, dict[str, np.ndarray]], videos: list[Any]
) -> tuple[int, int]:
    """Width and height of the only video, or zeros; refuses several."""
    frames = tables["frames"]
    used = np.unique(frames["video"][frames["instance_id_end"] > frames["instance_id_start"]])
    names = [Path(str(video.get("filename", "?"))).name for video in videos]
    if len(used) > 1:
        listed = ", ".join(names[int(i)] if int(i) < len(names) else str(i) for i in used[:4])
        raise data_error(
            f"{path}: frames of {len(used)} videos, {listed}",
            "a file holds the frames of one camera",
            "export each video: sleap-convert --format analysis --video INDEX",
        )
    video = videos[int(used[0])] if len(used) and int(used[0]) < len(videos) else {}
    shape = (video.get("backend") or {}).get("shape") or ()  # frames, height, width, channels
    sizes = [whole_number(side) or 0 for side in shape]
    return (sizes[2], sizes[1]) if len(sizes) == 4 and min(sizes[1:3]) else (0, 0)


def _rows(project: Project) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Frame, (J, 3) x, y, score, track of each instance to take; how many were placed by hand."""
    instances, frames = project.tables["instances"], project.tables["frames"]
    kept = np.flatnonzero(_kept(instances))
    nodes = len(project.nodes)
    rows = np.full((len(kept), nodes, 3), np.nan)
    start = instances["point_id_start"].astype(np.int64)
    if (instances["point_id_end"].astype(np.int64) - start != nodes)[kept].any():
        raise ValueError(f"an instance has not {nodes} points")
    for table, which in (("points", True), ("pred_points", False)):
        points = project.tables[table]
        at = np.flatnonzero((instances["instance_type"][kept] == _USER) == which)
        index = start[kept[at], None] + np.arange(nodes)
        if index.size and not 0 <= index.min() <= index.max() < len(points["x"]):
            raise IndexError(f"an instance names {table} that are not there")
        score = np.where(np.isfinite(points["x"]), 1.0, np.nan) if which else points["score"]
        values = np.stack([points["x"], points["y"], score], -1).astype(np.float64)
        values[..., :2] -= project.offset
        values[~points["visible"].astype(bool)] = [np.nan, np.nan, 0]
        rows[at] = values[index]
    place = {int(frame): i for i, frame in enumerate(frames["frame_id"])}
    number = [int(frames["frame_idx"][place[int(f)]]) for f in instances["frame_id"][kept]]
    by_hand = int((instances["instance_type"][kept] == _USER).sum())
    return np.array(number, np.int64), rows, instances["track"][kept].astype(np.int64), by_hand


def _kept(instances: dict[str, np.ndarray]) -> np.ndarray:
    """All except predictions that a person corrected, or that have a placed one's track."""
    user = instances["instance_type"] == _USER
    corrected = np.isin(instances["instance_id"], instances["from_predicted"][user])
    placed = set(
        zip(instances["frame_id"][user].tolist(), instances["track"][user].tolist(), strict=True)
    )
    pairs = zip(instances["frame_id"].tolist(), instances["track"].tolist(), strict=True)
    same = np.array([pair in placed and pair[1] >= 0 for pair in pairs], bool)
    return user | ~(corrected | same)
