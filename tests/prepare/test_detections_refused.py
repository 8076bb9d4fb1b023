"""Detections that are refused: the line names file, place and what was wanted."""

import copy
import json
import os

import numpy as np
import pytest
from detection_files import LAYOUTS, NAMES, openpose, people

from geoself_jax.core.errors import DATA, MISSING, USAGE, GeoselfError
from geoself_jax.core.skeleton import H36M_17, Skeleton
from geoself_jax.prepare.detections import read_detections


def text(content):
    return lambda path: path.write_text(
        content if isinstance(content, str) else json.dumps(content)
    )


def entry(**changes):
    return {"image_id": "3.jpg", "category_id": 1, "keypoints": [5.0] * 51, "score": 1, **changes}


REFUSALS = {
    "no file": (None, "auto", MISSING, ["no such file"]),
    "no such format": (text("[]"), "openpoze", USAGE, ["did you mean 'openpose'"]),
    "no JSON": (text("hello"), "auto", DATA, ["bad.json, line 1, column 1", "not JSON: Expecting"]),
    "cut at the start": (
        text('[{"image_id": "1.jp'), "auto", DATA,
        ["bad.json, line 1, column 15", "not JSON: it is cut here", "copy"],
    ),
    "cut": (
        text('[{"x": 1},\n {"x": 2'), "auto", DATA,
        ["bad.json, line 2, column 9", "not JSON: it is cut here"],
    ),
    "keys of nobody": (
        text({"fps": 25, "joints": []}), "auto", DATA,
        ["JSON, but of no known detector: keys fps, joints", "--detections=NAME"],
    ),
    "a list of other keys": (
        text([{"bbox": [1], "area": 2}]), "auto", DATA, ["a list, its first entry keys bbox, area"],
    ),
    "numbers": (text([1.5]), "auto", DATA, ["of no known detector: a list", "'1.5'"]),
    "an empty list": (text([]), "auto", DATA, ["empty JSON ([])", "nobody is in it"]),
    "decimal commas": (
        text("scorer;m;m;m\nbodyparts;a;a;a\ncoords;x;y;likelihood\n0;1,5;2,5;0,9\n"),
        "deeplabcut by its table", DATA,
        ["line 4: has decimal commas, and semicolons between its cells", "write points"],
    ),
    "decimal commas in quotes": (
        text('scorer,m,m,m\nbodyparts,a,a,a\ncoords,x,y,likelihood\n0,"1,5",2,0.9\n'),
        "deeplabcut", DATA, ["line 4", "1,5 has a decimal comma: write a point"],
    ),
    "decimal commas between commas": (
        text("scorer,m,m,m\nbodyparts,a,a,a\ncoords,x,y,likelihood\n0,1,5,2,5,0,9\n"),
        "deeplabcut", DATA, ["line 4 has 7 cells (decimal commas?)"],
    ),
    "semicolons": (
        text("scorer;m;m;m\nbodyparts;a;a;a\ncoords;x;y;likelihood\n0;1.5;2.5;0.9\n"),
        "deeplabcut by its table", DATA, ["semicolons between its cells", "wanted commas"],
    ),
    "another table": (
        text("time,force\n0,1\n"), "deeplabcut by its table", DATA,
        ["a table of no known detector: columns time, force"],
    ),
    "text for HDF5": (text("hello"), "sleap by its end", DATA, ["bad.h5: no HDF5 file"]),
    "not JSON": (text('[{"image_id": "1.jpg", "keypoints": ['), "alphapose", DATA, ["line 1"]),
    "not a list": (text({"a": 1}), "alphapose", DATA, ["not a list of instances"]),
    "nobody": (text([]), "alphapose", DATA, ["nobody in any"]),
    "cut keypoints": (
        text([entry(), entry(keypoints=[1.0] * 50)]), "alphapose", DATA,
        ["entry 1", "'3.jpg'", "(50,)"],
    ),
    "fewer joints": (
        text([entry(), entry(keypoints=[1.0] * 48)]), "alphapose", DATA,
        ["entry 1", "16 joints", "17"],
    ),
    "text for numbers": (text([entry(keypoints=["a"] * 51)]), "alphapose", DATA, ["entry 0"]),
    "no keypoints": (text([entry(keypoints=None)]), "alphapose", DATA, ["nobody in any frame"]),
    "huge number": (text([entry(keypoints=[10**400] * 51)]), "alphapose", DATA, ["entry 0"]),
    "no frame number": (text([entry(image_id="first")]), "alphapose", DATA, ["entry 0", "number"]),
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
        ["instance 0 of frame_id 1", "(2,)"],
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
    "frame number too large": (
        text([entry(image_id=10**30)]), "coco", DATA, ["frame number 1000"],
    ),
    "a list for image_id": (
        text({"images": [], "annotations": [entry(image_id=[1])]}), "coco", DATA, ["image_id [1]"],
    ),
    "one person of a track twice": (
        text([entry(idx=4), entry(idx=5), entry(idx=4)]), "alphapose", DATA,
        ["track 4", "frame 3 twice"],
    ),
    "two cameras in one list": (
        text([entry(image_id="cam1/3.jpg"), entry(image_id="cam2/3.jpg")]), "alphapose", DATA,
        ["'cam1/3.jpg' and 'cam2/3.jpg' are both frame 3", "the frames of one camera"],
    ),
    "nobody with a joint": (text([entry(keypoints=[0] * 51)]), "coco", DATA, ["nobody in any"]),
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
        text(f"scorer{',m' * 35}\nbodyparts,{','.join(np.repeat(NAMES, 2))},left_eye\n"
             f"coords{',x,y' * 17},likelihood\n0{',1' * 35}\n"),
        "deeplabcut", DATA, ["body part nose has no likelihood"],
    ),
    "sleap's columns": (
        text("track,frame_idx,instance.score,a.x,a.y\n,0,1,2,3\n"), "sleap", DATA, ["NODE.x"],
    ),
    "not HDF5": (text("hello"), "sleap", DATA, ["bad"]),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSALS)
def test_an_error_is_one_line_with_file_and_place(tmp_path, case):
    write, kind, code, words = REFUSALS[case]
    kind, _, shown = kind.partition(" by its ")
    csv = kind == "deeplabcut" or case == "sleap's columns"
    path = tmp_path / f"bad{'.csv' if csv else '.h5' if kind == 'sleap' else '.json'}"
    if write is not None:
        write(path)
    with pytest.raises(GeoselfError) as error:
        read_detections(path, format="auto" if shown else kind)
    line = str(error.value)
    assert error.value.code == code and line.isprintable(), line
    for word in words:
        assert word in line, line


def test_a_folder_is_refused_by_its_first_file_and_excels_mark_is_no_fault(tmp_path):
    (tmp_path / "a_json").mkdir()
    (tmp_path / "a_json/f_000_keypoints.json").write_text('{"version": 1.3, "peo')
    with pytest.raises(GeoselfError, match=r"f_000_keypoints\.json, line 1, column .* is cut here"):
        read_detections(tmp_path / "a_json")
    write, name, _, _ = LAYOUTS["deeplabcut csv"]
    path = write(tmp_path / name, people())
    plain = read_detections(path)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    np.testing.assert_array_equal(read_detections(path).keypoints_2d, plain.keypoints_2d)


@pytest.mark.parametrize("layout", ["mmpose", "deeplabcut csv", "sleap csv"])
def test_a_joint_that_the_file_does_not_name_is_refused_with_the_nearest(tmp_path, layout):
    write, name, _, _ = LAYOUTS[layout]
    path = write(tmp_path / name, people())
    with pytest.raises(GeoselfError, match="no joint pelvis, spine, thorax, neck, head"):
        read_detections(path, skeleton=H36M_17)
    names = ("nose", "left_hipp", "right_hip")
    with pytest.raises(GeoselfError, match=r"no joint left_hipp.* - did you mean 'left_hip'\?"):
        read_detections(path, skeleton=Skeleton(names, (-1, 0, 0), (), 0))


def test_scaled_openpose_and_two_cameras_in_one_folder_are_refused(tmp_path):
    scaled = people() * [1e-3, 1e-3, 1]
    with pytest.raises(GeoselfError, match="keypoint_scale"):
        read_detections(openpose(tmp_path / "a", scaled))
    path = openpose(tmp_path / "b", people())
    (path / "other_000000000003_keypoints.json").write_text('{"people": []}')
    with pytest.raises(GeoselfError, match="two files of frame 3"):
        read_detections(path)


DAMAGED = (
    *("openpose", "alphapose", "coco", "mmpose", "sleap csv"),
    *("openpifpaf", "openpifpaf video"),
)


@pytest.mark.parametrize("layout", DAMAGED)
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


MUTANTS = int(os.environ.get("GEOSELF_HDF5_MUTANTS", "3"))  # each is a process
ODD = [None, "x", "", [], {}, -1, 0, True, 1e308, 10**30, float("nan"), [[1]], {"a": []}]


def places(content, here=()):
    """Where in a JSON tree something can be replaced."""
    found = [here] if here else []
    pairs = content.items() if isinstance(content, dict) else enumerate(content)
    for key, value in pairs:
        if isinstance(value, dict | list):
            found += places(value, (*here, key))
        else:
            found.append((*here, key))
    return found


@pytest.mark.parametrize("layout", ["openpose", "alphapose", "coco", "mmpose", "openpifpaf"])
def test_values_of_other_kinds_are_refused_or_read_and_never_a_traceback(tmp_path, layout):
    write, name, kind, _ = LAYOUTS[layout]
    path = write(tmp_path / name, people()[:, 1:3])
    file = sorted(path.iterdir())[0] if path.is_dir() else path
    whole, rng = json.loads(file.read_text()), np.random.default_rng(2)
    every = places(whole)
    keys = [at for at in every if not isinstance(at[-1], int)]
    every = keys + [every[i] for i in rng.choice(len(every), 30)]
    refused = 0
    for at in every:
        for odd in rng.permutation(len(ODD))[:6]:
            content = copy.deepcopy(whole)
            parent = content
            for key in at[:-1]:
                parent = parent[key]
            if odd == 0:
                del parent[at[-1]]
            else:
                parent[at[-1]] = ODD[odd]
            file.write_text(json.dumps(content))
            try:
                read_detections(path, format=kind)
            except GeoselfError as error:
                refused += 1
                assert error.code == DATA and str(error).isprintable()
                assert path.name in str(error)
    assert refused > len(every)


@pytest.mark.parametrize("layout", ["deeplabcut csv", "sleap csv"])
def test_csv_with_odd_cells_is_refused_or_read_and_never_a_traceback(tmp_path, layout):
    write, name, kind, _ = LAYOUTS[layout]
    path = write(tmp_path / name, people()[:, 1:5])
    whole = [line.split(",") for line in path.read_text().splitlines()]
    rng, refused = np.random.default_rng(3), 0
    for _ in range(200):
        lines = [list(line) for line in whole]
        row = lines[rng.integers(len(lines))]
        at = rng.integers(len(row))
        odd = ["x", "", "-1", "1e999", "nan", '"', "0", "\0", "9" * 40, None][rng.integers(10)]
        row[at : at + 1] = [] if odd is None else [odd]
        path.write_text("\n".join(",".join(line) for line in lines))
        try:
            read_detections(path, format=kind)
        except GeoselfError as error:
            refused += 1
            assert error.code == DATA and str(error).isprintable() and path.name in str(error)
    assert refused > 20


@pytest.mark.parametrize("layout", ["deeplabcut", "deeplabcut fixed", "sleap"])
def test_damaged_hdf5_is_refused_or_read_and_never_a_traceback(tmp_path, layout):
    write, name, kind, _ = LAYOUTS[layout]
    path = write(tmp_path / name, people()[:, 1:5])
    whole, rng = path.read_bytes(), np.random.default_rng(4)
    for damage in range(MUTANTS):
        content = bytearray(whole)
        for at in rng.integers(len(content), size=40):
            content[at] = rng.integers(256)
        path.write_bytes(content[: len(content) // 2] if damage == 0 else content)
        try:
            read_detections(path, format=kind)
        except GeoselfError as error:
            assert error.code == DATA and str(error).isprintable() and path.name in str(error)
