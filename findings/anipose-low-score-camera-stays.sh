#!/usr/bin/env bash
# One would guess that anipose's `animal_calibration = true` adjusts every camera that has good 2D
# detections, "good" by a setting such as [triangulation] score_threshold, or says which it does
# not. In fact it keeps a detection if its score reaches the 90th percentile of all cameras' scores,
# at least 0.8 and at most 0.95, and no setting changes that. Where three cameras' scores lie
# between 0.9 and 1 and the fourth's between 0.6 and 0.94, as a view from below or the side has
# them, the fourth loses every detection: it stays 3 degrees off, while the error that is returned,
# which goes into calibration.toml with adjusted = true, is that of the other three and looks
# perfect. The only trace is that the printed errors, by pair of cameras, have no pair with it. Of
# scores that all lie between 0.8 and 0.95, 1 detection in 40 is used. Compare the cameras before
# and after.
# anipose 1.1.24, aniposelib 0.8.0, seen on 2026-11-30.
# Exit code 0: as stated here; other: no longer so, or not installed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv # Python 3.11 or newer
venv/bin/pip install -qq --disable-pip-version-check aniposelib==0.8.0 \
    opencv-contrib-python==4.13.0.92 numpy==2.4.6 scipy==1.17.1 pandas==3.1.1 toml==0.10.2
venv/bin/pip install -qq --disable-pip-version-check --no-deps anipose==1.1.24

venv/bin/python - <<'PY'
import contextlib
import io
import sys
from importlib.metadata import version

import cv2
import numpy as np
from anipose.calibrate import process_points_for_calibration
from aniposelib.cameras import Camera, CameraGroup

FRAMES, JOINTS = 500, 5


def turned(*rvec):
    return cv2.Rodrigues(np.array(rvec, float))[0]


def rig(bump=0.0):
    """Four cameras around a volume of 160 mm; the last turned by `bump` degrees."""
    cameras = []
    for name, angle in (("A", -0.9), ("B", -0.3), ("C", 0.3), ("D", 0.9)):
        wrong = turned(0, np.radians(bump) * (name == "D"), 0)
        cameras.append(
            Camera(
                matrix=np.array([[900, 0, 320.0], [0, 900, 240], [0, 0, 1]]),
                dist=np.zeros(5),
                size=(640, 480),
                rvec=cv2.Rodrigues(wrong @ turned(0.3, 0, 0) @ turned(0, angle, 0))[0].ravel(),
                tvec=[0, 0, 500.0],
                name=name,
            )
        )
    return CameraGroup(cameras)


def off(group):
    """Degrees by which the last camera is turned against the first, other than in truth."""
    pairs = []
    for cameras in (group.cameras, rig().cameras):
        pairs.append(turned(*cameras[3].get_rotation()) @ turned(*cameras[0].get_rotation()).T)
    return np.degrees(np.arccos(np.clip((np.trace(pairs[0] @ pairs[1].T) - 1) / 2, -1, 1)))


print("anipose", version("anipose"), "- aniposelib", version("aniposelib"))
rng = np.random.default_rng(0)
np.random.seed(0)
places = rng.uniform(-80, 80, (FRAMES * JOINTS, 3))  # mm
pixels = rig().project(places).reshape(4, FRAMES, JOINTS, 2)
pixels += rng.normal(0, 0.5, pixels.shape)
kept, left, errors = {}, {}, {}
high = (0.9, 1.0)
for label, ranges in (
    ("all 0.90 to 1", [high] * 4),
    ("D 0.60 to 0.94", [high] * 3 + [(0.6, 0.94)]),
    ("all 0.80 to 0.95", [(0.8, 0.95)] * 4),
):
    scores = np.stack([rng.uniform(*r, (FRAMES, JOINTS)) for r in ranges])
    found = process_points_for_calibration(pixels, scores)
    kept[label] = (~np.isnan(found[..., 0])).sum(axis=1)
    group = rig(bump=3.0)
    with contextlib.redirect_stdout(io.StringIO()):  # settings of anipose's own call, quicker
        errors[label] = group.bundle_adjust_iter(
            found, ftol=1e-4, n_iters=4, n_samp_iter=100, n_samp_full=200, max_nfev=200
        )
    left[label] = off(group)
    print(f"  scores {label}: of {FRAMES * JOINTS} detections per camera {kept[label]} are used,")
    print(f"    D 3 degrees off before, {left[label]:.2f} after, error {errors[label]:.2f} px")
print("expected: most detections used and D adjusted in all three")
good, low, even = kept
same = kept[good].min() > 900 and left[good] < 0.3 and kept[low][:3].min() > 800
same &= kept[low][3] == 0 and abs(left[low] - 3) < 0.2 and errors[low] < 0.5
same &= kept[even].max() < 250
print("as stated" if same else "NO LONGER as stated")
sys.exit(not same)
PY
