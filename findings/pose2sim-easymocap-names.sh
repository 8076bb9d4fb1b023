#!/usr/bin/env bash
# One would guess that a calibration which pose2sim writes for EasyMocap can be read by the names
# in its own list `names`, as EasyMocap reads it: for each listed camera NAME the matrices K_NAME,
# dist_NAME, R_NAME, Rot_NAME and T_NAME. In fact Pose2Sim.Utilities.calib_toml_to_easymocap lists
# the names of the toml but numbers the matrices by place: K_1, K_2, K_3. So cameras named cam01,
# cam02, cam03 lose every matrix, and cameras named with numbers in another order than 1, 2, 3 get
# each other's without a word: a reconstruction from swapped cameras looks like bad 2D detections.
# Only the names 1, 2, 3 in that order come through. Whoever reads such files pairs by place, and
# checks a focal length. pose2sim 0.10.49, seen on 2026-11-29.
# Exit code 0: as stated here; other: no longer so, or not installed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv # Python 3.11 or newer
venv/bin/pip install -qq --disable-pip-version-check --no-deps \
    pose2sim==0.10.49 opencv-python-headless==4.13.0.92 numpy==2.4.6 rtoml==0.14.0

venv/bin/python - <<'PY'
import contextlib
import io
import pathlib
import sys
from importlib.metadata import version

import cv2
from Pose2Sim.Utilities.calib_toml_to_easymocap import calib_toml_to_easymocap_func

FOCALS = (900.0, 1000.0, 1100.0)  # tells the cameras apart


def convert(names):
    """For each listed name: focal length in K_NAME or None, T_NAME there or not; all keys K_*."""
    folder = pathlib.Path("_".join(names))
    folder.mkdir()
    tables = [
        f'[{name}]\nname = "{name}"\nsize = [1920.0, 1080.0]\n'
        f"matrix = [[{focal}, 0.0, 960.0], [0.0, {focal}, 540.0], [0.0, 0.0, 1.0]]\n"
        f"distortions = [-0.1, 0.01, 0.0, 0.0]\nrotation = [0.1, {place}.0, 0.2]\n"
        f"translation = [0.0, 1.0, 4.0]\nfisheye = false\n"
        for place, (name, focal) in enumerate(zip(names, FOCALS))
    ]
    tables.append("[metadata]\nadjusted = false\nerror = 0.0\n")
    (folder / "Calib.toml").write_text("\n".join(tables))
    with contextlib.redirect_stdout(io.StringIO()):
        calib_toml_to_easymocap_func(str(folder / "Calib.toml"))
    lens = cv2.FileStorage(str(folder / "Intrinsic.yml"), cv2.FILE_STORAGE_READ)
    place = cv2.FileStorage(str(folder / "Extrinsic.yml"), cv2.FILE_STORAGE_READ)
    listed = lens.getNode("names")
    listed = [listed.at(i).string() for i in range(listed.size())]
    assert listed == list(names), listed
    matrices = [lens.getNode(f"K_{name}").mat() for name in listed]
    found = [None if m is None else float(m[0, 0]) for m in matrices]
    where = [place.getNode(f"T_{name}").mat() is not None for name in listed]
    keys = [k for k in lens.root().keys() if k.startswith("K_")]
    return found, where, keys


print("pose2sim", version("pose2sim"), "- OpenCV", cv2.__version__)
print("focal lengths given, by place:", list(FOCALS))
same = True
for names, seen, there in (
    (("1", "2", "3"), [900.0, 1000.0, 1100.0], [True] * 3),
    (("cam01", "cam02", "cam03"), [None] * 3, [False] * 3),
    (("2", "1", "3"), [1000.0, 900.0, 1100.0], [True] * 3),
):
    found, where, keys = convert(names)
    print(f"names {list(names)}, matrices {keys}")
    print(f"  expected by name: {list(FOCALS)}; seen: {found}; translations there: {where}")
    same &= found == seen and where == there and keys == ["K_1", "K_2", "K_3"]
print("as stated" if same else "NO LONGER as stated")
sys.exit(not same)
PY
