#!/usr/bin/env bash
# One would guess that c3d.Writer writes what add_frames is given: a point at (0, 0, 0) whose residual
# is -1, C3D's mark of a missing point. In fact it writes the residual and leaves in place what the
# frame before had: the file holds a plausible place, marked as missing. Readers that look at the
# residual alone are not deceived; OpenSim's C3DFileAdapter, as long as it read by BTK, took a point as
# missing only where its place is zero too. The way out is to write the data block again.
# c3d (py-c3d) 0.6.0, seen on 2026-11-30.
# Exit code 0: as stated here; other: no longer so, or not installed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv # Python 3.11 or newer
venv/bin/pip install -qq --disable-pip-version-check c3d==0.6.0 numpy==2.4.6

venv/bin/python -W ignore - <<'PY'
import io
import sys
from importlib.metadata import version

import c3d
import numpy as np

seen = np.array([[100, 200, 300, 0, 0]], np.float32)
missing = np.array([[0, 0, 0, -1, 0]], np.float32)
writer = c3d.Writer(point_rate=50, point_scale=-1.0, point_units="mm")
writer.set_point_labels(["knee"])
writer.add_frames([(seen, np.zeros((0, 0))), (missing, np.zeros((0, 0)))])
stream = io.BytesIO()
writer.write(stream)

start = 512 * (writer.header.data_block - 1)
rows = np.frombuffer(stream.getvalue(), "<f4", 8, start).reshape(2, 4)
print("c3d", version("c3d"))
print("second frame: given 0, 0, 0, residual -1; expected in the file the same; seen", rows[1])
stream.seek(0)
(_, _, _), (_, read, _) = c3d.Reader(stream).read_frames()
print("its own reader sees", read[0, :4])
same = rows[1].tolist() == [100, 200, 300, -1] and read[0, :4].tolist() == [100, 200, 300, -1]
print("as stated" if same else "NO LONGER as stated")
sys.exit(not same)
PY
