"""evaluation.json of a run, read for its export."""

from pathlib import Path
from typing import Any

from geoself_jax.core.errors import data_error
from geoself_jax.runtime.json_files import DIGEST, check_digest, read_json
from geoself_jax.runtime.json_kinds import check_kinds, check_limits

_NUMBER = (float, type(None))
_TABLE = (dict, type(None))
_SCORES = (
    *("mpjpe_mm", "p_mpjpe_mm", "root_error_mm", "triangulation_mm"),
    *("cross_view_px", "reprojection_px", "body_size_mm"),
)

KINDS: dict[str, tuple[type, ...]] = {
    "": (dict,),
    "checkpoint_step?": (int,),
    "data?": (str,),
    "trained_on?": (str,),
    "frames?": (int,),
    "views?": (int,),
    "flip?": (bool,),
    "refine?": (bool,),
    "joint_notes?": (list,),
    "per_action?": _TABLE,
    "action_mean?": _TABLE,
    "by_tilt?": _TABLE,
    "by_novelty?": _TABLE,
    "by_tilt.unknown_frames?": (int,),
    "by_novelty.unknown_frames?": (int,),
    **{f"{name}?": _NUMBER for name in _SCORES},
}
"""What the model card uses."""

LIMITS = {
    **{name: (0.0, 1e12) for name in ("checkpoint_step", "frames", "views")},
    **{name: (0.0, 1e300) for name in _SCORES},  # of a run that diverged too
}

_AGAIN = "evaluate again"


def read_evaluation(path: Path) -> dict[str, Any]:
    """Returns the scores that evaluate wrote, without their digest.

    Args:
        path: evaluation.json, which is there. Those of older versions have no digest.

    Raises:
        GeoselfError: It is damaged (65).
    """
    scores = read_json(path, _AGAIN)
    check_digest(path, scores, _AGAIN)
    try:
        check_kinds(scores, KINDS)
        check_limits(scores, LIMITS)
        _check_rows(scores)
    except ValueError as error:
        raise data_error(f"{path}: {error}", "damaged, or of another version", _AGAIN) from error
    return {key: value for key, value in scores.items() if key != DIGEST}


def _check_rows(scores: dict[str, Any]) -> None:
    for name, row in (scores.get("per_action") or {}).items():
        check_kinds(row, {"": _TABLE})
        if row is None or not all(type(n) in (int, float, type(None)) for n in row.values()):
            raise ValueError(f"per_action.{name[:40]}, wanted a table of numbers")
    for note in scores.get("joint_notes") or []:
        check_kinds(note, {"": (str,)})
