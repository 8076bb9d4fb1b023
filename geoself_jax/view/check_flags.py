"""Which flags of view go together."""

from typing import TYPE_CHECKING

from geoself_jax.core.errors import usage_error

if TYPE_CHECKING:
    import argparse

KINDS = {
    ".html": ("title", "every", "max_frames", "video", "angles"),
    ".png": ("count", "width"),
    ".gif": ("width", "fps", "speed", "turn"),
    ".mp4": ("width", "fps", "speed", "turn", "video", "angles"),
}
"""What can be written, and the flags that only it has."""
_NOT_OF_ANGLES = ("data", "video", "clip", "camera", "reference", "every", "max_frames")
"""Flags that a page of angles does not have."""


def check_flags(flags: "argparse.Namespace") -> None:
    """Checks what argparse does not, before anything slow is imported.

    Args:
        flags: What was parsed; `poses` is then all that were given.

    Raises:
        GeoselfError: Flags that do not go together, or a value out of range (64).
    """
    flags.poses = [*(flags.poses or []), *flags.more]
    if not flags.poses and flags.data is None and not flags.angles:
        raise usage_error("--poses", "nothing to show", "give files that lift wrote")
    kind = next((kind for kind in KINDS if flags.out.lower().endswith(kind)), None)
    if kind is None:
        raise usage_error(f"--out={flags.out}", f"wanted one of {', '.join(KINDS)}", "change it")
    for name in dict.fromkeys(name for names in KINDS.values() for name in names):
        if getattr(flags, name) is not None and name not in KINDS[kind]:
            flag = f"--{name.replace('_', '-')}"
            raise usage_error(flag, f"it says nothing about {kind}", "leave it out")
    if flags.angles is not None:
        _check_angles(flags, kind)
    for name in ("poses_fps", "poses_unit"):
        if getattr(flags, name) is not None and flags.poses_format is None:
            flag = f"--{name.replace('_', '-')}"
            raise usage_error(flag, "it is of --poses-format's files", "set --poses-format")
    for name in ("every", "max_frames", "frames"):
        value = getattr(flags, name)
        if value is not None and value < 1:
            raise usage_error(f"--{name.replace('_', '-')}={value}", "wanted 1 or more", "raise it")


def _check_angles(flags: "argparse.Namespace", kind: str) -> None:
    if kind == ".mp4" and flags.video is None:
        raise usage_error("--angles", "a film shows them next to a video", "set --video=FILE")
    if kind == ".mp4" and not flags.poses and flags.data is None:
        raise usage_error("--poses", "wanted with --video", "give files that lift wrote")
    if kind == ".html" and flags.angles and flags.poses:
        what = f"--angles={flags.angles[0]}"
        do = "leave one out; --angles without a file measures those of the poses"
        raise usage_error(what, "a page shows angles or poses", do)
    for name in _NOT_OF_ANGLES:
        if kind == ".html" and getattr(flags, name) is not None:
            flag = f"--{name.replace('_', '-')}"
            raise usage_error(flag, "a page of angles has none", "leave it or --angles out")
