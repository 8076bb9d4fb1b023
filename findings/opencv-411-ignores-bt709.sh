#!/usr/bin/env bash
# One would guess that cv2.VideoCapture gives the colours that ffmpeg and players show. OpenCV 4.11,
# which MediaPipe 0.10.21 gets, converts every video by BT.601's matrix, also one that says that its
# colours are BT.709's, as HD video does: an orange of (192, 64, 32) comes out as (179, 49, 32).
# OpenCV 4.13 and PyAV read what the video says. A detector that follows a person from frame to
# frame can be a whole body off by it: MediaPipe 0.10.21 on a real clip exchanged left and right in
# other frames, 558 px apart.
# opencv-python-headless 4.11.0.86 and 4.13.0.92, av 18.1.0, seen on 2026-11-30.
# Exit code 0: as stated here; other: no longer so, or not installed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >write.py <<'PY'
import av
import numpy as np
from av.video.reformatter import Colorspace

image = np.full((48, 64, 3), (192, 64, 32), np.uint8)
with av.open("orange.mp4", "w") as container:
    stream = container.add_stream("libx264", rate=30)
    stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
    stream.codec_context.colorspace = Colorspace.ITU709
    for _ in range(3):
        frame = av.VideoFrame.from_ndarray(image, format="rgb24")
        frame = frame.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709)
        container.mux(stream.encode(frame))
    container.mux(stream.encode())
seen = next(av.open("orange.mp4").decode(video=0)).to_ndarray(format="rgb24")[5, 5]
print("wanted (192, 64, 32); PyAV", av.__version__, seen.tolist())
assert np.abs(seen.astype(int) - (192, 64, 32)).max() <= 4, seen
PY
cat >read.py <<'PY'
import sys

import cv2

seen = cv2.VideoCapture("orange.mp4").read()[1][5, 5, ::-1].astype(int)
off = int(abs(seen - (192, 64, 32)).max())
print("OpenCV", cv2.__version__, seen.tolist(), "off by", off)
same = off > 8 if cv2.__version__.startswith("4.11") else off <= 4
print("as stated" if same else "NO LONGER as stated")
sys.exit(not same)
PY

failed=0
for version in 4.11.0.86 4.13.0.92; do
    "${PYTHON:-python3}" -m venv "venv-$version" # Python 3.11 or newer
    "venv-$version/bin/pip" install -qq --disable-pip-version-check \
        "opencv-python-headless==$version" numpy==2.4.6 av==18.1.0
    [[ -f orange.mp4 ]] || "venv-$version/bin/python" write.py
    "venv-$version/bin/python" read.py || failed=1
done
exit "$failed"
