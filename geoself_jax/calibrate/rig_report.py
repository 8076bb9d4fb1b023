"""The report of calibration: a table, JSON, Pose2Sim's toml."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from geoself_jax.calibrate.recording_cameras import RigReport
from geoself_jax.core.errors import usage_error
from geoself_jax.data.poses.atomic_write import whole_file
from geoself_jax.data.recording import Recording

_METADATA = "metadata"


def text(rigs: Sequence[RigReport], cameras: Sequence[str] = ()) -> str:
    """A table for each rig: residuals, expected errors, and what was moved.

    Args:
        rigs: Reports.
        cameras: Of the recording; those that a rig lacks are named.
    """
    return "\n\n".join(_text(rig, cameras) for rig in rigs)


def _text(rig: RigReport, cameras: Sequence[str]) -> str:
    lines = [f"rig {rig.name}: {rig.frames} frames, {rig.blocks} places and postures"]
    lines += rig.in_step
    repaired = rig.moved is not None and rig.before_px is not None
    head = "camera           residual px  expected error deg, mm"
    lines.append(head + ("   before px   moved deg, mm" if repaired else "   focal px"))
    for v, name in enumerate(rig.cameras):
        line = (
            f"{name:<16} {rig.residual_px[v]:>11.2f}  {rig.degrees[v]:>12.2f}, "
            f"{1000 * rig.metres[v]:>6.1f}"
        )
        if rig.moved is not None and rig.before_px is not None:
            moved = rig.moved[v]
            where = f"{moved[0]:.2f}, {1000 * moved[1]:.0f}" if moved.any() else "not moved"
            line += f"   {rig.before_px[v]:>9.2f}   {where}"
        else:
            line += f"   {rig.K[v, 0, 0]:>8.1f}"
        lines.append(line)
    lines += [f"{name}: left out, it sees nobody" for name in cameras if name not in rig.cameras]
    if rig.centred:
        lines.append(
            f"principal points in the middle of the image are guesses, 1 % of its longer side"
            f"{', and focal lengths 3 %' if len(rig.cameras) == 2 else ''}: "
            f"{', '.join(rig.centred)}"
        )
    lines.append(f"metres by {rig.unit}")
    if rig.vertical is not None:
        up = rig.vertical
        lines.append(
            f"up is z, by {up.frames} frames of people upright; {up.degrees:.1f} degrees off"
        )
    elif rig.moved is None:
        lines.append("up is unknown: nobody stands upright")
    return "\n".join(lines)


def as_json(rigs: Sequence[RigReport]) -> dict[str, Any]:
    """All figures of all rigs, metres and degrees."""
    return {"format": "geoself-calibration/1", "rigs": [_json(rig) for rig in rigs]}


def _json(rig: RigReport) -> dict[str, Any]:
    up = rig.vertical
    values = rig._asdict() | {
        "vertical": None if up is None else up._asdict() | {"up": up.up.tolist()}
    }
    return {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in values.items()}


def check_toml(path: str | Path, recording: Recording) -> None:
    """Makes sure that a Calib.toml can hold the cameras of a recording.

    Args:
        path: As the user gave it.
        recording: Whose cameras they will be.

    Raises:
        GeoselfError: It has several rigs, or a camera by the name of another table (64).
    """
    rigs = np.unique(recording.rig_id)
    if len(rigs) != 1:
        raise usage_error(f"--toml={path}", f"{len(rigs)} rigs, the file holds one", "leave it out")
    if _METADATA in recording.camera_names:
        what = f"--toml={path}: camera {_METADATA}"
        raise usage_error(what, "the file has a table of this name", "rename it, or leave it out")


def write_toml(path: str | Path, rigs: Sequence[RigReport], recording: Recording) -> None:
    """Writes the cameras of one rig as Pose2Sim's Calib.toml, metres.

    Args:
        path: The file.
        rigs: One.
        recording: Image sizes and lenses.

    Raises:
        GeoselfError: It cannot hold them (64); the disk refuses (74).
    """
    check_toml(path, recording)
    rig, number = rigs[0], recording.rig_names.index(rigs[0].name)
    blocks = []
    for v, name in enumerate(rig.cameras):
        at = recording.camera_names.index(name)
        lens = np.zeros(4) if recording.dist is None else recording.dist[number, at]
        lens = lens if np.any(lens[4:]) else lens[:4]  # Pose2Sim writes four, and reads more
        t = -rig.R[v] @ rig.center[v]
        size = recording.image_size[number, at]
        K = ", ".join(_list(row) for row in rig.K[v])
        blocks.append(
            f"[{_name(name)}]\nname = {_name(name)}\nsize = {_list(size)}\n"
            f"matrix = [{K}]\ndistortions = {_list(lens)}\nrotation = {_list(_vector(rig.R[v]))}\n"
            f"translation = {_list(t)}\nfisheye = false\n"
        )
    about = f"[{_METADATA}]\nadjusted = false\nerror = {float(rig.residual_px.mean())!r}\n"
    about += f"cameras_from = {_name(recording.cameras_from)}\n"
    if recording.world_up is None:
        about += 'world_up = "unknown"\n'
    elif not np.allclose(recording.world_up, [0, 0, 1], atol=1e-6):
        about += f'world_up = "{",".join(map(repr, recording.world_up.tolist()))}"\n'
    blocks.append(about)
    with whole_file(Path(path)) as stream:
        stream.write("\n".join(blocks))


def _name(name: str) -> str:
    return json.dumps(name, ensure_ascii=False)


def _vector(R: np.ndarray) -> np.ndarray:
    """Rotation vector of a matrix."""
    import cv2

    return np.asarray(cv2.Rodrigues(R)[0][:, 0])


def _list(values: np.ndarray) -> str:
    return "[" + ", ".join(repr(float(value)) for value in values) + "]"
