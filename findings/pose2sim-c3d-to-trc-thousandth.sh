#!/usr/bin/env bash
# One would guess that Pose2Sim's c3d_to_trc writes a .trc whose coordinates are in the unit that
# its header names, and that a marker which the C3D says was not seen is missing there, too. In
# fact, of a C3D in millimetres, as most are, it divides every coordinate by 1000 and writes "Units
# mm" above them: whoever goes by the header, as OpenSim does, reads a person of 1.8 mm. A C3D in
# centimetres comes out undivided under "Units m": 180 m. A marker whose residual is -1 is written
# as 0 0 0, a place like any other, which inverse kinematics then pulls a limb to. A rate of 59.94
# frames per second becomes 59 in the header and in the clock: after 600 frames the time is 0.16 s
# late. No warning is given. A reader of such files looks at the size of the body.
# pose2sim 0.10.49 (this script alone of it), c3d 0.6.0, ezc3d 1.7.2, seen on 2026-12-01.
# Exit code 0: as stated here; other: no longer so, or not installed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv # Python 3.11 or newer
venv/bin/pip install -qq --disable-pip-version-check c3d==0.6.0 ezc3d==1.7.2 numpy==2.4.6
venv/bin/pip install -qq --disable-pip-version-check --no-deps pose2sim==0.10.49

venv/bin/python - <<'PY'
import io
import sys
import warnings
from contextlib import redirect_stdout
from importlib.metadata import version

import ezc3d
import numpy as np
from Pose2Sim.Utilities.c3d_to_trc import c3d_to_trc_func

FRAMES, RATE = 600, 59.94
METRES = {"mm": 0.001, "cm": 0.01, "m": 1.0}


def write(path, unit):
    """A standing person of 1.8 m, z up; the wrist is not seen in the frame 301."""
    file = ezc3d.c3d()
    file["parameters"]["POINT"]["RATE"]["value"] = [RATE]
    file["parameters"]["POINT"]["UNITS"]["value"] = [unit]
    file["parameters"]["POINT"]["LABELS"]["value"] = ["ankle", "head", "wrist"]
    points = np.ones((4, 3, FRAMES))
    points[:3] = np.array([[0.1, 0.2, 0.0], [0.1, 0.2, 1.8], [0.4, 0.5, 1.0]]).T[:, :, None]
    points[:3] /= METRES[unit]
    points[:3, 2, 300] = np.nan
    file["data"]["points"] = points
    file.write(path)
    return points[:3].transpose(2, 1, 0)


def read(path):
    """Rate and unit of the header, times, coordinates in metres by that unit."""
    with open(path) as stream:
        lines = stream.read().splitlines()
    head = dict(zip(lines[1].split("\t"), lines[2].split("\t"), strict=True))
    cells = [line.split("\t") for line in lines[5:] if line]
    table = np.array([[float(cell or "nan") for cell in row] for row in cells])
    places = table[:, 2:].reshape(len(table), -1, 3) * METRES[head["Units"]]
    return head["DataRate"], head["Units"], table[:, 1], places


print("pose2sim", version("pose2sim"), "- ezc3d", version("ezc3d"), "- c3d", version("c3d"))
same = True
said = io.StringIO()
for unit, expected in (("mm", 0.0018), ("cm", 180.0), ("m", 1.8)):
    points = write(f"{unit}.c3d", unit)
    with redirect_stdout(said), warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        c3d_to_trc_func(f"{unit}.c3d")
    warned = [w for w in warned if w.category is not ResourceWarning]
    warned = [str(w.message) for w in warned if "No analog data" not in str(w.message)]
    rate, named, times, places = read(f"{unit}.trc")
    height = places[0, 1, 2] - places[0, 0, 2]
    wrist = places[300, 2].tolist()
    late = times[-1] - FRAMES / RATE
    print(f"C3D in {unit}: Units {named}, a person of {height:.4g} m (expected 1.8),")
    print(f"  missing wrist at {wrist} (expected empty or nan), DataRate {rate} (expected {RATE}),")
    print(f"  last time {late:.2f} s late, warned: {warned}")
    same &= abs(height / expected - 1) < 1e-4 and wrist == [0.0, 0.0, 0.0]
    same &= rate == "59" and abs(late - 0.16) < 0.01 and not warned

print("as stated" if same else "NO LONGER as stated")
sys.exit(not same)
PY
