"""From users' files to one file of format geoself-multiview/1, and what it holds, in words."""

import importlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from geoself_jax.core.errors import data_error, missing_error, usage_error
from geoself_jax.data.files import npz
from geoself_jax.data.files.mistaken import is_text, refuse_mistaken
from geoself_jax.data.poses.npz_file import MARKS
from geoself_jax.prepare.assemble import assemble
from geoself_jax.prepare.calibrations import recognize_calibration
from geoself_jax.prepare.check_unit import unit_checked
from geoself_jax.prepare.clip import Clip, Reading, ReadOptions
from geoself_jax.prepare.datasets.prepared import check_arrays
from geoself_jax.prepare.detections.all_cameras import split
from geoself_jax.prepare.detections.unknown import written_next
from geoself_jax.prepare.motion import simulated
from geoself_jax.prepare.one_camera import one_camera
from geoself_jax.prepare.own_rig import read_own_rig
from geoself_jax.prepare.rig_options import RigOptions, read_rig
from geoself_jax.prepare.scale_by_height import measured, scaled
from geoself_jax.runtime.phases import phase

DATASETS = {
    "human36m": "videopose3d",
    "motionbert": "motionbert",
    "mpi_inf_3dhp": "mpi_inf_3dhp",
    "aist": "aist",
    "panoptic": "panoptic",
    "prepared": "prepared",
}
"""Formats of data sets, and the module of `prepare.datasets` that reads each."""

RIG, MOTION = "rig", "motion"
FORMATS = ("auto", *DATASETS, RIG, MOTION)
MOTION_FILES = (".bvh", ".amc")


def choose_format(inputs: Sequence[Path], given: str, notice: Callable[[str], None]) -> str:
    """The format of the inputs: the one given, or the one recognized, with a notice of the reason.

    Raises:
        GeoselfError: An input is missing (66); no format or several fit (65); no input (64).
    """
    for path in inputs:
        if not path.exists():
            raise missing_error(str(path), _absent(path), "check the path")
        refuse_mistaken(str(path), path, array=True)
        _refuse_own(path)
        if (error := written_next(path)) is not None:
            raise error
    if given == RIG and (error := one_camera(inputs)) is not None:
        raise error
    if given != "auto":
        return given
    if not inputs:
        return RIG
    reasons = _reasons(inputs)
    if len(reasons) > 1:
        found = "; ".join(f"{name}: {reason}" for name, reason in reasons.items())
        raise data_error(
            f"{inputs[0]}: may be {found}", "the format is ambiguous", "give --format=NAME"
        )
    name, reason = next(iter(reasons.items()), (RIG, ""))
    if not reasons and (error := one_camera(inputs)) is not None:
        raise error
    if not reasons and not any(path.is_dir() or split(path) != [path] for path in inputs):
        if recognize_calibration(inputs[0]):
            raise data_error(
                str(inputs[0]),
                "is a calibration, not detections",
                f"give it as --calibration={inputs[0]}, and the detections as --input",
            )
        raise data_error(
            f"{inputs[0]}: of no format that is known",
            "a detector's file belongs to a camera",
            "name each with --camera=NAME=PATH and the rig with --calibration, or give --format",
        )
    if reason:
        notice(f"{inputs[0]}: taken for {name} ({reason})")
    else:
        notice(f"{inputs[0]}: taken for your own cameras: a detector's output for each of them")
    return name


def _absent(path: Path) -> str:
    if set(str(path)) & set("*?["):
        return "no file fits this pattern"
    return "no such file or folder"


def _refuse_own(path: Path) -> None:
    """Refuses what other commands of ours wrote, and what is a file's but not its content."""
    names = npz.member_names(path) if path.suffix.lower() == ".npz" and path.is_file() else None
    if names is None:
        return
    if not names and is_text(path):
        do = "give what the detector or the data set's authors wrote"
        raise data_error(str(path), "is a text file, whatever its name says", do)
    if not names:
        raise data_error(str(path), "not a whole .npz file", "copy it again, or write it again")
    if names >= MARKS:
        raise data_error(
            str(path), "is 3D poses, as lift writes them", "give the detections they come from"
        )


def _reasons(inputs: Sequence[Path]) -> dict[str, str]:
    for path in inputs:
        if path.suffix.lower() in MOTION_FILES:
            return {MOTION: f"a {path.suffix} file"}
        if path.is_dir() and any(each.suffix.lower() in MOTION_FILES for each in path.iterdir()):
            return {MOTION: "a folder of motion files"}
    path = inputs[0]
    found = {
        name: importlib.import_module(f"geoself_jax.prepare.datasets.{module}").recognize(path)
        for name, module in DATASETS.items()
    }
    return {name: reason for name, reason in found.items() if reason}


def read(
    kind: str,
    inputs: Sequence[Path],
    options: ReadOptions,
    own: RigOptions,
    *,
    seed: int = 0,
    motion_unit: str | None = None,
    height: float | None = None,
) -> Reading:
    """Clips of the inputs.

    Args:
        kind: One of `FORMATS`, not `auto`.
        inputs: Files or folders.
        options: What to take.
        own: Of a lab's own rig; its calibration and fps are those of simulated views, too.
        seed: Of simulated detections.
        height: Of the one person, metres, by which a lab's own rig is scaled.
        motion_unit: Of a motion file's lengths; None for AMC's own: BVH has none.

    Raises:
        GeoselfError: Something is missing (64, 66) or bad (65).
    """
    if kind == RIG:
        if own.uncalibrated:
            return read_own_rig(inputs, own, options)
        if height is None:
            return unit_checked(read_own_rig(inputs, own, options), own.unit, options.notice)
        return scaled(read_own_rig(inputs, measured(own), options), height, options.notice)
    if not inputs:
        raise usage_error("--input", "an input is required", "give a file or folder")
    if kind == MOTION:
        rig = read_rig(own, None, options.notice)
        fps = own.fps or 50.0
        return simulated.read(inputs, options, rig=rig, fps=fps, seed=seed, unit=motion_unit)
    module = importlib.import_module(f"geoself_jax.prepare.datasets.{DATASETS[kind]}")
    return module.read(inputs, options)


def prepare(reading: Reading) -> dict[str, np.ndarray]:
    """Reads all clips, with a progress bar, and puts them together.

    Returns:
        Arrays of format geoself-multiview/1, checked.

    Raises:
        GeoselfError: A clip is bad, or they do not go together (65).
    """
    arrays = assemble(_shown(reading))
    check_arrays("the prepared recording", arrays)
    return arrays


def _shown(reading: Reading) -> Iterator[Clip]:
    with phase("reading", reading.total, "clips") as bar:
        for clip in reading.clips:
            bar.note = clip.name
            bar.update()
            bar.total = max(bar.total or 0, bar.done)  # a file may hold several clips
            yield clip


def summary(arrays: dict[str, np.ndarray]) -> str:
    """What the file holds, some lines of text."""
    frames, views, joints, _ = arrays["keypoints_2d"].shape
    confidence = arrays["confidence"]
    by_view = (confidence > 0).mean((0, 2))
    cameras = ", ".join(
        f"{name} {100 * share:.0f} %"
        for name, share in zip(arrays["camera_names"], by_view, strict=True)
    )
    seconds = frames / float(arrays["fps"].item())
    clips = len(arrays["clip_names"])
    people, actions = arrays["subject_names"].tolist(), sorted(set(arrays["clip_actions"].tolist()))
    said = f"actions {_few(actions)}; " * (actions != sorted(people))  # a folder a person else
    lines = [
        f"{frames} instants of {views} views, {joints} joints, {float(arrays['fps'].item()):g} "
        f"fps ({seconds / 60:.1f} min)",
        f"{clips} clip{'s' * (clips != 1)}; subjects {_few(people)}; "
        f"{said}rigs {_few(arrays['rig_names'].tolist())}",
        *_assumed(arrays),
        *_no_bones(arrays),
        *_unknown_vertical(arrays),
        *_no_cameras(arrays),
        f"joints seen by camera: {cameras}",
        f"confidence: {_spread(confidence)}",
        "ground truth (for evaluation only): "
        + ("yes" if "pose_world" in arrays else "none, none is needed"),
    ]
    return "\n".join(lines)


def _assumed(arrays: dict[str, np.ndarray]) -> list[str]:
    if "assumed_skeleton" not in arrays:
        return []
    name = arrays["assumed_skeleton"].item()
    return [
        f"joint names: the files have none, {name}'s are assumed from the number of joints; if the "
        "detector has another order: --skeleton=NAME or a .toml file"
    ]


def _no_bones(arrays: dict[str, np.ndarray]) -> list[str]:
    if (arrays["parents"] >= 0).any():
        return []
    return ["no bones: poses are drawn as points, and no bone's length is compared"]


def _unknown_vertical(arrays: dict[str, np.ndarray]) -> list[str]:
    if "R" not in arrays or arrays["world_up"].size:
        return []
    how = "--up=z, -y, ... or X,Y,Z gives it"
    return [f"which way is up is unknown: training turns no body about it; {how}"]


def _no_cameras(arrays: dict[str, np.ndarray]) -> list[str]:
    if "R" in arrays:
        return []
    known = "intrinsics are known" if "K" in arrays else "intrinsics are not known either"
    return [f"where the cameras stand is not known; {known}"]


def _few(names: Sequence[str], most: int = 8) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{len(names)}: {', '.join(names[:most])}{more}"


def _spread(confidence: np.ndarray) -> str:
    seen = confidence[confidence > 0]
    if not seen.size:
        return "no joint is seen"
    if seen.min() == seen.max():
        return f"{seen.min():g} everywhere: it does not separate good from bad joints"
    low, middle, high = np.quantile(seen[:: max(1, seen.size // 100_000)], (0.05, 0.5, 0.95))
    return f"median {middle:.2f}, from {low:.2f} to {high:.2f} (5 % to 95 %)"
