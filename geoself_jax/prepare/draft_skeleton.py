"""A draft of a skeleton's toml, of joints whose bones nobody has said: the user completes it."""

import contextlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from geoself_jax.core.errors import GeoselfError, data_error, missing_error
from geoself_jax.data.poses.atomic_write import whole_file
from geoself_jax.data.roots import CENTROID
from geoself_jax.data.skeleton_edges import pairs_by_name
from geoself_jax.prepare.detections.named_joints import UnknownJoints

_HINT = "; if FILE.toml is not there yet, prepare writes a draft of it to edit"


def is_draft(skeleton: str | None) -> bool:
    """Whether --skeleton names a toml that is not there yet: the place of a draft.

    Args:
        skeleton: The flag's value.
    """
    if skeleton is None or not skeleton.lower().endswith(".toml"):
        return False
    return not Path(skeleton).exists()


@contextlib.contextmanager
def drafting(skeleton: str | None) -> Iterator[None]:
    """Writes a draft where the block ends because joints are unknown, and says so.

    Args:
        skeleton: The flag's value.

    Raises:
        GeoselfError: The joints are unknown (65), or are not, and the toml is missing (66); the
            disk refuses (74).
    """
    try:
        yield
    except GeoselfError as error:
        unknown = _unknown(error)
        if unknown is None:
            raise
        if skeleton is None or not is_draft(skeleton):
            raise data_error(f"{unknown}{_HINT}", "", "") from error
        _write(Path(skeleton), unknown)
        raise data_error(
            f"{skeleton}: written, a draft of the {len(unknown.names)} joints of {unknown.source}",
            "its root and bones are not known",
            "edit it, and run the same command again",
        ) from error
    if skeleton is not None and is_draft(skeleton):
        raise missing_error(
            f"--skeleton={skeleton}",
            "no such file, and no draft is needed: the joints are known",
            "leave it out, or check the path",
        )


def _unknown(error: GeoselfError) -> UnknownJoints | None:
    """The error of unknown joints, if they are why, the same in all files."""
    every = error.causes or (error,)
    found = [each for each in every if isinstance(each, UnknownJoints)]
    alike = len({each.names for each in found}) == 1
    return found[0] if len(found) == len(every) and alike else None


def draft_of(names: Sequence[str], source: str) -> str:
    """The text of a draft: joints and pairs by their names; root and bones to be completed.

    Args:
        names: Of the joints.
        source: The file that has them.
    """
    pairs = pairs_by_name(names)
    paired = {name for pair in pairs for name in pair}
    unsaid = [(a, b) for a, b in _numbered(names) if not {a, b} & paired]
    star = [f"#     {json.dumps([names[0], name], ensure_ascii=False)}," for name in names[1:]]
    return "\n".join(
        [
            f"# A draft by prepare: the {len(names)} joints of {json.dumps(source)}.",
            "# Complete it and run the same command again.",
            "joints = [",
            *(f"    {json.dumps(name, ensure_ascii=False)}," for name in names),
            "]",
            "",
            "# The joint that poses are relative to: in the middle of the body, and mostly seen.",
            f'# Or "{CENTROID}", the mean of the joints that are seen, where none is such a joint.',
            "# Write yours, and take the # away.",
            f"# root = {json.dumps(names[0], ensure_ascii=False)}",
            "",
            "# Pairs of joints that keep their distance, one tree of all. Nothing says which: here",
            "# all hang on the first joint. Write yours, and take the # away; without any, poses",
            "# are drawn as points, and no bone's length is compared.",
            "# bones = [",
            *star,
            "# ]",
            "",
            "# Left and right joints, by their names. Empty if the body has no sides.",
            *(f"# Perhaps {a} and {b}: their names do not say so." for a, b in unsaid[:8]),
            "left_right = [",
            *(f"    {json.dumps(list(pair), ensure_ascii=False)}," for pair in pairs),
            "]",
            "",
            "# How far its farthest joints are apart, metres, smallest and largest: by it a wrong",
            "# unit of the calibration is noticed. Without it nothing can check the unit.",
            "# body_metres = [0.06, 0.12]",
            "",
        ]
    )


def _numbered(names: Sequence[str]) -> list[tuple[str, str]]:
    """Pairs such as Ear1 and Ear2, without an Ear3."""
    there = set(names)
    return [
        (name, other)
        for name in names
        if name.endswith("1")
        and (other := name[:-1] + "2") in there
        and name[:-1] + "3" not in there
        and not name[:-1][-1:].isdigit()
    ]


def _write(path: Path, unknown: UnknownJoints) -> None:
    with whole_file(path) as stream:
        stream.write(draft_of(unknown.names, unknown.source))
