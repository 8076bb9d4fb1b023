"""The known skeleton that has given joints, and its name."""

from geoself_jax.core.errors import data_error, nearest_name
from geoself_jax.core.skeleton import Skeleton, compared, normalized
from geoself_jax.data.skeletons import KNOWN_SKELETONS


def name_of(skeleton: Skeleton) -> str:
    """The name of a known skeleton in `KNOWN_SKELETONS`; empty of any other."""
    names = (name for name, known in KNOWN_SKELETONS.items() if known == skeleton)
    return next(names, "")


def same_joints(a: tuple[str, ...], b: tuple[str, ...]) -> bool:
    """Whether the names are the same in the same order, case and separators aside."""
    return compared(a) == compared(b)


def find_known(joint_names: tuple[str, ...]) -> Skeleton | None:
    """The known skeleton with these joint names (case and separators aside), spelt as given."""
    for known in KNOWN_SKELETONS.values():
        if same_joints(joint_names, known.joint_names):
            return Skeleton(joint_names, known.parents, known.left_right, known.root)
    return None


def known_skeleton(joint_names: tuple[str, ...]) -> Skeleton:
    """The known skeleton with these joint names (case and separators aside).

    Raises:
        GeoselfError: No known skeleton has these names in this order (exit code 65).
    """
    found = find_known(joint_names)
    if found is not None:
        return found
    _refuse_nearly_known(joint_names)
    raise data_error(
        f"{len(joint_names)} joints {joint_names[:3]}...",
        "no known skeleton has these names",
        "put `parents`, `left_right` and `root` into the file",
    )


def _refuse_nearly_known(joint_names: tuple[str, ...]) -> None:
    """Names the first joint that differs from the known skeleton that is nearest, if any is."""
    wanted = [normalized(name) for name in joint_names]
    ranked = [
        (sum(normalized(a) == b for a, b in zip(known.joint_names, wanted, strict=True)), known)
        for known in KNOWN_SKELETONS.values()
        if known.joints == len(wanted)
    ]
    if not ranked:
        return
    known = max(ranked, key=lambda pair: pair[0])[1]
    i = next(i for i, b in enumerate(wanted) if normalized(known.joint_names[i]) != b)
    raise data_error(
        f"joint {i} is named {joint_names[i]!r}",
        f"the known skeleton of {len(wanted)} joints has {known.joint_names[i]!r} there; "
        + nearest_name(joint_names[i], known.joint_names),
        "fix joint_names, or put `parents`, `left_right` and `root` into the file",
    )
