"""Draws docs/calibrate.png: a camera that was knocked, repaired.

    python -m benchmarks.calibration.picture [--out=docs/calibrate.png]

The page of `calibrate --refine --html`, taken by Chromium: built-in people, four cameras, of which
one was turned by 4 degrees and moved by half a metre after its calibration.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from geoself_jax.calibrate.views import rotation
from geoself_jax.data.files import npz
from geoself_jax.data.synthetic import generate

TURNED, MOVED = 4.0, (0.4, -0.3, 0.0)  # degrees; metres
FRAMES, CAMERA = 1500, 2


def main() -> None:
    """Plants the knock, repairs it, draws the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("docs/calibrate.png"))
    flags = parser.parse_args()
    arrays = generate("train", FRAMES, fps=25.0, subjects=1)
    arrays["R"][0, CAMERA] = rotation(np.radians([0, TURNED, 0])) @ arrays["R"][0, CAMERA]
    arrays["center"][0, CAMERA] += MOVED
    with tempfile.TemporaryDirectory() as folder:
        data, html = Path(folder) / "knocked.npz", Path(folder) / "page.html"
        npz.write_arrays(data, arrays)
        command = [sys.executable, "-m", "geoself_jax.calibrate", f"--data={data}", "--refine"]
        command += [f"--output={Path(folder) / 'repaired.npz'}", f"--html={html}"]
        subprocess.run(command, check=True)
        out = flags.out.resolve()
        shot = ["chromium", "--headless", "--no-sandbox", "--hide-scrollbars"]
        shot += ["--window-size=920,1010", f"--screenshot={out}", html.as_uri()]
        subprocess.run(shot, check=True, stderr=subprocess.DEVNULL)
    print(f"wrote {flags.out}")


if __name__ == "__main__":
    main()
