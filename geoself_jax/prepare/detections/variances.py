"""Variances of a smoother's joints as confidences, where they are asked for or nothing else is.

The confidence c of a joint with variance v (the mean of that of x and y, px^2) is

    c = s / sqrt(s^2 + v)

with the deviation s of a detector's good joints: c^2, the weight of a view in triangulation, is
then inverse to the variance of what the smoother leaves and the detector adds. c is 1 for v = 0 and
0.71 for v = s^2.
"""

from pathlib import Path

import numpy as np

from geoself_jax.core.errors import data_error
from geoself_jax.prepare.detections.deeplabcut_tables import COORDS, VARIANCES, Column, Table

DEVIATION_PX = 3.0
"""Deviation s of a good joint where the user gives none."""


def confidence_of(variance: np.ndarray, deviation_px: float) -> np.ndarray:
    """The confidence of joints with these variances, in [0, 1]; NaN where unknown.

    Args:
        variance: (...) px^2.
        deviation_px: Deviation s of a good joint, px.
    """
    return np.asarray(deviation_px / np.sqrt(deviation_px**2 + variance))


def with_confidence(
    path: Path, table: Table, deviation_px: float | None
) -> tuple[Table, list[str]]:
    """The table with a likelihood from its variances, if it has read them, and a line that says so.

    Args:
        path: The file, for messages.
        table: Of the file.
        deviation_px: As asked for; None where the table has no likelihood.

    Raises:
        GeoselfError: Variances are asked for and not there, or negative (65).
    """
    if not table.variances and deviation_px is None:
        return table, []
    if not table.variances:
        wanted = ", or ".join(" and ".join(pair) for pair in VARIANCES)
        raise data_error(
            f"{path}: no variances in it",
            f"wanted columns {wanted}, as EKS writes them",
            "leave out --confidence-from=variance",
        )
    place = {column: number for number, column in enumerate(table.columns)}
    parts = [column[:-1] for column in table.columns if column[-1] == COORDS[0]]
    spread = np.stack([_mean(path, table, place, part) for part in parts], -1)
    if (spread < 0).any():
        raise data_error(
            f"{path}: a variance of {spread.min():g}", "wanted px^2, at least 0", "check the file"
        )
    deviation = DEVIATION_PX if deviation_px is None else deviation_px
    sure = confidence_of(spread, deviation)
    kept = [i for i, column in enumerate(table.columns) if column[-1] in COORDS[:2]]
    columns = [*(table.columns[i] for i in kept), *((*part, COORDS[2]) for part in parts)]
    why = "no likelihood" if deviation_px is None else "as asked for"
    note = (
        f"{path}: {why}: confidences are {deviation:g} / sqrt({deviation:g}^2 + v), v the mean of "
        f"{' and '.join(table.variances)}; --confidence-from=variance:PX says another deviation"
    )
    values = np.hstack([table.values[:, kept], sure])
    return table._replace(columns=columns, values=values, variances=()), [note]


def _mean(path: Path, table: Table, place: dict[Column, int], part: Column) -> np.ndarray:
    """(rows,) mean variance of a body part's x and y."""
    columns = [place.get((*part, name), -1) for name in table.variances]
    if -1 in columns:
        raise data_error(
            f"{path}: body part {part[-1]} has no {table.variances[columns.index(-1)]}",
            "other parts have it",
            "write the file again",
        )
    return np.asarray(table.values[:, columns].mean(-1))
