"""How fast `python -m geoself_jax.lift` is from files to files, and how well two cameras agree.

    python -m benchmarks.lift --model=runs/synthetic/export --out=runs/lift.json

One camera's 30,000 frames of the built-in people, written as OpenPose and AlphaPose would and as a
recording of ours, are lifted by the command, each time a process of its own, in turn with the
floors: the interpreter that imports jax and ends, and one that parses the same JSON and does
nothing with it. The floor of the lifting itself is the networks' products, at the rate of a square
product.

Then the people of `synthetic:test` are lifted from each camera alone, in world axes: how far two
cameras' poses of the same instant are apart, compared with the error of each; and how far it
is where the focal length is guessed too short or too long.
"""

import argparse
import dataclasses
import itertools
import json
import math
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

JSON = """import json, sys
from pathlib import Path
path = Path(sys.argv[1])
for file in sorted(path.iterdir()) if path.is_dir() else [path]:
    json.loads(file.read_bytes())
"""
TIMED = """import json, resource, subprocess, sys, time
start = time.perf_counter()
done = subprocess.run(sys.argv[1:], capture_output=True, text=True)
assert done.returncode == 0, done.stderr
use = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps({"seconds": time.perf_counter() - start, "peak_mb": use.ru_maxrss / 1024,
                  "cpu_seconds": use.ru_utime + use.ru_stime, "printed": done.stdout}))
"""
GUESSES = (0.8, 1.25)
"""Of the true focal length."""
PARTS = ("lifting", "reading", "compiling", "writing")


def make_files(folder: Path, frames: int) -> dict[str, list[str]]:
    """The files, where they are not there yet, and the command's flags for each."""
    import numpy as np

    from benchmarks.layouts import write_alphapose
    from geoself_jax.data.files import npz
    from geoself_jax.data.synthetic import generate
    from geoself_jax.prepare.lab_files import write_openpose, write_pose2sim

    names = ("front_left",)
    if not (folder / "recording.npz").exists():
        arrays = generate("test", frames, subjects=1)
        one = np.zeros(frames, np.int32)  # all clips as one, frame after frame
        whole: dict[str, np.ndarray] = {
            "clip_id": one,
            "frame_id": np.arange(frames),
            "clip_names": np.array(["all"]),
        }
        folder.mkdir(parents=True, exist_ok=True)
        pixels, confidence = arrays["keypoints_2d"][:, 0], arrays["confidence"][:, 0]
        write_openpose(folder, names[0], pixels, confidence)
        write_alphapose(folder, names[0], pixels, confidence)
        cameras = {key: arrays[key][0] for key in ("K", "dist", "R", "center", "image_size")}
        cameras["dist"][:, 4] = 0  # which Pose2Sim lacks
        write_pose2sim(folder / "Calib.toml", names, cameras)
        arrays.pop("pose_world")
        whole["clip_actions"] = np.array(["all"])
        npz.write_arrays(folder / "recording.npz", arrays | whole)
    rig = [f"--camera={folder}/Calib.toml:{names[0]}", "--fps=50", "--skeleton=h36m_17"]
    return {
        "openpose": [f"--keypoints={folder}/{names[0]}_json", *rig],
        "alphapose": [f"--keypoints={folder}/{names[0]}.json", *rig],
        "recording": [f"--keypoints={folder}/recording.npz", f"--camera={names[0]}"],
    }


def speed(model: str, folder: Path, frames: int, repeats: int) -> list[dict[str, Any]]:
    """A row a job: medians of the seconds and of what the command says of its parts."""
    flags = make_files(folder, frames)
    module = [sys.executable, "-m", "geoself_jax.lift", f"--model={model}"]
    out = folder / "lifted"
    jobs = {
        "import jax": [sys.executable, "-c", "import jax; jax.devices()"],
        "parse openpose": [sys.executable, "-c", JSON, str(folder / "front_left_json")],
        "parse alphapose": [sys.executable, "-c", JSON, str(folder / "front_left.json")],
        **{name: [*module, *more, f"--out={out}.npz"] for name, more in flags.items()},
        "recording, to csv": [*module, *flags["recording"], f"--out={out}.csv"],
    }
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in jobs}
    for _ in range(repeats):
        for name, command in jobs.items():
            ran = [sys.executable, "-c", TIMED, *command]
            done = json.loads(
                subprocess.run(ran, capture_output=True, text=True, check=True).stdout
            )
            runs[name].append(parts_of(done.pop("printed")) | done)
    return [
        {"job": name, **{key: statistics.median(run[key] for run in done) for key in done[0]}}
        for name, done in runs.items()
    ]


def parts_of(printed: str) -> dict[str, float]:
    """Seconds of each part as the command prints them."""
    found = {part: re.search(rf"{part} ([\d.]+) s", printed) for part in PARTS}
    return {part: float(match[1]) for part, match in found.items() if match}


def product_floor(model: str, frames: int) -> dict[str, float]:
    """Seconds that the networks' products take at the rate of a square one, and that they took."""
    import numpy as np

    from benchmarks import measure
    from geoself_jax import load_lifter

    lifter = load_lifter(model)
    count = sum(math.prod(array.shape) for array in lifter._weights)
    jobs, flops = measure.gemm_jobs()
    rng = np.random.default_rng(0)
    pixels = rng.normal(500, 80, (frames, 17, 2)).astype(np.float32)
    K = np.array([[1145.0, 0, 500], [0, 1145, 500], [0, 0, 1]])
    done = measure.alternate({"lift": lambda: lifter(pixels, None, K), **jobs}, 5)
    best = {name: statistics.median(seconds) for name, seconds in done.items()}
    floor = 2.0 * count * frames / flops * best["gemm jax"]
    return {"weights": count, "lifting": best["lift"], "products": floor}


def live(model: str, frames: int = 1000) -> dict[str, float]:
    """Median milliseconds of a frame in live use, with and without a filter."""
    import numpy as np

    from geoself_jax import load_lifter

    lifter, rng = load_lifter(model), np.random.default_rng(0)
    joints = lifter.skeleton.joints
    pixels = rng.normal(500, 80, (frames, joints, 2)).astype(np.float32)
    seen = np.ones((frames, joints), np.float32)
    K = np.array([[1145.0, 0, 500], [0, 1145, 500], [0, 0, 1]])
    filtered = lifter.stream(K, filter="one-euro:1.0,0.05", fps=50)
    result = {}
    for name, stream in {"live": lifter.stream(K), "live, filtered": filtered}.items():
        seconds = []
        for frame in range(frames):
            start = time.perf_counter()
            stream(pixels[frame], seen[frame])
            seconds.append(time.perf_counter() - start)
        result[name] = 1000 * statistics.median(seconds)
    return result


def agreement(model: str, frames: int) -> dict[str, float]:
    """Millimetres between two cameras' world poses of an instant, and from each to the truth.

    Also to the truth where the focal length is one of `GUESSES`.
    """
    import numpy as np

    from geoself_jax import load_lifter
    from geoself_jax.data.poses.change_axes import in_world
    from geoself_jax.data.sources import load
    from geoself_jax.lift.lift_video import lift_video
    from geoself_jax.lift.video_detections import videos_of

    lifter, recording = load_lifter(model), load("synthetic:test", synthetic_frames=frames)
    root = lifter.skeleton.root
    assert recording.pose_world is not None
    names = ("between", "error", *(f"error_focal_{guess:g}" for guess in GUESSES))
    rows: dict[str, list[Any]] = {name: [] for name in names}
    for clip in recording.clip_names:
        videos = [videos_of(recording, "", camera, clip)[0] for camera in recording.camera_names]
        at = recording.clip_id == recording.clip_names.index(clip)
        truth = recording.pose_world[at]
        world = [in_world(lift_video(lifter, video)).pose[video.frame_id] for video in videos]
        rows["error"] += [_apart(pose, truth, root) for pose in world]
        for guess in GUESSES:
            for video in videos:
                K = video.view.K * [[guess], [guess], [1]]
                K[:, 2] = video.view.K[:, 2]
                other = dataclasses.replace(video, view=dataclasses.replace(video.view, K=K))
                pose = in_world(lift_video(lifter, other)).pose[video.frame_id]
                rows[f"error_focal_{guess:g}"].append(_apart(pose, truth, root))
        rows["between"] += [_apart(a, b, root) for a, b in itertools.combinations(world, 2)]
    result = {}
    for name, parts in rows.items():
        for how, values in zip(("absolute", "relative"), zip(*parts, strict=True), strict=True):
            result[f"{name}_{how}_mm"] = 1000 * float(np.nanmean(np.concatenate(values)))
    return result


def _apart(a: Any, b: Any, root: int) -> tuple[Any, Any]:
    """Distances of joints, as they are and relative to the root."""
    import numpy as np

    relative = (a - a[:, root, None]) - (b - b[:, root, None])
    return np.linalg.norm(a - b, axis=-1), np.linalg.norm(relative, axis=-1)


def main() -> None:
    """Prints tables; writes JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="runs/synthetic/export")
    parser.add_argument("--frames", type=int, default=30_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=Path("runs/lift"))
    parser.add_argument("--out", type=Path)
    flags = parser.parse_args()
    start = time.perf_counter()
    rows = speed(flags.model, flags.folder, flags.frames, flags.repeats)
    for row in rows:
        parts = ", ".join(f"{part} {row[part]:.2f}" for part in PARTS if part in row)
        rate = f"{flags.frames / row['seconds']:>8.0f} frames/s" if parts else " " * 17
        print(
            f"{row['job']:>18}: {row['seconds']:6.2f} s ({row['cpu_seconds']:5.2f} s of CPU) "
            f"{rate}  {row['peak_mb']:.0f} MB  {parts}"
        )
    floor = product_floor(flags.model, flags.frames)
    print(
        f"lifting alone {floor['lifting']:.2f} s; its products at the rate of a square one "
        f"{floor['products']:.2f} s ({floor['weights']} weights)"
    )
    live_ms = live(flags.model)
    for name, value in live_ms.items():
        print(f"{name}: {value:.2f} ms a frame")
    apart = agreement(flags.model, 4000)
    for name, value in apart.items():
        print(f"{name}: {value:.1f}")
    print(f"({time.perf_counter() - start:.0f} s in all)")
    if flags.out:
        from benchmarks import measure
        from geoself_jax.runtime.workdir import write_json

        found = {
            "speed": rows,
            "floor": floor,
            "live_ms": live_ms,
            "agreement": apart,
            "frames": flags.frames,
        }
        write_json(flags.out, found | {"machine": measure.machine()})


if __name__ == "__main__":
    main()
