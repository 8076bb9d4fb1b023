"""Packages that some benchmarks need and the product does not."""

import importlib
import sys
from typing import Any

PACKAGES = {
    "cv2": "opencv-python-headless",
    "imageio_ffmpeg": "imageio-ffmpeg",
    "pandas": "pandas",
}
"""Each module's package, of requirements-test.txt."""


def installed(module: str) -> Any:
    """Returns a module; where its package is not installed, one line ends the script.

    Args:
        module: Of `PACKAGES`.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        sys.exit(
            f"error: {PACKAGES[module]} is not installed in {sys.executable} - this script needs "
            f"it - python -m pip install -r requirements-test.txt -e ."
        )
