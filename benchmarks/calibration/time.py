"""What `calibrate` costs as a command, and one step of its adjustment next to its floor.

    python -m benchmarks.calibration.time [--instants 1000 5000 17308 20000] [--profile]

Four cameras: instants of the largest rig of cmu_h36m_rig, evenly over its clips; as many as it has
not, and all where the data are missing, are generated. Wall and CPU seconds and peak memory are of
the command as a process. A step's seconds are CPU seconds.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.calibration import step_floor
from benchmarks.calibration.__main__ import DATA, recordings
from geoself_jax.calibrate.rig import spread
from geoself_jax.calibrate.rig_views import views_of
from geoself_jax.calibrate.views import Pose
from geoself_jax.data.recording import Recording, from_arrays, write
from geoself_jax.data.synthetic import generate

SIZES = [1000, 5000, 17308, 20000]

# A process that a large one starts has the large one's peak as its own (Linux): a small one starts
# the command.
_RUN = """
import json, resource, subprocess, sys, time
start = time.monotonic()
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps({
    "exit": done.returncode,
    "wall_s": time.monotonic() - start,
    "cpu_s": used.ru_utime + used.ru_stime,
    "peak_mb": used.ru_maxrss / 1024,
}))
"""


def main() -> None:
    """Runs the command and the steps, prints two tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--instants", type=int, nargs="+", default=SIZES)
    parser.add_argument("--profile", action="store_true", help="where a step's time goes")
    parser.add_argument("--json", type=Path)
    flags = parser.parse_args()
    results = []
    for count in flags.instants:
        recording, source = instants(count)
        results.append({"instants": count, "data": source, **command(recording)})
        results[-1] |= step(recording, profile=flags.profile)
        print(results[-1], flush=True)
    print(table(results))
    if flags.json:
        flags.json.write_text(json.dumps(results, indent=1) + "\n")


def instants(count: int) -> tuple[Recording, str]:
    """A recording of four cameras, and what it is from.

    Args:
        count: Instants.
    """
    if DATA.is_dir():
        whole = recordings()["train"]
        rig = int(np.argmax(np.bincount(whole.rig_id)))
        at = np.flatnonzero(whole.rig_id == rig)
        if len(at) >= count:
            few = whole.without_ground_truth().select(at[spread(len(at), count)])
            return few, whole.rig_names[rig]
    made = from_arrays(generate("train", count, fps=25.0, subjects=1), "generated")
    return made.without_ground_truth(), "generated"


def command(recording: Recording) -> dict[str, Any]:
    """Wall and CPU seconds and peak memory of the command; its exit code.

    Args:
        recording: With true cameras, of which the first two's distance is used.
    """
    rig = int(recording.rig_id[0])
    first, second = recording.camera.center[rig, :2]
    names = ",".join(recording.camera_names[:2])
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data.npz"
        write(recording, data)
        words = [sys.executable, "-m", "geoself_jax.calibrate", f"--data={data}"]
        words += [f"--scale=baseline:{names}={np.linalg.norm(first - second)}"]
        words += [f"--output={Path(folder) / 'out.npz'}"]
        said = subprocess.check_output([sys.executable, "-c", _RUN, *words], text=True)
    return dict(json.loads(said))


def step(recording: Recording, *, profile: bool) -> dict[str, Any]:
    """One step of the adjustment, its count and floors.

    Args:
        recording: Of one rig.
        profile: Whether to print where the time goes.
    """
    rig = int(recording.rig_id[0])
    views = views_of(recording, np.arange(recording.frames), rig, np.arange(recording.views))
    pose = Pose.of(recording.camera.R[rig], recording.camera.center[rig])
    count = step_floor.counted(*recording.confidence.shape)
    found = step_floor.measured(views, pose)
    if profile:
        print(step_floor.profiled(views, pose))
    return {
        "least_mb": count.least / 1e6,
        "stored_mb": count.stored / 1e6,
        "gflop": count.operations / 1e9,
        "step_s": found.step,
        "over_least": found.step / found.least,
        "over_stored": found.step / found.stored,
        "over_product": found.step / found.product,
    }


def table(results: list[dict[str, Any]]) -> str:
    """Both tables, in Markdown.

    Args:
        results: A size each.
    """
    lines = ["| instants | data | exit | wall s | CPU s | peak MB |"]
    lines.append("| --- | --- | --- | --- | --- | --- |")
    for one in results:
        seconds = f"{one['wall_s']:.0f} | {one['cpu_s']:.0f} | {one['peak_mb']:.0f}"
        lines.append(f"| {one['instants']} | {one['data']} | {one['exit']} | {seconds} |")
    lines.append("\n| instants | step s | MB least, stored | GFLOP | times least, stored, GEMM |")
    lines.append("| --- | --- | --- | --- | --- |")
    for one in results:
        size = f"{one['least_mb']:.0f}, {one['stored_mb']:.0f} | {one['gflop']:.2f}"
        over = ", ".join(f"{one[f'over_{name}']:.1f}" for name in ("least", "stored", "product"))
        lines.append(f"| {one['instants']} | {one['step_s']:.3f} | {size} | {over} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
