"""From a recording to what training sees: the split, the triangulated labels, their arrays."""

import dataclasses
from collections.abc import Sequence
from typing import Literal

import numpy as np

from geoself_jax.core.batch import TrainingViews
from geoself_jax.core.config import DataConfig, ModelConfig
from geoself_jax.core.errors import data_error, nearest_name, usage_error
from geoself_jax.data.kept import kept, recording_key
from geoself_jax.data.label_refinement import refine_labels
from geoself_jax.data.length_unit import length_unit
from geoself_jax.data.recording import Recording
from geoself_jax.data.triangulated import triangulate_by_reach


def triangulate_recording(
    recording: Recording, method: Literal["refined", "robust", "dlt"] = "robust"
) -> np.ndarray:
    """Triangulates the joints of each instant from all views.

    Args:
        recording, method: As of `triangulate_in_units`.

    Returns:
        (frames, joints, 3) world, metres, float32; NaN where fewer than two views see a joint.
    """
    points, unit = triangulate_in_units(recording, method)
    return points * np.float32(unit)


def triangulate_in_units(
    recording: Recording, method: Literal["refined", "robust", "dlt"] = "robust"
) -> tuple[np.ndarray, float]:
    """Triangulates the joints of each instant from all views; kept for the next run on them.

    Args:
        recording: Detections and cameras.
        method: `dlt` or `robust`, each instant by itself; `refined`: the latter, then made smooth
            in time and its bones of one length (`refine_labels`).

    Returns:
        (frames, joints, 3) world, float32; NaN where fewer than two views see a joint. And the
        metres that are 1 in them, `length_unit`: in it no bit depends on a body's size.
    """

    def make() -> dict[str, np.ndarray]:
        if method == "refined":
            points, unit = triangulate_in_units(recording)
            refined = refine_labels(recording.scaled(1 / unit), points)
            return {"points": refined, "unit": np.array(unit)}
        seen = (recording.keypoints_2d, recording.confidence, recording.cameras_of(slice(None)))
        points, metres = triangulate_by_reach(*seen, method)
        unit = length_unit(recording)
        return {"points": points * np.float32(metres / unit), "unit": np.array(unit)}

    found = kept(f"labels-{method}", recording_key(recording), make)
    return found["points"], float(found["unit"])


def hold_out(recording: Recording, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Returns masks of the frames, training and validation; training never sees the latter.

    Of three subjects or more the smallest are held out: as many as fit in `share` of the frames, at
    least one. Of two, the smaller is if it is within twice the share. Otherwise the last clips are,
    and where the last clip is over twice the share, the last frames.

    Args:
        recording: Recording to split.
        share: Share of the frames to hold out, in [0, 1); 0 for none.

    Returns:
        (frames,) bool each; a frame is in one of them.
    """
    total = recording.frames
    wanted = share * total
    for ids in (recording.subject_id, recording.clip_id):
        names, counts = np.unique(ids, return_counts=True)
        by_size = np.argsort(counts, kind="stable")
        rank = by_size if ids is recording.subject_id else np.arange(len(names))[::-1]
        order, sizes = names[rank], counts[rank]
        chosen = order[(np.cumsum(sizes) <= max(wanted, sizes[0])) & (wanted > 0)]
        held = np.isin(ids, chosen[: len(names) - 1])
        people = ids is recording.subject_id and len(names) > 2
        if (people or held.sum() <= 2 * wanted) and (held.any() or wanted == 0):
            return ~held, held
    held = np.arange(total) >= total - int(wanted)
    return ~held, held


def held_out(data: DataConfig, recording: Recording) -> tuple[np.ndarray, np.ndarray]:
    """Returns masks of the frames, training and validation, as configured.

    Args:
        data: Names of the subjects to hold out, or the share for `hold_out`.
        recording: Recording to split.

    Returns:
        (frames,) bool each; a frame is in one of them.

    Raises:
        GeoselfError: It names a subject that is not there, or all (64).
    """
    if not data.validation_subjects:
        return hold_out(recording, data.validation_share)
    there = [recording.subject_names[i] for i in np.unique(recording.subject_id)]
    names = _named(data.validation_subjects, there)
    for name in names:
        if name not in there:
            raise usage_error(
                f"config.data.validation_subjects={data.validation_subjects}",
                f"the recording has no frame of a subject {name!r}",
                nearest_name(name, there),
            )
    held = np.isin(np.array(recording.subject_names)[recording.subject_id], names)
    if held.all():
        raise usage_error(
            f"config.data.validation_subjects={data.validation_subjects}",
            "nobody is left to train on",
            "name fewer",
        )
    return ~held, held


def _named(text: str, there: Sequence[str]) -> list[str]:
    """Names of a list with commas between them; a name that has commas itself may be in it."""
    of_words = {name.strip(): name for name in there}
    parts, names = text.split(","), []
    while parts:
        ends = range(1, len(parts) + 1)
        end = next((end for end in ends if ",".join(parts[:end]).strip() in of_words), 1)
        name = ",".join(parts[:end]).strip()
        names.append(of_words.get(name, name))
        parts = parts[end:]
    return names


def resolved(model: ModelConfig, recording: Recording, triangulated: np.ndarray) -> ModelConfig:
    """Returns the model's configuration with what is measured on the training data.

    Args:
        model: Its `pixel_center` and `pixel_scale` are replaced; `length_unit` and `root_depth`
            where they are 0.
        recording: Its mean image size over rigs and views is used, and its cameras.
        triangulated: (frames, joints, 3), world, metres.
    """
    width, height = recording.image_size.reshape(-1, 2).mean(0)
    unit = model.length_unit or length_unit(recording)
    depth = model.root_depth or _usual_depth(recording.scaled(1 / unit), triangulated / unit)
    return dataclasses.replace(
        model,
        pixel_center=(float(width) / 2, float(height) / 2),
        pixel_scale=float(max(width, height)) / 2,
        length_unit=unit,
        root_depth=depth,
    )


def _usual_depth(recording: Recording, triangulated: np.ndarray) -> float:
    """Median depth of the root in the cameras, two digits; 0 where nobody has one."""
    camera = recording.cameras_of(slice(None))
    root = triangulated[:, None, recording.skeleton.root]
    depth = np.einsum("tvi,tvi->tv", camera.R[:, :, 2], root - camera.center)
    depth = depth[np.isfinite(depth) & (depth > 0)]
    return float(f"{np.median(depth):.2g}") if depth.size else 0.0


def training_views(recording: Recording, label_world: np.ndarray) -> TrainingViews:
    """Builds training arrays, on the host, without instants that fewer than two views see.

    Args:
        recording: Detections and cameras; its `pose_world` is ignored.
        label_world: (frames, joints, 3) triangulated, world, in the recording's unit of length.

    Raises:
        GeoselfError: No instant is seen by two views (65).
    """
    seen = (recording.confidence > 0).any(-1).sum(-1) >= 2
    if not seen.any():
        raise data_error(
            "no instant is seen by two cameras",
            "training needs synchronized views",
            "check the detections",
        )
    used, label = recording.select(seen), label_world[seen]
    root = label[:, recording.skeleton.root]
    everywhere = np.nanmean(root, axis=0)
    middle = np.stack(
        [
            np.nanmean(root[used.rig_id == rig], axis=0)
            if np.isfinite(root[used.rig_id == rig]).any()
            else everywhere
            for rig in range(len(recording.rig_names))
        ]
    )
    array = lambda x: np.asarray(x, np.float32)  # noqa: E731
    return TrainingViews(
        keypoints_2d=array(used.keypoints_2d),
        confidence=array(used.confidence),
        rig_id=np.asarray(used.rig_id),
        camera=used.camera.on_device(),
        label_world=array(label),
        rig_middle=array(middle),
        world_up=None if used.world_up is None else array(used.world_up),
        run=used.runs,
    )
