"""Fine-tuning on a real clip in a detector's joints: how well is a held-out camera lifted?

    python -m benchmarks.finetune_clip --base=RUN --json=FILE [--data=../shared/data/real_clip]

Four cameras, 100 frames of one person, COCO's joints; `--base` has Human3.6M's. Held out is a
camera, or the last third of the frames. No ground truth: the lifted limbs are compared with those
that other cameras' detections triangulate to, both relative to the pelvis. Prints and writes the
mean distance of the twelve limb joints, mm.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.finetune import configured, trained_on
from geoself_jax.core.predict import make_predict
from geoself_jax.data.joint_maps import LIMBS
from geoself_jax.data.recording import Recording, read
from geoself_jax.data.training_set import triangulate_recording
from geoself_jax.evaluate.report import in_joints_of
from geoself_jax.evaluate.scores import in_cameras, predict_recording
from geoself_jax.runtime.restore import Trained, load_trained
from geoself_jax.runtime.workdir import write_json


def prepared(data: Path, folder: Path) -> Recording:
    """The clip, as `prepare` reads it."""
    inputs = folder / "balancing"
    inputs.mkdir()
    for path in [*data.glob("cam*.json"), data / "calib.toml"]:
        (inputs / path.name).write_bytes(path.read_bytes())
    out = folder / "clip.npz"
    flags = ["--fps=60", "--skeleton=coco_17", "--subject=anna", f"--output={out}"]
    command = [sys.executable, "-m", "geoself_jax.prepare", "--input", str(inputs), *flags]
    subprocess.run(command, check=True, capture_output=True)
    return read(out)


def limbs_mm(trained: Trained, shown: Recording, triangulated: np.ndarray) -> float:
    """Mean distance of the lifted limbs to the triangulated ones, relative to the root, mm.

    Args:
        trained: In the clip's joints or others.
        shown: What is lifted.
        triangulated: (frames, joints, 3), metres, in the clip's joints, by other detections.
    """
    mapped = in_joints_of(trained.model.skeleton, shown, "clip")
    frames = trained.model.config.frames
    lifted = predict_recording(make_predict(trained.model), trained.variables, mapped, frames)
    wanted = in_cameras(triangulated, shown)
    wanted = wanted - wanted[:, :, shown.skeleton.root, None]
    ours, theirs = (
        [skeleton.joint_names.index(name) for name in LIMBS]
        for skeleton in (trained.model.skeleton, shown.skeleton)
    )
    apart = np.asarray(lifted.pose_3d)[:, :, ours] - wanted[:, :, theirs]
    return round(float(1000 * np.nanmean(np.linalg.norm(apart, axis=-1))), 1)


def splits(clip: Recording) -> dict[str, tuple[Recording, Recording, np.ndarray]]:
    """By what is held out: what is trained on, what is lifted, and what that is compared with."""
    others, first = np.arange(1, clip.views), clip.frames * 2 // 3
    rest = clip.select_views(others)
    late = clip.select(np.arange(first, clip.frames))
    early = clip.select(np.arange(first))
    return {
        "camera 1": (rest, clip.select_views(np.array([0])), triangulate_recording(rest)),
        "last third": (early, late, triangulate_recording(late)),
    }


def main() -> None:
    """Trains and compares each of them, writes and prints the distances."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/real_clip"))
    parser.add_argument("--base", type=Path, required=True)
    parser.add_argument("--seeds", default="0", help="with commas")
    parser.add_argument("--json", type=Path, required=True)
    flags = parser.parse_args()
    if not flags.data.is_dir():
        raise SystemExit(f"{flags.data} is not here: not run")
    with tempfile.TemporaryDirectory() as made:
        clip, rows = prepared(flags.data, Path(made)), []
        for name, (learn, shown, triangulated) in splits(clip).items():
            found = limbs_mm(load_trained(flags.base), shown, triangulated)
            rows.append({"held_out": name, "kind": "base", "limbs_mm": found})
            print(rows[-1], flush=True)
            for seed in map(int, flags.seeds.split(",")):
                for kind, recipe, start in (
                    ("finetune", "finetune", {"init": str(flags.base)}),
                    ("scratch", "cmu_h36m_rig", {"init": "none"}),
                ):
                    config = configured(recipe, learn.views, seed, **start)
                    run = Path(made) / f"{name[:4]}-{kind}-{seed}"
                    trained, seconds = trained_on(config, learn, run)
                    found = limbs_mm(trained, shown, triangulated)
                    rows.append({"held_out": name, "kind": kind, "seed": seed, "limbs_mm": found})
                    rows[-1]["cpu_s"] = round(seconds)
                    print(rows[-1], flush=True)
                    write_json(flags.json, {"results": rows})


if __name__ == "__main__":
    main()
