"""The model card's scores: against ground truth, where available, and label-free."""

from typing import Any

from geoself_jax.core.shown_lengths import ShownUnit, ShownUnits
from geoself_jax.evaluate.by_motion import TABLES, lines_below, motion_rows
from geoself_jax.export.markdown import figure, table, text

_COLUMNS = {"mpjpe_mm": "MPJPE", "p_mpjpe_mm": "P-MPJPE", "root_error_mm": "root"}
_LABEL_FREE = {
    "triangulation_mm": (True, "to the joints triangulated from all views, root-relative"),
    "cross_view_px": (False, "transformed to the other views, to their detections"),
    "reprojection_px": (False, "to the detections of its own view, insensitive to depth"),
}


def scores(found: dict[str, Any], units: ShownUnits) -> list[str]:
    """Returns the section on scores as lines of Markdown.

    Args:
        found: `scores` of model.json.
        units: In which lengths are shown.
    """
    unit = units.error
    evaluation = found["evaluation"]
    if evaluation is None:
        lines = [
            "Not evaluated. To add scores: `python -m geoself_jax.evaluate --workdir=RUN "
            "--data=FILE.npz`, then export again."
        ]
    else:
        lines = [
            _summary(evaluation),
            "",
            *_truth(evaluation, unit),
            "",
            *_label_free(evaluation, unit),
            *_by_motion(evaluation, unit),
        ]
    return ["## Scores", "", *lines, *_held_out(found["checkpoint"], unit)]


def _summary(evaluation: dict[str, Any]) -> str:
    data, flip = evaluation.get("data"), evaluation.get("flip")
    what = f"On {text(data)}" if data else "On data not recorded"
    if data and data == evaluation.get("trained_on"):
        what += ", **the data it was trained on**"
    if "frames" in evaluation and "views" in evaluation:
        what += f": {evaluation['frames']} frames of {evaluation['views']} views"
    mirrored = " Averaged with the prediction for the mirrored input." if flip else ""
    if evaluation.get("refine"):
        mirrored += " Refined over time, as `lift --refine` does."
    return f"{what}, each view lifted independently.{mirrored}"


def _truth(evaluation: dict[str, Any], unit: ShownUnit) -> list[str]:
    if evaluation.get("mpjpe_mm") is None:
        return ["No ground truth: no MPJPE."]
    rows = {
        **(evaluation.get("per_action") or {}),
        "mean of actions": evaluation.get("action_mean"),
        "**all poses**": evaluation,
    }
    cells = [
        [name if name.startswith("**") else text(name)]
        + [_length(row.get(key), unit) for key in _COLUMNS]
        for name, row in rows.items()
        if row
    ]
    notes = [f"* {text(note)}" for note in evaluation.get("joint_notes") or []]
    heads = [f"With ground truth, {unit.symbol}", *_COLUMNS.values()]
    return [*table(heads, cells, numbers=len(_COLUMNS)), *(["", *notes] if notes else [])]


def _label_free(evaluation: dict[str, Any], unit: ShownUnit) -> list[str]:
    rows = [
        [f"`{key}`: {what}", _length(value, unit, symbol=True) if in_mm else f"{figure(value)} px"]
        for key, (in_mm, what) in _LABEL_FREE.items()
        for value in [evaluation.get(key)]
    ]
    return table(["Label-free: error of the lifted pose", ""], rows, numbers=1)


def _by_motion(evaluation: dict[str, Any], unit: ShownUnit) -> list[str]:
    """The tables by torso tilt and by distance to the training poses, where they were made."""
    lines: list[str] = []
    for key in TABLES:
        if (evaluation.get(key) or {}).get("classes"):
            heads, cells = motion_rows(evaluation[key], key, unit)
            heads[1:-1] = [f"{head}, {unit.symbol}" for head in heads[1:-1]]
            lines += ["", *table(heads, cells, numbers=len(heads) - 1)]
            for line in lines_below(evaluation[key], key):
                lines += ["", text(line)]
    if lines:
        lines += ["", "Motion unlike the training poses has larger errors than the mean."]
    return lines


def _held_out(checkpoint: dict[str, Any], unit: ShownUnit) -> list[str]:
    best = checkpoint.get("best")
    if best is None:
        return []
    best = _length(best, unit, symbol=unit.symbol != "mm")
    return ["", f"Best `triangulation_mm` on the frames held out during training: {best}."]


def _length(millimetres: float | None, unit: ShownUnit, *, symbol: bool = False) -> str:
    shown = unit.text(None if millimetres is None else millimetres / 1000)
    return f"{shown} {unit.symbol}" if symbol else shown
