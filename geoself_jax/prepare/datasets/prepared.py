"""Files that are prepared already, to be put together into one."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from geoself_jax.data import validation
from geoself_jax.data.camera_checks import check_cameras
from geoself_jax.data.files import npz
from geoself_jax.data.find_skeleton import known_skeleton
from geoself_jax.data.recording import skeleton_of
from geoself_jax.data.rig import Rig
from geoself_jax.geometry.lenses import Lens
from geoself_jax.prepare.clip import Clip, Reading, ReadOptions
from geoself_jax.prepare.datasets.choices import chosen


def recognize(path: Path) -> str | None:
    """Why the file is recognized as geoself-multiview/1, or None."""
    names = npz.member_names(path)
    return "an .npz with format, rig_id and clip_names" if names >= _MARKS else None


_MARKS = {"format", "keypoints_2d", "rig_id", "clip_names"}


def read(paths: Sequence[Path], options: ReadOptions) -> Reading:
    """The clips of prepared files.

    Raises:
        GeoselfError: A file contradicts the format (65) or is missing (66).
    """
    files = [(path, npz.read_arrays(path, max_bytes=options.max_bytes)) for path in paths]
    for path, arrays in files:
        check_arrays(str(path), arrays)
    _say_shared(files, options)
    total = sum(len(arrays["clip_names"]) for _, arrays in files)
    for kind, asked, key in (
        ("subject", options.subjects, "subject_names"),
        ("action", options.actions, "clip_actions"),
    ):
        chosen(kind, asked, (str(n) for _, arrays in files for n in arrays[key]), "these files")
    return Reading(total, (c for path, arrays in files for c in clips_of(arrays, options)))


def _say_shared(
    files: Sequence[tuple[Path, Mapping[str, np.ndarray]]], options: ReadOptions
) -> None:
    """A notice for each subject of several files: one person, whom validation holds out whole."""
    places: dict[str, list[str]] = {}
    for path, arrays in files:
        for name in map(str, arrays["subject_names"]):
            if not _left_out(options.subjects, name):
                places.setdefault(name, []).append(str(path))
    for name, where in places.items():
        if len(where) > 1:
            options.notice(
                f"subject {name} is taken for one subject in {', '.join(where[:4])}; if not, "
                "prepare one of them again with --subject"
            )


def check_arrays(source: str, arrays: Mapping[str, np.ndarray]) -> None:
    """Makes sure that arrays are of format geoself-multiview/1 and do not contradict themselves.

    Raises:
        GeoselfError: They do (65).
    """
    validation.check_names(source, arrays)
    validation.check_shapes(source, arrays)
    validation.check_detections(source, arrays)
    check_cameras(source, arrays)
    validation.check_scene(source, arrays)
    skeleton_of(arrays, source)


def clips_of(arrays: dict[str, np.ndarray], options: ReadOptions) -> Iterator[Clip]:
    """The clips of checked arrays of format geoself-multiview/1, in order of their number."""
    rigs = [_rig(arrays, i) for i in range(len(arrays["rig_names"]))]
    skeleton, truth = skeleton_of(arrays, "the file"), None
    if "pose_joint_names" in arrays:
        truth = known_skeleton(tuple(str(name) for name in arrays["pose_joint_names"]))
    for number, name in enumerate(arrays["clip_names"]):
        at = np.flatnonzero(arrays["clip_id"] == number)
        # A clip may hold several people or rigs in principle: each is a clip of its own then.
        for frames in _alike(at, arrays["rig_id"], arrays["subject_id"]):
            frames = frames[arrays["frame_id"][frames] % options.every == 0]
            if not frames.size:
                continue
            subject = str(arrays["subject_names"][arrays["subject_id"][frames[0]]])
            action = str(arrays["clip_actions"][number])
            if _left_out(options.subjects, subject) or _left_out(options.actions, action):
                continue
            rig = rigs[int(arrays["rig_id"][frames[0]])]
            views = list(range(rig.views))
            if options.cameras is not None:
                views = [
                    rig.camera_names.index(c) for c in rig.select(options.cameras).camera_names
                ]
                rig = rig.select(options.cameras)
            pose = arrays.get("pose_world") if options.truth != "none" else None
            yield Clip(
                name=str(name),
                action=action,
                subject=subject,
                rig=rig,
                skeleton=skeleton,
                fps=float(arrays["fps"].item()) / options.every,
                keypoints_2d=arrays["keypoints_2d"][frames][:, views],
                confidence=arrays["confidence"][frames][:, views],
                frame_id=arrays["frame_id"][frames] // options.every,
                pose_world=None if pose is None else pose[frames],
                pose_skeleton=truth if pose is not None else None,
                assumed=str(np.asarray(arrays.get("assumed_skeleton", "")).item()),
            )


def _left_out(wanted: tuple[str, ...] | None, name: str) -> bool:
    return wanted is not None and name not in wanted


def _alike(at: np.ndarray, *ids: np.ndarray) -> list[np.ndarray]:
    keys = np.stack([array[at] for array in ids], axis=-1)
    kinds, which = np.unique(keys, axis=0, return_inverse=True)
    return [at[which.ravel() == kind] for kind in range(len(kinds))]


def _rig(arrays: dict[str, np.ndarray], rig: int) -> Rig:
    views = arrays["keypoints_2d"].shape[1]
    dist = arrays["dist"][rig] if "dist" in arrays else np.zeros((views, 5))
    up = validation.vertical_of(arrays)
    return Rig(
        name=str(arrays["rig_names"][rig]),
        camera_names=tuple(str(name) for name in arrays["camera_names"]),
        K=np.asarray(arrays["K"][rig], np.float64),
        lenses=tuple(Lens(tuple(float(k) for k in row)) for row in dist),
        R=np.asarray(arrays["R"][rig], np.float64),
        center=np.asarray(arrays["center"][rig], np.float64),
        image_size=arrays["image_size"][rig],
        world_up=None if up is None else up / np.linalg.norm(up),
        cameras_from=str(np.asarray(arrays.get("cameras_from", "")).item()),
    )
