#!/usr/bin/env bash
# One would guess that an animal whose prediction was corrected by hand is one animal in that
# frame, whatever file it is exported to. In fact the correction (an Instance whose from_predicted
# is the PredictedInstance) is stored next to the prediction that it replaces, and sleap-io drops
# the old one in some places only: Labels.numpy() and the analysis HDF5 hold the correction alone;
# the tables of the .slp, Labels.to_dataframe(), save_csv() and save_coco() hold both, with the
# same track in the same frame. A reader that counts rows sees a second animal; one that keeps the
# last row of a track and frame of the csv keeps the wrong point that somebody has just corrected,
# and triangulation goes wrong in exactly the frames that were looked at. The column
# from_predicted of the .slp names the prediction to leave out; in the csv only the empty score
# tells the two apart, in the COCO file nothing does. sleap-io 0.9.5, seen on 2026-11-29.
# Exit code 0: as stated here; other: no longer so, or not installed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv # Python 3.11 or newer
venv/bin/pip install -qq --disable-pip-version-check \
    sleap-io==0.9.5 numpy==2.4.6 pandas==3.1.1 h5py==3.16.0

venv/bin/python - <<'PY'
import json
import sys

import h5py
import numpy as np
import pandas as pd
import sleap_io as sio

PREDICTED, CORRECTED = 4.0, 30.0  # x of the second point in the middle frame

skeleton = sio.Skeleton(["nose", "tail"], edges=[("nose", "tail")])
shape = {"shape": (3, 480, 640, 3)}
video = sio.Video(filename="side.mp4", open_backend=False, backend_metadata=shape)
track = sio.Track("mouse")
frames = []
for i in range(3):
    predicted = sio.PredictedInstance.from_numpy(
        np.array([[1.0, 2.0], [3.0, 4.0]]) + i,
        skeleton=skeleton,
        point_scores=np.array([0.9, 0.8]),
        score=0.9,
        track=track,
    )
    instances = [predicted]
    if i == 1:
        user = sio.Instance.from_numpy(
            np.array([[2.0, 3.0], [CORRECTED, 40.0]]), skeleton=skeleton, track=track
        )
        user.from_predicted = predicted
        instances.append(user)
    frames.append(sio.LabeledFrame(video=video, frame_idx=i, instances=instances))
labels = sio.Labels(frames, videos=[video], skeletons=[skeleton], tracks=[track])
labels.save("corrected.slp", embed=False, verbose=False)
labels = sio.load_slp("corrected.slp", open_videos=False)  # as anybody gets it

seen = {}  # x of "tail" in the middle frame, once for each time the animal is there
with h5py.File("corrected.slp") as f:
    table = f["instances"][:]
    rows = [r for r in table if r["frame_id"] == f["frames"][1]["frame_id"]]
    points = {0: f["points"][:], 1: f["pred_points"][:]}
    tails = [points[int(r["instance_type"])][int(r["point_id_start"]) + 1] for r in rows]
    seen["tables of the .slp"] = [float(tail["x"]) for tail in tails]
    named = {int(r["from_predicted"]) for r in rows if r["from_predicted"] >= 0}
    left = [int(r["instance_type"]) for r in rows if int(r["instance_id"]) not in named]
data = labels.to_dataframe()
seen["Labels.to_dataframe()"] = data[(data.frame_idx == 1) & (data.node == "tail")].x.tolist()
sio.save_csv(labels, "corrected.csv")
data = pd.read_csv("corrected.csv")
seen["save_csv()"] = data[data.frame_idx == 1]["tail.x"].tolist()
sio.save_coco(labels, "corrected.json")
with open("corrected.json") as f:
    coco = json.load(f)
image = coco["images"][1]["id"]
seen["save_coco()"] = [a["keypoints"][3] for a in coco["annotations"] if a["image_id"] == image]
seen["Labels.numpy()"] = labels.numpy()[1, :, 1, 0].tolist()
sio.save_analysis_h5(labels, "corrected.h5")
with h5py.File("corrected.h5") as f:
    seen["save_analysis_h5()"] = f["tracks"][:, 0, 1, 1].tolist()

print("sleap-io", sio.__version__)
print(f"one animal, three frames, the middle one corrected: tail x {PREDICTED} -> {CORRECTED}")
same = True
for name, xs in seen.items():
    once = name in ("Labels.numpy()", "save_analysis_h5()")
    print(f"  {name}: expected [{CORRECTED}]; seen {xs}")
    same &= sorted(xs) == ([CORRECTED] if once else [PREDICTED, CORRECTED])
print("  tables of the .slp without what from_predicted names: correction alone:", left == [0])
same &= left == [0]
print("as stated" if same else "NO LONGER as stated")
sys.exit(not same)
PY
