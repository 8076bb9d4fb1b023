"""AlphaPose's cmu and open formats, written by the order of joints that its write_json has."""

import json

import numpy as np
import pytest
from detection_files import people, there

from geoself_jax.core.errors import DATA, GeoselfError
from geoself_jax.data.skeletons import COCO_18
from geoself_jax.prepare.detections import DETECTIONS, read_detections, recognize_detections

ORDER = [0, 17, 6, 8, 10, 5, 7, 9, 12, 14, 16, 11, 13, 15, 2, 1, 4, 3]
KEYS = {"cmu": ("bodies", "joints"), "open": ("people", "pose_keypoints_2d")}


def by_image(found, form):
    """Each image's people; the 18th joint is the middle of the shoulders if there are 17."""
    several, one = KEYS[form]
    images = {}
    for p, f in there(found):
        row = np.concatenate([found[p, f], found[p, f, 5:7].mean(0, keepdims=True)])
        image = images.setdefault(f"{f}.jpg", {"version": "AlphaPose v0.3", several: []})
        image[several].append({one: row[ORDER].ravel().tolist()})
    return images


@pytest.mark.parametrize("form", KEYS)
def test_people_by_image_come_back_with_cocos_names(tmp_path, form):
    path = tmp_path / "alphapose-results.json"
    path.write_text(json.dumps(by_image(people(), form)))
    assert {kind for kind in DETECTIONS if recognize_detections(path, kind)} == {"alphapose"}
    read = read_detections(path)
    assert read.skeleton == COCO_18 and len(read.frame) == len(there(people()))
    at = int(np.flatnonzero(read.frame == 0)[0])
    for name, joint in (("nose", 0), ("right_wrist", 10), ("left_ear", 3), ("left_ankle", 15)):
        place = COCO_18.joint_names.index(name)
        np.testing.assert_allclose(
            read.keypoints_2d[at, place], people()[0, 0, joint, :2], rtol=1e-6
        )


@pytest.mark.parametrize("form", KEYS)
def test_a_folder_of_separate_images_is_read_too(tmp_path, form):
    folder = tmp_path / "cam1"
    folder.mkdir()
    for image, content in by_image(people(), form).items():
        (folder / image.replace(".jpg", ".json")).write_text(json.dumps(content))
    read = read_detections(folder)
    assert read.skeleton == COCO_18 and len(read.frame) == len(there(people()))


def test_another_models_18th_joint_is_not_taken_for_the_neck(tmp_path):
    path = tmp_path / "alphapose-results.json"
    path.write_text(json.dumps(by_image(people(26), "open")))
    with pytest.raises(GeoselfError, match="px from the middle of the shoulders") as error:
        read_detections(path)
    assert error.value.code == DATA and "without --format" in str(error.value)


@pytest.mark.parametrize("odd", [None, [], {"people": 3}, {"people": [4]}, {"people": [{}]}])
def test_odd_content_is_refused(tmp_path, odd):
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"0.jpg": odd}))
    with pytest.raises(GeoselfError, match=r"a\.json"):
        read_detections(path, format="alphapose")


@pytest.mark.parametrize(("apart", "fits"), [(1.95, True), (2.05, False)])
def test_a_neck_up_to_2_px_from_the_middle_of_the_shoulders_is_one(tmp_path, apart, fits):
    images = by_image(people(), "open")
    for image in images.values():
        for one in image["people"]:
            one["pose_keypoints_2d"][3] += apart
    path = tmp_path / "a.json"
    path.write_text(json.dumps(images))
    if fits:
        assert read_detections(path).skeleton == COCO_18
        return
    with pytest.raises(GeoselfError, match="the neck is 2 px from the middle"):
        read_detections(path)
