"""A benchmark whose package is not installed ends in one line that says which."""

import pytest
from processes import run_python

from benchmarks.installed import PACKAGES, installed

SCRIPTS = {
    "planting": "cv2",
    "calibration.naive": "cv2",
    "calibration.aniposelib_peer": "cv2",
    "overlay": "imageio_ffmpeg",
    "wrong_files": "pandas",
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_package_that_is_not_installed_is_named_in_one_line(name):
    module = SCRIPTS[name]
    code = f"import sys; sys.modules[{module!r}] = None; import benchmarks.{name}"
    done = run_python("-c", code)
    (line,) = done.stderr.splitlines()
    assert done.returncode == 1 and line.startswith(f"error: {PACKAGES[module]} is not installed")
    assert "requirements-test.txt" in line


def test_what_is_installed_is_the_module_itself():
    assert installed("pandas").__name__ == "pandas"
