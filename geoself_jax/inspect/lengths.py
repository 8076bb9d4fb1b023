"""Lengths in verdicts: whole numbers where a person is meant, two digits of what is smaller."""


def metres(length: float, digits: int = 1) -> str:
    """Returns a length with its unit: `4.2 m`."""
    return _with_unit(length, "m", digits)


def centimetres(length: float) -> str:
    """Returns a length in metres, with its unit: `42 cm`."""
    return _with_unit(100 * length, "cm", 0)


def millimetres(length: float) -> str:
    """Returns a length in metres, with its unit: `42 mm`."""
    return _with_unit(1000 * length, "mm", 0)


def _with_unit(value: float, unit: str, digits: int) -> str:
    plain = abs(value) >= 10**-digits or not value
    return f"{value:.{digits}f} {unit}" if plain else f"{value:.2g} {unit}"
