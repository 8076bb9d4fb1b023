"""Selects the person to lift in one camera's video, or each person that has a track."""

import functools

import numpy as np

from geoself_jax.core.errors import data_error, nearest_name, usage_error
from geoself_jax.data.body_words import words_for
from geoself_jax.data.rig import Rig
from geoself_jax.prepare.choose_person import Chosen, choose_person
from geoself_jax.prepare.every_track import ONE_ALONE
from geoself_jax.prepare.instances import Instances, never_two

ALL = "all"
"""Everybody who has a track, each lifted alone."""

WAYS = ("auto", "only", "largest", "track:NAME", ALL)


def one_person(found: Instances, rig: Rig, fps: float, how: str) -> Chosen:
    """Selects one person's detections, one row per frame.

    Args:
        found: All people of the video.
        rig: Rig of its camera only.
        fps: Frames per second.
        how: `auto` and `only`: at most one person; `largest`: the largest in each frame;
            `track:NAME`: the detector's track.

    Raises:
        GeoselfError: Several people and none selected (65); no such track (65); unknown `how`, or
                `all` (64).
    """
    if how.startswith("consistent"):
        raise usage_error(
            f"--person={how}", "consistency needs several cameras", "choose --person=largest"
        )
    if how == ALL:
        raise usage_error(
            f"--person={ALL}", "one was wanted, and these may be several", "read_tracks gives each"
        )
    if how not in WAYS and not how.startswith("track:"):
        raise usage_error(f"--person={how}", "unknown selection", nearest_name(how, WAYS))
    if how in ("auto", "only"):
        _refuse_crowd(found)
        how = "only"
    return choose_person([found], rig, frames=found.frames, fps=fps, how=how)


def every_track(found: Instances, rig: Rig, fps: float) -> tuple[dict[str, Chosen], str]:
    """Selects the detections of each of the detector's tracks.

    Args:
        found, rig, fps: As of `one_person`.

    Returns:
        What was found of each track, by its name (empty where there are no tracks, and never two in
        a frame), and a line on detections without a track; empty where all have one.

    Raises:
        GeoselfError: Several in a frame, and the detector does not track (65).
    """
    if not found.track_names and never_two(found):
        return {"": one_person(found, rig, fps, "only")}, f"{found.source}: {ONE_ALONE}"
    if not found.track_names:
        raise data_error(
            f"{found.source}: --person={ALL} lifts each track, and it has no tracks",
            "there are several in a frame, and who is who in the next is unknown",
            "write it with tracks, or pass --person=largest",
        )
    (camera,) = rig.camera_names
    choose = functools.partial(choose_person, [found], rig, frames=found.frames, fps=fps)
    chosen = {name: choose(how={camera: name}) for name in found.track_names}
    lost = int((found.track < 0).sum())
    without = f"warning: {found.source}: {lost} detections without a track are left out"
    return chosen, without if lost else ""


def _refuse_crowd(found: Instances) -> None:
    frames, people = np.unique(found.frame, return_counts=True)
    if people.max() < 2:
        return
    names = found.track_names
    listed = ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
    many = words_for(found.skeleton.joint_names).many
    by_track = f", or --person=track:NAME, of {listed}" if names else "; it has no tracks"
    by_track += f", or --person={ALL}" if names else ""
    raise data_error(
        f"{found.source}: {people.max()} {many} in frame {frames[people.argmax()]}, several in "
        f"{(people > 1).sum()} of {len(frames)}",
        "one must be selected",
        f"pass --person=largest{by_track}",
    )
