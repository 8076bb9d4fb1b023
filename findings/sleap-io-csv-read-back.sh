#!/usr/bin/env bash
# One would guess that sleap_io.load_file() reads what sleap_io.save_csv() wrote: the labels, or an
# error. In fact a csv of format="dlc" comes back as labels with the right skeleton and no frame at
# all, as does the csv that DeepLabCut's analyze_videos writes of a video's predictions: rows whose
# label is a frame number, and no image's path, are passed over. There is no error and no warning,
# and load_csv(format="dlc") is the same. A csv of format="frames" comes back with the frames and a
# skeleton that has a node more, `inst0`, whose point is nowhere: a model or a table made from it has
# three columns of nodes where two were. format="sleap", "points" and "instances" come back as they
# were. sleap-io 0.9.5, seen on 2026-12-01.
# Exit code 0: as stated here; other: no longer so, or not installed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv # Python 3.11 or newer
venv/bin/pip install -qq --disable-pip-version-check sleap-io==0.9.5 numpy==2.4.6 pandas==3.1.1 2> /dev/null

venv/bin/python - <<'PY'
import warnings

import numpy as np
import pandas as pd
import sleap_io

NAMES = ["nose", "tail"]
skeleton, video = sleap_io.Skeleton([*NAMES]), sleap_io.Video("walk.mp4", open_backend=False)
places = np.arange(20.0).reshape(5, 2, 2)
labels = sleap_io.Labels([
    sleap_io.LabeledFrame(video, frame, [
        sleap_io.PredictedInstance.from_numpy(
            place, skeleton=skeleton, point_scores=np.array([0.9, 0.8]), score=0.9)])
    for frame, place in enumerate(places)
])


def read(path, load=sleap_io.load_file, **options):
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        warnings.simplefilter("ignore", ResourceWarning)
        found = load(path, **options)
    points = np.array([frame[0].numpy() for frame in found])
    names = [node.name for node in found.skeleton.nodes]
    print(f"{path}: {len(found)} frames, nodes {names}, {len(said)} warnings")
    assert not said
    return names, points


for format in ("dlc", "frames", "sleap", "points", "instances"):
    sleap_io.save_csv(labels, f"{format}.csv", format=format)
for format in ("sleap", "points", "instances"):
    names, points = read(f"{format}.csv")
    assert names == NAMES and np.array_equal(points, places)

names, points = read("frames.csv")
assert names == ["inst0", *NAMES] and points.shape == (5, 3, 2)
assert np.isnan(points[:, 0]).all() and np.array_equal(points[:, 1:], places)

columns = pd.MultiIndex.from_product(
    [["DLC_resnet50_walkSep1shuffle1_50000"], NAMES, ["x", "y", "likelihood"]],
    names=["scorer", "bodyparts", "coords"],
)  # as analyze_videos(save_as_csv=True) writes it
rows = np.concatenate([places, np.full((5, 2, 1), 0.9)], -1).reshape(5, -1)
pd.DataFrame(rows, columns=columns).to_csv("walkDLC.csv")
for path, load, options in (
    ("dlc.csv", sleap_io.load_file, {}),
    ("dlc.csv", sleap_io.load_csv, {"format": "dlc"}),
    ("walkDLC.csv", sleap_io.load_file, {}),
):
    names, points = read(path, load, **options)
    assert names == NAMES and len(points) == 0
print("as stated")
PY
