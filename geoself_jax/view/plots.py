"""Figures of 2D input next to the 3D poses lifted from it."""

import dataclasses
import io
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

from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.poses.atomic_write import whole_file
from geoself_jax.view.axes import PosePlot, check, draw_detections, draw_poses, names_of
from geoself_jax.view.body_scale import scale_of, square_name
from geoself_jax.view.line_segments import COLOR, EDGE, REFERENCE, bone_sides, colors_of, dash

__all__ = ["PosePlot", "draw_hero", "draw_lifted"]

_INK = "#1F2430"
_NEAR_CAMERA, _BETWEEN = -20.0, 40.0  # degrees
_DPI = 200
FARTHEST = 100.0
"""From the root, sizes of a person in metres: joints beyond are not drawn."""


def draw_lifted(
    path: Path | str, plots: Sequence[PosePlot], skeleton: Skeleton, *, title: str = ""
) -> None:
    """Draws one row per plot: the 2D detections, then the 3D poses from two viewpoints.

    The first viewpoint is near the camera's, the second is rotated by 90 degrees and shows depth.

    Args:
        path: PNG to write; an existing file is replaced atomically.
        plots: At least one.
        skeleton: Joints and bones of all plots.
        title: Plain text above all rows.

    Raises:
        GeoselfError: No plot, or an array of another shape (65); the file cannot be written (74).
    """
    _save(_lifted(plots, skeleton, title), Path(path))


def lifted_image(plots: Sequence[PosePlot], skeleton: Skeleton, *, dpi: int = 80) -> np.ndarray:
    """Draws as `draw_lifted`, quickly, as an image: (height, width, 3), uint8.

    Args:
        plots, skeleton: As of `draw_lifted`.
        dpi: Pixels per inch; a row of plots is about three inches high.

    Raises:
        GeoselfError: No plot, or an array of another shape (65).
    """
    figure = _lifted(plots, skeleton, "")
    figure.set(dpi=dpi, facecolor="white")
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def _lifted(plots: Sequence[PosePlot], skeleton: Skeleton, title: str) -> Figure:
    check(plots, skeleton)
    plots, squares = _at_one_size(plots, skeleton)
    row, gap, top, width = 2.75, 0.38, 0.5 + 0.4 * bool(title), 8.55  # inches
    height = top + len(plots) * (row + gap)
    figure = new_figure(width, height)
    write_line(figure, 0, height - 0.3, title, width, fontsize=14, fontweight="bold")
    columns = {
        "2D detections, the input": (0, 2.3),
        "3D, from near the camera": (2.5, 3),
        "3D, turned by 90°": (5.55, 3),
    }
    for head, (x, wide) in columns.items():
        write_line(figure, x, height - top + 0.12, head, wide, fontsize=9.5, color=EDGE)
    for i, plot in enumerate(plots):
        y = height - top - (i + 1) * (row + gap)
        write_line(figure, 0, y + row + 0.1, plot.title, width, fontweight="bold")
        image, near, turned = (place_axes(figure, x, y, wide, row) for x, wide in columns.values())
        draw_detections(image, plot, skeleton)
        draw_poses(near, plot, plots, skeleton, _NEAR_CAMERA)
        draw_poses(turned, plot, plots, skeleton, _NEAR_CAMERA + 90)
    draw_legend(figure, names_of(plots), skeleton, squares=squares)
    return figure


def _at_one_size(plots: Sequence[PosePlot], skeleton: Skeleton) -> tuple[Sequence[PosePlot], str]:
    """Returns the plots with poses as large as people's, and what the floor's squares are."""
    poses = [pose for plot in plots for name, pose in plot.poses.items()]
    if not poses:
        return plots, ""
    scale = scale_of(np.stack(poses), skeleton)
    sized = [
        dataclasses.replace(plot, poses={n: _drawable(p / scale) for n, p in plot.poses.items()})
        for plot in plots
    ]
    return sized, square_name(scale)


def _drawable(pose: np.ndarray) -> np.ndarray:
    """A pose without joints far from any body: a network that diverges has them.

    The dashes of a line to one of them would be drawn for hours.
    """
    return np.where(np.any(np.abs(pose) > FARTHEST, axis=-1, keepdims=True), np.nan, pose)


def draw_hero(
    path: Path | str,
    plots: Sequence[PosePlot],
    skeleton: Skeleton,
    *,
    title: str = "",
    width: int | None = None,
) -> None:
    """Draws one column per plot, the detections above the pose; 3 or 4 fill a README's width.

    The detections are left out where no plot has any.

    Args:
        path: PNG to write; an existing file is replaced atomically.
        plots: At least one.
        skeleton: Joints and bones of all plots.
        title: Plain text above all columns.
        width: Width of the image without its margin, px.

    Raises:
        GeoselfError: No plot, or an array of another shape (65); the file cannot be written (74).
    """
    check(plots, skeleton)
    plots, squares = _at_one_size(plots, skeleton)
    column, gap, below = 2.5, 0.2, 2.4  # inches
    above = 2.5 if any((plot.confidence > 0).any() for plot in plots) else 0
    height = above + below + 0.35
    wide = len(plots) * (column + gap) - gap
    figure = new_figure(wide, height + 0.4 * bool(title), None if width is None else width / wide)
    write_line(figure, 0, height + 0.1, title, wide, fontsize=14, fontweight="bold")
    for i, plot in enumerate(plots):
        x = i * (column + gap)
        write_line(figure, x, height - 0.25, plot.title, column, fontweight="bold")
        if above:
            draw_detections(place_axes(figure, x, below, column, above), plot, skeleton)
        pose = place_axes(figure, x, 0, column, below - 0.1)
        draw_poses(pose, plot, plots, skeleton, _BETWEEN)
    draw_legend(figure, names_of(plots), skeleton, squares=squares)
    _save(figure, Path(path))


def new_figure(width: float, height: float, dpi: float | None = None) -> Figure:
    """Creates an empty figure of a size in inches, rendered by Agg."""
    figure = Figure((width, height), dpi=dpi or _DPI, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def place_axes(figure: Figure, x: float, y: float, width: float, height: float) -> Axes:
    """Adds empty axes at a position in inches."""
    w, h = figure.get_size_inches()
    axes = figure.add_axes((x / w, y / h, width / w, height / h), facecolor="none")
    axes.set_axis_off()
    return axes


def write_line(figure: Figure, x: float, y: float, words: str, width: float, **style: Any) -> Text:
    """Writes one line of plain text at a position in inches, truncated to `width`."""
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
    figure: Figure,
    names: Sequence[str],
    skeleton: Skeleton,
    *,
    top: float = -0.06,
    squares: str = "",
) -> float:
    """Draws the legend under all axes, in as many rows as the width requires.

    It may lie outside the figure: `_save` crops to what is drawn.

    Args:
        figure: To draw in.
        names: Names of all poses, the prediction's first.
        skeleton: Gives the sides to list.
        top: Upper edge of the legend, inches above the figure's lower edge.
        squares: What the squares of the floor are (`body_scale.square_name`).

    Returns:
        Height of the legend, inches.
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
    side = ", ".join(filter(None, ("the camera's side", squares)))
    labels = [*present, "low confidence", *names, side]
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
    """Saves a PNG of 256 colours: a third of the size in true colour."""
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", facecolor="white", bbox_inches="tight", pad_inches=0.2)
    image = Image.open(drawn).convert("RGB").quantize(256, Image.Quantize.FASTOCTREE)
    with whole_file(path, "wb") as stream:
        image.save(stream, "PNG")
