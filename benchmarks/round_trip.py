"""The built-in data written as other programs' files, prepared back, and trained on: same score?

    python -m benchmarks.round_trip --out=runs/round_trip

For each of three layouts (benchmarks/layouts.py) every subject's clips are written, prepared by
`python -m geoself_jax.prepare` into a file a subject, and these put together into one; its arrays
are compared with those the files were written from, and a short run on it is scored on
`synthetic:test` and compared with one on the direct file.
"""

import argparse
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.layouts import LAYOUTS, write_layout
from geoself_jax.data.files import npz
from geoself_jax.data.synthetic import generate

FLAGS = {
    "openpose": ("--skeleton=h36m_17",),
    "alphapose": ("--skeleton=h36m_17",),
    "deeplabcut": ("--cameras=front_left,front_right,back_left,back_right", "--unit=m"),
}


def by_subject(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The same recording with its clips in order of their subjects; no k3, which Pose2Sim lacks."""
    first = [
        int(np.flatnonzero(arrays["clip_id"] == c)[0]) for c in range(len(arrays["clip_names"]))
    ]
    order = sorted(range(len(first)), key=lambda c: (int(arrays["subject_id"][first[c]]), c))
    frames = np.concatenate([np.flatnonzero(arrays["clip_id"] == clip) for clip in order])
    place = np.argsort(order)
    result = {
        name: array[frames] if len(array.shape) and len(array) == len(arrays["clip_id"]) else array
        for name, array in arrays.items()
    }
    result["clip_id"] = place[result["clip_id"]].astype(np.int32)
    for name in ("clip_names", "clip_actions"):
        result[name] = arrays[name][order]
    result["dist"] = np.where(np.arange(5) == 4, 0, arrays["dist"])
    return result


def command(*words: object) -> str:
    """Runs `python -m WORDS`; its standard output."""
    done = subprocess.run(
        [sys.executable, "-m", *map(str, words)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, words))}\n{done.stdout}{done.stderr}")
    return done.stdout


def prepared(folder: Path, layout: str, arrays: dict[str, np.ndarray]) -> Path:
    """The file prepared from the layout's files."""
    parts = []
    for subject, name in enumerate(arrays["subject_names"]):
        clips = np.unique(arrays["clip_id"][arrays["subject_id"] == subject])
        places = [folder / str(name) / f"{clip:04d}" for clip in clips]
        for clip, place in zip(clips, places, strict=True):
            write_layout(place, layout, arrays, int(clip))
        parts.append(folder / f"{name}.npz")
        command(
            "geoself_jax.prepare", "--format=rig", f"--output={parts[-1]}", *FLAGS[layout],
            f"--fps={float(arrays['fps'])}", f"--subject={name}", "--input", *places,
        )  # fmt: skip
        shutil.rmtree(folder / str(name))
    output = folder / "all.npz"
    command("geoself_jax.prepare", "--format=prepared", f"--output={output}", "--input", *parts)
    return output


def differences(arrays: dict[str, np.ndarray], path: Path) -> dict[str, float]:
    """Largest differences of the prepared arrays from those they were written from."""
    found = npz.read_arrays(path)
    result = {}
    for name in ("keypoints_2d", "confidence", "frame_id", "clip_id", "subject_id", "rig_id", "K"):
        a, b = found[name].astype(float), arrays[name].astype(float)
        assert a.shape == b.shape, f"{name}: {a.shape}, wanted {b.shape}"
        assert (np.isnan(a) == np.isnan(b)).all()
        result[name] = float(np.nanmax(np.abs(a - b)))
    up = found["world_up"]
    distance = np.linalg.norm
    heights = [f["center"] @ u for f, u in ((found, up), (arrays, arrays["world_up"]))]
    result["camera heights, m"] = float(np.abs(heights[0] - heights[1]).max())
    baselines = [distance(c[:, :, None] - c[:, None], axis=-1) for c in
                 (found["center"], arrays["center"])]  # fmt: skip
    result["baselines, m"] = float(np.abs(baselines[0] - baselines[1]).max())
    return result


def score(path: Path, folder: Path, steps: int) -> dict[str, float]:
    """MPJPE and P-MPJPE, mm, of a short run on a file."""
    command(
        "geoself_jax.train", "--config=configs/synthetic.py", f"--config.data.train={path}",
        f"--config.schedule.length={steps}", "--config.model.width=256", f"--workdir={folder}",
    )  # fmt: skip
    command("geoself_jax.evaluate", f"--workdir={folder}", "--data=synthetic:test", "--frames=4000")
    scores = json.loads((folder / "evaluation.json").read_text())
    return {name: scores[name] for name in ("mpjpe_mm", "p_mpjpe_mm")}


def show(name: str, row: dict[str, Any]) -> None:
    """A row of the table, as soon as it is there."""
    scores = row["score"]
    print(f"{name:>12}: {scores['mpjpe_mm']:.2f} / {scores['p_mpjpe_mm']:.2f} mm", end="")
    print("".join(f", {k} {v:.1e}" for k, v in row.get("differences", {}).items()), flush=True)


def main() -> None:
    """Prints a table; writes JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=8000)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--out", type=Path, required=True)
    flags = parser.parse_args()
    arrays = by_subject(generate("train", flags.frames))
    flags.out.mkdir(parents=True, exist_ok=False)
    direct = flags.out / "direct.npz"
    npz.write_arrays(direct, arrays)
    rows: dict[str, Any] = {"direct": {"score": score(direct, flags.out / "direct", flags.steps)}}
    show("direct", rows["direct"])
    for layout in LAYOUTS:
        start = time.perf_counter()
        path = prepared(flags.out / layout, layout, arrays)
        seconds = time.perf_counter() - start
        rows[layout] = {
            "differences": differences(arrays, path),
            "score": score(path, flags.out / f"{layout}_run", flags.steps),
            "seconds": seconds,
        }
        show(layout, rows[layout])
    (flags.out / "round_trip.json").write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
