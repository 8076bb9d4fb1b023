#!/usr/bin/env bash
# One would guess that keypoint_moseq.load_keypoints(path, "anipose") reads each joint of an anipose
# table, or says which it does not. In fact it looks for \w+_x,\w+_y,\w+_z in the header: joints
# whose names hold a hyphen, a blank or a dot ("left-ear", "tail base", "paw.1"), which DeepLabCut,
# SLEAP and anipose allow, are left out without a word, and with them their place in the order. A
# model of the rest is fitted; nothing but the list of body parts tells. Whoever writes such tables
# for it uses letters, digits and _. keypoint-moseq 0.8.1, seen on 2026-11-30.
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
import pandas as pd
import keypoint_moseq as kpms

NAMES = ["nose", "left-ear", "tail base", "paw.1", "paw_2", "Ohr_rechts"]
table = pd.DataFrame()  # as anipose's triangulate.py makes it
for number, name in enumerate(NAMES):
    for axis in "xyz":
        table[f"{name}_{axis}"] = np.full(30, float(number))
    table[f"{name}_error"], table[f"{name}_ncams"], table[f"{name}_score"] = 1.0, 2.0, 0.9
for i in range(3):
    for j in range(3):
        table[f"M_{i}{j}"] = float(i == j)
for i in range(3):
    table[f"center_{i}"] = 0.0
table["fnum"] = np.arange(30)
table.to_csv("mouse.csv", index=False)

with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    coordinates, _, found = kpms.load_keypoints("mouse.csv", "anipose")
said = [str(w.message) for w in said if "ear" in str(w.message) or "bodypart" in str(w.message)]
print("keypoint-moseq", version("keypoint-moseq"))
print(f"  expected: {NAMES}")
print(f"  seen: {found}, coordinates {coordinates['mouse'].shape}, warnings {said}")
kept = ["nose", "paw_2", "Ohr_rechts"]
same = found == kept and coordinates["mouse"].shape == (30, 3, 3) and not said
same &= coordinates["mouse"][0, :, 0].tolist() == [0.0, 4.0, 5.0]
print("as stated" if same else "NO LONGER as stated")
sys.exit(not same)
PY
