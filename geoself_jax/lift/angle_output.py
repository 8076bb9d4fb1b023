"""Joint angles of the lifted poses, written with them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.angles.angle_files import check_ending, write_angles
from geoself_jax.data.angles.declared import DeclaredAngle, has_angles, read_angles_toml
from geoself_jax.data.angles.measure import angles_of, definitions_for
from geoself_jax.data.poses.sequence import PoseSequence
from geoself_jax.lift.camera_view import View
from geoself_jax.lift.clip_files import clip_files


@dataclass(frozen=True)
class AngleOutput:
    """Which angles are written, and where.

    Attributes:
        path: File to write, .csv or .mot; `{clip}` is replaced by the clip's name.
        declared: Angles next to a person's own.
        source: The file that declares them, for messages.
    """

    path: str
    declared: tuple[DeclaredAngle, ...] = ()
    source: str = ""

    def check(self, skeleton: Skeleton) -> None:
        """Makes sure that the model's joints have angles, before the work is done.

        Raises:
            GeoselfError: None is defined for them (65).
        """
        definitions_for(skeleton, self.declared, self.source)

    def places(self, clips: Sequence[str]) -> list[Path]:
        """Returns the file of each clip.

        Raises:
            GeoselfError: As `clip_files`.
        """
        return clip_files(self.path, clips, "--angles")

    def write(self, poses: PoseSequence, notice: Callable[[str], None]) -> None:
        """Writes the angles of one clip.

        Args:
            poses: Lifted poses, filtered, camera frame.
            notice: Receives a line on what the format cannot hold.

        Raises:
            GeoselfError: No angle is known (65); the file cannot be written (74).
        """
        angles = angles_of(poses, self.declared, source=self.source)
        write_angles(angles, self.places([poses.clip])[0], notice=notice)


def angle_output(
    path: str | None, definitions: str | None, skeleton: str | None
) -> AngleOutput | None:
    """Returns where angles go, from the flags; None without `--angles`.

    Args:
        path: Of `--angles`.
        definitions: Of `--angle-definitions`; None for the skeleton's own, if it has some.
        skeleton: Of `--skeleton`.

    Raises:
        GeoselfError: Another ending (64); the definitions are missing (66) or damaged (65).
    """
    if path is None:
        return None
    check_ending(path)
    if definitions is None and skeleton is not None and skeleton.lower().endswith(".toml"):
        definitions = skeleton if has_angles(Path(skeleton)) else None
    declared = () if definitions is None else read_angles_toml(Path(definitions))
    return AngleOutput(path, declared, definitions or "")


def angle_caution(output: AngleOutput | None, view: View) -> str:
    """Returns a warning where nothing says how the camera stands; else empty.

    Args:
        output: Where angles go, or None.
        view: The camera.
    """
    if output is None or view.R is not None:
        return ""
    return (
        "the camera has no rotation: tilt, list and rotation of pelvis and trunk are as if it were "
        "level, and off by its own tilt - hips, knees, arms and feet do not depend on it"
    )
