#!/usr/bin/env bash
# One would guess that pose-format's load_openpose_directory() puts each part of OpenPose's JSON in
# its own place, whichever parts OpenPose was asked for. In fact it counts points on from the last
# one read, not from where a part begins: of a run with hands and without the face (--hand, no
# --face), whose face_keypoints_2d is an empty list, the left hand's 21 points are on the first 21
# places of the face and the right hand's on the next 21, at full confidence, and both hands are
# masked as not seen. Nothing is said. With a list of zeros, as --face writes where it sees no face,
# each part is in its place. A body of COCO's 18 points in place of 25 (--model_pose COCO) moves
# all parts after it by 7, hands into each other. pose-format 0.15.0, seen on 2026-12-01.
# Exit code 0: as stated here; other: no longer so, or not installed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv # Python 3.11 or newer
venv/bin/pip install -qq --disable-pip-version-check pose-format==0.15.0 numpy==2.4.6

venv/bin/python - <<'PY'
import json
from pathlib import Path

import numpy as np
from pose_format.utils.openpose import load_openpose_directory


def points(count, first):
    return [number for n in range(count) for number in (first + n, first + n, 0.9)]


def read(name, face, body=25):
    folder = Path(name)
    folder.mkdir()
    person = {
        "person_id": [-1],
        "pose_keypoints_2d": points(body, 100),
        "face_keypoints_2d": face,
        "hand_left_keypoints_2d": points(21, 400),
        "hand_right_keypoints_2d": points(21, 700),
        "pose_keypoints_3d": [], "face_keypoints_3d": [], "hand_left_keypoints_3d": [],
        "hand_right_keypoints_3d": [],
    }
    content = json.dumps({"version": 1.3, "people": [person]})
    (folder / "walk_000000000000_keypoints.json").write_text(content)
    pose = load_openpose_directory(str(folder), fps=25, width=1000, height=1000)
    found, start = {}, 0
    for part in pose.header.components:
        stop = start + len(part.points)
        x = pose.body.data[0, 0, start:stop, 0].filled(np.nan)
        found[part.name] = x[np.isfinite(x)].astype(int).tolist()
        start = stop
    for part, x in found.items():
        print(f"{name}: {part}: {len(x)} points, x {x[:1]} to {x[-1:]}")
    return found


body, left, right = (list(range(first, first + n)) for first, n in ((100, 25), (400, 21), (700, 21)))
with_zeros = read("zeros", [0.0] * 210)
assert list(with_zeros.values()) == [body, [], left, right], with_zeros
without = read("empty", [])
assert list(without.values()) == [body, left + right, [], []], without
coco = read("coco18", [0.0] * 210, body=18)
assert coco["pose_keypoints_2d"] == body[:18] and coco["hand_left_keypoints_2d"] == left[7:] + right[:7], coco
print("as stated")
PY
