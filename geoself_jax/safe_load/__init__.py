"""The one door for files from outside: nothing is run, sizes are checked before allocating.

Text (JSON, TOML, YAML, XML) is parsed here; pickles, .npz with objects, HDF5 and MATLAB files are
parsed by a child process with limits, which answers with plain data (`tree.Tree`).
"""

from geoself_jax.safe_load.binary import load_hdf5, load_matlab, load_npz, load_pickle
from geoself_jax.safe_load.marked import load_xml, load_yaml
from geoself_jax.safe_load.text import load_json, load_text, load_toml
from geoself_jax.safe_load.tree import Tree

__all__ = [
    "Tree",
    "load_hdf5",
    "load_json",
    "load_matlab",
    "load_npz",
    "load_pickle",
    "load_text",
    "load_toml",
    "load_xml",
    "load_yaml",
]
