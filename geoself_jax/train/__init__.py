"""train: a run from a recording to its last checkpoint.

The package can be called: `geoself_jax.train(...)` is `geoself_jax.train.run.train(...)`, whatever
was imported first, though a package and a public function share the name.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy as np

    from geoself_jax.core.config import Config
    from geoself_jax.data.recording import Recording
    from geoself_jax.train.loop import Outcome


class _CallablePackage(ModuleType):
    """The type of this package: a module and a function."""

    def __call__(
        self,
        config: "Config",
        folder: "Path | str",
        recording: "Recording",
        *,
        labels: "np.ndarray | None" = None,
        triangulated: "np.ndarray | None" = None,
    ) -> "Outcome":
        """Trains one run in a folder: `geoself_jax.train.run.train`, which documents it."""
        from geoself_jax.train.run import train

        return train(config, folder, recording, labels=labels, triangulated=triangulated)

    def __reduce__(self) -> "tuple[Callable[[str], Any], tuple[str]]":
        """Pickles as an import: a process pool may be passed `geoself_jax.train`."""
        return import_module, (__name__,)


sys.modules[__name__].__class__ = _CallablePackage
