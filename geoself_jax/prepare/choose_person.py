"""Which of the people that the detectors found is the one to learn from."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from geoself_jax.core.errors import data_error, nearest_name, usage_error
from geoself_jax.data.body_words import words_for
from geoself_jax.data.rig import Rig
from geoself_jax.prepare.instances import Instances
from geoself_jax.prepare.match_people import match_people

WAYS = ("auto", "only", "largest", "track:NAME", "track:CAMERA=NAME,...", "consistent[:K]", "all")

UNPLACED = tuple(way for way in WAYS if way.startswith(("largest", "track")))
"""Ways that need not know where the cameras stand, of several people."""


class Chosen(NamedTuple):
    """One person's detections. Frames F with the person, views V, joints J.

    Attributes:
        frame: (F,) ascending numbers of the frames in which a view has the person.
        keypoints_2d: (F, V, J, 2) float32; NaN where missing.
        confidence: (F, V, J) float32; 0 where missing.
        note: How the person was chosen, for the user.
    """

    frame: np.ndarray
    keypoints_2d: np.ndarray
    confidence: np.ndarray
    note: str


def choose_person(
    views: Sequence[Instances],
    rig: Rig,
    *,
    frames: int,
    fps: float,
    how: str | Mapping[str, str] = "auto",
    ways: Sequence[str] = WAYS,
) -> Chosen:
    """One person a frame from all that were found.

    Args:
        views: What was found, in the order of the rig's cameras.
        rig: The cameras.
        frames: T: take frames 0 to T - 1 of each camera.
        fps: Frames per second.
        how: `only`: there is one at most; `largest`: the largest in each frame; `track:NAME`: the
            detector's track, the same in all cameras or one a camera; `consistent`: those in whom
            the cameras agree, the K-th longest seen (1 is the longest); `auto`: `only`, and where
            there are several, `consistent` as long as one person stands out. Or the track's name
            by camera, of those that have it.
        ways: Those that are named where there are several people.

    Raises:
        GeoselfError: Several people and an ambiguous choice (65), with their number and options;
            no such track (65); no such option (64).
    """
    skeletons = {view.skeleton for view in views}
    if len(skeletons) > 1:
        raise data_error(
            f"{views[0].source} and {_other(views).source}",
            "their detections have different skeletons",
            "use one detector for all cameras of a rig",
        )
    if not isinstance(how, str):
        listed = ",".join(f"{camera}={name}" for camera, name in how.items())
        return Chosen(*_gather(views, _tracked(views, rig, how), frames), f"track:{listed}")
    words, crowded = words_for(views[0].skeleton.joint_names), _most(views, frames)
    if how == "only" and crowded[0] > 1:
        raise data_error(
            f"{crowded[0]} {words.many} at frame {crowded[1]} of {crowded[2]}",
            "wanted one at most",
            "choose one: "
            + ", ".join(f"--person={way}" for way in ways if way not in ("auto", "only")),
        )
    if how in ("auto", "only") and crowded[0] <= 1:
        rows = [_only(view) for view in views]
        return Chosen(*_gather(views, rows, frames), f"one {words.one}")
    if how == "largest":
        rows = [_largest(view) for view in views]
        return Chosen(*_gather(views, rows, frames), f"the largest {words.one} in each frame")
    if how.startswith("track:"):
        rows = _tracked(views, rig, _by_camera(views, rig, how.removeprefix("track:")))
        return Chosen(*_gather(views, rows, frames), how)
    check_way(how)
    rank = how.partition(":")[2]
    found = match_people(views, rig, frames=frames, fps=fps, rank=int(rank) if rank else None)
    return Chosen(*_gather(views, found.rows, frames), found.note)


def check_way(how: str) -> None:
    """Checks that there is such a way to choose.

    Args:
        how: As of `choose_person`, or `all`.

    Raises:
        GeoselfError: There is not (64).
    """
    kind, _, rank = how.partition(":")
    counted = kind == "consistent" and (rank.isdecimal() or not rank)
    if how not in WAYS[:3] and how != WAYS[-1] and kind != "track" and not counted:
        raise usage_error(f"--person={how}", "no such way", nearest_name(how, WAYS))


def _other(views: Sequence[Instances]) -> Instances:
    return next(view for view in views if view.skeleton != views[0].skeleton)


def _most(views: Sequence[Instances], frames: int) -> tuple[int, int, str]:
    """The most people in one frame of one camera, the frame and the source."""
    best = (0, 0, "")
    for view in views:
        number, counts = np.unique(view.frame[view.frame < frames], return_counts=True)
        if counts.max(initial=0) > best[0]:
            best = (int(counts.max()), int(number[counts.argmax()]), view.source)
    return best


def _only(view: Instances) -> np.ndarray:
    return np.arange(len(view.frame))


def _largest(view: Instances) -> np.ndarray:
    """Rows of the largest person of each frame, by the box about the joints that were found."""
    pixels = np.where((view.confidence > 0)[..., None], view.keypoints_2d, np.nan)
    low, high = np.fmin.reduce(pixels, axis=1), np.fmax.reduce(pixels, axis=1)
    area = np.nan_to_num(np.prod(high - low, axis=-1))
    order = np.lexsort((area, view.frame))
    last = np.append(np.diff(view.frame[order]) != 0, True)
    return order[last]


def _by_camera(views: Sequence[Instances], rig: Rig, names: str) -> Mapping[str, str]:
    """The track of each camera: of all one name, which may hold `,` and `=`, or CAMERA=NAME,..."""
    if "=" not in names or any(names in view.track_names for view in views):
        return dict.fromkeys(rig.camera_names, names)
    by_camera = {}
    for part in names.split(","):
        camera, equals, name = part.partition("=")
        flag = f"--person=track:{names}"
        if not equals:
            raise usage_error(flag, f"{part!r} is of no camera", "write CAMERA=NAME,CAMERA=NAME")
        if camera not in rig.camera_names:
            near = nearest_name(camera, rig.camera_names)
            raise usage_error(flag, f"no camera {camera!r}", near)
        if camera in by_camera:
            raise usage_error(flag, f"camera {camera!r} is there twice", "name one track of each")
        by_camera[camera] = name
    return by_camera


def _tracked(
    views: Sequence[Instances], rig: Rig, by_camera: Mapping[str, str]
) -> list[np.ndarray]:
    rows = []
    for view, camera in zip(views, rig.camera_names, strict=True):
        name = by_camera.get(camera)
        if name is None:  # this camera was not named: the person is not in it
            rows.append(np.zeros(0, int))
            continue
        if name not in view.track_names:
            known = nearest_name(name, view.track_names) if view.track_names else "it has no tracks"
            raise data_error(f"{view.source}: no track {name!r}", known, "name one of them")
        found = np.flatnonzero(view.track == view.track_names.index(name))
        twice = np.flatnonzero(np.diff(view.frame[found]) == 0)
        if twice.size:
            raise data_error(
                f"{view.source}: track {name!r} is twice in frame {view.frame[found[twice[0]]]}",
                "a track is one body",
                "fix the detector's tracks, or choose by --person=largest",
            )
        rows.append(found)
    return rows


def _gather(
    views: Sequence[Instances], rows: Sequence[np.ndarray], frames: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Frames and arrays from the chosen rows, at most one a frame and view.

    Their memory follows the frames with the person, and not the largest frame number.
    """
    joints = views[0].skeleton.joints
    kept = [chosen[view.frame[chosen] < frames] for view, chosen in zip(views, rows, strict=True)]
    frame = np.unique(np.concatenate([v.frame[k] for v, k in zip(views, kept, strict=True)]))
    keypoints_2d = np.full((len(frame), len(views), joints, 2), np.nan, np.float32)
    confidence = np.zeros((len(frame), len(views), joints), np.float32)
    for v, (view, chosen) in enumerate(zip(views, kept, strict=True)):
        at = np.searchsorted(frame, view.frame[chosen])
        keypoints_2d[at, v] = view.keypoints_2d[chosen]
        confidence[at, v] = view.confidence[chosen]
    return frame, keypoints_2d, confidence
