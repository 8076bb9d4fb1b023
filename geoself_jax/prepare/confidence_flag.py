"""`--confidence-from`: what a confidence is made of."""

import math

from geoself_jax.core.errors import nearest_name, usage_error
from geoself_jax.prepare.detections.variances import DEVIATION_PX

KINDS = ("likelihood", "variance")


def deviation_px(flag: str | None, scale: float = 1.0) -> float | None:
    """Deviation of a good joint where confidences are those of variances; None where of scores.

    Args:
        flag: `likelihood`, `variance` or `variance:PX`; None where not given.
        scale: `--confidence-scale`.

    Raises:
        GeoselfError: No such kind, no deviation, or a scale of scores that are not read (64).
    """
    kind, colon, number = (flag or KINDS[0]).partition(":")
    if kind not in KINDS or (kind == KINDS[0] and colon):
        raise usage_error(
            f"--confidence-from={flag}",
            "wanted likelihood or variance[:PX]",
            nearest_name(kind, KINDS),
        )
    if kind == KINDS[0]:
        return None
    if scale != 1:
        raise usage_error(
            f"--confidence-from={flag}", "--confidence-scale is of scores", "leave out one of them"
        )
    if not colon:
        return DEVIATION_PX
    try:
        deviation = float(number)
    except ValueError:
        deviation = math.nan
    if not 0 < deviation < math.inf:
        raise usage_error(
            f"--confidence-from={flag}",
            "wanted pixels above 0",
            "write --confidence-from=variance:3",
        )
    return deviation
