"""Everybody who has a track: the same name in all cameras is one animal, if the cameras agree."""

import itertools
from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np

from geoself_jax.core.errors import data_error
from geoself_jax.data.rig import Rig
from geoself_jax.geometry.camera import Camera
from geoself_jax.geometry.epipolar import epipolar_distance
from geoself_jax.geometry.lenses import undistort_pixels
from geoself_jax.prepare.instances import Instances, never_two
from geoself_jax.prepare.match_people import SAME_PX

ALL = "all"
"""Of `--person`: a clip for each track."""

ONE_ALONE = "no tracks, and never two in a frame: taken as the one that is there"
"""What is said of a recording whose clip is called as the recording is."""

FRAMES = 60
"""Most frames in which two tracks are compared."""

_FEWEST = 20  # joints of two tracks that are compared


def every_track(
    views: Sequence[Instances], rig: Rig, notice: Callable[[str], None]
) -> dict[str, dict[str, str]]:
    """How to choose each animal, by the name of its track.

    Args:
        views: What was found, in the order of the rig's cameras.
        rig: The cameras.
        notice: Receives one line for tracks that no two cameras share, and for detections without
            a track.

    Returns:
        Its name by camera, of those that have it, as `choose_person` takes it. Nothing where there
        is one animal, whom no track names: never two in a frame of any camera.

    Raises:
        GeoselfError: No track is in two cameras, of several animals; a name is another animal's in
            another camera (65).
    """
    names = list(dict.fromkeys(name for view in views for name in view.track_names))
    cameras = {
        name: [v for v, view in enumerate(views) if name in view.track_names] for name in names
    }
    shared = [name for name in names if _meets(views, cameras[name], name)]
    if not shared and len(names) < 2 and all(map(never_two, views)):
        return {}
    if not shared:
        found = f"tracks {', '.join(names[:8])}" if names else "several at once, no tracks"
        raise data_error(
            f"{views[0].source}: {found}",
            f"--person={ALL} takes tracks that have one name in a frame of two cameras",
            "name an animal's track alike in all cameras, or choose --person=consistent:1",
        )
    if len(shared) < len(names):
        alone = ", ".join(name for name in names if name not in shared)
        notice(
            f"warning: {views[0].source}: tracks that no two cameras share are left out: {alone}"
        )
    lost = sum(int((view.track < 0).sum()) for view in views)
    if lost:
        notice(f"warning: {views[0].source}: {lost} detections without a track are left out")
    for a, b in itertools.combinations(range(len(views)), 2):
        _check_pair(views, rig, (a, b), [n for n in shared if {a, b} <= {*cameras[n]}])
    return {name: {rig.camera_names[v]: name for v in cameras[name]} for name in shared}


def _meets(views: Sequence[Instances], cameras: Sequence[int], name: str) -> bool:
    """Whether two of the cameras have a track in one frame."""
    frames = [np.unique(views[v].frame[_rows(views[v], name)]) for v in cameras]
    every, count = np.unique(np.concatenate(frames), return_counts=True)
    return bool(len(every)) and int(count.max()) > 1


def _check_pair(
    views: Sequence[Instances], rig: Rig, pair: tuple[int, int], names: Sequence[str]
) -> None:
    """Refuses a name that is far off itself in another camera, where another name is near."""
    a, b = pair
    limit = SAME_PX * float(rig.image_size[[a, b]].max()) / 1000
    for name in names:
        px = {other: _apart(views, rig, pair, name, other) for other in names}
        near = min(px, key=lambda other: px[other])
        if px[name] > limit and px[near] <= limit:
            one, two = rig.camera_names[a], rig.camera_names[b]
            raise data_error(
                f"{views[a].source}: track {name} of camera {one} is {near} of camera {two}, by "
                f"an epipolar distance of {px[near]:.1f} px",
                f"{name} of both are {px[name]:.0f} px apart: tracks were named camera by camera",
                f"name them alike, or say who is who: --person=track:{one}={name},{two}={near}",
            )


def _apart(
    views: Sequence[Instances], rig: Rig, pair: tuple[int, int], first: str, second: str
) -> float:
    """Median epipolar distance of two tracks' joints, px; inf where too few are seen together."""
    rows = [_rows(views[v], name) for v, name in zip(pair, (first, second), strict=True)]
    frames = [views[v].frame[row] for v, row in zip(pair, rows, strict=True)]
    both, *at = np.intersect1d(*frames, return_indices=True)
    some = np.unique(np.linspace(0, max(len(both) - 1, 0), FRAMES).astype(int))
    if not len(both):
        return float("inf")
    pixels, seen, cameras = [], [], []
    for v, row, index in zip(pair, rows, at, strict=True):
        chosen = row[index[some]]
        place = views[v].keypoints_2d[chosen].astype(np.float64)
        pixels.append(jnp.asarray(undistort_pixels(place, rig.K[v], rig.lenses[v]), jnp.float32))
        seen.append(views[v].confidence[chosen] > 0)
        arrays = (rig.K[v], rig.R[v], rig.center[v])
        cameras.append(Camera(*(jnp.asarray(array, jnp.float32) for array in arrays)))
    distance = np.asarray(jax.jit(epipolar_distance)(*pixels, *cameras))
    known = distance[seen[0] & seen[1] & np.isfinite(distance)]
    return float(np.median(known)) if len(known) >= _FEWEST else float("inf")


def _rows(view: Instances, name: str) -> np.ndarray:
    return np.flatnonzero(view.track == view.track_names.index(name))
