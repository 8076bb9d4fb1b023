"""The packages that write .nwb, imported when first used, and without pynwb's pickle.

pynwb keeps a pickle in the user's cache and reads it whenever it is imported. One that a full disk
cut off, or that another process is writing, ends each import with an EOFError.
"""

import importlib
import importlib.util
import os

from geoself_jax.core.errors import INPUT_OUTPUT, GeoselfError, usage_error

_NEEDED = ("pynwb", "ndx_pose")
_NO_PICKLE = "PYNWB_NO_CACHE_DIR"


def require() -> None:
    """Makes sure that the packages are there.

    Raises:
        GeoselfError: One is not (64).
    """
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        why = f"the package {missing[0].replace('_', '-')} is not installed"
        raise usage_error(".nwb", why, "pip install 'pynwb>=4.2' 'ndx-pose>=0.4'")


def load() -> None:
    """Imports the packages.

    Raises:
        GeoselfError: One is not there (64); the user's cache has no place for pynwb's folder (74).
    """
    require()
    before = os.environ.get(_NO_PICKLE)
    os.environ[_NO_PICKLE] = "1"
    try:
        for name in _NEEDED:
            importlib.import_module(name)
    except OSError as error:
        why = f"pynwb makes a folder in the user's cache: {error.strerror or error}"
        do = "set XDG_CACHE_HOME to a folder that can be written"
        raise GeoselfError(".nwb", why, do, INPUT_OUTPUT) from error
    finally:
        del os.environ[_NO_PICKLE]
        if before is not None:
            os.environ[_NO_PICKLE] = before
