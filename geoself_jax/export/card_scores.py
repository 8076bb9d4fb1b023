"""The model card's scores: against ground truth, where available, and label-free."""

from typing import Any

from geoself_jax.export.markdown import figure, table, text

_COLUMNS = {"mpjpe_mm": "MPJPE", "p_mpjpe_mm": "P-MPJPE", "root_error_mm": "root"}
_LABEL_FREE = {
    "triangulation_mm": ("mm", "to the joints triangulated from all views, root-relative"),
    "cross_view_px": ("px", "transformed to the other views, to their detections"),
    "reprojection_px": ("px", "to the detections of its own view, insensitive to depth"),
}


def scores(found: dict[str, Any]) -> list[str]:
    """Returns the section on scores as lines of Markdown.

    Args:
        found: `scores` of model.json.
    """
    evaluation = found["evaluation"]
    if evaluation is None:
        lines = [
            "Not evaluated. To add scores: `python -m geoself_jax.evaluate --workdir=RUN "
            "--data=FILE.npz`, then export again."
        ]
    else:
        lines = [_summary(evaluation), "", *_truth(evaluation), "", *_label_free(evaluation)]
    return ["## Scores", "", *lines, *_held_out(found["checkpoint"])]


def _summary(evaluation: dict[str, Any]) -> str:
    data, flip = evaluation.get("data"), evaluation.get("flip")
    what = f"On {text(data)}" if data else "On data not recorded"
    if data and data == evaluation.get("trained_on"):
        what += ", **the data it was trained on**"
    if "frames" in evaluation and "views" in evaluation:
        what += f": {evaluation['frames']} frames of {evaluation['views']} views"
    mirrored = " Averaged with the prediction for the mirrored input." if flip else ""
    return f"{what}, each view lifted independently.{mirrored}"


def _truth(evaluation: dict[str, Any]) -> list[str]:
    if evaluation.get("mpjpe_mm") is None:
        return ["No ground truth: no MPJPE."]
    rows = {
        **(evaluation.get("per_action") or {}),
        "mean of actions": evaluation.get("action_mean"),
        "**all poses**": evaluation,
    }
    cells = [
        [name if name.startswith("**") else text(name), *(figure(row.get(k)) for k in _COLUMNS)]
        for name, row in rows.items()
        if row
    ]
    notes = [f"* {text(note)}" for note in evaluation.get("joint_notes") or []]
    heads = ["With ground truth, mm", *_COLUMNS.values()]
    return [*table(heads, cells, numbers=len(_COLUMNS)), *(["", *notes] if notes else [])]


def _label_free(evaluation: dict[str, Any]) -> list[str]:
    rows = [
        [f"`{key}`: {what}", f"{figure(evaluation.get(key))} {unit}"]
        for key, (unit, what) in _LABEL_FREE.items()
    ]
    return table(["Label-free: error of the lifted pose", ""], rows, numbers=1)


def _held_out(checkpoint: dict[str, Any]) -> list[str]:
    best = checkpoint.get("best")
    if best is None:
        return []
    return ["", f"Best `triangulation_mm` on the frames held out during training: {figure(best)}."]
