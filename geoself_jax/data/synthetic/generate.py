"""Clips of many people and actions, as the arrays of format geoself-multiview/1."""

from collections.abc import Iterator

import numpy as np

from geoself_jax.core.errors import data_error, nearest_name
from geoself_jax.core.skeleton import H36M_17
from geoself_jax.data.synthetic.actions import ACTIONS, perform
from geoself_jax.data.synthetic.anatomy import Body, draw_body
from geoself_jax.data.synthetic.camera_ring import CAMERA_NAMES, Rig, draw_rig
from geoself_jax.data.synthetic.detector import detect
from geoself_jax.data.synthetic.smooth_detector import detect_clip

Array = np.ndarray

DETECTORS = {"heatmap": detect, "smooth": detect_clip}
SUBJECTS = {"train": 12, "test": 4}  # by default
STREAM = {"train": 1, "test": 2}
CLIP_SECONDS = (6.0, 12.0)
SHORTEST_SECONDS = 1.0
PER_FRAME = ("keypoints_2d", "confidence", "occluded")


def draw_subject(split: str, subject: int, seed: int) -> tuple[Body, Rig]:
    """Body and rig of one subject: they depend on the split, its number and the seed alone."""
    rng = np.random.default_rng([seed, STREAM[split], 0, subject])
    return draw_body(rng), draw_rig(rng)


def _clip_length(rng: np.random.Generator, frames: int, fps: float) -> int:
    """Frames of a clip: 6 to 12 s, or less where all actions would not fit into `frames`."""
    length = int(rng.uniform(*CLIP_SECONDS) * fps)
    share = -(-frames // len(ACTIONS))
    if share >= CLIP_SECONDS[1] * fps:
        return length
    return max(min(length, share), int(SHORTEST_SECONDS * fps))


def _clips(
    split: str, frames: int, seed: int, fps: float, people: list[tuple[Body, Rig]], detector: str
) -> Iterator[tuple[str, int, dict[str, Array]]]:
    """Action, subject and kept frames of one clip after the other, `frames` in all."""
    names, left, index = tuple(ACTIONS), frames, 0
    while left > 0:
        rng = np.random.default_rng([seed, STREAM[split], 1, index])
        turn, place = divmod(index, len(names))
        order = np.random.default_rng([seed, STREAM[split], 2, turn]).permutation(len(names))
        action = names[order[place]]
        subject = int((place + turn) % len(people))
        body, rig = people[subject]
        length = _clip_length(rng, frames, fps)
        # Short clips are cut from longer motions: an action needs its time.
        t = np.arange(max(length, int(8.0 * fps))) / fps
        first = rng.integers(len(t) - length + 1)
        pose_world = perform(action, rng, t, body)[first : first + length]
        seen = DETECTORS[detector](rng, pose_world, rig, fps)
        kept = np.flatnonzero(seen["inside"])[:left]
        clip = {k: seen[k][kept] for k in PER_FRAME}
        clip["pose_world"] = pose_world[kept].astype(np.float32)
        clip["frame_id"] = kept.astype(np.int32)
        index += 1
        if len(kept):
            left -= len(kept)
            yield action, subject, clip


def generate(
    split: str,
    frames: int,
    seed: int = 0,
    fps: float = 50.0,
    subjects: int | None = None,
    rig: Rig | None = None,
    detector: str = "heatmap",
) -> dict[str, Array]:
    """Arrays of format geoself-multiview/1: `frames` frames x 4 views of moving people.

    Args:
        split: 'train' or 'test'; no subject is in both.
        frames: Frames in all (of every view); with some 1300 or more, every action is there.
        seed: The same seed gives the same arrays.
        fps: Frames per second.
        subjects: How many people; 12 in train and 4 in test by default.
        rig: The cameras that all of them are seen by; None for a rig each.
        detector: `heatmap`, the model of `detector`; `smooth`, that of `smooth_detector`, whose
            joints may be missing.

    Returns:
        One array for each name of the format; `K, dist, R, center` by rig, a rig for each subject.

    Raises:
        GeoselfError: No such split or detector, or no frames (exit code 65).
    """
    if detector not in DETECTORS:
        near = nearest_name(detector, DETECTORS)
        raise data_error(f"detector {detector!r}", near, "name one of them")
    if split not in STREAM:
        raise data_error(f"split {split!r}", nearest_name(split, STREAM), "name one of them")
    count = SUBJECTS[split] if subjects is None else subjects
    if frames < 1 or count < 1 or not fps > 0:
        raise data_error(
            f"frames={frames} subjects={count} fps={fps}", "each must be above 0", "raise it"
        )
    drawn = [draw_subject(split, i, seed) for i in range(count)]
    people = [(body, rig or own) for body, own in drawn]
    actions, owners, clips = zip(*_clips(split, frames, seed, fps, people, detector), strict=True)
    lengths = [len(clip["frame_id"]) for clip in clips]
    owner = np.repeat(np.array(owners, np.int32), lengths)
    arrays = {k: np.concatenate([clip[k] for clip in clips]) for k in clips[0]}
    names = np.array([f"{split}{i:02d}" for i in range(count)])
    return {
        "format": np.array("geoself-multiview/1"),
        "joint_names": np.array(H36M_17.joint_names),
        **arrays,
        "clip_id": np.repeat(np.arange(len(clips), dtype=np.int32), lengths),
        "subject_id": owner,
        "rig_id": owner.copy(),
        "clip_names": np.array([f"{a}#{i}" for i, a in enumerate(actions)]),
        "clip_actions": np.array(actions),
        **{k: np.stack([getattr(rig, k) for _, rig in people]) for k in _RIG_ARRAYS},
        "rig_names": np.array([f"rig_{name}" for name in names]),
        "camera_names": np.array(CAMERA_NAMES),
        "subject_names": names,
        "fps": np.array(float(fps)),
        "parents": np.array(H36M_17.parents, np.int32),
        "left_right": np.array(H36M_17.left_right, np.int32),
        "root": np.array(H36M_17.root, np.int32),
        "world_up": np.array([0.0, 0.0, 1.0]),
    }


_RIG_ARRAYS = ("K", "dist", "R", "center", "image_size")
