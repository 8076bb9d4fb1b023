"""aniposelib's own adjustment on the trials of `benchmarks.calibration` and of its bumps.

    python -m benchmarks.calibration.peers --aniposelib=PYTHON [--trials=24] [--bumps=20]

Rigs found from OpenCV's chain (`naive.py`), and knocked calibrations (`bumps.py`): ours, aniposelib
as anipose calls it with an animal's joints, and with better settings. True cameras score and
nothing else. Pose2Sim is not run: its `extrinsics_method = 'keypoints'` raises NotImplementedError
(0.10.49, calibration.py). Results that `--json` has already are not run again.
"""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.calibration.__main__ import DATA, recordings
from benchmarks.calibration.aniposelib_peer import SETTINGS, Adjusted, Aniposelib, points_for
from benchmarks.calibration.bumps import bumped
from benchmarks.calibration.naive import chained
from benchmarks.calibration.scoring import errors
from benchmarks.calibration.trials import Trial, drawn, footage
from geoself_jax.calibrate.recording_cameras import Options, calibrate
from geoself_jax.calibrate.rig_views import views_of
from geoself_jax.core.errors import GeoselfError
from geoself_jax.data.recording import Recording

OURS, OPENCV, GIVEN = "geoself", "OpenCV alone", "the knocked calibration"


def main() -> None:
    """Runs the trials, prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--aniposelib", required=True, help="Python of an environment with it")
    parser.add_argument("--trials", type=int, default=24)
    parser.add_argument("--bumps", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="results, a line a trial")
    flags = parser.parse_args()
    if not DATA.is_dir():
        sys.exit(f"not run: {DATA} is not here")
    done = []
    if flags.json and flags.json.is_file():
        done = [json.loads(line) for line in flags.json.open()]
    jobs: list[tuple[str, Any]] = [("bumps", k) for k in range(flags.bumps)]
    trials = drawn(flags.trials, flags.seed, recordings())
    order = sorted(range(len(trials)), key=lambda k: (k // 12, k % 6, k))  # faults in turn
    jobs += [("found", list(trials[k])) for k in order]
    with Aniposelib(flags.aniposelib) as peer:
        for what, which in jobs:
            if any(r["what"] == what and r["which"] == which for r in done):
                continue
            rows = found(Trial(*which), peer) if what == "found" else knocked(which, flags, peer)
            done.append({"what": what, "which": which, "rows": rows})
            print(what, which, {name: _short(row) for name, row in rows.items()}, flush=True)
            if flags.json:
                with flags.json.open("a") as file:
                    file.write(json.dumps(done[-1]) + "\n")
    for what in ("found", "bumps"):
        print(f"\n{what}\n{table([r['rows'] for r in done if r['what'] == what])}")


def found(trial: Trial, peer: Aniposelib) -> dict[str, Any]:
    """Rows of one trial without calibration.

    Args:
        trial: Which.
        peer: aniposelib.
    """
    whole = recordings()[trial.data]
    few, views = footage(whole, trial)
    true = (whole.camera.R[trial.rig, views], whole.camera.center[trial.rig, views])
    rows = {OURS: ours(few, Options(seed=trial.seed), true)}
    start = time.process_time()
    seen = views_of(few, np.arange(few.frames), trial.rig, np.arange(len(views)))
    chain = chained(seen)
    seconds = time.process_time() - start
    if chain is None:
        return rows | {OPENCV: None} | dict.fromkeys(SETTINGS)
    rows[OPENCV] = {**errors(*chain, *true), "cpu_s": seconds}
    return rows | theirs(few, trial.rig, chain, true, trial.seed, peer)


def knocked(number: int, flags: argparse.Namespace, peer: Aniposelib) -> dict[str, Any]:
    """Rows of one knocked calibration; every fourth is a good one.

    Args:
        number: Which.
        flags: As parsed.
        peer: aniposelib.
    """
    bump = bumped(number, np.random.default_rng([flags.seed, number]))
    given = (bump.recording.camera.R[bump.rig], bump.recording.camera.center[bump.rig])
    rows = {
        OURS: ours(bump.recording, Options(refine=True), bump.true),
        GIVEN: {**errors(*given, *bump.true), "cpu_s": 0.0},
    }
    return rows | theirs(bump.recording, bump.rig, given, bump.true, number, peer)


def ours(few: Recording, options: Options, true: tuple[np.ndarray, np.ndarray]) -> dict[str, Any]:
    """Our row: errors and seconds, or why it was refused.

    Args:
        few: Detections of one rig.
        options: Of `calibrate`.
        true: Rotations and centres.
    """
    start = time.process_time()
    try:
        _, (report,) = calibrate(few, options)
    except GeoselfError as error:
        return {"refused": str(error), "cpu_s": time.process_time() - start}
    seconds = time.process_time() - start
    return {**errors(report.R, report.center, *true), "cpu_s": seconds}


def theirs(
    few: Recording,
    rig: int,
    start: tuple[np.ndarray, np.ndarray],
    true: tuple[np.ndarray, np.ndarray],
    seed: int,
    peer: Aniposelib,
) -> dict[str, Any]:
    """Rows of aniposelib, one a setting.

    Args:
        few: Detections of one rig.
        rig: Its number.
        start: Rotations and centres to start from.
        true: True ones.
        seed: Of the draw of points.
        peer: aniposelib.
    """
    rows: dict[str, Any] = {}
    for name, how in SETTINGS.items():
        points = points_for(few.keypoints_2d, few.confidence, how, seed)
        after = peer.adjust(points, few.camera.K[rig], *start, how)
        rows[name] = None if after is None else _scored(after, true)
    return rows


def _scored(after: Adjusted, true: tuple[np.ndarray, np.ndarray]) -> dict[str, Any]:
    focal = float(np.max(np.abs(after.focal - 1)))
    return {**errors(after.R, after.center, *true), "cpu_s": after.cpu_s, "focal": focal}


def table(results: list[dict[str, Any]]) -> str:
    """Medians, 90th percentiles and worst of each row, in Markdown.

    Args:
        results: A trial each; by row, errors, or what was refused.
    """
    lines = [
        "| | trials | refused, failed | rotation deg, median / p90 / worst "
        "| directions deg, median / p90 | centres mm, median / p90 | over 1 deg | CPU s |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name in results[0] if results else ():
        rows = [one[name] for one in results]
        some = [row for row in rows if row and "degrees" in row]
        every = {k: np.array([row[k] for row in some]) for k in (some[0] if some else ())}
        seconds = np.median([row["cpu_s"] for row in rows if row])
        cells = [str(len(rows)), str(len(rows) - len(some))]
        if some:
            over = every["worst_degrees"] > 1
            cells += [
                f"{_two(every['degrees'], 3)} / {every['degrees'].max():.3f}",
                _two(every["direction_degrees"], 3),
                _two(every["center_mm"], 1),
                f"{over.sum()} ({100 * over.mean():.0f} %)",
                f"{seconds:.0f}",
            ]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _two(values: np.ndarray, digits: int) -> str:
    return f"{np.median(values):.{digits}f} / {np.percentile(values, 90):.{digits}f}"


def _short(row: dict[str, Any] | None) -> str:
    if row is None:
        return "failed"
    if "degrees" not in row:
        return "refused"
    return f"{row['degrees']:.3f} deg, {row['cpu_s']:.0f} s"


if __name__ == "__main__":
    main()
