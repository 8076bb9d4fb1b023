"""The report's figures: the rig from above, what cameras see, confidences, residuals."""

import base64
import io

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from geoself_jax.core.errors import one_line
from geoself_jax.core.shown_lengths import units_for
from geoself_jax.data.recording import Recording
from geoself_jax.data.rig import floor_axes
from geoself_jax.inspect.sample import Sample, one, place, projected, spread
from geoself_jax.view.axes import PosePlot, draw_detections
from geoself_jax.view.body_scale import scale_of, size_of
from geoself_jax.view.line_segments import COLOR, EDGE, REFERENCE

_INK, _LINE, _BAR = "#2B303A", "#D9DDE3", "#0072B2"
_FRAMES, _VIEWS = 3, 4


def png(figure: Figure) -> str:
    """A figure as the text of a data: address."""
    kept = io.BytesIO()
    FigureCanvasAgg(figure).print_png(kept)
    return "data:image/png;base64," + base64.b64encode(kept.getvalue()).decode("ascii")


def plain(name: str, most: int = 28) -> str:
    """A name to draw: printable, not read as markup, not longer than fits."""
    name = one_line(name).replace("$", r"\$")
    return name if len(name) <= most else name[: most - 1] + "…"


def _figure(width: float, height: float) -> Figure:
    return Figure(figsize=(width, height), dpi=110, facecolor="white", layout="constrained")


def _bare(axes: Axes) -> None:
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(_LINE)
    axes.tick_params(colors=EDGE, labelsize=8)
    axes.set_axisbelow(True)


def rig_from_above(sample: Sample) -> Figure:
    """Cameras, where they look and how wide, and the body's path; numbers in the rig's unit."""
    figure = _figure(6.4, 5.2)
    axes = figure.add_subplot()
    up, metres = sample.whole.world_up, sample.whole.unit * sample.points
    floor = floor_axes(_upwards(sample) if up is None else up)
    scale, size = scale_of(metres, sample.whole.skeleton), size_of(metres)
    root = metres[:, sample.whole.skeleton.root] / scale
    path = root[np.isfinite(root).all(-1)] @ floor.T
    axes.plot(*path.T, ".", color=_BAR, ms=2.5, alpha=0.35, label="body")
    centers = sample.whole.unit * sample.cameras.center @ floor.T / scale
    reach = 0.45 * float(np.median(np.linalg.norm(centers - centers.mean(0), axis=-1))) + 0.3
    for view in range(sample.views):
        _camera(axes, sample, view, centers[view], floor, reach)
    axes.set_aspect("equal", adjustable="datalim")
    axes.margins(0.12)
    axes.grid(color=_LINE, lw=0.6)
    _bare(axes)
    unit = units_for(size).rig
    if scale != 1:
        numbers = FuncFormatter(lambda value, _: f"{scale * unit.per_metre * value:.5g}")
        axes.xaxis.set_major_formatter(numbers)
        axes.yaxis.set_major_formatter(numbers)
    axes.set_xlabel("metres" if unit.symbol == "m" else unit.symbol, color=EDGE, fontsize=8)
    name = plain(sample.whole.rig_names[sample.rig])
    seen = "from above" if up is not None else "along upwards in the images (up is unknown)"
    axes.set_title(f"{name}, seen {seen}", color=_INK, fontsize=10, loc="left")
    return figure


def _upwards(sample: Sample) -> np.ndarray:
    """(3,) unit: upwards in the images, on average over the cameras; z where they cancel out."""
    seen = -sample.cameras.R[:, 1].mean(0)
    length = np.linalg.norm(seen)
    return np.asarray(seen / length if length > 0.1 else np.array([0.0, 0, 1]))


def _camera(
    axes: Axes, sample: Sample, view: int, here: np.ndarray, floor: np.ndarray, reach: float
) -> None:
    camera = one(sample.cameras, view)
    width = float(sample.whole.image_size[sample.rig, view, 0])
    edges = (np.array([0, width / 2, width]) - camera.K[0, 2]) / camera.K[0, 0]
    rays = np.stack([edges, 0 * edges, np.ones(3)], -1) @ camera.R
    ends = here + reach * rays @ floor.T
    axes.fill(*np.stack([here, ends[0], ends[2]]).T, color=COLOR["right"], alpha=0.10, lw=0)
    axes.plot(*np.stack([here, ends[1]]).T, color=COLOR["right"], lw=1.2)
    axes.plot(*here, "o", color=COLOR["right"], ms=6, mec="white")
    axes.annotate(
        plain(sample.whole.camera_names[view]),
        (float(here[0]), float(here[1])),
        xytext=(0, 8),
        textcoords="offset points",
        ha="center",
        color=_INK,
        fontsize=8,
    )


def overlays(sample: Sample) -> Figure:
    """Detections of a few instants, and over them in grey what all views together say."""
    frames = spread(np.arange(len(sample.frames)), _FRAMES)
    views = list(range(min(sample.views, _VIEWS)))
    few = Sample(sample.whole, sample.frames[frames])
    figure = Figure(figsize=(2.3 * len(views), 2.6 * len(frames)), dpi=110, facecolor="white")
    figure.subplots_adjust(0.01, 0.01, 0.99, 0.95, 0.05, 0.14)
    bones = np.array(sample.whole.skeleton.bones, int).reshape(-1, 2)
    for column, view in enumerate(views):
        pixels, _ = projected(few.points, one(sample.cameras, view))
        for row in range(len(frames)):
            axes = figure.add_subplot(len(frames), len(views), row * len(views) + column + 1)
            axes.set_xticks([])
            axes.set_yticks([])
            title = f"{sample.whole.camera_names[view]}, {place(sample.whole, few.frames[row])}"
            there = few.recording
            size = sample.whole.image_size[sample.rig, view]
            detections = PosePlot(
                title,
                there.keypoints_2d[row, view],
                there.confidence[row, view],
                (int(size[0]), int(size[1])),
                {},
            )
            draw_detections(axes, detections, sample.whole.skeleton)
            for bone in bones:
                axes.plot(*pixels[row, bone].T, color=REFERENCE, lw=1.0, zorder=4)
            axes.set_title(plain(title, 42), fontsize=6.5, color=_INK, pad=3)
            for spine in axes.spines.values():
                spine.set_color(_LINE)
    return figure


def confidences(recording: Recording) -> Figure:
    """How often each tenth of [0, 1] is given."""
    figure = _figure(4.4, 2.6)
    axes = figure.add_subplot()
    values = recording.confidence[recording.confidence > 0]
    counts, edges = np.histogram(values, bins=10, range=(0, 1))
    share = 100 * counts / max(1, counts.sum())
    axes.bar(edges[:-1], share, width=0.1, align="edge", color=_BAR, edgecolor="white")
    axes.set_xlim(0, 1)
    axes.set_xlabel("confidence", color=EDGE, fontsize=8)
    axes.set_ylabel("% of the joints seen", color=EDGE, fontsize=8)
    _bare(axes)
    return figure


def residuals(samples: list[Sample]) -> Figure:
    """Triangulation residual of each camera: the middle half of it, its median, its 95 %."""
    rows = [(sample, view) for sample in samples for view in range(sample.views)]
    figure = _figure(6.4, 0.9 + 0.26 * len(rows))
    axes = figure.add_subplot()
    for height, (sample, view) in enumerate(rows):
        error = sample.residual[:, view]
        error = error[np.isfinite(error)]
        if not error.size:
            continue
        low, middle, high, most = np.percentile(error, (25, 50, 75, 95))
        axes.plot([0, most], [height, height], color=_LINE, lw=1.5, zorder=1)
        axes.barh(height, high - low, left=low, height=0.55, color=_BAR, alpha=0.85)
        axes.plot([middle, middle], [height - 0.27, height + 0.27], color="white", lw=1.5)
        axes.plot(most, height, "|", color=EDGE, ms=7)
    names = [
        plain(f"{s.whole.rig_names[s.rig]} {s.whole.camera_names[view]}", 34) for s, view in rows
    ]
    axes.set_yticks(range(len(rows)), names)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlim(left=0)
    axes.set_xlabel("pixels: middle half, median, 95 %", color=EDGE, fontsize=8)
    _bare(axes)
    return figure
