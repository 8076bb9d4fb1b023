"""The model card's scores: with ground truth where there was any, and without labels."""

from typing import Any

from geoself_jax.export.markdown import figure, table, text

_COLUMNS = {"mpjpe_mm": "MPJPE", "p_mpjpe_mm": "P-MPJPE", "root_error_mm": "root"}
_LABEL_FREE = {
    "triangulation_mm": ("mm", "to the joints triangulated from all views, root-relative"),
    "cross_view_px": ("px", "moved into the other views, to the detections there"),
    "reprojection_px": ("px", "to the detections in its own view, which does not see depth"),
}


def scores(found: dict[str, Any]) -> list[str]:
    """The section.

    Args:
        found: `scores` of model.json.
    """
    evaluation = found["evaluation"]
    if evaluation is None:
        told = [
            "Not evaluated. To have scores here: `python -m geoself_jax.evaluate --workdir=RUN "
            "--data=FILE.npz`, then export again."
        ]
    else:
        told = [_told(evaluation), "", *_truth(evaluation), "", *_label_free(evaluation)]
    return ["## Scores", "", *told, *_held_out(found["checkpoint"])]


def _told(evaluation: dict[str, Any]) -> str:
    data, flip = evaluation.get("data"), evaluation.get("flip")
    what = f"On {text(data)}" if data else "On data not recorded"
    if data and data == evaluation.get("trained_on"):
        what += ", **the data it was trained on**"
    if "frames" in evaluation and "views" in evaluation:
        what += f": {evaluation['frames']} frames of {evaluation['views']} views"
    mirrored = " Mean of each view's answer and its mirror image's." if flip else ""
    return f"{what}, each view lifted by itself.{mirrored}"


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
    return table(["Without any label: the lifted pose", ""], rows, numbers=1)


def _held_out(checkpoint: dict[str, Any]) -> list[str]:
    best = checkpoint.get("best")
    if best is None:
        return []
    return ["", f"Best `triangulation_mm` on frames held out while it trained: {figure(best)}."]
