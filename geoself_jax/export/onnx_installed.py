"""Whether onnx and onnxruntime are there, and how to get them."""

from geoself_jax.core.errors import UNAVAILABLE, GeoselfError

INSTALL = "pip install 'onnx>=1.20' 'onnxruntime>=1.25'"
"""The command, with the versions of the package's extra `onnx`."""


def check_onnx_installed() -> None:
    """Checks that onnx and onnxruntime are installed.

    Raises:
        GeoselfError: One is not (69).
    """
    try:
        import onnx  # noqa: F401
        import onnxruntime  # noqa: F401
    except ImportError as error:
        raise GeoselfError(
            f"--onnx needs onnx and onnxruntime ({error})",
            "they are not installed; nothing was exported",
            INSTALL,
            UNAVAILABLE,
        ) from error
