"""What others read is compared with what was written: a shift, a swap or a loss is noticed."""

import json

import h5py
import numpy as np
import pandas
import pytest

from benchmarks import read_by_others
from benchmarks.readers.found import Found


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A folder with all files, and what they hold."""
    folder = tmp_path_factory.mktemp("read") / "files"
    return folder, read_by_others.write_all(read_by_others.lifted(), folder)


def compared(written, points, scores=None, names=()):
    folder, truth = written
    found = Found(folder, "by hand")
    found.add("a", "read", points, scores=scores, names=names)
    found.close()
    (case,) = json.loads((folder / "found.json").read_text())["cases"]
    return read_by_others.compare(case, 0, folder, truth)


def test_what_pandas_and_h5py_read_is_right_and_a_fault_is_not(written):
    folder, _ = written
    table = pandas.read_csv(folder / "anipose.csv")
    names = [c.removesuffix("_error") for c in table.columns if c.endswith("_error")]
    points = np.stack([table[[f"{name}_{axis}" for axis in "xyz"]] for name in names], 1)
    scores = table[[f"{name}_score" for name in names]].to_numpy()
    assert compared(written, points, scores, names)["right"]
    assert compared(written, points[:, ::-1], scores[:, ::-1], names[::-1])["right"]
    assert not compared(written, points[:, ::-1], scores, names)["right"]
    assert not compared(written, points / 1000, scores, names)["right"]
    assert not compared(written, np.roll(points, 1, 0), scores, names)["right"]
    assert not compared(written, points[..., [0, 2, 1]], scores, names)["right"]
    assert not compared(written, points, scores + 0.01, names)["right"]
    assert not compared(written, points[:, 1:], scores[:, 1:], names[1:])["right"]
    table = pandas.read_hdf(folder / "deeplabcut.h5")
    assert compared(written, table.to_numpy().reshape(points.shape))["right"]
    with h5py.File(folder / "points3d.h5") as file:
        assert compared(written, file["tracks"][:, 0], file["point_scores"][:, 0])["right"]
