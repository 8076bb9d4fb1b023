"""Disks of our own, of any size, that can be full and read-only: in a mount space of our own."""

import contextlib
import ctypes
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol, TypeVar

PAGE = 4096
LARGE = 400_000_000
_IMAGE = 96_000_000
_MOUNTS = 0x00020000  # CLONE_NEWNS
_FORCED = Path("/sys/fs/ext4")


class Disk(Protocol):
    """A disk.

    Attributes:
        folder: Where it is mounted.
    """

    folder: Path

    def free_all(self) -> None:
        """Makes it large and writable."""

    def read_only(self) -> None:
        """Makes it read-only."""

    def close(self) -> None:
        """Ends it."""


AnyDisk = TypeVar("AnyDisk", bound=Disk)


def why_not() -> str:
    """Why nothing can be mounted here; empty where it can, from then on unseen by others."""
    try:
        if ctypes.CDLL(None, use_errno=True).unshare(_MOUNTS):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        _run("mount", "--make-rprivate", "/")
    except (OSError, AttributeError) as error:  # AttributeError: not Linux
        return f"no mount space of our own: {error}"
    return ""


class Memory:
    """A tmpfs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        _run("mount", "-t", "tmpfs", "-o", f"size={LARGE},mode=755", "disk_faults", str(folder))

    def free_all(self) -> None:
        """Makes it large and writable."""
        self._remount(f"rw,size={LARGE},nr_inodes=100000")

    def read_only(self) -> None:
        """Makes it read-only, where no file is open to be written."""
        self._remount("ro")

    def leave(self, share: float, needed: int) -> None:
        """Makes it so small that only a share of what is needed is free."""
        pages = used(self.folder) // PAGE + int(share * needed) // PAGE
        self._remount(f"size={max(pages, 1) * PAGE}")

    def take_no_more_files(self) -> None:
        """Makes it take no other file."""
        facts = os.statvfs(self.folder)
        self._remount(f"nr_inodes={facts.f_files - facts.f_ffree}")

    def close(self) -> None:
        """Ends it."""
        _run("umount", "--lazy", str(self.folder))

    def _remount(self, options: str) -> None:
        _run("mount", "-o", f"remount,{options}", str(self.folder))


class Ext4:
    """An ext4 in a file, which turns read-only under open files, as after an error of a disk."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._image = folder, folder.with_suffix(".img")
        folder.mkdir(exist_ok=True)
        with self._image.open("wb") as stream:
            stream.truncate(_IMAGE)
        _run("mkfs.ext4", "-q", "-F", "-m", "0", str(self._image))
        self._mount()

    def _mount(self) -> None:
        _run("mount", "-o", "loop,errors=remount-ro", str(self._image), str(self.folder))

    def free_all(self) -> None:
        """Repairs and mounts it again."""
        _run("umount", str(self.folder))
        subprocess.run(["e2fsck", "-f", "-y", str(self._image)], capture_output=True, check=False)
        self._mount()

    def read_only(self) -> None:
        """Makes it read-only as the kernel does after an error, whatever is open."""
        device = os.stat(self.folder).st_dev
        name = Path(os.path.realpath(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}")).name
        (_FORCED / name / "trigger_fs_error").write_text("1")

    def close(self) -> None:
        """Ends it."""
        _run("umount", "--lazy", str(self.folder))
        self._image.unlink()


@contextlib.contextmanager
def mounted(disk: AnyDisk) -> Iterator[AnyDisk]:
    """A disk until the end of the block."""
    try:
        yield disk
    finally:
        disk.close()


def used(folder: Path) -> int:
    """Bytes that are taken of a disk."""
    facts = os.statvfs(folder)
    return (facts.f_blocks - facts.f_bfree) * facts.f_frsize


def fill(folder: Path, leave: int) -> None:
    """Writes a file that leaves N bytes of the disk that a folder is on."""
    facts = os.statvfs(folder)
    size = facts.f_bavail * facts.f_frsize - leave
    if size > 0:
        with (folder / "ballast").open("ab") as stream:
            os.posix_fallocate(stream.fileno(), 0, size)


def _run(*words: str) -> None:
    try:
        subprocess.run(words, check=True, capture_output=True, text=True)
    except subprocess.CalledProcessError as error:
        raise OSError(f"{' '.join(words)}: {error.stderr.strip()}") from error
