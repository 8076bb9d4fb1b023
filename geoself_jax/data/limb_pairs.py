"""Left/right pairs that a detector exchanges together: arms, legs, head."""

from geoself_jax.core.skeleton import Skeleton, normalized

_WORDS = {
    "legs": ("hip", "knee", "ankle", "heel", "foot", "toe", "leg"),
    "head": ("eye", "ear", "mouth"),
    "arms": (
        *("shoulder", "elbow", "wrist", "hand", "clavicle", "pinky", "thumb", "index", "arm"),
        "finger",
    ),
}

Pairs = tuple[tuple[int, int], ...]


def limb_pairs(skeleton: Skeleton) -> dict[str, Pairs]:
    """Returns the left/right pairs of a skeleton by limb, `body` where names do not say which.

    Args:
        skeleton: Of the joints.
    """
    found: dict[str, list[tuple[int, int]]] = {}
    for pair in skeleton.left_right:
        name = normalized(skeleton.joint_names[pair[0]])
        limb = next((limb for limb, words in _WORDS.items() if any(w in name for w in words)), None)
        if limb is None:
            return {"body": skeleton.left_right} if skeleton.left_right else {}
        found.setdefault(limb, []).append(pair)
    return {limb: tuple(pairs) for limb, pairs in found.items()}
