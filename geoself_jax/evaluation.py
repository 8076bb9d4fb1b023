"""The report of a run on a recording: scores, a table, pictures."""

import math
from pathlib import Path
from typing import Any

import numpy as np

from geoself_jax.data.training_views import triangulate_recording
from geoself_jax.drawing import Panel, draw_lifted
from geoself_jax.errors import DIVERGED, GeoselfError, data_error
from geoself_jax.recording import Recording
from geoself_jax.scores import (
    ground_truth_scores,
    in_cameras,
    label_free_scores,
    predict_recording,
)
from geoself_jax.skeleton import Skeleton, normalized
from geoself_jax.step import Prediction, make_predict
from geoself_jax.trained import Trained

COLUMNS = {
    "mpjpe_mm": "MPJPE",
    "p_mpjpe_mm": "P-MPJPE",
    "n_mpjpe_mm": "N-MPJPE",
    "pck_150": "PCK@150",
    "auc": "AUC",
    "root_error_mm": "root",
}


def evaluate(
    trained: Trained, recording: Recording, source: str, *, flip: bool = False
) -> tuple[dict[str, Any], Prediction, np.ndarray]:
    """Lifts every view by itself and scores it.

    Args:
        trained: The networks.
        recording: To lift; with or without ground truth.
        source: Its name in the report.
        flip: See `step.make_predict`.

    Returns:
        The scores, JSON values; the predictions; the triangulated joints they were compared with,
        (frames, joints, 3) world, metres.

    Raises:
        GeoselfError: The recording has other joints than the run (65).
    """
    check_skeleton(source, recording.skeleton, trained.model.skeleton)
    predict = make_predict(trained.model, flip=flip)
    prediction = predict_recording(predict, trained.variables, recording)
    if not (np.isfinite(prediction.pose_3d).all() and np.isfinite(prediction.root_position).all()):
        raise GeoselfError(
            f"{source}: some lifted poses are not finite",
            "the networks are broken",
            "evaluate another checkpoint",
            DIVERGED,
        )
    triangulated = triangulate_recording(recording)
    scores = {
        **ground_truth_scores(prediction, recording),
        **label_free_scores(prediction, recording, triangulated),
    }
    facts = {
        "data": source,
        "frames": recording.frames,
        "views": recording.views,
        "flip": flip,
        "checkpoint_step": trained.facts["step"],
        "trained_on": trained.record["data"]["source"],
        "supervised_upper_bound": trained.record["data"]["supervised_upper_bound"],
    }
    return _without_nan({**facts, **scores}), prediction, triangulated


def check_skeleton(source: str, found: Skeleton, wanted: Skeleton) -> None:
    """Makes sure that a recording has the joints that a run was trained on, in the same order.

    Raises:
        GeoselfError: It has others (65), the first one named.
    """
    do = "evaluate on a recording of the same skeleton"
    if (wanted.joints, wanted.root) != (found.joints, found.root):
        raise data_error(
            f"{source}: {found.joints} joints with root {found.root}",
            f"the run was trained on {wanted.joints} joints with root {wanted.root}",
            do,
        )
    for joint, (a, b) in enumerate(zip(found.joint_names, wanted.joint_names, strict=True)):
        if normalized(a) != normalized(b):
            raise data_error(
                f"{source}: joint {joint} is {a!r}", f"the run was trained with {b!r} there", do
            )


def _without_nan(value: Any) -> Any:
    """NaN is no JSON: null."""
    if isinstance(value, dict):
        return {key: _without_nan(inner) for key, inner in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def table(scores: dict[str, Any]) -> str:
    """The scores as text: a row an action for both protocols, then what needs no 3D label."""
    lines = []
    if "per_action" in scores:
        width = max(16, *(len(name) + 2 for name in scores["per_action"]))
        heads = "".join(f"{head:>10}" for head in (*COLUMNS.values(), "poses"))
        lines += [f"{'action (mm)':<{width}}{heads}"]
        rows = {
            **scores["per_action"],
            "mean of actions": scores["action_mean"],
            "all poses": scores,
        }
        lines += [_row(name, row, width) for name, row in rows.items()]
    lines.append(
        f"without 3D labels: triangulation {_figure(scores.get('triangulation_mm'))} mm, "
        f"cross-view {_figure(scores.get('cross_view_px'))} px, "
        f"reprojection {_figure(scores.get('reprojection_px'))} px"
    )
    return "\n".join(lines)


def _row(name: str, row: dict[str, Any], width: int) -> str:
    cells = "".join(
        f"{_figure(row.get(key), 3 if key in ('pck_150', 'auc') else 1):>10}" for key in COLUMNS
    )
    return f"{name:<{width}}{cells}{row.get('poses', ''):>10}"


def _figure(value: float | None, digits: int = 1) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def panel(
    recording: Recording, frame: int, view: int, poses: dict[str, np.ndarray], title: str
) -> Panel:
    """One view of one instant for a picture.

    Args:
        recording: Where the detections come from.
        frame, view: Which.
        poses: (joints, 3) by name, camera axes, relative to the root, metres.
        title: May hold `{action}` and `{camera}`.
    """
    rig = recording.rig_id[frame]
    action = recording.clip_actions[recording.clip_id[frame]].replace("_", " ")
    return Panel(
        title=title.format(action=action, camera=recording.camera_names[view]),
        keypoints_2d=recording.keypoints_2d[frame, view],
        confidence=recording.confidence[frame, view],
        image_size=tuple(recording.image_size[rig, view]),
        poses=poses,
        up=tuple(recording.camera.R[rig, view] @ recording.world_up),
    )


def draw_examples(
    folder: Path, recording: Recording, prediction: Prediction, triangulated: np.ndarray
) -> Path | None:
    """Draws the best, median and worst view into the folder; returns the picture's path, if any.

    They are ranked, and drawn beside, ground truth where there is any, else triangulation.
    """
    truth = recording.pose_world
    name, world = ("triangulated", triangulated) if truth is None else ("ground truth", truth)
    root = recording.skeleton.root
    target = in_cameras(world, recording)
    target = target - target[:, :, root, None]
    errors = np.linalg.norm(prediction.pose_3d - target, axis=-1)
    counted = np.isfinite(errors)
    mean = np.where(counted, errors, 0).sum(-1) / np.maximum(counted.sum(-1), 1)
    order = np.argsort(np.where(counted.any(-1), mean, np.inf), axis=None)
    order = order[: int(counted.any(-1).sum())]
    if not len(order):
        return None
    panels = []
    for rank, at in (("best", 0), ("median", len(order) // 2), ("worst", len(order) - 1)):
        frame, view = (int(i) for i in np.unravel_index(order[at], mean.shape))
        poses = {"prediction": prediction.pose_3d[frame, view], name: target[frame, view]}
        title = f"{rank}: {1000 * mean[frame, view]:.0f} mm, {{action}}, {{camera}}"
        panels.append(panel(recording, frame, view, poses, title))
    path = folder / "examples.png"
    draw_lifted(path, panels, recording.skeleton)
    return path
