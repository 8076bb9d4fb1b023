"""Outputs never replace an input, a file of a run or an export, or what is no file."""

import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from geoself_jax.core.disk import check_writable
from geoself_jax.core.errors import WORKDIR, GeoselfError, usage_error

LEARNED = (
    *("checkpoints", "metrics.jsonl", "metrics.damaged.jsonl", "tensorboard"),
    "training_sample.npz",
)
"""What only training writes into a run's folder."""

SCORED = ("evaluation.json", "examples.png", "joint_errors.png", "report.html")
"""What evaluation writes into a run's folder."""

OWNED = {
    ("run.json", "geoself-run/"): ("run", ("run.json", ".lock", *LEARNED, *SCORED)),
    ("model.json", "geoself-lifter/"): (
        "export",
        (
            *("model.safetensors", "model.json", "model.stablehlo", "model.onnx"),
            *("sample.npz", "training_sample.npz", "MODEL_CARD.md"),
        ),
    ),
}
"""A folder's record and its format, to what the folder is and the names that belong to it."""

Inputs = Mapping[str, Sequence[str | Path | None]]
"""Paths of files and folders that are read, by flag; None where it was not given."""

_RECORD_BYTES = 2**24


def check_outputs(
    outputs: Sequence[tuple[str, str | Path | None]],
    inputs: Inputs,
    *,
    run: str | Path | None = None,
    ours: Callable[[Path], bool] = lambda _: False,
) -> frozenset[Path]:
    """Makes sure that writing the outputs destroys nothing but earlier outputs.

    Args:
        outputs: Flag and path of each file to write; None where the flag was not given.
        inputs: Paths of all files and folders that are read, by flag; those not there are skipped,
            so that names such as `synthetic:test` may be passed.
        run: Folder of a run whose scores may be replaced.
        ours: Whether a file in a folder of inputs is an earlier output, which is never read.

    Returns:
        Those of the outputs that are there, and will be replaced.

    Raises:
        GeoselfError: An output is an input, also by another name (symbolic link, hard link), a
            file of a folder of inputs, of a run or an export, or no file (73); two outputs have
            one path (64); nothing can be written there (74).
    """
    for flag, given in outputs:
        if given is not None and (not str(given) or "://" in str(given)):
            what = "wanted a path on a disk" if given else "it is empty: is a variable unset?"
            raise usage_error(f"{flag}={given}", what, "give a path, and copy the file later")
    wanted = [(flag, Path(path)) for flag, path in outputs if path is not None]
    _check_apart(wanted)
    for flag, path in wanted:
        _check_owner(flag, path, run)
        check_writable(path)
        if not os.path.lexists(path):
            continue
        _check_kind(flag, path)
        for source_flag, source in _there(inputs):
            if source.is_dir():
                _check_member(flag, path, source_flag, source, ours)
            elif _same(path, source):
                raise _refused(flag, path, _is_input(path, source_flag, source))
    return frozenset(path for _, path in wanted if os.path.lexists(path))


def check_place(flag: str, path: str | Path) -> None:
    """Makes sure that a folder to be made takes none of the names of a run or an export.

    Raises:
        GeoselfError: It does (73).
    """
    _check_owner(flag, Path(path), None)


def check_folder(flag: str, folder: str | Path, inputs: Inputs) -> None:
    """Makes sure that a run can be kept in a folder without touching anything else there.

    Args:
        flag: That names the folder.
        folder: Of the run, which may be there already; made later.
        inputs: Files and folders that are read, by flag.

    Raises:
        GeoselfError: It is an export, part of another run, holds the data or files of a run whose
            record is lost (73).
    """
    folder = Path(folder)
    _check_owner(flag, folder / "run.json", folder)
    if kind_of(folder) == "export":
        raise _refused(flag, folder, "is an export")
    if (folder / "run.json").exists() or not folder.is_dir():
        return
    left = next((name for name in LEARNED if (folder / name).exists()), None)
    if left is not None:
        raise _refused(flag, folder, f"holds {left!r} but no run.json: it is no whole run")
    for source_flag, source in _there(inputs):
        home = source if source.is_dir() else source.parent
        inside = source.is_dir() and _within(folder, home)
        if inside or _same(folder, home):
            raise _refused(flag, folder, f"holds the data ({source_flag} {source})")


def check_store(store: Path, workdir: Path) -> None:
    """Makes sure that a run and the folder of its copies are apart.

    Raises:
        GeoselfError: One holds the other, or the store is a run or an export (73).
    """
    flag = "--store"
    check_place(flag, store)
    if _within(store, workdir) or _within(workdir, store):
        raise _refused(flag, store, f"is not apart from --workdir={workdir}")
    kind = kind_of(store)
    if kind is not None:
        raise _refused(flag, store, f"is a folder of its own: a{'n' * (kind == 'export')} {kind}")


def check_outside(flag: str, folder: str | Path, inputs: Inputs) -> None:
    """Makes sure that no input lies in a folder that will be replaced.

    Args:
        flag: That names the folder.
        folder: Which is replaced.
        inputs: Files and folders that are read, by flag.

    Raises:
        GeoselfError: One does, also by a symbolic link (73).
    """
    folder = Path(folder)
    check_place(flag, folder)
    for source_flag, source in _there(inputs):
        if _within(source, folder):
            raise _refused(flag, folder, f"holds the input {source_flag} {source}")


def kind_of(folder: Path) -> str | None:
    """`run` or `export` where a folder is one, by its record."""
    for (record, format), (kind, _) in OWNED.items():
        try:
            with (folder / record).open("rb") as stream:
                if f'"{format}'.encode() in stream.read(_RECORD_BYTES):
                    return kind
        except OSError:
            continue
    return None


def _check_apart(outputs: Sequence[tuple[str, Path]]) -> None:
    known: dict[str, str] = {}
    for flag, path in outputs:
        place = os.path.realpath(path)
        if known.setdefault(place, flag) != flag:
            raise usage_error(
                f"{known[place]} and {flag}", f"both would be {path}", "give each its own file"
            )


def _check_owner(flag: str, path: Path, run: str | Path | None) -> None:
    """Refuses the names that a run or an export has for itself, there already or not."""
    real = Path(os.path.realpath(path.parent)) / path.name
    for path_there in dict.fromkeys((real, Path(os.path.realpath(path)))):
        for folder in path_there.parents:
            kind = kind_of(folder)
            if kind is None or (run is not None and _same(folder, Path(run))):
                continue
            name = path_there.relative_to(folder).parts[0]
            names = next(names for what, names in OWNED.values() if what == kind)
            if name in names:
                raise _refused(flag, path, f"belongs to the {kind} in {folder}")


def _check_kind(flag: str, path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except OSError:  # a link to nowhere: replaced by the file
        return
    if stat.S_ISDIR(mode):
        raise _refused(flag, path, "is a folder, wanted a file's name")
    if not stat.S_ISREG(mode):
        raise _refused(flag, path, "is a device or a pipe, which a file would replace")


def _check_member(
    flag: str, path: Path, source_flag: str, folder: Path, ours: Callable[[Path], bool]
) -> None:
    named = _within(path, folder)
    if named and path.is_file() and not path.is_symlink() and ours(path):
        return
    if named or any(_same(path, member) for member in _members(folder)):
        raise _refused(flag, path, f"is there already, among the inputs ({source_flag} {folder})")


def _members(folder: Path) -> Iterator[Path]:
    """All files in a folder and below; symbolic links to folders are followed once."""
    known: set[str] = set()
    for place, folders, files in os.walk(folder, followlinks=True):
        if os.path.realpath(place) in known:
            folders.clear()
            continue
        known.add(os.path.realpath(place))
        yield from (Path(place, name) for name in files)


def _there(inputs: Inputs) -> Iterator[tuple[str, Path]]:
    for flag, paths in inputs.items():
        for given in paths:
            if given is not None and _exists(Path(given)):
                yield flag, Path(given)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name that no file can have
        return False


def _within(path: Path, folder: Path) -> bool:
    """Whether a path, or the file that it is a link to, lies in a folder."""
    home = Path(os.path.realpath(folder))
    real = Path(os.path.realpath(path))
    by_name = Path(os.path.realpath(path.parent)) / path.name
    return real.is_relative_to(home) or by_name.is_relative_to(home)


def _same(a: Path, b: Path) -> bool:
    """Whether two paths are one file: hard links and the file system's idea of case included."""
    try:
        return os.path.samefile(a, b)
    except OSError:
        return os.path.realpath(a) == os.path.realpath(b)


def _is_input(path: Path, flag: str, source: Path) -> str:
    return f"is the input {flag}" if path == source else f"is the input {flag} {source}"


def _refused(flag: str, path: Path, why: str) -> GeoselfError:
    return GeoselfError(
        f"{flag}={path}", f"{why}; nothing was touched", "choose another path", WORKDIR
    )
