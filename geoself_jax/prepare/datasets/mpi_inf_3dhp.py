"""MPI-INF-3DHP: which of its sequences lie in a folder, and how each kind is read.

Source of the layout: the data set's own README and util/mpii_get_sequence_info.m.
"""

from collections.abc import Sequence
from pathlib import Path

from geoself_jax.core.errors import missing_error
from geoself_jax.prepare.clip import Reading, ReadOptions
from geoself_jax.prepare.datasets import mpi_inf_3dhp_test, mpi_inf_3dhp_training

TRAINING, TEST = "annot.mat", "annot_data.mat"
_DEPTH = 3  # root/mpi_inf_3dhp_test_set/TS1/annot_data.mat


def recognize(path: Path) -> str | None:
    """Why the folder or file looks like MPI-INF-3DHP, or None."""
    for name in (TRAINING, TEST):
        found = _annotations([path], name)
        if found:
            return f"{found[0].relative_to(path) if path.is_dir() else name} in it"
    return None


def read(paths: Sequence[Path], options: ReadOptions) -> Reading:
    """Reads the training sequences below `paths`, or the test set where there are none.

    Args:
        paths: The root, S1..S8 or TS1..TS6, S1/Seq1, or the annotation files themselves.
        options: `truth` is `annot3` (default), `univ_annot3` or `none`.

    Raises:
        GeoselfError: No sequence (66); another layout, calibration and annotations that contradict
            each other (65); unknown names asked for (64).
    """
    training, test = _annotations(paths, TRAINING), _annotations(paths, TEST)
    if training:
        if test:
            options.notice(f"the test set ({test[0].parent} ...) is left out: give it alone")
        return mpi_inf_3dhp_training.read(training, options)
    if not test:
        raise missing_error(
            f"{', '.join(map(str, paths)) or 'MPI-INF-3DHP'}: no {TRAINING} and no {TEST}",
            "wanted S1/Seq1/annot.mat or TS1/annot_data.mat below it",
            "give the folder that S1 to S8, or TS1 to TS6, are in",
        )
    return mpi_inf_3dhp_test.read(test, options)


def _annotations(paths: Sequence[Path], name: str) -> list[Path]:
    """The annotation files of that name, each once."""
    found: list[Path] = []
    for path in paths:
        if path.is_file():
            found += [path] if path.name == name else []
        else:
            for depth in range(_DEPTH):
                found += sorted(path.glob("*/" * depth + name))
    return list(dict.fromkeys(found))
