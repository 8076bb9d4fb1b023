"""The errors of all joints as one image: a box for each, in a length and in percent of the body."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from geoself_jax.core.errors import one_line
from geoself_jax.core.shown_lengths import ShownUnits, units_for
from geoself_jax.data.poses.atomic_write import whole_file
from geoself_jax.evaluate.per_joint import whose_size

_BOX, _INK, _SOFT, _LINE = "#0072B2", "#2B303A", "#6B7280", "#D9DDE3"
_ENDS = ("p5_mm", "p25_mm", "median_mm", "p75_mm", "p95_mm")
_LONGEST = 28  # characters of a joint's name


def units_of(scores: dict[str, Any]) -> ShownUnits:
    """Returns the units in which an evaluation's lengths are shown: by its body."""
    size = scores.get("body_size_mm")
    return units_for(None if size is None else size / 1000)


def draw_joint_errors(path: Path, scores: dict[str, Any]) -> bool:
    """Draws the spread of each joint's error as a PNG; returns whether there was anything to draw.

    A box is the middle half, its line the median, whiskers reach from 5 to 95 %, a dot is the mean.
    The axis above is in percent of the body's size, of several the median one's.

    Args:
        path: PNG to write; an existing file is replaced atomically.
        scores: Result of `evaluate.report.evaluate`.

    Raises:
        GeoselfError: The file cannot be written (74).
    """
    joints = scores.get("per_joint", {}).get("joints")
    if not joints:
        return False
    figure = Figure((7, 1.1 + 0.26 * len(joints)), dpi=150, facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    _draw(figure.add_subplot(), scores, joints)
    with whole_file(path, "wb") as stream:
        figure.savefig(stream, format="png")
    return True


def _draw(axes: Axes, scores: dict[str, Any], joints: dict[str, Any]) -> None:
    unit, size = units_of(scores).error, scores["body_size_mm"]
    factor = unit.per_metre / 1000
    boxes = []
    for name, of_joint in joints.items():
        low, first, middle, third, high = (factor * of_joint[key] for key in _ENDS)
        box = {"whislo": low, "q1": first, "med": middle, "q3": third, "whishi": high}
        boxes.append({**box, "mean": factor * of_joint["mean_mm"], "label": _plain(name)})
    axes.bxp(
        boxes,
        orientation="horizontal",
        widths=0.6,
        showmeans=True,
        showfliers=False,
        patch_artist=True,
        boxprops={"facecolor": _BOX, "edgecolor": _BOX, "alpha": 0.85},
        medianprops={"color": "white", "linewidth": 1.6},
        whiskerprops={"color": _SOFT},
        capprops={"color": _SOFT},
        meanprops={"marker": "o", "ms": 3.5, "mfc": _INK, "mec": "white"},
    )
    axes.invert_yaxis()
    axes.set_xlim(left=0)
    against = scores["per_joint"]["against"]
    label = f"error against {against}, relative to the root, {unit.symbol}: middle half, 5 to 95 %"
    axes.set_xlabel(label, color=_SOFT, fontsize=8)
    percent = factor * size / 100
    above = axes.secondary_xaxis(
        "top",
        functions=(lambda x: np.divide(x, percent), lambda x: np.multiply(x, percent)),
    )
    above.set_xlabel(f"% of {whose_size(scores)}", color=_SOFT, fontsize=8)
    for one in (axes, above):
        one.tick_params(labelsize=8, colors=_SOFT)
    axes.grid(axis="x", color=_LINE, linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("left", "right", "top", "bottom"):
        axes.spines[side].set_visible(False)


def _plain(name: str) -> str:
    """A name to draw: printable, not read as markup, not longer than fits."""
    name = one_line(name).replace("$", r"\$")
    return name if len(name) <= _LONGEST else name[: _LONGEST - 1] + "…"
