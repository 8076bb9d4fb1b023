"""Files named after clips."""

import re
from collections.abc import Sequence
from pathlib import Path

from geoself_jax.core.errors import GeoselfError, data_error, usage_error

CLIP = "{clip}"


def clip_files(path: str, clips: Sequence[str], flag: str = "--out") -> list[Path]:
    """Returns the file of each clip; letters, digits, `.`, `_` and `-` of its name are kept.

    Args:
        path: File; `{clip}` is replaced by the clip's name.
        clips: Names.
        flag: That named the file, for messages.

    Raises:
        GeoselfError: Several clips without `{clip}` (64); two clips with one file (65).
    """
    if CLIP not in path:
        if len(clips) > 1:
            raise _several(clips, flag)
        return [Path(path)]
    names = [_file_name(clip) for clip in clips]
    for i, name in enumerate(names):
        if name in names[:i]:
            first = clips[names.index(name)]
            raise data_error(
                f"clips {first!r} and {clips[i]!r}", f"both would be {name}", "rename one"
            )
    return [Path(path.replace(CLIP, name)) for name in names]


def _several(clips: Sequence[str], flag: str) -> GeoselfError:
    listed = ", ".join(clips[:6]) + (f" and {len(clips) - 6} more" if len(clips) > 6 else "")
    return usage_error(
        f"{flag}: {len(clips)} clips, {listed}",
        "a file holds one",
        f"choose one, --clip={clips[0]}, or write one file per clip: add {CLIP} to {flag}",
    )


def _file_name(clip: str) -> str:
    return re.sub(r"[^\w.-]", "_", clip).lstrip(".") or "clip"
