"""Tabulates the scores of an evaluation for its page, in the format of `view.error_table`."""

from typing import Any

from geoself_jax.evaluate.report import COLUMNS

_SHARES = ("pck_150", "auc")
_LABEL_FREE = {
    "triangulation_mm": ("triangulation", "mm"),
    "cross_view_px": ("cross-view", "px"),
    "reprojection_px": ("reprojection", "px"),
}


def page_table(scores: dict[str, Any], shown: str) -> dict[str, Any]:
    """Returns the table: rows are actions, their mean and all poses; label-free without truth.

    Args:
        scores: Result of `evaluate.report.evaluate`.
        shown: Description of the part of the data on the page.
    """
    note = (
        f"Of all {scores['frames'] * scores['views']:,} views of the data; on this page: {shown}."
    )
    if "per_action" not in scores:
        names = [f"{name}, {unit}" for name, unit in _LABEL_FREE.values()]
        row = {"name": "all poses", "values": [scores.get(key) for key in _LABEL_FREE]}
        rows = [{**row, "total": True}]
        return _table("without 3D labels", names, rows, [note, *scores.get("joint_notes", ())])
    keys = [key for key in COLUMNS if key in scores]
    names = [f"{COLUMNS[key]} %" if key in _SHARES else COLUMNS[key] for key in keys]
    total = {"poses": scores["poses"]}
    rows = [_row(name, row, keys) for name, row in scores["per_action"].items()]
    rows.append(_row("mean of actions", scores["action_mean"] | total, keys, total=True))
    rows.append(_row("all poses", scores, keys, total=True))
    notes = ["In mm.", note, _label_free(scores), *scores.get("joint_notes", ())]
    return _table("prediction against ground truth", [*names, "poses"], rows, notes)


def _table(
    group: str, columns: list[str], rows: list[dict[str, Any]], notes: list[str]
) -> dict[str, Any]:
    return {"groups": [group], "columns": columns, "rows": rows, "note": " ".join(notes)}


def _row(name: str, row: dict[str, Any], keys: list[str], *, total: bool = False) -> dict[str, Any]:
    values = [
        value if value is None or key not in _SHARES else 100 * value
        for key, value in ((key, row.get(key)) for key in keys)
    ]
    return {"name": name, "values": [*values, row["poses"]], "total": total}


def _label_free(scores: dict[str, Any]) -> str:
    known = {key: scores.get(key) for key in _LABEL_FREE}
    parts = [
        f"{name} {known[key]:.1f} {unit}"
        for key, (name, unit) in _LABEL_FREE.items()
        if known[key] is not None
    ]
    return f"Without 3D labels: {', '.join(parts) or 'nothing'}."
