#!/usr/bin/env bash
# One would guess that pyomeca's markers.meca.interpolate_missing_data() fills the gaps between two
# frames in which a marker was seen, and leaves missing what lies before the first or after the
# last, as xarray's interpolate_na, by which it works, does; its documentation says "interpolate"
# alone. In fact what is left is set to 0: a marker that comes into view late stands at the
# laboratory's origin until then, 1.2 m away, and one that is never seen stays there for ever. No
# warning is given, and nothing marks these frames. A low pass after it, which needs data without
# NaN and is what one fills for, carries the jump into the good frames: half a metre off where the
# marker comes into view, 3 cm a tenth of a second later. xarray's interpolate_na("time") fills the
# gaps alone. pyomeca 2026.0.2, xarray 2026.9.0, seen on 2026-12-01.
# Exit code 0: as stated here; other: no longer so, or not installed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv # Python 3.11 or newer
venv/bin/pip install -qq --disable-pip-version-check \
    pyomeca==2026.0.2 xarray==2026.9.0 numpy==2.4.6 scipy==1.17.1

venv/bin/python - <<'PY'
import sys
import warnings
from importlib.metadata import version

import numpy as np
from pyomeca import Markers

RATE = 100
time = np.arange(200) / RATE
true = np.stack([300 + 100 * time, 0 * time + 400, 0 * time + 1100])  # mm
seen = np.stack([true, true, true], axis=1)  # axes, markers, frames
seen[:, 0, 80:85] = np.nan  # a gap
seen[:, 1, :60] = np.nan  # comes into view late
seen[:, 2] = np.nan  # never seen
markers = Markers(seen, ["gap", "late", "never"], time, attrs={"rate": RATE, "units": "mm"})
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    filled = markers.meca.interpolate_missing_data()
    smooth = filled.meca.low_pass(order=2, cutoff=6)
by_xarray = markers.interpolate_na("time")[:3]

off = np.linalg.norm(filled.values[:3] - true[:, None], axis=0)  # mm; markers, frames
print("pyomeca", version("pyomeca"), "- xarray", version("xarray"))
print(f"gap of 5 frames: filled to {off[0].max():.2g} mm")
first, never = filled.values[:3, 1, :60], filled.values[:3, 2]
print(f"before it is seen: {first[:, 0].tolist()}, {off[1, 0]:.0f} mm away (expected nan)")
print(f"never seen: {never[:, 0].tolist()} (expected nan)")
print("warnings:", [str(w.message) for w in said])
smeared = np.linalg.norm(smooth.values[:3, 1] - true, axis=0)
for frame in (60, 65, 70, 80):
    print(f"after a low pass of 6 Hz, {frame - 60} frames on: {smeared[frame]:.0f} mm off")
same = smeared[60] > 500 and smeared[70] > 30
same &= off[0].max() < 1e-6 and not first.any() and not never.any() and off[1, 60:].max() == 0
same &= np.isnan(by_xarray.values[:, 1, :60]).all() and np.isnan(by_xarray.values[:, 2]).all()
same &= not np.isnan(by_xarray.values[:, 0]).any() and not said
print("as stated" if same else "NO LONGER as stated")
sys.exit(not same)
PY
