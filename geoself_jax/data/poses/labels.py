"""Names of joints as other programs can read them, and the skeleton inferred from names."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path

from geoself_jax.core.errors import GeoselfError, data_error, one_line
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.find_skeleton import find_known
from geoself_jax.data.roots import CENTROID, Rootless, with_centroid

MOST_JOINTS = 1000
"""Of a table that is read."""


def one_word(names: Sequence[str], marks: str = ".:+-") -> tuple[str, ...]:
    """Names of printable ASCII without spaces, braces or quotes, each once, none empty.

    Readers of .trc and .bvh split at spaces, C3D knows ASCII alone. `Knöchel links` becomes
    `Knochel_links`.

    Args:
        names: Of joints.
        marks: What names may have except letters, digits and `_`.
    """
    words: list[str] = []
    for name in names:
        plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
        word = re.sub(rf"[^\w{re.escape(marks)}]+", "_", plain, flags=re.ASCII) or "joint"
        count, again = 2, word
        while again in words:
            again, count = f"{word}_{count}", count + 1
        words.append(again)
    return tuple(words)


def said_words(
    path: Path, format: str, names: Sequence[str], notice: Callable[[str], None]
) -> tuple[str, ...]:
    """The names by `one_word`, and a line on those that changed.

    Args:
        path: The file.
        format: That cannot hold others, as users call it.
        names: Of joints.
        notice: Receives the line.
    """
    words = one_word(names)
    say_changed(path, f"{format} has names of ASCII without spaces", names, words, notice)
    return words


def say_changed(
    path: Path,
    why: str,
    names: Sequence[str],
    words: Sequence[str],
    notice: Callable[[str], None],
) -> None:
    """Says which names became other words, in at most 200 characters, if any did.

    Args:
        path: The file.
        why: What its names have to be.
        names: As they were.
        words: As they are written.
        notice: Receives the line.
    """
    pairs = zip(names, words, strict=True)
    changed = [f"{old} is {new}" for old, new in pairs if old != new]
    if changed:
        notice(f"{path}: {why}: {one_line(', '.join(changed))[:200]}")


def skeleton_of(source: str, names: Sequence[str], given: Skeleton | None) -> Skeleton:
    """The skeleton of a file that names joints and no bones.

    Args:
        source: The file, for messages.
        names: As in the file.
        given: The user's; None for the known one with these names, or else one without bones whose
            root is the first joint.

    Raises:
        GeoselfError: Too many joints, a name is there twice, or the given skeleton has other joints
            (65).
    """
    if len(names) > MOST_JOINTS:
        wanted = f"wanted at most {MOST_JOINTS}"
        raise data_error(f"{source}: {len(names)} joints", wanted, "is it a table of poses?")
    if isinstance(given, Rootless):
        given = with_centroid(given) if CENTROID in names else _bare(given)
    if given is not None and one_word(given.joint_names) != one_word(names):
        raise data_error(
            f"{source}: joints {', '.join(names[:30])}",
            f"the skeleton has {', '.join(given.joint_names[:30])}",
            "give the file's own skeleton",
        )
    try:
        bare = Skeleton(tuple(names), (-1,) * len(names), (), 0)
    except GeoselfError as error:
        raise data_error(f"{source}: {error}", "", "") from error
    return given or find_known(tuple(names)) or bare


def _bare(given: Rootless) -> Skeleton:
    """The skeleton relative to its first joint, where no centroid was derived."""
    size = given.body_metres
    return Skeleton(given.joint_names, given.parents, given.left_right, given.root, size)
