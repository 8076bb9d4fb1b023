"""Takes a real clip through every command: prepare, inspect, train, evaluate, export, lift, view.

    python -m benchmarks.real_clip [--data=../shared/data/real_clip] [--steps=2000] [--out=FOLDER]

Four cameras, 100 frames, a detector's joints; no ground truth. It prints what each command says and
the triangulation residual of each camera. One clip of one person: the networks learn that clip, and
are evaluated on it; what this shows is that a real recording goes through, not how good they are.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def command(*words: object) -> int:
    """Runs `python -m geoself_jax.WORDS` and prints it, what it says and how long it took."""
    line = [str(word) for word in words]
    print(f"\n$ geoself {' '.join(line)}", flush=True)
    start = time.monotonic()
    verb, *rest = line
    done = subprocess.run(
        [sys.executable, "-m", f"geoself_jax.{verb}", *rest], capture_output=True, text=True
    )
    said = [part for part in (done.stdout + done.stderr).splitlines() if "step/s" not in part]
    print("\n".join(part for part in said if "clips/s" not in part))
    print(f"[exit {done.returncode}, {time.monotonic() - start:.0f} s]", flush=True)
    return done.returncode


def main() -> int:
    """Runs all; the number of commands that failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/real_clip"))
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--out", type=Path, help="folder to keep; a temporary one otherwise")
    flags = parser.parse_args()
    if not flags.data.is_dir():
        print(f"skipped: {flags.data} is not here")
        return 0
    with tempfile.TemporaryDirectory() as made:
        out = flags.out or Path(made)
        inputs = out / "balancing"
        inputs.mkdir(parents=True, exist_ok=True)
        for path in [*flags.data.glob("cam*.json"), flags.data / "calib.toml"]:
            (inputs / path.name).write_bytes(path.read_bytes())
        return _through(inputs, out, flags.steps)


def _through(inputs: Path, out: Path, steps: int) -> int:
    clip, run, export = out / "clip.npz", out / "run", out / "export"
    how = ("--fps=60", "--skeleton=coco_17", "--subject=anna")
    camera = f"--camera={inputs / 'calib.toml'}:cam01"
    codes = [
        command("prepare", "--input", inputs, *how, f"--output={clip}"),
        command("inspect", f"--data={clip}", f"--html={out / 'inspect.html'}"),
        command(
            "train",
            "--config=cmu_h36m_rig",
            f"--config.data.train={clip}",
            f"--config.schedule.length={steps}",
            f"--workdir={run}",
        ),
        command("evaluate", f"--workdir={run}", f"--data={clip}"),
        command("export", f"--workdir={run}", f"--out={export}"),
        command(
            "lift",
            f"--model={export}",
            f"--keypoints={inputs / 'cam01.json'}",
            camera,
            *how[:2],
            f"--out={out / 'poses.npz'}",
        ),
        command(
            "view", "--poses", out / "poses.npz", f"--data={clip}", f"--out={out / 'view.html'}"
        ),
    ]
    return sum(code != 0 for code in codes)


if __name__ == "__main__":
    sys.exit(main())
