"""Ultralytics' text (its format is `%g` of each number) and summaries come back as pixels."""

import json
from pathlib import Path

import numpy as np
import pytest
from detection_files import FRAMES, people, there

from geoself_jax.core.errors import DATA, GeoselfError
from geoself_jax.data.skeletons import COCO_17, HALPE_26
from geoself_jax.prepare.calibrations import recognize_calibration
from geoself_jax.prepare.detections import DETECTIONS, read_detections, recognize_detections
from geoself_jax.prepare.detections.yolo_layout import layout_of

SIZE = (1920, 1080)


def box_of(joints):
    """Middle, width and height of the box about the joints that were found."""
    low, high = joints[joints.any(1)].min(0), joints[joints.any(1)].max(0)
    return [*(low + high) / 2, *(high - low)]


def text(folder, found, *, name="video_{}.txt", confidence=False, track=False, size=3):
    """save_txt of a video: no file of frame 8, in which nobody is."""
    folder.mkdir()
    for p, f in there(found):
        joints = found[p, f] / [*SIZE, 1]
        rest = [0.75] * confidence + [p + 1] * track
        line = [0, *box_of(joints[:, :2]), *joints[:, :size].ravel(), *rest]
        with (folder / name.format(f + 1)).open("a") as file:
            file.write(("%g " * len(line)).rstrip() % tuple(line) + "\n")
    return folder


def summary(path, found, *, normalize=False, track=False):
    scale = [*SIZE, 1] if normalize else [1, 1, 1]
    frames = [[] for _ in range(found.shape[1])]
    for p, f in there(found):
        x, y, visible = (found[p, f] / scale).T.round(5).tolist()
        one = {"name": "person", "class": 0, "confidence": 0.9, "box": {"x1": 0.0, "y1": 0.0}}
        one |= {"track_id": p + 1} if track else {}
        frames[f].append({**one, "keypoints": {"x": x, "y": y, "visible": visible}})
    path.write_text(json.dumps(frames))
    return path


def same(read, found, first, tracked):
    assert read.skeleton == COCO_17 and len(read.frame) == len(there(found))
    assert (read.track >= 0).all() == tracked
    for row, (p, f) in enumerate(sorted(there(found), key=lambda pair: pair[1])):
        assert read.frame[row] == f + first
        seen = found[p, f, :, 2] > 0
        np.testing.assert_allclose(
            read.keypoints_2d[row, seen], found[p, f, seen, :2], atol=0.02, rtol=1e-5
        )
        np.testing.assert_allclose(read.confidence[row], found[p, f, :, 2], atol=1e-5)
        if tracked:
            assert read.track_names[read.track[row]] == str(p + 1)


@pytest.mark.parametrize("track", [False, True])
@pytest.mark.parametrize("confidence", [False, True])
def test_text_comes_back_in_pixels_by_the_files_numbers(tmp_path, confidence, track):
    path = text(tmp_path / "cam1", people(), confidence=confidence, track=track)
    assert {kind for kind in DETECTIONS if recognize_detections(path, kind)} == {"yolo"}
    assert recognize_calibration(path) == {}
    read = read_detections(path, image_size=SIZE)
    same(read, people(), 0, track)
    assert (read.frames, read.counted_from) == (FRAMES, 1)
    assert "multiplied by 1920 x 1080" in read.notes[-1]
    with pytest.raises(GeoselfError, match=r"fractions of the image.*--image-size"):
        read_detections(path)


@pytest.mark.parametrize("track", [False, True])
@pytest.mark.parametrize("normalize", [False, True])
def test_summaries_come_back_in_pixels(tmp_path, normalize, track):
    path = summary(tmp_path / "cam1.json", people(), normalize=normalize, track=track)
    assert {kind for kind in DETECTIONS if recognize_detections(path, kind)} == {"yolo"}
    read = read_detections(path, image_size=SIZE)
    same(read, people(), 0, track)
    assert read.frames == FRAMES and read.first == 0


def test_a_second_run_that_appended_the_same_lines_counts_once(tmp_path):
    path = text(tmp_path / "cam1", people())
    for file in path.iterdir():
        file.write_text(file.read_text() * 2)
    assert len(read_detections(path, image_size=SIZE).frame) == len(there(people()))


def test_labels_of_a_data_set_have_flags_and_no_scores(tmp_path):
    found = people()
    found[..., 2] = np.where(found[..., 2] > 0, 1 + (np.arange(17) % 2), 0)
    read = read_detections(text(tmp_path / "cam1", found), image_size=SIZE)
    assert set(np.unique(read.confidence)) == {0, 1} and "0, 1 or 2" in read.notes[0]


def person(joints, frames=FRAMES, image=0.3):
    """One person whose joints take up `image` of it, who walks through it."""
    found = people(joints, frames)
    found[1], found[0, found[0, ..., 2] == 0] = 0, 200
    middle = np.linspace(0.2, 0.8, frames)[:, None, None] * [SIZE]
    found[0, ..., :2] = middle + image * (found[0, ..., :2] - 500)
    found[0, ..., 2] = np.clip(found[0, ..., 2], 0.2, 1)
    return found


@pytest.mark.parametrize("track", [False, True])
@pytest.mark.parametrize("confidence", [False, True])
@pytest.mark.parametrize("joints", [17, 25, 26, 33])
def test_joints_without_visibility_are_known_by_their_boxes(tmp_path, joints, confidence, track):
    found = person(joints)
    path = text(tmp_path / "cam1", found, size=2, confidence=confidence, track=track)
    read = read_detections(path, image_size=SIZE)
    assert read.skeleton.joints == joints and (read.confidence == 1).all()
    np.testing.assert_allclose(read.keypoints_2d, found[0, ..., :2], atol=0.02)
    assert f"read as {joints} joints of x, y: all confidences are 1" in read.notes[-2]
    read = read_detections(path, skeleton=read.skeleton, image_size=SIZE)
    assert "x, y: all confidences are 1" in read.notes[-2]


@pytest.mark.parametrize("image", [0.3, 0.9])
@pytest.mark.parametrize("confidence", [False, True])
def test_joints_with_visibility_are_known_by_their_boxes(tmp_path, confidence, image):
    found = person(17, image=image)
    found[..., 2] = np.maximum(found[..., 2], 0.7) * (found[..., 2] > 0)
    path = text(tmp_path / "cam1", found, confidence=confidence)
    read = read_detections(path, image_size=SIZE)
    np.testing.assert_allclose(read.confidence, found[0, ..., 2], atol=1e-5)
    assert "read as 17 joints of x, y, visibility" in read.notes[-2]


@pytest.mark.parametrize("joints", [27, 38, 39])
def test_another_number_of_joints_is_not_read_as_a_known_one(tmp_path, joints):
    path = text(tmp_path / "cam1", person(joints), size=2)
    with pytest.raises(GeoselfError, match=f"cam1: {joints} joints a body - .*--skeleton"):
        read_detections(path, image_size=SIZE)


def test_joints_that_lie_in_the_boxes_either_way_are_refused(tmp_path):
    found = people(26)
    found[..., :2] = found[..., :2] / 1000 * SIZE
    found[..., 2] = found[..., 2] > 0
    path = text(tmp_path / "cam1", found, size=2)
    words = (
        r"may be (26 joints of x, y or )?17 joints of x, y, visibility.*either way - .*--skeleton"
    )
    with pytest.raises(GeoselfError, match=words) as error:
        read_detections(path, image_size=SIZE)
    assert error.value.code == DATA
    read = read_detections(path, skeleton=HALPE_26, image_size=SIZE)
    assert read.skeleton == HALPE_26 and len(read.frame) == len(there(found))


@pytest.mark.parametrize(("sides", "fits"), [(0.55, True), (0.99, True), (1.01, False)])
def test_joints_a_box_away_from_their_box_are_the_last_that_count(sides, fits):
    row = np.tile([0.5 + 0.1 * (0.5 + sides), 0.5, 0.9], 17)
    lines = [np.array([0.0, 0.5, 0.5, 0.1, 0.1, *row])]
    if fits:
        assert layout_of(Path("cam1"), ["line 1"], lines, 17) == (17, 3)
        return
    with pytest.raises(GeoselfError, match="joints lie outside of their boxes"):
        layout_of(Path("cam1"), ["line 1"], lines, 17)


@pytest.mark.parametrize(("outside", "fits"), [(17, True), (18, False)])
def test_a_tenth_of_the_joints_may_lie_outside_of_their_boxes(outside, fits):
    rows = np.tile([0.5, 0.5, 0.9], (10 * 17, 1))
    rows[:outside, 0] = 0.9
    lines = [np.array([0.0, 0.5, 0.5, 0.1, 0.1, *row]) for row in rows.reshape(10, -1)]
    if fits:
        assert layout_of(Path("cam1"), ["line"] * 10, lines, 17) == (17, 3)
        return
    with pytest.raises(GeoselfError, match="joints lie outside of their boxes"):
        layout_of(Path("cam1"), ["line"] * 10, lines, 17)


@pytest.mark.parametrize(("visibility", "fits"), [(0.685, True), (0.67, False)])
def test_where_people_fill_the_image_joints_nearer_to_the_middle_decide(visibility, fits):
    """Joints are 0.1 from the middle; read as pairs, each third number is the visibility."""
    lines = [np.array([0.0, 0.5, 0.5, 1.0, 1.0, *np.tile([0.6, 0.4, visibility], 17)])]
    if fits:
        assert layout_of(Path("cam1"), ["line 1"], lines, None) == (17, 3)
        return
    with pytest.raises(GeoselfError, match="joints lie in the boxes either way"):
        layout_of(Path("cam1"), ["line 1"], lines, None)


def test_files_of_two_videos_in_one_folder_are_refused(tmp_path):
    path = text(tmp_path / "labels", people(), name="cam1_{}.txt")
    first = next(path.iterdir())
    (path / "cam2_1.txt").write_text(first.read_text())
    with pytest.raises(GeoselfError, match=r"2 videos, cam1_\*, cam2_\* - .*name=CAMERA") as error:
        read_detections(path, image_size=SIZE)
    assert error.value.code == DATA


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda line: line.rsplit(" ", 1)[0] + " x", "line 1 of video_1.txt"),
        (lambda line: line.rsplit(" ", 3)[0], "48 numbers after its box"),
        (lambda line: "1" + line[1:], "classes 0, 1"),
    ],
)
def test_a_line_that_is_no_person_is_refused(tmp_path, change, words):
    path = text(tmp_path / "cam1", people())
    lines = (path / "video_1.txt").read_text().splitlines()
    (path / "video_1.txt").write_text("\n".join([change(lines[0]), *lines[1:]]))
    with pytest.raises(GeoselfError) as error:
        read_detections(path, format="yolo", image_size=SIZE)
    assert words in str(error.value) and error.value.code == DATA


@pytest.mark.parametrize("odd", [None, [], 3, "x", {"x": 1}, {"x": [1], "y": [1, 2]}])
def test_an_odd_summary_is_refused(tmp_path, odd):
    path = summary(tmp_path / "cam1.json", people())
    content = json.loads(path.read_text())
    content[1][0]["keypoints"] = odd
    path.write_text(json.dumps(content))
    with pytest.raises(GeoselfError, match=r"cam1\.json: the keypoints of instance 0 of frame 1"):
        read_detections(path, image_size=SIZE)


def test_boxes_without_joints_are_no_poses(tmp_path):
    (tmp_path / "cam1").mkdir()
    (tmp_path / "cam1" / "video_1.txt").write_text("0 0.5 0.5 0.2 0.6 0.9\n")
    assert recognize_detections(tmp_path / "cam1") is None


@pytest.mark.parametrize(("start", "digits", "base"), [(0, 1, 0), (1, 1, 1), (1, 6, 0), (7, 1, 1)])
def test_a_videos_first_frame_is_1_and_images_have_their_own_numbers(tmp_path, start, digits, base):
    path = text(tmp_path / "cam1", people())
    for file in [*path.iterdir()]:
        number = int(file.stem.partition("_")[2]) - 1 + start
        file.rename(path / f"n_{number:0{digits}}.txt")
    read = read_detections(path, image_size=SIZE)
    assert (int(read.frame[0]), read.counted_from) == (start - base, base)
