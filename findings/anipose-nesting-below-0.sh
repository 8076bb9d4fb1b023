#!/usr/bin/env bash
# One would guess that anipose with `nesting = -1`, by which every folder at any depth is a session,
# works as with nesting = 1 where all sessions lie one folder deep. In fact `anipose filter` does,
# and `anipose triangulate` (and calibrate) find no calibration folder, since the search goes up
# `nesting` levels: they write nothing, say nothing and end with 0.
# anipose 1.1.24, seen on 2026-11-30.
# Exit code 0: as stated here; other: no longer so, or not installed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv # Python 3.11 or newer
venv/bin/pip install -qq --disable-pip-version-check anipose==1.1.24 aniposelib==0.8.0 \
    numpy==2.4.6 pandas==2.2.3 tables==3.11.1 # pandas 3 has no to_hdf(name, key)

venv/bin/python - <<'PY'
from pathlib import Path

import numpy as np
import pandas as pd
import toml
from aniposelib.cameras import Camera, CameraGroup

cameras = [
    Camera(
        matrix=np.array([[900, 0, 320.0], [0, 900, 240], [0, 0, 1]]),
        dist=np.zeros(5),
        size=(640, 480),
        rvec=np.array([0, turn, 0.0]),
        tvec=np.array([0, 0, 500.0]),
        name=name,
    )
    for name, turn in (("A", -0.4), ("B", 0.0), ("C", 0.5))
]
group = CameraGroup(cameras)
places = np.random.default_rng(0).uniform(-40, 40, (60, 3, 3))
pixels = group.project(places.reshape(-1, 3)).reshape(3, 60, 3, 2)
heads = ["scorer", "bodyparts", "coords"]
levels = [["DLC"], ["nose", "neck", "tail"], ["x", "y", "likelihood"]]
for nesting in (1, -1):
    project = Path(f"nesting{nesting}")
    session = project / "mouse1"
    (session / "pose-2d").mkdir(parents=True)
    (session / "calibration").mkdir()
    group.dump(session / "calibration/calibration.toml")
    config = {
        "nesting": nesting,
        "triangulation": {"cam_regex": "-cam([A-Z])$", "triangulate": True},
        "filter": {"enabled": True, "medfilt": 5},
    }
    (project / "config.toml").write_text(toml.dumps(config))
    for camera, found in zip("ABC", pixels):
        rows = np.concatenate([found, np.full((60, 3, 1), 0.9)], -1).reshape(60, -1)
        table = pd.DataFrame(rows, columns=pd.MultiIndex.from_product(levels, names=heads))
        path = session / f"pose-2d/t1-cam{camera}.h5"
        table.to_hdf(path, key="df_with_missing", format="table", mode="w")
PY

for nesting in 1 -1; do
    (cd "nesting$nesting" && ../venv/bin/anipose filter >filter.txt 2>&1 &&
        ../venv/bin/anipose triangulate >triangulate.txt 2>&1)
    echo "nesting = $nesting: exit code $?," \
        "$(find "nesting$nesting" -path '*pose-2d-filtered*' -name '*.h5' | wc -l) filtered," \
        "$(find "nesting$nesting" -path '*pose-3d*' -name '*.csv' | wc -l) triangulated;" \
        "triangulate says: $(tr '\n' ' ' <"nesting$nesting/triangulate.txt" | cut -c1-60)"
done
echo "expected: 3 filtered, 1 triangulated of both"
if [[ -f nesting1/mouse1/pose-3d/t1.csv && -f nesting-1/mouse1/pose-2d-filtered/t1-camA.h5 &&
    ! -e nesting-1/mouse1/pose-3d ]]; then
    echo "as stated"
else
    echo "NO LONGER as stated"
    exit 1
fi
