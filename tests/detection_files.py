"""Two people written in each detector's layout, by other libraries than the package's."""

import json

import h5py
import numpy as np
import pandas as pd

from geoself_jax.data.skeletons import COCO_17

FRAMES = 12
NAMES = list(COCO_17.joint_names)


def people(joints=17, frames=FRAMES):
    """(2, frames, J, 3) x, y, score of two people; joint 3 of the first is missing in frame 2,
    the second is absent in frames 4 to 6, both in frame 8.
    """
    rng = np.random.default_rng(0)
    place = rng.uniform(100, 900, (2, frames, joints, 2))
    score = rng.uniform(0.2, 1, (2, frames, joints, 1))
    found = np.concatenate([place, score], -1)
    found[0, 2, 3] = 0
    found[1, 4:7] = 0
    found[:, 8] = 0
    return found


def there(found):
    """(person, frame) pairs of who is seen, in order of the frames."""
    return [(p, f) for f in range(found.shape[1]) for p in range(2) if found[p, f].any()]


def openpose(path, found):
    path.mkdir()
    for f in range(found.shape[1]):
        seen = [
            {"person_id": [-1], "pose_keypoints_2d": found[p, f].ravel().tolist(),
             "face_keypoints_2d": []}
            for p in range(2) if found[p, f].any()
        ]  # fmt: skip
        (path / f"video_{f:012d}_keypoints.json").write_text(
            json.dumps({"version": 1.3, "people": seen})
        )
    return path


def alphapose(path, found):
    entries = [
        {"image_id": f"{f}.jpg", "category_id": 1, "keypoints": found[p, f].ravel().tolist(),
         "score": 2.5, "box": [0, 0, 1, 1], "idx": p + 1}
        for p, f in there(found)[::-1]
    ]  # fmt: skip
    path.write_text(json.dumps(entries))
    return path


def coco(path, found):
    entries = [
        {"image_id": f, "category_id": 1, "keypoints": found[p, f].ravel().tolist(), "score": 0.9}
        for p, f in there(found)
    ]
    path.write_text(json.dumps([*entries, {**entries[0], "category_id": 2}]))
    return path


def mmpose(path, found):
    info = [
        {
            "frame_id": f + 1,
            "instances": [
                {"keypoints": found[p, f, :, :2].tolist(),
                 "keypoint_scores": found[p, f, :, 2].tolist(), "bbox": [[0, 0, 1, 1]]}
                for p in range(2) if found[p, f].any()
            ],
        }
        for f in range(found.shape[1])
    ]  # fmt: skip
    meta = {"keypoint_id2name": {str(i): name for i, name in enumerate(NAMES)}}
    path.write_text(json.dumps({"meta_info": meta, "instance_info": info}))
    return path


def frame_of(found):
    """DeepLabCut's table of two animals; NaN where missing."""
    levels = [["DLC_model"], ["p1", "p2"], NAMES, ["x", "y", "likelihood"]]
    heads = ["scorer", "individuals", "bodyparts", "coords"]
    values = np.where(found[..., 2:] > 0, found, np.nan).swapaxes(0, 1)
    columns = pd.MultiIndex.from_product(levels, names=heads)
    return pd.DataFrame(values.reshape(len(values), -1), columns=columns)


def deeplabcut(path, found):
    frame_of(found).to_hdf(path, key="df_with_missing", format="table", mode="w")
    return path


def deeplabcut_fixed(path, found):
    frame_of(found).to_hdf(path, key="df_with_missing", format="fixed", mode="w")
    return path


def deeplabcut_csv(path, found):
    frame_of(found).to_csv(path)
    return path


def sleap(path, found):
    seen = np.where(found[..., 2:] > 0, found, np.nan)
    with h5py.File(path, "w") as file:
        file["tracks"] = seen[..., :2].transpose(0, 3, 2, 1)
        file["point_scores"] = seen[..., 2].transpose(0, 2, 1)
        file["node_names"] = [name.encode() for name in NAMES]
        file["track_names"] = [b"p1", b"p2"]
        file["track_occupancy"] = np.isfinite(seen[..., 0]).any(-1).T.astype(np.uint8)
    return path


def sleap_csv(path, found):
    columns = ["track", "frame_idx", "instance.score"]
    columns += [f"{name}.{end}" for name in NAMES for end in ("x", "y", "score")]
    rows = [
        [f"p{p + 1}", f, 0.9, *np.where(found[p, f, :, 2:] > 0, found[p, f], np.nan).ravel()]
        for p, f in there(found)
    ]
    pd.DataFrame(rows, columns=columns).to_csv(path, index=False)
    return path


def predictions(found, frame, tracked=False):
    """OpenPifPaf's people of a frame: a missing joint has c 0 and some x, y."""
    missing = np.array([-7.5, -3.5, 0])
    return [
        {"keypoints": np.where(row[:, 2:] > 0, row, missing).ravel().tolist(),
         "bbox": [1.0, 2.0, 3.0, 4.0], "score": 0.512, "category_id": 1}
        | ({"id_": person + 1} if tracked else {})
        for person, row in enumerate(found[:, frame]) if row.any()
    ]  # fmt: skip


def openpifpaf(path, found):
    path.mkdir()
    for f in range(found.shape[1]):
        (path / f"video_{f:06d}.jpg.predictions.json").write_text(json.dumps(predictions(found, f)))
    return path


def openpifpaf_video(path, found):
    lines = (
        {"frame": f + 1, "predictions": predictions(found, f, tracked=True)}
        for f in range(found.shape[1])
    )
    path.write_text("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines))
    return path


# layout: writer, name of the file, format, whether people are tracked, frames are counted
LAYOUTS = {
    "openpose": (openpose, "cam1_json", "openpose", False),
    "alphapose": (alphapose, "cam1.json", "alphapose", True),
    "coco": (coco, "cam1.json", "coco", False),
    "mmpose": (mmpose, "cam1.json", "mmpose", False),
    "deeplabcut": (deeplabcut, "cam1.h5", "deeplabcut", True),
    "deeplabcut fixed": (deeplabcut_fixed, "cam1.h5", "deeplabcut", True),
    "deeplabcut csv": (deeplabcut_csv, "cam1.csv", "deeplabcut", True),
    "sleap": (sleap, "cam1.h5", "sleap", True),
    "sleap csv": (sleap_csv, "cam1.csv", "sleap", True),
    "openpifpaf": (openpifpaf, "cam1", "openpifpaf", False),
    "openpifpaf video": (openpifpaf_video, "cam1.mp4.openpifpaf.json", "openpifpaf", True),
}
