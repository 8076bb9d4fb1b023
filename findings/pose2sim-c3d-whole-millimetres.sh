#!/usr/bin/env bash
# One would guess that the .c3d that Pose2Sim writes next to each filtered .trc (make_c3d, which is
# true unless one says otherwise), or by trc_to_c3d, holds the same places: to a small part of a
# millimetre, missing where they are missing. In fact the scale of the points is 1, by which C3D
# keeps whole numbers of 16 bits: each coordinate is cut, not rounded, to whole millimetres towards
# 0; beyond 32.767 m it goes on from -32.768 m, so that a sprint of 45 m jumps back by 65 m; and a
# missing marker, NaN in the .trc, is at 0 0 0 with residual 0, which says that it was measured
# there. At 120 frames per second the cut makes a steady 1.43 m/s into 1.32 and 1.44 m/s by turns.
# The one trace is numpy's warning of a cast, once NaN is cast. The .trc is the file to go on with.
# pose2sim 0.10.49 (two files alone of it), c3d 0.6.0, ezc3d 1.7.2, seen on 2026-12-01.
# Exit code 0: as stated here; other: no longer so, or not installed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv # Python 3.11 or newer
venv/bin/pip install -qq --disable-pip-version-check c3d==0.6.0 ezc3d==1.7.2 numpy==2.4.6
venv/bin/pip install -qq --disable-pip-version-check --no-deps pose2sim==0.10.49

venv/bin/python - <<'PY'
import ast
import sys
import warnings
from importlib.metadata import version
from pathlib import Path

import ezc3d
import numpy as np
from Pose2Sim.Utilities import trc_to_c3d

RATE, SPEED = 120, 1.43  # frames per second, metres per second


def write(path, places):
    """A .trc as Pose2Sim has it: metres, no empty line, NaN where nothing was seen."""
    count = len(places)
    lines = [
        f"PathFileType\t4\t(X/Y/Z)\t{path}",
        "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame"
        "\tOrigNumFrames",
        f"{RATE}\t{RATE}\t{count}\t2\tm\t{RATE}\t0\t{count}",
        "Frame#\tTime\tHip\t\t\tRWrist\t\t",
        "\t\tX1\tY1\tZ1\tX2\tY2\tZ2",
    ]
    for frame, row in enumerate(places.reshape(count, -1)):
        lines.append("\t".join([str(frame), str(frame / RATE), *map(str, row)]))
    Path(path).write_text("\n".join(lines) + "\n")


def through_c3d(path):
    """(frames, markers, 3) in metres as ezc3d reads them, residuals, what was warned of."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        trc_to_c3d.trc_to_c3d_func(path)
    file = ezc3d.c3d(path.replace(".trc", ".c3d"))
    residuals = file["data"]["meta_points"]["residuals"][0].T
    said = sorted({str(w.message) for w in said if "analog" not in str(w.message)})
    return file["data"]["points"][:3].transpose(2, 1, 0) / 1000, residuals, said


def written_by(path):
    """The function that writes the file, as syntax."""
    tree = ast.parse(Path(trc_to_c3d.__file__).parents[1].joinpath(path).read_text())
    found = [f for f in tree.body if isinstance(f, ast.FunctionDef) and f.name == "create_c3d_file"]
    return ast.dump(found[0])


times = np.arange(240) / RATE
walk = np.stack([times * SPEED, 0 * times + 0.0009, 0 * times + 0.9], axis=1)
wrist = walk + [0.2, -0.3009, 0.1]
wrist[100:110] = np.nan
write("walk.trc", np.stack([walk, wrist], axis=1))
sprint = np.stack([np.linspace(0, 45, 600), np.zeros(600), np.full(600, 0.9)], axis=1)
write("sprint.trc", np.stack([sprint, sprint], axis=1))

print("pose2sim", version("pose2sim"), "- c3d", version("c3d"), "- ezc3d", version("ezc3d"))
same = written_by("common.py") == written_by("Utilities/trc_to_c3d.py")
print("filtering writes by the same code:", same)
places, residuals, said = through_c3d("walk.trc")
off = np.abs(places[:, 0] - walk).max(axis=0) * 1000
speeds = np.unique(np.round(np.diff(places[:, 0, 0]) * RATE, 2))
print(f"walk: hip off by up to {np.round(off, 2).tolist()} mm (expected below 0.1),")
print(f"  speeds {speeds.tolist()} m/s (expected {SPEED}), warned: {said}")
same &= bool(off[0] > 0.9 and abs(off[1] - 0.9) < 1e-3) and speeds.tolist() == [1.32, 1.44]
gap = places[100:110, 1], residuals[100:110, 1]
print(f"  missing wrist at {gap[0][0].tolist()}, residual {gap[1][0]} (expected nan, -1)")
same &= not gap[0].any() and not gap[1].any() and len(said) == 1 and "cast" in said[0]
places, _, said = through_c3d("sprint.trc")
beyond = sprint[:, 0] > 32.768
print(f"sprint to 45 m: last place {places[-1, 0, 0]:.3f} m; warned: {said}")
same &= np.allclose(places[beyond, 0, 0], sprint[beyond, 0] - 65.536, atol=2e-3) and not said
print("as stated" if same else "NO LONGER as stated")
sys.exit(not same)
PY
