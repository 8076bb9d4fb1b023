"""Single-view 2D to 3D human pose, learned from synchronized calibrated views without 3D labels."""

import importlib
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from geoself_jax.core.metrics import mpjpe, p_mpjpe
    from geoself_jax.geometry.camera import Camera, project, transform_between
    from geoself_jax.lift.lifter import Lifter, load_lifter
    from geoself_jax.train.run import train

__all__ = [
    "Camera",
    "Lifter",
    "load_lifter",
    "mpjpe",
    "p_mpjpe",
    "project",
    "train",
    "transform_between",
]
__version__ = "0.1.0"

_LOCK = threading.RLock()  # jax is not imported by several threads at once

_MODULES = {
    "Camera": "geometry.camera",
    "Lifter": "lift.lifter",
    "load_lifter": "lift.lifter",
    "mpjpe": "core.metrics",
    "p_mpjpe": "core.metrics",
    "project": "geometry.camera",
    "transform_between": "geometry.camera",
}


def __getattr__(name: str) -> Any:
    """Imports jax only when something that needs it is asked for."""
    if name == "train":  # a package that can be called: train/__init__.py
        return importlib.import_module("geoself_jax.train")
    if name not in _MODULES:
        raise AttributeError(f"module 'geoself_jax' has no attribute {name!r}")
    with _LOCK:
        return getattr(importlib.import_module(f"geoself_jax.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    """The public names too, before they are imported."""
    return sorted({*globals(), *__all__})
