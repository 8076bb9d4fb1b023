"""Poses as a page, image or film: geoself view --poses=FILE --out=report.html"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from geoself_jax.core.errors import data_error, usage_error
from geoself_jax.core.float32 import in_float32
from geoself_jax.runtime import cli, phases
from geoself_jax.view.check_flags import KINDS, check_flags

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from geoself_jax.data.poses.sequence import PoseSequence
    from geoself_jax.view.matched_video import MatchedVideo
    from geoself_jax.view.scene import Scene
    from geoself_jax.view.video_joints import VideoJoints

_DESCRIPTION = """Shows 3D joints over time: one HTML page that needs nothing but a browser, an
image, or a film."""
_EXAMPLES = (
    "--poses poses.npz --out=report.html",
    "--data=synthetic:test --frames=500 --out=truth.gif",
    "--poses poses.npz --video=cam1.mp4 --out=overlay.mp4",
    "--angles before.csv after.csv --out=angles.html",
)
_MANY = 200_000
"""Frames of a page, from which on a hint says how to have fewer: some 50 MB."""


def make_parser() -> cli.Parser:
    """The flags."""
    parser = cli.Parser(prog=cli.program("view"), description=_DESCRIPTION, examples=_EXAMPLES)
    add = parser.add_argument
    add("--poses", nargs="+", action="extend", metavar="FILE", help="what lift wrote")
    add("more", nargs="*", metavar="FILE", help="more of them")
    add("--data", help="recording to compare with: .npz file, synthetic:test or tfds:NAME")
    add("--out", required=True, metavar="FILE", help="to write: .html, .png, .gif or .mp4")
    add("--video", metavar="FILE", help="draw on this video, of the poses' camera: .mp4 or .html")
    add("--angles", nargs="*", action="extend", metavar="FILE", help="joint angles: .csv, .mot")
    add("--clip", help="only this clip; of --data, for poses that name none")
    add("--camera", help="only this camera")
    add("--first", type=int, metavar="N", help="first frame of the video")
    add("--last", type=int, metavar="N", help="last frame of the video")
    add("--reference", metavar="NAME", help="source that errors are measured against")
    add("--frames", type=int, default=8000, help="of synthetic data (8000)")
    files = parser.add_argument_group("files that do not say it")
    files.add_argument("--skeleton", help="of .csv and .trc: coco_17, ... or a .toml file")
    files.add_argument("--up", metavar="AXIS", help="of .csv and .trc: z, -y, ..., 0.1,0.2,0.97")
    add = files.add_argument
    add("--poses-format", metavar="PROGRAM", help="of .csv: anipose; else those of lift")
    add("--poses-fps", type=float, metavar="HZ", help="of that program's files")
    add("--poses-unit", choices=("m", "cm", "mm"), help="of that program's files")
    page = parser.add_argument_group("a page (.html)")
    page.add_argument("--title", help="heading (the files' names)")
    page.add_argument("--every", type=int, metavar="N", help="each N-th frame only (1)")
    page.add_argument("--max-frames", type=int, metavar="N", help="as many as make about N in all")
    film = parser.add_argument_group("an image or a film (.png, .gif, .mp4), of one scene")
    film.add_argument("--width", type=int, metavar="PX", help="of the image")
    film.add_argument("--count", type=int, metavar="N", help="an image's frames (4)")
    film.add_argument("--fps", type=float, help="a film's frames per second")
    film.add_argument("--speed", type=float, help="0.5 films it half as fast (1)")
    film.add_argument("--turn", type=float, metavar="DEGREES", help="go round, a second")
    return parser


@in_float32
def main(argv: Sequence[str]) -> int:
    """Parses the command line, reads, shows; returns the exit code."""
    parser = make_parser()
    flags, overrides = cli.parse(parser, argv)
    cli.refuse_overrides(overrides)
    check_flags(flags)
    shown = [*flags.poses, *filter(None, [flags.data]), *(flags.angles or [])]
    more = f" and {len(shown) - 1} more" if len(shown) > 1 else ""
    phases.begin("view", f"showing {shown[0]}{more} in {flags.out}")

    from pathlib import Path

    from geoself_jax.data.sources import place
    from geoself_jax.runtime.outputs import check_outputs

    data = None if flags.data is None else place(flags.data)
    inputs = {"--poses": flags.poses, "--data": [data], "--skeleton": [flags.skeleton]}
    inputs |= {"--video": [flags.video], "--angles": flags.angles or []}
    replaced = "replaced " if check_outputs([("--out", flags.out)], inputs) else ""
    out = Path(flags.out)
    if _shows_angles(flags):
        _write_angles(out, flags, replaced)
        return 0
    with phases.phase("reading"):
        scenes = _scenes(flags)
    if out.suffix.lower() == ".html":
        _write_page(out, scenes, flags, replaced)
    else:
        _draw(out, scenes, flags, replaced)
    return 0


def _shows_angles(flags: "argparse.Namespace") -> bool:
    """Whether a page of angles is asked for, not one of poses."""
    return flags.angles is not None and flags.out.lower().endswith(".html")


def _write_angles(out: "Path", flags: "argparse.Namespace", replaced: str) -> None:
    """A page of the angles of one or two clips."""
    from pathlib import Path

    from geoself_jax.view.angle_page import write_angle_page
    from geoself_jax.view.shown_angles import angles_to_show

    shown = flags.angles or flags.poses
    poses = [] if flags.angles else _read(flags)
    poses = [s.replace(name=Path(path).stem) for s, path in zip(poses, shown, strict=False)]
    clips = angles_to_show(flags.angles, poses, flags.first, flags.last)
    write_angle_page(out, clips, flags.title or ", ".join(Path(path).name for path in shown))
    frames = sum(len(clip.frame_id) for clip in clips)
    print(f"{replaced}{out}: angles of {len(clips)} clip{'s' * (len(clips) > 1)}, {frames} frames")


def _scenes(flags: "argparse.Namespace") -> "list[Scene]":
    """All that is asked for, read and brought together."""
    from geoself_jax.runtime import devices
    from geoself_jax.view import build_scenes, choose_scenes

    devices.use_compilation_cache()
    sequences = _read(flags)
    if flags.data is None:
        found = build_scenes.scenes_from_sequences(sequences, flags.reference)
    else:
        from geoself_jax.data.sources import load
        from geoself_jax.view.comparison import with_recording

        recording = load(flags.data, synthetic_frames=flags.frames)
        if sequences:
            sequences = with_recording(sequences, recording, flags.clip)
            found = build_scenes.scenes_from_sequences(sequences, flags.reference)
        else:
            found = build_scenes.scenes_from_recording(recording)
    names = [s.name for scene in found for s in scene.sequences]
    if flags.reference is not None and flags.reference not in names:
        known = ", ".join(dict.fromkeys(names))
        raise usage_error(f"--reference={flags.reference}", "no such source", f"known: {known}")
    found = choose_scenes.chosen(found, flags.clip, flags.camera)
    flags.all_frames = max((int(s.frame_id[-1]) + 1 for s in found if s.frames), default=0)
    return choose_scenes.between(found, flags.first, flags.last)


def _read(flags: "argparse.Namespace") -> "list[PoseSequence]":
    """The files; sources of one name in one video are distinguished by their files.

    So are those that have the name of one of the recording's own, as `triangulate` writes.
    """
    from collections import Counter
    from pathlib import Path

    from geoself_jax.data.poses.formats import read_poses
    from geoself_jax.data.skeleton_files import named_skeleton
    from geoself_jax.view.scene import TRIANGULATED, TRUTH
    from geoself_jax.view.shown_names import with_shown_names

    for path in flags.poses:
        _check_poses(path)
    skeleton = named_skeleton(flags.skeleton) if flags.skeleton else None
    found = [
        with_shown_names(
            read_poses(path, skeleton=skeleton, up=flags.up, notice=print, **_format(flags, path))
        )
        for path in flags.poses
    ]
    keys = [(s.name, s.clip, s.camera.name if s.camera else "") for s in found]
    twice = {key for key, count in Counter(keys).items() if count > 1}
    recorded = () if flags.data is None else (TRIANGULATED, TRUTH)
    return [
        s.replace(name=f"{s.name} ({Path(path).stem})") if key in twice or s.name in recorded else s
        for s, key, path in zip(found, keys, flags.poses, strict=True)
    ]


def _format(flags: "argparse.Namespace", path: str) -> dict[str, Any]:
    """What the flags say of the file: .npz, .json and .trc are those of lift in any case."""
    if flags.poses_format is None or path.lower().endswith((".npz", ".json", ".trc")):
        return {}
    return {"format": flags.poses_format, "fps": flags.poses_fps, "unit": flags.poses_unit}


def _check_poses(path: str) -> None:
    """Refuses what is no file of poses by what it is."""
    from pathlib import Path

    from geoself_jax.data.files import npz
    from geoself_jax.data.files.mistaken import refuse_mistaken

    what, file = f"--poses={path}", Path(path)
    if path.startswith(("synthetic:", "tfds:")):
        raise usage_error(what, "is a recording, not poses", f"write --data={path}")
    refuse_mistaken(what, file, "give the files that lift wrote")
    if file.is_dir():
        raise data_error(what, "is a folder, not a file of poses", "give the files that lift wrote")
    if file.suffix.lower() == ".npz" and npz.member_names(file) >= {"format", "clip_names"}:
        raise data_error(what, "is a recording, not poses", f"write --data={path}")


def _write_page(
    out: "Path", scenes: "list[Scene]", flags: "argparse.Namespace", replaced: str
) -> None:
    from pathlib import Path

    from geoself_jax.view import choose_scenes
    from geoself_jax.view.html_page import write_page

    scenes = choose_scenes.thinned(scenes, every=flags.every or 1, most=flags.max_frames)
    video = None
    if flags.video is not None:
        from geoself_jax.view.page_video import page_video

        video = page_video(*_on_video(scenes, flags))
    names = [Path(path).name for path in flags.poses] or [flags.data]
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    with phases.phase(f"writing {out}"):
        write_page(out, scenes, flags.title or shown, video=video)
    frames = sum(scene.frames for scene in scenes)
    size = out.stat().st_size / 1e6
    what = f"{len(scenes)} scene{'s' * (len(scenes) != 1)}, {frames} frames, {size:.1f} MB"
    print(f"{replaced}{out}: {what}")
    if frames > _MANY:
        print(f"that is too much for most browsers: --max-frames={_MANY} takes every n-th")


def _on_video(
    scenes: "list[Scene]", flags: "argparse.Namespace"
) -> "tuple[Scene, MatchedVideo, VideoJoints]":
    """The one scene, its video and its joints in it; says what is to know about them."""
    from geoself_jax.view.matched_video import match_video
    from geoself_jax.view.video_joints import video_joints

    if len(scenes) > 1:
        names = ", ".join(scene.name for scene in scenes[:4])
        what = f"--video={flags.video}"
        raise usage_error(what, f"it is of one scene: {names} ...", "set --clip or --camera")
    video = match_video(flags.video, scenes[0], flags.all_frames)
    joints = video_joints(scenes[0])
    for note in (*video.notes, *joints.notes):
        print(f"note: {note}")
    return scenes[0], video, joints


def _draw(out: "Path", scenes: "list[Scene]", flags: "argparse.Namespace", replaced: str) -> None:
    """An image or a film of the one scene, or of the first of several."""
    from geoself_jax.view.film import write_film
    from geoself_jax.view.overlay_film import write_overlay
    from geoself_jax.view.stills import write_stills

    if len(scenes) > 1 and flags.video is None:
        print(f"of {len(scenes)} scenes the first, {scenes[0].name}: --clip and --camera choose")
    options = {
        name: getattr(flags, name)
        for name in KINDS[out.suffix.lower()]
        if getattr(flags, name) is not None and name not in ("video", "angles")
    }
    if flags.video is not None:
        from geoself_jax.view.shown_angles import angles_of_video

        scene, video, joints = _on_video(scenes, flags)
        options["angles"] = angles_of_video(flags.angles, scene.sequences[0])
        frames = write_overlay(out, scene, video, joints, **options)
        print(f"{replaced}{out}: {frames} frames")
    elif out.suffix.lower() == ".png":
        with phases.phase(f"drawing {out}"):
            write_stills(out, scenes[0], **options)
        print(f"{replaced}{out}")
    else:
        print(f"{replaced}{out}: {write_film(out, scenes[0], **options)} frames")


if __name__ == "__main__":
    cli.run(main)
