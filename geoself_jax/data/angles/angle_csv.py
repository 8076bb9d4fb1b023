"""Joint angles as a table: a row a frame, a column an angle, degrees."""

import csv
import io
from pathlib import Path

import numpy as np

from geoself_jax.core.errors import data_error
from geoself_jax.data.angles.angle_sequence import AngleSequence
from geoself_jax.data.angles.frame_times import frames_of_times
from geoself_jax.data.files import load_text
from geoself_jax.data.poses.atomic_write import whole_file
from geoself_jax.data.poses.csv_file import guarded, unguarded
from geoself_jax.data.poses.text_table import read_rows, write_rows

_FIRST = ("frame", "time")
_UNCERTAINTY = "_uncertainty"


def write(angles: AngleSequence, path: Path) -> None:
    """Writes frame, time (s), NAME ..., NAME_uncertainty ...; degrees; empty where missing."""
    columns = [*map(guarded, angles.angle_names)]
    table = np.column_stack([angles.frame_id, angles.seconds, angles.degrees])
    if angles.uncertainty is not None:
        columns += [f"{name}{_UNCERTAINTY}" for name in columns]
        table = np.column_stack([table, angles.uncertainty])
    formats = ["%d", "%.6f"] + ["%.4f"] * len(columns)
    with whole_file(path) as stream:
        csv.writer(stream, lineterminator="\n").writerow([*_FIRST, *columns])
        write_rows(stream, table, formats, ",", "")


def read(path: Path) -> AngleSequence:
    """Reads a table with the columns that `write` writes.

    Args:
        path: The file; degrees.

    Raises:
        GeoselfError: Missing (66), damaged or without these columns (65).
    """
    reader = csv.reader(io.StringIO(load_text(path)))
    try:
        header = [cell.strip() for cell in next(reader, [])]
        if tuple(header[:2]) != _FIRST or len(header) < 3:
            found = ",".join(header)[:60]
            wanted = "wanted columns frame, time, then a name an angle"
            raise data_error(f"{path}, line 1: {found}", wanted, "give what lift --angles wrote")
        rows = ((reader.line_num, row) for row in reader if row)
        table = read_rows(str(path), rows, len(header))
    except csv.Error as error:
        raise data_error(str(path), f"not a csv ({error})", "check the file") from error
    names = [unguarded(name) for name in header[2:]]
    joint = names[0].removesuffix("_x")
    if names[:3] == [f"{joint}_{axis}" for axis in "xyz"]:
        why = f"{names[0]!r} is a joint's coordinate"
        raise data_error(f"{path}, line 1", why, "give angles, as lift --angles writes them")
    own = [name for name in names if name.removesuffix(_UNCERTAINTY) not in set(names) - {name}]
    degrees = table[:, 2:][:, [names.index(name) for name in own]].astype(np.float32)
    uncertainty = None
    if len(own) < len(names):
        of = {name: table[:, 2 + i] for i, name in enumerate(names)}
        unknown = np.full(len(table), np.nan)
        columns = [of.get(f"{name}{_UNCERTAINTY}", unknown) for name in own]
        uncertainty = np.column_stack(columns).astype(np.float32)
    fps, frame_id = frames_of_times(str(path), table[:, 1], table[:, 0])
    return AngleSequence(path.stem, tuple(own), degrees, fps, frame_id, uncertainty)
