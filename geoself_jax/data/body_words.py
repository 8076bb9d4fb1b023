"""What to call whom a recording shows: a person, or of another skeleton an individual."""

from collections.abc import Sequence
from typing import NamedTuple

from geoself_jax.data.body_size import is_person


class Words(NamedTuple):
    """One of them, and several."""

    one: str
    many: str


def words_for(joint_names: Sequence[str]) -> Words:
    """Returns the words for whom a skeleton is of.

    Args:
        joint_names: Of the skeleton.
    """
    if is_person(joint_names):
        return Words("person", "people")
    return Words("individual", "individuals")
