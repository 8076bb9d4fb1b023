#!/usr/bin/env bash
# One would guess that cv2.recoverPose(E, points1, points2, K) counts the points in front of both
# cameras for each of the four poses that E allows and returns the pose with the most. In fact a
# point counts only if it lies nearer than 50 times the distance between the cameras; of the five
# ways to call it, the one with `distanceThresh` alone says that there is such a limit, and none
# says 50 or its unit. For a stereo camera of 12 cm that is 6 m: of a person at 8 m, exact pixels and
# exact E, no point counts for any pose, and the pose returned is the one that is tried first, here
# turned by 180 degrees. No error is raised; the count of 0 is the only trace. With the limit
# crossing the scene, the count is that of the near points alone. distanceThresh=1e9 is the way out.
# opencv-python-headless 4.13.0.92 and 5.0.0.93, seen on 2026-11-30.
# Exit code 0: as stated here; other: no longer so, or not installed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >show.py <<'PY'
import sys

import cv2
import numpy as np


def degrees(a, b):
    return np.degrees(np.arccos(np.clip((np.trace(a @ b.T) - 1) / 2, -1, 1)))


K = np.array([[1400, 0, 960.0], [0, 1400, 540], [0, 0, 1]])
R = cv2.Rodrigues(np.array([0.01, 0.03, -0.02]))[0]
t = np.array([-0.12, 0.0, 0.003])  # m
E = np.array([[0, -t[2], t[1]], [t[2], 0, -t[0]], [-t[1], t[0], 0]]) @ R
print("OpenCV", cv2.__version__)
same = True
for depth, stated, turn in ((3.0, 500, 0), (6.0, None, 0), (8.0, 0, 180)):
    places = np.random.default_rng(0).uniform(-1, 1, (500, 3)) * [0.8, 1, 0.4] + [0, 0, depth]
    one, two = (
        cv2.projectPoints(places, cv2.Rodrigues(r)[0], p, K, None)[0].reshape(-1, 2)
        for r, p in ((np.eye(3), np.zeros(3)), (R, t))
    )
    count, found = cv2.recoverPose(E, one, two, K)[:2]
    far, right = cv2.recoverPose(E, one, two, K, distanceThresh=1e9)[:2]
    near = (places[:, 2] < 50 * np.linalg.norm(t)).sum()
    print(f"  at {depth} m, {near} of 500 points nearer than 50 baselines: expected 500 points, 0")
    print(f"    degrees off; seen {count} points, {degrees(found, R):.0f} degrees off;")
    print(f"    with distanceThresh=1e9: {far} points, {degrees(right, R):.0f} degrees off")
    same &= abs(count - near) < 50 and (stated is None or count == stated)
    same &= abs(degrees(found, R) - turn) < 1 and far == 500 and degrees(right, R) < 1
sys.exit(not same)
PY
same=yes
for release in 4.13.0.92 5.0.0.93; do
    "${PYTHON:-python3}" -m venv "venv$release" # Python 3.11 or newer
    "venv$release/bin/pip" install -qq --disable-pip-version-check \
        "opencv-python-headless==$release" numpy==2.4.6
    "venv$release/bin/python" show.py || same=no
done
if [[ $same == yes ]]; then echo "as stated"; else
    echo "NO LONGER as stated"
    exit 1
fi
