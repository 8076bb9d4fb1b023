"""What a disk refuses, in one line; what is written is there whole or not at all."""

import errno
import os
import subprocess
import sys

import pytest

from geoself_jax.core import disk, partial
from geoself_jax.core.errors import INPUT_OUTPUT, GeoselfError

OTHERS = {
    "Failed writing: Failed to write 8849 bytes to file 17: No space left on device "
    "[os_error_code='28']": errno.ENOSPC,  # TensorStore's
    "[Errno 27] File too large": errno.EFBIG,
    "[out#0/mp4 @ 0x56] Error writing trailer: Read-only file system": errno.EROFS,  # ffmpeg's
    "write() failed: No space left on device; at byte 8192": errno.ENOSPC,  # ArrayRecord's
    "the loop has ended": 0,
}


def os_error(number: int) -> OSError:
    return OSError(number, os.strerror(number))


@pytest.fixture
def fresh_look(monkeypatch):
    """As in a process that has not looked for leavings yet."""
    monkeypatch.setattr(partial, "_SEEN", set())


def test_a_full_disk_is_a_line_with_file_figures_what_is_safe_and_what_to_do(tmp_path):
    path = tmp_path / "new" / "poses.npz"
    error = disk.refused(path, os_error(errno.ENOSPC), needed=53 * 10**14, safe="step 7 stays")
    line = str(error)
    assert error.code == INPUT_OUTPUT
    assert line.startswith(f"{path} - the disk is full: 5300.0 TB are needed, ")
    assert "B are free; step 7 stays - free space on /" in line
    assert line.endswith(", and run the same command again")


def test_what_has_become_free_since_is_said_to_be_free_by_now(tmp_path):
    line = str(disk.refused(tmp_path / "a", os_error(errno.ENOSPC), needed=1, written=3000))
    assert "more than 3.0 kB are needed, " in line and "B are free by now - " in line
    line = str(disk.refused(tmp_path / "a", os_error(errno.ENOSPC), needed=5000, written=3000))
    assert "full: 5.0 kB are needed, " in line and "B are free by now - " in line


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EDQUOT, "your quota is used up: 1.0 kB are needed"),
        (errno.EFBIG, "1.0 kB are needed, this process may write files"),
        (errno.EROFS, "the disk is read-only"),
        (errno.EACCES, "permission denied"),
        (errno.EIO, "could not be written: Input/output error"),
    ],
)
def test_other_refusals_have_their_own_words(tmp_path, number, words):
    assert f"/a - {words}" in str(disk.refused(tmp_path / "a", os_error(number), needed=1000))


@pytest.mark.parametrize(("text", "number"), OTHERS.items())
def test_the_systems_error_is_found_in_what_libraries_make_of_it(text, number):
    assert disk.errno_of(ValueError(text)) == number


def test_where_nothing_can_be_written_is_known_before(tmp_path):
    disk.check_writable(tmp_path / "a" / "b" / "c.npz")
    with pytest.raises(GeoselfError, match=r"read-only|permission denied"):
        disk.check_writable(partial.Path("/proc/1/c.npz"))


def test_what_fails_half_way_leaves_what_was_there_and_nothing_else(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("before")
    wanted = r"more than 4 bytes are needed.*stays as it was"
    with pytest.raises(GeoselfError, match=wanted), partial.writing(path) as place:
        place.write_text("half")
        raise os_error(errno.ENOSPC)
    with pytest.raises(RuntimeError), partial.writing(path) as place:
        place.write_text("half")
        raise RuntimeError("anything")
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"] and path.read_text() == "before"
    with partial.writing(path) as place:
        place.write_text("after")
        assert place.name.endswith(".partial") and path.read_text() == "before"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"] and path.read_text() == "after"


def test_a_part_of_what_is_written_is_named_as_the_whole(tmp_path):
    with (
        pytest.raises(GeoselfError, match=f"{tmp_path}/folder - the disk is full"),
        partial.writing(tmp_path / "folder") as place,
        partial.writing(place / "part"),
    ):
        raise os_error(errno.ENOSPC)
    assert not list(tmp_path.iterdir())


def test_what_a_lost_process_was_writing_is_named_partial_and_removed_by_the_next(
    tmp_path, fresh_look
):
    code = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from geoself_jax.core.partial import partial\n"
        "with partial(Path(sys.argv[1])) as place:\n"
        "    place.write_text('half')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "a.npz")], check=False)
    left = list(tmp_path.iterdir())
    assert len(left) == 1 and left[0].suffix == ".partial" and left[0].name.startswith(".a.npz.")
    alive = left[0].with_name(f".b.npz.{partial._host()}-{os.getppid()}.partial")
    elsewhere = left[0].with_name(".c.npz.other-1.partial")
    lost = left[0].with_name(".d.npz.other-1.partial")
    for path in (alive, elsewhere, lost):
        path.write_text("half")
    os.utime(lost, (0, 0))
    with partial.writing(tmp_path / "a.npz") as place:
        place.write_text("whole")
    assert set(tmp_path.iterdir()) == {tmp_path / "a.npz", alive, elsewhere}


def test_the_partial_of_another_container_of_the_same_name_stays(tmp_path, fresh_look, monkeypatch):
    there = "pid:[4026539999]"
    monkeypatch.setattr(partial.os, "readlink", lambda path: there)
    theirs = tmp_path / (
        f".a.txt.{partial._host()}-{2**22 + 1}.partial"  # a number that no process here has
    )
    theirs.write_text("half")
    there = "pid:[4026531836]"
    with partial.writing(tmp_path / "a.txt") as place:
        place.write_text("whole")
    assert theirs.exists() and (tmp_path / "a.txt").read_text() == "whole"


def test_the_longest_names_are_written_too(tmp_path):
    path = tmp_path / ("\N{LATIN SMALL LETTER E WITH ACUTE}" * 125 + ".txt")
    with partial.writing(path) as place:
        place.write_text("whole")
    assert path.read_text() == "whole"
