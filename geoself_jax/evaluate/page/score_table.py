"""Tabulates the scores of an evaluation for its page, in the format of `view.error_table`."""

from typing import Any

from geoself_jax.core.shown_lengths import ShownUnit, digits
from geoself_jax.evaluate.by_motion import lines_below, named_classes
from geoself_jax.evaluate.joint_chart import units_of
from geoself_jax.evaluate.report import COLUMNS

_SHARES = ("pck_150", "auc")
_LABEL_FREE = {
    "triangulation_mm": ("triangulation", "mm"),
    "cross_view_px": ("cross-view", "px"),
    "reprojection_px": ("reprojection", "px"),
}

_CLASSES = {"by_tilt": "torso tilted {}", "by_novelty": "{} from the nearest training pose"}


def page_table(scores: dict[str, Any], shown: str) -> dict[str, Any]:
    """Returns the table: rows are actions, their mean, all poses and classes of motion.

    Without ground truth its columns are the label-free scores.

    Args:
        scores: Result of `evaluate.report.evaluate`.
        shown: Description of the part of the data on the page.
    """
    note = (
        f"Of all {scores['frames'] * scores['views']:,} views of the data; on this page: {shown}."
    )
    unit = units_of(scores).error
    below = [f"{line}." for key in _CLASSES for line in lines_below(scores.get(key, {}), key)]
    below += scores.get("joint_notes", ())
    if "per_action" not in scores:
        names = [f"{name}, {_unit(key, unit)}" for key, (name, _) in _LABEL_FREE.items()]
        values = [_shown(scores.get(key), key, unit) for key in _LABEL_FREE]
        row = {"name": "all poses", "values": values}
        rows = [{**row, "total": True}, *_motion(scores, list(_LABEL_FREE), unit, poses=False)]
        return _table("without 3D labels", names, rows, [note, *below])
    keys = [key for key in COLUMNS if key in scores]
    names = [f"{COLUMNS[key]} %" if key in _SHARES else COLUMNS[key] for key in keys]
    total = {"poses": scores["poses"]}
    rows = [_row(name, row, keys, unit) for name, row in scores["per_action"].items()]
    rows.append(_row("mean of actions", scores["action_mean"] | total, keys, unit, total=True))
    rows.append(_row("all poses", scores, keys, unit, total=True))
    rows += _motion(scores, keys, unit)
    notes = [f"In {unit.symbol}.", note, _label_free(scores, unit), *below]
    return _table("prediction against ground truth", [*names, "poses"], rows, notes)


def _table(
    group: str, columns: list[str], rows: list[dict[str, Any]], notes: list[str]
) -> dict[str, Any]:
    return {"groups": [group], "columns": columns, "rows": rows, "note": " ".join(notes)}


def _motion(
    scores: dict[str, Any], keys: list[str], unit: ShownUnit, *, poses: bool = True
) -> list[dict[str, Any]]:
    """Rows of the torso's tilt and of the distance to training, as far as the columns go."""
    rows = []
    for table, what in _CLASSES.items():
        for name, row in named_classes(scores.get(table, {}), table, unit):
            values = [_shown(row.get(key), key, unit) for key in keys]
            shown = [*values, row["poses"]] if poses else values
            rows.append({"name": what.format(name), "values": shown, "total": False})
    return rows


def _row(
    name: str, row: dict[str, Any], keys: list[str], unit: ShownUnit, *, total: bool = False
) -> dict[str, Any]:
    values = [_shown(row.get(key), key, unit) for key in keys]
    return {"name": name, "values": [*values, row["poses"]], "total": total}


def _shown(value: float | None, key: str, unit: ShownUnit) -> float | None:
    """A score in the table's unit: shares in percent, lengths in that of errors."""
    if value is None:
        return None
    if key in _SHARES:
        return 100 * value
    return value * unit.per_metre / 1000 if key.endswith("_mm") else value


def _unit(key: str, unit: ShownUnit) -> str:
    return unit.symbol if key.endswith("_mm") else _LABEL_FREE[key][1]


def _label_free(scores: dict[str, Any], unit: ShownUnit) -> str:
    known = {key: _shown(scores.get(key), key, unit) for key in _LABEL_FREE}
    parts = [
        f"{_LABEL_FREE[key][0]} {digits(value, 1, unit.significant)} {_unit(key, unit)}"
        for key, value in known.items()
        if value is not None
    ]
    return f"Without 3D labels: {', '.join(parts) or 'nothing'}."
