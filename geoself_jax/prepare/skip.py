"""Names of recordings, clips and subjects that the user leaves out."""

from collections import Counter
from collections.abc import Iterable, Sequence

from geoself_jax.core.errors import nearest_name, usage_error


class Skip:
    """Names of what to leave out, and which of them have been met.

    Args:
        names: Of recordings' folders, clips or subjects.

    Attributes:
        unread: Recordings that could not be read, which may be left out, too.
    """

    def __init__(self, names: Sequence[str] = ()) -> None:
        self.names = tuple(dict.fromkeys(names))
        self._met = Counter[str]()
        self.unread: list[str] = []

    def leaves_out(self, *names: str) -> bool:
        """Whether something that has these names is left out."""
        met = set(names) & set(self.names)
        self._met.update(met)
        return bool(met)

    def __str__(self) -> str:
        return ", ".join(f"{name} ({self._met[name]})" for name in self.names)

    def check(self, there: Iterable[str]) -> None:
        """Refuses a name that nothing had.

        Args:
            there: Names that are taken.

        Raises:
            GeoselfError: One has none of the names met (64).
        """
        for name in self.names:
            if name not in self._met:
                why = "no recording, clip or subject has that name"
                near = nearest_name(name, dict.fromkeys(there))
                raise usage_error(f"--skip={name}", why, near)
