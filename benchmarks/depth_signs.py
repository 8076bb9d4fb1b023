"""What signs and sizes of the bones' depths cost: oracles on lifted poses, and mirrored bones.

    python -m benchmarks.depth_signs --model=RUN1/export --model=RUN27/export

Lifts every camera of ../shared/data/cmu_h36m_rig/dev.npz (or --data, with --subjects of it) and
prints MPJPE, mm, after changes of the bones' depth differences, child minus parent along the ray.
All but the last column are oracles, which look at the ground truth.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from geoself_jax.core.predict import make_predict
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.recording import Recording
from geoself_jax.data.sources import load
from geoself_jax.evaluate import depth_flips
from geoself_jax.evaluate.scores import in_cameras, predict_recording
from geoself_jax.lift.exported import load_exported
from geoself_jax.runtime import cli
from geoself_jax.runtime.workdir import write_json

MIRRORED_COST, MOTION = 0.5, 0.2
"""Of a path of signs: what a mirrored frame costs, and the motion, of a bone's length, that costs
1. The best of eight pairs on held-out subjects."""


def of_model(folder: str, recording: Recording) -> dict[str, float]:
    """Scores of one export's lifts of every camera: of flips, and MPJPE after each change."""
    trained = load_exported(Path(folder))
    frames, skeleton = trained.model.config.frames, recording.skeleton
    predict = make_predict(trained.model)
    prediction = predict_recording(predict, trained.variables, recording, frames)
    lifted = np.asarray(prediction.pose_3d)
    target = in_cameras(np.asarray(recording.pose_world), recording).reshape(-1, *lifted.shape[2:])
    pose = lifted.reshape(target.shape)
    own = (lifted + np.asarray(prediction.root_position)[:, :, None]).reshape(target.shape)
    report = depth_flips.flip_report(pose, target, skeleton)
    assert report is not None, "no bone is clearly out of the image plane"
    found = {key: value for key, value in report.items() if key != "bones"}
    starts = np.arange(recording.frames) == recording.runs[:, 0]
    return (
        found | _oracles(pose, target, skeleton) | _over_time(pose, own, target, skeleton, starts)
    )


def _oracles(pose: np.ndarray, target: np.ndarray, skeleton: Skeleton) -> dict[str, float]:
    """MPJPE with true signs, true sizes, both, and true bone lengths with true signs."""
    bones = np.array(skeleton.bones, int)
    ray = depth_flips.bone_rays(target, bones)
    true, bone = (depth_flips.bone_vectors(joints, bones) for joints in (target, pose))
    wanted, depth = (np.sum(vector * ray, axis=-1) for vector in (true, bone))
    across = np.sum(np.square(bone), axis=-1) - depth**2
    of_length = np.sqrt(np.maximum(np.sum(np.square(true), axis=-1) - across, 0))
    changed = {
        "signs": np.sign(wanted) * np.abs(depth),
        "sizes": np.sign(depth) * np.abs(wanted),
        "signs_and_sizes": wanted,
        "signs_and_lengths": np.sign(wanted) * of_length,
    }
    moved = {
        key: depth_flips.moved_by((new - depth)[..., None] * ray, bones, skeleton)
        for key, new in changed.items()
    }
    score = depth_flips.mpjpe_mm
    return {f"{key}_mm": score(pose + by, target, skeleton.root) for key, by in moved.items()}


def _over_time(
    pose: np.ndarray, own: np.ndarray, target: np.ndarray, skeleton: Skeleton, starts: np.ndarray
) -> dict[str, float]:
    """MPJPE with bones mirrored across their own rays where that makes them move least."""
    bones = np.array(skeleton.bones, int)
    ray, bone = depth_flips.bone_rays(own, bones), depth_flips.bone_vectors(pose, bones)
    depth = np.sum(bone * ray, axis=-1)
    share = depth / np.median(np.linalg.norm(bone, axis=-1), axis=0)
    mirrored = mirrored_path(share.reshape(len(starts), -1), starts).reshape(depth.shape)
    change = -2 * np.where(mirrored, depth, 0)[..., None] * ray
    moved = depth_flips.moved_by(change, bones, skeleton)
    return {"over_time_mm": depth_flips.mpjpe_mm(pose + moved, target, skeleton.root)}


def mirrored_path(depth: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Whether each value is mirrored on its cheapest path through a run of frames (Viterbi).

    Args:
        depth: (frames, values), each as a share of its bone.
        starts: (frames,) whether a frame follows none.
    """
    signs = np.array([1.0, -1.0])
    cost = np.zeros((2, depth.shape[1]))
    came_from = np.zeros((len(depth), 2, depth.shape[1]), int)
    for t, now in enumerate(depth):
        step = np.repeat(cost[:, None], 2, axis=1)  # (before, now, values)
        if not starts[t]:
            places = signs[:, None] * depth[t - 1], signs[:, None] * now
            step = step + np.abs(places[1][None] - places[0][:, None]) / MOTION
        came_from[t], cost = step.argmin(0), step.min(0)
        cost[1] += MIRRORED_COST
    state = np.zeros(depth.shape, int)
    state[-1] = cost.argmin(0)
    for t in range(len(depth) - 1, 0, -1):
        state[t - 1] = np.take_along_axis(came_from[t], state[t][None], axis=0)[0]
    return state == 1


def main(argv: Sequence[str]) -> int:
    """Scores and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/cmu_h36m_rig/dev.npz"))
    parser.add_argument("--subjects", default="", help="of the data, commas between them")
    parser.add_argument("--model", action="append", default=[], help="an export; several times")
    parser.add_argument("--json", type=Path)
    flags = parser.parse_args(list(argv))
    if not flags.data.exists():
        print(f"skipped: {flags.data} is not here")
        return 0
    recording = load(str(flags.data), synthetic_frames=8000)
    if flags.subjects:
        wanted = flags.subjects.split(",")
        is_wanted = np.isin(np.array(recording.subject_names)[recording.subject_id], wanted)
        recording = recording.select(np.flatnonzero(is_wanted))
    scores = {model: of_model(model, recording) for model in flags.model}
    for row, (model, found) in enumerate(scores.items()):
        if not row:
            print(f"| model | {' | '.join(found)} |\n{'| --- ' * (1 + len(found))}|")
        shown = (f"{x:.1f}" if key.endswith("_mm") else f"{x:.3f}" for key, x in found.items())
        print(f"| {model} | {' | '.join(shown)} |")
    if flags.json:
        write_json(flags.json, scores)
    return 0


if __name__ == "__main__":
    cli.run(main)
