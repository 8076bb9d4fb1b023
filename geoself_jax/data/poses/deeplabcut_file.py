"""DeepLabCut's table of 3D joints, .h5: as its `triangulate` writes it, for pandas.

One table `df_with_missing`, a row for each frame of the video from 0 on, columns by scorer, body
part and x, y, z (deeplabcut 3.0.2). It has no confidence, no frame rate and no unit.
"""

import importlib.util
from pathlib import Path

import numpy as np

from geoself_jax.core.errors import data_error, usage_error
from geoself_jax.data.poses.atomic_write import whole_file
from geoself_jax.data.poses.resample import from_first_frame
from geoself_jax.data.poses.sequence import PoseSequence

KEY, SCORER = "df_with_missing", "geoself"
_NEEDED = ("pandas", "tables")


def require() -> None:
    """Makes sure that the packages are there.

    Raises:
        GeoselfError: One is not (64).
    """
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        why = f"the package {missing[0]} is not installed"
        raise usage_error("DeepLabCut's .h5", why, "pip install 'pandas>=2.3' 'tables>=3.10'")


def write(poses: PoseSequence, path: Path, *, metres: float) -> None:
    """Writes a row for each frame of the video from 0 to the last; NaN where missing.

    Args:
        poses: As they are written, turned.
        path: The file.
        metres: Length of its unit.

    Raises:
        GeoselfError: No package pandas or tables (64); no frame, too many, or more joints than HDF5
            describes in one table (65); the disk refuses (74).
    """
    require()
    import pandas
    import tables

    rows = from_first_frame(poses, poses.pose.astype(np.float64) / metres, np.nan)
    columns = pandas.MultiIndex.from_product(
        [[SCORER], poses.skeleton.joint_names, list("xyz")], names=["scorer", "bodyparts", "coords"]
    )
    table = pandas.DataFrame(rows.reshape(len(rows), -1), columns=columns)
    memory = {"driver": "H5FD_CORE", "driver_core_backing_store": 0}
    try:
        with pandas.HDFStore("memory.h5", mode="w", **memory) as store:
            # Without an index of rows, which would hold the time of day: same poses, same bytes.
            store.put(KEY, table, format="table", index=False, track_times=False)
            content = store.root._v_file.get_file_image()
    except (tables.HDF5ExtError, ValueError) as error:
        joints = poses.skeleton.joints
        why = "do not fit into one table of HDF5"
        raise data_error(f"{poses.name}: {joints} joints", why, "write .npz or .csv") from error
    with whole_file(path, "wb") as stream:
        stream.write(content)
