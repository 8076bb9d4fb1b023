#!/usr/bin/env bash
# One would guess that a reader of .trc takes empty cells between tabs for a missing marker, as the
# programs that write such files mean them, or refuses them. In fact trc-data-reader and
# nimblephysics split a row at white space of any length: the empty cells vanish, and every marker
# to the right of the missing one gets the place of its neighbour, the last one none. Since a
# marker has three cells, the count stays divisible by three and no check finds it: in the frames
# where the knee is hidden, the ankle is at the toes. No warning is given. trc-data-reader writes
# empty cells itself for what is missing, so its own save and load move the markers. nimblephysics
# also leaves out the first frame of a file without an empty line below the header, as Pose2Sim
# and others write them. Both take the word NaN for missing: a file for them has that.
# trc-data-reader 0.4.1, nimblephysics 0.10.52.1, seen on 2026-12-01.
# Exit code 0: as stated here; other: no longer so, or not installed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv # Python 3.11 or 3.12
venv/bin/pip install -qq --disable-pip-version-check trc-data-reader==0.4.1 numpy==2.4.6
venv/bin/pip install -qq --disable-pip-version-check --no-deps nimblephysics==0.10.52.1

venv/bin/python - <<'PY'
import os
import sys
from importlib.metadata import version

import nimblephysics_libs._nimblephysics as nimble
import numpy as np
from trc import TRCData

NAMES = ["hip", "knee", "ankle", "toes"]
PLACES = np.array([[0.1, 0.9, 0.0], [0.1, 0.5, 0.1], [0.1, 0.1, 0.0], [0.1, 0.0, 0.2]])  # metres


def write(path, missing, blank_line=True):
    """Three equal frames; in the second the knee is `missing`."""
    keys = "DataRate CameraRate NumFrames NumMarkers Units OrigDataRate OrigDataStartFrame"
    lines = [
        f"PathFileType\t4\t(X/Y/Z)\t{path}",
        "\t".join([*keys.split(), "OrigNumFrames"]),
        "\t".join(["100", "100", "3", "4", "m", "100", "1", "3"]),
        "Frame#\tTime\t" + "\t\t\t".join(NAMES) + "\t\t",
        "\t\t" + "\t".join(f"{axis}{i}" for i in range(1, 5) for axis in "XYZ"),
    ]
    lines += [""] * blank_line
    for frame in range(3):
        cells = [f"{value:.5f}" for value in PLACES.ravel()]
        if frame == 1:
            cells[3:6] = [missing] * 3
        lines.append("\t".join([str(frame + 1), f"{frame / 100:.3f}", *cells]))
    with open(path, "w") as stream:
        stream.write("\n".join(lines) + "\n")


def by_trc_data_reader(path):
    """(frames, markers, 3)."""
    data = TRCData()
    data.load(path)
    return np.stack([data[name] for name in NAMES], axis=1)


def by_nimblephysics(path):
    frames = nimble.biomechanics.OpenSimParser.loadTRC(os.path.abspath(path)).markerTimesteps
    return np.array([[frame.get(name, [np.nan] * 3) for name in NAMES] for frame in frames])


def quietly(read, path):
    """What `read` returns, and the bytes that it printed or warned, C++ included."""
    kept = [os.dup(1), os.dup(2)]
    with open("said.txt", "wb") as stream:
        try:
            for number in (1, 2):
                os.dup2(stream.fileno(), number)
            seen = read(path)
        finally:
            sys.stdout.flush(), sys.stderr.flush()
            for number in (1, 2):
                os.dup2(kept[number - 1], number)
    return seen, os.path.getsize("said.txt")


write("nan.trc", "NaN")
write("empty.trc", "")
write("compact.trc", "NaN", blank_line=False)
meant = np.stack([PLACES] * 3)
meant[1, 1] = np.nan
moved = meant.copy()
moved[1] = [PLACES[0], PLACES[2], PLACES[3], [np.nan] * 3]
data = TRCData()
data.load("nan.trc")
data.save("saved.trc")

print("trc-data-reader", version("trc-data-reader"), "- nimblephysics", version("nimblephysics"))
print("second frame, knee missing; height of", *NAMES, "- expected: 0.9 nan 0.1 0.0")
same = True
for name, read, path, wanted in (
    ("trc-data-reader, NaN", by_trc_data_reader, "nan.trc", meant),
    ("trc-data-reader, empty cells", by_trc_data_reader, "empty.trc", moved),
    ("trc-data-reader, saved by itself", by_trc_data_reader, "saved.trc", moved),
    ("nimblephysics, NaN", by_nimblephysics, "nan.trc", meant),
    ("nimblephysics, empty cells", by_nimblephysics, "empty.trc", moved),
    ("nimblephysics, no empty line", by_nimblephysics, "compact.trc", meant[1:]),
):
    seen, said = quietly(read, path)
    heights = " ".join(f"{value:.1f}" for value in seen[len(seen) - 2, :, 1])
    print(f"  {name}: {len(seen)} frames, {heights}; {said} bytes of warnings")
    same &= seen.shape == wanted.shape and np.allclose(seen, wanted, equal_nan=True)
    same &= not said
print("as stated" if same else "NO LONGER as stated")
sys.exit(not same)
PY
