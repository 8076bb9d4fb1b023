"""The builders: one class a data set, as TensorFlow Datasets finds them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from geoself_jax.data.tfds import names
from geoself_jax.data.tfds.clips import Clips, ManualFile, Splits, open_builder
from geoself_jax.prepare.tfds import manual


class _ManualClips(Clips, skip_registration=True):  # type: ignore[call-arg]
    """Clips of the files in `manual_dir`, where no splits are passed."""

    def _manual_splits(self, dl_manager: Any) -> tuple[Splits, Sequence[ManualFile]]:
        if self._splits is not None:
            return self._splits, self._described
        folder = Path(dl_manager.manual_dir)
        files = manual.find(self.name, folder)
        described = manual.describe(folder, files)
        return manual.read_splits(self.name, folder, files, print), described


class GeoselfHuman36m(_ManualClips):
    """Human3.6M."""

    name = "geoself_human36m"
    title = manual.DATA_SETS[name].title
    MANUAL_DOWNLOAD_INSTRUCTIONS = manual.DATA_SETS[name].instructions


class GeoselfMpiInf3dhp(_ManualClips):
    """MPI-INF-3DHP."""

    name = "geoself_mpi_inf_3dhp"
    title = manual.DATA_SETS[name].title
    MANUAL_DOWNLOAD_INSTRUCTIONS = manual.DATA_SETS[name].instructions


class GeoselfAist(_ManualClips):
    """AIST++."""

    name = "geoself_aist"
    title = manual.DATA_SETS[name].title
    MANUAL_DOWNLOAD_INSTRUCTIONS = manual.DATA_SETS[name].instructions


class GeoselfPrepared(_ManualClips):
    """Files that are prepared already."""

    name = "geoself_prepared"
    title = manual.DATA_SETS[name].title
    MANUAL_DOWNLOAD_INSTRUCTIONS = manual.DATA_SETS[name].instructions


BUILDERS = {
    kind.name: kind for kind in (GeoselfHuman36m, GeoselfMpiInf3dhp, GeoselfAist, GeoselfPrepared)
}


def builder(source: names.Source, **options: Any) -> Clips:
    """The builder of a data set, for what is to be built in its folder."""
    return open_builder(BUILDERS[source.name], source, **options)
