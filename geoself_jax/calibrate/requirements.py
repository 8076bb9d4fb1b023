"""OpenCV, which only this command needs."""

import importlib.util

from geoself_jax.core.errors import usage_error


def require() -> None:
    """Makes sure that OpenCV is there.

    Raises:
        GeoselfError: It is not (64).
    """
    if importlib.util.find_spec("cv2") is None:
        why = "the package opencv-python-headless is not installed"
        raise usage_error("calibrate", why, "pip install 'opencv-python-headless>=4.11'")
