"""Joints as markers of a musculoskeletal model's setup files: chosen, renamed, without gaps."""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from geoself_jax.core.errors import data_error, nearest_name, one_line, usage_error
from geoself_jax.core.skeleton import Skeleton, normalized
from geoself_jax.data.poses.resample import step_of
from geoself_jax.data.poses.sequence import CAMERA, EXPECTED_ERRORS, PoseSequence

_LIMBS = {
    part.lower(): part
    for part in (
        *("Shoulder", "Elbow", "Wrist", "Hip", "Knee", "Ankle"),
        *("BigToe", "SmallToe", "Heel"),
    )
} | {"footindex": "BigToe"}  # MediaPipe's name of the toe
_MIDDLE = ("root", "pelvis", "midhip", "hip", "bodycenter", "chip")
_UPPER = ("head", "headtop", "thorax", "upperneck")

MARKER_SETS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "pose2sim-body25": {"middle": "CHip", "neck": "Neck"},
        "pose2sim-halpe26": {"middle": "Hip"},
    }
)
"""Marker sets of Pose2Sim 0.10.49 (its OpenSim_Setup): their names of what is not left or right.

Both have the limbs and `Nose`. `Neck` is in the middle of the shoulders in Body25, so it is the
neck of OpenPose's skeletons; in Halpe26 it is 8 cm higher, where no skeleton here has a joint. Its
set for COCO's 17 joints is left out on purpose: it has the right hip where the knee is.
"""

ALIASES: Mapping[str, str] = MappingProxyType({"pose2sim": "pose2sim-body25"})
_SHOWN, _LONGEST = 20, 400
"""Names, and characters, of a list that is printed."""
FEWEST = 4
"""Markers: fewer say little about a body of two dozen bones."""


def marker_set(name: str) -> str:
    """The marker set of that name.

    Args:
        name: Of `MARKER_SETS` or `ALIASES`.

    Raises:
        GeoselfError: No such set (64).
    """
    known = ALIASES.get(name, name)
    if known not in MARKER_SETS:
        near = nearest_name(name, (*MARKER_SETS, *ALIASES))
        raise usage_error(f"--markers={name} (markers=)", "no such marker set", near)
    return known


def marker_names(joint_names: tuple[str, ...], name: str) -> dict[int, str]:
    """The marker that each joint is, by the joint's index; joints that are none are left out.

    Args:
        joint_names: Of a skeleton: `left_knee`, `RKnee`, `knee_r` ...
        name: Of the set, as of `marker_set`.

    Raises:
        GeoselfError: No such set (64), or fewer than `FEWEST` markers (65).
    """
    own = MARKER_SETS[marker_set(name)]
    plain = [normalized(joint) for joint in joint_names]
    found: dict[int, str] = {}
    for joint, word in enumerate(plain):
        marker = _limb(word)
        if word == "nose":
            marker = "Nose"
        elif word in _MIDDLE:
            marker = own["middle"]
        elif word == "neck" and not set(_UPPER) & set(plain):
            marker = own.get("neck", "")
        if marker and marker not in found.values():
            found[joint] = marker
    if len(found) < FEWEST:
        raise data_error(
            f"joints {one_line(', '.join(joint_names))[:100]}",
            f"{len(found)} of them are markers of {name}, wanted {FEWEST} or more",
            "leave the markers out, or call joints left_hip, right_knee, nose, pelvis, ...",
        )
    return found


def as_markers(poses: PoseSequence, name: str, notice: Callable[[str], None]) -> PoseSequence:
    """The joints of a sequence that are markers of a set, by the set's names.

    A joint whose parent is no marker becomes a child of its next ancestor that is one. Frames
    without any marker are left out, and markers that no frame has: OpenSim stops at the ones, and
    does not scale the bones of the others.

    Args:
        poses: One person.
        name: Of the set, as of `marker_set`.
        notice: Receives a line on joints that are left out, and one on axes that are a camera's.

    Raises:
        GeoselfError: No such set (64); fewer than `FEWEST` markers, or no frame has one (65).
    """
    name, skeleton = marker_set(name), poses.skeleton
    names = marker_names(skeleton.joint_names, name)
    there = np.isfinite(poses.pose).all(-1)
    kept = [joint for joint in names if there[:, joint].any()]
    if len(kept) < FEWEST:
        raise data_error(
            f"{poses.name}: {len(kept)} of {len(names)} markers are in some frame",
            f"wanted {FEWEST} or more",
            "check the input",
        )
    _say_left_out(skeleton, names, kept, name, notice)
    _say_axes(poses, notice)
    return _selected(poses, there[:, kept].any(1), kept, _kept_skeleton(skeleton, kept, names))


def scaling_range(poses: PoseSequence, *, gaps: bool) -> str:
    """A line on the longest time in which no marker has a gap, for ScaleTool.

    Args:
        poses: Of `as_markers`.
        gaps: Whether frames that were left out are frames of the file without markers, so are gaps,
            and its time begins with its first frame, as OpenSim reads a .c3d.
    """
    whole = np.isfinite(poses.pose).all((1, 2))
    if not whole.any():
        lost = np.isnan(poses.pose).any(-1).mean(0)
        worst = poses.skeleton.joint_names[int(lost.argmax())]
        return (
            f"warning: no frame has every marker ({worst} is missing in {100 * lost.max():.0f} %): "
            "OpenSim's ScaleTool leaves bones with a gap as they are: scale by another recording"
        )
    jumps = gaps & (np.diff(poses.frame_id) != step_of(poses.frame_id))
    ends = np.flatnonzero(jumps | ~whole[1:] | ~whole[:-1]) + 1
    runs = np.split(np.arange(poses.frames), ends)
    longest = max((run for run in runs if whole[run[0]]), key=len)
    seconds = poses.seconds - (poses.seconds[0] if gaps else 0)
    start, end = (f"{seconds[row]:.6f}".rstrip("0").rstrip(".") for row in longest[[0, -1]])
    ended = "; its inverse kinematics ends at frames without markers, which .trc leaves out"
    return (
        f"every marker is there from {start} to {end} s ({len(longest)} of {poses.frames} frames): "
        f"scale in that range, <time_range>{start} {end}</time_range>; OpenSim's ScaleTool leaves "
        f"bones with a gap as they are{ended * bool(jumps.any())}"
    )


def _limb(word: str) -> str:
    """`RKnee` of `rightknee`, `rknee` and `kneeright`; empty of what is no limb's joint."""
    parts = "|".join(_LIMBS)
    found = re.fullmatch(rf"(left|right|l|r)({parts})", word)
    turned = re.fullmatch(rf"({parts})(left|right|l|r)", word)
    if found:
        return found[1][0].upper() + _LIMBS[found[2]]
    return turned[2][0].upper() + _LIMBS[turned[1]] if turned else ""


def _kept_skeleton(skeleton: Skeleton, kept: list[int], names: dict[int, str]) -> Skeleton:
    """The bones between the joints that are kept."""
    place = {joint: i for i, joint in enumerate(kept)}

    def ancestor(joint: int) -> int:
        joint = skeleton.parents[joint]
        while joint >= 0 and joint not in place:
            joint = skeleton.parents[joint]
        return place.get(joint, -1)

    pairs = [(a, b) for a, b in skeleton.left_right if a in place and b in place]
    return Skeleton(
        joint_names=tuple(names[joint] for joint in kept),
        parents=tuple(ancestor(joint) for joint in kept),
        left_right=tuple((place[a], place[b]) for a, b in pairs),
        root=place.get(skeleton.root, 0),
        body_metres=skeleton.body_metres,
    )


def _selected(
    poses: PoseSequence, frames: np.ndarray, kept: list[int], skeleton: Skeleton
) -> PoseSequence:
    keys = ("pose", "keypoints_2d", "confidence", *EXPECTED_ERRORS, "marks", "contact")
    arrays = {key: getattr(poses, key) for key in keys}
    some = {key: x if x is None else x[frames][:, kept] for key, x in arrays.items()}
    return poses.replace(skeleton=skeleton, frame_id=poses.frame_id[frames], **some)


def _say_left_out(
    skeleton: Skeleton,
    names: Mapping[int, str],
    kept: list[int],
    name: str,
    notice: Callable[[str], None],
) -> None:
    none = [joint for i, joint in enumerate(skeleton.joint_names) if i not in names]
    if none:
        notice(f"no marker of {name}, so left out: {_listed(none)}")
    never = [skeleton.joint_names[joint] for joint in names if joint not in kept]
    if never:
        notice(f"in no frame, so left out: {_listed(never)}")


def _listed(names: list[str]) -> str:
    """Joints by name, the first ones of many."""
    shown, more = names[:_SHOWN], len(names) - _SHOWN
    return one_line(", ".join(shown))[:_LONGEST] + (f" and {more} more" if more > 0 else "")


def _say_axes(poses: PoseSequence, notice: Callable[[str], None]) -> None:
    if poses.axes == CAMERA:
        notice(
            "warning: the joints are in the camera's axes, so OpenSim's floor is tilted as the "
            "camera is and its pelvis is off by that angle: with a calibration use --axes=world "
            "(in Python in_world)"
        )
    if poses.root_relative:
        notice(
            "warning: the joints are relative to the root, so OpenSim's pelvis stays in one place: "
            "use --root=absolute"
        )
