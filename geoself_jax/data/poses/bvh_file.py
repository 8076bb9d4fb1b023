"""BVH, as animation programs read motion: a tree of joints, places and rotations; y up, cm.

The bones of lifted poses are not of constant length. So every joint, not the root alone, has
channels for its place, which stand for its OFFSET in that frame (as Blender and others read and
write them), and positions come back exactly; the rotations are what a figure is animated by.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.poses.atomic_write import whole_file
from geoself_jax.data.poses.decimals import finer
from geoself_jax.data.poses.fill_gaps import from_the_root, held
from geoself_jax.data.poses.joint_rotations import angles_zxy, joint_rotations
from geoself_jax.data.poses.labels import said_words
from geoself_jax.data.poses.resample import even
from geoself_jax.data.poses.rest_pose import rest_offsets
from geoself_jax.data.poses.sequence import PoseSequence
from geoself_jax.data.poses.text_table import write_rows

_CENTIMETRES = 100
_DECIMALS = 5  # of a person's centimetres, and of degrees
_END = 0.2  # of the last bone: what Blender draws for the joint at its end, else a bone as long
_CHANNELS = "Xposition Yposition Zposition Zrotation Xrotation Yrotation"


def write(poses: PoseSequence, path: Path, notice: Callable[[str], None]) -> None:
    """Writes every frame from the first to the last; missing joints are held (`fill_gaps.held`).

    Raises:
        GeoselfError: No frame (65), the disk refuses (74).
    """
    full = even(poses)
    parents = one_root(poses.skeleton)
    _tell(path, full.pose, notice)
    offsets = rest_offsets(full.pose, poses.skeleton, parents)
    turns, places = joint_rotations(held(full.pose, parents), offsets, parents)
    order = from_the_root(parents)
    table = np.concatenate([_CENTIMETRES * places, angles_zxy(turns)], -1)[:, order]
    table = table.reshape(len(table), -1) + 0.0  # no -0
    decimals = _DECIMALS + finer(full.pose)
    joint = [f"%.{decimals}f"] * 3 + [f"%.{_DECIMALS}f"] * 3
    names = said_words(path, "BVH", poses.skeleton.joint_names, notice)
    with whole_file(path) as stream:
        stream.write("HIERARCHY\n")
        written = [
            tuple(_numbers(times * (_CENTIMETRES * offset), decimals) for times in (1, _END))
            for offset in offsets
        ]
        stream.writelines(_hierarchy(names, parents, written, order[0], 0))
        stream.write(f"MOTION\nFrames: {len(table)}\nFrame Time: {1 / full.rate:.9f}\n")
        write_rows(stream, table, joint * len(order), " ", "0")


def one_root(skeleton: Skeleton) -> tuple[int, ...]:
    """Parents with one -1: other joints without a parent are put below the root."""
    free = [joint for joint, parent in enumerate(skeleton.parents) if parent < 0]
    root = skeleton.root if skeleton.root in free else free[0]
    return tuple(
        root if parent < 0 and joint != root else parent
        for joint, parent in enumerate(skeleton.parents)
    )


def _tell(path: Path, pose: np.ndarray, notice: Callable[[str], None]) -> None:
    missing = ~np.isfinite(pose).all(-1)
    if missing.any():
        none, some = missing.all(1).sum(), (missing.any(1) & ~missing.all(1)).sum()
        notice(
            f"{path}: BVH cannot leave a joint out: held still in {none} frames without a pose and "
            f"{some} that lack joints"
        )


def _hierarchy(
    names: Sequence[str],
    parents: Sequence[int],
    offsets: Sequence[tuple[str, ...]],
    joint: int,
    depth: int,
) -> list[str]:
    """Lines of a joint and all below it; of each its offset, and that of the end of its chain."""
    own, end = offsets[joint]
    pad, inner = "\t" * depth, "\t" * (depth + 1)
    lines = [
        f"{pad}{'JOINT' if depth else 'ROOT'} {names[joint]}\n",
        f"{pad}{{\n",
        f"{inner}OFFSET {own}\n",
        f"{inner}CHANNELS 6 {_CHANNELS}\n",
    ]
    children = [child for child, parent in enumerate(parents) if parent == joint]
    for child in children:
        lines += _hierarchy(names, parents, offsets, child, depth + 1)
    if not children:
        lines += [f"{inner}End Site\n", f"{inner}{{\n", f"{inner}\tOFFSET {end}\n", f"{inner}}}\n"]
    return [*lines, f"{pad}}}\n"]


def _numbers(values: np.ndarray, decimals: int) -> str:
    return " ".join(f"{value + 0.0:.{decimals}f}" for value in values)
