"""Single-view 2D to 3D human pose, learned from synchronized calibrated views without 3D labels."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from geoself_jax.lift.lifter import Lifter, load_lifter

__all__ = ["Lifter", "load_lifter"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Imports jax only when something that needs it is asked for."""
    if name in __all__:
        from geoself_jax.lift import lifter

        return getattr(lifter, name)
    raise AttributeError(f"module 'geoself_jax' has no attribute {name!r}")
