"""A reading without the clips that the user leaves out by name."""

from collections.abc import Callable, Iterator

from geoself_jax.core.errors import usage_error
from geoself_jax.prepare.clip import Clip, Reading
from geoself_jax.prepare.skip import Skip


def without_skipped(reading: Reading, skip: Skip, notice: Callable[[str], None]) -> Reading:
    """The clips that are not left out.

    Args:
        reading: All clips, but those whose folders were left out unread.
        skip: What is left out.
        notice: Receives one line on it.

    Raises:
        GeoselfError: After the last clip: a name that nothing has, or nothing is left (64).
    """
    if not skip.names:
        return reading
    return Reading(reading.total, _kept(reading.clips, skip, notice))


def _kept(clips: Iterator[Clip], skip: Skip, notice: Callable[[str], None]) -> Iterator[Clip]:
    taken: list[str] = []
    for clip in clips:
        if not skip.leaves_out(clip.name, clip.subject):
            taken += (clip.name, clip.subject)
            yield clip
    skip.check(taken)
    if not taken:
        raise usage_error("--skip", "it leaves nothing", "leave out less")
    notice(f"left out, as --skip says: {skip}")
