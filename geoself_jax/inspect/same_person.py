"""One person under two names: the same footage twice, or a body that is the other's."""

from itertools import combinations

import numpy as np

from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.body_words import words_for
from geoself_jax.data.recording import Recording
from geoself_jax.inspect.body import bones_of
from geoself_jax.inspect.sample import place, spread
from geoself_jax.inspect.verdicts import Verdict, note, warning

CHECK = "subjects"
_QUERIES, _JOINTS = 200, 6  # frames that are looked for; joints that are compared
_NEAR_PX = 2.0  # root mean square over the joints, in an image 1000 wide
_LATER = 5  # frames after which it has to be so again
_SHARE, _LEAST = 0.2, 5  # of a subject's frames that are another's too; different ones
_ALIKE = 0.018  # root mean square over bones: one person's halves differ by 0.007 to 0.013
_POSES, _BONES = 100, 6  # fewest


def check_copies(recording: Recording) -> list[Verdict]:
    """A verdict on footage that is there under two names, detected or scored a second time."""
    if len(recording.subject_names) < 2:
        return []
    view = int((recording.confidence > 0).sum((0, 2)).argmax())
    size = recording.image_size[recording.rig_id, view].max(-1) / 1000
    pixels = recording.keypoints_2d[:, view] / size[:, None, None]
    pixels[~(recording.confidence[:, view] > 0)] = np.nan
    joints = _farthest_moved(pixels)
    seen = np.flatnonzero(np.isfinite(pixels[:, joints]).all((1, 2)))
    if not seen.size:
        return []
    pixels, who = pixels[seen], recording.subject_id[seen]
    moved = np.ascontiguousarray(pixels[:, joints]).reshape(len(seen), -1)
    found: dict[tuple[int, int], list[tuple[int, int]]] = {}
    queries = spread(np.arange(len(seen)), _QUERIES)
    for query in queries:
        partner = _partner(pixels, moved, who, query)
        if partner is not None:
            found.setdefault((who[query], who[partner]), []).append((query, partner))
    for (a, b), pairs in found.items():
        asked = (who[queries] == a).sum()
        if len({partner for _, partner in pairs}) >= _LEAST and len(pairs) >= _SHARE * asked:
            return [_copied(recording, a, b, len(pairs) / asked, seen[list(pairs[0])])]
    return []


def _farthest_moved(pixels: np.ndarray) -> np.ndarray:
    """The joints that move most of those seen most: heads on one treadmill are at one place."""
    seen = np.isfinite(pixels).all(-1)
    often = np.flatnonzero(seen.sum(0) >= 0.9 * seen.sum(0).max())
    ends = [np.percentile(pixels[seen[:, j], j], (5, 95), axis=0) for j in often]
    moved = [np.ptp(end, axis=0).max() for end in ends]
    return often[np.argsort(moved)[::-1][:_JOINTS]]


def _partner(pixels: np.ndarray, moved: np.ndarray, who: np.ndarray, query: int) -> int | None:
    """The frame of somebody else that is nearest; None unless it, and what follows, is near.

    People who walk in one place have one pose now and then, and go on differently.
    """
    squares = np.square(moved - moved[query]).sum(1)
    squares[who == who[query]] = np.inf
    partner = int(squares.argmin())
    if squares[partner] == np.inf or not _near(pixels[query], pixels[partner]):
        return None
    for later in (_LATER, -_LATER):
        one, other = query + later, partner + later
        if min(one, other) >= 0 and max(one, other) < len(who) and who[one] == who[query]:
            return partner if _near(pixels[one], pixels[other]) else None
    return None


def _near(one: np.ndarray, other: np.ndarray) -> bool:
    apart = np.square(one - other).sum(-1)
    return bool(np.nanmean(apart) <= _NEAR_PX**2 and np.nanmax(apart) <= (3 * _NEAR_PX) ** 2)


def _copied(recording: Recording, a: int, b: int, share: float, frames: np.ndarray) -> Verdict:
    names, many = recording.subject_names, words_for(recording.skeleton.joint_names).many
    one, other = (place(recording, frame) for frame in frames)
    return warning(
        CHECK,
        f"{names[a]} and {names[b]} are the same footage under two names",
        f"{100 * share:.0f} % of the frames looked at are there twice, e.g. {one} as {other}",
        f"take one out: held-out {many} have to be other {many}",
    )


def check_bodies(skeleton: Skeleton, subjects: dict[str, np.ndarray]) -> list[Verdict]:
    """Notes on subjects whose bones are equal within what they are measured with.

    Args:
        skeleton: Of the joints.
        subjects: (frames, joints, 3) poses of each, metres.
    """
    lengths = {
        name: bones_of(skeleton, points).length
        for name, points in subjects.items()
        if np.isfinite(points).all(-1).any(1).sum() >= _POSES
    }
    found, words = [], words_for(skeleton.joint_names)
    for a, b in combinations(lengths, 2):
        apart = np.log(lengths[a] / lengths[b])
        apart = apart[np.isfinite(apart)]
        if len(apart) >= _BONES and np.sqrt(np.mean(apart**2)) < _ALIKE:
            percent = 100 * np.sqrt(np.mean(apart**2))
            what = f"{a} and {b} may be one {words.one}"
            figures = f"their {len(apart)} bones differ by {percent:.1f} %"
            if words.one == "person":
                figures += ", different people's by 3 and more"
            do = f"give them one name if they are: held-out {words.many} have to be other ones"
            found.append(note(CHECK, what, figures, do))
    return found
