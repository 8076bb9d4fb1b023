"""OpenPifPaf's folders and lines, written as its annotation.py, predict.py and video.py do."""

import json

import numpy as np
import pytest
from detection_files import FRAMES, openpifpaf, openpifpaf_video, people, predictions, there

from geoself_jax.core.errors import DATA, GeoselfError
from geoself_jax.data.skeletons import COCO_17, COCO_23, Skeleton
from geoself_jax.prepare.common_clock import common_clock
from geoself_jax.prepare.detections import read_detections
from geoself_jax.prepare.match_cameras import match_cameras

BOX = {"category_id": 3, "category": "car", "score": 0.4, "bbox": [1.0, 2.0, 3.0, 4.0]}


def lines(path, frames):
    """(number, people) of each frame as a video's file."""
    path.write_text("".join(json.dumps({"frame": n, "predictions": p}) + "\n" for n, p in frames))
    return path


def of_video(path, found):
    return lines(path, [(f + 1, predictions(found, f)) for f in range(found.shape[1])])


def test_images_and_video_are_the_same_people_and_every_frame_is_listed(tmp_path):
    found = people().round(2)
    folder = read_detections(openpifpaf(tmp_path / "cam1", found))
    video = read_detections(openpifpaf_video(tmp_path / "cam1.json", found))
    assert folder.frames == video.frames == FRAMES and folder.first == video.first == 0
    assert (folder.counted_from, video.counted_from) == (0, 1)
    assert folder.frame.tolist() == video.frame.tolist() == sorted(f for _, f in there(found))
    for name in ("keypoints_2d", "confidence"):
        np.testing.assert_array_equal(getattr(folder, name), getattr(video, name))
    assert video.track_names == ("1", "2") and set(folder.track) == {-1}
    row = [p for p, f in there(found) if f == 0].index(1)
    np.testing.assert_allclose(video.keypoints_2d[row], found[1, 0, :, :2], rtol=1e-6)


def test_empty_frames_at_either_end_count(tmp_path):
    empty = [(n, []) for n in (1, 2, 3)]
    there = [(n, predictions(people(), n)) for n in (4, 5)]
    read = read_detections(lines(tmp_path / "cam.json", [*empty, *there, (6, []), (7, [])]))
    assert set(read.frame) == {3, 4} and (read.first, read.frames) == (0, 7)
    folder = openpifpaf(tmp_path / "cam", people())
    for number in (0, 1, FRAMES - 1, FRAMES - 2):
        (folder / f"video_{number:06d}.jpg.predictions.json").write_text("[]")
    read = read_detections(folder)
    assert (read.frame.min(), read.first, read.frames) == (2, 0, FRAMES)


def test_a_video_from_a_later_frame_on_keeps_its_numbers_next_to_a_folder_of_images(tmp_path):
    late = read_detections(lines(tmp_path / "a.json", [(5, predictions(people(), 4))]))
    assert late.frame.tolist() == [4] and late.first == 4
    folder = read_detections(openpifpaf(tmp_path / "b", people()))
    (late, _), _ = common_clock([late, folder], ["a", "b"])
    assert late.frame.tolist() == [5]  # the clock is that of the files


def test_a_video_that_some_program_counts_from_0_starts_there(tmp_path):
    content = [(n, predictions(people(), n)) for n in (0, 1)]
    read = read_detections(lines(tmp_path / "a.jsonl", content))
    assert set(read.frame) == {0, 1} and read.counted_from == 0


def test_of_a_whole_body_the_body_is_read_and_other_bodies_need_their_joints(tmp_path):
    read = read_detections(of_video(tmp_path / "w.json", people(133)))
    assert read.skeleton == COCO_23
    for joints in (14, 20, 24, 66):  # CrowdPose, animals, cars
        path = of_video(tmp_path / f"{joints}.json", people(joints))
        with pytest.raises(GeoselfError, match=f"{joints} joints a body.*--skeleton=FILE.toml"):
            read_detections(path)
        given = Skeleton(tuple(f"j{i}" for i in range(joints)), (-1, *[0] * (joints - 1)), (), 0)
        assert read_detections(path, skeleton=given).skeleton == given


def test_joints_that_force_complete_pose_fills_are_missing_and_said(tmp_path):
    found = people()
    found[:, :, 9] = np.where(found[:, :, 7] > 0, found[:, :, 7] * [1, 1, 0] + [0, 0, 0.01], 0)
    read = read_detections(of_video(tmp_path / "a.json", found))
    assert (read.confidence[:, 9] == 0).all() and np.isnan(read.keypoints_2d[:, 9]).all()
    assert "19 joints with a confidence of at most 0.01 are read as missing" in read.notes[0]
    found[:, :, 9, 2] *= 2
    assert (read_detections(of_video(tmp_path / "b.json", found)).confidence[:, 9] > 0).all()


def upright(order):
    """One person 400 px tall, walking, in COCO's or PoseTrack's order."""
    place = {"nose": (0, 0), "head_bottom": (2, 40), "head_top": (-2, -35), "left_eye": (7, -8),
             "right_eye": (-7, -8), "shoulder": (45, 60), "hip": (30, 190)}  # fmt: skip
    body = np.array([(side * place[part][0], place[part][1]) for part in
                     ("shoulder", "shoulder", "shoulder", "hip", "hip", "hip")
                     for side in (1, -1)], float)  # fmt: skip
    head = [place["nose"], *(place[each] for each in order), (0, 0), (0, 0)]
    joints = np.concatenate([head, body]) + 500
    found = np.concatenate([joints, np.full((17, 1), 0.8)], -1)
    found[3:5] = 0
    return np.stack([found + [3 * f, 0, 0] * (found[:, 2:] > 0) for f in range(8)])[None]


def test_posetracks_17_joints_are_not_read_as_cocos(tmp_path):
    path = of_video(tmp_path / "a.json", upright(("head_bottom", "head_top")))
    with pytest.raises(GeoselfError, match=r"joints 1 and 2 are 75 px apart.*PoseTrack") as error:
        read_detections(path)
    assert error.value.code == DATA
    assert read_detections(path, skeleton=COCO_17).skeleton == COCO_17  # as given
    backs = of_video(tmp_path / "b.json", upright(("left_eye", "right_eye")))
    assert read_detections(backs).skeleton == COCO_17
    with_ears = upright(("head_bottom", "head_top"))
    with_ears[:, :, 3:5] = with_ears[:, :, :1]
    assert read_detections(of_video(tmp_path / "c.json", with_ears)).skeleton == COCO_17


def test_boxes_next_to_people_are_left_out_and_said_and_boxes_alone_refused(tmp_path):
    content = [(f + 1, [BOX, *predictions(people(), f)]) for f in range(3)]
    read = read_detections(lines(tmp_path / "a.json", content))
    assert len(read.frame) == 6 and "3 boxes without keypoints are left out" in read.notes[0]
    with pytest.raises(GeoselfError, match=r"2 boxes, and nobody with keypoints - .*cocodet"):
        read_detections(lines(tmp_path / "b.json", [(1, [BOX]), (2, [BOX])]))


def test_files_by_their_usual_names_find_their_cameras(tmp_path):
    for name in ("cam1", "cam2"):
        openpifpaf_video(tmp_path / f"{name}.mp4.openpifpaf.json", people())
    match = match_cameras(tmp_path, ["cam1", "cam2"], {}, "auto")
    assert match.certain and match.paths["cam2"].name == "cam2.mp4.openpifpaf.json"


ONE = predictions(people(), 0)
REFUSED = {
    "cut": (
        '{"frame":1,"predictions":[]}\n{"frame":2,"predictions":[{"keyp',
        "line 2, column 28 - not JSON: it is cut",
    ),
    "no JSON between": ('{"frame":1,"predictions":[]}\n\nhello\n', "line 3, column 1"),
    "a list": ('{"frame":1,"predictions":[]}\n[]\n', "line 2: frame 'None' - wanted a number"),
    "frame below 0": ('{"frame":1,"predictions":[]}\n{"frame":-2}', "line 2: frame '-2'"),
    "twice": (
        '{"frame":1,"predictions":[]}\n{"frame":1,"predictions":[]}',
        "frame 1 is in line 1 and in line 2 - a file holds the frames of one video",
    ),
    "no people": ('{"frame":1,"predictions":[]}\n{"frame":2}', "no list of people in line 2"),
    "nobody": ('{"frame":1,"predictions":[]}\n', "nobody in any frame"),
    "track": (
        json.dumps({"frame": 1, "predictions": [{**ONE[0], "id_": "x"}]}),
        "id_ 'x' of person 0 of line 1",
    ),
    "keypoints": (
        json.dumps({"frame": 1, "predictions": [ONE[0], {**ONE[1], "keypoints": [1.0] * 50}]}),
        r"the keypoints of person 1 of line 1 are an array of shape \(50,\)",
    ),
    "one image's": (
        json.dumps(ONE),
        "people of one image, as OpenPifPaf.*a folder that is there as its json-output",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_damaged_file_is_one_line_with_its_place(tmp_path, case):
    content, words = REFUSED[case]
    path = tmp_path / "cam.json"
    path.write_text(content)
    with pytest.raises(GeoselfError, match=words) as error:
        read_detections(path)
    assert error.value.code == DATA and str(error.value).isprintable()
    assert "cam.json" in str(error.value)


def test_a_folder_with_broken_files_names_them_and_with_two_cameras_is_refused(tmp_path):
    folder = openpifpaf(tmp_path / "cam", people())
    names = sorted(path.name for path in folder.iterdir())
    for name in names[2:4]:
        (folder / name).write_text((folder / name).read_text()[:-1])
    with pytest.raises(GeoselfError) as error:
        read_detections(folder)
    assert all(f"{name}, line 1" in str(error.value) for name in names[2:4])
    both = openpifpaf(tmp_path / "both", people())
    (both / "other_000003.jpg.predictions.json").write_text("[]")
    (both / "video_000003.jpg").touch()  # the image itself
    with pytest.raises(GeoselfError, match=r"two files of frame 3.*give each camera a folder"):
        read_detections(both)


def test_a_file_larger_than_allowed_is_not_read(tmp_path):
    path = openpifpaf_video(tmp_path / "cam.json", people())
    with pytest.raises(GeoselfError, match="bytes, over 1000"):
        read_detections(path, max_bytes=1000)
