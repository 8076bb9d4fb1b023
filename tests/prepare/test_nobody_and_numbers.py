"""Nobody, joints without a score, and whole numbers, in the ways in which programs write them."""

import json

import numpy as np
import pytest
from detection_files import coco, mmpose, openpose, people

from geoself_jax.core.errors import GeoselfError
from geoself_jax.prepare.detections import read_detections


def edited(path, change):
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


@pytest.mark.parametrize("nothing", [None, []])
def test_a_person_with_keypoints_null_or_none_is_nobody(tmp_path, nothing):
    found = people()
    there = {}
    for write in (openpose, coco, mmpose):
        path = write(tmp_path / f"{write.__name__}.json", found)
        there[write] = read_detections(path)
        if write is openpose:
            frame = path / "video_000000000002_keypoints.json"
            edited(frame, lambda c: c["people"][0].update(pose_keypoints_2d=nothing))
        elif write is coco:
            edited(path, lambda c: c[4].update(keypoints=nothing))  # the first of frame 2
        else:
            edited(path, lambda c: c["instance_info"][2]["instances"][0].update(keypoints=nothing))
        read = read_detections(path)
        assert (read.frame == 2).sum() == 1 and len(read.frame) == len(there[write].frame) - 1


def test_a_frame_whose_people_are_null_has_nobody(tmp_path):
    folder = openpose(tmp_path / "a_json", people())
    edited(folder / "video_000000000002_keypoints.json", lambda c: c.update(people=None))
    file = mmpose(tmp_path / "a.json", people())
    edited(file, lambda c: c["instance_info"][2].update(instances=None))
    for path in (folder, file):
        read = read_detections(path)
        assert not (read.frame == 2).any() and (read.frame == 3).any()


def test_a_joint_without_a_score_is_missing_and_counted(tmp_path):
    path = mmpose(tmp_path / "a.json", people())
    scores = "keypoint_scores"
    edited(path, lambda c: c["instance_info"][2]["instances"][0][scores].__setitem__(5, None))
    read = read_detections(path)
    assert "1 joints without a score are read as missing" in read.notes[-1]
    assert read.confidence[np.flatnonzero(read.frame == 2)[0], 5] == 0


@pytest.mark.parametrize("as_written", [float, str])
def test_numbers_of_frames_may_be_floats_or_text(tmp_path, as_written):
    listed, timed = coco(tmp_path / "a.json", people()), mmpose(tmp_path / "b.json", people())
    frames = [read_detections(path).frame for path in (listed, timed)]
    edited(listed, lambda c: [e.update(image_id=as_written(e["image_id"])) for e in c])
    edited(
        timed,
        lambda c: [e.update(frame_id=as_written(e["frame_id"])) for e in c["instance_info"]],
    )
    kind = {"format": "coco"}  # a list with image_id in quotes is AlphaPose's
    for path, before, more in zip((listed, timed), frames, (kind, {}), strict=True):
        np.testing.assert_array_equal(read_detections(path, **more).frame, before)


def test_keypoints_may_be_a_list_of_joints(tmp_path):
    path = coco(tmp_path / "a.json", people())
    flat = read_detections(path)
    edited(
        path,
        lambda c: [e.update(keypoints=np.reshape(e["keypoints"], (-1, 3)).tolist()) for e in c],
    )
    np.testing.assert_array_equal(read_detections(path).keypoints_2d, flat.keypoints_2d)


@pytest.mark.parametrize("as_written", [int, float, str])
def test_annotations_find_their_images_whatever_the_ids_are_written_as(tmp_path, as_written):
    flat = people()[0, :2].reshape(2, -1).tolist()
    content = {
        "images": [{"id": as_written(70 + f), "file_name": f"a_{f:05d}.jpg"} for f in (3, 4)],
        "annotations": [
            {"image_id": as_written(73 + n), "category_id": 1, "keypoints": row}
            for n, row in enumerate(flat)
        ],
        "categories": [{"id": 1, "name": "person"}],
    }
    (tmp_path / "a.json").write_text(json.dumps(content))
    assert read_detections(tmp_path / "a.json").frame.tolist() == [3, 4]


def test_names_that_end_in_another_number_than_the_frames_are_called_so(tmp_path):
    folder = openpose(tmp_path / "a_json", people())
    for number, path in enumerate(sorted(folder.iterdir())):
        path.rename(folder / f"{number:05d}_cam1_keypoints.json")
    with pytest.raises(GeoselfError, match=r"12 files of frame 1, the last .*number is the last"):
        read_detections(folder)
