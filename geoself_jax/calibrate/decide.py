"""Whether what was found may be believed: else the cause, and what footage would help."""

import itertools
from collections.abc import Sequence

import numpy as np

from geoself_jax.calibrate.bundle import Solution
from geoself_jax.calibrate.solve import Start
from geoself_jax.calibrate.two_view import Relative, fit_of
from geoself_jax.calibrate.uncertainty import CameraError
from geoself_jax.calibrate.views import Pose, Views, angle_between
from geoself_jax.core.errors import data_error

MOST_DEGREES = 0.5
"""Expected error of a camera from which on it is refused."""

LEAST_BLOCKS = 6
"""Places and postures of the body; fewer do not fix the cameras."""

WORST_SHARE = 0.02
"""Of the focal length: a joint's usual error, at most."""

_ONE_PLACE = 0.02  # of the depth: nearer cameras are one
_FOCAL_SIGMAS, _FOCAL_LEAST = 4.0, 0.05
_FOCAL_OF_TWO = 0.1  # two views hardly show it
_SAME_DEGREES, _RIVAL = 1.0, 0.03  # of two rigs; of the score
_BETTER_ALONE = 0.05  # by which a pair's own pose fits better than the rig's


_MOVE = "film somebody who walks all over the place, turns and reaches, for a minute or more"


def check_connected(
    views: Views, pairs: dict[tuple[int, int], list[Relative]], names: Sequence[str]
) -> None:
    """Refuses cameras that no other camera shares enough joints with.

    Raises:
        GeoselfError: One is alone (65).
    """
    known = {view for pair, found in pairs.items() if found for view in pair}
    for view, name in enumerate(names):
        if view not in known:
            both = (views.weight[:, [view]] > 0) & (views.weight > 0)
            both[:, view] = False
            most = int(both.sum((0, 2)).max())
            raise data_error(
                f"camera {name} shares at most {most} joints with another",
                "no relative pose comes from them",
                "film where the cameras' views overlap, " + _MOVE.removeprefix("film "),
            )


def check_starts(
    found: Sequence[Start], pairs: dict[tuple[int, int], list[Relative]], names: Sequence[str]
) -> None:
    """Refuses where no rig was found, or two different ones fit alike.

    Raises:
        GeoselfError: None, or two (65).
    """
    if not found:
        raise data_error(
            f"no rig fits the relative poses of cameras {', '.join(names)}",
            "joints seen by three cameras did not place the third",
            "check that files are of one person at one time (inspect, --sync), or " + _MOVE,
        )
    best = found[0]
    for other in found[1:]:
        apart = angle_between(best.solution.pose.R, other.solution.pose.R).max()
        if apart > _SAME_DEGREES and other.score < best.score * (1 + _RIVAL):
            raise data_error(
                f"two rigs fit alike, {apart:.0f} degrees apart (scores {best.score:.3f} and "
                f"{other.score:.3f})",
                "wanted one",
                "check that files are of one person at one time (--sync), or " + _MOVE,
            )


def check_footage(error: CameraError) -> None:
    """Refuses a body that is always in one place and posture.

    Args:
        error: Of the cameras, with the count of places and postures.

    Raises:
        GeoselfError: It hardly moves (65).
    """
    if error.blocks < LEAST_BLOCKS:
        raise data_error(
            f"the body is in {error.blocks} different places or postures",
            f"wanted {LEAST_BLOCKS} at least: a body that stands still is one view of few points",
            _MOVE,
        )


def fits(views: Views, scale: np.ndarray) -> bool:
    """Whether a joint's usual error is that of a detector.

    Args:
        views: Detections.
        scale: (J,) px.
    """
    return float(np.median(scale) / np.median(views.focal)) <= WORST_SHARE


def check_known(views: Views, scale: np.ndarray, error: CameraError, names: Sequence[str]) -> None:
    """Refuses cameras that joints do not fit, or that the footage leaves open.

    Args:
        views: Detections.
        scale: (J,) px.
        error: Of the cameras.
        names: Theirs.

    Raises:
        GeoselfError: The first of these that holds (65).
    """
    check_footage(error)
    if not fits(views, scale):
        raise data_error(
            f"joints are {np.median(scale):.0f} px off in the best rig",
            f"wanted {WORST_SHARE * np.median(views.focal):.0f} px",
            "check that the cameras are in step and see one person, and the intrinsics",
        )
    third = "; a third camera helps most" if views.views == 2 else ""
    worst = int(np.argmax(error.degrees))
    if not error.degrees[worst] <= MOST_DEGREES:
        raise data_error(
            f"camera {names[worst]} is known to {error.degrees[worst]:.2f} degrees",
            f"wanted {MOST_DEGREES:g}: the joints leave it open",
            "check that the cameras are in step (--sync) and no image is mirrored, or "
            + _MOVE
            + third,
        )


def check_result(
    views: Views,
    solution: Solution,
    scale: np.ndarray,
    error: CameraError,
    pairs: dict[tuple[int, int], list[Relative]],
    names: Sequence[str],
) -> None:
    """Refuses as `check_known`, and cameras in one place or that pairs contradict.

    Raises:
        GeoselfError: The first of these that holds (65).
    """
    check_known(views, scale, error, names)
    pose = solution.pose
    _check_apart(views, solution, names)
    for (i, j), candidates in pairs.items():
        if not candidates:
            continue
        R = pose.R[j] @ pose.R[i].T
        t = pose.R[j] @ (pose.center[i] - pose.center[j])
        fit = fit_of(views, i, j, R, t / max(np.linalg.norm(t), 1e-12))
        if candidates[0].fit > fit + _BETTER_ALONE:
            apart = float(angle_between(candidates[0].R, R))
            raise data_error(
                f"cameras {names[i]} and {names[j]} alone stand {apart:.1f} degrees otherwise "
                f"than in the rig, and fit better ({candidates[0].fit:.2f} against {fit:.2f})",
                "wanted one rig that all pairs agree on",
                "look with inspect for a camera that is out of step, mirrored or of another file",
            )


def _check_apart(views: Views, solution: Solution, names: Sequence[str]) -> None:
    """Refuses two cameras in one place: one file twice, or no geometry between them."""
    center = solution.pose.center
    known = (views.weight > 0).sum(1) >= 2
    points = solution.points[known] if len(known) == len(solution.points) else solution.points
    depth = float(np.median(np.linalg.norm(points.reshape(-1, 3)[:, None] - center, axis=-1)))
    for i, j in itertools.combinations(range(len(center)), 2):
        if np.linalg.norm(center[i] - center[j]) < _ONE_PLACE * depth:
            raise data_error(
                f"cameras {names[i]} and {names[j]} stand in one place",
                "one file may have been given twice",
                "give each camera its own detections, or leave one out",
            )


def check_focal(pose: Pose, sigma: np.ndarray, names: Sequence[str]) -> None:
    """Refuses intrinsics that the joints contradict.

    Args:
        pose: Cameras whose focal lengths were free.
        sigma: (V,) expected errors of their logarithms.
        names: Of the cameras.

    Raises:
        GeoselfError: A focal length is clearly another (65).
    """
    off = np.abs(pose.log_focal)
    least = _FOCAL_OF_TWO if len(off) == 2 else _FOCAL_LEAST
    wrong = off > np.maximum(_FOCAL_SIGMAS * sigma, least)
    if wrong.any():
        worst = int(np.argmax(np.where(wrong, off, 0)))
        raise data_error(
            f"camera {names[worst]}: its focal length is {np.exp(pose.log_focal[worst]):.2f} times "
            "that of its intrinsics, by the joints",
            "wanted intrinsics that fit",
            "check that the cameras are in step (--sync), then them (zoom, image size, another "
            "camera's file)" + (", or let them be found: --intrinsics=focal" * (len(off) > 2)),
        )
