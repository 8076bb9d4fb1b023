"""Pictures of a recording: the rig from above, detections over triangulation, distributions."""

import io
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from geoself_jax.inspection.report import Report
from geoself_jax.inspection.sample import Sample, place, spread
from geoself_jax.panels import COLOR, EDGE, REFERENCE
from geoself_jax.recording import Recording
from geoself_jax.skeleton import Skeleton

_RIGS, _VIEWS, _FRAMES = 4, 6, 2  # that are drawn
_LIGHT = "#E3E6EA"
_SHADES = plt.get_cmap("viridis")


def drawn(report: Report) -> list[tuple[str, bytes]]:
    """Titles and PNG files, nothing where there is nothing to draw."""
    found = [("Confidence", _png(_confidence(report.recording)))]
    samples = [s for s in report.samples if s.views > 1 and np.isfinite(s.points).any()][:_RIGS]
    if samples:
        found.insert(0, ("Residual of each camera", _png(_residuals(samples))))
        found.insert(0, ("The rigs from above", _png(_from_above(samples))))
        found += [
            (f"Detections and what is triangulated, {where}", _png(figure))
            for where, figure in _overlays(samples[0])
        ]
    return found


def _png(figure: Figure) -> bytes:
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=110, bbox_inches="tight", facecolor="white")
    plt.close(figure)
    return stream.getvalue()


def _plain(text: str) -> str:
    """A name as it stands: no markup, no control characters, not too long."""
    return "".join(c if c.isprintable() else " " for c in text)[:40]


def _ground(up: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two world directions that span the floor."""
    near = np.eye(3)[np.argmin(np.abs(up))]
    x = np.cross(up, np.cross(near, up))
    x = x / np.linalg.norm(x)
    return x, np.cross(up, x)


def _from_above(samples: list[Sample]) -> Figure:
    columns = min(2, len(samples))
    rows = -(-len(samples) // columns)
    figure, axes = plt.subplots(
        rows, columns, figsize=(5 * columns, 5 * rows), squeeze=False, layout="constrained"
    )
    for axis in axes.flat[len(samples) :]:
        axis.set_axis_off()
    for axis, sample in zip(axes.flat, samples, strict=False):
        _rig(axis, sample)
    return figure


def _rig(axis: Axes, sample: Sample) -> None:
    """Cameras with their view, and the way of the person's root."""
    x, y = _ground(sample.whole.world_up)
    flat = lambda points: np.stack([points @ x, points @ y], -1)  # noqa: E731
    root = flat(sample.points[:, sample.whole.skeleton.root])
    root = root[np.isfinite(root).all(-1)]
    axis.scatter(root[:, 0], root[:, 1], s=4, color=COLOR["left"], alpha=0.5, linewidths=0)
    camera, middle = sample.cameras, np.median(root, axis=0) if len(root) else np.zeros(2)
    for view in range(sample.views):
        center, ahead = flat(camera.center[view]), camera.R[view][2]
        reach = float(np.linalg.norm(middle - center))
        half = sample.whole.image_size[sample.rig, view, 0] / 2 / camera.K[view, 0, 0]
        for side in (-half, half):
            edge = flat(ahead + side * camera.R[view][0])
            end = center + edge * reach / max(float(np.linalg.norm(edge)), 1e-9)
            axis.plot(*zip(center, end, strict=True), color=REFERENCE, linewidth=0.8)
        axis.scatter(center[0], center[1], s=36, color=COLOR["right"], zorder=3)
        axis.annotate(
            _plain(sample.whole.camera_names[view]),
            (float(center[0]), float(center[1])),
            xytext=(6, 6),
            textcoords="offset points",
            fontsize=9,
            parse_math=False,
        )
    axis.set_aspect("equal", "datalim")
    axis.margins(0.15)
    axis.set_title(_plain(f"rig {sample.whole.rig_names[sample.rig]}"), parse_math=False)
    axis.set_xlabel("metres")
    _clean(axis)


def _clean(axis: Axes) -> None:
    axis.grid(color=_LIGHT, linewidth=0.6)
    axis.set_axisbelow(True)
    axis.tick_params(colors=EDGE, labelsize=9)
    for spine in axis.spines.values():
        spine.set_visible(False)


def _residuals(samples: list[Sample]) -> Figure:
    """A box each camera: quartiles, and whiskers at 5 and 95 %."""
    names, boxes = [], []
    for sample in samples:
        for view in range(sample.views):
            residual = sample.residual[:, view]
            boxes.append(residual[np.isfinite(residual)])
            rig = sample.whole.rig_names[sample.rig] if len(samples) > 1 else ""
            names.append(_plain(f"{rig} {sample.whole.camera_names[view]}"))
    figure, axis = plt.subplots(figsize=(10, 0.8 + 0.36 * len(names)), layout="constrained")
    axis.boxplot(
        boxes,
        orientation="horizontal",
        whis=(5, 95),
        showfliers=False,
        widths=0.6,
        patch_artist=True,
        boxprops={"facecolor": _LIGHT, "edgecolor": EDGE},
        whiskerprops={"color": EDGE},
        capprops={"color": EDGE},
        medianprops={"color": COLOR["right"], "linewidth": 2},
    )
    axis.set_yticks(range(1, len(names) + 1), names, parse_math=False)
    axis.invert_yaxis()
    axis.set_xlim(left=0)
    axis.set_xlabel("pixels from a detection to the triangulated joint: median, quartiles, 5-95 %")
    _clean(axis)
    return figure


def _confidence(recording: Recording) -> Figure:
    """Ten bins, a line each camera."""
    figure, axis = plt.subplots(figsize=(10, 2.8), layout="constrained")
    edges = np.linspace(0, 1, 11)
    for view in range(min(recording.views, _VIEWS)):
        values = recording.confidence[:, view]
        values = values[values > 0]
        share = np.histogram(values, edges)[0] / max(1, values.size)
        name = _plain(recording.camera_names[view])
        line = axis.stairs(100 * share, edges, linewidth=1.6, color=_SHADES(view / _VIEWS))
        line.set_label("_" + name if name.startswith("_") else name)
    legend = axis.legend(frameon=False, fontsize=9)
    for text in legend.get_texts():
        text.set_parse_math(False)
    axis.set_xlim(0, 1)
    axis.set_xlabel("confidence of the joints that are seen")
    axis.set_ylabel("% of them")
    _clean(axis)
    return figure


def _overlays(sample: Sample) -> list[tuple[str, Figure]]:
    whole = np.flatnonzero(np.isfinite(sample.points).all(-1).mean(-1) > 0.5)
    if not len(whole):
        return []
    # a third and two thirds of the way: the first and last frames are seldom typical
    chosen = spread(whole, _FRAMES + 2)[1:-1] if len(whole) > _FRAMES + 2 else whole[:_FRAMES]
    return [(place(sample.whole, sample.frames[at]), _overlay(sample, int(at))) for at in chosen]


def _overlay(sample: Sample, at: int) -> Figure:
    views = min(sample.views, _VIEWS)
    columns = min(4, views)
    rows = -(-views // columns)
    figure, axes = plt.subplots(
        rows, columns, figsize=(3.2 * columns, 3.6 * rows), squeeze=False, layout="constrained"
    )
    pixels, _ = sample.seen_by_all
    for axis in axes.flat[views:]:
        axis.set_axis_off()
    for view in range(views):
        axis = axes.flat[view]
        own = np.where(
            sample.seen[at, view][:, None], sample.recording.keypoints_2d[at, view], np.nan
        )
        _bones(axis, sample.whole.skeleton, pixels[at, view], REFERENCE, 3.0)
        _bones(axis, sample.whole.skeleton, own, None, 1.4)
        _crop(axis, np.concatenate([own, pixels[at, view]]))
        axis.set_title(_plain(sample.whole.camera_names[view]), fontsize=10, parse_math=False)
    figure.supxlabel(
        "colour: detections (blue left, red right); grey: triangulated from all cameras",
        fontsize=9,
        color=EDGE,
    )
    return figure


def _bones(
    axis: Axes, skeleton: Skeleton, pixels: np.ndarray, color: str | None, width: float
) -> None:
    side: dict[int, str] = {}
    for left, right in skeleton.left_right:
        side |= {left: COLOR["left"], right: COLOR["right"]}
    for parent, child in skeleton.bones:
        own: Any = color or side.get(child, COLOR["middle"])
        axis.plot(*pixels[[parent, child]].T, color=own, linewidth=width, solid_capstyle="round")


def _crop(axis: Axes, pixels: np.ndarray) -> None:
    """A square around the person, v downward."""
    known = pixels[np.isfinite(pixels).all(-1)]
    if len(known):
        low, high = np.percentile(known, (2, 98), axis=0)
        middle, half = (low + high) / 2, max(float((high - low).max()) * 0.6, 10.0)
        axis.set_xlim(middle[0] - half, middle[0] + half)
        axis.set_ylim(middle[1] + half, middle[1] - half)
    axis.set_aspect("equal")
    axis.tick_params(colors=EDGE, labelsize=7)
    axis.grid(color=_LIGHT, linewidth=0.6)
