"""The command: every detector's files, any camera, and 3D joints that are the network's own."""

import json
import re
import shlex
from pathlib import Path

import cv2
import h5py
import numpy as np
import pandas as pd
import pytest
from calibration_files import known_rig, write_pose2sim
from detection_files import LAYOUTS, openpose, people
from processes import run_python

from geoself_jax import load_lifter
from geoself_jax.core.errors import DATA, MISSING, USAGE, GeoselfError
from geoself_jax.data.joint_maps import joint_map
from geoself_jax.data.poses import npz_file
from geoself_jax.data.poses.filters import parse_filter
from geoself_jax.data.poses.formats import read_poses
from geoself_jax.data.roots import with_pelvis
from geoself_jax.data.skeletons import COCO_17
from geoself_jax.lift import __main__ as lift
from geoself_jax.prepare import __main__ as prepare
from geoself_jax.view.__main__ import main as show

MILLIMETRE = 1e-3
FRAMES = 12


@pytest.fixture(scope="module")
def lifter(tiny_export):
    return load_lifter(tiny_export)


@pytest.fixture(scope="module")
def calibration(tmp_path_factory):
    """Pose2Sim's toml of four cameras, and what is in it."""
    known = known_rig()
    known.dist[:, 4] = 0  # which Pose2Sim lacks
    path = tmp_path_factory.mktemp("calibration") / "Calib:lab.toml"  # a path may hold colons
    write_pose2sim(known, path)
    return path, known


@pytest.fixture(scope="module")
def walk(tmp_path_factory):
    """OpenPose's folder of one person, detected in all frames except 5 and 8."""
    found = alone()
    found[0, 5] = 0
    return openpose(tmp_path_factory.mktemp("walk") / "cam", found), found[0]


def alone():
    found = hips_together(people())
    found[1] = 0
    return found


@pytest.fixture
def run(tiny_export, tmp_path):
    """Runs the command and reads what it wrote."""

    def command(keypoints, *more, out="out.npz", reading=True):
        path = tmp_path / out
        given = [f"--model={tiny_export}", f"--keypoints={keypoints}", f"--out={path}"]
        assert lift.main([*given, *(str(word) for word in more)]) == 0
        return read_poses(path) if reading and path.exists() else path

    return command


@pytest.fixture
def refused(run):
    """Runs a command that fails; its exit code and its line."""

    def command(*words, **more):
        with pytest.raises(GeoselfError) as error:
            run(*words, **more)
        assert str(error.value).isprintable()
        return error.value.code, str(error.value)

    return command


def hips_together(found):
    """People (2, frames, 17, 3) whose hips are 20 px apart, as those of a whole person are.

    `prepare` puts the pelvis between the hips as the lens shows them: where these are far apart
    that is not between the hips of a pinhole's image.
    """
    left, right = (COCO_17.joint_names.index(f"{side}_hip") for side in ("left", "right"))
    found[:, :, right, :2] = found[:, :, left, :2] + np.where(found[:, :, right, 2:] > 0, 20, 0)
    return found


def through_the_lens(found, known, view):
    """People as OpenCV projects them through a camera's lens, from a pinhole's pixels."""
    K, dist = known.K[view], known.dist[view]
    rays = (found[..., :2].reshape(-1, 2) - K[:2, 2]) / K[[0, 1], [0, 1]]
    points = np.concatenate([rays, np.ones((len(rays), 1))], 1)
    shown = cv2.projectPoints(points, np.zeros(3), np.zeros(3), K, dist)[0]
    shown = shown.reshape(*found.shape[:-1], 2)
    there = found[..., 2:] > 0
    return np.concatenate([np.where(there, shown, 0), found[..., 2:]], -1)


def lifted_directly(lifter, found, known, view):
    """A pinhole's detections lifted by hand: a pelvis between the hips, the model's joints."""
    confidence = found[..., 2]
    pixels = np.where(confidence[..., None] > 0, found[..., :2], np.nan)
    hips = [COCO_17.joint_names.index(f"{side}_hip") for side in ("left", "right")]
    pixels = np.concatenate([pixels, pixels[:, hips].mean(1, keepdims=True)], 1)
    confidence = np.concatenate([confidence, confidence[:, hips].min(1, keepdims=True)], 1)
    to_model = joint_map(with_pelvis(COCO_17), lifter.skeleton)
    pixels, confidence = to_model.detections(pixels, confidence)
    pose_3d, root = lifter(pixels, confidence, known.K[view])
    seen = (confidence > 0).any(-1)
    return np.where(seen[:, None, None], pose_3d + root[:, None], np.nan)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_detectors_files_give_what_lifting_the_arrays_gives(
    layout, lifter, calibration, run, tmp_path
):
    write, name, _, tracked = LAYOUTS[layout]
    path, known = calibration
    found = alone()
    keypoints = write(tmp_path / name, through_the_lens(found, known, 2))
    named = tracked and layout not in ("alphapose", "openpifpaf video")
    person = "--person=track:p1" if named else "--person=only"
    poses = run(keypoints, f"--camera={path}:front", "--fps=50", person)
    wanted = lifted_directly(lifter, found[0], known, 2)
    assert poses.frames == len(wanted) and poses.fps == 50 and poses.axes == "camera"
    assert np.isnan(wanted).any() and np.isfinite(wanted).any()
    np.testing.assert_allclose(poses.pose, wanted, atol=0.1 * MILLIMETRE)
    assert poses.skeleton == lifter.skeleton and poses.camera.name == "front"
    np.testing.assert_allclose(poses.camera.center, known.center[2], atol=1e-9)
    np.testing.assert_allclose(poses.camera.lens.coefficients, known.dist[2, :4], atol=1e-9)
    np.testing.assert_allclose(poses.up, known.R[2] @ [0, 0, 1], atol=1e-9)


@pytest.mark.parametrize("flags", [[], ["--detections=mediapipe"]])
def test_landmarks_saved_as_an_array_are_lifted_and_another_array_is_refused(
    run, refused, calibration, tmp_path, flags
):
    landmarks = np.random.default_rng(0).uniform(0.3, 0.7, (5, 33, 3))
    np.save(tmp_path / "cam.npy", landmarks)
    camera = [f"--camera={calibration[0]}:front", "--fps=50", *flags]
    assert np.isfinite(run(tmp_path / "cam.npy", *camera).pose).all()
    np.save(tmp_path / "cam.npy", landmarks[..., 0])
    code, line = refused(tmp_path / "cam.npy", *camera)
    assert code == DATA and "(5, 33)" in line


def test_frames_in_which_nobody_is_seen_are_missing_and_one_joint_is_enough(
    run, calibration, walk, capsys
):
    flags = (f"--camera={calibration[0]}:left", "--fps=50")
    poses = run(walk[0], *flags)
    there = np.isfinite(poses.pose)
    assert np.flatnonzero(~there.all((1, 2))).tolist() == [5, 8]
    assert not there[[5, 8]].any() and (poses.confidence[[5, 8]] == 0).all()
    assert "10 of 12 frames lifted, 2 without a detection" in capsys.readouterr().out
    sure = walk[1][..., 2].max(1)
    least = np.sort(sure[sure > 0])[3] + 1e-6
    some = run(walk[0], *flags, f"--min-confidence={least}")
    assert np.flatnonzero(np.isfinite(some.pose).all((1, 2))).tolist() == [
        frame for frame in range(FRAMES) if sure[frame] >= least
    ]
    assert ((some.confidence == 0) | (some.confidence >= least)).all()


def test_the_world_is_the_cameras_frame_moved_by_the_calibration(run, tiny_file, tiny_recording):
    R, center = tiny_recording.camera.R[1], tiny_recording.camera.center[1]
    for view in (0, 3):
        flags = (f"--camera=cam{view}", "--clip=clip2")
        seen, world = run(tiny_file, *flags), run(tiny_file, *flags, "--axes=world")
        assert np.isfinite(seen.pose).all()
        moved = np.einsum("ij,tpi->tpj", R[view], seen.pose) + center[view]
        np.testing.assert_allclose(world.pose, moved, atol=1e-5)
        np.testing.assert_allclose(world.up, [0, 0, 1], atol=1e-9)
        relative = run(tiny_file, *flags, "--axes=world", "--root=relative")
        root = seen.skeleton.root
        np.testing.assert_allclose(relative.pose, world.pose - world.pose[:, root, None], atol=1e-5)
        assert relative.root_relative and not world.root_relative


def test_a_recordings_clips_are_lifted_as_the_network_lifts_its_arrays(
    run, lifter, tiny_file, tiny_recording, tmp_path
):
    run(tiny_file, "--camera=cam1", out="of {clip}/poses.npz")
    for clip in range(6):
        poses = npz_file.read(tmp_path / f"of clip{clip}/poses.npz")
        at = tiny_recording.clip_id == clip
        pixels, confidence = tiny_recording.keypoints_2d[at, 1], tiny_recording.confidence[at, 1]
        pose_3d, root = lifter(pixels, confidence, tiny_recording.camera.K[clip // 2 % 2, 1])
        np.testing.assert_allclose(poses.pose, pose_3d + root[:, None], atol=1e-5)
        np.testing.assert_array_equal(poses.keypoints_2d, pixels)
        assert (poses.clip, poses.subject) == (f"clip{clip}", ("anna", "bela", "cem")[clip // 2])
        assert poses.fps == 25 and poses.action == ("walking", "waving")[clip % 2]


def test_a_clips_name_stays_in_the_folder_and_never_becomes_two_files(
    tiny_arrays, refused, run, tmp_path
):
    names = ["../../up", ".hidden", "a b", "a_b", "ok", "ok2"]
    path = tmp_path / "odd.npz"
    np.savez(path, **{**tiny_arrays, "clip_names": np.array(names)})
    code, line = refused(path, "--camera=cam0", out="to/{clip}.npz")
    assert code == DATA and "'a b' and 'a_b'" in line
    names[3] = "x"
    np.savez(path, **{**tiny_arrays, "clip_names": np.array(names)})
    run(path, "--camera=cam0", out="to/{clip}.npz")
    written = {file.relative_to(tmp_path).as_posix() for file in tmp_path.rglob("*.npz")}
    kept = ("_.._up", "hidden", "a_b", "x", "ok", "ok2")
    assert written == {"odd.npz", *(f"to/{name}.npz" for name in kept)}


def test_thinned_and_cut_frames_keep_their_numbers(tiny_arrays, run, tmp_path):
    frame_id = np.where(tiny_arrays["clip_id"] == 1, tiny_arrays["frame_id"] * 2 + 7, 0)
    frame_id = np.where(tiny_arrays["clip_id"] == 1, frame_id, tiny_arrays["frame_id"])
    np.savez(tmp_path / "in.npz", **{**tiny_arrays, "frame_id": frame_id.astype(np.int32)})
    poses = run(tmp_path / "in.npz", "--camera=cam0", "--clip=clip1")
    there = np.flatnonzero(np.isfinite(poses.pose).all((1, 2)))
    np.testing.assert_array_equal(there, np.arange(40) * 2 + 7)


def test_a_filter_is_off_unless_asked_for_and_then_the_one_that_is_named(run, tiny_file):
    flags = ("--camera=cam0", "--clip=clip0")
    plain = run(tiny_file, *flags)
    for name in ("butterworth:4", "one-euro:1.0,0.05"):
        smooth = run(tiny_file, *flags, f"--filter={name}")
        np.testing.assert_allclose(smooth.pose, parse_filter(name)(plain).pose, atol=1e-5)
        assert np.abs(smooth.pose - plain.pose).max() > MILLIMETRE


def test_a_guessed_focal_length_is_warned_of_and_used(run, walk, capsys):
    by_angle = run(walk[0], "--fov=90", "--image-size=1000x800", "--fps=50")
    error = capsys.readouterr().err
    assert "warning: no calibration" in error and "500 px" in error
    by_length = run(walk[0], "--focal=500", "--image-size=1000x800", "--fps=50")
    np.testing.assert_allclose(by_angle.pose, by_length.pose, atol=1e-6)
    np.testing.assert_allclose(by_angle.camera.K, [[500, 0, 500], [0, 500, 400], [0, 0, 1]])
    assert by_angle.camera.R is None and by_angle.up.tolist() == [0, -1, 0]


def test_of_several_people_one_is_chosen_or_none_is_lifted(
    run, refused, lifter, calibration, tmp_path
):
    path, known = calibration
    found = hips_together(people())
    shown = through_the_lens(found, known, 3)
    flags = (f"--camera={path}:back", "--fps=50")
    keypoints = LAYOUTS["sleap csv"][0](tmp_path / "both.csv", shown)
    code, line = refused(keypoints, *flags)
    assert code == DATA and "2 people in frame 0, several in 8 of 11" in line
    assert "--person=largest, or --person=track:NAME, of p1, p2" in line
    second = run(keypoints, *flags, "--person=track:p2")
    wanted = lifted_directly(lifter, found[1], known, 3)
    np.testing.assert_allclose(second.pose, wanted, atol=0.1 * MILLIMETRE)
    keypoints = openpose(tmp_path / "untracked", shown)
    code, line = refused(keypoints, *flags)
    assert code == DATA and line.endswith("--person=largest; it has no tracks")
    there = found[..., 2] > 0
    low, high = (
        getattr(np, how)(np.where(there[..., None], shown[..., :2], fill), axis=2)
        for how, fill in (("min", np.inf), ("max", -np.inf))
    )
    area = np.where(there.any(-1), np.prod(high - low, -1), 0)
    largest = found[area.argmax(0), np.arange(FRAMES)]
    chosen = run(keypoints, *flags, "--person=largest")
    wanted = lifted_directly(lifter, largest, known, 3)
    np.testing.assert_allclose(chosen.pose, wanted, atol=0.1 * MILLIMETRE)


def named(path, layout, found):
    """A file of people with the names that a tracker gave them; AlphaPose's have them anyhow."""
    keypoints = LAYOUTS[layout][0](path, found)
    if layout == "alphapose":
        return keypoints
    files = sorted(keypoints.iterdir()) if keypoints.is_dir() else [keypoints]
    lists = [json.loads(file.read_text()) for file in files]
    frames = lists[0]["instance_info"] if layout == "mmpose" else lists
    for number, frame in enumerate(frames):
        present = [p for p in range(2) if found[p, number].any()]
        for person, entry in zip(present, frame.get("instances", frame.get("people")), strict=True):
            entry |= {"track_id": person + 1} if layout == "mmpose" else {"person_id": [person + 1]}
    for file, content in zip(files, lists, strict=True):
        file.write_text(json.dumps(content))
    return keypoints


@pytest.mark.parametrize("layout", ["alphapose", "openpose", "mmpose"])
def test_every_person_with_a_track_is_lifted_alone_and_shown_with_the_others(
    layout, run, lifter, calibration, tmp_path, capsys
):
    path, known = calibration
    found = hips_together(people())
    shown = through_the_lens(found, known, 3)
    keypoints = named(tmp_path / LAYOUTS[layout][1], layout, shown)
    flags = (f"--camera={path}:back", "--fps=50", "--person=all", "--clip=walk")
    run(keypoints, *flags, out="{clip}.npz")
    said = capsys.readouterr().err
    assert "(11)" in said and "(8)" in said
    for number, track in enumerate(("1", "2")):
        poses = read_poses(tmp_path / f"walk_{track}.npz")
        assert (poses.subject, poses.clip) == (track, f"walk/{track}")
        wanted = lifted_directly(lifter, found[number], known, 3)
        np.testing.assert_allclose(poses.pose, wanted, atol=0.1 * MILLIMETRE)
    page = tmp_path / "page.html"
    files = [str(tmp_path / f"walk_{track}.npz") for track in ("1", "2")]
    assert show(["--poses", *files, f"--out={page}"]) == 0
    assert "1 scene, 12 frames" in capsys.readouterr().out


@pytest.mark.parametrize("layout", ["sleap", "deeplabcut", "sleap csv"])
def test_every_track_is_lifted_alone_into_a_file_called_after_it(
    layout, run, refused, lifter, calibration, tmp_path, capsys
):
    path, known = calibration
    found = hips_together(people())
    shown = through_the_lens(found, known, 3)
    flags = (f"--camera={path}:back", "--fps=50", "--person=all")
    write, name, *_ = LAYOUTS[layout]
    keypoints = write(tmp_path / name, shown)
    run(keypoints, *flags, out="{clip}_3d.npz")
    assert "tracks, with their frames: p1 (11), p2 (8)" in capsys.readouterr().err
    for number, track in enumerate(("p1", "p2")):
        poses = read_poses(tmp_path / f"{track}_3d.npz")
        wanted = lifted_directly(lifter, found[number], known, 3)
        assert (poses.subject, poses.clip, poses.frames) == (track, track, FRAMES)
        np.testing.assert_allclose(poses.pose, wanted, atol=0.1 * MILLIMETRE)
    run(keypoints, *flags, "--clip=walk", out="{clip}.npz")
    assert read_poses(tmp_path / "walk_p2.npz").clip == "walk/p2"
    code, line = refused(keypoints, *flags)
    assert code == USAGE and "2 tracks, p1, p2 - a file holds one - add {clip}" in line
    assert "--person=track:p1" in line


def test_lifted_tracks_are_shown_with_the_recording_of_the_same_files(run, calibration, tmp_path):
    path, known = calibration
    write, _, *_ = LAYOUTS["deeplabcut csv"]
    for session in ("s1", "s2"):
        (tmp_path / "pairs" / session).mkdir(parents=True)
        for view, camera in enumerate(known.names):
            shown = through_the_lens(hips_together(people()), known, view)
            write(tmp_path / "pairs" / session / f"{camera}.csv", shown)
    flags = [f"--calibration={path}", "--fps=50", "--person=all", "--subject-from={name}"]
    data = f"{tmp_path}/pairs.npz"
    assert prepare.main(["--input", f"{tmp_path}/pairs", *flags, f"--output={data}"]) == 0
    files = tmp_path / "pairs/s2/back.csv"
    flags = [f"--camera={path}:back", "--fps=50", "--person=all", "--clip=s2"]
    run(files, *flags, out="{clip}.npz", reading=False)
    page = tmp_path / "page.html"
    tracks = [str(tmp_path / f"s2_{track}.npz") for track in ("p1", "p2")]
    assert show(["--poses", *tracks, f"--data={data}", f"--out={page}"]) == 0
    run(files, *flags[:-1], out="{clip}.npz", reading=False)
    alone = [f"--poses={tmp_path}/p1.npz", f"--data={data}", f"--out={page}"]
    assert show([*alone, "--clip=s2/p1"]) == 0 and "s2/p1" in page.read_text()
    with pytest.raises(GeoselfError, match="clips s1/p1, s2/p1 end with"):
        show(alone)


def test_without_tracks_not_everybody_is_lifted(refused, calibration, tmp_path):
    path, known = calibration
    keypoints = openpose(tmp_path / "untracked", through_the_lens(people(), known, 3))
    flags = (f"--camera={path}:back", "--fps=50", "--person=all")
    code, line = refused(keypoints, *flags, out="{clip}.npz")
    assert code == DATA and "--person=all lifts each track, and it has no tracks" in line


def test_of_one_body_without_a_track_everybody_is_that_one(
    run, lifter, calibration, tmp_path, capsys
):
    path, known = calibration
    found = hips_together(alone())
    keypoints = openpose(tmp_path / "untracked", through_the_lens(found, known, 3))
    poses = run(keypoints, f"--camera={path}:back", "--fps=50", "--person=all", "--clip=walk")
    assert (poses.clip, poses.subject, poses.frames) == ("walk", "", FRAMES)
    wanted = lifted_directly(lifter, found[0], known, 3)
    np.testing.assert_allclose(poses.pose, wanted, atol=0.1 * MILLIMETRE)
    assert "no tracks, and never two in a frame" in capsys.readouterr().err


def test_scores_up_to_another_number_are_refused_and_scaled(run, refused, calibration, tmp_path):
    found = alone()
    found[..., 2] *= 6
    keypoints = openpose(tmp_path / "cam", found)
    flags = (f"--camera={calibration[0]}:left", "--fps=50")
    code, line = refused(keypoints, *flags)
    assert code == DATA and "--confidence-scale=6" in line
    scaled = run(keypoints, *flags, "--confidence-scale=6")
    assert 0.5 < scaled.confidence.max() <= 1


def test_joints_are_mapped_to_the_models_with_a_note_and_refused_where_some_are_missing(
    run, refused, calibration, walk, tmp_path, capsys
):
    flags = (f"--camera={calibration[0]}:left", "--fps=50")
    run(walk[0], *flags)
    error = capsys.readouterr().err
    assert "spine, thorax, neck, head derived" in error and "--skeleton=h36m_17" in error
    run(walk[0], *flags, "--skeleton=h36m_17")
    assert "are mapped to" not in capsys.readouterr().err
    names = [f"joint{i}" for i in range(17)]
    bones = ", ".join(f'["joint0", "{name}"]' for name in names[1:])
    mine = tmp_path / "mine.toml"
    mine.write_text(f'joints = {names}\nroot = "joint0"\nbones = [{bones}]\n'.replace("'", '"'))
    code, line = refused(walk[0], *flags, f"--skeleton={mine}")
    assert code == DATA and "the model needs pelvis, right_hip" in line


GUESS = ("--fov=60", "--image-size=100x100")


@pytest.mark.parametrize(
    ("flags", "code", "words"),
    [
        (["--camera=CALIB:left"], USAGE, ["--fps"]),
        (["--fps=50"], USAGE, ["--camera, --fov, --focal", "none is given"]),
        (["--fps=50", "--camera=CALIB:left", "--fov=60"], USAGE, ["2 are given"]),
        (["--fps=50", "--fov=60"], USAGE, ["--image-size=WxH"]),
        (["--fps=50", "--fov=180", "--image-size=9x9"], USAGE, ["--fov=180"]),
        (["--fps=50", "--focal=nan", "--image-size=9x9"], USAGE, ["--focal=nan"]),
        (["--fps=50", "--fov=60", "--image-size=9"], USAGE, ["--image-size=9", "WIDTHxHEIGHT"]),
        (["--fps=50", *GUESS, "--unit=mm"], USAGE, ["--unit", "no calibration"]),
        (["--fps=50", *GUESS, "--axes=world"], USAGE, ["--axes=world", "no extrinsics"]),
        (["--fps=50", "--camera=CALIB"], USAGE, ["it has 4: left, right", ":left"]),
        (["--fps=50", "--camera=CALIB:lft"], DATA, ["no camera 'lft'", "did you mean 'left'?"]),
        (["--fps=50", "--camera=none.toml:left"], MISSING, ["none.toml:left", "no such file"]),
        (["--fps=50", "--camera=human36m:S1:541"], DATA, ["no camera '541'", "54138969"]),
        (["--fps=0", *GUESS], USAGE, ["--fps=0"]),
        (["--fps=50", *GUESS, "--min-confidence=2"], USAGE, ["--min-confidence=2"]),
        (["--fps=50", *GUESS, "--person=consistent"], USAGE, ["--person=largest"]),
        (["--fps=50", *GUESS, "--person=large"], USAGE, ["did you mean 'largest'?"]),
        (["--fps=50", *GUESS, "--person=track:7"], DATA, ["no track '7'"]),
        (["--fps=50", *GUESS, "--skeleton=body_25"], DATA, ["17 joints", "--skeleton"]),
        (["--fps=50", *GUESS, "--detections=openpse"], USAGE, ["did you mean 'openpose'?"]),
        (["--fps=50", *GUESS, "--filter=butterwurst:6"], USAGE, ["'butterworth'"]),
        (["--fps=50", *GUESS, "--filter=butterworth:25"], USAGE, ["half of the 50 frames"]),
        (["--fps=50", *GUESS, "--frames=5"], USAGE, ["--frames", "a detector's files"]),
        (["--fps=50", *GUESS, "--up=x"], USAGE, ["--up"]),
        (["--fps=50", *GUESS, "--markers=pose2sim"], USAGE, ["only .trc and .c3d have markers"]),
    ],
)
def test_what_cannot_be_is_one_line_with_its_code(refused, calibration, walk, flags, code, words):
    found, line = refused(walk[0], *(flag.replace("CALIB", str(calibration[0])) for flag in flags))
    assert found == code, line
    for word in words:
        assert word in line


@pytest.mark.parametrize(
    ("flags", "code", "words"),
    [
        ([], USAGE, ["it has cam0, cam1, cam2, cam3", "--camera=cam0"]),
        (["--camera=cam9"], DATA, ["no camera 'cam9'"]),
        (["--camera=cam0"], USAGE, ["6 clips", "--clip=clip0", "{clip}"]),
        (["--camera=cam0", "--clip=clip9"], DATA, ["no clip 'clip9'"]),
        (["--camera=cam0", "--clip=clip0", "--fps=50"], USAGE, ["--fps", "recording of ours"]),
        (["--camera=cam0", "--clip=clip0", "--fov=50"], USAGE, ["--fov"]),
    ],
)
def test_what_a_recording_has_not_is_one_line_too(refused, tiny_file, flags, code, words):
    found, line = refused(tiny_file, *flags)
    assert found == code
    for word in words:
        assert word in line


def test_a_file_that_is_there_stays_as_it_was_when_lifting_fails(refused, walk, tmp_path):
    (tmp_path / "out.csv").write_text("mine")
    for more in (["--filter=butterworth:25"], ["--axes=world"]):
        refused(walk[0], "--fps=50", *GUESS, *more, out="out.csv")
    assert refused(walk[0], "--fps=50", *GUESS, out="out.xyz")[0] == USAGE
    assert refused(tmp_path / "none", "--fps=50", *GUESS, out="out.csv")[0] == MISSING
    assert (tmp_path / "out.csv").read_text() == "mine"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["out.csv"]


def test_with_a_file_for_each_clip_the_last_line_shows_the_first(run, tiny_file, capsys):
    run(tiny_file, "--camera=cam0", out="{clip}.npz")
    last = capsys.readouterr().out.splitlines()[-1]
    shown, _, command = last.partition("; now: ")
    first = shown.removeprefix("written to ").removesuffix(" and 5 more")
    words = shlex.split(command.partition("geoself_jax.view ")[2])
    assert f"--data={tiny_file}" in words and show(words) == 0  # it has ground truth
    assert read_poses(first) and Path(first).with_suffix(".html").is_file()


def test_detections_alone_are_shown_without_a_recording(run, walk, capsys):
    run(walk[0], "--fps=50", *GUESS)
    assert "--data" not in capsys.readouterr().out.partition("now: ")[2]
    run(walk[0], "--fps=50", *GUESS, out="poses.trc")
    assert "now: " not in capsys.readouterr().out


def test_markers_for_opensim_are_written_without_the_frames_of_nobody(
    run, calibration, walk, capsys
):
    given = [walk[0], f"--camera={calibration[0]}:left", "--fps=50", "--markers=pose2sim"]
    poses = run(*given, "--axes=world", out="anna.trc")
    assert poses.frame_id.tolist() == [frame for frame in range(FRAMES) if frame not in (5, 8)]
    assert set(poses.skeleton.joint_names) > {"CHip", "LKnee", "RWrist"}
    error = capsys.readouterr().err
    assert "note: no marker of pose2sim-body25" in error and "warning: the joints" not in error
    run(*given, out="anna.trc")
    assert "\nwarning: the joints are in the camera's axes" in capsys.readouterr().err


@pytest.mark.parametrize("format", ["anipose", "deeplabcut", "sleap-anipose"])
def test_laboratories_files_are_written_when_they_are_asked_for(run, walk, capsys, format):
    name = "anna.csv" if format == "anipose" else "anna.h5"
    given = [walk[0], "--fps=50", *GUESS]
    asked = run(*given).pose
    path = Path(run(*given, f"--out-format={format}", out=name, reading=False))
    line = f"note: {path}: lengths are in mm, which the file cannot say"
    assert line in capsys.readouterr().err
    if format == "anipose":
        found = read_poses(path, format=format, fps=50, unit="mm").pose
    elif format == "deeplabcut":
        found = pd.read_hdf(path).to_numpy().reshape(asked.shape) / 1000
    else:
        with h5py.File(path) as file:
            found = file["tracks"][:, 0] / 1000
    wanted = asked[..., [0, 2, 1]] * [1, 1, -1]  # camera axes to z up
    np.testing.assert_allclose(found, wanted, atol=1e-6)
    assert np.isfinite(found).all(-1).any()


def test_nwb_has_the_session_that_the_flags_say(run, walk, refused, tiny_file):
    pynwb = pytest.importorskip("pynwb", reason="pynwb is not installed")
    start = "--nwb-session-start=2026-01-31T12:00:00+01:00"
    given = [walk[0], "--fps=50", *GUESS]
    asked = run(*given).pose
    path = run(*given, start, "--nwb-subject=sub-01", out="anna.nwb", reading=False)
    assert pynwb.validate(path=str(path)) == []
    nwb = pynwb.read_nwb(str(path))
    assert nwb.session_start_time.isoformat() == "2026-01-31T12:00:00+01:00"
    assert nwb.subject.subject_id == "sub-01"
    found = nwb.processing["behavior"]["PoseEstimation"]
    joints = np.stack([found[name].data[:] for name in found.skeleton.nodes], 1)
    wanted = asked[..., [0, 2, 1]] * [1, 1, -1]  # camera axes to z up
    np.testing.assert_allclose(joints, wanted, atol=1e-6)
    for words, said in (
        ([], "wants the date and time of the video's frame 0 - set --nwb-session-start="),
        (["--nwb-session-start=2026-01-31T12:00:00"], "its time zone is missing"),
        ([start, "--nwb-subject=a", "--person=all"], "each track is a subject of its own"),
    ):
        code, line = refused("no such folder", "--fps=50", *GUESS, *words, out="other.nwb")
        assert code == USAGE and said in line
    named = ("--camera=cam1", start, "--nwb-subject=mona")
    code, line = refused(tiny_file, *named, out="{clip}.nwb")
    assert code == USAGE and "the videos are of 3: anna, bela, cem - leave it out" in line
    code, line = refused("none", "--fps=50", *GUESS, start, out="other.csv")
    assert code == USAGE and "only .nwb says it - leave it out" in line


def test_an_ending_of_several_programs_is_refused_before_anything_is_read(refused):
    for words, said in (
        (["--out-unit=mm"], "deeplabcut and sleap-anipose write .h5 - say which: --out-format"),
        (["--out-format=anipose"], "anipose has files .csv"),
        (["--out-format=dlc"], "known: anipose, deeplabcut, sleap-anipose"),
    ):
        code, line = refused("no such folder", "--fps=50", *GUESS, *words, out="out.h5")
        assert code == USAGE and said in line
    code, line = refused("none", "--fps=50", *GUESS, "--out-unit=mm", out="out.csv")
    assert code == USAGE and "unit 'mm' - the format has its own unit" in line


def test_an_invalid_frame_number_allocates_no_memory(refused, tmp_path):
    keypoints = openpose(tmp_path / "cam", alone())
    first = sorted(keypoints.iterdir())[0]
    first.rename(keypoints / "video_000002147483647_keypoints.json")
    code, line = refused(keypoints, "--fps=50", *GUESS)
    assert code == DATA and "frame number 2147483647" in line


def test_the_command_tells_how_fast_it_was_and_what_it_wrote(tiny_export, walk, tmp_path):
    out = tmp_path / "deep" / "poses.csv"
    done = run_python(
        *("-m", "geoself_jax.lift", f"--model={tiny_export}", f"--keypoints={walk[0]}"),
        *("--fps=50", *GUESS, f"--out={out}"),
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"10 of 12 frames lifted, 2 without a detection; \d+ frames/s", done.stdout)
    assert f"written to {out}" in done.stdout and "now: " not in done.stdout
    assert "warning: no calibration" in done.stderr
    table = pd.read_csv(out)
    np.testing.assert_allclose(table["time"], np.arange(FRAMES) / 50)
    assert table["pelvis_z"].isna().sum() == 2 and (table["pelvis_z"].dropna() > 0).all()
