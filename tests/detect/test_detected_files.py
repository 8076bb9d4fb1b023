"""What detect wrote needs neither --fps nor --image-size in prepare and lift."""

import shutil

import numpy as np
import pytest
from filmed import write_video
from scenes import motion, pixels_of, tiny_rig

from geoself_jax.core.errors import DATA, USAGE, GeoselfError
from geoself_jax.core.skeleton import H36M_17
from geoself_jax.data import recording
from geoself_jax.data.files.detections_file import Header, header_of, write_detections
from geoself_jax.data.poses.formats import read_poses
from geoself_jax.data.skeletons import COCO_17
from geoself_jax.lift import __main__ as lift
from geoself_jax.lift.flags import check, make_parser
from geoself_jax.lift.given_videos import read_camera
from geoself_jax.prepare import __main__ as prepare
from geoself_jax.prepare.detections import read_detections
from geoself_jax.prepare.lab_files import write_pose2sim
from geoself_jax.runtime import cli

FRAMES = 12
OWN = """import json, pathlib

FOUND = json.loads(min(pathlib.Path({folder!r}).glob("*.json")).read_text())
JOINT_NAMES = FOUND["joint_names"]
FRAMES = iter(FOUND["detections"])


def people(image):
    joints = next(FRAMES)["joints"]
    return [[joints[i : i + 3] for i in range(0, len(joints), 3)]]
"""
"""A detector that finds the first camera's joints in any video."""


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """joints/NAME.json of three cameras at 59.94 frames per second, and Calib.toml."""
    folder, rig = tmp_path_factory.mktemp("lab"), tiny_rig()
    clip = {
        "K": rig.K,
        "dist": np.array([[*lens.coefficients[:4], 0] for lens in rig.lenses]),
        "R": rig.R,
        "center": rig.center,
        "image_size": rig.image_size,
    }
    write_pose2sim(folder / "Calib.toml", rig.camera_names, clip)
    pixels = pixels_of(motion(FRAMES), rig)
    for view, name in enumerate(rig.camera_names[:3]):
        body = np.concatenate([pixels[:, view], np.full((FRAMES, 17, 1), 0.9)], -1)
        size = tuple(rig.image_size[view].tolist())
        header = Header(f"{name}.mp4", 1, "own.py", 59.94, size, FRAMES, H36M_17.joint_names)
        write_detections(folder / "joints" / f"{name}.json", header, body[:, None])
    return folder


def prepared(lab, *more, joints="joints"):
    words = ["--input", str(lab / joints), f"--calibration={lab}/Calib.toml", *more]
    return prepare.main([*words, f"--output={lab}/{joints}.npz"])


def test_prepare_takes_names_and_rate_from_the_files(lab):
    assert prepared(lab) == 0
    read = recording.read(lab / "joints.npz")
    assert read.fps == pytest.approx(59.94)
    assert read.skeleton.joint_names == H36M_17.joint_names
    assert read.keypoints_2d.shape[:2] == (FRAMES, 3)


def test_prepare_detects_in_videos_where_a_detector_is_named(lab, tmp_path, capsys):
    names = sorted(path.stem for path in (lab / "joints").iterdir())
    sizes = {name: header_of(lab / "joints" / f"{name}.json").image_size for name in names}
    (tmp_path / "videos").mkdir()
    for name in names:
        write_video(tmp_path / "videos" / f"{name}.mp4", FRAMES, size=sizes[name])
    words = ["--input", str(tmp_path / "videos"), f"--calibration={lab}/Calib.toml"]
    words.append(f"--output={tmp_path}/walk.npz")
    own = tmp_path / "own.py"
    own.write_text(OWN.format(folder=str(lab / "joints")))
    with pytest.raises(GeoselfError, match="geoself detect"):
        prepare.main(words)
    assert prepare.main([*words, f"--detector={own}"]) == 0
    found = recording.read(tmp_path / "walk.npz")
    assert found.clip_names == ("walk",) and found.views == 3
    assert len(list((tmp_path / "joints" / "walk").glob("*.json"))) == 3
    with pytest.raises(GeoselfError, match="no video among the inputs") as caught:
        prepared(lab, f"--detector={own}")
    assert caught.value.code == USAGE


def test_another_rate_than_the_files_is_refused(lab):
    with pytest.raises(GeoselfError, match=r"was detected at 59.94 frames per second") as caught:
        prepared(lab, "--fps=50")
    assert caught.value.code == USAGE


def test_cameras_of_different_rates_or_sizes_are_noticed(lab, tmp_path, capsys):
    shutil.copytree(lab, tmp_path, dirs_exist_ok=True)
    text = next((tmp_path / "joints").glob("*.json"))
    text.write_text(text.read_text().replace('"fps": 59.94', '"fps": 30.0'))
    with pytest.raises(GeoselfError, match="frames per second") as caught:
        prepared(tmp_path)
    assert caught.value.code == DATA and "geoself detect --fps=30" in str(caught.value)
    size = header_of(text).image_size[0]
    resized = text.read_text().replace('"fps": 30.0', '"fps": 59.94')
    text.write_text(resized.replace(f'"image_size": [\n  {size}', '"image_size": [\n  640'))
    assert header_of(text).image_size[0] == 640
    assert prepared(tmp_path) == 0
    assert "detected in images of 640 x " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('"fps": 59.94', '"fps": 0', "fps 0"),
        ('"frames": 12', '"frames": 5', "wanted 0 to 4"),
        ('"frame": 3,', '"frame": -3,', "entry 3 of frame None"),
        (' "right_wrist"\n', ' "right_wrist",\n "hat"\n', "17 joints in frame 0"),
        ('"frames": 12,', "", "no 'frames'"),
    ],
)
def test_a_damaged_file_is_refused_in_one_line(lab, tmp_path, old, new, why):
    source = next((lab / "joints").glob("*.json")).read_text()
    assert old in source
    (tmp_path / "bad.json").write_text(source.replace(old, new))
    with pytest.raises(GeoselfError, match=why) as caught:
        read_detections(tmp_path / "bad.json")
    assert caught.value.code == DATA and len(caught.value.lines) == 1


def lift_flags(*words):
    parser = make_parser()
    flags, _ = cli.parse(parser, ["--model=m", "--out=p.npz", *map(str, words)])
    check(flags, parser)
    return flags


def test_lift_takes_rate_and_size_from_the_file(lab):
    path = next((lab / "joints").glob("*.json"))
    flags = lift_flags(f"--keypoints={path}", "--fov=60")
    assert flags.fps == pytest.approx(59.94)
    assert flags.image_size == "x".join(map(str, header_of(path).image_size))


def test_a_guessed_angle_is_said_across_both_sides_of_the_image(capsys):
    flags = lift_flags("--keypoints=a.json", "--fps=30", "--fov=40", "--image-size=1080x1920")
    assert read_camera(flags).K[0, 0] == pytest.approx(1483.6, abs=0.1)
    said = capsys.readouterr().err
    assert "40 degrees across the 1080 px" in said and "66 across its 1920 px" in said


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--fov=60"], "--keypoints - required"),
        (["--keypoints=a.json", "--video=a.mp4", "--fov=60"], "both are given"),
        (["--video=a.mp4"], "wanted one of the three"),
        (["--video=a.mp4", "--fov=60", "--skeleton=coco_17"], "it says nothing about a video"),
        (["--video=a.mp4", "--fov=60", "--axes=world"], "a camera by --fov has no extrinsics"),
        (["--video=a.mp4", "--focal=900", "--floor", "--axes=world"], "--axes=world and --floor"),
        (["--keypoints=a.json", "--detector=rtmlib"], "it says nothing about a detector's files"),
        (["--keypoints=synthetic:test", "--sides=keep"], "it says nothing about a recording"),
    ],
)
def test_lift_refuses_flags_that_contradict_each_other(words, why):
    with pytest.raises(GeoselfError, match=why) as caught:
        lift_flags(*words)
    assert caught.value.code == USAGE


def test_lift_detects_and_lifts_a_video(tiny_export, tmp_path, capsys):
    pytest.importorskip("av", reason="av is not installed")
    own = "import numpy as np\nfrom bright_spot import people as found\n"
    own += f"JOINT_NAMES = {list(H36M_17.joint_names)}\npeople = found\n"
    (tmp_path / "own.py").write_text(own)
    shutil.copy(lift_source("bright_spot"), tmp_path)
    write_video(tmp_path / "walk.mp4", 8)
    words = [f"--model={tiny_export}", f"--video={tmp_path}/walk.mp4", "--fov=60"]
    words += [f"--detector={tmp_path}/own.py", f"--out={tmp_path}/poses.npz"]
    assert lift.main(words) == 0
    assert header_of(tmp_path / "poses.joints.json").frames == 8
    poses = read_poses(tmp_path / "poses.npz")
    assert poses.pose.shape == (8, 17, 3) and np.isfinite(poses.pose).all()
    assert poses.fps == 30
    assert lift.main(words) == 0
    said = capsys.readouterr()
    assert "are there already" in said.err
    assert f"--video={tmp_path}/walk.mp4 --out={tmp_path}/poses.mp4" in said.out


def lift_source(name):
    return __import__(name).__file__


def test_coco_joints_by_number_are_named(tmp_path):
    header = Header("a.mp4", 1, "own.py", 30.0, (64, 48), 2, COCO_17.joint_names)
    body = np.ones((1, 17, 3))
    write_detections(tmp_path / "a.json", header, [body, np.zeros((0, 17, 3))])
    found = read_detections(tmp_path / "a.json")
    assert (found.frames, len(found.frame), found.skeleton) == (2, 1, COCO_17)
