#!/usr/bin/env bash
# One would guess that anipose's option `axes` ([triangulation] axes = [["x", "a", "b"],
# ["y", "c", "d"]]) turns the triangulated points, as its function correct_coordinate_frame says
# ("will rotate the coordinate frame"), whatever joints or corners one names. In fact the two
# directions become the rows of M as they are, scaled to length 1 and not made perpendicular, and
# the points are multiplied by M. Where they are not at right angles, as those between an animal's
# joints never are exactly, space is sheared: lengths and angles change with direction, by up to
# 29 % at 60 degrees and 9 % at 80, in the table that is written, its joint angles and all that read
# it. No warning is given. M_00 to M_22 in the table show it: their singular values are not 1, and
# M^-1 undoes it. A reader of such tables checks them. anipose 1.1.24, seen on 2026-11-30.
# Exit code 0: as stated here; other: no longer so, or not installed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv # Python 3.11 or newer
venv/bin/pip install -qq --disable-pip-version-check \
    aniposelib==0.8.0 opencv-contrib-python==4.13.0.92 numpy==2.4.6 pandas==3.1.1 toml==0.10.2
venv/bin/pip install -qq --disable-pip-version-check --no-deps anipose==1.1.24

venv/bin/python - <<'PY'
import contextlib
import io
import sys
import warnings
from importlib.metadata import version

import numpy as np
from anipose.triangulate import correct_coordinate_frame

NAMES = ["origin", "along", "aside", "tip"]
CONFIG = {
    "triangulation": {
        "reference_point": "origin",
        "axes": [["x", "origin", "along"], ["y", "origin", "aside"]],
    }
}
print("anipose", version("anipose"))
same = True
for degrees, stated in ((90, 0.0), (80, 0.09), (60, 0.29)):
    angle = np.radians(degrees)
    aside = [100 * np.cos(angle), 100 * np.sin(angle), 0]
    body = np.array([[0.0, 0, 0], [100, 0, 0], aside, [70, -70, 0]])
    points = np.repeat(body[None], 30, axis=0) + [10.0, 20, 500]  # mm, 30 frames
    out = io.StringIO()
    with contextlib.redirect_stdout(out), warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        turned, M, _ = correct_coordinate_frame(CONFIG, points, NAMES)
    pairs = [(a, b) for a in range(4) for b in range(a)]
    before, after = (
        np.array([np.linalg.norm(p[0, a] - p[0, b]) for a, b in pairs]) for p in (points, turned)
    )
    worst = np.abs(after / before - 1).max()
    stretch = np.linalg.svd(M, compute_uv=False)
    print(f"  axes {degrees} degrees apart: expected all distances kept;")
    print(f"    seen off by up to {worst:.1%}, singular values of M {stretch.round(3)},")
    print(f"    said {out.getvalue()!r}, {len(said)} warnings")
    back = turned.reshape(-1, 3) @ np.linalg.inv(M.T)
    kept = np.linalg.norm(np.diff(back.reshape(30, 4, 3)[0], axis=0), axis=-1)
    kept -= np.linalg.norm(np.diff(points[0], axis=0), axis=-1)
    same &= abs(worst - stated) < 0.02 and np.abs(kept).max() < 1e-6 and not out.getvalue()
    same &= len(said) == 0
print("as stated" if same else "NO LONGER as stated")
sys.exit(not same)
PY
