#!/usr/bin/env bash
# One would guess that aniposelib's CameraGroup.bundle_adjust and bundle_adjust_iter, given cameras
# with intrinsics from elsewhere (a calibration.toml has five distortions, fx and fy), refine what
# they adjust and keep the rest; at the least that cameras which are right stay right. In fact a
# camera is written back from its pose, one focal length and k1 (and k2 with extra_dist=True): k2,
# p1, p2 and k3 become 0, as do k2 to k4 of a FisheyeCamera, and fy becomes fx. That happens before
# every computation of the error, so pose and points bend to make up for it. With a perfect rig of
# wide lenses and pixels without noise, the reprojection error goes from 0 to 0.3 px and lengths of
# 20 cm are up to 12 mm off; the error that is returned looks good, and nothing warns. anipose's
# option `calibration_init`, for such a file, leaves out the step that estimates intrinsics and ends
# in this call. only_extrinsics=True is the way out: all intrinsics stay as they are.
# aniposelib 0.8.0, seen on 2026-12-01.
# Exit code 0: as stated here; other: no longer so, or not installed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv # Python 3.11 or newer
venv/bin/pip install -qq --disable-pip-version-check \
    aniposelib==0.8.0 opencv-contrib-python==4.13.0.92 numpy==2.4.6 scipy==1.17.1

venv/bin/python - <<'PY'
import contextlib
import io
import sys
from importlib.metadata import version

import cv2
import numpy as np
from aniposelib.cameras import Camera, CameraGroup, FisheyeCamera

WIDE = [-0.28, 0.12, 0.001, -0.0008, -0.03]  # k1 k2 p1 p2 k3
FISHEYE = [-0.03, 0.012, -0.008, 0.002]  # k1 to k4
FX, FY = 900.0, 904.0  # px
SIZE = (1280, 720)


def turned(*rvec):
    return cv2.Rodrigues(np.array(rvec, float))[0]


def rig(kind, lens, extra_dist):
    """Four cameras in a half circle, 3 m from the middle."""
    matrix = np.array([[FX, 0, SIZE[0] / 2], [0, FY, SIZE[1] / 2], [0, 0, 1]])
    return CameraGroup(
        [
            kind(
                matrix=matrix.copy(),
                dist=np.array(lens),
                size=SIZE,
                rvec=cv2.Rodrigues(turned(0.3, 0, 0) @ turned(0, angle, 0))[0].ravel(),
                tvec=np.array([0, 0, 3000.0]),
                name=name,
                extra_dist=extra_dist,
            )
            for name, angle in (("A", -0.9), ("B", -0.3), ("C", 0.3), ("D", 0.9))
        ]
    )


def adjust(kind, lens, extra_dist, only_extrinsics):
    """Errors before and after in px, lens and focal lengths after, worst length of a rod in mm."""
    group = rig(kind, lens, extra_dist)
    rng = np.random.default_rng(0)
    ends = rng.uniform(-1500, 1500, (4000, 3)) * [1, 0.6, 1]  # mm
    along = rng.normal(size=ends.shape)
    rods = np.stack([ends, ends + 200 * along / np.linalg.norm(along, axis=1, keepdims=True)], 1)
    pixels = group.project(rods.reshape(-1, 3)).reshape(4, -1, 2, 2)
    seen = ((pixels >= 0) & (pixels < SIZE)).all(axis=(0, 2, 3))
    pixels = pixels[:, seen][:, :200].reshape(4, -1, 2)  # of 200 rods that all cameras see
    before = group.average_error(pixels)
    with contextlib.redirect_stdout(io.StringIO()):
        returned = group.bundle_adjust(pixels.copy(), only_extrinsics=only_extrinsics)
    places = group.triangulate(pixels, progress=False).reshape(-1, 2, 3)
    lengths = np.linalg.norm(places[:, 1] - places[:, 0], axis=1)
    lengths *= 200 / np.median(lengths)  # the scale is free
    camera = group.cameras[0]
    worst = np.abs(lengths - 200).max()
    return before, returned, camera.get_distortions(), camera.get_focal_length(both=True), worst


print("aniposelib", version("aniposelib"))
print(f"perfect cameras, exact pixels, fx {FX}, fy {FY}, lens {WIDE}; expected: all stays")
same = True
for kind, lens, extra in (
    (Camera, WIDE, False),
    (Camera, WIDE, True),
    (FisheyeCamera, FISHEYE, False),
):
    for only_extrinsics in (True, False):
        before, after, dist, focal, worst = adjust(kind, lens, extra, only_extrinsics)
        print(f"  {kind.__name__}, extra_dist={extra}, only_extrinsics={only_extrinsics}:")
        print(f"    error {before:.4f} -> {after:.4f} px, 200 mm off by up to {worst:.2f} mm,")
        print(f"    lens {np.round(dist, 4).tolist()}, fx {focal[0]:.2f}, fy {focal[1]:.2f}")
        stays = np.allclose(dist, lens) and np.allclose(focal, (FX, FY))
        kept = 1 + extra
        gone = not dist[kept:].any() and dist[:kept].all() and focal[0] == focal[1]
        same &= before < 1e-3 and (stays if only_extrinsics else gone)
        same &= after < 1e-3 if only_extrinsics else after > 0.01
        if not only_extrinsics and kind is Camera and not extra:
            same &= after > 0.1 and worst > 5
print("as stated" if same else "NO LONGER as stated")
sys.exit(not same)
PY
