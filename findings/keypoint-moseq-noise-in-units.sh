#!/usr/bin/env bash
# One would guess that keypoint-moseq takes keypoints in any unit of length, as it says none: its
# default noise, which format_data adds "to prevent degenerate solutions", "proportional to
# added_noise_level", would be small against the animal. In fact it is uniform in +-0.1 units of the
# file, whatever they are. In pixels or millimetres that is nothing. In metres, the unit of C3D-like
# pipelines and of NWB, it is +-10 cm on each coordinate: of a mouse nothing is left in the
# array that the model is fitted to, and no warning is given. A file for keypoint-moseq is best in
# millimetres. keypoint-moseq 0.8.1, seen on 2026-11-30.
# Exit code 0: as stated here; other: no longer so, or not installed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv # Python 3.11 or newer
venv/bin/pip install -qq --disable-pip-version-check \
    keypoint-moseq==0.8.1 jax-moseq==0.3.7 numpy==2.4.6 pandas==3.1.1

venv/bin/python - 2>/dev/null <<'PY'
import sys
import warnings
from importlib.metadata import version

import numpy as np
import keypoint_moseq as kpms

# A mouse that walks in a line, millimetres: nose, back and tail base, 40 mm from each other.
time = np.arange(200)[:, None, None]
body = np.array([[80.0, 0, 20], [40, 0, 25], [0, 0, 20]])
mouse = body + time * [2.0, 0, 0] + 0.5 * np.sin(time / 5 + np.arange(3)[:, None])

print("keypoint-moseq", version("keypoint-moseq"))
same, seen = True, {}
for unit, length in (("mm", 1.0), ("m", 1000.0)):
    given = mouse / length
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        data, _ = kpms.format_data({"mouse": given}, {"mouse": np.ones(given.shape[:2])})
    inside = np.asarray(data["mask"])[0].astype(bool)
    fitted = np.asarray(data["Y"])[0][inside] * length
    off = np.abs(fitted - mouse).max()
    bone = np.linalg.norm(fitted[:, 0] - fitted[:, 1], axis=-1)
    true = np.linalg.norm(mouse[:, 0] - mouse[:, 1], axis=-1)
    warned = [str(w.message) for w in said if "nois" in str(w.message) or "scale" in str(w.message)]
    print(f"  the same mouse in {unit}: expected coordinates within 0.1 mm, nose to back 40 mm;")
    print(f"    seen within {off:.1f} mm, nose to back {bone.min():.0f} to {bone.max():.0f} mm,")
    print(f"    given {true.min():.0f} to {true.max():.0f} mm; warnings {warned}")
    seen[unit] = off
    same &= not warned
same &= seen["mm"] < 0.11 and 95 < seen["m"] < 101
print("as stated" if same else "NO LONGER as stated")
sys.exit(not same)
PY
