"""What is written of lifted poses, and where."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from geoself_jax.core.errors import GeoselfError, data_error, usage_error
from geoself_jax.data.poses.change_axes import in_world, relative_to_root
from geoself_jax.data.poses.filters import Filter
from geoself_jax.data.poses.formats import check_writable, write_poses
from geoself_jax.data.poses.sequence import PoseSequence
from geoself_jax.lift.camera_view import View

CLIP = "{clip}"


@dataclass(frozen=True)
class Output:
    """How poses are written.

    Attributes:
        path: The file, its ending says in which format; `{clip}` stands for the clip's name.
        relative: Each pose relative to its root joint.
        world: In the calibration's axes.
        up: `y`, `z` or `as-is`; None as the format usually has it (`data.poses.formats.USUAL_UP`).
        filter: Over time, of the joints where they are, before all else; None for none.
    """

    path: str
    relative: bool = False
    world: bool = False
    up: str | None = None
    filter: Filter | None = None

    def __post_init__(self) -> None:
        """Raises GeoselfError (64) where no such file can be written."""
        check_writable(self.path)

    def check_view(self, view: View) -> None:
        """Makes sure that what is wanted can be had of a camera.

        Raises:
            GeoselfError: World axes of one whose place is not known (64).
        """
        if self.world and view.R is None:
            raise usage_error(
                "--axes=world",
                "where the camera stands is not known",
                "give a calibration with rotation and translation, or --axes=camera",
            )

    def places(self, clips: Sequence[str]) -> list[Path]:
        """The file of each clip; of a clip's name letters, digits, `.`, `_` and `-` are kept.

        Raises:
            GeoselfError: Several clips and no `{clip}` (64); two of one file (65).
        """
        if CLIP not in self.path:
            if len(clips) > 1:
                raise _several(clips)
            return [Path(self.path)]
        names = [_file_name(clip) for clip in clips]
        for i, name in enumerate(names):
            if name in names[:i]:
                first = clips[names.index(name)]
                raise data_error(
                    f"clips {first!r} and {clips[i]!r}", f"both would be {name}", "rename one"
                )
        return [Path(self.path.replace(CLIP, name)) for name in names]

    def write(self, poses: PoseSequence, path: Path, notice: Callable[[str], None]) -> None:
        """Writes absolute poses in camera axes as they are wanted.

        Args:
            poses: As lifted.
            path: One of `places`.
            notice: Is told what the format cannot hold.

        Raises:
            GeoselfError: The format cannot hold them (65); the disk refuses (74).
        """
        poses = poses if self.filter is None else self.filter(poses)
        poses = in_world(poses) if self.world else poses
        poses = relative_to_root(poses) if self.relative else poses
        write_poses(poses, path, up=self.up, notice=notice)


def _several(clips: Sequence[str]) -> GeoselfError:
    told = ", ".join(clips[:6]) + (f" and {len(clips) - 6} more" if len(clips) > 6 else "")
    return usage_error(
        f"--out: {len(clips)} clips, {told}",
        "a file holds one",
        f"choose one, --clip={clips[0]}, or write a file for each: put {CLIP} into --out",
    )


def _file_name(clip: str) -> str:
    return re.sub(r"[^\w.-]", "_", clip).lstrip(".") or "clip"
