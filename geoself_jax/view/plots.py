"""Pictures of 2D input beside the 3D poses lifted from it."""

import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.legend_handler import HandlerTuple
from matplotlib.lines import Line2D
from matplotlib.text import Text
from PIL import Image

from geoself_jax.core.errors import INPUT_OUTPUT, GeoselfError
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.view.axes import Panel, check, draw_detections, draw_poses, names_of
from geoself_jax.view.line_segments import COLOR, EDGE, REFERENCE, bone_sides, colors_of, dash

__all__ = ["Panel", "draw_hero", "draw_lifted"]

_INK = "#1F2430"
_NEAR_CAMERA, _BETWEEN = -20.0, 40.0  # degrees
_DPI = 200


def draw_lifted(
    path: Path | str, panels: Sequence[Panel], skeleton: Skeleton, *, title: str = ""
) -> None:
    """Draws one row a panel: its detections, then its poses from two sides.

    The first side is near the camera's, the second is a quarter turn on, where depth can be judged.

    Args:
        path: PNG to write; one already there is replaced once all is drawn.
        panels: At least one.
        skeleton: Of the panels' joints.
        title: Over all rows, no markup.

    Raises:
        GeoselfError: No panel, or one of other shapes (65); the disk refuses (74).
    """
    check(panels, skeleton)
    row, gap, top, width = 2.75, 0.38, 0.5 + 0.4 * bool(title), 8.55  # inches
    height = top + len(panels) * (row + gap)
    figure = new_figure(width, height)
    write_line(figure, 0, height - 0.3, title, width, fontsize=14, fontweight="bold")
    columns = {
        "2D detections, the input": (0, 2.3),
        "3D, from near the camera": (2.5, 3),
        "3D, turned by 90°": (5.55, 3),
    }
    for head, (x, wide) in columns.items():
        write_line(figure, x, height - top + 0.12, head, wide, fontsize=9.5, color=EDGE)
    for i, panel in enumerate(panels):
        y = height - top - (i + 1) * (row + gap)
        write_line(figure, 0, y + row + 0.1, panel.title, width, fontweight="bold")
        picture, near, turned = (
            place_axes(figure, x, y, wide, row) for x, wide in columns.values()
        )
        draw_detections(picture, panel, skeleton)
        draw_poses(near, panel, panels, skeleton, _NEAR_CAMERA)
        draw_poses(turned, panel, panels, skeleton, _NEAR_CAMERA + 90)
    draw_legend(figure, names_of(panels), skeleton)
    _save(figure, Path(path))


def draw_hero(
    path: Path | str,
    panels: Sequence[Panel],
    skeleton: Skeleton,
    *,
    title: str = "",
    width: int | None = None,
) -> None:
    """Draws one column a panel, the detections above the pose; 3 or 4 fill a README's width.

    Where no panel has a detection, there are poses only.

    Args:
        path: PNG to write; one already there is replaced once all is drawn.
        panels: At least one.
        skeleton: Of the panels' joints.
        title: Over all columns, no markup.
        width: Of the picture without its margin, pixels.

    Raises:
        GeoselfError: No panel, or one of other shapes (65); the disk refuses (74).
    """
    check(panels, skeleton)
    column, gap, below = 2.5, 0.2, 2.4  # inches
    above = 2.5 if any((panel.confidence > 0).any() for panel in panels) else 0
    height = above + below + 0.35
    wide = len(panels) * (column + gap) - gap
    figure = new_figure(wide, height + 0.4 * bool(title), None if width is None else width / wide)
    write_line(figure, 0, height + 0.1, title, wide, fontsize=14, fontweight="bold")
    for i, panel in enumerate(panels):
        x = i * (column + gap)
        write_line(figure, x, height - 0.25, panel.title, column, fontweight="bold")
        if above:
            draw_detections(place_axes(figure, x, below, column, above), panel, skeleton)
        pose = place_axes(figure, x, 0, column, below - 0.1)
        draw_poses(pose, panel, panels, skeleton, _BETWEEN)
    draw_legend(figure, names_of(panels), skeleton)
    _save(figure, Path(path))


def new_figure(width: float, height: float, dpi: float | None = None) -> Figure:
    """An empty figure of a size in inches, drawn by Agg."""
    figure = Figure((width, height), dpi=dpi or _DPI, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def place_axes(figure: Figure, x: float, y: float, width: float, height: float) -> Axes:
    """Empty axes at a place in inches."""
    w, h = figure.get_size_inches()
    axes = figure.add_axes((x / w, y / h, width / w, height / h), facecolor="none")
    axes.set_axis_off()
    return axes


def write_line(figure: Figure, x: float, y: float, words: str, width: float, **style: Any) -> Text:
    """Puts one line at a place in inches, cut where it is wider than `width`; no markup."""
    w, h = figure.get_size_inches()
    words = " ".join(words.split())
    line = figure.text(
        x / w, y / h, words, parse_math=False, usetex=False, **{"color": _INK, **style}
    )
    while words and (wide := line.get_window_extent().width / figure.dpi) > width:
        words = words[: min(len(words) - 1, int(len(words) * width / wide))]
        line.set_text(words.rstrip() + "…")
    return line


def draw_legend(
    figure: Figure, names: Sequence[str], skeleton: Skeleton, *, top: float = -0.06
) -> float:
    """Under all axes, in as many rows as the width asks for; `_save` makes the room.

    Args:
        figure: To draw in.
        names: Of all poses, the prediction's first.
        skeleton: Whose sides are there.
        top: Its upper edge, inches above the figure's lower one.

    Returns:
        Its height, inches.
    """
    present = [side for side in COLOR if side in bone_sides(skeleton)] or ["middle"]
    limbs = [Line2D([], [], color=COLOR[side], linewidth=3.2) for side in present]
    grey = [
        Line2D([], [], color=REFERENCE, linewidth=1.4, linestyle=dash(rank))
        for rank in range(1, len(names))
    ]
    unsure = Line2D([], [], color=colors_of(["middle"], np.array([0.3]))[0], linewidth=2.2)
    edge = Line2D([], [], color=EDGE, linewidth=1.6)
    handles: list[Any] = [*limbs, unsure, *([tuple(limbs)] if names else []), *grey, edge]
    labels = [*present, "low confidence", *names, "the camera's side"]
    for rows in range(1, len(labels) + 1):
        legend = figure.legend(
            handles,
            labels,
            handler_map={tuple: HandlerTuple(ndivide=None, pad=0)},
            loc="upper center",
            bbox_to_anchor=(0.5, top / figure.get_figheight()),
            ncols=-(-len(labels) // rows),
            frameon=False,
            fontsize=9,
            handlelength=1.7,
            handletextpad=0.5,
            columnspacing=1.4,
            labelcolor=_INK,
        )
        for text in legend.get_texts():
            text.set(parse_math=False, usetex=False)
        box = legend.get_window_extent()
        if rows == len(labels) or box.width <= figure.bbox.width:
            break
        legend.remove()
    return float(box.height / figure.dpi)


def _save(figure: Figure, path: Path) -> None:
    """Saves a PNG of 256 colours, a third the size of one of all colours."""
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", facecolor="white", bbox_inches="tight", pad_inches=0.2)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.open(drawn).convert("RGB").quantize(256).save(temporary, "PNG", optimize=True)
        temporary.replace(path)
    except OSError as error:
        raise GeoselfError(str(path), str(error), "check the disk", INPUT_OUTPUT) from error
