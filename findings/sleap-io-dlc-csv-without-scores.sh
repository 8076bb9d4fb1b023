#!/usr/bin/env bash
# One would guess that sleap_io.save_csv(labels, path, format="dlc"), whose include_score is True
# unless one says otherwise, writes the scores of predicted points as DeepLabCut's `likelihood`. In
# fact it makes the columns and leaves every cell of them empty, without a warning: it asks each
# instance for x and y alone. A reader that drops points below a likelihood, as pandas code with
# `df.likelihood > 0.6` does, then drops all of them. save_csv in its other formats has the scores.
# sleap-io 0.9.5, seen on 2026-11-29.
# Exit code 0: as stated here; other: no longer so, or not installed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv # Python 3.11 or newer
venv/bin/pip install -qq --disable-pip-version-check \
    sleap-io==0.9.5 numpy==2.4.6 pandas==3.1.1

venv/bin/python - <<'PY'
import sys

import numpy as np
import pandas as pd
import sleap_io as sio

skeleton = sio.Skeleton(["nose", "tail"])
shape = {"shape": (3, 480, 640, 3)}
video = sio.Video(filename="side.mp4", open_backend=False, backend_metadata=shape)
frames = [
    sio.LabeledFrame(
        video=video,
        frame_idx=i,
        instances=[
            sio.PredictedInstance.from_numpy(
                np.array([[1.0, 2.0], [3.0, 4.0]]) + i,
                skeleton=skeleton,
                point_scores=np.array([0.9, 0.8]),
                score=0.9,
            )
        ],
    )
    for i in range(3)
]
labels = sio.Labels(frames, videos=[video], skeletons=[skeleton])
sio.save_csv(labels, "dlc.csv", format="dlc")
sio.save_csv(labels, "sleap.csv")
dlc = pd.read_csv("dlc.csv", header=[0, 1, 2], index_col=0)
likelihood = dlc.xs("likelihood", level="coords", axis=1)
places = dlc.drop(columns="likelihood", level="coords")
kept = pd.read_csv("sleap.csv")[["nose.score", "tail.score"]]
print("sleap-io", sio.__version__)
print("expected: a likelihood of 0.9 and 0.8 in each of 3 frames")
print(likelihood.to_string())
print(f"filled cells: {int(likelihood.notna().sum().sum())} of {likelihood.size} likelihoods,",
      f"{int(places.notna().sum().sum())} of {places.size} coordinates")
print("format sleap has:", kept.iloc[0].tolist())
same = likelihood.shape == (3, 2) and likelihood.isna().all(axis=None)
same &= places.notna().all(axis=None) and kept.iloc[0].tolist() == [0.9, 0.8]
print("as stated" if same else "NO LONGER as stated")
sys.exit(not same)
PY
