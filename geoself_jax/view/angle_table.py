"""Ranges of joint angles as tables: each side's, and left against right."""

import html
from collections.abc import Sequence

import numpy as np

from geoself_jax.data.angles.angle_sequence import AngleSequence
from geoself_jax.view.angle_groups import LEFT, MIDDLE, RIGHT, AngleGroup, ranges, values

NONE = "\N{EN DASH}"


def range_table(angles: AngleSequence, groups: Sequence[AngleGroup]) -> str:
    """Returns a table of least, greatest and range of motion of each side, and their differences.

    Args:
        angles: Of one clip.
        groups: Rows, with columns of these angles.
    """
    heads = ["min", "max", "range"]
    top = "".join(f'<th colspan="{n}">{name}</th>' for name, n in _BLOCKS)
    under = "".join(f"<th>{h}</th>" for h in [*heads, *heads, "range", "mean", "mean size"])
    rows = [_row(angles, group) for group in groups]
    return (
        f"<table><thead><tr><th></th>{top}</tr><tr><th>degrees</th>{under}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


_BLOCKS = (("left or middle", 3), ("right", 3), ("left less right", 3))


def _row(angles: AngleSequence, group: AngleGroup) -> str:
    own = values(angles, group)
    left, right = own.get(LEFT, own.get(MIDDLE)), own.get(RIGHT)
    blank = np.full(3, np.nan)
    sides = [blank if side is None else ranges(side) for side in (left, right)]
    apart = blank
    if left is not None and right is not None and LEFT in own:
        difference = (left - right + 180) % 360 - 180 if group.is_round else left - right
        there = difference[np.isfinite(difference)]
        if len(there):
            apart = np.array([sides[0][2] - sides[1][2], there.mean(), np.abs(there).mean()])
    numbers = [*sides[0], *sides[1]]
    cells = "".join(f"<td>{number(value)}</td>" for value in numbers)
    cells += f"<td>{number(apart[0], signed=True)}</td><td>{number(apart[1], signed=True)}</td>"
    cells += f"<td>{number(apart[2])}</td>"
    return f"<tr><th>{html.escape(group.title)}</th>{cells}</tr>"


def change_table(
    pair: Sequence[AngleSequence], groups: Sequence[tuple[AngleGroup, AngleGroup]]
) -> str:
    """Returns a table of the ranges of motion of two clips and what changed.

    Args:
        pair: Two clips.
        groups: Rows: the same angle in each of the two.
    """
    names = [html.escape(angles.name) for angles in pair]
    sides = "".join(f'<th colspan="3">{side}</th>' for side in ("left or middle", "right"))
    heads = f"<th>{names[0]}</th><th>{names[1]}</th><th>change</th>" * 2
    rows = []
    for both in groups:
        cells = ""
        for wanted in ((LEFT, MIDDLE), (RIGHT,)):
            spans = [_span(angles, group, wanted) for angles, group in zip(pair, both, strict=True)]
            cells += "".join(f"<td>{number(span)}</td>" for span in spans)
            cells += f"<td>{number(spans[1] - spans[0], signed=True)}</td>"
        rows.append(f"<tr><th>{html.escape(both[0].title)}</th>{cells}</tr>")
    return (
        f"<table><thead><tr><th></th>{sides}</tr><tr><th>range, degrees</th>{heads}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def _span(angles: AngleSequence, group: AngleGroup, sides: tuple[str, ...]) -> float:
    own = values(angles, group)
    found = next((own[side] for side in sides if side in own), None)
    return float("nan") if found is None else float(ranges(found)[2])


def number(value: float, *, signed: bool = False) -> str:
    """Returns degrees without decimals; a dash where there is none."""
    if not np.isfinite(value):
        return NONE
    rounded = round(float(value)) + 0
    if signed and rounded > 0:
        return f"+{rounded}"
    return f"{rounded}".replace("-", "\N{MINUS SIGN}")
