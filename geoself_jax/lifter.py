"""A trained lifter as a function of numpy arrays, read from an export and checked before use."""

import hashlib
import json
import math
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import safetensors.numpy
from flax.traverse_util import flatten_dict, unflatten_dict
from jaxtyping import Float

from geoself_jax.config import ModelConfig, from_dict
from geoself_jax.errors import GeoselfError, data_error, missing_error
from geoself_jax.layers import fold_norm
from geoself_jax.model import Networks
from geoself_jax.packing import pack
from geoself_jax.poses.filters import OneEuro
from geoself_jax.step import make_predict
from geoself_jax.streaming import Stream, steady
from geoself_jax.trained import Trained, abstract_variables, skeleton_from_dict

FORMAT = "geoself-lifter/1"
DESCRIPTION = "model.json"
WEIGHTS = "model.safetensors"

_CHUNK = 4096  # a power of two, so that the last chunk alone is filled up
_AGAIN = "copy the folder again, or export again"


class Lifter:
    """Lifts 2D joints of single views to 3D.

    Attributes:
        skeleton: Names and order of the joints, in and out.
        info: What the export says about itself: the contents of model.json.
    """

    def __init__(self, model: Networks, variables: Any, info: dict[str, Any]) -> None:
        self.skeleton = model.skeleton
        self.info = info
        folded = fold_norm(variables["params"], variables["batch_stats"])
        leaves, tree = jax.tree.flatten(folded)
        self._weights, unpack = pack(leaves)
        joints = self.skeleton.joints
        predict = make_predict(model.clone(folded=True))

        def program(weights: list[jax.Array], rows: jax.Array) -> jax.Array:
            pixels, seen, K = jnp.split(rows, [2 * joints, 3 * joints], axis=1)
            variables = {"params": jax.tree.unflatten(tree, unpack(weights))}
            lifted = predict(variables, pixels.reshape(-1, joints, 2), seen, K.reshape(-1, 3, 3))
            pose_3d = lifted.pose_3d.reshape(-1, 3 * joints)
            return jnp.concatenate([pose_3d, lifted.root_position], axis=1)

        self._program = jax.jit(program)
        self._compiled: dict[int, Any] = {}  # by batch: calling one is cheaper than calling jit's

    def __call__(
        self,
        keypoints_2d: Float[np.ndarray, "*batch joints 2"],
        confidence: Float[np.ndarray, "*batch joints"] | None,
        K: Float[np.ndarray, "*batch 3 3"] | Float[np.ndarray, "3 3"],
    ) -> tuple[Float[np.ndarray, "*batch joints 3"], Float[np.ndarray, "*batch 3"]]:
        """Lifts poses, each by itself.

        A batch is filled up to a power of two and split at 4096, so that few shapes are compiled. A
        pose is lifted from whatever joints are seen: even from none, so look at `confidence`.

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
        keypoints_2d, confidence, K = self._shaped(keypoints_2d, confidence, K)
        joints, batch = self.skeleton.joints, keypoints_2d.shape[:-2]
        poses = math.prod(batch)
        rows = np.empty((poses, 3 * joints + 9), np.float32)
        rows[:, : 2 * joints] = keypoints_2d.reshape(poses, 2 * joints)
        rows[:, 2 * joints : 3 * joints] = confidence.reshape(poses, joints)
        rows[:, 3 * joints :] = K.reshape(-1, 9)
        running = [self._lift(rows[i : i + _CHUNK]) for i in range(0, poses, _CHUNK)]
        _check_intrinsics(K)  # the device is at work meanwhile
        lifted = np.empty((poses, 3 * joints + 3), np.float32)
        for i, chunk in enumerate(running):
            part = lifted[i * _CHUNK : (i + 1) * _CHUNK]
            part[:] = np.asarray(chunk)[: len(part)]
        pose_3d = np.ascontiguousarray(lifted[:, : 3 * joints])
        root_position = np.ascontiguousarray(lifted[:, 3 * joints :])
        return pose_3d.reshape(*batch, joints, 3), root_position.reshape(*batch, 3)

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
        for frames in which no joint is seen: these are NaN.

        Args:
            K: Intrinsics of the camera, pixels.
            filter: `one-euro:MIN_CUTOFF,BETA` (Hz, Hz for each metre per second); None for none.
            fps: Frames per second, for a filter.

        Raises:
            GeoselfError: A K that cannot be right (65); no such filter, one that needs later
                frames, or no frame rate (64).
        """
        skeleton = self.skeleton
        return Stream(self, skeleton.joints, skeleton.root, K, steady(filter, fps))

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
        for count in {min(poses, _CHUNK), poses % _CHUNK} - {0}:
            self._compiled_for(1 << (count - 1).bit_length())

    def _compiled_for(self, size: int) -> Any:
        if size not in self._compiled:
            rows = jax.ShapeDtypeStruct((size, 3 * self.skeleton.joints + 9), np.float32)
            with jax.default_matmul_precision("highest"):  # as in the exported program
                self._compiled[size] = self._program.lower(self._weights, rows).compile()
        return self._compiled[size]

    def _shaped(
        self, keypoints_2d: Any, confidence: Any, K: Any
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        joints = self.skeleton.joints
        keypoints_2d = _numbers("keypoints_2d", keypoints_2d)
        if keypoints_2d.shape[-2:] != (joints, 2):
            names = self.skeleton.joint_names
            raise data_error(
                f"keypoints_2d has shape {keypoints_2d.shape}",
                f"wanted (..., {joints}, 2)",
                f"give x, y of its {joints} joints, {names[0]} to {names[-1]}, in that order",
            )
        batch = keypoints_2d.shape[:-2]
        if confidence is None:
            confidence = np.isfinite(keypoints_2d).all(-1)
        confidence = _numbers("confidence", confidence)
        if confidence.shape != (*batch, joints):
            raise data_error(
                f"confidence has shape {confidence.shape}",
                f"wanted {(*batch, joints)} for keypoints_2d of {keypoints_2d.shape}",
                "give one number a joint, or None",
            )
        K = _numbers("K", K)
        if K.shape not in ((3, 3), (*batch, 3, 3)):
            raise data_error(
                f"K has shape {K.shape}",
                f"wanted (3, 3) or {(*batch, 3, 3)} for keypoints_2d of {keypoints_2d.shape}",
                "give one matrix for all poses or one a pose",
            )
        return keypoints_2d, confidence, K


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


def load_exported(folder: Path) -> Trained:
    """An export's networks, as `trained.load_trained` gives a run's; its arrays are numpy's.

    Returns:
        With the contents of model.json as the record, and of the checkpoint's facts what they say.

    Raises:
        GeoselfError: As `load_lifter`.
    """
    info = _read_description(folder)
    path = folder / DESCRIPTION
    try:
        model = Networks(
            from_dict(ModelConfig, info["architecture"], "architecture"),
            skeleton_from_dict(info["skeleton"]),
        )
        wanted_sha256 = info["files"][WEIGHTS]["sha256"]
        facts = dict(info["scores"]["checkpoint"])
        _ = info["data"]["source"], info["data"]["supervised_upper_bound"], facts["step"]
    except (KeyError, TypeError, ValueError, GeoselfError) as error:
        raise data_error(
            str(path), f"written by another version of geoself_jax ({error})", "export again"
        ) from error
    return Trained(model, _read_variables(folder / WEIGHTS, wanted_sha256, model), info, facts)


def sha256(content: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def description_sha256(info: dict[str, Any]) -> str:
    """SHA-256 of model.json's values but its own `sha256`: sorted keys, no spaces, ASCII."""
    values = {key: value for key, value in info.items() if key != "sha256"}
    return sha256(json.dumps(values, sort_keys=True, separators=(",", ":")).encode())


def is_export(folder: Path) -> bool:
    """Whether the folder has a model.json of our format."""
    try:
        info = json.loads((folder / DESCRIPTION).read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(info, dict) and info.get("format") == FORMAT


def _read(path: Path) -> bytes:
    if not path.is_file():
        what = f"{path.parent}: no {path.name}" if path.parent.is_dir() else f"{path.parent}"
        why = "not a whole export" if path.parent.is_dir() else "no such folder"
        raise missing_error(what, why, "give the folder that geoself_jax.export wrote")
    return path.read_bytes()


def _read_description(folder: Path) -> dict[str, Any]:
    path = folder / DESCRIPTION
    try:
        info = json.loads(_read(path))
    except (ValueError, RecursionError) as error:
        raise data_error(str(path), f"not JSON ({error})", _AGAIN) from error
    found = info.get("format") if isinstance(info, dict) else None
    if found != FORMAT:
        raise data_error(f"{path}: format {found!r}", f"wanted {FORMAT!r}", "check the folder")
    if description_sha256(info) != info.get("sha256"):
        raise data_error(str(path), "its values do not match its own sha256", _AGAIN)
    return info


def _read_variables(path: Path, wanted_sha256: str, model: Networks) -> Any:
    """`params` and `batch_stats`, every array's name, shape and type as the networks need it."""
    content = _read(path)
    if sha256(content) != wanted_sha256:
        raise data_error(str(path), f"damaged: its sha256 is not the one in {DESCRIPTION}", _AGAIN)
    try:
        arrays = safetensors.numpy.load(content)
    except (safetensors.SafetensorError, KeyError, TypeError, ValueError) as error:
        raise data_error(str(path), f"not a safetensors file ({error})", _AGAIN) from error
    wanted = flatten_dict(dict(abstract_variables(model)), sep="/")
    for name in sorted(wanted.keys() | arrays.keys()):
        if name not in arrays or name not in wanted:
            fault = "no array" if name not in arrays else "unknown array"
            raise data_error(
                f"{path}: {fault} {name!r}", f"not the networks of {DESCRIPTION}", _AGAIN
            )
        found, like = arrays[name], wanted[name]
        if found.shape != like.shape or found.dtype != like.dtype:
            raise data_error(
                f"{path}: {name} is {found.dtype} {found.shape}",
                f"the networks of {DESCRIPTION} have {like.dtype} {like.shape}",
                _AGAIN,
            )
    return unflatten_dict(arrays, sep="/")


def _check_intrinsics(K: np.ndarray) -> None:
    """By the least and the greatest of each entry: two loops, however many matrices."""
    if not K.size:
        return
    entries = K.reshape(-1, 9)
    low, high = entries.min(0).tolist(), entries.max(0).tolist()
    positive = low[0] > 0 and low[4] > 0  # false for NaN
    if positive and low[6:] == high[6:] == [0, 0, 1] and all(map(math.isfinite, low + high)):
        return
    wrong = ~np.isfinite(entries).all(1) | (entries[:, [0, 4]] <= 0).any(1)
    wrong |= (entries[:, 6:] != (0, 0, 1)).any(1)
    raise data_error(
        f"K is {np.round(entries[wrong][0], 3).reshape(3, 3).tolist()}",
        "wanted [[fx, s, cx], [0, fy, cy], [0, 0, 1]] in pixels with fx, fy > 0",
        "mend the calibration",
    )


def _numbers(name: str, value: Any) -> np.ndarray:
    try:
        return np.asarray(value, np.float32)
    except (TypeError, ValueError) as error:
        raise data_error(f"{name} is no array of numbers", str(error), "give numbers") from error
