"""Files that try to run something, to reach elsewhere or to fill the memory."""

import io
import pickle
import struct
import zipfile
from pathlib import Path

import h5py
import numpy as np
import scipy.io


class Call:
    """Pickles as a call of a function."""

    def __init__(self, function, *arguments):
        self.made = function, arguments

    def __reduce__(self):
        return self.made


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def named(module: str, name: str) -> bytes:
    """Protocol 4's way to ask for a function: any text, dots as well."""
    return b"\x80\x04" + text(module) + text(name) + b"\x93"


def npy(content: bytes, descr: str = "'|O'", shape: str = "()") -> bytes:
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}"
    header += " " * (-(11 + len(header)) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + content


def archive(*members: tuple[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members:
            file.writestr(name, content)
    return stream.getvalue()


def array_with(state: tuple) -> bytes:
    """A pickled array whose state (version, shape, dtype, order, bytes) is ours to choose."""
    plain = pickle.dumps(np.arange(3.0), 2)
    start = plain.rindex(b"(K\x01K\x03\x85")  # where the state of the array starts
    return plain[:start] + pickle.dumps(state, 2)[2:-1] + b"b."


def pickles(canary: Path) -> dict[str, tuple[bytes, str]]:
    """Pickle and a word of its refusal."""
    import builtins
    import os
    import subprocess

    touch = f"touch {canary}"
    command = text(touch)
    deep: list = []
    for _ in range(20):
        deep = [deep, deep]  # a million lists in one
    for _ in range(80):
        deep = [deep]
    round_about: list = []
    round_about.append(round_about)
    million = ["x"]
    for _ in range(26):
        million = [million, million]
    nested = np.array([{"in": np.array([Call(os.system, touch)], object)}], object)
    array = pickle.dumps(np.arange(3.0), 2)
    return {
        **{
            f"os.system, protocol {n}": (pickle.dumps(Call(os.system, touch), n), "posix.system")
            for n in range(6)
        },
        "eval": (pickle.dumps(Call(eval, f"open({str(canary)!r}, 'w')")), "builtins.eval"),
        "exec": (pickle.dumps(Call(exec, f"open({str(canary)!r}, 'w')")), "builtins.exec"),
        "open": (pickle.dumps(Call(open, str(canary), "w")), "io.open"),
        "Popen": (pickle.dumps(Call(subprocess.Popen, ["touch", str(canary)])), "subprocess.Popen"),
        "getattr": (pickle.dumps(Call(getattr, "", "join")), "builtins.getattr"),
        "import": (pickle.dumps(Call(builtins.__import__, "os")), "builtins.__import__"),
        "nested in arrays of objects": (pickle.dumps(nested), "posix.system"),
        "Python 2's eval": (b"c__builtin__\neval\n(V1\ntR.", "__builtin__.eval"),
        "numpy's own loader": (named("numpy", "load") + text("x") + b"\x85R.", "numpy.load"),
        "numpy.size trick": (named("numpy", "size.__globals__") + b".", "numpy.size.__globals__"),
        "dotted name": (named("numpy", "ndarray.__class__") + b".", "ndarray.__class__"),
        "dotted module": (
            named("numpy.core.multiarray.os", "system") + b".",
            "multiarray.os.system",
        ),
        "numpy's other function": (
            named("numpy.core.multiarray", "fromfile") + text("/etc/passwd") + b"\x85R.",
            "numpy.core.multiarray.fromfile",
        ),
        "stand-in by its own name": (
            named("geoself_jax.data.files.unpickle", "StandIn") + b".",
            "unpickle.StandIn",
        ),
        "copyreg": (named("copyreg", "_reconstructor") + b")R.", "copyreg._reconstructor"),
        "copyreg.add_extension": (
            named("copyreg", "add_extension") + text("os") + text("system") + b"K\x07\x87R.",
            "copyreg.add_extension",
        ),
        "EXT1": (b"\x80\x02\x82\x07" + command + b"\x85R.", "extension"),
        "EXT4": (b"\x80\x02\x84\x07\x00\x00\x00.", "extension"),
        "INST": (b"(" + b"V" + touch.encode() + b"\niposix\nsystem\n.", "posix.system"),
        "OBJ": (b"(cposix\nsystem\n" + command + b"o.", "posix.system"),
        "OBJ of a stand-in": (b"(cnumpy\nndarray\no.", "calls a class"),
        "NEWOBJ of a stand-in": (named("numpy", "dtype") + b")\x81.", "not a whole pickle"),
        "persistent id": (b"\x80\x02" + text("x") + b"Q.", "kept elsewhere"),
        "persistent id, text": (b"Px\n.", "kept elsewhere"),
        "BUILD on a stand-in": (
            b"\x80\x02c_codecs\nencode\n(N}" + text("_call") + command + b"stb.",
            "changes a function",
        ),
        "BUILD on a stand-in, plain": (
            b"\x80\x02cnumpy\nndarray\n}" + text("_call") + command + b"sb.",
            "changes a function",
        ),
        "another code": (
            b"c_codecs\nencode\n(V1\nVrot13\ntR.",
            "text in another code",
        ),
        "a memo that is not there": (b"h\x07.", "not a whole pickle"),
        "a memo of 2 billion": (b"Nr\xff\xff\xff\x7f.", "memory"),
        "a buffer from outside": (b"\x80\x05\x97.", "not a whole pickle"),
        "5 GB of bytes": (b"\x80\x04\x8e" + struct.pack("<Q", 5 * 10**9) + b"abc.", "memory"),
        "a frame of 5 GB": (b"\x80\x04\x95" + struct.pack("<Q", 5 * 10**9) + b"N.", "memory"),
        "a whole number of 100 kB": (b"\x8b\xa0\x86\x01\x00" + b"\x7f" * 100_000 + b".", "64 bits"),
        "lists without end": (pickle.dumps(round_about), "over 64 deep"),
        "lists too deep": (pickle.dumps(deep), "over 64 deep"),
        "lists that multiply": (pickle.dumps(million), "values outside arrays"),
        "cut short": (array[:-30], "not a whole pickle"),
        "empty": (b"", "not a whole pickle"),
        "an image": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "refused"),
        "a table": (pickle.dumps(np.zeros(2, [("a", "f4")])), "records"),
        "dates": (pickle.dumps(np.zeros(2, "M8[s]")), "'<M8'"),
        "an array of more than it has": (
            array_with((1, (10**9,), np.dtype("f8"), False, b"abc")),
            "asks for 8000000000 bytes and has 3",
        ),
        "an array of minus one": (
            array_with((1, (-1,), np.dtype("f8"), False, b"")),
            "an array of shape (-1,)",
        ),
        "an array of another state": (array_with((1, 2)), "without content"),
        "an array of objects without a list": (
            array_with((1, (3,), np.dtype("O"), False, b"abc")),
            "without content",
        ),
        "an array of objects with too few": (
            array_with((1, (3,), np.dtype("O"), False, [1])),
            "with 1 objects",
        ),
        "an array as a key": (b"\x80\x02}" + array[2:-1] + b"K\x01s.", "unhashable"),
    }


def archives(canary: Path) -> dict[str, tuple[bytes, str]]:
    """An .npz file and a word of its refusal."""
    import os

    run = pickle.dumps(np.array(Call(os.system, f"touch {canary}"), object))
    plain = npy(bytes(24), "'<f8'", "(3,)")
    lying = bytearray(archive(("K.npy", plain)))
    entry = lying.index(b"PK\x01\x02")
    lying[entry + 24 : entry + 28] = (4_000_000_000).to_bytes(4, "little")
    return {
        "runs": (archive(("K.npy", npy(run))), "[K.npy] wants to run posix.system"),
        "outside": (archive(("../../K.npy", npy(run))), "posix.system"),
        "twice": (archive(("K.npy", plain), ("K", plain)), "twice"),
        "4 GB claimed by the archive": (bytes(lying), "claims 4000000000 bytes"),
        "5 GB claimed by a header": (
            archive(("K.npy", npy(bytes(24), "'<f8'", "(625000000,)"))),
            "asks for 5000000000 bytes",
        ),
        "5 GB packed": (five_gigabytes(), "unpacks to 5000000128 bytes"),
        "no array": (archive(("K.npy", b"hello")), "not an array"),
        "a list for an array": (archive(("K.npy", npy(pickle.dumps([1])))), "differ"),
        "another shape": (
            archive(("K.npy", npy(pickle.dumps(np.array([1, 2], object)), shape="(3,)"))),
            "differ",
        ),
        "records with objects": (
            archive(("K.npy", npy(b"", "[('a', '|O')]"))),
            "records",
        ),
        "not an archive": (b"PK\x03\x04 or not", "not a zip file"),
    }


def five_gigabytes() -> bytes:
    """A whole archive of 5 GB of zeros in 5 MB: one packed block, repeated."""
    import zlib

    size, block = 5_000_000_000, bytes(10**7)
    header = npy(b"", "'<f8'", "(625000000,)")
    packer = zlib.compressobj(wbits=-15)
    packed = packer.compress(header) + packer.flush(zlib.Z_FULL_FLUSH)
    packer = zlib.compressobj(wbits=-15)
    packed += (packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)) * (size // len(block))
    packed += zlib.compressobj(wbits=-15).flush()
    name = b"K.npy"
    sizes = struct.pack("<QQ", size + len(header), len(packed))
    extra = struct.pack("<HH", 1, 16) + sizes
    fields = struct.pack("<HHHHHIIIHH", 45, 0, 8, 0, 0, 0, 2**32 - 1, 2**32 - 1, 5, len(extra))
    local = b"PK\x03\x04" + fields + name + extra
    central = b"PK\x01\x02" + struct.pack("<H", 45) + fields
    central += struct.pack("<HHHII", 0, 0, 0, 0, 0) + name + extra
    place = len(local) + len(packed)
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), place, 0)
    return local + packed + central + end


def hdf5(folder: Path, secret: Path) -> dict[str, tuple[Path, str]]:
    """An HDF5 file and a word of its refusal."""
    files = {}

    def new(name: str, word: str) -> h5py.File:
        files[name] = folder / f"{name}.h5", word
        return h5py.File(files[name][0], "w")

    with new("external storage", "/x: its numbers lie in another file") as file:
        file.create_dataset("x", (10,), "u1", external=[(str(secret), 0, 10)])
    with new("external link", "/g/x: a link to elsewhere") as file:
        file.create_group("g")["x"] = h5py.ExternalLink(str(secret), "/x")
    with new("soft link", "/y: a link to elsewhere") as file:
        file["x"], file["y"] = np.arange(3), h5py.SoftLink("/x")
    with new("virtual", "/x: its numbers lie in another file") as file:
        layout = h5py.VirtualLayout((10,), "f8")
        layout[:] = h5py.VirtualSource(str(secret), "x", (10,))
        file.create_virtual_dataset("x", layout)
    with new("5 GB", "/x: claims 5000000000 bytes in") as file:
        file.create_dataset("x", (625_000_000,), "f8", chunks=(10**6,), compression="gzip")
    with new("800 GB", "/x: claims 800000000000 bytes in") as file:
        file.create_dataset("x", (10**11,), "f8", chunks=(10**6,))
    with new("another filter", "/x: packed by filter 6") as file:
        file.create_dataset("x", data=np.arange(100), chunks=(10,), scaleoffset=0)
    with new("references", "/r: references") as file:
        file["x"] = np.arange(3)
        file.create_dataset("r", data=file["x"].ref, dtype=h5py.ref_dtype)
    with new("lists of varying length", "/v: references or lists") as file:
        file.create_dataset("v", (3,), h5py.vlen_dtype("f8"))
    with new("opaque", "/o: of type") as file:
        file.create_dataset("o", data=np.zeros(3, "V5"))
    with new("a cycle", "there twice") as file:
        file.create_group("g")["again"] = file["/"]
    with new("groups too deep", "over 16 deep") as file:
        file.create_group("/".join("abcdefghijklmnopqrst"))
    with new("a pickle that runs", "@names: wants to run posix.system") as file:
        import os

        command = pickle.dumps(Call(os.system, f"touch {secret.with_name('canary')}"), 0)
        file.create_group("t").attrs["names"] = np.bytes_(command)
    for name, size in (("cut short", 600), ("empty", 0)):
        files[name] = folder / f"{name}.h5", "not a whole HDF5 file"
        files[name][0].write_bytes(files["soft link"][0].read_bytes()[:size])
    return files


def matlab(folder: Path) -> dict[str, tuple[Path, str]]:
    """A MATLAB file and a word of its refusal."""
    whole = folder / "whole.mat"
    scipy.io.savemat(whole, {"x": np.zeros((300, 300))}, do_compression=True)
    content = whole.read_bytes()
    head, body = content[:128], content[128:]
    import zlib

    bomb = zlib.compress(struct.pack("<II", 14, 4_000_000_000) + bytes(10**5))
    sparse = folder / "sparse.mat"
    scipy.io.savemat(sparse, {"x": scipy.sparse.eye(3)})
    made = {
        "cut short": (content[:-20], "not a whole MATLAB file"),
        "4 GB claimed": (
            head + struct.pack("<II", 15, len(bomb)) + bomb,
            "claims 4000000000 bytes",
        ),
        "two of 4 GB": (head + (struct.pack("<II", 14, 4_000_000_000)) * 2, "ends after the file"),
        "no zlib": (head + struct.pack("<II", 15, 8) + bytes(8), "cannot be unpacked"),
        "damaged inside": (head + body[:60] + bytes(40) + body[100:], "copy it again"),
        "v7.3": (b"MATLAB 7.3 MAT-file".ljust(124) + b"\0\2IM", "save it with -v7"),
        "no MATLAB file": (b"hello", "not a MATLAB v5 to v7 file"),
        "sparse": (sparse.read_bytes(), "[x] a MATLAB value of type"),
    }
    files = {}
    for name, (data, word) in made.items():
        files[name] = folder / f"{name}.mat", word
        files[name][0].write_bytes(data)
    return files
