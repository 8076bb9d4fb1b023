"""The direction against gravity in a calibration's world, as a flag says it."""

import math

from geoself_jax.core.errors import nearest_name, usage_error

Direction = tuple[float, float, float]

UNKNOWN = "unknown"

AXES: dict[str, Direction] = {
    "x": (1.0, 0.0, 0.0),
    "-x": (-1.0, 0.0, 0.0),
    "y": (0.0, 1.0, 0.0),
    "-y": (0.0, -1.0, 0.0),
    "z": (0.0, 0.0, 1.0),
    "-z": (0.0, 0.0, -1.0),
}


def parse_up(text: str, flag: str = "--up") -> Direction | None:
    """Returns the direction against gravity, of length 1; None where it is said to be unknown.

    Args:
        text: An axis (`z`, `-y`), three numbers in the ratio of the direction's (`0.1,0.2,0.97`),
            or `unknown`.
        flag: Its name, for messages.

    Raises:
        GeoselfError: It is none of these (64).
    """
    if text == UNKNOWN:
        return None
    if text in AXES:
        return AXES[text]
    if "," not in text:
        near = nearest_name(text, [*AXES, UNKNOWN])
        raise usage_error(f"{flag}={text}", "no such axis", f"{near}, or write X,Y,Z")
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    length = math.hypot(*numbers)
    if len(numbers) != 3 or not 0 < length < math.inf:
        why = "wanted three numbers, not all 0: the direction against gravity"
        raise usage_error(f"{flag}={text}", why, f"e.g. {flag}=0.1,0.2,0.97")
    x, y, z = (number / length for number in numbers)
    return x, y, z
