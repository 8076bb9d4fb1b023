"""How many frames a recording has, by the files of all its cameras."""

from collections.abc import Callable, Mapping

from geoself_jax.core.errors import GeoselfError, data_error
from geoself_jax.data.body_words import words_for
from geoself_jax.prepare.common_clock import counted_apart, starts_differ
from geoself_jax.prepare.instances import Instances


def common_frames(
    clip: str, views: Mapping[str, Instances], *, trim: bool, notice: Callable[[str], None]
) -> int:
    """Number of frames to take of all cameras.

    Files that list only frames with people do not hold the video's length: after their last person
    nobody is seen. Files that list every frame must be equally long, unless they begin at different
    numbers: these are a clock then, and all frames are taken.

    Args:
        clip: Name of the recording, for messages.
        views: Detections by camera, by one clock.
        trim: Take the frames that all files which list every frame have.
        notice: Receives what was assumed or cut.

    Raises:
        GeoselfError: Unequal numbers of frames, and not `trim` (65).
    """
    listed = {name: view.frames for name, view in views.items() if view.first is not None}
    seen = {name: view.frames for name, view in views.items() if view.first is None}
    most = max(view.frames for view in views.values())
    if trim and listed:
        return _trimmed(clip, {**seen, **listed}, min(listed.values()), notice)
    if len({view.frames for view in views.values()}) > 1 and counted_apart([*views.values()]):
        error = _counted_apart(clip, views)
        if len({*listed.values()}) > 1:
            raise error
        notice(f"warning: {error}")
    if len({*listed.values()}) > 1 and not starts_differ([*views.values()]):
        raise _unequal(views, listed, listed, "")
    if listed and max(listed.values()) < most and not starts_differ([*views.values()]):
        raise _unequal(views, listed, seen, "at least ")
    if any(frames < most for frames in seen.values()):
        words = words_for(next(iter(views.values())).skeleton.joint_names)
        notice(_unknown_lengths(clip, seen, most, words.many))
    return most


def _trimmed(clip: str, counts: Mapping[str, int], kept: int, notice: Callable[[str], None]) -> int:
    cut = [f"{count - kept} of {name}" for name, count in counts.items() if count > kept]
    if cut:
        notice(
            f"{clip}: --trim kept the first {kept} frames of every camera and cut at the end "
            f"{', '.join(cut)}"
        )
    return kept


def _unequal(
    views: Mapping[str, Instances], few: Mapping[str, int], many: Mapping[str, int], bound: str
) -> GeoselfError:
    least, most = min(few, key=few.__getitem__), max(many, key=many.__getitem__)
    return data_error(
        f"{views[least].source}: {few[least]} frames of camera {least}, {bound}{many[most]} of "
        f"{most}",
        "synchronized cameras have equally many; a dropped frame shifts all later ones",
        "if they start together, --trim takes the first ones of all",
    )


def _counted_apart(clip: str, views: Mapping[str, Instances]) -> GeoselfError:
    counts = {name: view.frames for name, view in views.items()}
    least, most = min(counts, key=counts.__getitem__), max(counts, key=counts.__getitem__)
    return data_error(
        f"{clip}: {counts[least]} frames of camera {least}, {counts[most]} of {most}",
        "frame numbers begin at two numbers that differ by 1: one camera's are counted from 1, or "
        "its first frame is missing",
        "if they start together, --trim takes each camera's first frame as frame 0; if not, add "
        "the frame",
    )


def _unknown_lengths(clip: str, seen: Mapping[str, int], most: int, many: str) -> str:
    ends = ", ".join(f"{frames - 1} of {name}" for name, frames in seen.items() if frames < most)
    return (
        f"{clip}: frames 0 to {most - 1} are taken; files that list only frames with {many} end "
        f"earlier, at frame {ends}: nobody is seen there after, if no camera dropped frames"
    )
