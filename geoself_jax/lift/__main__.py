"""3D joints of one camera: geoself lift --model=DIR --keypoints=PATH --out=FILE"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from geoself_jax.core.float32 import in_float32
from geoself_jax.lift.flags import check, is_recording, make_parser, take_from_file
from geoself_jax.runtime import cli, phases

if TYPE_CHECKING:
    import argparse

    from geoself_jax.lift.lift_all import Done
    from geoself_jax.lift.lifter import Lifter
    from geoself_jax.lift.output import Output
    from geoself_jax.lift.video_detections import Video


@in_float32
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
    from geoself_jax.lift.detected_video import detected
    from geoself_jax.lift.given_videos import read_videos
    from geoself_jax.lift.lift_all import lift_all
    from geoself_jax.lift.lifter import load_lifter
    from geoself_jax.lift.options import cleaning_of, output_of
    from geoself_jax.lift.say import note, warn
    from geoself_jax.runtime import devices

    output, cleaning = output_of(flags), cleaning_of(flags)
    devices.use_compilation_cache()
    # Most videos are lifted sooner than compiled for: programs that compile quickly are kept too.
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.1)
    devices.devices()
    if flags.video:
        flags.keypoints = detected(flags, note)
        take_from_file(flags)
    if not is_recording(flags.keypoints):
        refuse_mistaken(f"--keypoints={flags.keypoints}", Path(flags.keypoints), array=True)
    with phases.phase("reading the networks"):
        lifter = load_lifter(flags.model)
    start = time.perf_counter()
    with phases.phase(f"reading {flags.keypoints}"):
        videos, truth = read_videos(flags, lifter.skeleton)
    replaced = _check_output(flags, output, [video.clip for video in videos])
    reading = time.perf_counter() - start
    _say_cautions(flags, lifter, output, videos)
    done = lift_all(
        lifter,
        videos,
        output,
        min_confidence=flags.min_confidence,
        cleaning=cleaning,
        notice=note,
    )
    for line in done.warnings:
        warn(line)
    print(summary(done, reading, replaced) + _then(flags, done.files[0], truth))
    return 0


def _say_cautions(
    flags: "argparse.Namespace", lifter: "Lifter", output: "Output", videos: "Sequence[Video]"
) -> None:
    """Prints what to be careful of in the videos, and once what is so of all of them."""
    from geoself_jax.lift.angle_output import angle_caution
    from geoself_jax.lift.cautions import built_in_people, cautions_of, other_rate, other_size
    from geoself_jax.lift.one_session import session_caution
    from geoself_jax.lift.say import note, warn
    from geoself_jax.lift.trained_range import other_joints

    first = videos[0]
    rate_note, slow = other_rate(lifter, first)
    if rate_note:
        note(rate_note)
    once = [slow, angle_caution(output.angles, first.view), built_in_people(lifter, first)]
    once.append(other_joints(lifter, first))
    if is_recording(flags.keypoints):
        once.append(session_caution(output, videos))
    else:
        once.append(other_size(flags.keypoints, first))
    given = [line for video in videos for line in cautions_of(video)]
    for line in (*given, *filter(None, once)):
        warn(line)


def _then(flags: "argparse.Namespace", first: str, truth: bool) -> str:
    """The command that shows a file, next to the ground truth where there is one."""
    from pathlib import Path

    if not first.lower().endswith((".npz", ".json")):  # others do not say what the joints are
        return ""
    known = [f"--data={flags.keypoints}"] * truth
    if truth and flags.frames is not None:
        known.append(f"--frames={flags.frames}")
    known += [f"--video={flags.video}"] * (flags.video is not None)
    shown = Path(first).with_suffix(".mp4" if flags.video else ".html")
    if flags.video and shown.exists() and shown.samefile(flags.video):
        shown = shown.with_suffix(".html")
    return f"; {cli.then('view', '--poses', first, *known, f'--out={shown}')}"


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


def summary(done: "Done", reading: float, replaced: int) -> str:
    """What was done, some lines of text."""
    verb = "written to" if not replaced else "replaced"
    if 0 < replaced < len(done.files):
        verb = f"written, {replaced} of {len(done.files)} files replaced:"
    rate = done.frames / max(done.lifting, 1e-9)
    first = done.files[0]
    refining = f"refining {done.refining:.2f} s, " if done.refining else ""
    more = f" and {len(done.files) - 1} more" if len(done.files) > 1 else ""
    return (
        f"{done.seen} of {done.frames} frames lifted, {done.frames - done.seen} without a "
        "detection; "
        f"{rate:.0f} frames/s (lifting {done.lifting:.2f} s; reading {reading:.2f} s, compiling "
        f"{done.compiling:.2f} s, {refining}writing {done.writing:.2f} s)\n{verb} {first}{more}"
    )


if __name__ == "__main__":
    cli.run(main)
