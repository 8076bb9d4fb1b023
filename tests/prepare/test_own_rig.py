"""Trees of trials become clips of the right people, cameras and frames; bad ones are all listed."""

import json
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from processes import ROOT, environment
from scenes import motion, pixels_of, tiny_rig

from geoself_jax.core.errors import DATA, MISSING, USAGE, GeoselfError
from geoself_jax.data import recording
from geoself_jax.data.training_set import hold_out
from geoself_jax.prepare import __main__ as prepare
from geoself_jax.prepare.lab_files import write_openpose, write_pose2sim

FRAMES = 14
RIG = tiny_rig()
CLIP = {
    "K": RIG.K,
    "dist": np.array([[*lens.coefficients[:4], 0] for lens in RIG.lenses]),
    "R": RIG.R,
    "center": RIG.center,
    "image_size": RIG.image_size,
}


def write_trial(folder, clip=0, without=()):
    pixels = pixels_of(motion(FRAMES, clip), RIG)
    for view, name in enumerate(RIG.camera_names):
        if name not in without:
            write_openpose(folder / "pose", name, pixels[:, view], np.full((FRAMES, 17), 0.9))


@pytest.fixture
def session(tmp_path):
    """Two people with two trials each, and a folder with the calibration."""
    place = tmp_path / "session"
    (place / "calibration").mkdir(parents=True)
    write_pose2sim(place / "calibration/Calib.toml", RIG.camera_names, CLIP)
    for number, trial in enumerate(("P1/run", "P1/walk", "P2/run", "P2/walk")):
        write_trial(place / trial, number % 2)
    return place


def run(*inputs, flags=()):
    out = inputs[0].parent / "out.npz"
    words = ["--input", *map(str, inputs), "--fps=25", "--skeleton=h36m_17", f"--output={out}"]
    assert prepare.main([*words, *flags]) == 0
    return recording.read(out)


def refused(*inputs, flags=()):
    with pytest.raises(GeoselfError) as error:
        run(*inputs, flags=flags)
    return error.value


def subject_of_clips(read):
    first = [int(np.flatnonzero(read.clip_id == clip)[0]) for clip in range(len(read.clip_names))]
    return [read.subject_names[read.subject_id[at]] for at in first]


def test_a_session_is_people_with_trials_and_validation_holds_out_a_person(session, capsys):
    read = run(session)
    assert read.clip_names == ("P1/run", "P1/walk", "P2/run", "P2/walk")
    assert subject_of_clips(read) == ["P1", "P1", "P2", "P2"]
    assert sorted(set(read.clip_actions)) == ["run", "walk"] and len(read.rig_names) == 1
    training, validation = hold_out(read, 0.5)
    assert validation.any()
    assert not set(read.subject_id[training]) & set(read.subject_id[validation])
    said = capsys.readouterr().out
    assert "subjects by {parent}: P1 (2), P2 (2)" in said and "subjects 2: P1, P2" in said


def test_what_is_said_of_several_recordings_is_one_line(session, capsys):
    write_trial(session / "P3/walk")
    run(session)
    lines = [line for line in capsys.readouterr().out.splitlines() if ": cameras of " in line]
    (line,) = lines
    assert line.startswith("P1/run; P1/walk; P2/run; P2/walk and 1 more: cameras of Calib: ")


def test_one_person_and_a_pattern_of_the_shell_give_the_same(session, capsys):
    trials = sorted(session.glob("*/*"))  # with calibration/Calib.toml
    read = run(*trials)
    assert read.clip_names == ("P1/run", "P1/walk", "P2/run", "P2/walk")
    assert "Calib.toml: a calibration, no recording" in capsys.readouterr().out
    read = run(session / "P1", flags=[f"--calibration={session}/calibration"])
    assert subject_of_clips(read) == ["P1", "P1"]
    read = run(session, flags=["--subject-from={grandparent}"])
    assert read.subject_names == ("session",)
    error = refused(session, flags=["--subject=anna", "--subject-from={name}"])
    assert error.code == USAGE


def test_the_folder_that_one_stands_in_has_its_name(session, monkeypatch):
    monkeypatch.chdir(session / "P1/walk")
    out = session.parent / "o.npz"
    flags = ["--fps=25", "--skeleton=h36m_17", f"--output={out}"]
    words = ["--input", ".", f"--calibration={session}/calibration", *flags]
    assert prepare.main(words) == 0
    read = recording.read(out)
    assert (*read.clip_names, *read.clip_actions) == ("P1/walk", "walk")


def test_a_camera_that_a_trial_lacks_keeps_its_calibration_with_confidence_0(session, capsys):
    shutil.rmtree(session / "P2/walk/pose/cam3_json")
    read = run(session)
    assert len(read.rig_names) == 1 and read.camera_names == RIG.camera_names
    np.testing.assert_allclose(read.camera.center[0], RIG.center, atol=1e-9)
    last = read.clip_id == 3
    seen = (read.confidence[last] > 0).any((0, 2))
    assert seen.tolist() == [True, True, False, True]
    assert (read.confidence[~last] > 0).all()
    said = capsys.readouterr().out
    assert "P2/walk: no detections of camera cam3" in said
    assert "cameras matched by triangulation: cam1 = cam1_json" in said


def test_a_camera_that_no_trial_has_is_left_out(session, capsys):
    for place in session.glob("*/*/pose/cam2_json"):
        shutil.rmtree(place)
    read = run(session)
    assert read.camera_names == ("cam1", "cam3", "cam4")
    assert capsys.readouterr().out.count("camera cam2 is left out") == 1


BAD_FILES = {
    "empty": (lambda path: path.write_text(""), ["cam3.json: an empty file - 0 bytes"]),
    "cut": (lambda path: path.write_text('[{"image_id": "0'), ["column 15", "it is cut here"]),
    "nobody": (lambda path: path.write_text("[]"), ["empty JSON ([]) - nobody is in it"]),
    "others": (lambda path: path.write_text('{"fps": 25}'), ["no known detector: keys fps"]),
}


def write_lists(folder, cameras=RIG.camera_names):
    """AlphaPose's list of each camera, COCO's 17 joints in the place of ours."""
    folder.mkdir(parents=True)
    pixels = pixels_of(motion(FRAMES, 0), RIG)
    for view, name in enumerate(RIG.camera_names):
        people = [
            {"image_id": f"{frame}.jpg", "category_id": 1, "score": 1.0,
             "keypoints": [number for joint in rows.tolist() for number in (*joint, 0.9)]}
            for frame, rows in enumerate(pixels[:, view])
        ]  # fmt: skip
        if name in cameras:
            (folder / f"{name}.json").write_text(json.dumps(people))


@pytest.mark.parametrize("kind", BAD_FILES)
def test_a_file_that_cannot_be_read_is_a_warning_with_what_follows(session, capsys, kind):
    write, words = BAD_FILES[kind]
    calibration = [f"--calibration={session}/calibration"]
    write_lists(session.parent / "anna")
    write(session.parent / "anna/cam3.json")
    (session.parent / "anna/notes.json").write_text('{"weather": "sunny"}')
    read = run(session.parent / "anna", flags=calibration)
    said = capsys.readouterr().out
    assert read.camera_names == ("cam1", "cam2", "cam4")
    line = next(line for line in said.splitlines() if "camera cam3" in line)
    assert line.startswith("warning: camera cam3 is left out, only the 3 others are in the file: ")
    assert all(word in line for word in words), line
    for name in ("cam1", "cam2"):
        write(session.parent / f"anna/{name}.json")
    error = refused(session.parent / "anna", flags=calibration)
    assert error.code == DATA
    (session.parent / "anna/cam4.json").unlink()
    error = refused(session.parent / "anna", flags=calibration)
    assert words[-1].replace("cam3", "cam1") in str(error), error


def test_a_file_that_cannot_be_read_in_one_trial_of_several_is_a_warning(session, capsys):
    for name in ("a", "b"):
        write_lists(session.parent / "lists" / name)
    (session.parent / "lists/b/cam3.json").write_text("")
    (session.parent / "lists/b/more.csv").write_text("a;b\n1,5;2,5\n")
    flags = [f"--calibration={session}/calibration", "--subject=anna"]
    read = run(session.parent / "lists", flags=flags)
    said = capsys.readouterr().out
    assert read.camera_names == RIG.camera_names
    assert "warning: b: no detections of camera cam3: it stays" in said
    assert "its confidence is 0: " in said and "cam3.json: an empty file" in said
    assert f"warning: not read: {session.parent}/lists/b/more.csv, line 2: has decimal" in said


def test_one_sound_frame_is_enough_to_know_a_folder_and_the_first_empty_file_is_named(session):
    files = sorted((session / "P1/run/pose/cam2_json").iterdir())
    for path in files[:-1]:
        path.write_text("")
    error = refused(session / "P1/run", flags=[f"--calibration={session}/calibration"])
    assert f"{files[0]}, line 1, column 1 - not JSON" in str(error)


def test_an_assumed_order_of_joints_is_said_with_its_flag_and_kept_in_the_file(session, capsys):
    flags = [f"--calibration={session}/calibration"]
    write_lists(session.parent / "anna")
    assert run(session.parent / "anna", flags=flags).assumed_skeleton == ""
    assert "(assumed" not in capsys.readouterr().out
    out = session.parent / "o.npz"
    words = ["--input", str(session.parent / "anna"), "--fps=25", f"--output={out}", *flags]
    assert prepare.main(words) == 0
    said = capsys.readouterr().out
    assert "17 joints nose, left_eye, right_eye ... (assumed: coco_17)" in said
    line = next(line for line in said.splitlines() if line.startswith("joint names: "))
    assert "the files have none, coco_17's are assumed" in line and "--skeleton=NAME" in line
    read = recording.read(out)
    assert read.assumed_skeleton == "coco_17" and read.skeleton.joints == 18
    assert prepare.main(["--input", str(out), f"--output={session.parent}/again.npz"]) == 0
    again = recording.read(session.parent / "again.npz")
    assert again.assumed_skeleton == "coco_17"
    recording.write(again, out)
    assert recording.read(out).assumed_skeleton == "coco_17"


def test_the_output_of_two_detectors_is_refused_with_the_option_that_chooses(session, capsys):
    flags = [f"--calibration={session}/calibration"]
    write_trial(session.parent / "anna")
    write_lists(session.parent / "anna/second")
    line = str(refused(session.parent / "anna", flags=flags))
    assert "the output of 2 detectors: " in line and "alphapose: cam1.json, cam2.json" in line
    assert "choose: --detections=" in line
    assert "--detections=openpose" in line and "--detections=alphapose" in line
    read = run(session.parent / "anna", flags=[*flags, "--detections=alphapose"])
    assert read.camera_names == RIG.camera_names
    said = capsys.readouterr().out
    assert "taken for your own cameras" in said and "no data set" not in said


@pytest.mark.parametrize("stages", [("pose-sync",), ("pose-sync", "pose-associated")])
def test_of_pose2sims_stages_the_last_is_taken_and_it_is_said(session, capsys, stages):
    trial = session / "P1/run"
    for stage in stages:
        shutil.copytree(trial / "pose", trial / stage)
    for early in ("pose", *stages[:-1]):
        for path in trial.glob(f"{early}/*/*.json"):
            path.write_text('{"people": []}')
    read = run(session)
    assert (read.confidence[read.clip_id == 0] > 0).all()
    left = ", ".join(["pose", *stages[:-1]][::-1])
    line = f"{trial}/{stages[-1]}: taken, Pose2Sim's last stage; left: {left}"
    assert line in capsys.readouterr().out


def test_frames_with_nobody_are_counted_and_said(session, capsys):
    for place in (session / "P1/run/pose").iterdir():
        for path in sorted(place.iterdir())[3:7] + sorted(place.iterdir())[-1:]:
            path.write_text('{"people": []}')
    read = run(session / "P1/run", flags=[f"--calibration={session}/calibration"])
    said = capsys.readouterr().out
    assert read.frame_id.tolist() == [0, 1, 2, *range(7, FRAMES - 1)]
    words = "run: 5 of 14 frames with nobody in any camera are left out: 3 to 6, 13"
    assert words in said
    run(session / "P1/run", flags=[f"--calibration={session}/calibration", "--every=3"])
    assert "2 of 5 frames with nobody in any camera are left out: 3 to 6" in capsys.readouterr().out


def test_all_bad_trials_are_listed_at_once(session, tmp_path):
    sorted((session / "P1/run/pose/cam2_json").iterdir())[3].write_text("{]")
    sorted((session / "P2/walk/pose/cam1_json").iterdir())[-1].unlink()
    for place in (session / "P2/run/pose").iterdir():
        shutil.rmtree(place)
    (session / "P2/run/pose/cam1.json").write_text("[1]")
    done = subprocess.run(
        [sys.executable, "-m", "geoself_jax.prepare", "--input", str(session), "--fps=25",
         "--skeleton=h36m_17", f"--output={tmp_path}/o.npz"],
        env=environment(), cwd=ROOT, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert done.returncode == DATA and len(errors) == 2
    failed = "warning: .*: no detections of a known format in P2/run: .*cam1.json: JSON, but of no "
    assert re.search(failed, done.stdout)  # its detector failed
    assert "P1/run/pose/cam2_json" in errors[0] and "P2/walk" in errors[1]
    assert not (tmp_path / "o.npz").exists()
    error = refused(session / "P1/run", flags=[f"--calibration={session}/calibration"])
    assert error.lines == (str(error),)


def test_trim_says_what_it_cut_where(session, capsys):
    for path in sorted((session / "P2/walk/pose/cam1_json").iterdir())[-2:]:
        path.unlink()
    read = run(session, flags=["--trim"])
    assert (read.clip_id == 3).sum() == FRAMES - 2
    said = capsys.readouterr().out
    assert "P2/walk: --trim kept the first 12 frames" in said
    assert "cut at the end 2 of cam2, 2 of cam3, 2 of cam4" in said


def test_one_name_in_two_prepared_files_is_one_person_and_it_is_said(session, capsys):
    files = []
    for who in ("P1", "P2"):
        write_trial(session.parent / f"{who}x/walk")
        run(session.parent / f"{who}x/walk", flags=[f"--calibration={session}/calibration"])
        files.append((session.parent / f"{who}x/out.npz").rename(session.parent / f"{who}.npz"))
    out = session.parent / "both.npz"
    assert prepare.main(["--input", *map(str, files), f"--output={out}"]) == 0
    assert "subject walk is taken for one subject in" in capsys.readouterr().out
    assert recording.read(out).subject_names == ("walk",)


def test_people_of_folders_are_chosen(session):
    assert run(session, flags=["--subjects=P2"]).clip_names == ("P2/run", "P2/walk")
    error = refused(session, flags=["--subjects=P2,P7"])
    assert error.code == USAGE and "'P7' - no such subject" in str(error)


def test_files_that_are_broken_are_listed_at_once(session):
    cameras = sorted((session / "P1/run/pose").iterdir())
    cut, empty, other = (sorted(camera.iterdir())[3] for camera in (*cameras[:2], cameras[0]))
    cut.write_text(cut.read_text()[:100])
    empty.write_text("")
    other = other.with_name(sorted(cameras[0].iterdir())[5].name)
    other.write_text("[]")
    error = refused(session)
    assert error.code == DATA and len(error.lines) == 3
    for path, line in zip((cut, other, empty), error.lines, strict=True):
        assert str(path) in line


def test_a_calibration_that_is_not_there_is_said_once_and_before_who_is_who(session):
    for trial in ("anna/x", "anna/y"):
        write_trial(session / trial)
    error = refused(session / "anna", flags=[f"--calibration={session}/none.toml"])
    assert error.code == MISSING and len(error.lines) == 1 and "none.toml" in str(error)
    assert "who is who" in str(
        refused(session / "anna", flags=[f"--calibration={session}/calibration"])
    )


def test_a_part_of_a_session_has_the_sessions_calibration_and_it_is_said(session, capsys):
    for inputs in (
        [session / "P1"],
        [session / "P1/run", session / "P2/run"],
        [session / "P1/run/pose"],
    ):
        run(*inputs)
        said = capsys.readouterr().out
        line = f"{session}/calibration: taken, above {inputs[0]}; --calibration=FILE names another"
        assert said.count(line) == 1
    shutil.move(session / "calibration/Calib.toml", session / "Calib.toml")
    run(*[session / "P1/run", session / "P2/run"])
    assert f"{session}/Calib.toml: taken, above" in capsys.readouterr().out


def test_of_several_calibrations_above_an_input_none_is_taken(session):
    shutil.copy(session / "calibration/Calib.toml", session / "Calib_old.toml")
    error = refused(session / "P1")
    assert error.code == DATA and "2 calibrations above it" in str(error)
    assert "Calib_old.toml" in str(error) and "session/calibration" in str(error)


def test_a_broken_calibration_above_an_input_is_named_and_none_further_up_taken(session):
    shutil.copy(session / "calibration/Calib.toml", session.parent / "Calib.toml")
    (session / "calibration/Calib.toml").write_text("[cam1\n")
    assert "session/calibration/Calib.toml" in str(refused(session / "P1"))


def test_files_above_an_input_that_are_called_otherwise_are_not_taken(session):
    shutil.move(session / "calibration/Calib.toml", session / "other.toml")
    assert "no calibration of a known format" in str(refused(session / "P1"))


def test_one_cameras_folder_is_said_to_be_one(session):
    camera = next((session / "P1/run/pose").iterdir())
    for flags in ([], [f"--calibration={session}/calibration"], ["--format=rig"]):
        error = refused(camera, flags=flags)
        assert error.code == DATA and f"{camera}: one camera's folder (openpose)" in str(error)
        assert f"--input {session}/P1/run/pose" in str(error)
    frame = next(camera.iterdir())
    line = str(
        refused(
            session / "P1/run",
            flags=[
                f"--camera=cam1={frame}",
                f"--camera=cam2={frame}",
                f"--calibration={session}/calibration",
            ],
        )
    )
    assert "one frame of OpenPose" in line and f"give {camera}" in line


def renumbered(folder, by):
    """The frames of a camera's folder with `by` added to each number."""
    for path in sorted(folder.iterdir(), reverse=by > 0):
        head, number, tail = path.name.rsplit("_", 2)
        path.rename(folder / f"{head}_{int(number) + by:0{len(number)}d}_{tail}")


def test_a_camera_that_counts_from_1_is_refused_and_trim_takes_first_with_first(session, capsys):
    right = run(session / "P1/run", flags=[f"--calibration={session}/calibration"])
    renumbered(session / "P1/run/pose/cam2_json", 1)
    flags = [f"--calibration={session}/calibration"]
    line = str(refused(session / "P1/run", flags=flags))
    assert "differ by 1" in line and "--trim takes each camera's first frame as frame 0" in line
    read = run(session / "P1/run", flags=[*flags, "--trim"])
    np.testing.assert_array_equal(read.keypoints_2d, right.keypoints_2d)
    assert "--trim takes each camera's first frame as frame 0" in capsys.readouterr().out


def test_cameras_that_each_count_from_a_number_of_their_own_are_refused(session):
    for number in range(1, 4):
        renumbered(session / f"P1/run/pose/cam{number + 1}_json", 1000 * number)
    error = refused(session / "P1/run", flags=[f"--calibration={session}/calibration"])
    assert error.code == DATA and "no frame is seen by two cameras" in str(error)
    assert "0 to 13 of cam1, 1000 to 1013 of cam2" in str(error) and "one clock" in str(error)


@pytest.mark.parametrize(("of", "who"), [([0, 2], "cameras cam1 and cam3"), (range(4), "all")])
def test_cameras_that_stand_at_one_place_are_refused(session, of, who):
    same = CLIP | {name: CLIP[name].copy() for name in ("R", "center")}
    for name in ("R", "center"):
        same[name][list(of)] = CLIP[name][0]
    write_pose2sim(session / "calibration/Calib.toml", RIG.camera_names, same)
    error = refused(session / "P1/run", flags=[f"--calibration={session}/calibration"])
    assert error.code == DATA and "have the same rotation and translation" in str(error)
    assert who in str(error) and "not calibrated" in str(error)


def test_a_camera_with_a_clock_of_its_own_is_said(session, capsys):
    renumbered(session / "P1/run/pose/cam2_json", 100)
    run(session / "P1/run", flags=[f"--calibration={session}/calibration"])
    said = capsys.readouterr().out
    assert "frames 100 to 113 of cam2 are seen by no other camera" in said


def in_folders(place, inner, views):
    """Moves the detections of some cameras to folders of their names."""
    for name in (RIG.camera_names[view] for view in views):
        (place / name / inner).parent.mkdir(parents=True)
        shutil.move(place / f"pose/{name}_json", place / name / inner)
    shutil.rmtree(place / "pose")


@pytest.mark.parametrize("views", [range(4), (0, 2)])
def test_folders_may_name_the_cameras_of_files_of_one_name(session, capsys, views):
    place = session / "P1/run"
    right = run(place, flags=[f"--calibration={session}/calibration"])
    in_folders(place, "keypoints", views)
    read = run(place, flags=[f"--calibration={session}/calibration"])
    np.testing.assert_array_equal(read.keypoints_2d, right.keypoints_2d[:, list(views)])
    assert "cam1 = cam1/keypoints, " in capsys.readouterr().out


def test_cameras_with_recordings_in_them_are_called_so(session):
    for name in RIG.camera_names:
        for trial in ("run", "walk"):
            place = session.parent / f"x/{name}/{trial}"
            place.mkdir(parents=True)
            shutil.move(session / f"P1/{trial}/pose/{name}_json", place)
    error = refused(session.parent / "x", flags=[f"--calibration={session}/calibration"])
    assert error.code == DATA and "x: cam1, cam2, cam3, cam4 - are cameras" in str(error)
    assert "move them: RECORDING/cam1" in str(error)
