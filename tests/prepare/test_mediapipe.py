"""MediaPipe's landmarks in the layouts that users save them in, as pixels or fractions."""

import json

import numpy as np
import pandas as pd
import pytest

from geoself_jax.core.errors import DATA, GeoselfError
from geoself_jax.data.derive_root import derive_root
from geoself_jax.data.skeletons import MEDIAPIPE_33
from geoself_jax.prepare.calibrations import recognize_calibration
from geoself_jax.prepare.detections import DETECTIONS, read_detections, recognize_detections

SIZE = (1280, 720)
FRAMES, AWAY = 9, 4
NAMES = [name.upper() for name in MEDIAPIPE_33.joint_names]
NAMES[9:11] = ["MOUTH_LEFT", "MOUTH_RIGHT"]  # as MediaPipe has them


def landmarks():
    """(9, 33, 4) x, y as fractions, z, visibility of one person, who is away in frame 4."""
    found = np.random.default_rng(0).uniform(0.1, 0.95, (FRAMES, 33, 4))
    found[..., 2] -= 0.5
    found[1, 5, :2] = [1.1, -0.05]  # outside the image
    found[AWAY] = np.nan
    return found


def npy(path, found):
    np.save(path, found)


def npy_of_3(path, found):
    np.save(path, found[..., [0, 1, 3]].astype(np.float32))


def wide(path, found):
    """A row a frame, by the landmarks' names."""
    columns = [f"{name}_{axis}" for name in NAMES for axis in ("x", "y", "z", "visibility")]
    table = pd.DataFrame(found.reshape(len(found), -1), columns=columns)
    table.insert(0, "frame", range(len(found)))
    table.to_csv(path, index=False)


def numbered(path, found):
    """A row a frame, landmarks numbered from 1, without the frames' numbers."""
    columns = [f"{axis}{i}" for i in range(1, 34) for axis in ("x", "y", "z", "v")]
    pd.DataFrame(found.reshape(len(found), -1), columns=columns).to_csv(path, index=False)


def long(path, found):
    """A row a landmark."""
    rows = [[f, i, *found[f, i]] for f in range(len(found)) if f != AWAY for i in range(33)]
    columns = ["frame", "landmark_id", "x", "y", "z", "visibility"]
    pd.DataFrame(rows, columns=columns).to_csv(path, index=False)


def results(path, found):
    """PoseLandmarkerResult of each frame, with the landmarks in metres that are not to be read."""
    axes = ("x", "y", "z", "visibility")
    frames = []
    for f in range(len(found)):
        one = [dict(zip(axes, row, strict=True)) for row in found[f].tolist()]
        world = [{**landmark, "x": -1.0} for landmark in one]
        people = [] if f == AWAY else [one]
        frames.append({"frame": f, "pose_world_landmarks": [world], "pose_landmarks": people})
    path.write_text(json.dumps(frames))


def plain_lists(path, found):
    axes = ("x", "y", "z", "visibility")
    frames = [
        [] if f == AWAY else [dict(zip(axes, row, strict=True)) for row in found[f].tolist()]
        for f in range(len(found))
    ]
    path.write_text(json.dumps(frames))


WRITERS = {
    "a.npy": npy,
    "of_3.npy": npy_of_3,
    "wide.csv": wide,
    "numbered.csv": numbered,
    "long.csv": long,
    "results.json": results,
    "lists.json": plain_lists,
}


@pytest.mark.parametrize("fractions", [True, False])
@pytest.mark.parametrize("name", WRITERS)
def test_landmarks_come_back_in_pixels(tmp_path, name, fractions):
    found = landmarks()
    pixels = found * [*SIZE, 1, 1]
    path = tmp_path / name
    WRITERS[name](path, found if fractions else pixels)
    assert recognize_calibration(path) == {}
    known = {kind for kind in DETECTIONS if recognize_detections(path, kind)}
    assert known == {"mediapipe"}
    read = read_detections(path, image_size=SIZE)
    assert read.frame.tolist() == [f for f in range(FRAMES) if f != AWAY]
    assert read.frames == FRAMES and read.skeleton == MEDIAPIPE_33
    assert read.first == (None if name == "long.csv" else 0)  # only frames with people are in it
    np.testing.assert_allclose(read.keypoints_2d, pixels[read.frame][..., :2], rtol=1e-5)
    np.testing.assert_allclose(read.confidence, found[read.frame][..., 3], rtol=1e-5)
    assert any("multiplied by 1280 x 720" in note for note in read.notes) == fractions


def test_fractions_without_an_image_size_are_refused(tmp_path):
    npy(tmp_path / "a.npy", landmarks())
    with pytest.raises(GeoselfError, match=r"a\.npy: its joints are fractions.*--image-size") as e:
        read_detections(tmp_path / "a.npy")
    assert e.value.code == DATA


def test_a_depth_is_not_taken_for_the_visibility(tmp_path):
    np.save(tmp_path / "a.npy", landmarks()[..., :3])
    with pytest.raises(GeoselfError, match=r"after x, y go from -0\.\d+ to .* the depth z"):
        read_detections(tmp_path / "a.npy", image_size=SIZE)


def test_a_csv_without_visibility_is_sure_and_says_so(tmp_path):
    wide(tmp_path / "a.csv", landmarks())
    table = pd.read_csv(tmp_path / "a.csv")
    table = table[[name for name in table if not name.endswith("visibility")]]
    table.to_csv(tmp_path / "a.csv", index=False)
    read = read_detections(tmp_path / "a.csv", image_size=SIZE)
    assert (read.confidence == 1).all() and "no visibility" in read.notes[0]


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("long.csv", lambda text: text.replace("\n0,3,", "\n0,33,"), "line 5: landmark '33'"),
        ("long.csv", lambda text: text.replace("\n0,3,", "\n0,2,"), "landmark 2 of frame 0 is"),
        ("wide.csv", lambda text: text.replace("\n2,", "\n2.5,"), "line 4: frame 2.5"),
        ("wide.csv", lambda text: text.replace("\n2,", "\n2,x"), "line 4 has no number"),
        ("results.json", lambda text: text.replace('"x"', '"u"'), "person 0 of frame 0"),
    ],
)
def test_a_damaged_file_is_refused_in_one_line(tmp_path, name, change, words):
    path = tmp_path / name
    WRITERS[name](path, landmarks())
    path.write_text(change(path.read_text()))
    with pytest.raises(GeoselfError) as error:
        read_detections(path, image_size=SIZE)
    assert words in str(error.value) and name in str(error.value) and error.value.code == DATA


def test_an_array_that_holds_objects_or_lies_about_its_size_is_refused(tmp_path):
    path = tmp_path / "a.npy"
    np.save(path, np.array([{}], object), allow_pickle=True)
    with pytest.raises(GeoselfError, match="Python objects"):
        read_detections(path, format="mediapipe")
    npy(path, landmarks())
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(GeoselfError, match="its header asks for"):
        read_detections(path, format="mediapipe")


def test_a_pelvis_is_derived_and_the_corners_of_the_mouth_are_a_pair():
    assert (9, 10) in MEDIAPIPE_33.left_right
    points = landmarks()[..., :2]
    kept, more, _ = derive_root(MEDIAPIPE_33, points, np.ones(points.shape[:-1]))
    assert kept.joint_names[kept.root] == "pelvis"
    np.testing.assert_allclose(more[0, -1], points[0, [23, 24]].mean(0))


def lines_of(found, end="\n"):
    """A csv without the frames' numbers: an empty line where nobody is."""
    header = ",".join(f"{name}_{axis}" for name in NAMES for axis in ("x", "y", "z", "visibility"))
    rows = ["" if np.isnan(row).all() else ",".join(map(str, row.ravel())) for row in found]
    return end.join([header, *rows, ""])


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r\r\n"])
@pytest.mark.parametrize("away", [[], [AWAY], [0, 1, AWAY, FRAMES - 1]])
def test_an_empty_line_is_a_frame_with_nobody(tmp_path, end, away):
    found = landmarks()
    found[AWAY] = found[AWAY - 1]
    found[away] = np.nan
    path = tmp_path / "a.csv"
    path.write_text(lines_of(found, end), newline="")
    read = read_detections(path, image_size=SIZE)
    assert read.frame.tolist() == [f for f in range(FRAMES) if f not in away]
    assert read.frames == FRAMES and read.first == 0
    wanted = (found * [*SIZE, 1, 1])[read.frame][..., :2]
    np.testing.assert_allclose(read.keypoints_2d, wanted, rtol=1e-5)


@pytest.mark.parametrize(("end", "line"), [("\n", 8), ("\r\r\n", 15)])
def test_a_message_names_the_files_line(tmp_path, end, line):
    found = landmarks()
    text = lines_of(found, end).replace(str(found[6, 0, 0]), "x")
    (tmp_path / "a.csv").write_text(text, newline="")
    with pytest.raises(GeoselfError, match=f"line {line} has no number in column 1"):
        read_detections(tmp_path / "a.csv", image_size=SIZE)


def with_more(path, *prefixes, body="pose_{}"):
    """A row a frame: the body's numbered landmarks, then others' under the prefixes, at 0.9."""
    axes = ("x", "y", "z", "visibility")
    found = landmarks()
    tables = [pd.DataFrame({"frame": range(FRAMES)})]
    for name, rows in [(body, found), *((prefix, found * 0 + 0.9) for prefix in prefixes)]:
        columns = [f"{name.format(i)}_{axis}" for i in range(33) for axis in axes]
        tables.append(pd.DataFrame(rows.reshape(FRAMES, -1), columns=columns))
    pd.concat(tables, axis=1).to_csv(path, index=False)
    return found


@pytest.mark.parametrize(
    "body", ["{}", "landmark_{}", "pose_{}", "pose_landmark_{}", "pose_landmarks[{}]"]
)
def test_columns_of_hands_faces_and_the_world_are_not_the_bodys(tmp_path, body):
    others = ("world_landmark_{}", "left_hand_{}", "right_hand_landmark_{}", "face_{}")
    found = with_more(tmp_path / "a.csv", *others, body=body)
    read = read_detections(tmp_path / "a.csv", image_size=SIZE)
    wanted = (found * [*SIZE, 1, 1])[read.frame]
    np.testing.assert_allclose(read.keypoints_2d, wanted[..., :2], rtol=1e-5)
    np.testing.assert_allclose(read.confidence, wanted[..., 3], rtol=1e-5)


@pytest.mark.parametrize("other", ["pose_{}", "landmark_{}", "{}"])
def test_two_columns_of_one_landmark_are_refused(tmp_path, other):
    with_more(tmp_path / "a.csv", other)
    words = rf"a\.csv: columns pose_0_x \(2\) and {other.format(0)}_x \(134\)"
    with pytest.raises(GeoselfError, match=words) as error:
        read_detections(tmp_path / "a.csv", image_size=SIZE)
    assert error.value.code == DATA


def test_two_columns_x_of_a_row_a_landmark_are_refused(tmp_path):
    long(tmp_path / "a.csv", landmarks())
    text = (tmp_path / "a.csv").read_text()
    (tmp_path / "a.csv").write_text(text.replace(",z,", ",x,", 1))
    with pytest.raises(GeoselfError, match=r"columns x \(3\) and x \(5\)"):
        read_detections(tmp_path / "a.csv", image_size=SIZE)


def test_of_numbered_landmarks_beyond_the_bodys_the_count_is_said(tmp_path):
    """As the body's 33 followed by the face's: x1, y1, z1, v1, x2 ..."""
    found = landmarks()
    numbered(tmp_path / "a.csv", found)
    table = pd.read_csv(tmp_path / "a.csv")
    face = pd.DataFrame({f"{axis}{i}": [0.9] * FRAMES for i in range(34, 54) for axis in "xyzv"})
    pd.concat([table, face], axis=1).to_csv(tmp_path / "a.csv", index=False)
    read = read_detections(tmp_path / "a.csv", image_size=SIZE)
    np.testing.assert_allclose(read.keypoints_2d[0], (found[0] * [*SIZE, 1, 1])[:, :2], rtol=1e-5)
    assert any("of 53 numbered landmarks the first 33 are taken" in note for note in read.notes)


def frames_as(found, shift=0.0):
    """Lists of landmarks, empty where nobody is."""
    axes = ("x", "y", "z", "visibility")
    return [
        [] if np.isnan(rows).all() else [dict(zip(axes, row, strict=True)) for row in rows.tolist()]
        for rows in found + [shift, 0, 0, 0]
    ]


OBJECTS = {
    "world first": lambda here, far: {"pose_world_landmarks": far, "pose_landmarks": here},
    "size first": lambda here, far: {"image_size": [1280, 720], "frames": here},
    "results": lambda here, far: {
        "world_landmarks": far,
        "results": [{"landmarks": e} for e in here],
    },
    "by number": lambda here, far: {"fps": 30, **{str(f): here[f] for f in range(FRAMES)}},
    "by name": lambda here, far: {"frames": {f"frame_{f:03d}": here[f] for f in range(FRAMES)}},
}


@pytest.mark.parametrize("name", OBJECTS)
def test_the_list_of_frames_is_chosen_by_its_name(tmp_path, name):
    found = landmarks()
    content = OBJECTS[name](frames_as(found), frames_as(found, -0.5))
    (tmp_path / "a.json").write_text(json.dumps(content))
    read = read_detections(tmp_path / "a.json", image_size=SIZE)
    assert read.frame.tolist() == [f for f in range(FRAMES) if f != AWAY]
    assert read.frames == FRAMES and read.first == 0
    wanted = (found * [*SIZE, 1, 1])[read.frame][..., :2]
    np.testing.assert_allclose(read.keypoints_2d, wanted, rtol=1e-5)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        (("world_landmarks",), "no one list of frames: world_landmarks - "),
        (("hands", "people"), "no one list of frames: hands, people - "),
        (("frames", "pose_landmarks"), "no one list of frames: frames, pose_landmarks - "),
        (("1", "01"), "no one list of frames: 1, 01 - "),
    ],
)
def test_an_object_without_one_known_list_is_refused_with_its_keys(tmp_path, keys, words):
    content = {key: frames_as(landmarks()) for key in keys}
    (tmp_path / "a.json").write_text(json.dumps(content))
    with pytest.raises(GeoselfError) as error:
        read_detections(tmp_path / "a.json", image_size=SIZE)
    assert words in str(error.value) and error.value.code == DATA


@pytest.mark.parametrize("name", ["a.npy", "wide.csv", "lists.json"])
def test_metres_about_the_hips_are_no_pixels_whatever_their_name(tmp_path, name):
    found = landmarks()
    found[..., :2] -= found[:, [23, 24], :2].mean(1, keepdims=True)
    WRITERS[name](tmp_path / name, found)
    with pytest.raises(GeoselfError, match="the world landmarks, in metres"):
        read_detections(tmp_path / name, image_size=SIZE)


@pytest.mark.parametrize("name", ["results.json", "wide.csv"])
def test_numbered_frames_count_with_nobody_at_either_end(tmp_path, name):
    found = landmarks()
    found[[0, 1, FRAMES - 1]] = np.nan
    WRITERS[name](tmp_path / name, found)
    content = (tmp_path / name).read_text()
    if name == "results.json":  # nobody there, as an empty list
        frames = json.loads(content)
        for f in (0, 1, FRAMES - 1):
            frames[f]["pose_landmarks"] = []
        (tmp_path / name).write_text(json.dumps(frames))
    read = read_detections(tmp_path / name, image_size=SIZE)
    assert (read.first, read.frames, int(read.frame[0])) == (0, FRAMES, 2)
