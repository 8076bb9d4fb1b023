#!/usr/bin/env bash
# One would guess that cv2.undistortPoints inverts cv2.projectPoints for every pixel of the image
# as long as the lens model is one to one there. In fact it makes five fixed-point steps and
# stops, converged or not, without a word. With a common wide barrel lens (k1 -0.3, k2 0.08, a
# full HD image 116 degrees wide from corner to corner; distorted radius grows with the true one
# for ever, so each pixel has exactly one ray) half of the image is good to a twentieth of a
# pixel, but 13 % of it is off by more than 1 px and the corners by 22 px, 7 cm at 3 m. Given
# criteria, the same iteration is exact. So hands and feet near the border are triangulated wrong
# from a right calibration. OpenCV 4 takes criteria in cv2.undistortPointsIter only; OpenCV 5 has
# no such function and takes them in undistortPoints, still with five steps by default: code for
# both has to ask which it has. opencv-python-headless 4.13.0.92 and 5.0.0.93, seen on 2026-11-29.
# Exit code 0: as stated here; other: no longer so, or not installed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >check.py <<'PY'
import sys

import cv2
import numpy as np

WIDTH, HEIGHT, FOCAL, DEPTH = 1920, 1080, 900.0, 3.0
K = np.array([[FOCAL, 0, WIDTH / 2], [0, FOCAL, HEIGHT / 2], [0, 0, 1]])
LENS = np.array([-0.3, 0.08, 0.0, 0.0, 0.0])
UNTIL_EXACT = (cv2.TERM_CRITERIA_COUNT + cv2.TERM_CRITERIA_EPS, 200, 1e-12)

radius = np.linspace(0, 5, 5001)
one_to_one = bool((np.diff(radius * (1 + LENS[0] * radius**2 + LENS[1] * radius**4)) > 0).all())

# Every eighth pixel of the image, undistorted with and without criteria.
grid = np.meshgrid(np.linspace(0, WIDTH, 241), np.linspace(0, HEIGHT, 136))
pixels = np.stack(grid, -1).reshape(-1, 2)
default = cv2.undistortPoints(pixels[:, None], K, LENS)[:, 0]
has_iter = hasattr(cv2, "undistortPointsIter")
if has_iter:
    exact = cv2.undistortPointsIter(pixels[:, None], K, LENS, None, None, UNTIL_EXACT)[:, 0]
else:
    exact = cv2.undistortPoints(pixels[:, None], K, LENS, criteria=UNTIL_EXACT)[:, 0]


def returned(rays):
    """How far, in pixels, the lens puts each ray from the pixel that it was made from."""
    points = np.c_[rays, np.ones(len(rays))]
    again = cv2.projectPoints(points, np.zeros(3), np.zeros(3), K, LENS)[0].reshape(-1, 2)
    return np.linalg.norm(again - pixels, axis=1)


wide = 2 * np.degrees(np.arctan(np.linalg.norm(exact, axis=1).max()))
off = np.linalg.norm(default - exact, axis=1)  # one to one: what returns is the ray
median, worst, share = np.median(off) * FOCAL, off.max() * FOCAL, (off * FOCAL > 1).mean()
print(f"OpenCV {cv2.__version__}; {wide:.0f} degrees wide; lens one to one: {one_to_one}")
print("  expected: every pixel returns to itself, within 0.01 px")
print(f"  seen, with criteria: returns within {returned(exact).max():.1e} px")
print(f"  seen, default: returns within {returned(default).max():.1f} px; against the exact rays")
away = off.max() * DEPTH * 1000
print(f"    median {median:.3f} px, worst {worst:.1f} px, {away:.0f} mm at {DEPTH:g} m,")
print(f"    {share:.1%} of the image off by more than 1 px")
print(f"  undistortPointsIter there: {has_iter}")
same = one_to_one and returned(exact).max() < 1e-6 and returned(default).max() > 5
same = same and worst > 5 and share > 0.05
same = same and has_iter == cv2.__version__.startswith("4.")
print("  as stated" if same else "  NO LONGER as stated")
sys.exit(not same)
PY

failed=0
for version in 4.13.0.92 5.0.0.93; do
    "${PYTHON:-python3}" -m venv "venv-$version" # Python 3.11 or newer
    "venv-$version/bin/pip" install -qq --disable-pip-version-check \
        "opencv-python-headless==$version" numpy==2.4.6
    "venv-$version/bin/python" check.py || failed=1
done
exit "$failed"
