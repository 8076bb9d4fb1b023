"""The figures of a recording that verdicts rest on, as plain numbers."""

from itertools import combinations
from typing import Any

import numpy as np

from geoself_jax.core.shown_lengths import ShownUnits, units_for_all
from geoself_jax.data.body_size import body_size
from geoself_jax.data.recording import Recording
from geoself_jax.inspect.body import bones_of
from geoself_jax.inspect.detection_checks import rank_correlation
from geoself_jax.inspect.sample import Sample, epipolar, one
from geoself_jax.inspect.sides import find

_PAIRS = 45  # of one rig; more are not listed


def of_camera(sample: Sample, view: int) -> dict[str, Any]:
    """Residual in px and in mm at the person's depth, distances, share seen, of one camera."""
    residual, (_, depth) = sample.residual[:, view], sample.seen_by_all
    known = np.isfinite(residual)
    error, far = residual[known], depth[:, view][known]
    focal, unit = np.diag(one(sample.cameras, view).K)[:2].mean(), sample.whole.unit
    far = unit * far
    return {
        "rig": sample.whole.rig_names[sample.rig],
        "camera": sample.whole.camera_names[view],
        "seen_percent": 100 * float(sample.seen[:, view].mean()),
        "residual_px": _at(error, 50),
        "residual_p95_px": _at(error, 95),
        "residual_mm": _at(1000 * error * far / focal, 50),
        "depth_m": _at(far, 50),
    }


def of_pair(sample: Sample, a: int, b: int) -> dict[str, Any]:
    """Epipolar distance in px, baseline in m, and angle between the rays, of two cameras."""
    pixels = sample.recording.keypoints_2d
    cameras = [one(sample.cameras, view) for view in (a, b)]
    distance = epipolar(pixels[:, a], pixels[:, b], *cameras)
    distance = distance[sample.seen[:, a] & sample.seen[:, b] & np.isfinite(distance)]
    points = sample.points[np.isfinite(sample.points).all(-1)]
    rays = [points - camera.center for camera in cameras]
    rays = [ray / np.linalg.norm(ray, axis=-1, keepdims=True) for ray in rays]
    angle = np.degrees(np.arccos(np.clip((rays[0] * rays[1]).sum(-1), -1, 1)))
    return {
        "rig": sample.whole.rig_names[sample.rig],
        "cameras": [sample.whole.camera_names[view] for view in (a, b)],
        "epipolar_px": _at(distance, 50),
        "epipolar_p95_px": _at(distance, 95),
        "baseline_m": sample.whole.unit
        * float(np.linalg.norm(cameras[0].center - cameras[1].center)),
        "ray_angle_degrees": _at(angle, 50),
    }


def pairs_of(sample: Sample) -> list[dict[str, Any]]:
    """`of_pair` of each two cameras; the first ones where there are very many."""
    every = list(combinations(range(sample.views), 2))[:_PAIRS]
    return [of_pair(sample, a, b) for a, b in every]


def of_subject(name: str, recording: Recording, points: np.ndarray) -> dict[str, Any]:
    """Size and bone lengths of one subject, from (frames, joints, 3) triangulated poses."""
    points = recording.unit * points
    skeleton, bones = recording.skeleton, bones_of(recording.skeleton, points)
    where = {bone: i for i, bone in enumerate(skeleton.bones)}
    mirror, listed = skeleton.mirror, []
    for (parent, child), i in where.items():
        twin = where.get((mirror[parent], mirror[child]), i)
        ratio = bones.length[i] / bones.length[twin] if twin != i else float("nan")
        listed.append(
            {
                "bone": f"{skeleton.joint_names[parent]}-{skeleton.joint_names[child]}",
                "length_m": _number(bones.length[i]),
                "spread_percent": _number(100 * bones.spread[i]),
                "to_its_twin": _number(ratio),
            }
        )
    return {"subject": name, "size_m": _number(body_size(points)), "bones": listed}


def units_of(figures: dict[str, Any]) -> ShownUnits:
    """The units in which a report's lengths are shown: by its median subject."""
    return units_for_all(row["size_m"] for row in figures["subjects"])


def of_floor(sample: Sample) -> float | None:
    """Height of the floor along world_up, metres, by the lowest ankles; None where unknown."""
    ankles = find(sample.whole.skeleton, "left_ankle", "right_ankle")
    up = sample.whole.world_up
    if ankles is None or up is None:
        return None
    height = sample.whole.unit * sample.points[:, ankles] @ up
    return _at(height[np.isfinite(height)], 5)


def of_confidence(recording: Recording) -> dict[str, Any]:
    """Ten bins of [0, 1] over the joints that are seen."""
    values = recording.confidence[recording.confidence > 0]
    counts, _ = np.histogram(values, bins=10, range=(0, 1))
    return {"bins": counts.tolist(), "median": _at(values, 50)}


def of_joints(recording: Recording) -> dict[str, float]:
    """Share of the images, in percent, in which each joint is missing."""
    missing = 100 * (1 - (recording.confidence > 0).mean((0, 1)))
    return dict(zip(recording.skeleton.joint_names, missing.tolist(), strict=True))


def all_figures(
    recording: Recording, samples: list[Sample], subjects: dict[str, np.ndarray]
) -> dict[str, Any]:
    """Everything, for the report and for `--json`; None where a figure has no data."""
    return {
        "cameras": [of_camera(s, view) for s in samples for view in range(s.views)],
        "pairs": [pair for s in samples for pair in pairs_of(s)],
        "subjects": [of_subject(n, recording, points) for n, points in subjects.items()],
        "floor_m": {s.whole.rig_names[s.rig]: of_floor(s) for s in samples},
        "confidence": of_confidence(recording),
        "confidence_rank_correlation": {
            s.whole.rig_names[s.rig]: _number(rank_correlation(s)) for s in samples
        },
        "missing_percent": of_joints(recording),
    }


def _at(values: np.ndarray, percent: float) -> float | None:
    return float(np.percentile(values, percent)) if values.size else None


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
