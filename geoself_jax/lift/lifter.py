"""A trained lifter as a function of NumPy arrays, loaded from an export."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Int

from geoself_jax.core.batch import windows
from geoself_jax.core.errors import data_error
from geoself_jax.core.float32 import in_float32
from geoself_jax.core.model import Networks, Prediction, folded
from geoself_jax.core.notices import silent
from geoself_jax.core.predict import make_predict
from geoself_jax.data.poses.filters import OneEuro
from geoself_jax.lift.exported import load_exported
from geoself_jax.lift.general_models import model_folder
from geoself_jax.lift.inputs import check_intrinsics, runs_of, shaped
from geoself_jax.lift.stream import Stream, live_refinement, steady
from geoself_jax.lift.weight_packing import pack
from geoself_jax.lift.window_rate import rate_ratio, windows_at_rate

_CHUNK = 4096  # a power of two, so that only the last chunk is padded; divided for windows


class Lifter:
    """Lifts 2D joints of single views to 3D. `load_lifter` loads one from an export.

    Args:
        model: The networks.
        variables: Their `params` and `batch_stats`, numpy arrays.
        info: Contents of model.json.

    Attributes:
        skeleton: Names and order of the joints, in and out.
        frames: 1, or the window length: consecutive frames from which the middle one is lifted.
        info: Contents of model.json.
        trained_fps: Frames per second of the training videos; None where unknown.
    """

    @in_float32
    def __init__(self, model: Networks, variables: Any, info: dict[str, Any]) -> None:
        self.skeleton, self.frames = model.skeleton, model.config.frames
        self.info = info
        self.trained_fps: float | None = (info.get("recording") or {}).get("fps")
        lifting, params, stats = folded(model, variables)
        stats = jax.tree.map(np.asarray, stats)
        leaves, tree = jax.tree.flatten(params)
        self._weights, unpack = pack(leaves)
        points = self.frames * self.skeleton.joints
        self._columns = 3 * points + 9
        self._spreads = model.config.spreads
        predict = make_predict(lifting)

        def program(weights: list[jax.Array], rows: jax.Array) -> jax.Array:
            pixels, seen, K = jnp.split(rows, [2 * points, 3 * points], axis=1)
            params = jax.tree.unflatten(tree, unpack(weights))
            variables = {"params": params, "batch_stats": stats}
            lifted = predict(variables, pixels.reshape(-1, points, 2), seen, K.reshape(-1, 3, 3))
            there = [array for array in lifted if array is not None]
            return jnp.concatenate([array.reshape(len(rows), -1) for array in there], axis=1)

        self._program = jax.jit(program)
        self._compiled: dict[int, Any] = {}  # by batch: calling one is cheaper than calling jit's

    def __call__(
        self,
        keypoints_2d: Float[np.ndarray, "*seen joints 2"],
        confidence: Float[np.ndarray, "*seen joints"] | None,
        K: Float[np.ndarray, "*batch 3 3"] | Float[np.ndarray, "3 3"],
    ) -> tuple[Float[np.ndarray, "*batch joints 3"], Float[np.ndarray, "*batch 3"]]:
        """Lifts poses independently.

        A batch is padded to a power of two and split at 4096, so that few shapes are compiled. A
        pose is lifted from any visible joints, even from none: check `confidence`.

        Where `frames` is more than 1, `seen` is `*batch frames`: windows whose middle frame is
        lifted; `sequence` builds them from a video.

        Args:
            keypoints_2d: Undistorted detections, px; NaN where a joint is missing.
            confidence: In [0, 1]; a joint with 0 is ignored; None for 1 at every finite joint.
            K: Intrinsics of each pose's camera, or one for all, px.

        Returns:
            pose_3d, root-relative, camera axes (x right, y down, z forward), and root_position,
            camera frame; metres, float32.

        Raises:
            GeoselfError: An invalid shape or intrinsic matrix (65).
        """
        lifted = self.predict(keypoints_2d, confidence, K)
        return np.asarray(lifted.pose_3d), np.asarray(lifted.root_position)

    @in_float32
    def predict(
        self,
        keypoints_2d: Float[np.ndarray, "*seen joints 2"],
        confidence: Float[np.ndarray, "*seen joints"] | None,
        K: Float[np.ndarray, "*batch 3 3"] | Float[np.ndarray, "3 3"],
    ) -> Prediction:
        """Lifts poses with predicted uncertainty: all outputs of the networks, a `Prediction`.

        Args:
            keypoints_2d, confidence, K: As of a call.

        Returns:
            pose_3d, root_position, uncertainty, uncertainty_axes: the third is the expected error
            of each joint of pose_3d, metres, and the last its two parts, across the ray to the
            joint and along it; None for networks trained without (`model.uncertainty`,
            `model.uncertainty_axes`).

        Raises:
            GeoselfError: As a call.
        """
        return self._predict(*shaped(self.skeleton, self.frames, keypoints_2d, confidence, K))

    @in_float32
    def sequence(
        self,
        keypoints_2d: Float[np.ndarray, "time joints 2"],
        confidence: Float[np.ndarray, "time joints"] | None,
        K: Float[np.ndarray, "time 3 3"] | Float[np.ndarray, "3 3"],
        *,
        frame_id: Int[np.ndarray, " time"] | None = None,
        fps: float | None = None,
        progress: Callable[[int], None] = silent,
    ) -> Prediction:
        """Lifts every frame of one camera's video, as `evaluate` does.

        Windows stay within a contiguous run of frames and are padded by its first or last frame.
        Of a video of another frame rate than the training videos' they are interpolated at that.
        Pass a frame without a detection too, with missing joints. With `frames` 1 each frame is
        lifted independently.

        Args:
            keypoints_2d, confidence: As of a call, of each frame.
            K: Intrinsics of each frame's camera, or one for all, px.
            frame_id: Frame numbers in the video, ascending; None where consecutive.
            fps: Frames per second of the video; None for the training videos'.
            progress: Receives the number of frames done since the last call.

        Returns:
            pose_3d, root_position and the other outputs of all frames, as from `predict`.

        Raises:
            GeoselfError: As a call; invalid frame numbers (65).
        """
        keypoints_2d, confidence, K = shaped(self.skeleton, 1, keypoints_2d, confidence, K)
        if keypoints_2d.ndim != 3:
            raise data_error(
                f"keypoints_2d has shape {keypoints_2d.shape}",
                f"wanted (time, {self.skeleton.joints}, 2)",
                "pass the video of one camera",
            )
        time, step = len(keypoints_2d), self._chunk()
        run, parts = runs_of(frame_id, time), []
        ratio = 1.0 if fps is None else rate_ratio(fps, self.trained_fps, self.frames)
        for start in range(0, max(time, 1), step):
            at = np.arange(start, min(start + step, time))
            its_K = K if K.ndim == 2 else K[at]
            if ratio == 1:
                seen = windows(at, run, self.frames)
                joints = keypoints_2d[seen], confidence[seen]
            else:
                joints = windows_at_rate(keypoints_2d, confidence, run, at, self.frames, ratio)
            parts.append(self._predict(*joints, its_K))
            progress(len(at))
        outputs = [[array for array in part if array is not None] for part in parts]
        return Prediction(*(np.concatenate(arrays) for arrays in zip(*outputs, strict=True)))

    def _predict(
        self, keypoints_2d: np.ndarray, confidence: np.ndarray, K: np.ndarray
    ) -> Prediction:
        """Lifts the result of `shaped` in chunks."""
        joints, points = self.skeleton.joints, self.frames * self.skeleton.joints
        batch = keypoints_2d.shape[: -2 if self.frames == 1 else -3]
        poses, chunk = math.prod(batch), self._chunk()
        rows = np.empty((poses, self._columns), np.float32)
        rows[:, : 2 * points] = keypoints_2d.reshape(poses, 2 * points)
        rows[:, 2 * points : 3 * points] = confidence.reshape(poses, points)
        rows[:, 3 * points :] = K.reshape(-1, 9)
        running = [self._lift(rows[i : i + chunk]) for i in range(0, poses, chunk)]
        check_intrinsics(K)  # overlaps with the device's work
        lifted = np.empty((poses, 3 * joints + 3 + joints * self._spreads), np.float32)
        for i, done in enumerate(running):
            part = lifted[i * chunk : (i + 1) * chunk]
            part[:] = np.asarray(done)[: len(part)]
        shapes = [(joints, 3), (3,), (joints,), (joints, 2)][: 2 + (self._spreads + 1) // 2]
        ends = np.cumsum([math.prod(shape) for shape in shapes])[:-1]
        parts = zip(np.split(lifted, ends, axis=1), shapes, strict=True)
        return Prediction(*(np.ascontiguousarray(p).reshape(*batch, *shape) for p, shape in parts))

    @in_float32
    def stream(
        self,
        K: Float[np.ndarray, "3 3"],
        *,
        filter: str | OneEuro | None = None,
        refine: bool | float = False,
        fps: float | None = None,
    ) -> Stream:
        """Returns a function for live use, called frame by frame, compiled before the first.

            stream = lifter.stream(K, filter="one-euro:1.0,0.05", fps=50)
            pose_3d, root_position = stream(keypoints_2d, confidence)

        Without a filter the result equals calling the lifter with each frame, bit for bit, except
        for frames without visible joints: these are NaN. With windows it is delayed by half a
        window, `stream.delay` frames.

        With `refine=0.25` each pose is a quarter of a second later yet and found from all frames up
        to now, as `lift --refine` finds it from the whole video: smooth motion on the detections'
        rays, bones of one length (`data.refinement.fixed_lag`). A stream is one person's.

        Args:
            K: Intrinsics of the camera, px.
            filter: `one-euro:MIN_CUTOFF,BETA` (Hz, Hz per m/s), or None.
            refine: Seconds by which refined poses are late, 0 to 2, or True for a quarter; False
                for none.
            fps: Frames per second, required by a filter and by refinement.

        Raises:
            GeoselfError: An invalid K (65); an unknown or non-causal filter, another lag, or no
                frame rate (64).
        """
        refined = live_refinement(refine, fps, self.skeleton)
        smooth = steady(filter, fps)
        return Stream(self.predict, self.skeleton, K, smooth, self.frames, refined)

    def _lift(self, rows: np.ndarray) -> jax.Array:
        """Dispatches one chunk, padded to a power of two by its last row.

        All inputs of a pose are packed in one row, and so are the outputs: each further array
        costs 1 % of a call of one pose.
        """
        size = 1 << (len(rows) - 1).bit_length()
        if len(rows) < size:
            rows = np.pad(rows, ((0, size - len(rows)), (0, 0)), "edge")
        if jax.config.jax_disable_jit:  # type: ignore[attr-defined]
            return self._program(self._weights, rows)
        lifted: jax.Array = self._compiled_for(size)(self._weights, rows)
        return lifted

    @in_float32
    def compile(self, poses: int) -> None:
        """Compiles for N poses, so that the first call takes no longer than the next."""
        chunk = self._chunk()
        for count in {min(poses, chunk), poses % chunk} - {0}:
            self._compiled_for(1 << (count - 1).bit_length())

    def _chunk(self) -> int:
        """Returns the poses per chunk; fewer for windows, whose first layer has more rows."""
        return max(_CHUNK >> (max(self.frames // 3, 1).bit_length() - 1), 1)

    def _compiled_for(self, size: int) -> Any:
        if size not in self._compiled:
            rows = jax.ShapeDtypeStruct((size, self._columns), np.float32)
            with jax.default_matmul_precision("highest"):  # as in the exported program
                self._compiled[size] = self._program.lower(self._weights, rows).compile()
        return self._compiled[size]


def load_lifter(folder: Path | str) -> Lifter:
    """Loads a lifter that `python -m geoself_jax.export` wrote, or one that comes with the package.

    Reads only model.json and model.safetensors, neither of which can contain code. Nothing is
    fetched.

    Args:
        folder: Folder that was passed as --out, or a model's name: `general-coco17`,
            `general-halpe26` or `general-h36m17`.

    Raises:
        GeoselfError: The folder or a file is missing (66); damaged or inconsistent (65).
    """
    exported = load_exported(model_folder(folder))
    return Lifter(exported.model, exported.variables, exported.record)
