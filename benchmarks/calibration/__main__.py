"""Cameras from joints: how far off, how sure, how often refused; next to OpenCV alone.

    python -m benchmarks.calibration [--trials=240] [--workers=2] [--json=FILE]

Rigs of cmu_h36m_rig (real Human3.6M intrinsics and places, real motion, a detector's errors), 1000
and 5000 frames drawn over the clips, 4, 3 and 2 of the cameras, detections as they are and with
about as many exchanged sides and outliers again. True cameras score and nothing else. Trials that
`--json` has already are not run again.
"""

import argparse
import json
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.calibration.naive import chained
from benchmarks.calibration.scoring import errors
from benchmarks.calibration.trials import Trial, drawn, footage
from geoself_jax.calibrate.recording_cameras import Options, calibrate
from geoself_jax.calibrate.rig_views import views_of
from geoself_jax.core.errors import GeoselfError
from geoself_jax.data.recording import Recording, read

DATA = Path(__file__).resolve().parents[2] / ".." / "shared" / "data" / "cmu_h36m_rig"
_RECORDINGS: dict[str, Recording] = {}


def main() -> None:
    """Runs the trials, prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=240)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--bones", action="store_true")
    parser.add_argument("--json", type=Path, help="results, a line a trial")
    flags = parser.parse_args()
    if not DATA.is_dir():
        sys.exit(f"not run: {DATA} is not here")
    trials = drawn(flags.trials, flags.seed, recordings())
    done = {}
    if flags.json and flags.json.is_file():
        done = {tuple(one["trial"]): one for one in map(json.loads, flags.json.open())}
    left = [trial for trial in trials if tuple(trial) not in done]
    with ProcessPoolExecutor(flags.workers) as pool:
        for result in pool.map(tried, left, [flags.bones] * len(left)):
            done[tuple(result["trial"])] = result
            print(line(result), flush=True)
            if flags.json:
                with flags.json.open("a") as file:
                    file.write(json.dumps(result) + "\n")
    print(table([done[tuple(trial)] for trial in trials]))


def recordings() -> dict[str, Recording]:
    """The data, read once a process."""
    if not _RECORDINGS:
        for name in ("dev", "train"):
            _RECORDINGS[name] = read(DATA / f"{name}.npz")
    return _RECORDINGS


def tried(trial: Trial, bones: bool) -> dict[str, Any]:
    """Result of one trial: errors and what was said, or why it was refused; and OpenCV's."""
    whole = recordings()[trial.data]
    few, views = footage(whole, trial)
    true = (whole.camera.R[trial.rig, views], whole.camera.center[trial.rig, views])
    seen = views_of(few, np.arange(few.frames), trial.rig, np.arange(len(views)))
    other = chained(seen)
    result: dict[str, Any] = {
        "trial": list(trial),
        "rig": whole.rig_names[trial.rig],
        "frames": few.frames,
        "opencv": None if other is None else errors(*other, *true),
    }
    start = time.process_time()
    try:
        _, (report,) = calibrate(few, Options(bones=bones, seed=trial.seed))
    except GeoselfError as error:
        return result | {"refused": str(error), "cpu_s": time.process_time() - start}
    metres = np.linalg.norm(true[1][1:] - true[1][0]) / np.linalg.norm(
        report.center[1:] - report.center[0]
    )
    return result | {
        "cpu_s": time.process_time() - start,
        "errors": errors(report.R, report.center, *true),
        "said_degrees": float(report.degrees.mean()),
        "said_center_mm": float(1000 * metres * report.metres.mean()),
        "blocks": report.blocks,
        "residual_px": float(report.residual_px.mean()),
    }


def line(result: dict[str, Any]) -> str:
    """A trial in a line."""
    found = result.get("errors")
    if found is None:
        what = "refused: " + result["refused"]
    else:
        what = (
            f"{found['degrees']:.3f} deg (worst pair {found['worst_degrees']:.3f}, said "
            f"{result['said_degrees']:.3f}), {found['center_mm']:.1f} mm (said "
            f"{result['said_center_mm']:.1f}), {result['blocks']} blocks"
        )
    other = result["opencv"]
    naive = "failed" if other is None else f"{other['degrees']:.2f} deg"
    return f"{result['trial']} {what}; OpenCV {naive}; {result['cpu_s']:.0f} s"


def table(results: list[dict[str, Any]]) -> str:
    """Medians and 90th percentiles by cameras and frames, in Markdown."""
    lines = [
        "| cameras | frames | trials | refused | rotation deg, median / p90 / worst "
        "| directions deg | centres mm | within twice what was said, deg / mm | over 1 deg "
        "| OpenCV deg, median / p90 |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for cameras in (4, 3, 2):
        for frames in (1000, 5000):
            some = [r for r in results if r["trial"][3] == cameras and r["trial"][2] == frames]
            if some:
                lines.append(f"| {cameras} | {frames} | {_cells(some)} |")
    if results:
        lines.append(f"| all | | {_cells(results)} |")
    return "\n".join(lines)


def _cells(results: list[dict[str, Any]]) -> str:
    found = [r for r in results if "errors" in r]
    other = [r["opencv"]["degrees"] if r["opencv"] else 180.0 for r in results]
    naive = f"{np.median(other):.2f} / {np.percentile(other, 90):.2f}"
    if not found:
        return f"{len(results)} | {len(results)} | | | | | | {naive}"
    every = {k: np.array([r["errors"][k] for r in found]) for k in found[0]["errors"]}
    said = [
        np.array([r["errors"][key] <= 2 * r[expected] for r in found]).mean()
        for key, expected in (("degrees", "said_degrees"), ("center_mm", "said_center_mm"))
    ]
    turned = every["degrees"]
    return " | ".join(
        [
            str(len(results)),
            str(len(results) - len(found)),
            f"{np.median(turned):.3f} / {np.percentile(turned, 90):.3f} / {turned.max():.3f}",
            f"{np.median(every['direction_degrees']):.3f}",
            f"{np.median(every['center_mm']):.1f}",
            f"{100 * said[0]:.0f} % / {100 * said[1]:.0f} %",
            str(int(np.sum(every["worst_degrees"] > 1))),
            naive,
        ]
    )


if __name__ == "__main__":
    main()
