"""The people of the recordings that were found, and those that the user leaves out unread."""

from collections.abc import Sequence
from pathlib import Path

from geoself_jax.prepare.clip import ReadOptions
from geoself_jax.prepare.every_track import ALL
from geoself_jax.prepare.found import Found
from geoself_jax.prepare.name_people import Who, name_people
from geoself_jax.prepare.rig_options import RigOptions

RECORDING = Path("recording")
"""In the place of the folder where files are named one by one."""


def people_of(found: Sequence[Found | None], own: RigOptions, options: ReadOptions) -> list[Who]:
    """Who is seen in each recording, as `name_people` says.

    Args:
        found: Recordings; None where files are named one by one.
        own: Whose names they have.
        options: Receives the line on it.

    Raises:
        GeoselfError: As `name_people`.
    """
    return name_people(
        [each.folder if each else RECORDING for each in found],
        roots=[each.root if each else RECORDING for each in found],
        subject=own.subject,
        subject_from=own.subject_from,
        notice=options.notice,
    )


def without_skipped_recordings(
    found: Sequence[Found | None], people: Sequence[Who], own: RigOptions, options: ReadOptions
) -> tuple[list[Found | None], list[Who]]:
    """The recordings that are not left out, and who is seen in them.

    Args:
        found, people: All recordings and who is seen in each.
        own: Whether there are names of tracks, too, that are not known yet.
        options: What is left out.

    Raises:
        GeoselfError: Nothing has one of the names (64).
    """
    skip, left = options.skip, []
    for each, who in zip(found, people, strict=True):
        folder = {each.folder.name} if each else set()
        if not skip.leaves_out(*folder, *who):
            left.append((each, who))
    if own.person != ALL:
        skip.check([name for who in people for name in who])
    return [each for each, _ in left], [who for _, who in left]
