"""Left and right that a detector exchanged for some frames are exchanged back."""

from collections.abc import Callable, Mapping

import jax
import numpy as np

from geoself_jax.data.exchanged_limbs import exchanged_back, ranges, usually_repaired
from geoself_jax.data.exchanged_views import clips_of, find_in_each_view, find_in_views
from geoself_jax.data.recording import Recording, from_arrays
from geoself_jax.runtime import devices
from geoself_jax.runtime.phases import phase


def sides_repaired(
    arrays: Mapping[str, np.ndarray],
    how: str | None,
    *,
    calibrated: bool,
    notice: Callable[[str], None],
    in_step: Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]] | None = None,
) -> dict[str, np.ndarray]:
    """Returns the arrays with exchanged limbs exchanged back, their cameras in step.

    What others see says nothing of a camera that is late: its legs seem exchanged when a step
    passes between the two instants. Before cameras are in step each is repaired by itself.

    Args:
        arrays: Of format geoself-multiview/1.
        how: `keep` or `repair`; None as is usual for these joints.
        calibrated: Whether the cameras are known: three or more say which side is right.
        notice: Receives a line on each camera in which something was changed, or is undecided.
        in_step: Puts the cameras of arrays in step; None where they are.
    """
    if in_step is not None:
        alone = sides_repaired(arrays, how, calibrated=False, notice=notice)
        arrays = in_step(alone)
    if (how or usually_repaired(arrays["joint_names"].tolist())) == "keep":
        return dict(arrays)
    devices.use_compilation_cache()
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.1)
    with phase("looking for exchanged sides"):
        return _repaired(arrays, calibrated, notice)


def _repaired(
    arrays: Mapping[str, np.ndarray], calibrated: bool, notice: Callable[[str], None]
) -> dict[str, np.ndarray]:
    recording = from_arrays(arrays, "the prepared recording")
    undecided = np.zeros(recording.confidence.shape[:2], bool)
    if calibrated and recording.views > 2:
        joints = find_in_views(recording)
    else:
        joints, undecided = find_in_each_view(recording)
    for view, name in enumerate(recording.camera_names):
        changed = np.asarray(joints[:, view].any(-1))
        unclear: np.ndarray = undecided[:, view] & ~changed
        if changed.any():
            notice(f"{name}: left and right exchanged back in {_where(recording, changed)}")
        if unclear.any():
            where = _where(recording, unclear)
            what = f"{name}: left and right change places in {where}"
            notice(f"{what}; not changed, as it is not clear which side is right")
    own = joints[..., : arrays["keypoints_2d"].shape[2]]
    return {
        **arrays,
        "keypoints_2d": exchanged_back(arrays["keypoints_2d"], own, recording.skeleton),
        "confidence": exchanged_back(arrays["confidence"], own, recording.skeleton),
    }


def _where(recording: Recording, marked: np.ndarray) -> str:
    """How many frames are marked, and which: of one clip all runs, of several the first."""
    clips = [clip for clip in clips_of(recording) if marked[clip].any()]
    first = clips[0]
    shown = ranges(marked[first], recording.frame_id[first])
    count = f"{int(marked.sum())} of {len(marked)} frames"
    if len(recording.clip_names) == 1:
        return f"{count}: {shown}"
    name = recording.clip_names[int(recording.clip_id[first[0]])]
    many = f", {len(clips)} clips, first" if len(clips) > 1 else ", clip"
    return f"{count}{many} {name}: {shown}"
