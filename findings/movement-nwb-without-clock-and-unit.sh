#!/usr/bin/env bash
# One would guess that movement.io.load_poses.from_nwb_file gives the poses of a valid NWB file at
# the file's own times and in its own unit, as pynwb does (get_timestamps, get_data_in_units): the
# times are why poses are put next to recordings of neurons in such a file. In fact it takes the
# rate alone and counts frames from 0: starting_time is dropped, so poses that start 40 s into the
# session start at 0 s; of timestamps it takes the median distance, so all frames after a gap are
# early by the gap; and data is taken without its conversion, so that "meters" with a conversion of
# 0.001 come 1000 times too large, the unit left out. No warning is given. All times of the dataset
# are wrong by a constant, or from some frame on, when it is aligned with spikes.
# movement 0.17.0, seen on 2026-11-30.
# Exit code 0: as stated here; other: no longer so, or not installed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv # Python 3.12 or newer
venv/bin/pip install -qq --disable-pip-version-check \
    movement==0.17.0 pynwb==4.2.0 ndx-pose==0.4.0 numpy==2.5.5

venv/bin/python - 2>/dev/null <<'PY'
import sys
import warnings
from datetime import datetime, timezone
from importlib.metadata import version

import numpy as np
from movement.io import load_poses
from ndx_pose import PoseEstimation, PoseEstimationSeries, Skeleton, Skeletons
from pynwb import NWBHDF5IO, NWBFile, validate
from pynwb.file import Subject

PLACES = np.array([[100.0, 200, 300], [101, 201, 301], [102, 202, 302], [103, 203, 303]])  # mm
GAP = [40.0, 40.02, 45.0, 45.02]  # s; 5 s without frames


def write(path, **clock):
    """One joint, millimetres, said as metres times 0.001."""
    start = datetime(2026, 11, 30, tzinfo=timezone.utc)
    nwb = NWBFile("a mouse", "mouse", start)
    nwb.subject = Subject(subject_id="mouse", species="Mus musculus")
    skeleton = Skeleton(name="mouse", nodes=["nose"], subject=nwb.subject)
    series = PoseEstimationSeries(
        name="nose", data=PLACES, unit="meters", conversion=0.001, reference_frame="z up",
        confidence=np.ones(4), confidence_definition="2D detection", **clock,
    )
    poses = PoseEstimation(
        name="PoseEstimation", pose_estimation_series=[series], skeleton=skeleton,
        source_software="test",
    )
    behavior = nwb.create_processing_module("behavior", "poses")
    behavior.add(Skeletons(skeletons=[skeleton]))
    behavior.add(poses)
    with NWBHDF5IO(path, "w") as io:
        io.write(nwb)


print("movement", version("movement"), "- pynwb", version("pynwb"))
same = True
for name, clock, counted in (
    ("starting_time 40 s, rate 50", {"starting_time": 40.0, "rate": 50.0}, [0, 0.02, 0.04, 0.06]),
    ("timestamps with a gap", {"timestamps": GAP}, [0, 0.02, 0.04, 0.06]),
):
    write("mouse.nwb", **clock)
    errors = validate(path="mouse.nwb")
    with NWBHDF5IO("mouse.nwb", "r") as io:
        series = io.read().processing["behavior"]["PoseEstimation"]["nose"]
        times = np.asarray(series.get_timestamps())
        metres = np.asarray(series.get_data_in_units())
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        poses = load_poses.from_nwb_file("mouse.nwb")
    words = ("time", "unit", "conversion")
    said = [str(w.message) for w in said if any(word in str(w.message) for word in words)]
    seen = poses.time.values
    place = poses.position.values[0, :, 0, 0]
    print(f"  {name}; errors of pynwb.validate: {len(errors)}")
    print(f"    times expected {times.round(2)} s; seen {seen.round(2)} s; warnings {said}")
    print(f"    first place expected {metres[0]} m; seen {place}, attributes {sorted(poses.attrs)}")
    same &= not errors and not said and np.allclose(seen, counted) and np.allclose(place, PLACES[0])
    same &= np.allclose(metres[0], PLACES[0] / 1000) and times[0] == 40
    same &= "unit" not in poses.attrs
print("as stated" if same else "NO LONGER as stated")
sys.exit(not same)
PY
