"""A trained lifter as files that other programs run, read back before they are kept."""

from geoself_jax.exporting.folder import FILES
from geoself_jax.exporting.writing import Written, export

__all__ = ["FILES", "Written", "export"]
