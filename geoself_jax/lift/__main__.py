"""3D joints of one camera: geoself lift --model=DIR --keypoints=PATH --out=FILE"""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from geoself_jax.core.errors import usage_error
from geoself_jax.lift.flags import check, is_recording, make_parser, parse_size, take_from_file
from geoself_jax.runtime import cli, phases

if TYPE_CHECKING:
    import argparse

    from geoself_jax.core.skeleton import Skeleton
    from geoself_jax.lift.camera_view import View
    from geoself_jax.lift.lift_all import Done
    from geoself_jax.lift.output import Output
    from geoself_jax.lift.video_detections import Video


def main(argv: Sequence[str]) -> int:
    """Parses the command line, reads, lifts, writes; returns the exit code."""
    parser = make_parser()
    flags, overrides = cli.parse(parser, argv)
    cli.refuse_overrides(overrides)
    check(flags, parser)
    what = flags.video or flags.keypoints
    phases.begin("lift", f"lifting {what} with {flags.model} to {flags.out}")

    import time
    from pathlib import Path

    import jax

    from geoself_jax.data.files.mistaken import refuse_mistaken
    from geoself_jax.data.poses.filters import parse_filter
    from geoself_jax.data.poses.floor import parse_floor
    from geoself_jax.data.poses.hampel import parse_outliers
    from geoself_jax.lift.angle_output import angle_caution, angle_output
    from geoself_jax.lift.cautions import cautions_of, other_rate
    from geoself_jax.lift.cleaning import Cleaning
    from geoself_jax.lift.detected_video import detected
    from geoself_jax.lift.exchanged_sides import sides_repaired
    from geoself_jax.lift.lift_all import lift_all
    from geoself_jax.lift.lifter import load_lifter
    from geoself_jax.lift.one_session import session_caution
    from geoself_jax.lift.output import Output
    from geoself_jax.runtime import devices

    relative, world = flags.root == "relative", flags.axes == "world"
    smooth = parse_filter(flags.filter) if flags.filter else None
    angles = angle_output(flags.angles, flags.angle_definitions, flags.skeleton)
    cleaning = Cleaning(
        outliers=parse_outliers(flags.outliers) if flags.outliers else None,
        floor=None if flags.floor is None else parse_floor(flags.floor),
        fill=flags.fill,
    )
    output = Output(
        flags.out,
        format=flags.out_format,
        unit=flags.out_unit,
        session_start=flags.nwb_session_start,
        subject=flags.nwb_subject,
        markers=flags.markers,
        relative=relative,
        world=world,
        up=flags.up,
        filter=smooth,
        angles=angles,
    )
    devices.use_compilation_cache()
    # Most videos are lifted sooner than compiled for: programs that compile quickly are kept too.
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.1)
    devices.devices()
    if flags.video:
        flags.keypoints = detected(flags, _note)
        take_from_file(flags)
    if not is_recording(flags.keypoints):
        refuse_mistaken(f"--keypoints={flags.keypoints}", Path(flags.keypoints), array=True)
    with phases.phase("reading the networks"):
        lifter = load_lifter(flags.model)
    start = time.perf_counter()
    with phases.phase(f"reading {flags.keypoints}"):
        videos, truth = read(flags, lifter.skeleton)
    if not is_recording(flags.keypoints):
        videos = [sides_repaired(video, flags.sides, _note) for video in videos]
    replaced = _check_output(flags, output, [video.clip for video in videos])
    reading = time.perf_counter() - start
    once = [other_rate(lifter, video) for video in videos[:1]]
    once += [angle_caution(angles, video.view) for video in videos[:1]]
    if is_recording(flags.keypoints):
        once.append(session_caution(output, videos))
    given = [line for video in videos for line in cautions_of(video)]
    for line in (*given, *filter(None, once)):
        _warn(line)
    done = lift_all(
        lifter,
        videos,
        output,
        min_confidence=flags.min_confidence,
        cleaning=cleaning,
        notice=_note,
    )
    for line in done.warnings:
        _warn(line)
    print(summary(done, reading, replaced) + _then(flags, done.files[0], truth))
    return 0


def _then(flags: "argparse.Namespace", first: str, truth: bool) -> str:
    """The command that shows a file, next to the ground truth where there is one."""
    from pathlib import Path

    if not first.lower().endswith((".npz", ".json")):  # others do not say what the joints are
        return ""
    known = [f"--data={flags.keypoints}"] * truth
    if truth and flags.frames is not None:
        known.append(f"--frames={flags.frames}")
    page = Path(first).with_suffix(".html")
    return f"; {cli.then('view', '--poses', first, *known, f'--out={page}')}"


def _check_output(flags: "argparse.Namespace", output: "Output", clips: Sequence[str]) -> int:
    """How many of the files to write are there; refused where one is an input."""
    from geoself_jax.data.files import npz
    from geoself_jax.data.poses.npz_file import MARKS
    from geoself_jax.data.sources import place
    from geoself_jax.lift.find_camera import HUMAN36M, split_camera
    from geoself_jax.runtime.outputs import check_outputs

    recorded = is_recording(flags.keypoints)
    inputs = {
        "--video": [flags.video],
        "--keypoints": [place(flags.keypoints)],
        "--model": [flags.model],
        "--skeleton": [flags.skeleton],
        "--angle-definitions": [flags.angle_definitions],
    }
    if flags.camera and not recorded and not flags.camera.startswith(HUMAN36M):
        inputs["--camera"] = [split_camera(flags.camera)[0]]
    outputs = [("--out", path) for path in output.places(clips)]
    if output.angles is not None:
        outputs += [("--angles", path) for path in output.angles.places(clips)]
    return len(check_outputs(outputs, inputs, ours=lambda p: npz.member_names(p) >= MARKS))


def read(flags: "argparse.Namespace", own: "Skeleton") -> "tuple[list[Video], bool]":
    """The videos that the flags name, and whether they come with ground truth.

    `own` are the model's joints.
    """
    from geoself_jax.lift.person import ALL
    from geoself_jax.lift.video_detections import read_tracks, read_video, videos_of
    from geoself_jax.prepare.confidence_flag import deviation_px

    if is_recording(flags.keypoints):
        from geoself_jax.data.sources import load

        recording = load(flags.keypoints, synthetic_frames=flags.frames or 8000)
        videos = videos_of(recording, flags.keypoints, flags.camera, flags.clip)
        return videos, recording.pose_world is not None
    from geoself_jax.data.skeleton_files import named_skeleton

    options = {
        "fps": flags.fps,
        "format": flags.detections,
        "skeleton": named_skeleton(flags.skeleton) if flags.skeleton else None,
        "confidence_scale": flags.confidence_scale,
        "deviation_px": deviation_px(flags.confidence_from, flags.confidence_scale),
        "clip": flags.clip or "",
        "max_bytes": flags.max_bytes,
        "notice": _note,
        "own": own,
    }
    if flags.person == ALL:
        videos = read_tracks(flags.keypoints, read_camera(flags), **options)
        _check_several(flags, [video.subject for video in videos])
        return videos, False
    view = read_camera(flags)
    return [read_video(flags.keypoints, view, person=flags.person, **options)], False


def _check_several(flags: "argparse.Namespace", tracks: Sequence[str]) -> None:
    """A file for each track."""
    from geoself_jax.lift.clip_files import CLIP

    if len(tracks) > 1 and CLIP not in flags.out:
        listed = ", ".join(tracks[:6]) + (f" and {len(tracks) - 6} more" if len(tracks) > 6 else "")
        raise usage_error(
            f"--out={flags.out}: {len(tracks)} tracks, {listed}",
            "a file holds one",
            f"add {CLIP}, the track's name, or choose one: --person=track:{tracks[0]}",
        )


def read_camera(flags: "argparse.Namespace") -> "View":
    """The calibrated camera, or the guess that the flags make, with a warning."""
    from geoself_jax.lift.find_camera import guessed_view, read_view

    size = parse_size(flags.image_size)
    if flags.camera is not None:
        return read_view(
            flags.camera,
            format=flags.calibration_format,
            rig=flags.rig,
            unit=flags.unit,
            up=flags.world_up,
            image_size=size,
            notice=_note,
        )
    assert size is not None
    view = guessed_view(size, fov=flags.fov, focal=flags.focal)
    _warn(
        f"no calibration: a focal length of {view.K[0, 0]:.0f} px, the middle of the "
        "image and a lens without distortion are guesses - the body's distance and its way through "
        "the room are as good as these; the pose itself suffers less"
    )
    return view


def summary(done: "Done", reading: float, replaced: int) -> str:
    """What was done, some lines of text."""
    verb = "written to" if not replaced else "replaced"
    if 0 < replaced < len(done.files):
        verb = f"written, {replaced} of {len(done.files)} files replaced:"
    rate = done.frames / max(done.lifting, 1e-9)
    first = done.files[0]
    more = f" and {len(done.files) - 1} more" if len(done.files) > 1 else ""
    return (
        f"{done.seen} of {done.frames} frames lifted, {done.frames - done.seen} missing; "
        f"{rate:.0f} frames/s (lifting {done.lifting:.2f} s; reading {reading:.2f} s, compiling "
        f"{done.compiling:.2f} s, writing {done.writing:.2f} s)\n{verb} {first}{more}"
    )


def _warn(line: str) -> None:
    print(f"warning: {line}", file=sys.stderr)


def _note(line: str) -> None:
    print(line if line.startswith("warning: ") else f"note: {line}", file=sys.stderr)


if __name__ == "__main__":
    cli.run(main)
