"""What happens to a disk at a moment of a command, planted within its process."""

import ctypes
import errno
import pkgutil
import platform
import resource
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.disk_faults.places import Disk, fill

_WRITES = {"write": 1, "pwrite64": 18}
_SYNCS = {"fsync": 74, "fdatasync": 75}
_LEAST = 512
"""Bytes of a write that a quota refuses: pipes and lines of a terminal have less."""
_SECCOMP, _SET_FILTER, _ALL_THREADS = 317, 1, 1
_NO_NEW_PRIVILEGES = 38


@dataclass(frozen=True)
class Moment:
    """A call of a function of the package.

    Attributes:
        place: Dotted name of the function, as its caller finds it; empty for the start.
        number: Of the call, from 1.
        after: Whether the call has returned by then.
    """

    place: str = ""
    number: int = 1
    after: bool = False


@dataclass(frozen=True)
class Change:
    """What happens at a moment.

    Attributes:
        kind: `fill`, `read only`, `quota`, `quota at sync` or `limit`.
        moment: When.
        disk: What it happens to.
        size: Bytes that a full disk leaves, or that a file may have.
    """

    kind: str
    moment: Moment
    disk: Disk
    size: int = 0

    def arm(self) -> None:
        """Plants it in this process."""
        if not self.moment.place:
            self.act()
            return
        owner, _, name = self.moment.place.rpartition(".")
        there = pkgutil.resolve_name(owner)
        original: Callable[..., Any] = getattr(there, name)
        count = [0]

        def planted(*values: Any, **options: Any) -> Any:
            count[0] += 1
            now = count[0] == self.moment.number
            if now and not self.moment.after:
                self.act()
            found = original(*values, **options)
            if now and self.moment.after:
                self.act()
            return found

        setattr(there, name, planted)

    def act(self) -> None:
        """The change itself."""
        if self.kind == "fill":
            fill(self.disk.folder, self.size)
        elif self.kind == "read only":
            self.disk.read_only()
        elif self.kind == "limit":
            resource.setrlimit(resource.RLIMIT_FSIZE, (self.size, self.size))
        else:
            refuse(_SYNCS if self.kind == "quota at sync" else _WRITES | _SYNCS)


def can_refuse() -> str:
    """Why the kernel cannot be made to refuse writes here; empty where it can."""
    if platform.machine() != "x86_64" or platform.system() != "Linux":
        return f"no filter of system calls for {platform.system()} on {platform.machine()}"
    return ""


def refuse(calls: dict[str, int]) -> None:
    """Lets the kernel answer these calls with EDQUOT, in this process and in all it starts.

    A filter of system calls (seccomp). It sees no paths: writes of less than 512 bytes and those
    to numbers 0 to 2 pass.
    """
    program = [_step(0x20, 0, 0, 0)]  # the call's number
    for number in calls.values():
        if number in _SYNCS.values():
            program += [_step(0x15, 0, 1, number), _step(0x06, 0, 0, 0x50000 | errno.EDQUOT)]
            continue
        program += [
            _step(0x15, 0, 6, number),
            _step(0x20, 0, 0, 16),  # the file's number
            _step(0x25, 0, 3, 2),  # above 2, else on to the end of this call's part
            _step(0x20, 0, 0, 32),  # bytes
            _step(0x35, 0, 1, _LEAST),
            _step(0x06, 0, 0, 0x50000 | errno.EDQUOT),
            _step(0x20, 0, 0, 0),
        ]
    program.append(_step(0x06, 0, 0, 0x7FFF0000))
    code = b"".join(program)
    held = ctypes.create_string_buffer(code, len(code))
    head = struct.pack("HxxxxxxP", len(program), ctypes.addressof(held))
    libc = ctypes.CDLL(None, use_errno=True)
    done = libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    done |= libc.syscall(_SECCOMP, _SET_FILTER, _ALL_THREADS, head)
    if done:
        raise RuntimeError(f"seccomp: {ctypes.get_errno()}")


def _step(code: int, yes: int, no: int, value: int) -> bytes:
    return struct.pack("HBBI", code, yes, no, value)
