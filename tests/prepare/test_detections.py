"""Detections: files written in each detector's layout by other libraries come back as they were."""

import json

import h5py
import numpy as np
import pytest
from calibration_files import known_rig
from detection_files import (
    FRAMES,
    LAYOUTS,
    NAMES,
    alphapose,
    coco,
    frame_of,
    openpose,
    people,
    sleap,
    there,
)
from test_calibrations import WRITERS
from tiny import make_arrays

from geoself_jax.core.errors import GeoselfError
from geoself_jax.core.skeleton import H36M_17, Skeleton
from geoself_jax.data.skeletons import BODY_25, BODY_25B, COCO_17, COCO_23, HALPE_26
from geoself_jax.prepare.calibrations import recognize_calibration
from geoself_jax.prepare.detections import DETECTIONS, read_detections, recognize_detections


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_was_written_is_read_back(tmp_path, layout):
    write, name, _, tracked = LAYOUTS[layout]
    found = people()
    read = read_detections(write(tmp_path / name, found))
    assert read.skeleton == COCO_17 and read.frames == FRAMES
    assert sorted(read.frame.tolist()) == read.frame.tolist()
    assert len(read.frame) == len(there(found))
    for row, frame in enumerate(read.frame):
        if tracked:
            person = int(read.track_names[read.track[row]][-1]) - 1
        else:
            person = [p for p, f in there(found) if f == frame][
                row - int(np.flatnonzero(read.frame == frame)[0])
            ]
        wanted = found[person, frame]
        missing = wanted[:, 2] == 0
        np.testing.assert_allclose(
            read.keypoints_2d[row][~missing], wanted[~missing, :2], rtol=1e-6
        )
        np.testing.assert_allclose(read.confidence[row], wanted[:, 2], rtol=1e-6)
        assert np.isnan(read.keypoints_2d[row][missing]).all()
    assert (read.track >= 0).all() == tracked


@pytest.mark.parametrize("layout", LAYOUTS)
def test_each_layout_is_recognized_as_itself_only_and_never_as_a_calibration(tmp_path, layout):
    write, name, kind, _ = LAYOUTS[layout]
    path = write(tmp_path / name, people())
    for other in DETECTIONS:
        assert bool(recognize_detections(path, other)) == (other == kind), other
    assert recognize_calibration(path) == {}


@pytest.mark.parametrize(
    ("joints", "given", "wanted"),
    [(25, None, BODY_25), (25, BODY_25B, BODY_25B), (26, None, HALPE_26), (17, H36M_17, H36M_17)],
)
def test_unnamed_joints_are_the_usual_ones_by_number_or_those_given(
    tmp_path, joints, given, wanted
):
    path = openpose(tmp_path / "cam", people(joints))
    read = read_detections(path, skeleton=given)
    assert read.skeleton == wanted
    assert bool(read.assumed) == (given is None), read.assumed


@pytest.mark.parametrize("layout", LAYOUTS)
def test_that_joints_have_no_names_is_marked_where_it_is_so(tmp_path, layout):
    write, name, kind, _ = LAYOUTS[layout]
    read = read_detections(write(tmp_path / name, people()))
    named = kind in ("deeplabcut", "sleap") or layout == "mmpose"
    assert read.assumed == ("" if named else "coco_17")


def test_frames_of_one_rig_keep_their_numbers(tmp_path):
    path = openpose(tmp_path / "cam", people())
    for file in sorted(path.iterdir())[:3]:
        file.unlink()  # recorded from frame 3 on
    read = read_detections(path)
    assert read.frame[0] == 3 and read.frames == FRAMES


def test_cocos_visibility_is_a_flag_and_no_score(tmp_path):
    found = people()
    marks = [
        {"id": n, "image_id": 100 + f, "category_id": 1, "num_keypoints": 17, "bbox": [0, 0, 1, 1],
         "keypoints": np.concatenate(
             [found[p, f, :, :2], np.where(found[p, f, :, 2:] > 0, 1 + (n % 2), 0)], -1
         ).ravel().tolist()}
        for n, (p, f) in enumerate(there(found))
    ]  # fmt: skip
    images = [{"id": 100 + f, "file_name": f"cam1_{f:06d}.jpg"} for f in range(FRAMES)]
    path = tmp_path / "marks.json"
    path.write_text(json.dumps({"images": images, "annotations": marks, "categories": []}))
    read = read_detections(path)
    assert set(np.unique(read.confidence)) == {0, 1}
    assert set(read.frame.tolist()) == {f for _, f in there(found)}


def test_scores_above_1_are_left_as_they_are(tmp_path):
    found = people() * [1, 1, 6]
    read = read_detections(alphapose(tmp_path / "a.json", found))
    assert 4 < read.confidence.max() <= 6


@pytest.mark.parametrize("layout", ["table", "fixed", "csv"])
def test_deeplabcuts_rows_are_numbered_by_their_labels(tmp_path, layout):
    found = people()
    table = frame_of(found)
    cut = table.iloc[[7, 5, 3]]  # frames 3, 5 and 7, the last first
    twice = table.iloc[[3, 5, 3]]
    named = table.set_axis([f"labeled-data/v/img{9 - f}.png" for f in range(FRAMES)])

    def written(values):
        path = tmp_path / f"cam{'.csv' if layout == 'csv' else '.h5'}"
        if layout == "csv":
            values.to_csv(path)
        else:
            values.to_hdf(path, key="df_with_missing", format=layout, mode="w")
        return path

    read = read_detections(written(cut))
    assert read.frame.tolist() == [3, 3, 5, 7, 7] and read.frames == 8
    np.testing.assert_allclose(read.keypoints_2d[2], found[0, 5, :, :2], rtol=1e-6)
    with pytest.raises(GeoselfError, match="frame 3 has two rows"):
        read_detections(written(twice))
    if layout == "fixed":  # pandas writes unsigned labels in this one alone
        unsigned = table.set_axis(np.arange(FRAMES, dtype=np.uint64))
        assert read_detections(written(unsigned)).frames == FRAMES
        far = table.set_axis(np.array([*range(FRAMES - 1), 2**63], np.uint64))
        with pytest.raises(GeoselfError, match="frame 9223372036854775808 is too large"):
            read_detections(written(far))
    counted = read_detections(written(named))
    assert counted.frame.tolist() == sorted(f for _, f in there(found))


def test_the_tiny_recordings_views_come_back_from_every_layout(tmp_path):
    arrays = make_arrays()
    first = arrays["clip_id"] == 0
    for view in range(4):
        values = np.concatenate(
            [arrays["keypoints_2d"][first, view], arrays["confidence"][first, view, :, None]], -1
        )
        values = np.nan_to_num(values)[None].repeat(2, 0)
        values[1] = 0
        for layout, (write, name, kind, _) in LAYOUTS.items():
            if "csv" in layout or "fixed" in layout or (view and kind in ("deeplabcut", "sleap")):
                continue
            folder = tmp_path / f"{layout}{view}"
            folder.mkdir()
            unnamed = kind in ("openpose", "alphapose", "coco", "openpifpaf")
            given = H36M_17 if unnamed else None
            read = read_detections(write(folder / name, values), skeleton=given)
            seen = read.confidence > 0
            np.testing.assert_allclose(
                read.keypoints_2d[seen], values[0][read.frame][seen][:, :2], atol=1e-4
            )


@pytest.mark.parametrize("format", WRITERS)
def test_a_calibration_is_not_taken_for_detections(tmp_path, format):
    WRITERS[format](known_rig(), tmp_path)
    (file,) = tmp_path.iterdir()
    assert recognize_detections(file) is None and recognize_detections(tmp_path) is None


def test_a_person_without_a_joint_is_left_out_and_the_frame_counts(tmp_path):
    found = people()
    path = openpose(tmp_path / "cam", found)
    last = {"people": [{"person_id": [-1], "pose_keypoints_2d": [0.0] * 51}]}
    (path / f"video_{FRAMES + 4:012d}_keypoints.json").write_text(json.dumps(last))
    (path / "._video_000000000000_keypoints.json").write_bytes(b"\xff\x00")  # macOS writes such
    read = read_detections(path)
    assert len(read.frame) == len(there(found)) and read.frames == FRAMES + 5


def test_images_without_annotations_count(tmp_path):
    images = [{"id": 7 * f, "file_name": f"cam1/{f:06d}.jpg"} for f in range(30)]
    mark = {"image_id": 7 * 3, "category_id": 1, "keypoints": [5.0, 6.0, 2] * 17}
    nobody = {"image_id": 7 * 4, "category_id": 1, "keypoints": [0] * 51, "iscrowd": 1}
    path = tmp_path / "marks.json"
    path.write_text(json.dumps({"info": {}, "images": images, "annotations": [mark, nobody]}))
    read = read_detections(path)
    assert read.frame.tolist() == [3] and read.frames == 30


@pytest.mark.parametrize("label", ["{}", "{}.0", "[{}.0]"])
def test_alphaposes_tracks_have_one_name_however_they_are_written(tmp_path, label):
    path = alphapose(tmp_path / "a.json", people())
    entries = json.loads(path.read_text())
    for entry in entries:
        entry["idx"] = json.loads(label.format(entry["idx"]))
    path.write_text(json.dumps(entries))
    assert set(read_detections(path).track_names) == {"1", "2"}


def test_sleaps_axes_are_in_the_order_that_the_file_says(tmp_path):
    found = people()
    usual = read_detections(sleap(tmp_path / "usual.h5", found))
    with h5py.File(sleap(tmp_path / "other.h5", found), "a") as file:
        for name, axes, dims in (
            ("tracks", (3, 0, 2, 1), ["frame", "track", "node", "xy"]),
            ("point_scores", (2, 0, 1), ["frame", "track", "node"]),
        ):
            values = file[name][()].transpose(axes)
            del file[name]
            file[name] = values
            file[name].attrs["dims"] = np.bytes_(json.dumps(dims))
    other = read_detections(tmp_path / "other.h5")
    np.testing.assert_array_equal(other.keypoints_2d, usual.keypoints_2d)
    np.testing.assert_array_equal(other.confidence, usual.confidence)
    np.testing.assert_array_equal(other.frame, usual.frame)
    with h5py.File(tmp_path / "other.h5", "a") as file:
        file["tracks"].attrs["dims"] = json.dumps(["frame", "track", "node", "z"])
    with pytest.raises(GeoselfError, match="tracks has dims frame track node z - wanted track xy"):
        read_detections(tmp_path / "other.h5")


def test_joints_that_sleaps_user_placed_by_hand_are_sure(tmp_path):
    with h5py.File(sleap(tmp_path / "cam.h5", people()), "a") as file:
        file["point_scores"][0, :, 1] = np.nan
    read = read_detections(tmp_path / "cam.h5")
    by_hand = (read.frame == 1) & (read.track == read.track_names.index("p1"))
    assert (read.confidence[by_hand] == 1).all() and (read.confidence[~by_hand] < 1).all()


def test_a_folder_of_body_25b_is_not_read_as_body_25(tmp_path):
    found = np.random.default_rng(3).uniform(0, 400, (2, 5, 25, 3))
    found[..., :5, :2] = [500, 300] + found[..., :5, :2] / 20  # nose, eyes, ears
    found[..., 2] = 0.9
    path = openpose(tmp_path / "cam", found)
    with pytest.raises(GeoselfError, match="--skeleton=body_25b"):
        read_detections(path)
    assert read_detections(path, skeleton=BODY_25B).skeleton == BODY_25B
    assert read_detections(path, skeleton=BODY_25).skeleton == BODY_25  # as given
    order = [0, *range(5, 15), 15, 16, 17, 18, 1, 2, 3, 4, *range(19, 25)]
    usual = read_detections(openpose(tmp_path / "usual", found[:, :, order]))
    assert usual.skeleton == BODY_25


def test_an_entry_with_an_empty_list_of_keypoints_is_nobody(tmp_path):
    path = openpose(tmp_path / "cam", people())
    file = sorted(path.iterdir())[5]
    content = json.loads(file.read_text())
    content["people"].insert(0, {"person_id": [-1], "pose_keypoints_2d": []})
    file.write_text(json.dumps(content))
    assert len(read_detections(path).frame) == len(there(people()))
    for layout, key in (("coco", None), ("alphapose", None), ("mmpose", "instance_info")):
        path = LAYOUTS[layout][0](tmp_path / f"{layout}.json", people())
        content = json.loads(path.read_text())
        nobody = {"image_id": "5.jpg", "keypoints": [], "keypoint_scores": []}
        if key:
            content[key][5]["instances"].append(nobody)
        else:
            content.append({**nobody, "image_id": content[0]["image_id"]})
        path.write_text(json.dumps(content))
        assert len(read_detections(path).frame) == len(there(people()))


@pytest.mark.parametrize("category", [0, 17])
def test_the_only_category_is_taken_and_said(tmp_path, category):
    path = coco(tmp_path / "cam.json", people())
    entries = json.loads(path.read_text())[:-1]
    path.write_text(json.dumps([{**entry, "category_id": category} for entry in entries]))
    read = read_detections(path)
    assert len(read.frame) == len(there(people()))
    assert read.notes == (f"{path}: category_id {category}, the only one, is taken",)
    path.write_text(json.dumps([{**e, "category_id": n % 2 * 2} for n, e in enumerate(entries)]))
    with pytest.raises(GeoselfError, match="category_id 0, 2 - none is 1"):
        read_detections(path)


@pytest.mark.parametrize(
    ("joints", "wanted"), [(133, COCO_23), (136, HALPE_26)], ids=["wholebody", "halpe"]
)
@pytest.mark.parametrize("layout", ["openpose", "alphapose", "mmpose"])
def test_of_a_whole_body_the_body_is_taken_and_said(tmp_path, layout, joints, wanted):
    found = people(joints)
    write, name, _, _ = LAYOUTS[layout]
    path = write(tmp_path / name, found)
    if layout == "mmpose":
        content = json.loads(path.read_text())
        content["meta_info"] = {"keypoint_id2name": {str(i): f"j{i}" for i in range(joints)}}
        path.write_text(json.dumps(content))
    read = read_detections(path)
    assert read.skeleton == wanted
    first = found[[p for p, f in there(found) if f == 0], 0, : wanted.joints, :2]
    np.testing.assert_allclose(
        np.sort(read.keypoints_2d[read.frame == 0], 0), np.sort(first, 0), rtol=1e-6
    )
    said = f"{joints} joints the first {wanted.joints} are taken"
    assert any(said in note for note in read.notes)
    assert read_detections(path, skeleton=COCO_17).skeleton == COCO_17
    with pytest.raises(GeoselfError, match=f"{joints} joints a body - --skeleton has 17"):
        read_detections(path, skeleton=H36M_17)


def test_a_joint_at_exactly_0_0_is_missing_and_said(tmp_path):
    found = people()
    found[0, 0, 7] = [0, 0, 0.4]
    path = coco(tmp_path / "cam.json", found)
    read = read_detections(path)
    assert read.confidence[0, 7] == 0 and "1 joints at exactly 0, 0" in read.notes[-1]


def test_an_empty_file_is_refused_as_such(tmp_path):
    (tmp_path / "cam.csv").touch()
    with pytest.raises(GeoselfError, match=r"cam\.csv: an empty file - 0 bytes"):
        read_detections(tmp_path / "cam.csv")


@pytest.mark.parametrize("layout", ["deeplabcut csv", "sleap csv"])
def test_a_csv_that_a_spreadsheet_marked_as_utf8_is_recognized(tmp_path, layout):
    write, name, _, _ = LAYOUTS[layout]
    path = write(tmp_path / name, people())
    plain = read_detections(path)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    np.testing.assert_array_equal(read_detections(path).keypoints_2d, plain.keypoints_2d)


NAMED = ("mmpose", "deeplabcut", "deeplabcut csv", "sleap", "sleap csv")


@pytest.mark.parametrize("layout", NAMED)
def test_joints_are_taken_by_name_in_the_skeletons_order_and_others_said(tmp_path, layout):
    write, name, _, _ = LAYOUTS[layout]
    path = write(tmp_path / name, people())
    whole = read_detections(path)
    for wanted in (NAMES[::-1], ["right_knee", "nose", "left_hip"]):
        given = Skeleton(tuple(wanted), (-1, *[0] * (len(wanted) - 1)), (), 0)
        read = read_detections(path, skeleton=given)
        order = [NAMES.index(each) for each in wanted]
        rows = (whole.confidence[:, order] > 0).any(1)
        assert read.skeleton == given
        np.testing.assert_array_equal(read.keypoints_2d, whole.keypoints_2d[rows][:, order])
        np.testing.assert_array_equal(read.confidence, whole.confidence[rows][:, order])
        left = "left_ear, right_ear" in " ".join(read.notes)
        assert left == (len(wanted) < len(NAMES))


@pytest.mark.parametrize("layout", NAMED)
def test_other_names_of_joints_are_said(tmp_path, layout):
    write, name, _, _ = LAYOUTS[layout]
    path = write(tmp_path / name, people())
    spelled = Skeleton(("Nose", "lefthip"), (-1, 0), (), 0)
    assert "Nose for nose, lefthip for left_hip" in " ".join(
        read_detections(path, skeleton=spelled).notes
    )
    mine = Skeleton(tuple(f"j{i}" for i in range(17)), (-1, *[0] * 16), (), 0)
    assert "by their order j0 for nose, j1 for" in " ".join(
        read_detections(path, skeleton=mine).notes
    )
