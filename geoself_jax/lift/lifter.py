"""A trained lifter as a function of numpy arrays, read from an export and checked before use."""

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
from geoself_jax.core.model import Networks, Prediction, folded
from geoself_jax.core.step import make_predict
from geoself_jax.data.poses.filters import OneEuro
from geoself_jax.lift.exported import load_exported
from geoself_jax.lift.inputs import check_intrinsics, runs_of, shaped
from geoself_jax.lift.stream import Stream, steady
from geoself_jax.lift.weight_packing import pack

_CHUNK = 4096  # a power of two, so that the last chunk alone is filled up; of windows a part of it


def _silent(_: int) -> None:
    pass


class Lifter:
    """Lifts 2D joints of single views to 3D.

    Attributes:
        skeleton: Names and order of the joints, in and out.
        frames: 1, or how many consecutive frames the networks see to lift the middle one.
        info: What the export says about itself: the contents of model.json.
    """

    def __init__(self, model: Networks, variables: Any, info: dict[str, Any]) -> None:
        self.skeleton, self.frames = model.skeleton, model.config.frames
        self.info = info
        lifting, params, stats = folded(model, variables)
        stats = jax.tree.map(np.asarray, stats)
        leaves, tree = jax.tree.flatten(params)
        self._weights, unpack = pack(leaves)
        joints, points = self.skeleton.joints, self.frames * self.skeleton.joints
        self._columns = 3 * points + 9
        self._uncertain = model.config.uncertainty
        predict = make_predict(lifting)

        def program(weights: list[jax.Array], rows: jax.Array) -> jax.Array:
            pixels, seen, K = jnp.split(rows, [2 * points, 3 * points], axis=1)
            params = jax.tree.unflatten(tree, unpack(weights))
            variables = {"params": params, "batch_stats": stats}
            lifted = predict(variables, pixels.reshape(-1, points, 2), seen, K.reshape(-1, 3, 3))
            pose_3d = lifted.pose_3d.reshape(-1, 3 * joints)
            arrays = [pose_3d, lifted.root_position, lifted.uncertainty]
            return jnp.concatenate([array for array in arrays if array is not None], axis=1)

        self._program = jax.jit(program)
        self._compiled: dict[int, Any] = {}  # by batch: calling one is cheaper than calling jit's

    def __call__(
        self,
        keypoints_2d: Float[np.ndarray, "*seen joints 2"],
        confidence: Float[np.ndarray, "*seen joints"] | None,
        K: Float[np.ndarray, "*batch 3 3"] | Float[np.ndarray, "3 3"],
    ) -> tuple[Float[np.ndarray, "*batch joints 3"], Float[np.ndarray, "*batch 3"]]:
        """Lifts poses, each by itself.

        A batch is filled up to a power of two and split at 4096, so that few shapes are compiled. A
        pose is lifted from whatever joints are seen: even from none, so look at `confidence`.

        Where `frames` is more than 1, `seen` is `*batch frames`: windows, whose middle is lifted;
        `sequence` makes them of a video.

        Args:
            keypoints_2d: Pixels, lens distortion removed; NaN where a joint is missing.
            confidence: A joint with 0 is not looked at; None for 1 at every finite joint.
            K: Intrinsics of each pose's camera, or of one for all, pixels.

        Returns:
            pose_3d, camera axes (x right, y down, z forward), relative to the root joint, and
            root_position, camera frame; metres, float32.

        Raises:
            GeoselfError: A shape or an intrinsic matrix that cannot be right (65).
        """
        lifted = self.predict(keypoints_2d, confidence, K)
        return np.asarray(lifted.pose_3d), np.asarray(lifted.root_position)

    def predict(
        self,
        keypoints_2d: Float[np.ndarray, "*seen joints 2"],
        confidence: Float[np.ndarray, "*seen joints"] | None,
        K: Float[np.ndarray, "*batch 3 3"] | Float[np.ndarray, "3 3"],
    ) -> Prediction:
        """What a call lifts, and how far off each joint may be: all that the networks say.

        Returns:
            pose_3d, root_position, uncertainty: the last is the expected distance of each joint of
            pose_3d from where it is, metres, or None where the networks were trained without
            (`model.uncertainty`).

        Raises:
            GeoselfError: As a call.
        """
        return self._predict(*shaped(self.skeleton, self.frames, keypoints_2d, confidence, K))

    def sequence(
        self,
        keypoints_2d: Float[np.ndarray, "time joints 2"],
        confidence: Float[np.ndarray, "time joints"] | None,
        K: Float[np.ndarray, "time 3 3"] | Float[np.ndarray, "3 3"],
        *,
        frame_id: Int[np.ndarray, " time"] | None = None,
        progress: Callable[[int], None] = _silent,
    ) -> Prediction:
        """Lifts every frame of one camera's video, as `evaluate` does.

        Networks of windows see the frames about each, within its run of consecutive ones: beyond
        the run's ends they see its end again. A frame in which nobody was found belongs into the
        sequence, its joints missing. With `frames` 1 each is lifted by itself.

        Args:
            keypoints_2d, confidence, K: As to a call, a frame each.
            frame_id: Each frame's number in the video, ascending; None where they are consecutive.
            progress: Is told how many more frames are done.

        Returns:
            pose_3d, root_position and uncertainty of all frames, as `predict` gives them.

        Raises:
            GeoselfError: As a call; frame numbers that cannot be (65).
        """
        keypoints_2d, confidence, K = shaped(self.skeleton, 1, keypoints_2d, confidence, K)
        if keypoints_2d.ndim != 3:
            raise data_error(
                f"keypoints_2d has shape {keypoints_2d.shape}",
                f"wanted (time, {self.skeleton.joints}, 2)",
                "give one camera's video",
            )
        time, step = len(keypoints_2d), self._chunk()
        run, parts = runs_of(frame_id, time), []
        for start in range(0, max(time, 1), step):
            at = np.arange(start, min(start + step, time))
            seen = windows(at, run, self.frames)
            its_K = K if K.ndim == 2 else K[at]
            parts.append(self._predict(keypoints_2d[seen], confidence[seen], its_K))
            progress(len(at))
        said = [[array for array in part if array is not None] for part in parts]
        return Prediction(*(np.concatenate(arrays) for arrays in zip(*said, strict=True)))

    def _predict(
        self, keypoints_2d: np.ndarray, confidence: np.ndarray, K: np.ndarray
    ) -> Prediction:
        """What `shaped` gave, lifted in chunks."""
        joints, points = self.skeleton.joints, self.frames * self.skeleton.joints
        batch = keypoints_2d.shape[: -2 if self.frames == 1 else -3]
        poses, chunk = math.prod(batch), self._chunk()
        rows = np.empty((poses, self._columns), np.float32)
        rows[:, : 2 * points] = keypoints_2d.reshape(poses, 2 * points)
        rows[:, 2 * points : 3 * points] = confidence.reshape(poses, points)
        rows[:, 3 * points :] = K.reshape(-1, 9)
        running = [self._lift(rows[i : i + chunk]) for i in range(0, poses, chunk)]
        check_intrinsics(K)  # the device is at work meanwhile
        lifted = np.empty((poses, 3 * joints + 3 + joints * self._uncertain), np.float32)
        for i, done in enumerate(running):
            part = lifted[i * chunk : (i + 1) * chunk]
            part[:] = np.asarray(done)[: len(part)]
        pose_3d, root_position, off = (
            np.ascontiguousarray(part)
            for part in np.split(lifted, [3 * joints, 3 * joints + 3], axis=1)
        )
        return Prediction(
            pose_3d.reshape(*batch, joints, 3),
            root_position.reshape(*batch, 3),
            off.reshape(*batch, joints) if self._uncertain else None,
        )

    def stream(
        self,
        K: Float[np.ndarray, "3 3"],
        *,
        filter: str | OneEuro | None = None,
        fps: float | None = None,
    ) -> Stream:
        """For live use: a function of one frame after the other, compiled before the first.

            stream = lifter.stream(K, filter="one-euro:1.0,0.05", fps=50)
            pose_3d, root_position = stream(keypoints_2d, confidence)

        Without a filter it gives what calling the lifter with each frame gives, bit for bit, but
        for frames in which no joint is seen: these are NaN. Networks of windows give the pose of
        the frame `stream.delay` before, half a window, once they have seen the frames after it.

        Args:
            K: Intrinsics of the camera, pixels.
            filter: `one-euro:MIN_CUTOFF,BETA` (Hz, Hz for each metre per second); None for none.
            fps: Frames per second, for a filter.

        Raises:
            GeoselfError: A K that cannot be right (65); no such filter, one that needs later
                frames, or no frame rate (64).
        """
        return Stream(self, self.skeleton, K, steady(filter, fps), self.frames)

    def _lift(self, rows: np.ndarray) -> jax.Array:
        """Starts one chunk, its last row repeated up to a power of two.

        All that a pose is lifted from is one row, and so is the answer: each array that goes in or
        out costs a call of one pose a hundredth.
        """
        size = 1 << (len(rows) - 1).bit_length()
        if len(rows) < size:
            rows = np.pad(rows, ((0, size - len(rows)), (0, 0)), "edge")
        if jax.config.jax_disable_jit:  # type: ignore[attr-defined]
            return self._program(self._weights, rows)
        lifted: jax.Array = self._compiled_for(size)(self._weights, rows)
        return lifted

    def compile(self, poses: int) -> None:
        """Compiles what a call of so many poses runs, so that the first call takes no longer."""
        chunk = self._chunk()
        for count in {min(poses, chunk), poses % chunk} - {0}:
            self._compiled_for(1 << (count - 1).bit_length())

    def _chunk(self) -> int:
        """Poses at a time: of windows fewer, about as many rows of the first layer."""
        return max(_CHUNK >> (max(self.frames // 3, 1).bit_length() - 1), 1)

    def _compiled_for(self, size: int) -> Any:
        if size not in self._compiled:
            rows = jax.ShapeDtypeStruct((size, self._columns), np.float32)
            with jax.default_matmul_precision("highest"):  # as in the exported program
                self._compiled[size] = self._program.lower(self._weights, rows).compile()
        return self._compiled[size]


def load_lifter(folder: Path | str) -> Lifter:
    """Loads a lifter that `python -m geoself_jax.export` wrote.

    Reads model.json and model.safetensors, neither of which can hold code, and nothing else.

    Args:
        folder: What was given as --out.

    Raises:
        GeoselfError: The folder or a file is missing (66); damaged, or not what it says it is (65).
    """
    exported = load_exported(Path(folder))
    return Lifter(exported.model, exported.variables, exported.record)
