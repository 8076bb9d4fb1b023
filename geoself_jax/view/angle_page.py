"""Joint angles of one or two clips as a page to read and to print: curves, ranges, left and right.

It has no script: what is printed is what is seen.
"""

import html
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from geoself_jax.core.errors import data_error, usage_error
from geoself_jax.data.angles.angle_sequence import AngleSequence
from geoself_jax.data.poses.atomic_write import whole_file
from geoself_jax.view.angle_groups import AngleGroup, angle_groups, values
from geoself_jax.view.angle_svg import Line, plot, scale_of
from geoself_jax.view.angle_table import change_table, range_table
from geoself_jax.view.html_page import asset, style_policy

MOST = 2


def write_angle_page(path: Path, clips: Sequence[AngleSequence], title: str) -> None:
    """Writes the page; an existing file is replaced atomically.

    Args:
        path: HTML file to write.
        clips: One or two; of two, the angles that both have.
        title: Heading, plain text.

    Raises:
        GeoselfError: More than two (64); two without a common angle (65); the file cannot be
            written (74).
    """
    text = angle_page(clips, title)
    with whole_file(path) as stream:
        stream.write(text)


def angle_page(clips: Sequence[AngleSequence], title: str) -> str:
    """Returns the page as text: as of `write_angle_page`."""
    if not 1 <= len(clips) <= MOST:
        raise usage_error(f"{len(clips)} clips of angles", "wanted one or two", "give fewer files")
    clips = _with_own_names(clips)
    rows = _rows(clips)
    style = asset("angles.css")
    title = " ".join(title.encode(errors="replace").decode().split()) or "Joint angles"
    body = [
        f"<h1>{html.escape(title)}</h1>",
        *(f'<p class="soft">{html.escape(_about(clip))}</p>' for clip in clips),
        _key(rows, any(clip.uncertainty is not None for clip in clips)),
        _plots(clips, rows),
    ]
    for i, clip in enumerate(clips):
        own = range_table(clip, [row[i] for row in rows])
        body.append(_table(f"Ranges: {clip.name}" if len(clips) > 1 else "Ranges", own))
    if len(clips) == MOST:
        pairs = [(row[0], row[1]) for row in rows]
        body.append(_table("Range of motion: what changed", change_table(clips, pairs)))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{html.escape(style_policy(style))}">'
        '\n<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n"
        + "\n".join(body)
        + "\n</body>\n</html>\n"
    )


def _with_own_names(clips: Sequence[AngleSequence]) -> list[AngleSequence]:
    """Returns the clips with names that are theirs alone."""
    for names in ([clip.clip or clip.name for clip in clips], [clip.name for clip in clips]):
        if len(set(names)) == len(names):
            return [clip.replace(name=name) for clip, name in zip(clips, names, strict=True)]
    return [clip.replace(name=f"{clip.name} ({i})") for i, clip in enumerate(clips, 1)]


def _rows(clips: Sequence[AngleSequence]) -> list[tuple[AngleGroup, ...]]:
    """Returns each angle that all clips have, as a group of each clip."""
    each = [{group.title: group for group in angle_groups(clip.angle_names)} for clip in clips]
    common = [title for title in each[0] if all(title in groups for groups in each)]
    if not common:
        raise data_error(
            f"{clips[0].name} and {clips[-1].name}: no angle is in both",
            f"{', '.join(list(each[0])[:3])} ... and {', '.join(list(each[-1])[:3])} ...",
            "give angles of one kind",
        )
    rows = [tuple(groups[title] for groups in each) for title in common]
    return sorted(rows, key=lambda row: -max(len(group.columns) for group in row))


def _about(clip: AngleSequence) -> str:
    frames, rate = len(clip.frame_id), f"{clip.fps:g} frames per second"
    parts = [clip.name, clip.action, clip.subject, f"{frames:,} frames", rate]
    return " · ".join(filter(None, parts))


def _key(rows: Sequence[tuple[AngleGroup, ...]], bands: bool) -> str:
    sides = dict.fromkeys(side for row in rows for group in row for side in group.columns)
    shown = "".join(f'<i class="{side}"></i>{side}' for side in sides)
    extra = "; the band is how far off an angle is expected to be" * bands
    return f'<p class="soft key">{shown}{extra}</p>'


def _plots(clips: Sequence[AngleSequence], rows: Sequence[tuple[AngleGroup, ...]]) -> str:
    seconds = max(_duration(clip) for clip in clips)
    parts = []
    for row in rows:
        lines = [_lines(clip, group) for clip, group in zip(clips, row, strict=True)]
        scale = scale_of([line.degrees for own in lines for line in own], seconds)
        for clip, group, own in zip(clips, row, lines, strict=True):
            title = html.escape(group.title)
            if len(clips) > 1:
                title += f' <span class="soft">{html.escape(clip.name)}</span>'
            drawn = plot(own, scale, _step(clip), f"{group.title}, {clip.name}")
            parts.append(f"<figure><h3>{title}</h3>{drawn}</figure>")
    return f'<div class="plots {"one" if len(clips) == 1 else "two"}">{"".join(parts)}</div>'


def _lines(clip: AngleSequence, group: AngleGroup) -> list[Line]:
    time = clip.seconds - (clip.seconds[0] if len(clip.seconds) else 0)
    off = clip.uncertainty
    return [
        Line(side, time, degrees, None if off is None else off[:, group.columns[side]])
        for side, degrees in values(clip, group).items()
    ]


def _duration(clip: AngleSequence) -> float:
    return float(np.ptp(clip.seconds)) if len(clip.seconds) else 0.0


def _step(clip: AngleSequence) -> float:
    return float(np.median(np.diff(clip.seconds))) if len(clip.seconds) > 1 else 1.0


def _table(heading: str, table: str) -> str:
    return (
        f'<section class="table"><h2>{html.escape(heading)}</h2><div class="wide">{table}</div>'
        "</section>"
    )
