"""MMPose's JSON of known poses, by `split_instances`, as its demo and its inferencer write it."""

import json
import sys
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import json_tricks
import mmpose
import numpy as np
from mmengine.config import Config
from mmengine.structures import InstanceData
from mmpose.structures import split_instances

from benchmarks.writers.known import Written, people


def instances(found: np.ndarray, frame: int) -> list[dict[str, Any]]:
    """Everybody in a frame; MMPose gives each joint a place, so one that is missing scores 0."""
    seen = [p for p in range(len(found)) if np.isfinite(found[p, frame]).any()]
    rows = np.nan_to_num(found[seen, frame])
    boxes, scores = np.tile([0.0, 0, 9, 9], (len(seen), 1)), np.ones(len(seen))
    data = {"keypoints": rows[..., :2], "keypoint_scores": rows[..., 2]}
    return split_instances(InstanceData(**data, bboxes=boxes, bbox_scores=scores))


def main(folder: Path) -> None:
    """Writes all files."""
    written = Written(folder, f"mmpose {mmpose.__version__}")
    found = people()
    configs = Path(str(distribution("mmpose").locate_file("mmpose/.mim/configs/_base_/datasets")))
    info = Config.fromfile(str(configs / "coco.py")).dataset_info.keypoint_info
    names = {int(number): one["name"] for number, one in info.items()}
    meta = {"dataset_name": "coco", "keypoint_id2name": names, "sigmas": np.ones(17, np.float32)}
    listed: list[dict[str, Any]] = [
        {"frame_id": f + 1, "instances": instances(found, f)} for f in range(len(found[0]))
    ]
    with (folder / "demo.json").open("w") as file:
        json_tricks.dump({"meta_info": meta, "instance_info": listed}, file, indent="\t")
    written.add("demo.json", "split_instances, json_tricks (topdown demo)", found)
    frames = [{**entry, "frame_id": entry["frame_id"] - 1} for entry in listed]
    (folder / "inferencer.json").write_text(json.dumps(frames))
    written.add("inferencer.json", "split_instances, json (inferencer)", found)
    for joints in (133, 136):
        whole = people(joints)
        frames = [{"frame_id": f, "instances": instances(whole, f)} for f in range(len(whole[0]))]
        (folder / f"{joints}.json").write_text(json.dumps(frames))
        body = whole[:, :, : 23 if joints == 133 else 26]
        written.add(f"{joints}.json", f"split_instances, json, {joints} joints", body)
    written.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
