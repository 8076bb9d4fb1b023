"""The names in a MATLAB file are SciPy's, of whole, cut and hostile files, and little is read."""

import hostile
import numpy as np
import pytest
from scipy.io import savemat, whosmat

from geoself_jax.data.files import matlab_head

VALUES = {
    "params": np.array([{"K": np.eye(3)}, {"K": np.eye(3)}], object),
    "t": np.zeros((1, 3)),  # a name of four letters or less lies in its tag
    "RDistort": np.zeros((1, 2)),
    "of_exactly_32_letters_as_names_go": np.zeros((2, 3, 4, 5)),
    "text": "abc",
    "numbers": np.zeros((3000, 70), np.uint8),
    "camnames": np.array(["Camera1", "b"], object),
}


@pytest.mark.parametrize("packed", [False, True])
def test_names_are_scipys(tmp_path, packed):
    savemat(tmp_path / "a.mat", VALUES, do_compression=packed)
    head = matlab_head(tmp_path / "a.mat")
    assert list(head.names) == [name for name, *_ in whosmat(tmp_path / "a.mat")] == list(VALUES)
    assert head.written.startswith("MATLAB 5.0 MAT-file Platform: ") and not head.hdf5


def test_what_is_no_matlab_file_has_no_head(tmp_path):
    (tmp_path / "a.mat").write_bytes(b"")
    (tmp_path / "b.mat").write_bytes(b"{}" * 100)
    for name in ("a.mat", "b.mat", "c.mat", "."):
        assert matlab_head(tmp_path / name) is None


@pytest.mark.parametrize("packed", [False, True])
def test_a_cut_or_damaged_file_has_the_first_names_or_none(tmp_path, packed):
    path = tmp_path / "a.mat"
    savemat(path, VALUES, do_compression=packed)
    whole, dice = path.read_bytes(), np.random.default_rng(0)
    for end in dice.integers(128, len(whole), 60):
        path.write_bytes(whole[:end])
        names = matlab_head(path).names
        assert names == tuple(VALUES)[: len(names)]
    for _ in range(300):
        content = bytearray(whole)
        content[int(dice.integers(128, len(whole)))] = int(dice.integers(256))
        path.write_bytes(content)
        assert isinstance(matlab_head(path).names, tuple)


def test_hostile_files_are_heads_at_once(tmp_path):
    heads = {kind: matlab_head(path) for kind, (path, _) in hostile.matlab(tmp_path).items()}
    assert heads["v7.3"].hdf5 and heads["v7.3"].names == ()
    assert all(len(head.names) < 20 for head in heads.values() if head is not None)
