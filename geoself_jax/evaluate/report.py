"""Evaluates a run on a recording: scores, a table and example figures."""

import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np

from geoself_jax.core.errors import DIVERGED, GeoselfError, data_error
from geoself_jax.core.float32 import in_float32
from geoself_jax.core.model import Prediction
from geoself_jax.core.predict import make_predict
from geoself_jax.core.shown_lengths import ShownUnit, units_for
from geoself_jax.core.skeleton import Skeleton, compared
from geoself_jax.data.find_skeleton import same_joints
from geoself_jax.data.joint_maps import JointMap, joint_map
from geoself_jax.data.recording import Recording
from geoself_jax.data.rig import up_in_camera
from geoself_jax.data.training_sample import TrainingSample
from geoself_jax.data.training_set import triangulate_recording
from geoself_jax.evaluate import depth_flips, uncertainty
from geoself_jax.evaluate.angle_scores import angle_lines, angle_scores
from geoself_jax.evaluate.by_motion import motion_lines, motion_scores
from geoself_jax.evaluate.joint_chart import units_of
from geoself_jax.evaluate.per_joint import (
    body_of,
    per_joint_scores,
    sizes_by_frame,
    sizes_by_subject,
)
from geoself_jax.evaluate.ranking import rank_views, truth_in_its_joints
from geoself_jax.evaluate.refine_views import refine_views
from geoself_jax.evaluate.scores import (
    ground_truth_scores,
    label_free_scores,
    measures_of_poses,
    predict_recording,
    truth_map,
)
from geoself_jax.runtime.phases import phase
from geoself_jax.runtime.restore import Trained
from geoself_jax.view.plots import PosePlot, draw_lifted

COLUMNS = {
    "mpjpe_mm": "MPJPE",
    "p_mpjpe_mm": "P-MPJPE",
    "n_mpjpe_mm": "N-MPJPE",
    "pck_150": "PCK@150",
    "auc": "AUC",
    "root_error_mm": "root",
    "limb_mpjpe_mm": "limbs",
    "limb_p_mpjpe_mm": "P-limbs",
}
_OF_BODY = {
    "mpjpe": "MPJPE",
    "p_mpjpe": "P-MPJPE",
    "n_mpjpe": "N-MPJPE",
    "triangulation": "triangulation",
}
_WIDTH = 100
"""Columns of a terminal that the table fits."""
_WHERE_THERE = ("pck_150", "auc", "limb_mpjpe_mm", "limb_p_mpjpe_mm")


@in_float32
def evaluate(
    trained: Trained,
    recording: Recording,
    source: str,
    *,
    flip: bool = False,
    refine: bool = False,
    sample: TrainingSample | None = None,
) -> tuple[dict[str, Any], Prediction, np.ndarray]:
    """Lifts every view independently and computes the scores.

    Args:
        trained: The trained networks.
        recording: Recording to lift, in the run's joints or others that map to them; ground truth
            is optional and may have any joints.
        source: Name of the recording in the report.
        flip: Whether to average over mirrored input (`predict.make_predict`).
        refine: Whether to refine each view over time (`refine_views`).
        sample: What the networks were trained on (`training_sample.read_sample`), for the scores by
            distance to it; None where it is unknown.

    Returns:
        The scores, JSON values; the predictions; the triangulated joints, (frames, joints, 3),
        metres, world frame. Both are in the run's joints (`in_joints_of`).

    Raises:
        GeoselfError: The recording's joints do not map to the run's (65).
    """
    lifted_from = recording
    recording = in_joints_of(trained.model.skeleton, recording, source)
    prediction = _lifted(trained, recording, source, flip=flip, refine=refine)
    with phase("triangulating"):
        triangulated = triangulate_recording(recording)
    with phase("scoring"):
        sizes = sizes_by_frame(recording, triangulated)
        per_pose = measures_of_poses(prediction, recording)
        scores = {
            **ground_truth_scores(prediction, recording, sizes, per_pose),
            **label_free_scores(prediction, recording, triangulated, sizes),
            **per_joint_scores(prediction, recording, triangulated),
            **sizes_by_subject(recording, sizes),
            **angle_scores(prediction, recording, triangulated),
            **depth_flips.flip_scores(prediction, recording),
            **motion_scores(
                *(prediction, recording, triangulated, per_pose, sample), _unsampled(trained)
            ),
        }
        if prediction.uncertainty is not None:
            scores["uncertainty"] = _calibration(prediction, recording, triangulated)
    facts = {
        "data": source,
        "frames": recording.frames,
        "views": recording.views,
        "flip": flip,
        "refine": refine,
        "checkpoint_step": trained.facts["step"],
        "trained_on": trained.record["data"]["source"],
        "supervised_upper_bound": trained.record["data"]["supervised_upper_bound"],
    }
    notes = joint_notes(lifted_from, recording)
    if notes:
        facts["joint_notes"] = notes
    return without_nan({**facts, **scores}), prediction, triangulated


def _lifted(
    trained: Trained, recording: Recording, source: str, *, flip: bool, refine: bool
) -> Prediction:
    """Lifts every view, and refines each over time where it is asked for; arguments as above."""
    predict = make_predict(trained.model, flip=flip)
    with phase("lifting", recording.frames, "frames") as bar:
        prediction = predict_recording(
            predict,
            trained.variables,
            recording,
            trained.model.config.frames,
            progress=bar.update,
        )
    if not (np.isfinite(prediction.pose_3d).all() and np.isfinite(prediction.root_position).all()):
        raise GeoselfError(
            f"{source}: some lifted poses are not finite",
            "the networks are broken",
            "evaluate another checkpoint",
            DIVERGED,
        )
    if refine:
        with phase("refining over time", recording.frames, "frames") as bar:
            prediction = refine_views(prediction, recording, progress=bar.update)
    return prediction


def _unsampled(trained: Trained) -> str:
    """What the networks started from, where their training sample does not show it."""
    init = trained.record.get("init") or {}
    return "" if init.get("in_training_sample", True) else str(init.get("folder", ""))


def _calibration(
    prediction: Prediction, recording: Recording, triangulated: np.ndarray
) -> dict[str, Any]:
    """Reports the calibration against ground truth, where available, and triangulation."""
    worlds = {"ground_truth": truth_in_its_joints(recording), "triangulation": triangulated}
    reports = {}
    for name, world in worlds.items():
        if world is not None:
            reports[name] = uncertainty.full_report(prediction, recording, world)
    return {name: report for name, report in reports.items() if report}


def in_joints_of(wanted: Skeleton, recording: Recording, source: str) -> Recording:
    """Maps a recording's detections to a run's joints; unchanged where they are the same.

    The confidence of a derived joint is the minimum over its source joints. Ground truth keeps its
    own joints.

    Raises:
        GeoselfError: Some of the run's joints cannot be derived (65).
    """
    mapped = _detections_map(recording.skeleton, wanted)
    if mapped is None:
        check_skeleton(source, recording.skeleton, wanted)
        return recording
    keypoints_2d, confidence = mapped.detections(recording.keypoints_2d, recording.confidence)
    truth = recording.truth_skeleton
    same = same_joints(truth.joint_names, wanted.joint_names) and truth.root == wanted.root
    return dataclasses.replace(
        recording,
        keypoints_2d=keypoints_2d,
        confidence=confidence,
        skeleton=wanted,
        pose_skeleton=None if recording.pose_world is None or same else truth,
    )


def _detections_map(found: Skeleton, wanted: Skeleton) -> JointMap | None:
    """Returns the map to a run's joints; None where it is the identity or incomplete.

    The same names in another order are an error, not another skeleton.
    """
    names, others = (set(compared(s.joint_names)) for s in (found, wanted))
    if names == others:
        return None
    mapped = joint_map(found, wanted)
    return None if mapped.absent else mapped


def joint_notes(given: Recording, lifted: Recording) -> list[str]:
    """Returns notes on the joints that were mapped between skeletons, one line each.

    Args:
        given: Recording as read.
        lifted: Recording in the run's joints, from `in_joints_of`.
    """
    notes = []
    detections = _detections_map(given.skeleton, lifted.skeleton)
    if detections is not None:
        line = detections.summary() or "all the same joints"
        notes.append(f"detections mapped to the run's {lifted.skeleton.joints} joints: {line}")
    truth = truth_map(lifted)
    if truth is not None:
        root = truth.target.joint_names[truth.target.root]
        line = truth.summary() or "all the same joints"
        if root in truth.absent:
            line = f"its root {root!r} cannot be had from the run's joints: not scored"
        notes.append(f"scored in the {truth.target.joints} joints of the ground truth: {line}")
    return notes


def check_skeleton(source: str, found: Skeleton, wanted: Skeleton) -> None:
    """Checks that a recording has the joints that a run was trained on, in the same order.

    Raises:
        GeoselfError: The joints differ (65); the message names the first.
    """
    do = "evaluate on a recording of the same skeleton"
    if (wanted.joints, wanted.root) != (found.joints, found.root):
        raise data_error(
            f"{source}: {found.joints} joints with root {found.root}",
            f"the run was trained on {wanted.joints} joints with root {wanted.root}",
            do,
        )
    names, trained = found.joint_names, wanted.joint_names
    pairs = zip(compared(names), compared(trained), strict=True)
    other = next((joint for joint, (a, b) in enumerate(pairs) if a != b), None)
    if other is not None:
        what = f"{source}: joint {other} is {names[other]!r}"
        raise data_error(what, f"the run was trained with {trained[other]!r} there", do)


def without_nan(value: Any) -> Any:
    """Replaces NaN and infinity, which JSON lacks, by None."""
    if isinstance(value, dict):
        return {key: without_nan(inner) for key, inner in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def table(scores: dict[str, Any]) -> str:
    """Formats the scores as text: a row per action for both protocols, then label-free scores."""
    lines = _by_action(scores) if "per_action" in scores else []
    unit = units_of(scores).error
    lines.append(
        f"without 3D labels: triangulation {_length(scores.get('triangulation_mm'), unit)} "
        f"{unit.symbol}, "
        f"cross-view {_figure(scores.get('cross_view_px'))} px, "
        f"reprojection {_figure(scores.get('reprojection_px'))} px"
    )
    lines.append(
        "triangulation: mean distance to joints triangulated from all views, train's held-out score"
    )
    lines.append("it orders runs on the same data; it is not the error on other motion or people")
    if shares := _of_body(scores):
        lines.append(shares)
    lines += [
        line
        for name, calibration in scores.get("uncertainty", {}).items()
        for line in uncertainty.lines(calibration, name.replace("_", " "), unit)
    ]
    if flips := scores.get("depth_flips"):
        lines.append(depth_flips.line(flips, unit))
    lines += motion_lines(scores, unit)
    lines += angle_lines(scores)
    lines += scores.get("joint_notes", [])
    return "\n".join(lines)


def _by_action(scores: dict[str, Any]) -> list[str]:
    """The table with ground truth, its columns as wide as what stands in them."""
    keys = [key for key in COLUMNS if key in scores or key not in _WHERE_THERE]
    unit = units_of(scores).error
    means = {"mean of actions": scores["action_mean"], "all poses": scores}
    rows = [(f"action ({unit.symbol})", [*(COLUMNS[key] for key in keys), "poses"])]
    rows += [
        (name, _cells(row, keys, unit)) for name, row in (scores["per_action"] | means).items()
    ]
    columns = zip(*(cells for _, cells in rows), strict=True)
    widths = [max(map(len, column)) + 2 for column in columns]
    most = max(len("mean of actions"), _WIDTH - sum(widths))
    first = min(most, max(len(name) for name, _ in rows))
    lines = []
    for name, cells in rows:
        aligned = (f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True))
        lines.append(f"{_cut(name, first):<{first}}{''.join(aligned)}".rstrip())
    return lines


def _of_body(scores: dict[str, Any]) -> str:
    """The line of bodies that are no people's: errors in percent of each one's size."""
    known = {name: scores.get(f"{key}_percent_of_body") for key, name in _OF_BODY.items()}
    shares = [f"{name} {value:.2f} %" for name, value in known.items() if value is not None]
    if not shares:
        return ""
    unit, sizes = units_of(scores).size, scores.get("body_sizes_mm", {}).values()
    least, most = (unit.text(of(sizes or [scores["body_size_mm"]]) / 1000, 2) for of in (min, max))
    whose, range_ = ("each", f"{least} to {most}") if sizes else ("the", most)
    return f"of {whose} body's size, {range_} {unit.symbol}: {', '.join(shares)}"


def _cells(row: dict[str, Any], keys: list[str], unit: ShownUnit) -> list[str]:
    cells = [
        _length(row.get(key), unit) if key.endswith("_mm") else _figure(row.get(key), 3)
        for key in keys
    ]
    return [*cells, str(row.get("poses", ""))]


def _length(millimetres: float | None, unit: ShownUnit) -> str:
    return unit.text(None if millimetres is None else millimetres / 1000)


def _cut(name: str, most: int) -> str:
    return name if len(name) <= most else f"{name[: most - 3]}..."


def _figure(value: float | None, digits: int = 1) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def pose_plot(
    recording: Recording, frame: int, view: int, poses: dict[str, np.ndarray], title: str
) -> PosePlot:
    """Builds the plot of one view of one frame.

    Args:
        recording: Recording with the detections.
        frame, view: Indices into the recording.
        poses: Name to (joints, 3), metres, camera axes, root-relative.
        title: Title; may contain `{action}` and `{camera}`.
    """
    rig = recording.rig_id[frame]
    action = recording.clip_actions[recording.clip_id[frame]].replace("_", " ")
    return PosePlot(
        title=title.format(action=action, camera=recording.camera_names[view]),
        keypoints_2d=recording.keypoints_2d[frame, view],
        confidence=recording.confidence[frame, view],
        image_size=tuple(recording.image_size[rig, view]),
        poses=poses,
        up=tuple(up_in_camera(recording.camera.R[rig, view], recording.world_up)),
    )


def draw_examples(
    folder: Path, recording: Recording, prediction: Prediction, triangulated: np.ndarray
) -> Path | None:
    """Draws the best, median and worst view as `examples.png`; returns its path, or None.

    Views are ranked by, and drawn with, ground truth where available, else triangulation.

    Args:
        folder: Folder to write to.
        recording: Recording in the joints of the prediction (`in_joints_of`); ground truth in
            other joints is mapped.
        prediction, triangulated: Results of `evaluate`.
    """
    ranking = rank_views(recording, prediction, triangulated)
    if not len(ranking.order):
        return None
    unit, plots = units_for(body_of(recording, triangulated)).error, []
    for rank, share in (("best", 0), ("median", 0.5), ("worst", 1)):
        frame, view = ranking.place(share)
        lifted = np.asarray(prediction.pose_3d[frame, view])
        poses = {"prediction": lifted, ranking.name: ranking.target[frame, view]}
        error = unit.text(float(ranking.error[frame, view]), 0)
        title = f"{rank}: {error} {unit.symbol}, {{action}}, {{camera}}"
        plots.append(pose_plot(recording, frame, view, poses, title))
    path = folder / "examples.png"
    draw_lifted(path, plots, recording.skeleton)
    return path
