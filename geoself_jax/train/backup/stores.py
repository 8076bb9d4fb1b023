"""Places that outlive machines: a folder on a disk that stays, a folder of a bucket."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from geoself_jax.core.errors import INPUT_OUTPUT, UNAVAILABLE, GeoselfError, usage_error
from geoself_jax.core.partial import writing

COPY_SECONDS = 600


class Store(Protocol):
    """A place that outlives machines. Its files appear whole or not at all."""

    def names(self) -> list[str]:
        """The names of its files."""

    def put(self, path: Path) -> None:
        """Copies a file there under the same name, over an earlier one."""

    def get(self, name: str, to: Path) -> None:
        """Copies a file from there."""


@dataclass(frozen=True)
class FolderStore:
    """A folder on a disk that outlives the machine, or a bucket mounted as one."""

    folder: Path

    def names(self) -> list[str]:
        """The names of its files."""
        return [path.name for path in self.folder.iterdir()]

    def put(self, path: Path) -> None:
        """Copies a file there, under another name first.

        Raises:
            OSError: The folder is gone: it is not made, as a disk may be away that was there.
            GeoselfError: The disk refuses (74).
        """
        self.folder.stat()
        with writing(self.folder / path.name, path.stat().st_size) as place:
            shutil.copyfile(path, place)

    def get(self, name: str, to: Path) -> None:
        """Copies a file from there."""
        shutil.copyfile(self.folder / name, to)


@dataclass(frozen=True)
class BucketStore:
    """A folder of a Cloud Storage bucket, where an upload is atomic, by way of gcloud."""

    url: str

    def names(self) -> list[str]:
        """The names of its files. There must be one, or gcloud calls it an error."""
        return [line.rsplit("/", 1)[-1] for line in _gcloud("ls", f"{self.url}/").splitlines()]

    def put(self, path: Path) -> None:
        """Uploads a file."""
        _gcloud("cp", str(path), f"{self.url}/{path.name}")

    def get(self, name: str, to: Path) -> None:
        """Downloads a file."""
        _gcloud("cp", f"{self.url}/{name}", str(to))


def _gcloud(verb: str, *words: str) -> str:
    """What `gcloud storage VERB WORD...` prints; in a session of its own, so that Ctrl-C spares it.

    Raises:
        GeoselfError: There is no gcloud (69), it fails or takes too long (74).
    """
    command = ["gcloud", "storage", verb, *words]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COPY_SECONDS,
            start_new_session=True,
        )
    except FileNotFoundError:
        raise GeoselfError(
            "gcloud", "not on PATH", "install the Google Cloud CLI there", UNAVAILABLE
        ) from None
    except subprocess.TimeoutExpired:
        why = f"took more than {COPY_SECONDS} s"
    else:
        if done.returncode == 0:
            return done.stdout
        why = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
    what = " ".join(command)
    do = "check the bucket, and that the machine's service account may write to it"
    raise GeoselfError(what, why, do, INPUT_OUTPUT)


def open_store(text: str) -> Store:
    """The store that `gs://BUCKET/FOLDER` or a folder's name means; a folder is made.

    Raises:
        GeoselfError: No such kind of store, or a name that gcloud would expand (64).
    """
    if "://" not in text:
        Path(text).mkdir(exist_ok=True)  # not its parents: a disk that is not mounted must be seen
        return FolderStore(Path(text))
    bucket, *folders = text.removeprefix("gs://").rstrip("/").split("/")
    if not text.startswith("gs://") or not bucket or not folders:
        raise usage_error(
            f"--store={text}", "wanted gs://BUCKET/FOLDER, or a folder", "one folder for each run"
        )
    if set(text) & set("*?[]#"):
        raise usage_error(f"--store={text}", "gcloud takes * ? [ ] # for patterns", "rename it")
    return BucketStore(text.rstrip("/"))
