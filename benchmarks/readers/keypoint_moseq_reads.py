"""keypoint-moseq's reader of anipose's and sleap-anipose's files."""

import sys
from importlib.metadata import version
from pathlib import Path

import keypoint_moseq

from benchmarks.readers.found import Found


def main(folder: Path) -> None:
    """Reads both files."""
    found = Found(folder, f"keypoint-moseq {version('keypoint-moseq')}")
    for path, kind in (("anipose.csv", "anipose"), ("points3d.h5", "sleap-anipose")):
        points, scores, names = keypoint_moseq.load_keypoints(str(folder / path), kind)
        name = Path(path).stem
        call = f"load_keypoints(..., {kind!r})"
        found.add(path, call, points[name], scores=scores[name], names=names)
    found.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
