"""In which unit, with how many digits and at which scale lengths are shown: by the body's size."""

import math
from collections.abc import Iterable
from statistics import median
from typing import NamedTuple

SQUARE = 0.5
"""Side of a square of the floor under people, metres."""

_TINY, _SMALL, _LARGE = 0.005, 0.5, 10.0  # metres: from which size on lengths have another unit
_SIGNIFICANT = 3
_HUMAN_REACH = (0.65, 4.0)  # metres along the bones, from a child's to a tall person's
_SQUARES = 2.8  # at least, along the bones of other bodies
_STEPS = (1.0, 2.5, 5.0)


class ShownUnit(NamedTuple):
    """A unit of length, and how many digits are shown.

    Attributes:
        symbol: As printed: `m`, `cm`, `mm` or `µm`.
        per_metre: How many of it are a metre.
        significant: Digits that are shown; 0 for as many decimals as the caller asks for.
    """

    symbol: str
    per_metre: float
    significant: int = 0

    def text(self, metres: float | None, decimals: int = 1) -> str:
        """The number of a length without its unit; `-` where unknown.

        Args:
            metres: The length.
            decimals: Of a human's lengths.
        """
        if metres is None or math.isnan(metres):
            return "-"
        return digits(self.per_metre * metres, decimals, self.significant)

    def named(self, metres: float, decimals: int = 1) -> str:
        """A length with its unit: `4.2 m`; of a human's two digits of what is smaller than these.

        Args:
            metres: The length.
            decimals: Of a human's lengths.
        """
        value = self.per_metre * metres
        if not self.significant and 0 < abs(value) < 10**-decimals:
            return f"{value:.2g} {self.symbol}"
        return f"{self.text(metres, decimals)} {self.symbol}"


class ShownUnits(NamedTuple):
    """How the lengths of one body and of the rig around it are shown.

    Attributes:
        error: Unit of errors.
        bone: Unit of bone lengths.
        size: Unit of the body's size, of places, and, a second, of speeds.
        rig: Unit of distances between cameras and to the body.
    """

    error: ShownUnit
    bone: ShownUnit
    size: ShownUnit
    rig: ShownUnit


HUMAN_UNITS = ShownUnits(
    ShownUnit("mm", 1e3), ShownUnit("cm", 1e2), ShownUnit("m", 1.0), ShownUnit("m", 1.0)
)
"""For people, and where the size is unknown."""


def units_for(body_size: float | None) -> ShownUnits:
    """Returns the units for a body: a human's where its size is unknown.

    Below 0.5 m all lengths are in mm, below 5 mm in µm except the rig's; above 10 m in m. These
    have three significant digits; those of other bodies as many decimals as are usual for people.

    Args:
        body_size: Distance between the farthest joints, metres (`data.body_size.body_size`).
    """
    if body_size is None or not body_size > 0 or _SMALL <= body_size <= _LARGE:
        return HUMAN_UNITS
    symbol, per_metre = ("m", 1.0) if body_size > _LARGE else ("mm", 1e3)
    rig = ShownUnit(symbol, per_metre, _SIGNIFICANT)
    own = ShownUnit("µm", 1e6, _SIGNIFICANT) if body_size < _TINY else rig
    return ShownUnits(own, own, own, rig)


def units_for_all(body_sizes: Iterable[float | None]) -> ShownUnits:
    """Returns the units for several bodies: by the median of the sizes that are known.

    Args:
        body_sizes: As for `units_for`.
    """
    known = [size for size in body_sizes if size is not None and math.isfinite(size)]
    return units_for(median(known) if known else None)


def size_text(metres: float) -> str:
    """Returns the size of a body with its own unit, three digits: `1.7 m`, `80 mm`."""
    unit = units_for(metres).size
    value = unit.per_metre * metres
    return f"{value:.3g} {unit.symbol}" if value < 999.5 else f"{value:.0f} {unit.symbol}"


def digits(value: float, decimals: int, significant: int = 0) -> str:
    """Formats a number without an exponent.

    Args:
        value: The number.
        decimals: Decimals, where `significant` is 0.
        significant: Digits that are shown at least; whole digits are never left out.
    """
    if not significant or not math.isfinite(value):
        return f"{value:.{decimals}f}"
    if value == 0:
        return "0"
    rounded = float(f"{value:.{significant - 1}e}")  # 9.996 has one digit more than it looks
    whole = math.floor(math.log10(abs(rounded))) + 1
    return f"{rounded if whole <= significant else value:.{max(significant - whole, 0)}f}"


def floor_square(reach: float) -> float:
    """Returns the side of the floor's squares under a body, metres: 1, 2.5 or 5 times 10^n.

    Half a metre under people, and where nothing is known.

    Args:
        reach: Longest path along the bones, metres, which no pose changes.
    """
    if not reach > 0 or _HUMAN_REACH[0] <= reach <= _HUMAN_REACH[1]:
        return SQUARE
    most = reach / _SQUARES
    power = 10.0 ** math.floor(math.log10(most))
    return max(step * power for step in _STEPS if step * power <= most * (1 + 1e-9))


def drawing_scale(reach: float) -> float:
    """Returns what lengths are divided by to be drawn as a human's are: 1 for people.

    Args:
        reach: As for `floor_square`.
    """
    return floor_square(reach) / SQUARE
