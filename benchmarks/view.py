"""How long a page takes to open, and how large it is: python -m benchmarks.view

Three sources and the 2D joints of one camera, 17 joints, 50 frames a second. The body and its
detections are the built-in synthetic people, clip after clip as one video; the triangulated source
is triangulated from four cameras; in place of a network's answer stands the truth with independent
noise in every frame, 15 mm a coordinate and 50 mm for the root, seed 0: noise is what costs bytes.
Opening is timed by the page itself, from the start of navigation to the first frame drawn, in a
fresh tab each, and the median of five is reported.
"""

import argparse
import shutil
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from geoself_jax.core.model import Prediction
from geoself_jax.data import recording
from geoself_jax.data.recording import Recording
from geoself_jax.data.synthetic import generate
from geoself_jax.data.training_set import triangulate_recording
from geoself_jax.evaluate.scores import in_cameras
from geoself_jax.view.build_scenes import Scene, scenes_from_recording
from geoself_jax.view.html_page import write_page

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


def main() -> None:
    """Writes the pages, opens each five times, prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, nargs="+", default=[100, 3000, 30000])
    parser.add_argument("--repeats", type=int, default=5)
    flags = parser.parse_args()
    whole = one_video(max(flags.frames))
    print(f"{'frames':>8}{'video':>9}{'write s':>9}{'page MB':>9}{'opens s':>9}   all")
    with tempfile.TemporaryDirectory() as folder:
        for frames in flags.frames:
            scenes = [scene_of(whole.select(slice(frames)))]
            path = Path(folder) / f"{frames}.html"
            write_page(path, scenes, "warm")
            start = time.perf_counter()
            write_page(path, scenes, f"{frames} frames")
            wrote = time.perf_counter() - start
            opened = opening_times(path, flags.repeats)
            print(
                f"{frames:8}{frames / 3000:7.1f} m{wrote:9.2f}{path.stat().st_size / 1e6:9.2f}"
                f"{statistics.median(opened):9.2f}   {' '.join(f'{t:.2f}' for t in opened)}"
            )


def one_video(frames: int) -> Recording:
    """Synthetic people before the first of four rigs, all clips as one."""
    several = recording.from_arrays(generate("test", 5 * frames), "one video")
    seen = several.select(np.flatnonzero(several.rig_id == 0)[:frames])
    assert seen.frames == frames
    zeros = np.zeros(frames, np.int32)
    return replace(seen, frame_id=np.arange(frames), clip_id=zeros, subject_id=zeros)


def scene_of(seen: Recording) -> Scene:
    """Noisy truth, truth and the triangulated joints, and what the first camera saw."""
    assert seen.pose_world is not None
    rng, root = np.random.default_rng(0), seen.skeleton.root
    pose = in_cameras(seen.pose_world, seen)
    there = pose[:, :, root] + rng.normal(0, 0.05, pose[:, :, root].shape)
    relative = pose - pose[:, :, root, None] + rng.normal(0, 0.015, pose.shape)
    prediction = Prediction(relative.astype(np.float32), there.astype(np.float32))
    triangulated = triangulate_recording(seen)
    return scenes_from_recording(seen, seen.camera_names[:1], prediction, triangulated)[0]


def opening_times(path: Path, repeats: int) -> list[float]:
    """Seconds from the start of navigation to the first frame drawn, each in a fresh tab."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        program = next(filter(None, map(shutil.which, _BROWSERS)), None)
        browser = play.chromium.launch(executable_path=program, args=["--no-sandbox"])
        times = []
        for _ in range(repeats):
            tab = browser.new_page()
            tab.goto(path.as_uri(), wait_until="commit")
            tab.wait_for_selector("body[data-state=ready]")
            drawn = tab.evaluate("performance.getEntriesByName('drawn')[0].startTime")
            times.append(drawn / 1000)
            tab.close()
        browser.close()
    return times


if __name__ == "__main__":
    main()
