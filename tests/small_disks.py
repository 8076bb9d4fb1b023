"""Python on a machine one of whose disks is small: a tmpfs in a mount space of its own."""

import functools
import subprocess
import sys

import pytest
from processes import ROOT, environment


@functools.cache
def _why_not():
    words = ["unshare", "-m", "sh", "-c", "mount -t tmpfs -o size=64k tmpfs /mnt"]
    try:
        done = subprocess.run(words, capture_output=True, text=True)
    except FileNotFoundError:
        return "there is no unshare"
    return done.stderr.strip() if done.returncode else ""


def run_with_small_disk(code, folder, size, *arguments, **variables):
    """Runs `code` with `arguments` while `folder`, which is made, is a disk of `size` bytes.

    Skips the test where mounting is not allowed.
    """
    if why := _why_not():
        pytest.skip(f"no tmpfs can be mounted here: {why}")
    folder.mkdir()
    mount = f'mount -t tmpfs -o size={size} small "$0" && exec "$@"'
    return subprocess.run(
        ["unshare", "-m", "sh", "-c", mount, str(folder), sys.executable, "-c", code]
        + [str(argument) for argument in arguments],
        env=environment() | {name: str(value) for name, value in variables.items()},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
