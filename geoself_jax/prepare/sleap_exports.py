"""SLEAP's analysis of a video next to the project that it was exported from: the analysis is taken.

As sleap-anipose 0.1.8 does: a session's folder of each view holds one *analysis.h5, which is read,
and the .slp that it comes from, which is not.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

ANALYSIS, PROJECT = "analysis.h5", ".slp"

_SHOWN = 4


def without_projects(
    folder: Path, found: Sequence[Path], notice: Callable[[str], None]
) -> list[Path]:
    """The detections without the projects whose analysis is among them.

    A project is left where an analysis in its folder is called like it, or is the one of a view's
    folder, or where all analyses lie in folders below it.

    Args:
        folder: Of the recording.
        found: Its detections.
        notice: Receives one line where projects are left.
    """
    exports = [path for path in found if path.name.lower().endswith(ANALYSIS)]
    left = [path for path in found if _is_project(path) and _exported(folder, path, exports)]
    if left:
        names = ", ".join(path.name for path in left[:_SHOWN])
        more = f" and {len(left) - _SHOWN} more" if len(left) > _SHOWN else ""
        notice(f"{folder}: SLEAP's *{ANALYSIS} taken; left, of the same videos: {names}{more}")
    return [path for path in found if path not in left]


def _is_project(path: Path) -> bool:
    return path.suffix.lower() == PROJECT


def _exported(folder: Path, project: Path, exports: Sequence[Path]) -> bool:
    here = [path for path in exports if path.parent == project.parent]
    called = any(path.name.lower().startswith(f"{project.stem.lower()}.") for path in here)
    of_view = len(here) == 1 and project.parent != folder
    above = bool(exports) and all(project.parent in path.parent.parents for path in exports)
    return called or of_view or above
