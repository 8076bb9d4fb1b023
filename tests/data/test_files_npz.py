"""Damaged and hostile files: refused before memory is asked for, with one line that names them."""

import io
import os
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest

from geoself_jax.core.errors import DATA, INPUT_OUTPUT, MISSING, USAGE, GeoselfError
from geoself_jax.data import recording, sources
from geoself_jax.data.files import npz


def npy(array=None, header: bytes = b"", data: bytes = b"") -> bytes:
    """An .npy file: of an array, or of a header as written."""
    stream = io.BytesIO()
    if array is not None:
        np.save(stream, array)
        return stream.getvalue()
    header = header.ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + data


def header(descr: str, shape: str) -> bytes:
    return f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".encode()


def archive(path: Path, *members: tuple[str, bytes], packed: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", packed) as file:
        for name, data in members:
            file.writestr(name, data)
    return path


def refused(path: Path, code: int, *words: str, **options) -> None:
    with pytest.raises(GeoselfError) as error:
        npz.read_arrays(path, **options)
    line = str(error.value)
    assert error.value.code == code, line
    assert line.isprintable() and str(path) in line
    for word in words:
        assert word in line, line


MEMBERS = {
    "object array": (npy(np.array([{}, None], object)), "Python objects"),
    "not an array": (b"hello", "not a plain array"),
    "nothing": (b"", "not a plain array"),
    "lying header": (npy(header=header("'<f8'", "(1000000000000,)"), data=bytes(8)), "8000000000"),
    "header too small": (npy(header=header("'<f8'", "(1,)"), data=bytes(80)), "its header asks"),
    "negative shape": (npy(header=header("'<f8'", "(-1, -1)"), data=bytes(8)), "shape (-1, -1)"),
    "no bytes each": (npy(header=header("'<U0'", "(1000000000000,)")), "<U0"),
    "0 times much": (npy(header=header("'<f8'", "(0, 10000000000000000000000)")), "copy"),
    "structured": (npy(np.zeros(2, [("a", "f4")])), "numbers or text"),
    "dates": (npy(np.zeros(2, "M8[s]")), "numbers or text"),
    "raw bytes": (npy(np.zeros(2, "V3")), "numbers or text"),
    "no shape": (npy(header=b"{'descr': '<f8', 'fortran_order': False}"), "not a plain array"),
    "a call in it": (npy(header=header("__import__('os')", "()")), "not a plain array"),
    "unhashable": (npy(header=b"{[]: 1}"), "not a plain array"),
    "brackets": (npy(header=b"(" * 110), "not a plain array"),
    "odd type": (npy(header=header("'<q99'", "()")), "not a plain array"),
    "version 9": (b"\x93NUMPY\x09\x00" + bytes(80), "not a plain array"),
}


@pytest.mark.filterwarnings("ignore::SyntaxWarning")
@pytest.mark.parametrize("fault", MEMBERS)
def test_a_member_that_is_no_plain_array_is_refused_by_name(tmp_path, fault):
    data, word = MEMBERS[fault]
    path = archive(tmp_path / "x.npz", ("good.npy", npy(np.arange(3))), ("K.npy", data))
    refused(path, DATA, "K.npy", word)


def test_no_pickle_is_run(tmp_path):
    canary = tmp_path / "canary"

    class Hostile:
        def __reduce__(self):
            return os.system, (f"touch {canary}",)

    path = tmp_path / "x.npz"
    np.savez(path, K=np.array([Hostile()], object))
    refused(path, DATA, "Python objects")
    assert not canary.exists()


def test_a_bomb_is_refused_before_memory_is_asked_for(tmp_path):
    path = archive(tmp_path / "x.npz", ("K.npy", npy(np.zeros(20_000_000))))
    assert path.stat().st_size < 200_000
    tracemalloc.start()
    try:
        refused(path, DATA, "unpacks to", "split", max_bytes=10**8)
        archive(path, ("K.npy", npy(header=header("'<f8'", "(10000000000000,)"))))
        refused(path, DATA, "its header asks for 80000000")
        assert tracemalloc.get_traced_memory()[1] < 5e6
    finally:
        tracemalloc.stop()
    assert 4e9 < npz.MAX_BYTES < 1e11


def test_gigabytes_of_what_holds_no_frames_are_refused_before_anything_is_unpacked(tmp_path):
    """A true archive: its sizes are right, and it is a thousandth of them."""
    path = tmp_path / "cameras.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("keypoints_2d.npy", npy(np.zeros(3)))
        with archive.open("K.npy", "w", force_zip64=True) as stream:
            stream.write(npy(header=header("'<f8'", f"({3 * 2**24},)")))
            for _ in range(3 * 2**24 * 8 // 2**24):
                stream.write(bytes(2**24))
    tracemalloc.start()
    with pytest.raises(GeoselfError, match=r"cameras\.npz\[K\.npy\] - unpacks to .*no frames") as e:
        recording.read(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert e.value.code == DATA and peak < 2**24


def test_a_size_that_deflate_cannot_reach_is_refused(tmp_path):
    """The table of contents claims 4 GB in a file of 200 bytes, and the header agrees."""
    data = npy(header=header("'<f8'", "(499999984,)"))
    path = archive(tmp_path / "x.npz", ("K.npy", data))
    raw = bytearray(path.read_bytes())
    entry = raw.index(b"PK\x01\x02")
    raw[entry + 24 : entry + 28] = (128 + 8 * 499_999_984).to_bytes(4, "little")
    path.write_bytes(raw)
    refused(path, DATA, "K.npy", "claims 4000000000 bytes")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_array_that_is_there_twice_is_refused(tmp_path):
    good = npy(np.arange(3))
    for names in (("K.npy", "K.npy"), ("K.npy", "K")):
        path = archive(tmp_path / "x.npz", *((name, good) for name in names))
        refused(path, DATA, "is there twice", "K")


def test_other_packings_and_locked_members_are_refused(tmp_path):
    good = npy(np.arange(3))
    refused(archive(tmp_path / "x.npz", ("K.npy", good), packed=zipfile.ZIP_LZMA), DATA, "K.npy")
    path = archive(tmp_path / "y.npz", ("K.npy", good))
    raw = bytearray(path.read_bytes())
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    raw[6] |= 1
    path.write_bytes(raw)
    refused(path, DATA, "K.npy", "locked")


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.9, 0.999])
def test_a_cut_file_is_refused(tiny_file, tmp_path, share):
    whole = tiny_file.read_bytes()
    path = tmp_path / "cut.npz"
    path.write_bytes(whole[: int(share * len(whole))])
    refused(path, DATA, "not a whole .npz file", "copy it again")


def test_damage_anywhere_is_noticed_or_harmless(tmp_path):
    """Bytes changed at random give the same arrays or an error of ours, never a traceback."""
    arrays = {"a": np.arange(40.0), "b": np.array(["x", "yz"]), "c": np.array(3)}
    path = tmp_path / "x.npz"
    np.savez_compressed(path, **arrays)
    whole, rng = path.read_bytes(), np.random.default_rng(0)
    noticed = 0
    for _ in range(400):
        raw = bytearray(whole)
        for at in rng.integers(0, len(raw), 2):
            raw[at] = rng.integers(256)
        path.write_bytes(raw)
        try:
            found = npz.read_arrays(path)
        except GeoselfError as error:
            assert error.code == DATA
            noticed += 1
            continue
        for name in set(arrays) & set(found):
            np.testing.assert_array_equal(found[name], arrays[name])
    assert noticed > 200


def test_what_is_no_archive_is_refused(tmp_path):
    path = tmp_path / "x.npz"
    for raw in (b"", b"hello", npy(np.arange(3)), os.urandom(5000)):
        path.write_bytes(raw)
        refused(path, DATA, "not a whole .npz file")


def test_what_is_not_there_is_66_and_a_folder_is_called_one(tmp_path):
    refused(tmp_path / "none.npz", MISSING, "no such file")
    refused(tmp_path, MISSING, "a folder")
    with pytest.raises(GeoselfError) as error:
        sources.load("", synthetic_frames=1)
    assert error.value.code == MISSING
    with pytest.raises(GeoselfError) as error:
        sources.load("synthetic:trian", synthetic_frames=1)
    assert error.value.code == USAGE and "did you mean 'synthetic:train'?" in str(error.value)


def test_a_file_that_may_not_be_read_is_74(tiny_file, monkeypatch):
    def deny(*_, **__):
        raise PermissionError(13, "Permission denied", str(tiny_file))

    monkeypatch.setattr(zipfile, "ZipFile", deny)
    refused(tiny_file, INPUT_OUTPUT, "Permission denied", "permissions")


def test_a_name_too_long_for_the_disk_is_74(tmp_path):
    refused(tmp_path / ("x" * 5000), INPUT_OUTPUT, "too long")


@pytest.mark.parametrize("name", ["with space.npz", "ünï-日本.npz", "new\nline.npz", "no suffix"])
def test_odd_names_work_and_are_printed_on_one_line(tiny_recording, tmp_path, name):
    path = tmp_path / name
    recording.write(tiny_recording, path)
    assert recording.read(path).frames == 240
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(GeoselfError) as error:
        recording.read(path)
    assert str(error.value).isprintable() and name.split("\n")[0] in str(error.value)


def test_a_folder_that_cannot_be_made_is_74_and_nothing_is_left(tiny_recording, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(GeoselfError) as error:
        recording.write(tiny_recording, tmp_path / "file" / "x.npz")
    assert error.value.code == INPUT_OUTPUT
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("order", "<>")
def test_text_of_characters_that_do_not_exist_is_refused(tmp_path, order):
    codes = np.array([[65, 66], [67, 2**31 - 1]], f"{order}u4")
    names = codes.view(f"{order}U2")
    with pytest.raises(SystemError):
        names[1, 0].lower()
    np.savez(tmp_path / "names.npz", names=names)
    np.save(tmp_path / "names.npy", names)
    whole = "its text has characters that do not exist"
    with pytest.raises(GeoselfError, match=rf"names.npz\[names.npy\] - {whole}"):
        npz.read_arrays(tmp_path / "names.npz")
    with pytest.raises(GeoselfError, match=whole):
        npz.read_array(tmp_path / "names.npy")
    good = np.array("\U0010ffff€", f"{order}U2")
    np.save(tmp_path / "names.npy", good)
    assert npz.read_array(tmp_path / "names.npy") == good
