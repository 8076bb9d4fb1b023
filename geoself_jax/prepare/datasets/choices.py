"""What a user asks of a data set, checked against what the data set has."""

from collections.abc import Iterable, Sequence

from geoself_jax.core.errors import nearest_name, usage_error


def chosen(kind: str, asked: Sequence[str] | None, there: Iterable[str], where: str) -> list[str]:
    """The names asked for, or all that are there where none is asked for.

    Args:
        kind: Of the names, e.g. `subject`; the option is called `--KINDs`.
        asked: By the user.
        there: In the files, in order.
        where: They are, for messages.

    Raises:
        GeoselfError: Asked for a name that is not there (64), the nearest one given.
    """
    there = list(dict.fromkeys(there))
    if asked is None:
        return there
    for name in asked:
        if name not in there:
            raise usage_error(
                f"--{kind}s: {name!r}", f"no such {kind} in {where}", nearest_name(name, there)
            )
    return list(asked)


def chosen_truth(asked: str | None, kinds: Sequence[str], where: str) -> str | None:
    """The kind of ground truth to read: the first of `kinds` by default, None for `none`.

    Raises:
        GeoselfError: No such kind (64).
    """
    if asked is None:
        return kinds[0] if kinds else None
    if asked == "none":
        return None
    if asked not in kinds:
        known = " or ".join(repr(kind) for kind in (*kinds, "none"))
        raise usage_error(f"--truth={asked}", f"{where} has no such ground truth", f"give {known}")
    return asked
