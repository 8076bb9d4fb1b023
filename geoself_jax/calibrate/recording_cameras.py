"""A recording's cameras from its joints: found, or repaired."""

import dataclasses
from pathlib import Path
from typing import NamedTuple

import numpy as np

from geoself_jax.calibrate.clip_lags import check_in_step
from geoself_jax.calibrate.guessed import added_degrees, centred, refuse_two
from geoself_jax.calibrate.metric import Scale, Vertical, check_size, metres_of_unit, upright
from geoself_jax.calibrate.plausible import check_bones, check_image
from geoself_jax.calibrate.refine import refine
from geoself_jax.calibrate.rig import Footage, find_rig, spread
from geoself_jax.calibrate.rig_views import seen_of, views_of
from geoself_jax.calibrate.steady import check_steady
from geoself_jax.calibrate.sync import clips_of, put_in_step
from geoself_jax.calibrate.views import Pose, Views
from geoself_jax.calibrate.world import in_world
from geoself_jax.core.errors import GeoselfError, data_error, usage_error
from geoself_jax.core.float32 import in_float32
from geoself_jax.data.files import npz
from geoself_jax.data.recording import HostCamera, Recording, from_arrays

KNOWN, FOCAL, GUESS = "known", "focal", "guess"

_RUN = 100  # frames in a row, where not all are looked at
_USUAL_FOCAL = 0.8  # times the longer side of the image: a phone's main camera 0.72 and more


class RigReport(NamedTuple):
    """What became of a rig.

    Attributes:
        name: Of the rig.
        cameras: Names of those that it has.
        R, center: (V, 3, 3), (V, 3) metres, world.
        K: (V, 3, 3) pixels.
        degrees, metres: (V,) expected errors of rotation and centre.
        residual_px: (V,) median distance of detections.
        blocks: Places and postures that it is from.
        frames: Used.
        unit: What the metres are from.
        vertical: Which way is up; None where unknown.
        in_step: Lines on the lags that were taken out; empty where none were looked for.
        moved: (V,) degrees and metres by which cameras were repaired; None where all were found.
        before_px: (V,) residuals of the given calibration; None where there was none.
        centred: Cameras whose principal points are taken as guesses.
    """

    name: str
    cameras: tuple[str, ...]
    R: np.ndarray
    center: np.ndarray
    K: np.ndarray
    degrees: np.ndarray
    metres: np.ndarray
    residual_px: np.ndarray
    blocks: int
    frames: int
    unit: str
    vertical: Vertical | None
    in_step: tuple[str, ...] = ()
    moved: np.ndarray | None = None
    before_px: np.ndarray | None = None
    centred: tuple[str, ...] = ()


class Options(NamedTuple):
    """How to calibrate.

    Attributes:
        intrinsics: `known`, `focal` or `guess`.
        scale: A known length.
        refine: Whether to repair the cameras that the recording has.
        frames: Most that are used of a rig.
        bones: Whether bones are taken to keep their length.
        seed: Of what is drawn.
        sync: Whether lags of the cameras are found and taken out first.
    """

    intrinsics: str = KNOWN
    scale: Scale = Scale("none", (), 0.0)
    refine: bool = False
    frames: int = 20000
    bones: bool = False
    seed: int = 0
    sync: bool = False


def read_uncalibrated(path: Path | str, *, intrinsics: str) -> Recording:
    """Reads a recording whose file need not have `R` and `center`, nor `K` where it is guessed.

    Args:
        path: The file.
        intrinsics: `known`, `focal` or `guess`.

    Returns:
        The recording; cameras that it lacks are placeholders in a row.

    Raises:
        GeoselfError: As `data.recording.read`.
    """
    arrays = dict(npz.read_arrays(Path(path)))
    if "image_size" in arrays and arrays["image_size"].ndim == 3:
        rigs, views = arrays["image_size"].shape[:2]
        if "R" not in arrays and "center" not in arrays:
            arrays["R"] = np.tile(np.eye(3), (rigs, views, 1, 1))
            row = np.arange(views, dtype=np.float64)[:, None] * np.array([1.0, 0, 0])
            arrays["center"] = np.tile(row, (rigs, 1, 1))
        if "K" not in arrays and intrinsics == GUESS:
            arrays["K"] = _usual(arrays["image_size"])
        if "K" not in arrays:
            raise data_error(
                f"{path}: has no intrinsics",
                f"--intrinsics={intrinsics} reads K",
                "add --intrinsics=guess, or prepare with --calibration or --focal-length",
            )
    return from_arrays(arrays, str(path))


def _usual(size: np.ndarray) -> np.ndarray:
    """(rigs, V, 3, 3) of a usual focal length, the middle of the image as principal point."""
    K = np.zeros((*size.shape[:2], 3, 3))
    K[..., 0, 0] = K[..., 1, 1] = _USUAL_FOCAL * size.max(-1)
    K[..., :2, 2] = (size - 1) / 2
    K[..., 2, 2] = 1
    return K


@in_float32
def calibrate(
    recording: Recording,
    options: Options,
) -> tuple[Recording, list[RigReport]]:
    """Returns the recording with cameras from its joints, and what is known of them.

    Args:
        recording: Detections and intrinsics; extrinsics are read with `Options.refine` alone.
        options: How.

    Raises:
        GeoselfError: The joints leave a camera open, or contradict one rig (65).
    """
    recording = _seeing(recording, options)
    if options.scale.kind == "baseline" and len(np.unique(recording.rig_id)) > 1:
        raise usage_error(
            "--scale=baseline", "one distance, several rigs", "calibrate the rigs one by one"
        )
    reports = []
    for rig in np.unique(recording.rig_id).tolist():
        name = recording.rig_names[rig]
        late: tuple[str, ...] = ()
        try:
            if options.sync:
                recording, late = put_in_step(
                    recording,
                    rig,
                    options.seed,
                    known=options.refine,
                    focal=options.intrinsics != KNOWN,
                )
            report = _one(recording, rig, options)
            reports.append((rig, report._replace(in_step=late + report.in_step)))
        except GeoselfError as error:
            raise data_error(f"rig {name}: {error}", "", "") from error
    return _with_cameras(recording, reports, options), [report for _, report in reports]


def _seeing(recording: Recording, options: Options) -> Recording:
    """The recording without cameras that see nobody: nothing would be known of where they are."""
    seen = np.stack(
        [
            (recording.confidence[recording.rig_id == rig] > 0).any((0, 2))
            for rig in np.unique(recording.rig_id)
        ]
    )
    if options.refine or seen.all() or seen.any(0).sum() < 2:
        return recording
    some = seen.any(0) & ~seen.all(0)
    if some.any():
        name = recording.camera_names[int(np.flatnonzero(some)[0])]
        raise data_error(
            f"camera {name} sees nobody in one of the rigs",
            "where it stands there cannot be known",
            "calibrate the rigs one by one, or leave the camera out",
        )
    return recording.select_views(np.flatnonzero(seen.all(0)))


def _one(recording: Recording, rig: int, options: Options) -> RigReport:
    every, seen = seen_of(recording, rig)
    two = (recording.confidence[every] > 0).any(-1).sum(1) >= 2
    every = every[two]
    if not len(every):
        raise data_error("no frame is seen by two cameras", "nothing connects them", "add footage")
    frames = every[spread(len(every), options.frames)]
    views = views_of(recording, frames, rig, seen)
    ends = np.array(
        [(i, p) for i, p in enumerate(recording.skeleton.parents) if p >= 0], np.int64
    ).reshape(-1, 2)
    held = ends if options.bones else ends[:0]
    footage = Footage(recording.clip_id[frames], recording.frame_id[frames], recording.fps)
    names = tuple(recording.camera_names[view] for view in seen)
    size = recording.image_size[rig, seen]
    check_image(recording.keypoints_2d[frames][:, seen], size, names)
    if options.refine:
        report = _repaired(recording, rig, seen, views, footage, held, names)
        pose = Pose.of(report.R, report.center)
        return report._replace(in_step=_check_clocks(recording, every, rig, seen, pose, options))
    focal = options.intrinsics != KNOWN
    if focal:
        refuse_two(len(seen))
    found = find_rig(views, footage, held, names, focal=focal, seed=options.seed)
    pose = found.solution.pose
    check_bones(found.points, views.subject, ends)
    unsure = _check_clocks(recording, every, rig, seen, found.solution.pose, options)
    check_steady(views, found.solution, names)
    metres = metres_of_unit(options.scale, pose.center, names, found.points, recording.skeleton)
    check_size(options.scale, found.points * metres, recording.skeleton)
    vertical = upright(found.points, recording.skeleton, found.block)
    up = None if vertical is None else vertical.up
    R, center, _ = in_world(pose, found.points, metres, up)
    K = recording.camera.K[rig, seen].copy()
    K[:, :2, :2] *= np.exp(pose.log_focal)[:, None, None]
    added = added_degrees(views, pose, recording.camera.K[rig, seen], size)
    far = np.nanmedian(np.linalg.norm(found.points[..., None, :] - pose.center, axis=-1))
    degrees = np.hypot(found.error.degrees, added)
    off = np.hypot(found.error.center, 2 * np.radians(added) * far) * metres
    nominal = centred(recording.camera.K[rig, seen], size)
    return RigReport(
        recording.rig_names[rig], names, R, center, K, degrees, off, found.residual_px,
        found.error.blocks, len(frames), _unit_words(options.scale), vertical,
        in_step=unsure, centred=tuple(np.array(names)[nominal].tolist()),
    )  # fmt: skip


def _check_clocks(
    recording: Recording, frames: np.ndarray, rig: int, seen: np.ndarray, pose: Pose,
    options: Options,
) -> tuple[str, ...]:  # fmt: skip
    """Refuses cameras out of step, unless their lags were taken out; lines on what is not known."""
    if options.sync:
        return ()
    few = frames[_in_runs(len(frames), options.frames)]
    line = check_in_step(clips_of(recording, few, rig, seen), pose)
    return (line,) if line else ()


def _in_runs(count: int, most: int) -> np.ndarray:
    """Numbers of up to `most` of `count` frames, in runs that are spread over all."""
    if count <= most:
        return np.arange(count)
    starts = np.linspace(0, count - _RUN, most // _RUN).astype(int)
    return np.unique((starts[:, None] + np.arange(_RUN)).reshape(-1))


def _repaired(
    recording: Recording, rig: int, seen: np.ndarray, views: Views, footage: Footage,
    ends: np.ndarray, names: tuple[str, ...],
) -> RigReport:  # fmt: skip
    given = Pose.of(recording.camera.R[rig, seen], recording.camera.center[rig, seen])
    found = refine(views, given, ends, footage, names)
    if found is None:
        raise data_error(
            "no two cameras, or two groups of them, stand to each other as in the calibration",
            "the joints say where cameras are now, but not which of them moved",
            "calibrate again, without --refine",
        )
    check_steady(views, found.solution, names)
    moved = np.stack([found.degrees, found.distance], 1) * found.moved[:, None]
    return RigReport(
        recording.rig_names[rig], names, found.pose.R, found.pose.center,
        recording.camera.K[rig, seen], found.error.degrees, found.error.center, found.after_px,
        found.error.blocks, len(views.rays), "the given calibration", None,
        moved=moved, before_px=found.before_px,
    )  # fmt: skip


def _unit_words(scale: Scale) -> str:
    if scale.kind == "none":
        return "a body of a usual person's size: unknown"
    names = f" of {', '.join(scale.names)}" if scale.names else ""
    return f"a {scale.kind}{names} of {scale.metres:g} m"


def _with_cameras(
    recording: Recording, reports: list[tuple[int, RigReport]], options: Options
) -> Recording:
    """The recording with its new cameras and a line on where they are from."""
    K, R, center = (array.copy() for array in recording.camera)
    for rig, report in reports:
        at = [recording.camera_names.index(name) for name in report.cameras]
        K[rig, at], R[rig, at], center[rig, at] = report.K, report.R, report.center
    up = recording.world_up
    if not options.refine:
        known = all(report.vertical is not None for _, report in reports)
        up = np.array([0.0, 0, 1]) if known else None
    now = source_line([report for _, report in reports], options)
    before = recording.cameras_from if options.refine else ""
    if not options.refine:  # true joints are of the world of the cameras that were there
        recording = recording.without_ground_truth()
    return dataclasses.replace(
        recording,
        camera=HostCamera(K, R, center),
        world_up=up,
        cameras_from="; then ".join(filter(None, [before, now])),
    )


def source_line(reports: list[RigReport], options: Options) -> str:
    """One line on where the cameras are from, and how sure they are."""
    degrees = max(float(report.degrees.max()) for report in reports)
    mm = 1000 * max(float(report.metres.max()) for report in reports)
    frames = sum(report.frames for report in reports)
    how = "put in step and " if options.sync else ""
    how += "repaired" if options.refine else f"found ({options.intrinsics} intrinsics)"
    return (
        f"cameras {how} by geoself calibrate from the joints of {frames} frames; expected errors "
        f"up to {degrees:.2f} degrees and {mm:.0f} mm; metres by {reports[0].unit}"
    )
