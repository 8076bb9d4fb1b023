"""The error of a flag that every recording needs, as its files cannot say it."""

from geoself_jax.core.errors import DATA, GeoselfError


class MissingFlag(GeoselfError):
    """Raised before any detections are read, and not listed among recordings that are bad.

    Args:
        what, why, do: As of `GeoselfError`; exit code 65.
    """

    def __init__(self, what: str, why: str, do: str) -> None:
        super().__init__(what, why, do, DATA)
