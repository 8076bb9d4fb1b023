"""How long preparing Human3.6M's size takes, and how much memory: VideoPose3D's layout, made here.

    python -m benchmarks.prepare --frames=390000 --out=runs/prepare.json

The files hold random pixels and a moving body (the time does not depend on what they show): 7
subjects of 30 clips, four views, ground truth, pickled within .npz as VideoPose3D does. Timed, each
a process of its own and in turn: reading the bytes of the files (the floor), and the command. The
memory is that of the largest process.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

SUBJECTS = ("S1", "S5", "S6", "S7", "S8", "S9", "S11")
ACTIONS = 15
KEPT = (0, 1, 2, 3, 6, 7, 8, 12, 13, 14, 15, 17, 18, 19, 25, 26, 27)
"""Of Human3.6M's 32 joints, its usual 17."""

READ = """import sys
for path in sys.argv[1:]:
    with open(path, "rb") as stream:
        while stream.read(1 << 24):
            pass
"""


def make_files(folder: Path, frames: int) -> tuple[Path, Path]:
    """data_2d_h36m_cpn.npz and data_3d_h36m.npz of N instants, in VideoPose3D's layout."""
    import numpy as np

    from geoself_jax.data.synthetic import generate

    rng = np.random.default_rng(0)
    flat, world = folder / "data_2d_h36m_cpn_ft_h36m_dbb.npz", folder / "data_3d_h36m.npz"
    if flat.exists() and world.exists():
        return flat, world
    folder.mkdir(parents=True, exist_ok=True)
    length = frames // (len(SUBJECTS) * 2 * ACTIONS)
    body = np.zeros((length, 32, 3), np.float32)
    moving = generate("train", 2000, subjects=1)["pose_world"]
    body[:, KEPT] = moving[np.arange(length) % len(moving)]
    names = [f"Action{i}" + (f" {n}" if n else "") for i in range(ACTIONS) for n in (0, 1)]
    positions_2d: dict[str, dict[str, list[Any]]] = {}
    positions_3d: dict[str, dict[str, Any]] = {}
    for subject in SUBJECTS:
        positions_2d[subject], positions_3d[subject] = {}, {}
        for name in names:
            views = [rng.uniform(100, 900, (length, 17, 2)).astype(np.float32) for _ in range(4)]
            positions_2d[subject][name] = views
            positions_3d[subject][name] = body + rng.normal(0, 0.01, body.shape).astype(np.float32)
    symmetry = [[4, 5, 6, 11, 12, 13], [1, 2, 3, 14, 15, 16]]
    metadata = {"layout_name": "h36m", "num_joints": 17, "keypoints_symmetry": symmetry}
    arrays: dict[str, Any] = {"positions_2d": positions_2d, "metadata": metadata}
    np.savez_compressed(flat, **arrays)
    np.savez_compressed(world, positions_3d=np.array(positions_3d, object))
    return flat, world


def timed(command: list[str]) -> dict[str, float]:
    """Wall and CPU seconds of a process and its children, and their largest resident memory."""
    code = (
        "import resource, subprocess, sys, json, time\n"
        "start = time.perf_counter()\n"
        "done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)\n"
        "assert done.returncode == 0, done.stderr.decode()\n"
        "use = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(json.dumps({'seconds': time.perf_counter() - start,\n"
        "                  'cpu_seconds': use.ru_utime + use.ru_stime,\n"
        "                  'peak_mb': use.ru_maxrss / 1024}))\n"
    )
    ran = [sys.executable, "-c", code, *command]
    done = subprocess.run(ran, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def measure(folder: Path, frames: int, repeats: int) -> dict[str, Any]:
    """Medians over alternating repetitions."""
    files = make_files(folder, frames)
    output = folder / "prepared.npz"
    inputs = [str(path) for path in files]
    jobs = {
        "read the bytes": [sys.executable, "-c", READ, *inputs],
        "prepare": [
            *(sys.executable, "-m", "geoself_jax.prepare", "--format=human36m"),
            *("--input", *inputs, f"--output={output}"),
        ],
    }
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in jobs}
    for _ in range(repeats):
        for name, command in jobs.items():
            runs[name].append(timed(command))
    rows = {
        name: {key: statistics.median(run[key] for run in done) for key in done[0]}
        for name, done in runs.items()
    }
    sizes = {path.name: path.stat().st_size for path in (*files, output)}
    return {"frames": frames, "views": 4, "bytes": sizes, "rows": rows, "repeats": repeats}


def main() -> None:
    """Prints a table; writes JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=390_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=Path("runs/prepare"))
    parser.add_argument("--out", type=Path)
    flags = parser.parse_args()
    start = time.perf_counter()
    result = measure(flags.folder, flags.frames, flags.repeats)
    for name, size in result["bytes"].items():
        print(f"{name}: {size / 1e6:.0f} MB")
    for name, row in result["rows"].items():
        print(
            f"{name:>16}: {row['seconds']:.2f} s, {row['cpu_seconds']:.2f} s of CPU, "
            f"largest process {row['peak_mb']:.0f} MB"
        )
    print(f"({time.perf_counter() - start:.0f} s in all)")
    if flags.out:
        flags.out.parent.mkdir(parents=True, exist_ok=True)
        flags.out.write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
