"""Good arrays, and ways to break them: what benchmarks/inspect_faults.py plants."""

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.installed import installed
from geoself_jax.data.skeletons import COCO_17
from geoself_jax.data.synthetic import generate

cv2 = installed("cv2")

Arrays = dict[str, np.ndarray]
Plant = Callable[[Arrays], Arrays]

CAM = 2  # the camera that faults are planted into, back_left
FRAMES = 240
_FRAME_ARRAYS = ("keypoints_2d", "confidence", "pose_world", "clip_id", "frame_id", "subject_id")


def good_arrays() -> Arrays:
    """Dancing, kicking and running: one person, four cameras, of the built-in data."""
    return _person(1, (1, 17, 21))


def other_arrays() -> Arrays:
    """As `good_arrays`, of somebody else before other cameras."""
    return _person(0, (0, 8, 24))


def _person(rig: int, clips: tuple[int, ...]) -> Arrays:
    arrays = generate("test", 2000)
    return _one_rig(arrays, np.flatnonzero(np.isin(arrays["clip_id"], clips)), rig)


def _one_rig(arrays: Arrays, frames: np.ndarray, rig: int) -> Arrays:
    found = {name: arrays[name] for name in arrays if name not in ("occluded", "clip_descriptions")}
    found |= {name: arrays[name][frames] for name in _FRAME_ARRAYS}
    clips, found["clip_id"] = np.unique(found["clip_id"], return_inverse=True)
    people, found["subject_id"] = np.unique(found["subject_id"], return_inverse=True)
    found |= {name: arrays[name][clips] for name in ("clip_names", "clip_actions")}
    found["subject_names"] = arrays["subject_names"][people]
    found["rig_id"] = np.zeros(len(frames), np.int32)
    names = ("rig_names", "K", "R", "center", "dist", "image_size")
    return found | {name: arrays[name][[rig]] for name in names}


def put(name: str, place: Any, value: Any) -> Plant:
    """Puts a value into an array's place."""

    def plant(arrays: Arrays) -> Arrays:
        changed = np.array(arrays[name])
        changed[place] = value
        return arrays | {name: changed}

    return plant


def become(name: str, change: Callable[[np.ndarray], np.ndarray]) -> Plant:
    """Changes a whole array."""
    return lambda arrays: arrays | {name: change(np.array(arrays[name]))}


def in_camera(name: str, change: Callable[[np.ndarray], np.ndarray], view: int = CAM) -> Plant:
    """Changes one camera's part of an array (second axis)."""

    def plant(arrays: Arrays) -> Arrays:
        changed = np.array(arrays[name])
        changed[:, view] = change(changed[:, view])
        return arrays | {name: changed}

    return plant


def both(*plants: Plant) -> Plant:
    """One after the other."""

    def plant(arrays: Arrays) -> Arrays:
        for one in plants:
            arrays = one(arrays)
        return arrays

    return plant


def without(*names: str) -> Plant:
    """Takes arrays out."""
    return lambda arrays: {name: arrays[name] for name in arrays if name not in names}


def _center_as_t(arrays: Arrays, views: slice) -> np.ndarray:
    """`center` with t = -R center in some views."""
    center = np.array(arrays["center"])
    center[:, views] = -np.einsum("rvij,rvj->rvi", arrays["R"], arrays["center"])[:, views]
    return center


def t_for_center(arrays: Arrays) -> Arrays:
    """All cameras' t for their center."""
    return arrays | {"center": _center_as_t(arrays, slice(None))}


def inverted(arrays: Arrays) -> Arrays:
    """R and t of camera to world."""
    return arrays | {"R": arrays["R"].swapaxes(-1, -2), "center": _center_as_t(arrays, slice(None))}


def exchanged(*names: str) -> Plant:
    """Two cameras' part of arrays exchanged."""
    return both(*(become(name, lambda a: a[:, [0, 3, 2, 1]]) for name in names))


def late(frames: int, view: int = CAM, since: int = 0) -> Plant:
    """One camera's detections come N frames later, in each clip from a frame on."""

    def plant(arrays: Arrays) -> Arrays:
        index = np.arange(len(arrays["frame_id"]))
        moved = arrays["frame_id"] >= since
        source = np.clip(index - frames, 0, len(index) - 1)
        moved &= (index - frames == source) & (arrays["clip_id"][source] == arrays["clip_id"])
        source = np.where(moved, source, index)
        changed = {name: np.array(arrays[name]) for name in ("keypoints_2d", "confidence")}
        for array in changed.values():
            array[:, view] = array[source, view]
        return arrays | changed

    return plant


def mirrored_image(arrays: Arrays) -> Arrays:
    """Pixels run to the left in one camera."""
    pixels, width = np.array(arrays["keypoints_2d"]), arrays["image_size"][0, CAM, 0]
    pixels[:, CAM, :, 0] = width - pixels[:, CAM, :, 0]
    return arrays | {"keypoints_2d": pixels}


def upside_down(arrays: Arrays) -> Arrays:
    """Rotates one camera's image by 180 degrees."""
    pixels = np.array(arrays["keypoints_2d"])
    pixels[:, CAM] = arrays["image_size"][0, CAM] - pixels[:, CAM]
    return arrays | {"keypoints_2d": pixels}


def sides(views: object, share: float = 1.0, length: int = 1) -> Plant:
    """Left and right exchanged in views, in runs of frames that make up a share."""

    def plant(arrays: Arrays) -> Arrays:
        mirror = np.arange(len(arrays["joint_names"]))
        for a, b in arrays["left_right"]:
            mirror[a], mirror[b] = b, a
        changed = {name: np.array(arrays[name]) for name in ("keypoints_2d", "confidence")}
        frames = len(arrays["frame_id"])
        runs = np.random.default_rng(1).random(-(-frames // length)) < share
        at = np.flatnonzero(np.repeat(runs, length)[:frames])
        for array in changed.values():
            for view in np.atleast_1d(np.arange(array.shape[1])[views]):  # type: ignore[call-overload]
                array[at, view] = array[at, view][:, mirror]
        return arrays | changed

    return plant


def somebody_else(arrays: Arrays) -> Arrays:
    """In the last fifth of each clip the camera's detector follows another person."""
    pixels = np.array(arrays["keypoints_2d"])
    at = arrays["frame_id"] >= 0.8 * arrays["frame_id"].max()
    pixels[at, CAM] += np.array([170, 15])
    return arrays | {"keypoints_2d": pixels}


def sees_only(view_of_frame: Callable[[int], list[int]]) -> Plant:
    """Frames that only some views see."""

    def plant(arrays: Arrays) -> Arrays:
        pixels, confidence = np.array(arrays["keypoints_2d"]), np.array(arrays["confidence"])
        for frame in range(len(pixels)):
            gone = [v for v in range(pixels.shape[1]) if v not in view_of_frame(frame)]
            pixels[frame, gone], confidence[frame, gone] = np.nan, 0
        return arrays | {"keypoints_2d": pixels, "confidence": confidence}

    return plant


def unseen(place: Any) -> Plant:
    """Detections that are missing."""
    return both(put("keypoints_2d", place, np.nan), put("confidence", place, 0))


def frozen(arrays: Arrays) -> Arrays:
    """One camera repeats a frame thirty times."""
    pixels, confidence = np.array(arrays["keypoints_2d"]), np.array(arrays["confidence"])
    pixels[100:130, CAM], confidence[100:130, CAM] = pixels[100, CAM], confidence[100, CAM]
    return arrays | {"keypoints_2d": pixels, "confidence": confidence}


def frames(index: Callable[[int], np.ndarray]) -> Plant:
    """Frames taken by their index; they count as one clip where its frames are doubled."""

    def plant(arrays: Arrays) -> Arrays:
        chosen = index(len(arrays["frame_id"]))
        return arrays | {n: arrays[n][chosen] for n in (*_FRAME_ARRAYS, "rig_id")}

    return plant


def doubled(arrays: Arrays) -> Arrays:
    """Every frame twice, as of 25 frames a second stored as 50."""
    twice = frames(lambda n: np.repeat(np.arange(n), 2))(arrays)
    return twice | {"frame_id": twice["frame_id"] * 2 + np.tile([0, 1], FRAMES)}


def clip_again(arrays: Arrays) -> Arrays:
    """The first clip once more at the end, under another name."""
    first = np.flatnonzero(arrays["clip_id"] == 0)
    more = frames(lambda n: np.concatenate([np.arange(n), first]))(arrays)
    more["clip_id"] = np.concatenate([arrays["clip_id"], np.full(len(first), 3)])
    for name in ("clip_names", "clip_actions"):
        more[name] = np.append(arrays[name], "again")
    return more


def detected_again(arrays: Arrays) -> Arrays:
    """Other detections of the same frames, as another detector's."""
    noise = np.random.default_rng(5).normal(0, 1.0, arrays["keypoints_2d"].shape)
    pixels = (arrays["keypoints_2d"] + noise).astype(np.float32)
    return arrays | {"keypoints_2d": pixels, "subject_names": np.array(["somebody"])}


def same_name(arrays: Arrays) -> Arrays:
    """Another file; its subject has the same name."""
    return other_arrays() | {"subject_names": arrays["subject_names"]}


def stranger(arrays: Arrays) -> Arrays:
    """Another file, of another person."""
    return other_arrays() | {"subject_names": np.array(["nobody"])}


def turned(degrees: float) -> Plant:
    """One camera turned about its vertical after it was calibrated."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return in_camera("R", lambda R: np.array([[c, 0, -s], [0, 1, 0], [s, 0, c]]) @ R)


def coco_order(arrays: Arrays) -> Arrays:
    """Joints in the order of COCO, under the names and bones of Human3.6M."""
    h36m = [str(n) for n in arrays["joint_names"]]
    rest = iter([name for name in h36m if name not in COCO_17.joint_names])
    order = [h36m.index(n if n in h36m else next(rest)) for n in COCO_17.joint_names]
    names = ("keypoints_2d", "confidence")
    return arrays | {name: arrays[name][:, :, order] for name in names}


def joints(a: str, b: str) -> Plant:
    """Exchanges two joints in all frames."""

    def plant(arrays: Arrays) -> Arrays:
        order = np.arange(len(arrays["joint_names"]))
        i, j = (int(np.flatnonzero(arrays["joint_names"] == name)[0]) for name in (a, b))
        order[[i, j]] = order[[j, i]]
        names = ("keypoints_2d", "confidence")
        return arrays | {name: arrays[name][:, :, order] for name in names}

    return plant


def focal(scale: float) -> Plant:
    """One camera's focal lengths scaled."""
    return in_camera("K", lambda K: K * np.array([[scale, 1, 1], [1, scale, 1], [1, 1, 1]]))


def noise(seed: int, shape: tuple[int, ...], off: float) -> np.ndarray:
    """Uniform noise up to so much."""
    return off * np.random.default_rng(seed).uniform(-1, 1, shape)


def unlike(confidence: np.ndarray) -> np.ndarray:
    """Random confidences where there are any."""
    return np.random.default_rng(2).uniform(0.3, 1, confidence.shape) * (confidence > 0)


def one_view(arrays: Arrays) -> Arrays:
    """The camera alone."""
    names = ("keypoints_2d", "confidence", "K", "R", "center", "dist", "image_size")
    alone = {name: arrays[name][:, [CAM]] for name in names}
    return arrays | alone | {"camera_names": arrays["camera_names"][[CAM]]}


def one_t_for_center(arrays: Arrays) -> Arrays:
    """One camera's t for its center."""
    return arrays | {"center": _center_as_t(arrays, slice(CAM, CAM + 1))}


def one_place(arrays: Arrays) -> Arrays:
    """Two entries for one camera: the second's detections and calibration for the third's too."""
    names = ("keypoints_2d", "confidence", "K", "R", "center", "dist")
    return arrays | {name: arrays[name][:, [0, 1, 1, 3]] for name in names}


def neglected(times: float) -> Plant:
    """Leaves out one camera's distortion, scaled by `times`.

    Its detections are projected again from the ground truth, with 2 px of noise.
    """

    def plant(arrays: Arrays) -> Arrays:
        pixels, dist = np.array(arrays["keypoints_2d"]), np.array(arrays["dist"])
        R, center = arrays["R"][0, CAM], arrays["center"][0, CAM]
        lens = np.array(times * dist[0, CAM], np.float64)
        noise = np.random.default_rng(3).normal(0, 2, pixels[:, CAM].shape)
        points = arrays["pose_world"].reshape(-1, 3).astype(np.float64)
        seen, _ = cv2.projectPoints(
            points, cv2.Rodrigues(R)[0], -R @ center, arrays["K"][0, CAM], lens
        )
        pixels[:, CAM] = seen.reshape(noise.shape) + noise
        pixels[arrays["confidence"] == 0] = np.nan
        dist[:, CAM] = 0
        return arrays | {"keypoints_2d": pixels, "dist": dist}

    return plant
