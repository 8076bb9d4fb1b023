"""The one door for files from outside: nothing is run, sizes are checked before allocating.

Text (JSON, TOML, YAML, XML) is parsed here; pickles, .npz with objects, HDF5 and MATLAB files are
parsed by a child process with limits, which answers with plain data (`wire_format.Tree`).
"""

from geoself_jax.data.files.binary import (
    load_hdf5,
    load_matlab,
    load_npy,
    load_npy_entry,
    load_npz,
    load_pickle,
)
from geoself_jax.data.files.matlab_head import MatlabHead, matlab_head
from geoself_jax.data.files.text import load_json, load_json_lines, load_text, load_toml
from geoself_jax.data.files.wire_format import Tree
from geoself_jax.data.files.yaml_xml import load_xml, load_yaml

__all__ = [
    "MatlabHead",
    "Tree",
    "load_hdf5",
    "load_json",
    "load_json_lines",
    "load_matlab",
    "load_npy",
    "load_npy_entry",
    "load_npz",
    "load_pickle",
    "load_text",
    "load_toml",
    "load_xml",
    "load_yaml",
    "matlab_head",
]
