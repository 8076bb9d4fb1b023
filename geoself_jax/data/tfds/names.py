"""What `tfds:NAME[/CONFIG][:VERSION][#SPLIT][@DATA_DIR]` names, and the folder it is in."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from geoself_jax.core.errors import UNAVAILABLE, GeoselfError, nearest_name, usage_error

PREFIX = "tfds:"
SHORT = {
    "human36m": "geoself_human36m",
    "mpi_inf_3dhp": "geoself_mpi_inf_3dhp",
    "aist": "geoself_aist",
    "prepared": "geoself_prepared",
}
"""Names of the command to names of the data sets."""

VERSION = "1.0.0"
CONFIG = re.compile(r"[A-Za-z_][\w-]*", re.ASCII)
_SOURCE = re.compile(
    r"tfds:(?P<name>[^/:#@]+)(/(?P<config>[^:#@]+))?(:(?P<version>[^#@]+))?(#(?P<split>[^@]+))?"
    r"(@(?P<data_dir>.+))?"
)


@dataclass(frozen=True)
class Source:
    """A data set that is built, or to be built.

    Attributes:
        name: Of the data set, e.g. `geoself_human36m`.
        config: Which of several builds of it; None for the one without a name.
        split: None for `train`, or the only one.
        data_dir: Folder of all data sets; None for TFDS's own default.
    """

    name: str
    config: str | None = None
    split: str | None = None
    data_dir: str | None = None

    @property
    def root(self) -> Path:
        """The folder of all data sets."""
        default = os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets"
        return Path(self.data_dir or default).expanduser()

    @property
    def folder(self) -> Path:
        """The folder of this data set's files."""
        return self.root.joinpath(self.name, *([self.config] if self.config else []), VERSION)

    def __str__(self) -> str:
        parts = (("/", self.config), ("#", self.split), ("@", self.data_dir))
        return PREFIX + self.name + "".join(mark + part for mark, part in parts if part)


def parse(source: str) -> Source:
    """The data set that `tfds:NAME[/CONFIG][:VERSION][#SPLIT][@DATA_DIR]` names.

    Raises:
        GeoselfError: Not of that form, no such data set, or another version (64).
    """
    match = _SOURCE.fullmatch(source)
    if match is None:
        raise usage_error(
            repr(source),
            "wanted tfds:NAME[/CONFIG][:VERSION][#SPLIT][@DATA_DIR]",
            f"e.g. tfds:{SHORT['human36m']}",
        )
    if match["version"] not in (None, VERSION):
        raise usage_error(f"{source!r}", f"this release reads version {VERSION}", "leave it out")
    check_config(match["config"])
    return Source(full_name(match["name"]), match["config"], match["split"], match["data_dir"])


def full_name(name: str) -> str:
    """The data set's name from itself or from the command's short one.

    Raises:
        GeoselfError: No such data set (64), the nearest name given.
    """
    if name not in SHORT and name not in SHORT.values():
        known = SHORT.values() if name.startswith("geoself") else SHORT
        raise usage_error(f"data set {name!r}", "no such data set", nearest_name(name, known))
    return SHORT.get(name, name)


def check_config(config: str | None) -> None:
    """A name that can be a folder's and is no version.

    Raises:
        GeoselfError: It cannot (64).
    """
    if config is not None and not CONFIG.fullmatch(config):
        raise usage_error(
            f"name {config!r}", "wanted letters, digits, _ and -, a letter first", "rename it"
        )


def check_installed() -> None:
    """TensorFlow Datasets and array_record are there.

    Raises:
        GeoselfError: They are not (69).
    """
    try:
        import array_record.python.array_record_module  # noqa: F401
        import tensorflow_datasets  # noqa: F401
    except ImportError as error:
        raise GeoselfError(
            f"a tfds: source needs tensorflow-datasets and array_record ({error})",
            "they are not installed; TensorFlow is not needed",
            "pip install tensorflow-datasets array_record, or pip install 'geoself_jax[tfds]'",
            UNAVAILABLE,
        ) from error
