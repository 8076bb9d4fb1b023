"""Detections: files written in each detector's layout by other libraries come back as they were."""

import json

import h5py
import numpy as np
import pandas as pd
import pytest
from tiny import make_arrays

from geoself_jax.data.calibrations import recognize_calibration
from geoself_jax.data.detections import DETECTIONS, read_detections, recognize_detections
from geoself_jax.data.skeletons import BODY_25, BODY_25B, COCO_17, HALPE_26
from geoself_jax.errors import DATA, MISSING, USAGE, GeoselfError
from geoself_jax.skeleton import H36M_17

FRAMES = 12
NAMES = list(COCO_17.joint_names)


def people(joints=17, frames=FRAMES):
    """(2, frames, J, 3) x, y, score of two people; joint 3 of the first is missing in picture 2,
    the second is not there in pictures 4 to 6, nobody in picture 8.
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


# layout: writer, name of the file, format, whether people are tracked, pictures are counted
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
}


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
    ("joints", "told", "wanted"),
    [(25, None, BODY_25), (25, BODY_25B, BODY_25B), (26, None, HALPE_26), (17, H36M_17, H36M_17)],
)
def test_joints_without_names_are_the_usual_ones_of_so_many_or_those_told(
    tmp_path, joints, told, wanted
):
    path = openpose(tmp_path / "cam", people(joints))
    assert read_detections(path, skeleton=told).skeleton == wanted


def test_pictures_of_one_rig_keep_their_numbers(tmp_path):
    path = openpose(tmp_path / "cam", people())
    for file in sorted(path.iterdir())[:3]:
        file.unlink()  # recorded from picture 3 on
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


def text(content):
    return lambda path: path.write_text(
        content if isinstance(content, str) else json.dumps(content)
    )


def entry(**changes):
    return {"image_id": "3.jpg", "category_id": 1, "keypoints": [5.0] * 51, "score": 1, **changes}


REFUSALS = {
    "no file": (None, "auto", MISSING, ["no such file"]),
    "no such format": (text("[]"), "openpoze", USAGE, ["did you mean 'openpose'"]),
    "nothing known": (text("hello"), "auto", DATA, ["no known format", "--detections=NAME"]),
    "not JSON": (text('[{"image_id": "1.jpg", "keypoints": ['), "alphapose", DATA, ["line 1"]),
    "not a list": (text({"a": 1}), "alphapose", DATA, ["not a list of people"]),
    "nobody": (text([]), "alphapose", DATA, ["no person"]),
    "cut keypoints": (
        text([entry(), entry(keypoints=[1.0] * 50)]), "alphapose", DATA,
        ["entry 1", "'3.jpg'", "(50,)"],
    ),
    "fewer joints": (
        text([entry(), entry(keypoints=[1.0] * 48)]), "alphapose", DATA,
        ["entry 1", "16 joints", "17"],
    ),
    "text for numbers": (text([entry(keypoints=["a"] * 51)]), "alphapose", DATA, ["entry 0"]),
    "no keypoints": (text([entry(keypoints=None)]), "alphapose", DATA, ["entry 0"]),
    "huge number": (text([entry(keypoints=[10**400] * 51)]), "alphapose", DATA, ["entry 0"]),
    "no picture": (text([entry(image_id="first")]), "alphapose", DATA, ["entry 0", "number"]),
    "negative score": (
        text([entry(keypoints=[5.0, 5.0, -0.5] * 17)]), "alphapose", DATA,
        ["score -0.5", "frame 3", "joint nose"],
    ),
    "19 joints": (
        text([entry(keypoints=[5.0] * 57)]), "alphapose", DATA, ["19 joints", "--skeleton"],
    ),
    "shapes differ": (
        text({"instance_info": [{"frame_id": 1, "instances": [
            {"keypoints": [[1, 2]], "keypoint_scores": [1, 1]}]}]}), "mmpose", DATA,
        ["person 0 of frame_id 1", "(2,)"],
    ),
    "frame_id is text": (
        text({"instance_info": [{"frame_id": "x", "instances": []}]}), "mmpose", DATA, ["'x'"],
    ),
    "visibility as score": (
        text([entry(keypoints=[5.0, 5.0, 2] * 16 + [5.0, 5.0, 0])]), "coco", DATA,
        ["0, 1 or 2", "visibility"],
    ),
    "score is NaN": (
        text([entry(keypoints=[5.0, 5.0, float("nan")] * 17)]), "alphapose", DATA, ["score nan"],
    ),
    "far away": (
        text([entry(keypoints=[5.0, 1e300, 0.5] * 17)]), "alphapose", DATA,
        ["y 1e+300", "frame 3", "joint nose"],
    ),
    "picture number too large": (
        text([entry(image_id=10**30)]), "coco", DATA, ["picture number 1000"],
    ),
    "a list for image_id": (
        text({"images": [], "annotations": [entry(image_id=[1])]}), "coco", DATA, ["image_id [1]"],
    ),
    "one person of a track twice": (
        text([entry(idx=4), entry(idx=5), entry(idx=4)]), "alphapose", DATA,
        ["track 4", "frame 3 twice"],
    ),
    "no instances": (
        text({"instance_info": [{"frame_id": 7}]}), "mmpose", DATA, ["instances", "frame_id 7"],
    ),
    "a file, no folder": (text({"people": []}), "openpose", DATA, ["folder"]),
    "csv with one cell": (
        text("scorer,m,m,m\nbodyparts,a,a,a\ncoords,x,y,likelihood\n0,1\n"), "deeplabcut", DATA,
        ["line 4"],
    ),
    "csv with a huge cell": (
        text("scorer,m,m,m\nbodyparts,a,a,a\ncoords,x,y,likelihood\n" + "1" * 200_000),
        "deeplabcut", DATA, ["not a csv"],
    ),
    "no annotations": (text({"images": []}), "coco", DATA, ["annotations"]),
    "csv cut": (
        text("scorer,m,m,m\nbodyparts,a,a,a\ncoords,x,y,likelihood\n0,1,2\n"), "deeplabcut", DATA,
        ["line 4"],
    ),
    "csv without coords": (
        text("scorer,m,m,m\nbodyparts,a,a,a\n0,1,2,3\n"), "deeplabcut", DATA, ["first rows"],
    ),
    "unknown parts": (
        text("scorer,m,m,m\nbodyparts,tail,tail,tail\ncoords,x,y,likelihood\n0,1,2,0.5\n"),
        "deeplabcut", DATA, ["tail", "--skeleton=FILE.toml"],
    ),
    "no likelihood": (
        text(f"scorer{',m' * 34}\nbodyparts,{','.join(np.repeat(NAMES, 2))}\n"
             f"coords{',x,y' * 17}\n0{',1' * 34}\n"),
        "deeplabcut", DATA, ["body part nose has no likelihood"],
    ),
    "sleap's columns": (
        text("track,frame_idx,instance.score,a.x,a.y\n,0,1,2,3\n"), "sleap", DATA, ["NODE.x"],
    ),
    "not HDF5": (text("hello"), "sleap", DATA, ["bad"]),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSALS)
def test_what_is_wrong_is_told_in_one_line_with_file_and_place(tmp_path, case):
    write, kind, code, words = REFUSALS[case]
    csv = kind == "deeplabcut" or case == "sleap's columns"
    path = tmp_path / f"bad{'.csv' if csv else '.h5' if kind == 'sleap' else '.json'}"
    if write is not None:
        write(path)
    with pytest.raises(GeoselfError) as error:
        read_detections(path, format=kind)
    line = str(error.value)
    assert error.value.code == code and line.isprintable(), line
    for word in words:
        assert word in line, line


@pytest.mark.parametrize("layout", ["table", "fixed", "csv"])
def test_deeplabcuts_rows_are_numbered_by_their_labels(tmp_path, layout):
    found = people()
    table = frame_of(found)
    cut = table.iloc[[7, 5, 3]]  # pictures 3, 5 and 7, the last first
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
    with pytest.raises(GeoselfError, match="picture 3 has two rows"):
        read_detections(written(twice))
    counted = read_detections(written(named))
    assert counted.frame.tolist() == sorted(f for _, f in there(found))


def test_a_skeleton_that_puts_the_files_names_elsewhere_is_refused(tmp_path):
    for layout in ("mmpose", "sleap csv"):
        write, name, _, _ = LAYOUTS[layout]
        with pytest.raises(GeoselfError, match=r"joint \d+ is \w+ - --skeleton has \w+ there"):
            read_detections(write(tmp_path / name, people()), skeleton=H36M_17)


def test_scaled_openpose_and_two_cameras_in_one_folder_are_refused(tmp_path):
    scaled = people() * [1e-3, 1e-3, 1]
    with pytest.raises(GeoselfError, match="keypoint_scale"):
        read_detections(openpose(tmp_path / "a", scaled))
    path = openpose(tmp_path / "b", people())
    (path / "other_000000000003_keypoints.json").write_text('{"people": []}')
    with pytest.raises(GeoselfError, match="two files of picture 3"):
        read_detections(path)


@pytest.mark.parametrize("layout", ["openpose", "alphapose", "coco", "mmpose", "sleap csv"])
def test_damaged_files_are_refused_or_read_and_never_a_traceback(tmp_path, layout):
    write, name, kind, _ = LAYOUTS[layout]
    path = write(tmp_path / name, people(frames=9))
    file = sorted(path.iterdir())[0] if path.is_dir() else path
    whole, rng = file.read_bytes(), np.random.default_rng(1)
    refused = 0
    for _ in range(150):
        content = bytearray(whole)
        for _ in range(rng.integers(1, 4)):
            at = int(rng.integers(len(content)))
            span = int(rng.integers(1, 30))
            kind_of = rng.integers(3)
            if kind_of == 0:
                content[at] = rng.integers(256)
            elif kind_of == 1:
                del content[at : at + span]
            else:
                content[at:at] = content[at : at + span]
        file.write_bytes(content)
        try:
            read_detections(path, format=kind)
        except GeoselfError as error:
            refused += 1
            assert error.code == DATA and str(error).isprintable()
    assert refused > 30


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
            told = H36M_17 if kind in ("openpose", "alphapose", "coco") else None
            read = read_detections(write(folder / name, values), skeleton=told)
            seen = read.confidence > 0
            np.testing.assert_allclose(
                read.keypoints_2d[seen], values[0][read.frame][seen][:, :2], atol=1e-4
            )
