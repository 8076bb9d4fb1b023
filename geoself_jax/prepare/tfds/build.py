"""Builds a data set from the files that the user brought."""

import contextlib
import errno
import io
import os
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from geoself_jax.core import disk
from geoself_jax.core.errors import usage_error
from geoself_jax.core.partial import move_over, partial
from geoself_jax.data.tfds import names, records
from geoself_jax.prepare.tfds import manual


class Built(NamedTuple):
    """A data set that was built: where, of which files, and clips and bytes of each split."""

    folder: Path
    files: list[records.ManualFile]
    splits: dict[str, tuple[int, int]]


def build(
    source: names.Source,
    folder: Path | None,
    inputs: Sequence[Path] = (),
    *,
    checksums: Path | None = None,
    overwrite: bool = False,
    notice: manual.Notice = print,
) -> Built:
    """Builds a data set; one already there is replaced only once the new one is whole.

    Args:
        source: Its name, the name of this build of it, and the folder of all data sets.
        folder: Where the user's files are; None: where the first of `inputs` is.
        inputs: The files, where they are not to be searched for.
        checksums: A list by `sha256sum` that the files must agree with.
        overwrite: Replace a build of the same name.
        notice: Receives one line for each step, and for what is left out or assumed.

    Raises:
        GeoselfError: It is there already (64), files are missing (66), damaged or not those of
            `checksums` (65), tensorflow-datasets is not installed (69), the disk refuses (74).
    """
    names.check_config(source.config)
    if source.folder.exists() and not overwrite:
        raise usage_error(
            f"{source.folder}", "is there already", "add --overwrite, or --name=ANOTHER"
        )
    names.check_installed()
    data_set = manual.DATA_SETS[source.name]
    if inputs and not data_set.by_name:
        raise usage_error("--input", f"{data_set.title} is a folder of files", "give --manual-dir")
    if folder is None:
        folder = inputs[0].parent
    files = list(inputs) or manual.find(source.name, folder)
    notice(f"{len(files)} files, sha256:")
    described = manual.describe(folder, files)
    for file in described[:20]:
        notice(f"{file.sha256}  {file.name}")
    if len(described) > 20:
        notice(f"... and {len(described) - 20} more, in metadata.json")
    if checksums is not None:
        manual.compare(described, checksums)
        notice(f"all as {checksums} has them")
    splits = manual.read_splits(source.name, folder, files, notice)
    for split, arrays in splits.items():
        if unread := records.left_out(arrays):
            notice(f"{split}: left out, as nothing reads them: {', '.join(unread)}")
    return _write(source, splits, described)


def _write(
    source: names.Source, splits: records.Splits, described: list[records.ManualFile]
) -> Built:
    """Builds next to the place where it is to be, and moves it there once it is whole."""
    try:
        with partial(source.folder) as place:
            apart = replace(source, data_dir=str(place))
            sizes = _write_apart(apart, splits, described)
            disk.to_disk(apart.folder)
            move_over(apart.folder, source.folder)
    except (OSError, RuntimeError) as error:  # ArrayRecord's: RuntimeError
        if not isinstance(error, OSError) and not disk.errno_of(error):
            raise
        if "Not enough disk space" in str(error):  # TFDS's, of a disk without a byte
            error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        safe = "an earlier build of this name stays" * source.folder.exists()
        raise disk.refused(source.folder, error, safe=safe) from error
    return Built(source.folder, described, sizes)


def _write_apart(
    source: names.Source, splits: records.Splits, described: list[records.ManualFile]
) -> dict[str, tuple[int, int]]:
    """Writes the files; returns clips and bytes of each split."""
    import tensorflow_datasets as tfds

    from geoself_jax.prepare.tfds import builders

    made = builders.builder(source, splits=splits, described=described)
    options = tfds.download.DownloadConfig(try_download_gcs=False)
    with (
        tempfile.TemporaryDirectory() as downloads,
        contextlib.redirect_stdout(io.StringIO()),  # "Downloading ...": nothing is
    ):
        made.download_and_prepare(download_dir=downloads, download_config=options)
    return {name: (split.num_examples, split.num_bytes) for name, split in made.info.splits.items()}
