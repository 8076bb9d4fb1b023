"""What numpy, pandas, h5py, SciPy and pickle write comes back as written, as plain data."""

import collections
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import scipy.io

from geoself_jax.core.errors import GeoselfError
from geoself_jax.data.files import load_hdf5, load_matlab, load_npz, load_pickle

DTYPES = ("?", "i1", "<i2", ">i4", "<i8", "u1", ">u2", "<u4", ">u8", "<f2", ">f4", "<f8", ">f8")
DTYPES = (*DTYPES, "<c8", ">c16", "<U4", ">U4", "S4")


def arrays() -> dict:
    """Every dtype in every layout that a pickle tells apart."""
    made = {}
    for dtype in DTYPES:
        flat = np.arange(24) % 2 if dtype == "?" else np.arange(24)
        block = flat.reshape(2, 3, 4).astype(dtype)
        made[dtype] = {
            "C": block,
            "Fortran": np.asfortranarray(block),
            "strided": block[:, ::2],
            "no dimensions": np.array(block[1, 2, 3]),
            "empty": block[:, :0],
        }
    return made


def same(found, wanted) -> None:
    """Equal values of equal kinds; arrays are native, whole and can be written to."""
    if isinstance(wanted, np.ndarray):
        if wanted.dtype.kind == "S":
            wanted = np.char.decode(wanted)
        assert found.shape == wanted.shape and found.dtype == wanted.dtype.newbyteorder("=")
        assert found.dtype.isnative and found.flags.writeable and found.flags.owndata
        np.testing.assert_array_equal(found, wanted)
    elif isinstance(wanted, dict):
        assert type(found) is dict and list(found) == list(wanted)
        for key, value in wanted.items():
            same(found[key], value)
    elif isinstance(wanted, list | tuple):
        assert type(found) is type(wanted) and len(found) == len(wanted)
        for one, other in zip(found, wanted, strict=True):
            same(one, other)
    else:
        assert type(found) is type(wanted) and (found == wanted or wanted != wanted)


def test_arrays_of_all_dtypes_come_back_from_all_protocols(tmp_path):
    def through(protocol: int):
        path = tmp_path / f"{protocol}.pkl"
        path.write_bytes(pickle.dumps(arrays(), protocol))
        return load_pickle(path)

    with ThreadPoolExecutor(2) as pool:
        for found in pool.map(through, range(6)):
            same(found, arrays())


def test_plain_values_come_back_and_numpys_own_become_python_s(tmp_path):
    path = tmp_path / "x.pkl"
    plain = {
        "list": [1, -(2**63), 2.5, float("nan"), float("inf"), True, None, "ä\ud800\0", [], {}],
        "floats": [0.1, -1e300, 5e-324],
        "tuple": ((), (1, (2.0, "x"))),
        3: {(1, "a"): [1.0, [2.0]], -1.5: "", None: 0, True: 1},
    }
    numpy = {
        "numbers": [np.float32(0.1), np.int16(-3), np.uint64(2**64 - 1), np.bool_(True)],
        "text": [np.str_("hüft"), np.bytes_(b"hip"), b"\xff\0", bytearray(b"z"), b""],
        "ordered": collections.OrderedDict([("b", 1), ("a", 2)]),
        "default": collections.defaultdict(list, {"q": [1]}),
        "sets": [{7}, frozenset("a")],
        "objects": np.array([[{"k": 1}, None], [[1], "x"]], object),
        "one object": np.array({"k": 1}, object),
        "no objects": np.zeros((0, 2), object),
        ">f8": np.arange(3, dtype=">f8")[1],
    }
    wanted = {
        "numbers": [float(np.float32(0.1)), -3, 2**64 - 1, True],
        "text": ["hüft", "hip", "ÿ\0", "z", ""],
        "ordered": {"b": 1, "a": 2},
        "default": {"q": [1]},
        "sets": [[7], ["a"]],
        "objects": [[{"k": 1}, None], [[1], "x"]],
        "one object": {"k": 1},
        "no objects": [],
        ">f8": 1.0,
    }
    for protocol in (0, 2, 5):
        path.write_bytes(pickle.dumps({"plain": plain, "numpy": numpy}, protocol))
        same(load_pickle(path), {"plain": plain, "numpy": wanted})


def test_a_pickle_of_python_2_and_its_numpy_is_read(tmp_path):
    """Byte by byte what Python 2.7 writes: text and bytes are one."""
    content = (
        b"\x80\x02}q\x01(U\x05namesq\x02]q\x03(U\x03hipq\x04X\x04\x00\x00\x00neckq\x05eU\x01R"
        b"q\x06cnumpy.core.multiarray\n_reconstruct\nq\x07cnumpy\nndarray\nq\x08K\x00\x85U\x01b"
        b"\x87Rq\t(K\x01K\x01K\x02\x86cnumpy\ndtype\nq\nU\x02f8K\x00K\x01\x87Rq\x0b(K\x03U\x01<"
        b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89U\x10"
        b"\x00\x00\x00\x00\x00\x00\xf0?\x00\x00\x00\x00\x00\x00\x04\xc0tbu."
    )
    (tmp_path / "x.pkl").write_bytes(content)
    same(load_pickle(tmp_path / "x.pkl"), {"names": ["hip", "neck"], "R": np.array([[1.0, -2.5]])})


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_arrays_of_objects_in_an_archive_come_back_as_trees(tmp_path, save):
    """VideoPose3D's layout: subject, action, a list of one array a camera."""
    rows = [np.random.default_rng(n).normal(size=(5, 17, 2)).astype("f4") for n in range(4)]
    meta = {"num_joints": 17, "keypoints_symmetry": [[4, 5], [1, 2]]}
    plain = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    save(tmp_path / "x.npz", positions_2d={"S1": {"Walking 1": rows}}, metadata=meta, plain=plain)
    found = load_npz(tmp_path / "x.npz", objects=True)
    same(found, {"positions_2d": {"S1": {"Walking 1": rows}}, "metadata": meta, "plain": plain})
    with pytest.raises(GeoselfError, match="Python objects"):
        load_npz(tmp_path / "x.npz")


def test_groups_datasets_and_attributes_of_hdf5_come_back(tmp_path):
    points = np.arange(60.0).reshape(5, 4, 3)
    with h5py.File(tmp_path / "x.h5", "w") as file:
        group = file.create_group("a/b")
        for name in ("gzip", "lzf"):
            packed = {"compression": name, "shuffle": True, "fletcher32": True}
            group.create_dataset(name, data=points, **packed)
        group["big endian"] = points.astype(">f4")
        group["fixed"] = np.array([b"hip", "hüfte".encode()])
        group["varying"] = np.array([["hip", "nä"], ["", "c"]], object)
        group["one text"], group["one number"], group["yes"] = "hip", 2.5, np.array([True, False])
        group["empty"], group["nothing"] = np.zeros((0, 3)), h5py.Empty("f8")
        group["table"] = np.array([(1, (2.0, 3.0))], [("index", "i8"), ("values", ">f8", (2,))])
        group["gzip"].attrs["unit"], group.attrs["rates"] = "mm", np.arange(2)
        group["gzip"].attrs["reference"] = group["lzf"].ref
    found = load_hdf5(tmp_path / "x.h5")
    same(
        dict(sorted(found["a"]["b"].items())),
        {
            "@rates": np.arange(2),
            "big endian": points.astype("f4"),
            "empty": np.zeros((0, 3)),
            "fixed": np.array(["hip", "hüfte"]),
            "gzip": points,
            "gzip@unit": "mm",
            "lzf": points,
            "nothing": None,
            "one number": 2.5,
            "one text": "hip",
            "table": {"index": np.array([1]), "values": np.array([[2.0, 3.0]])},
            "varying": [["hip", "nä"], ["", "c"]],
            "yes": np.array([True, False]),
        },
    )
    some = load_hdf5(tmp_path / "x.h5", names=["a/b/lzf", "/a/b/yes", "a/c/d", "none", "a/b/lzf/x"])
    same(some, {"a": {"b": {"lzf": points, "yes": np.array([True, False])}}})


def test_an_unread_group_may_hold_what_is_refused_elsewhere(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["tracks"], file["link"] = np.arange(3), h5py.SoftLink("/tracks")
    same(load_hdf5(tmp_path / "x.h5", names=["tracks"]), {"tracks": np.arange(3)})
    with pytest.raises(GeoselfError, match="/link: a link to elsewhere"):
        load_hdf5(tmp_path / "x.h5")


@pytest.mark.parametrize("layout", ["table", "fixed"])
def test_a_data_frame_of_pandas_comes_back_with_its_columns(tmp_path, layout):
    names = [["DLC_net"], ["nose", "hip"], ["x", "y", "likelihood"]]
    columns = pd.MultiIndex.from_product(names, names=["scorer", "bodyparts", "coords"])
    values = np.random.default_rng(0).normal(size=(4, 6))
    frame = pd.DataFrame(values, columns=columns)
    frame.to_hdf(tmp_path / "x.h5", key="df_with_missing", format=layout, mode="w")
    found = load_hdf5(tmp_path / "x.h5", pickled_attributes=["non_index_axes"])
    group = found["df_with_missing"]
    if layout == "table":
        assert group["@non_index_axes"] == [(1, list(columns))]
        same(group["table"], {"index": np.arange(4), "values_block_0": values})
    else:
        levels = [group[f"axis0_level{n}"][group[f"axis0_label{n}"]] for n in range(3)]
        assert list(zip(*levels, strict=True)) == list(columns)
        same(group["block0_values"], values)


@pytest.mark.parametrize("packed", [False, True])
def test_cells_structs_and_text_of_matlab_come_back_as_lists_mappings_and_text(tmp_path, packed):
    cells = np.empty((2, 1), object)
    cells[0, 0], cells[1, 0] = np.arange(6.0).reshape(2, 3), "text"
    grid = np.empty((2, 2), object)
    grid[:] = [[np.eye(2), np.ones((1, 1))], [np.zeros((1, 2)), np.zeros((2, 1))]]
    one = np.empty((1, 1), object)
    one[0, 0] = np.eye(2)
    people = np.zeros((1, 2), [("id", object), ("name", object)])
    people[0, 0], people[0, 1] = (1, "a"), (2, "b")
    variables = {
        "annot2": cells,
        "grid": grid,
        "one": one,
        "univ": np.arange(4, dtype="f4"),
        "word": "left",
        "words": np.array(["ab", "cd"]),
        "camera": {"K": np.eye(3), "dist": {"k1": 0.5}},
        "people": people,
    }
    scipy.io.savemat(tmp_path / "x.mat", variables, do_compression=packed)
    wanted = {
        "annot2": [np.arange(6.0).reshape(2, 3), "text"],
        "grid": [[np.eye(2), np.ones((1, 1))], [np.zeros((1, 2)), np.zeros((2, 1))]],
        "one": [np.eye(2)],
        "univ": np.arange(4, dtype="f4")[None],
        "word": "left",
        "words": ["ab", "cd"],
        "camera": {"K": np.eye(3), "dist": {"k1": np.array([[0.5]])}},
        "people": [
            {"id": np.array([[1]]), "name": "a"},
            {"id": np.array([[2]]), "name": "b"},
        ],
    }
    same(load_matlab(tmp_path / "x.mat"), wanted)
    same(load_matlab(tmp_path / "x.mat", names=["univ", "none"]), {"univ": wanted["univ"]})


def test_names_of_files_with_line_breaks_letters_and_quotes_are_read(tmp_path):
    path = tmp_path / "a 'b' \"c\"\nä.pkl"
    path.write_bytes(pickle.dumps([1]))
    assert load_pickle(path) == [1]


def test_mutated_files_never_end_the_parent_and_pickles_not_even_the_child():
    """A light run of the benchmark; libhdf5 itself loops on one mutant in some thousand."""
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "benchmarks.fuzz", "--count=900", "--seed=7"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(": 300 in ") == 3, done.stdout
    assert "parent" not in done.stdout, done.stdout
    ended = [line for line in done.stdout.splitlines() if "child" in line]
    assert not [line for line in ended if "h5" not in line], done.stdout
    assert done.stdout.count("read ") == done.stdout.count("refused ") == 3
