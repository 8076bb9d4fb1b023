"""One person under two names: the same footage twice, or a body that is the other's."""

from itertools import combinations

import numpy as np

from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.recording import Recording
from geoself_jax.inspect.body import bones_of
from geoself_jax.inspect.sample import place, spread
from geoself_jax.inspect.verdicts import Verdict, note, warning

CHECK = "subjects"
_QUERIES, _JOINTS = 400, 6  # frames that are looked for; joints that are compared
_NEAR_PX = 2.0  # root mean square over the joints, in an image 1000 wide
_SHARE, _LEAST = 0.2, 5  # of a subject's frames that are another's too; different ones
_ALIKE = 0.018  # root mean square over bones: one person's halves differ by 0.007 to 0.013
_POSES, _BONES = 100, 6  # fewest


def check_copies(recording: Recording) -> list[Verdict]:
    """A verdict on footage that is there under two names, detected or scored a second time."""
    if len(recording.subject_names) < 2:
        return []
    view = int((recording.confidence > 0).sum((0, 2)).argmax())
    joints = np.argsort(-(recording.confidence[:, view] > 0).sum(0), kind="stable")[:_JOINTS]
    seen = np.flatnonzero((recording.confidence[:, view][:, joints] > 0).all(1))
    size = recording.image_size[recording.rig_id[seen], view].max(-1) / 1000
    pixels = (recording.keypoints_2d[seen, view][:, joints] / size[:, None, None]).reshape(
        len(seen), 2 * len(joints)
    )
    who = recording.subject_id[seen]
    found: dict[tuple[int, int], list[tuple[int, int]]] = {}
    queries = spread(np.arange(len(seen)), _QUERIES)
    for query, partner in zip(queries, _partners(pixels, who, queries), strict=True):
        if partner >= 0:
            found.setdefault((who[query], who[partner]), []).append((query, partner))
    for (a, b), pairs in found.items():
        asked = (who[queries] == a).sum()
        if len({partner for _, partner in pairs}) >= _LEAST and len(pairs) >= _SHARE * asked:
            return [_copied(recording, a, b, len(pairs) / asked, seen[list(pairs[0])])]
    return []


def _partners(pixels: np.ndarray, who: np.ndarray, queries: np.ndarray) -> list[int]:
    """For each query the frame of somebody else that is nearest, -1 where none is near."""
    limit = _NEAR_PX**2 * pixels.shape[1] / 2
    found = []
    for query in queries:
        squares = np.square(pixels - pixels[query]).sum(1)
        squares[who == who[query]] = np.inf
        partner = int(squares.argmin())
        found.append(partner if squares[partner] <= limit else -1)
    return found


def _copied(recording: Recording, a: int, b: int, share: float, frames: np.ndarray) -> Verdict:
    names = recording.subject_names
    one, other = (place(recording, frame) for frame in frames)
    return warning(
        CHECK,
        f"{names[a]} and {names[b]} are the same footage under two names",
        f"{100 * share:.0f} % of the frames looked at are there twice, e.g. {one} as {other}",
        "take one out: held-out people have to be other people",
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
    found = []
    for a, b in combinations(lengths, 2):
        apart = np.log(lengths[a] / lengths[b])
        apart = apart[np.isfinite(apart)]
        if len(apart) >= _BONES and np.sqrt(np.mean(apart**2)) < _ALIKE:
            percent = 100 * np.sqrt(np.mean(apart**2))
            what = f"{a} and {b} may be one person"
            figures = f"their {len(apart)} bones differ by {percent:.1f} %, different people's by 3"
            do = "give them one name if they are: held-out people have to be other people"
            found.append(note(CHECK, what, f"{figures} and more", do))
    return found
