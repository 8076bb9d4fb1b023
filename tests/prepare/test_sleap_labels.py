"""SLEAP's project file, in the tables that sleap-io 0.9.5 writes."""

import json

import h5py
import numpy as np
import pytest
from detection_files import FRAMES, NAMES, people, there

from geoself_jax.core.errors import DATA, GeoselfError
from geoself_jax.data.skeletons import COCO_17
from geoself_jax.prepare.calibrations import recognize_calibration
from geoself_jax.prepare.detections import DETECTIONS, read_detections, recognize_detections

INSTANCE = [
    *(("instance_id", "<i8"), ("instance_type", "u1"), ("frame_id", "<u8")),
    *(("skeleton", "<u4"), ("track", "<i4"), ("from_predicted", "<i8"), ("score", "<f4")),
    *(("point_id_start", "<u8"), ("point_id_end", "<u8"), ("tracking_score", "<f4")),
]
FRAME = [
    *(("frame_id", "<u8"), ("video", "<u4"), ("frame_idx", "<u8")),
    *(("instance_id_start", "<u8"), ("instance_id_end", "<u8")),
]
POINT = [("x", "<f8"), ("y", "<f8"), ("visible", "?"), ("complete", "?")]


def project(path, found, *, version=1.4, by_hand=(), videos=1):
    """Two animals; `by_hand`: (person, frame) that somebody corrected by 5 px, after predicting."""
    frames, instances, points, predicted = [], [], [], []
    for f in sorted({f for _, f in there(found)}):
        begin = len(instances)
        for p in range(2):
            if not found[p, f].any():
                continue
            row = np.where(found[p, f, :, 2:] > 0, found[p, f], np.nan)
            start, seen = len(predicted), np.isfinite(row[:, 0])
            predicted += [(x, y, s, False, c) for (x, y, c), s in zip(row, seen, strict=True)]
            end, number = len(predicted), len(instances)
            instances.append((number, 1, len(frames), 0, p, -1, 0.9, start, end, np.nan))
            if (p, f) in by_hand:
                start = len(points)
                points += [(x + 5, y + 5, s, True) for (x, y, _), s in zip(row, seen, strict=True)]
                rest = (number + 1, 0, len(frames), 0, p, number, 0)
                instances.append((*rest, start, len(points), np.nan))
        frames.append((len(frames), len(frames) % videos, f, begin, len(instances)))
    order = list(range(len(NAMES)))[::-1]  # nodes are listed in another order than the skeleton's
    metadata = {
        "version": "2.0.0",
        "skeletons": [{"nodes": [{"id": order.index(i)} for i in range(len(NAMES))]}],
        "nodes": [{"name": NAMES[i], "weight": 1.0} for i in order],
    }
    with h5py.File(path, "w") as file:
        group = file.create_group("metadata")
        group.attrs["format_id"] = version
        group.attrs["json"] = np.bytes_(json.dumps(metadata))
        file["frames"] = np.array(frames, FRAME)
        file["instances"] = np.array(instances, INSTANCE)
        file["points"] = np.array(points, POINT)
        file["pred_points"] = np.array(predicted, [*POINT, ("score", "<f8")])
        file["tracks_json"] = [json.dumps([0, f"p{p + 1}"]).encode() for p in range(2)]
        file["videos_json"] = [json.dumps({"filename": f"cam{v}.mp4"}).encode() for v in range(2)]
    return path


def expected(read, found, offset=0.0):
    for row in range(len(read.frame)):
        wanted = found[int(read.track_names[read.track[row]][1]) - 1, read.frame[row]]
        seen = wanted[:, 2] > 0
        np.testing.assert_allclose(
            read.keypoints_2d[row, seen], wanted[seen, :2] - offset, rtol=1e-6
        )
        np.testing.assert_allclose(read.confidence[row], wanted[:, 2], rtol=1e-6)


@pytest.mark.parametrize(("version", "offset"), [(1.4, 0), (2.8, 0), (1.0, 0.5)])
def test_a_project_comes_back_as_its_instances(tmp_path, version, offset):
    path = project(tmp_path / "cam1.slp", people(), version=version)
    assert {kind for kind in DETECTIONS if recognize_detections(path, kind)} == {"sleap"}
    assert recognize_calibration(path) == {}
    read = read_detections(path)
    assert read.skeleton == COCO_17 and len(read.frame) == len(there(people()))
    assert read.frames == FRAMES and read.notes == ()
    expected(read, people(), offset)


def test_a_corrected_prediction_is_taken_as_corrected_and_sure(tmp_path):
    changed = [(0, 1), (1, 3)]
    read = read_detections(project(tmp_path / "cam1.slp", people(), by_hand=changed))
    assert len(read.frame) == len(there(people()))
    wanted = people()
    for person, frame in changed:
        wanted[person, frame] += [5, 5, 0]
        wanted[person, frame, :, 2] = 1
    expected(read, wanted)
    assert f"2 of {len(read.frame)} were placed by hand" in read.notes[0]


def test_several_videos_and_newer_formats_are_refused_with_the_way_out(tmp_path):
    for name, options, words in (
        ("two.slp", {"videos": 2}, "frames of 2 videos, cam0.mp4, cam1.mp4"),
        ("new.slp", {"version": 3.0}, "SLEAP format 3"),
    ):
        with pytest.raises(GeoselfError, match="sleap-convert --format analysis") as error:
            read_detections(project(tmp_path / name, people(), **options))
        assert words in str(error.value) and error.value.code == DATA


@pytest.mark.parametrize("table", ["metadata", "frames", "instances", "pred_points"])
def test_a_project_without_a_table_is_refused(tmp_path, table):
    path = project(tmp_path / "cam1.slp", people())
    with h5py.File(path, "a") as file:
        del file[table]
    with pytest.raises(GeoselfError, match=r"cam1\.slp: not the tables of a SLEAP project"):
        read_detections(path)


def test_points_that_are_not_there_are_refused(tmp_path):
    path = project(tmp_path / "cam1.slp", people())
    with h5py.File(path, "a") as file:
        instances = file["instances"][()]
        for name in ("point_id_start", "point_id_end"):
            instances[name][3] += 10**6
        file["instances"][...] = instances
    with pytest.raises(GeoselfError, match="names pred_points that are not there"):
        read_detections(path)


def test_a_cropped_video_is_refused(tmp_path):
    path = project(tmp_path / "cam1.slp", people())
    with h5py.File(path, "a") as file:
        file["video_crops"] = json.dumps([{"video": 0, "crop": [10, 20, 300, 400]}])
    with pytest.raises(GeoselfError, match="its video is cropped"):
        read_detections(path)
