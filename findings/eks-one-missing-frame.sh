#!/usr/bin/env bash
# One would guess that EKS, the smoother of Lightning Pose, bridges a frame in which no member of its
# ensemble has found a body part (x, y and likelihood empty, as SLEAP's and sleap-io's tables leave
# it), since it smooths over time and gives such a frame a variance of 1000. In fact its csv then has
# no x and y of that part in any frame: 120 of 120 are empty for one frame missed, also with a
# smoothing parameter that is given. The likelihoods stay, 0.95 in 119 frames, and the only word is
# NumPy's, on degrees of freedom.
# Where one of four members misses the part in one frame, the place in it is there and right, and its
# likelihood is empty: who reads an empty likelihood as not seen loses a good joint.
# ensemble-kalman-smoother 4.6.2 (jax 0.4.36), seen on 2026-12-01.
# Exit code 0: as stated here; other: no longer so, or not installed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv # Python 3.11 or 3.12
venv/bin/pip install -qq --disable-pip-version-check ensemble-kalman-smoother==4.6.2 \
    jax==0.4.36 jaxlib==0.4.36 numpy==2.4.6 pandas==3.1.1 2> /dev/null

venv/bin/python - <<'PY' 2> /dev/null
import os

import numpy as np
import pandas as pd
from eks.singlecam_smoother import fit_eks_singlecam

FRAMES, PARTS = 120, ["nose", "tail"]
t = np.arange(FRAMES) / 30
truth = np.stack(
    [np.stack([300 + 60 * np.sin(t + k), 200 + 40 * np.cos(1.3 * t + k)], -1) for k in range(2)], 1
)


def smoothed(name, missing, **options):
    """The csv that is written where these of four members miss the tail in frame 60."""
    os.makedirs(name)
    files = []
    for member in range(4):
        place = truth + np.random.default_rng(member).normal(0, 2, truth.shape)
        rows = np.concatenate([place, np.full((FRAMES, 2, 1), 0.95)], -1)
        if member in missing:
            rows[60, 1] = np.nan
        columns = pd.MultiIndex.from_product(
            [[f"model{member}"], PARTS, ["x", "y", "likelihood"]],
            names=["scorer", "bodyparts", "coords"],
        )
        files.append(f"{name}/{member}.csv")
        pd.DataFrame(rows.reshape(FRAMES, -1), columns=columns).to_csv(files[-1])
    fit_eks_singlecam(files, f"{name}/out/eks.csv", **options)
    table = pd.read_csv(f"{name}/out/eks.csv", header=[0, 1, 2], index_col=0)
    return table["ensemble-kalman_tracker"]


def counted(name, missing, **options):
    table = smoothed(name, missing, **options)
    found = {
        part: (int(table[part].x.isna().sum()), int(table[part].likelihood.isna().sum()))
        for part in PARTS
    }
    print(f"{name}: empty x and likelihoods of {FRAMES} frames: {found}")
    return found, table


assert counted("none", [])[0] == {"nose": (0, 0), "tail": (0, 0)}
found, table = counted("one", [0])
assert found == {"nose": (0, 0), "tail": (0, 1)}
assert np.hypot(table["tail"].x[60] - truth[60, 1, 0], table["tail"].y[60] - truth[60, 1, 1]) < 5
for name, options in (("all", {}), ("given", {"smooth_param": 10.0})):
    found, table = counted(name, [0, 1, 2, 3], **options)
    assert found == {"nose": (0, 0), "tail": (FRAMES, 1)}
    assert (table["tail"].likelihood.dropna() > 0.94).all()
    assert table["tail"].x_ens_median.isna().sum() == 1 and table["tail"].x_ens_var[60] == 1000
print("as stated")
PY
