"""The parts of an .nwb that ndx-pose describes: joints over time, skeleton and camera."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from geoself_jax import __version__
from geoself_jax.core.errors import one_line
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.poses.labels import one_word
from geoself_jax.data.poses.resample import from_first_frame
from geoself_jax.data.poses.sequence import CAMERA, PoseSequence

if TYPE_CHECKING:
    import ndx_pose
    import pynwb

_CONFIDENCE = (
    "Confidence of the 2D detection that the joint was lifted from, in [0, 1]; 0 where the "
    "detector did not find it (the network placed it by the others), its detection was rejected as "
    "an outlier, or the joint was filled between frames, and in frames without a pose"
)
_LIFTED = (
    "Lifted from the 2D joints of one camera's video by a network that a geoself_jax export holds: "
    "depth is predicted, not triangulated"
)


class Rows(NamedTuple):
    """A row for each frame of the video from 0 to the last. Rows N, joints J.

    Attributes:
        places: (N, J, 3) float32 metres; NaN where missing.
        confidence: (N, J) float32 of the 2D detections, or None.
        frame: Origin and axes in words.
    """

    places: np.ndarray
    confidence: np.ndarray | None
    frame: str


def rows_of(poses: PoseSequence, frame: str) -> Rows:
    """The rows of a sequence.

    Args:
        poses: As they are written, turned.
        frame: Its origin and axes in words.

    Raises:
        GeoselfError: It has no frame, or its last frame's number is too large (65).
    """
    places = from_first_frame(poses, poses.pose, np.nan).astype(np.float32)
    sure = poses.measured_confidence
    if sure is None:
        return Rows(places, None, frame)
    confidence = from_first_frame(poses, sure, 0).astype(np.float32)
    return Rows(places, confidence, frame)


def skeleton_of(
    skeleton: Skeleton, names: Sequence[str], subject: "pynwb.file.Subject | None"
) -> "ndx_pose.Skeleton":
    """Nodes, and edges from each joint's parent to it; no edge of a skeleton without bones.

    Args:
        skeleton: Of the joints.
        names: Of the joints, as they are written.
        subject: Whose it is.
    """
    import ndx_pose

    bones = [(parent, child) for child, parent in enumerate(skeleton.parents) if parent >= 0]
    smallest = np.min_scalar_type(max(len(names) - 1, 0))  # uint8 as ndx-pose has it, up to 256
    edges = np.array(bones, smallest).reshape(-1, 2)
    return ndx_pose.Skeleton(name="Skeleton", nodes=list(names), edges=edges, subject=subject)


def estimation(
    poses: PoseSequence,
    rows: Rows,
    skeleton: "ndx_pose.Skeleton",
    camera: "ndx_pose.CalibratedCamera | None",
) -> "ndx_pose.PoseEstimation":
    """The container of all joints over time.

    Args:
        poses: As they are written.
        rows: Their rows.
        skeleton: With the joints' names as nodes.
        camera: That they were lifted from, where it is calibrated.
    """
    import ndx_pose

    origin = _LIFTED if poses.name == "lifted" else one_line(poses.name)
    return ndx_pose.PoseEstimation(
        name="PoseEstimation",
        pose_estimation_series=[
            _series(name, joint, rows, poses.fps) for joint, name in enumerate(skeleton.nodes)
        ],
        description=f"3D joints of one person or animal. {origin}. {_camera_in_words(poses)}.",
        device=camera,
        source_software="geoself_jax",
        source_software_version=__version__,
        skeleton=skeleton,
    )


def _series(name: str, joint: int, rows: Rows, fps: float) -> "ndx_pose.PoseEstimationSeries":
    import ndx_pose

    sure: dict[str, Any] = {}
    if rows.confidence is not None:
        packed = _packed(rows.confidence[:, joint])
        sure = {"confidence": packed, "confidence_definition": _CONFIDENCE}
    return ndx_pose.PoseEstimationSeries(
        name=name,
        description="Row n is frame n of the video; NaN in a frame without a pose.",
        data=_packed(rows.places[:, joint]),
        unit="meters",
        reference_frame=rows.frame,
        starting_time=0.0,
        rate=float(fps),
        **sure,
    )


def _packed(values: np.ndarray) -> Any:
    from pynwb import H5DataIO

    return H5DataIO(np.ascontiguousarray(values), compression="gzip", compression_opts=1)


def add_camera(nwb: "pynwb.NWBFile", poses: PoseSequence) -> "ndx_pose.CalibratedCamera | None":
    """The camera among the file's devices, in the axes that the joints are written in.

    One without a name is a guess, and none that was calibrated.

    Args:
        nwb: The file.
        poses: As they are written.
    """
    import ndx_pose

    camera = poses.camera
    if camera is None or not camera.name:
        return None
    R, center = camera.R, camera.center
    if poses.axes == CAMERA:
        R, center = np.eye(3), np.zeros(3)
    extrinsics: dict[str, np.ndarray] = {}
    if R is not None and center is not None and not poses.root_relative:
        extrinsics = {"rotation_matrix": R, "translation_vector": -R @ center}
    device = ndx_pose.CalibratedCamera(
        name=one_word([camera.name], marks="+-")[0],
        description="Pixels are undistorted; x right, y down, z forward; world: the joints' axes.",
        intrinsic_matrix=camera.K,
        **extrinsics,
    )
    nwb.add_device(device)
    return device


def _camera_in_words(poses: PoseSequence) -> str:
    camera = poses.camera
    if camera is None:
        return "The camera is not known"
    width, height = camera.image_size
    size = f", images of {width} x {height} px" if width and height else ""
    if camera.name:
        return f"Camera: {one_line(camera.name)}{size}"
    focal = f"its focal length of {camera.K[0, 0]:.0f} px is a guess"
    return f"The camera was not calibrated: {focal}{size}"
