#!/usr/bin/env bash
# One would guess that sleap_anipose.triangulate pairs the animals of the views by the names of
# their tracks, `track_names` of each *analysis.h5. In fact it pairs them by their position in the
# file, and never reads the names: where one view's project has its tracks in another order, each
# "animal" is made of the female in one view and of the male in the others, without a warning.
# sleap-anipose 0.1.8, seen on 2026-11-30.
# Exit code 0: as stated here; other: no longer so, or not installed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv # Python 3.11
venv/bin/pip install -qq --disable-pip-version-check sleap-anipose==0.1.8 aniposelib==0.5.1 \
    numpy==1.26.4 sleap-io==0.9.5

venv/bin/python -W ignore - 2>/dev/null <<'PY'
import sys
from pathlib import Path

import numpy as np
import sleap_anipose
import sleap_io as sio
from aniposelib.cameras import Camera, CameraGroup

TURNS = {"back": -0.6, "side": 0.0, "top": 0.7}
group = CameraGroup(
    [
        Camera(
            matrix=np.array([[900, 0, 320.0], [0, 900, 240], [0, 0, 1]]),
            dist=np.zeros(5),
            size=(640, 480),
            rvec=np.array([0.3 * turn, turn, 0.0]),
            tvec=np.array([0, 0, 500.0]),
            name=name,
        )
        for name, turn in TURNS.items()
    ]
)
rng = np.random.default_rng(0)
body = rng.uniform(-10, 10, (3, 3))
path = np.cumsum(rng.normal(0, 0.5, (30, 1, 3)), 0)
animals = {"female": body + path + [-40, 0, 0], "male": body + path + [40, 10, 0]}
skeleton = sio.Skeleton(["nose", "neck", "tail"])


def session(folder, order_of_side):
    for view, name in enumerate(TURNS):
        place = Path(folder, name)
        place.mkdir(parents=True)
        shape = {"shape": (30, 480, 640, 3)}
        video = sio.Video(filename=f"{name}.mp4", open_backend=False, backend_metadata=shape)
        tracks = {each: sio.Track(each) for each in animals}
        order = order_of_side if name == "side" else list(animals)
        pixels = {
            each: group.project(points.reshape(-1, 3)).reshape(3, 30, 3, 2)[view]
            for each, points in animals.items()
        }
        frames = [
            sio.LabeledFrame(
                video=video,
                frame_idx=frame,
                instances=[
                    sio.PredictedInstance.from_numpy(
                        pixels[each][frame],
                        skeleton=skeleton,
                        point_scores=np.full(3, 0.9),
                        score=0.9,
                        track=tracks[each],
                    )
                    for each in order
                ],
            )
            for frame in range(30)
        ]
        used = [tracks[each] for each in order]
        labels = sio.Labels(frames, videos=[video], skeletons=[skeleton], tracks=used)
        sio.save_analysis_h5(labels, str(place / f"{name}.analysis.h5"))
    group.dump(str(Path(folder, "calibration.toml")))
    points = sleap_anipose.triangulate(folder, f"{folder}/calibration.toml")
    truth = np.stack(list(animals.values()), 1)
    return float(np.median(np.linalg.norm(points - truth, axis=-1)))


same, other = session("same", ["female", "male"]), session("other", ["male", "female"])
print("sleap-anipose 0.1.8, two animals 80 mm apart, named tracks in all three views")
print("expected: the same points whatever the order of the tracks in a file")
print(f"tracks in one order in all views: median error {same:.2f} mm")
print(f"in another order in the view side: median error {other:.2f} mm")
stated = same < 4 < 12 < other
print("as stated" if stated else "NO LONGER as stated")
sys.exit(not stated)
PY
