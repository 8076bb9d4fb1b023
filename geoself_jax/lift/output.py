"""Format and path of the lifted poses."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from geoself_jax.core.errors import usage_error
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.poses.change_axes import in_world, relative_to_root
from geoself_jax.data.poses.filters import Filter
from geoself_jax.data.poses.formats import check_writable, write_poses
from geoself_jax.data.poses.markers import marker_names
from geoself_jax.data.poses.sequence import PoseSequence
from geoself_jax.lift.angle_output import AngleOutput
from geoself_jax.lift.camera_view import View
from geoself_jax.lift.clip_files import clip_files


@dataclass(frozen=True)
class Output:
    """Options of the output.

    Attributes:
        path: File to write; its suffix selects the format; `{clip}` is replaced by the clip's name.
        format: Program whose file it is, where several have that suffix
            (`data.poses.formats.NAMED`); None for the suffix's own.
        unit: `m`, `cm` or `mm` of a format whose files do not say it, or None.
        session_start: Date, time and time zone of frame 0, of a format that has a session, or None.
        subject: Who was recorded, of such a format; None for the videos' own.
        markers: Set of markers that joints are written as (`data.poses.markers`), or None.
        relative: Whether poses are root-relative.
        world: Whether poses are in the calibration's world frame.
        up: `y`, `z` or `as-is`; None for the format's default (`data.poses.formats.USUAL_UP`).
        filter: Temporal filter of the absolute joints, right after lifting, or None.
        angles: Joint angles to write as well, or None.
    """

    path: str
    format: str | None = None
    unit: str | None = None
    session_start: str | None = None
    subject: str | None = None
    markers: str | None = None
    relative: bool = False
    world: bool = False
    up: str | None = None
    filter: Filter | None = None
    angles: AngleOutput | None = None

    def __post_init__(self) -> None:
        """Raises GeoselfError (64) where no such file can be written."""
        check_writable(self.path, **self._said())

    def check_view(self, view: View) -> None:
        """Checks that the camera supports the options.

        Raises:
            GeoselfError: World axes without extrinsics (64).
        """
        if self.world and view.R is None:
            raise usage_error(
                "--axes=world",
                "the camera has no extrinsics",
                "pass a calibration with rotation and translation, or --axes=camera",
            )

    def check_joints(self, skeleton: Skeleton) -> None:
        """Checks that the joints support the options.

        Raises:
            GeoselfError: Too few of them are markers, or no angle is defined for them (65).
        """
        if self.angles is not None:
            self.angles.check(skeleton)
        if self.markers is not None:
            marker_names(skeleton.joint_names, self.markers)

    def places(self, clips: Sequence[str]) -> list[Path]:
        """Returns the file of each clip; letters, digits, `.`, `_` and `-` of its name are kept.

        Raises:
            GeoselfError: Several clips without `{clip}` (64); two clips with one file (65).
        """
        return clip_files(self.path, clips)

    def filtered(self, poses: PoseSequence) -> PoseSequence:
        """Returns the absolute joints filtered over time, where a filter was asked for.

        Raises:
            GeoselfError: The filter does not go with their frame rate (64).
        """
        return poses if self.filter is None else self.filter(poses)

    def write_angles(self, poses: PoseSequence, notice: Callable[[str], None]) -> None:
        """Writes the angles of one clip, where they were asked for.

        Args:
            poses: Absolute, filtered.
            notice: Receives one line on what the format cannot store.

        Raises:
            GeoselfError: No angle is known (65); the file cannot be written (74).
        """
        if self.angles is not None:
            self.angles.write(poses, notice)

    def write(self, poses: PoseSequence, path: Path, notice: Callable[[str], None]) -> None:
        """Writes poses in the axes and the format that were asked for.

        Args:
            poses: Absolute, filtered, metres.
            path: One of `places`.
            notice: Receives one line on what the format cannot store.

        Raises:
            GeoselfError: The format cannot store them (65); the file cannot be written (74).
        """
        poses = in_world(poses) if self.world else poses
        poses = relative_to_root(poses) if self.relative else poses
        write_poses(poses, path, up=self.up, **self._said(), notice=notice)

    def _said(self) -> dict[str, str | None]:
        """What the file's format is passed."""
        return {
            "format": self.format,
            "unit": self.unit,
            "session_start": self.session_start,
            "subject": self.subject,
            "markers": self.markers,
        }
