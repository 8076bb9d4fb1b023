"""The example's files are a lab's: prepared, they are the recording that they were written from."""

import json
import tomllib

import numpy as np
import pytest
from processes import run_python

from geoself_jax.core.errors import INPUT_OUTPUT, USAGE, WORKDIR, GeoselfError
from geoself_jax.data import recording
from geoself_jax.evaluate import report as evaluation
from geoself_jax.inspect import report
from geoself_jax.inspect.plain_text import text
from geoself_jax.prepare import __main__ as prepare
from geoself_jax.prepare import example_command
from geoself_jax.prepare.example_recording import ABSENCE, NAMES

CAMERAS = ["front_left", "front_right", "back_left", "back_right"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("lab") / "example"
    assert example_command.main([f"--out={path}", "--people=3", "--frames=300"]) == 0
    return path


def prepared(folder, name, out):
    people = sorted(str(path) for path in (folder / name).iterdir())
    calibration = f"--calibration={folder}/Calib.toml"
    flags = ["--fps=50", "--skeleton=h36m_17", calibration, f"--output={out}", "--sides=keep"]
    assert prepare.main(["--input", *people, *flags]) == 0
    return recording.read(out)


def test_there_is_a_folder_a_person_and_in_it_one_a_camera(folder):
    assert sorted(path.name for path in folder.iterdir()) == [
        *("Calib.toml", "test", "train", "truth.npz"),
    ]
    people = sorted((folder / "train").iterdir())
    assert [path.name for path in people] == list(NAMES[:3])
    for person in (*people, folder / "test/mona"):
        assert sorted(path.name for path in person.iterdir()) == sorted(
            f"{c}_json" for c in CAMERAS
        )
        assert len({len(list(camera.iterdir())) for camera in person.iterdir()}) == 1
    tables = tomllib.loads((folder / "Calib.toml").read_text())
    assert [*tables][:4] == CAMERAS and len(tables["front_left"]["distortions"]) == 4


def test_frames_are_written_as_openpose_writes_them(folder):
    files = sorted((folder / "train/anna/back_left_json").iterdir())
    numbers = [int(path.name.split("_")[-2]) for path in files]
    assert numbers == list(range(len(files)))
    people = [json.loads(path.read_text())["people"] for path in files]
    assert {len(p) for p in people} == {0, 1}
    assert {len(p[0]["pose_keypoints_2d"]) for p in people if p} == {3 * 17}


def test_prepared_it_is_the_recording_that_it_was_written_from(folder, tmp_path):
    found = prepared(folder, "test", tmp_path / "test.npz")
    truth = recording.read(folder / "truth.npz")
    np.testing.assert_allclose(found.keypoints_2d, truth.keypoints_2d, atol=1e-4)
    np.testing.assert_allclose(found.confidence, truth.confidence, atol=1e-6)
    np.testing.assert_array_equal(found.frame_id, truth.frame_id)
    for name in ("K", "R", "center"):
        np.testing.assert_allclose(
            getattr(found.camera, name), getattr(truth.camera, name), atol=1e-6
        )
    assert found.pose_world is None and truth.pose_world.shape == (30, 17, 3)
    assert found.clip_names == truth.clip_names == ("mona",)


def test_everybody_is_seen_by_the_same_cameras_and_nothing_is_wrong_with_them(folder, tmp_path):
    everybody = prepared(folder, "train", tmp_path / "train.npz")
    assert everybody.subject_names == NAMES[:3] and everybody.rig_names == ("Calib",)
    assert everybody.frames == 300
    found = report.inspect(everybody, "train.npz")
    assert not found.errors, text(found)
    # Between two actions nobody is there.
    steps = np.diff(everybody.frame_id[everybody.clip_id == 0])
    assert steps.max() > ABSENCE and (steps > 0).all()


def test_truth_is_what_the_detections_show(folder):
    truth = recording.read(folder / "truth.npz")
    triangulated = evaluation.triangulate_recording(truth)
    off = np.linalg.norm(triangulated - truth.pose_world, axis=-1)
    assert np.nanmedian(off) < 0.03  # m; the detector is modelled with its errors


def test_the_same_seed_writes_the_same_files_and_another_does_not(tmp_path):
    for place, seed in (("a", 0), ("b", 0), ("c", 1)):
        example_command.main(
            [f"--out={tmp_path}/{place}", "--people=1", "--frames=50", f"--seed={seed}"]
        )
    name = "train/anna/front_left_json/front_left_000000000007_keypoints.json"
    first, again, other = ((tmp_path / place / name).read_bytes() for place in "abc")
    assert first == again != other
    assert {path.name for path in tmp_path.iterdir()} == {
        "a",
        "b",
        "c",
    }  # nothing temporary is left


@pytest.mark.parametrize(
    ("flags", "code", "words"),
    [
        (["--people=13"], USAGE, "--people=13 - wanted 1 to 12"),
        (["--people=0"], USAGE, "--people=0"),
        (["--frames=0"], USAGE, "--frames=0"),
        (["--frames=60", "--people=12"], USAGE, "--frames=60 - not enough for --people=12"),
        (["--seed=-1"], USAGE, "--seed=-1"),
    ],
)
def test_what_cannot_be_written_is_one_line_and_leaves_nothing(tmp_path, flags, code, words):
    with pytest.raises(GeoselfError, match=words) as error:
        example_command.main([f"--out={tmp_path}/x", *flags])
    assert error.value.code == code and not list(tmp_path.iterdir())


def test_a_folder_that_is_there_is_not_touched(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/work.txt").write_text("a year's")
    with pytest.raises(GeoselfError, match="is there already") as error:
        example_command.main([f"--out={tmp_path}/mine"])
    assert error.value.code == WORKDIR
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["work.txt"]


def test_an_unwritable_folder_is_refused_in_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    done = run_python(
        "-m", "geoself_jax.example", f"--out={tmp_path}/file/x", "--people=1", "--frames=50"
    )
    assert done.returncode == INPUT_OUTPUT
    (line,) = (x for x in done.stderr.splitlines() if x.startswith("error"))
    assert "file/x" in line and "Traceback" not in done.stderr
