"""Each joint's errors for an evaluation's page, in the form that assets/boxes.js draws."""

from typing import Any

from geoself_jax.evaluate.joint_chart import units_of
from geoself_jax.evaluate.per_joint import PERCENTILES, whose_size


def joint_boxes(scores: dict[str, Any]) -> dict[str, Any] | None:
    """Returns JSON values; None where nothing is known of any joint.

    Args:
        scores: Result of `evaluate.report.evaluate`.
    """
    joints = scores.get("per_joint", {}).get("joints")
    if not joints:
        return None
    unit = units_of(scores).error
    factor = unit.per_metre / 1000
    rows = [
        {
            "name": name,
            "mean": factor * of_joint["mean_mm"],
            "spread": [factor * of_joint[key] for key in PERCENTILES],
        }
        for name, of_joint in joints.items()
    ]
    return {
        "against": scores["per_joint"]["against"],
        "unit": unit.symbol,
        "significant": unit.significant,
        "body": factor * scores["body_size_mm"],
        "whose": whose_size(scores),
        "rows": rows,
    }
