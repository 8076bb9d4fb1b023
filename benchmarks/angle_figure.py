"""Draws docs/angles.png: what each joint angle is, its zero and its sign.

python -m benchmarks.angle_figure --out=docs/angles.png
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Arc

from geoself_jax.runtime import cli

BODY, ZERO, ANGLE = "#33415c", "#9aa5b8", "#c2410c"
Place = tuple[float, float]


def along(start: Place, degrees: float, length: float) -> Place:
    """The point at a distance and direction, counter-clockwise from the right."""
    turn = np.deg2rad(degrees)
    return start[0] + length * np.cos(turn), start[1] + length * np.sin(turn)


def limb(axes: Axes, *places: Place, left: bool = False) -> None:
    """Joints and the bones between them."""
    x, y = zip(*places, strict=True)
    axes.plot(x, y, "o-", color=BODY, lw=3, ms=5, alpha=0.35 if left else 1, zorder=3)


def angle(axes: Axes, at: Place, zero: float, end: float, text: str, *, radius: float) -> None:
    """An arc from the zero's direction to the segment's, with its name; directions in degrees."""
    axes.plot(*zip(at, along(at, zero, 1.5 * radius), strict=True), "--", color=ZERO, lw=1.2)
    low, high = sorted((zero, end))
    axes.add_patch(Arc(at, 2 * radius, 2 * radius, theta1=low, theta2=high, color=ANGLE, lw=1.6))
    tip, before = along(at, end, radius), along(at, end - 12 * np.sign(end - zero), radius)
    axes.annotate("", tip, before, arrowprops={"arrowstyle": "-|>", "color": ANGLE, "lw": 1.2})
    place = along(at, (zero + end) / 2, 1.25 * radius)
    side = "left" if np.cos(np.deg2rad((zero + end) / 2)) > 0 else "right"
    box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1.0}
    axes.text(*place, text, color=ANGLE, fontsize=8.5, ha=side, va="center", zorder=4, bbox=box)


def from_the_right(axes: Axes) -> None:
    """Trunk, hip, knee and ankle."""
    axes.set_title("from the right, facing right", fontsize=9)
    hip = (0.0, 0.0)
    shoulder, knee = along(hip, 70, 0.55), along(hip, -50, 0.45)
    ankle = along(knee, -105, 0.45)
    heel, toe = along(ankle, 190, 0.07), along(ankle, 2, 0.2)
    limb(axes, shoulder, hip, knee, ankle)
    limb(axes, heel, ankle, toe)
    angle(axes, hip, 90, 70, "tilt - forward", radius=0.32)
    angle(axes, hip, -110, -50, "hip_flexion +", radius=0.2)
    angle(axes, knee, -50, -105, "knee_angle +", radius=0.2)
    angle(axes, ankle, -15, 2, "ankle_angle +", radius=0.25)


def from_the_front(axes: Axes) -> None:
    """List, adduction and the elevation of an arm."""
    axes.set_title("from behind", fontsize=9)
    left, right = (-0.13, 0.03), (0.13, -0.03)
    limb(axes, left, right)
    limb(axes, (0, 0), (0.0, 0.5))
    limb(axes, (-0.2, 0.5), (0.2, 0.5))
    limb(axes, right, along(right, -105, 0.45))
    limb(axes, left, along(left, -90, 0.45), left=True)
    limb(axes, (0.2, 0.5), along((0.2, 0.5), -35, 0.3), along((0.2, 0.5), -35, 0.55))
    limb(axes, (-0.2, 0.5), along((-0.2, 0.5), -95, 0.3), left=True)
    angle(axes, (-0.13, 0.03), 0, -13, "list + right down", radius=0.42)
    angle(axes, right, -77, -105, "hip_adduction +", radius=0.36)
    angle(axes, (0.2, 0.5), -90, -35, "arm_elevation +", radius=0.2)


def from_above(axes: Axes) -> None:
    """Rotation, twist and the plane of an arm."""
    axes.set_title("from above, facing up", fontsize=9)
    limb(axes, along((0, 0), 190, 0.16), along((0, 0), 10, 0.16), left=True)
    shoulder = along((0, 0), 35, 0.28)
    limb(axes, along((0, 0), 215, 0.28), shoulder)
    limb(axes, shoulder, along(shoulder, 75, 0.3))
    angle(axes, (0, 0), 0, 10, "pelvis_rotation +", radius=0.5)
    angle(axes, (0, 0), 190, 215, "trunk_twist + left", radius=0.36)
    angle(axes, shoulder, 35, 75, "arm_plane +", radius=0.2)


def main(argv: Sequence[str]) -> int:
    """Draws three views side by side."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    flags = parser.parse_args(list(argv))
    figure = Figure(figsize=(9, 3.6), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    for axes, draw in zip(
        figure.subplots(1, 3), (from_the_right, from_the_front, from_above), strict=True
    ):
        draw(axes)
        axes.set_aspect("equal")
        axes.margins(0.18)
        axes.axis("off")
    figure.savefig(flags.out)
    print(flags.out)
    return 0


if __name__ == "__main__":
    cli.run(main)
