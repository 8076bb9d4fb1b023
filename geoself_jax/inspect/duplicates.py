"""Frames that are there twice: within a file, one after the other, and in two files."""

import hashlib

import numpy as np

from geoself_jax.core.shown_lengths import units_for
from geoself_jax.data.body_size import body_size
from geoself_jax.data.body_words import words_for
from geoself_jax.data.recording import HostCamera, Recording
from geoself_jax.inspect.sample import Sample, place, spread, triangulated
from geoself_jax.inspect.verdicts import Verdict, error, note, ok, warning

CHECK, LEAK = "repeated frames", "leaks"
_FROZEN = 5  # frames in a row
_FEWEST = 4  # joints, for detections to be distinguishable
_NEAR_MM = 15.0  # root mean square over the joints, of a person
_MOST, _MOST_AGAINST = 1000, 20000
_LEAKED, _LEAST_FRAMES = 0.2, 5  # share of a clip's frames, and their number


def check_repeats(recording: Recording) -> list[Verdict]:
    """Verdicts on identical detections within a file."""
    prints = _prints(recording)
    return (_frozen(recording, prints) + _doubled(recording, prints)) or [
        ok(CHECK, "no frame is there twice", f"{recording.frames} frames compared")
    ]


def _prints(recording: Recording) -> np.ndarray:
    """(frames, views) a hash of the detections of each image; 0 where too few to distinguish."""
    pixels = np.where(recording.confidence[..., None] > 0, recording.keypoints_2d, -1)
    pixels = np.ascontiguousarray(np.nan_to_num(pixels, nan=-1).astype(np.float32))
    enough = (recording.confidence > 0).sum(-1) >= min(_FEWEST, recording.skeleton.joints)
    hashes = np.zeros(pixels.shape[:2], np.uint64)
    for at in zip(*np.nonzero(enough), strict=True):
        digest = hashlib.blake2b(pixels[at].tobytes(), digest_size=8).digest()
        hashes[at] = np.frombuffer(digest, np.uint64)[0] | np.uint64(1)
    return hashes


def _frozen(recording: Recording, prints: np.ndarray) -> list[Verdict]:
    """One camera's detections stand still while frames go on."""
    found = []
    follows = np.diff(recording.clip_id, prepend=-1) == 0
    for view in range(recording.views):
        own = prints[:, view]
        still = follows & (own == np.roll(own, 1)) & (own > 0)
        length, start = _longest_run(still)
        if length + 1 >= _FROZEN:
            what = f"camera {recording.camera_names[view]}: detections stand still"
            evidence = f"{length + 1} identical frames from {place(recording, start - 1)}, "
            evidence += f"{int(still.sum())} repeated frames in all"
            do = "take these frames out, or set their confidences to 0"
            found.append(warning(CHECK, what, evidence, do))
    return found


def _longest_run(flags: np.ndarray) -> tuple[int, int]:
    """Length and start of the longest run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(int), [0]])))
    starts, lengths = edges[::2], edges[1::2] - edges[::2]
    if not len(starts):
        return 0, 0
    longest = int(np.argmax(lengths))
    return int(lengths[longest]), int(starts[longest])


def _doubled(recording: Recording, prints: np.ndarray) -> list[Verdict]:
    """The same instant, seen by all cameras alike, more than once."""
    whole = np.flatnonzero((prints > 0).sum(1) >= min(2, recording.views))
    _, first, inverse = np.unique(prints[whole], axis=0, return_index=True, return_inverse=True)
    earlier = whole[first[inverse.reshape(-1)]]
    again = np.flatnonzero(whole != earlier)
    if not again.size:
        return []
    a, b = place(recording, earlier[again[0]]), place(recording, whole[again[0]])
    evidence = f"{again.size} of {recording.frames} frames, first {b} as {a}"
    return [warning(CHECK, "frames are there twice", evidence, "take the copies out")]


def check_leaks(recording: Recording, against: Recording, other: str) -> list[Verdict]:
    """Verdicts on what two files that should be apart have in common: frames, clips, people."""
    shared = sorted(set(recording.subject_names) & set(against.subject_names))
    found = _same_frames(recording, against, other) or _near_frames(recording, against, other)
    if shared:
        what = f"subjects of both files: {', '.join(shared[:5])}"
        evidence = f"{len(shared)} names in common"
        words = words_for(recording.skeleton.joint_names)
        do = f"keep one {words.one} in one file, unless the names mean different {words.many}"
        found.append(warning(LEAK, what, evidence, do))
    return found or [ok(LEAK, f"nothing in common with {other}")]


def _same_frames(recording: Recording, against: Recording, other: str) -> list[Verdict]:
    """Frames whose detections are bitwise identical."""
    if recording.skeleton.joint_names != against.skeleton.joint_names:
        return []
    own, others = _prints(recording), _prints(against)
    known = np.isin(own, others[others > 0]) & (own > 0)
    if not known.any():
        return []
    frame, view = np.argwhere(known)[0]
    theirs = int(np.argwhere(others == own[frame, view])[0][0])
    clips = np.unique(recording.clip_id[known.any(1)])
    evidence = f"{int(known.any(1).sum())} frames of {len(clips)} clips, first "
    evidence += f"{place(recording, frame)} camera {recording.camera_names[view]}, "
    evidence += f"there {place(against, theirs)}"
    return [error(LEAK, f"frames are in {other} too", evidence, "take these clips out of one file")]


def _near_frames(recording: Recording, against: Recording, other: str) -> list[Verdict]:
    """Clips whose poses are in the other file: the same instants, detected or cut again."""
    names = recording.skeleton.joint_names
    joints = [j for j, name in enumerate(names) if name in against.skeleton.joint_names]
    if len(joints) < _FEWEST:
        what = f"near copies in {other} were not looked for"
        return [note(LEAK, what, f"{len(joints)} joints in common")]
    theirs = [against.skeleton.joint_names.index(names[joint]) for joint in joints]
    own_at, own = _poses(recording, joints, _MOST)
    other_at, others = _poses(against, theirs, _MOST_AGAINST)
    if not len(own) or not len(others):
        return [note(LEAK, f"near copies in {other} were not looked for", "nobody triangulated")]
    distance, partner = _nearest(own, others)
    near = distance * 1000 < _NEAR_MM
    found = []
    for clip in np.unique(recording.clip_id[own_at]):
        of_clip = recording.clip_id[own_at] == clip
        at = np.flatnonzero(near & of_clip)
        moving = len(np.unique(partner[at]))
        if moving >= _LEAST_FRAMES and len(at) >= _LEAKED * of_clip.sum():
            a, b = place(recording, own_at[at[0]]), place(against, other_at[partner[at[0]]])
            found.append((len(at) / of_clip.sum(), recording.clip_names[clip], a, b))
    if not found:
        return []
    share, _, a, b = max(found)
    what = f"clips are in {other} too: {', '.join(sorted({one[1] for one in found})[:5])}"
    unit = units_for(recording.unit * body_size(own.reshape(len(own), -1, 3))).error
    evidence = f"poses within {unit.named(_NEAR_MM / 1000 * recording.unit, 0)}, "
    evidence += f"up to {100 * share:.0f} % of a clip, e.g. {a} "
    return [error(LEAK, what, evidence + f"as {b}", "take these clips out of one file")]


def _poses(recording: Recording, joints: list[int], most: int) -> tuple[np.ndarray, np.ndarray]:
    """Places and (n, joints * 3) poses about their middle, metres, of frames that are whole."""
    at, found = [], []
    for rig in np.unique(recording.rig_id):
        own = np.flatnonzero(recording.rig_id == rig)
        sample = Sample(recording, spread(own, max(1, most * len(own) // recording.frames)))
        cameras = HostCamera(*(array[rig] for array in recording.camera))
        there = sample.recording
        points = triangulated(there.keypoints_2d, there.confidence, cameras)[:, joints]
        good = np.isfinite(points).all((1, 2))
        at.append(sample.frames[good])
        found.append(points[good] - points[good].mean(1, keepdims=True))
    poses = np.concatenate(found)
    return np.concatenate(at), poses.reshape(len(poses), -1)


def _nearest(own: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distance (root mean square over joints, metres) to the nearest, and which it is."""
    joints = own.shape[1] / 3
    squares = (others**2).sum(1)
    distance, partner = np.empty(len(own)), np.empty(len(own), int)
    for start in range(0, len(own), 256):
        part = own[start : start + 256]
        apart = (part**2).sum(1)[:, None] + squares - 2 * part @ others.T
        which = apart.argmin(1)
        partner[start : start + 256] = which
        distance[start : start + 256] = np.sqrt(
            np.maximum(apart[np.arange(len(part)), which], 0) / joints
        )
    return distance, partner
