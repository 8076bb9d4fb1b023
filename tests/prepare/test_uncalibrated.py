"""Cameras without a calibration: prepared from their files, then found from the joints."""

import json
import shlex

import numpy as np
import pytest
from calibration_files import write_opencv
from detection_files import coco
from people_seen import off
from scenes import motion, pixels_of, tiny_rig

from geoself_jax.core.errors import DATA, USAGE, GeoselfError
from geoself_jax.data import recording
from geoself_jax.data.files import npz
from geoself_jax.data.recording import from_arrays
from geoself_jax.data.synthetic import generate
from geoself_jax.geometry.lenses import Lens, undistort_pixels
from geoself_jax.prepare import __main__ as prepare
from geoself_jax.prepare.lab_files import clip_of, write_openpose, write_pose2sim
from geoself_jax.runtime import cli

FRAMES = 14
RIG = tiny_rig()
CLIP = {
    "K": RIG.K,
    "dist": np.array([[*lens.coefficients[:4], 0] for lens in RIG.lenses]),
    "R": RIG.R,
    "center": RIG.center,
    "image_size": RIG.image_size,
}
SIZE = "--image-size=1000x1000"


def write_trial(folder, clip=0, names=RIG.camera_names):
    pixels = pixels_of(motion(FRAMES, clip), RIG)
    for view, name in enumerate(names):
        write_openpose(folder, name, pixels[:, view], np.full((FRAMES, 17), 0.9))


@pytest.fixture
def session(tmp_path):
    """Two people with a trial each, and no calibration."""
    for number, trial in enumerate(("P1/walk", "P2/walk")):
        write_trial(tmp_path / "session" / trial / "pose", number)
    return tmp_path / "session"


def run(*inputs, flags=(), out=None):
    out = out or inputs[0].parent / "out.npz"
    given = ["--input", *map(str, inputs)] if inputs else []
    words = [*given, "--uncalibrated", "--fps=25", "--skeleton=h36m_17", f"--output={out}"]
    assert prepare.main([*words, *flags]) == 0
    return npz.read_arrays(out)


def refused(*inputs, flags=(), code=DATA):
    with pytest.raises(GeoselfError) as error:
        run(*inputs, flags=flags)
    assert error.value.code == code
    return str(error.value)


def test_recordings_are_clips_of_one_rig_without_cameras(session, capsys):
    arrays = run(session, flags=[SIZE])
    assert not {"R", "center", "world_up", "K", "dist"} & arrays.keys()
    assert arrays["rig_names"].tolist() == ["session"]
    assert arrays["camera_names"].tolist() == list(RIG.camera_names)
    assert arrays["clip_names"].tolist() == ["P1/walk", "P2/walk"]
    assert arrays["image_size"].tolist() == [[[1000, 1000]] * 4]
    for clip in range(2):
        seen = arrays["keypoints_2d"][arrays["clip_id"] == clip]
        np.testing.assert_allclose(seen, pixels_of(motion(FRAMES, clip), RIG), atol=0.01)
    assert "where the cameras stand is not known" in capsys.readouterr().out


def test_an_image_size_that_no_file_has_is_asked_for(session):
    line = refused(session)
    assert "the image size of cam1, cam2, cam3, cam4 is in no file" in line
    assert "give --image-size=WIDTHxHEIGHT" in line
    assert "did you mean 'cam1'" in refused(session, flags=["--image-size=cm1=9x9"], code=USAGE)


def write_lenses(folder, names, clip):
    """As OpenCV's calibration of a camera leaves it, a file each."""
    folder.mkdir()
    for view, name in enumerate(names):
        K, dist, size = (clip[each][view] for each in ("K", "dist", "image_size"))
        values = {"image_width": int(size[0]), "image_height": int(size[1])}
        values |= {"camera_matrix": K, "distortion_coefficients": dist[None]}
        write_opencv(folder / f"{name}_intrinsics.yml", values)


def test_the_next_command_is_the_last_line_and_works_as_it_stands(tmp_path, monkeypatch, capsys):
    made = generate("train", 240, 0, 10.0, subjects=1)
    names = ("left", "middle", "right")
    for number in range(len(made["clip_names"])):
        clip = clip_of(made, number)
        for view, name in enumerate(names):
            rows = clip["keypoints_2d"][:, view], clip["confidence"][:, view]
            write_openpose(tmp_path / f"garden/take{number}", name, *rows)
    write_lenses(tmp_path / "lenses", names, clip)
    monkeypatch.chdir(tmp_path)
    words = ["--input", "garden", "--uncalibrated", "--calibration=lenses", "--fps=10"]
    words += ["--skeleton=h36m_17", "--subject=anna", "--output=garden.npz"]
    assert prepare.main(words) == 0
    arrays = npz.read_arrays(tmp_path / "garden.npz")
    np.testing.assert_allclose(arrays["K"][0], clip["K"][:3])
    np.testing.assert_allclose(arrays["dist"][0], clip["dist"][:3])
    now = capsys.readouterr().out.splitlines()[-1]
    assert now.startswith("now: ") and "garden_calibrated.npz" in now
    verb, *flags = shlex.split(now.partition("geoself_jax.")[2] or now.partition("geoself ")[2])
    assert cli.main_of(verb)(flags) == 0
    found = recording.read(tmp_path / "garden_calibrated.npz")
    seen = from_arrays(made, "synthetic").select_views(np.arange(3))
    report = type("Cameras", (), {"R": found.camera.R[0], "center": found.camera.center[0]})
    degrees, metres = off(report, seen)
    assert degrees.max() < 0.5 and metres.max() < 0.1


def test_of_a_whole_calibration_the_intrinsics_alone_are_taken(session, tmp_path, capsys):
    write_pose2sim(tmp_path / "Calib.toml", RIG.camera_names, CLIP)
    arrays = run(session, flags=[f"--calibration={tmp_path / 'Calib.toml'}"])
    np.testing.assert_allclose(arrays["K"][0], RIG.K)
    np.testing.assert_allclose(arrays["dist"][0], CLIP["dist"], atol=1e-12)
    assert not {"R", "center", "world_up"} & arrays.keys()
    said = capsys.readouterr().out
    assert "Calib.toml: its intrinsics are taken; where its cameras stand is left out" in said
    assert "unit" not in said and "--intrinsics" not in said


def test_a_calibration_without_a_unit_is_not_asked_for_it(session, tmp_path):
    folder = tmp_path / "cv"
    folder.mkdir()
    for view, name in enumerate(RIG.camera_names):
        values = {"camera_matrix": RIG.K[view], "R": RIG.R[view], "T": RIG.center[view][:, None]}
        write_opencv(folder / f"{name}.yml", values)
    arrays = run(session, flags=[f"--calibration={tmp_path / 'cv'}", SIZE])
    np.testing.assert_allclose(arrays["K"][0], RIG.K)


def test_of_two_calibrations_the_intrinsics_are_of_neither(session, tmp_path):
    (tmp_path / "cal").mkdir()
    write_pose2sim(tmp_path / "cal/Calib.toml", RIG.camera_names, CLIP)
    for view, name in enumerate(RIG.camera_names):
        values = {"camera_matrix": RIG.K[view], "R": RIG.R[view], "T": RIG.center[view][:, None]}
        write_opencv(tmp_path / f"cal/{name}.yml", values)
    line = refused(session, flags=(f"--calibration={tmp_path / 'cal'}",))
    assert "cal: 2 calibrations - " in line


def test_a_table_a_camera_in_one_json_has_intrinsics(session, tmp_path):
    tables = {
        name: {"K": RIG.K[view].tolist(), "dist": [0.1, 0, 0, 0, 0], "image_size": [1000, 1000]}
        for view, name in enumerate(RIG.camera_names)
    }
    (tmp_path / "lenses.json").write_text(json.dumps(tables))
    arrays = run(session, flags=[f"--calibration={tmp_path / 'lenses.json'}"])
    np.testing.assert_allclose(arrays["K"][0], RIG.K)
    np.testing.assert_allclose(arrays["dist"][0, :, 0], 0.1)


def test_a_lens_of_many_coefficients_is_undistorted(session, tmp_path):
    (tmp_path / "cv").mkdir()
    bent = (0.1, -0.02, 0.001, 0.0, 0.0, 0.05, 0.0, 0.0)
    for view, name in enumerate(RIG.camera_names):
        values = {"camera_matrix": RIG.K[view], "dist_coeffs": np.array([bent])}
        write_opencv(tmp_path / f"cv/{name}.xml", values)
    arrays = run(session, flags=[f"--calibration={tmp_path / 'cv'}", SIZE])
    assert not arrays["dist"].any()
    pixels = pixels_of(motion(FRAMES, 0), RIG)
    for view in range(4):
        plain = undistort_pixels(pixels[:, view], RIG.K[view], Lens(bent))
        np.testing.assert_allclose(arrays["keypoints_2d"][:FRAMES, view], plain, atol=0.02)


def test_a_focal_length_is_that_of_all_cameras_or_of_one(session):
    flags = [SIZE, "--image-size=cam2=640x480", "--focal-length=900", "--focal-length=cam3=1000"]
    arrays = run(session, flags=flags)
    K = arrays["K"][0]
    assert K[:, 0, 0].tolist() == K[:, 1, 1].tolist() == [900, 900, 1000, 900]
    assert K[:, 0, 2].tolist() == [499.5, 319.5, 499.5, 499.5] and K[1, 1, 2] == 239.5
    line = refused(session, flags=[SIZE, "--focal-length=cam3=1000"], code=USAGE)
    assert "none of camera cam1" in line
    line = refused(session, flags=[SIZE, "--focal-length=cm3=9"], code=USAGE)
    assert "did you mean 'cam3'" in line


def test_image_sizes_are_read_from_the_detectors_files_that_hold_them(tmp_path):
    rng = np.random.default_rng(0)
    folder = tmp_path / "yard"
    folder.mkdir()
    for name, size in (("left", (1280, 720)), ("right", (640, 480))):
        found = rng.uniform(100, 400, (2, 12, 17, 3))
        found[..., 2], found[1] = 0.9, 0
        content = json.loads(coco(folder / f"{name}.json", found).read_text())[:-1]
        images = [
            {"id": f, "file_name": f"{f}.jpg", "width": size[0], "height": size[1]}
            for f in range(12)
        ]
        whole = {"images": images, "annotations": content, "categories": []}
        (folder / f"{name}.json").write_text(json.dumps(whole))
    out = tmp_path / "out.npz"
    words = ["--input", str(folder), "--uncalibrated", "--fps=25", f"--output={out}"]
    assert prepare.main(words) == 0
    assert npz.read_arrays(out)["image_size"].tolist() == [[[1280, 720], [640, 480]]]


def test_files_are_named_one_by_one(session):
    paths = {name: session / f"P1/walk/pose/{name}_json" for name in ("cam3", "cam1")}
    flags = [f"--camera={name[-1]}th={path}" for name, path in paths.items()]
    arrays = run(flags=[*flags, SIZE], out=session.parent / "out.npz")
    assert arrays["camera_names"].tolist() == ["3th", "1th"]
    first = pixels_of(motion(FRAMES, 0), RIG)
    np.testing.assert_allclose(arrays["keypoints_2d"], first[:, [2, 0]], atol=0.01)


def test_a_calibration_in_the_folder_is_named_or_not_taken(session):
    write_pose2sim(session / "Calib.toml", RIG.camera_names, CLIP)
    assert "K" not in run(session, flags=[SIZE])


FLAGS = {
    "--unit=mm": "no lengths are read",
    "--height=1.8": "calibrate's --scale",
    "--up=z": "calibrate finds it",
    "--sync": "calibrate --sync",
    "--person=consistent:1": "--person=largest or track:NAME",
    "--person=all": "--person=largest or track:NAME",
}


@pytest.mark.parametrize("flag", FLAGS)
def test_flags_that_need_the_cameras_are_refused(session, flag):
    assert FLAGS[flag] in refused(session, flags=[flag, SIZE], code=USAGE)


def test_of_several_people_the_largest_is_taken_and_none_by_geometry(tmp_path):
    pixels = pixels_of(motion(FRAMES, 0), RIG)
    for view, name in enumerate(RIG.camera_names):
        place = tmp_path / f"hall/{name}_json"
        place.mkdir(parents=True)
        for frame, row in enumerate(pixels[:, view]):
            small = 100 + (row - row.mean(0)) / 4
            people = [
                {"pose_keypoints_2d": np.append(one, np.ones((17, 1)), 1).ravel().tolist()}
                for one in (small, row)
            ]
            text = json.dumps({"version": 1.3, "people": people})
            (place / f"{name}_{frame:012d}_keypoints.json").write_text(text)
    line = refused(tmp_path / "hall", flags=[SIZE])
    assert "2 people at frame 0" in line and "--person=largest" in line
    assert "consistent" not in line
    arrays = run(tmp_path / "hall", flags=[SIZE, "--person=largest"])
    np.testing.assert_allclose(arrays["keypoints_2d"], pixels, atol=0.01)


def test_without_a_calibration_and_the_flag_the_flag_is_named(session, tmp_path):
    words = ["--input", str(session), "--fps=25", "--skeleton=h36m_17"]
    words += [f"--output={tmp_path / 'out.npz'}"]
    with pytest.raises(GeoselfError, match="without any: --uncalibrated") as error:
        prepare.main(words)
    assert error.value.code == DATA
    values = {"camera_matrix": RIG.K[0], "dist_coeffs": np.zeros((1, 5))}
    write_opencv(tmp_path / "lens.yml", values)
    with pytest.raises(GeoselfError, match=r"lens\.yml: intrinsics alone .* --uncalibrated"):
        prepare.main([*words, f"--calibration={tmp_path / 'lens.yml'}"])
    with pytest.raises(GeoselfError, match="add --uncalibrated") as error:
        prepare.main([*words, "--focal-length=900"])
    assert error.value.code == USAGE


@pytest.mark.parametrize("verb", ["inspect", "evaluate", "train", "view", "prepare"])
def test_other_commands_name_calibrate(session, verb, monkeypatch, tiny_run):
    out = session.parent / "bare.npz"
    run(session, flags=[SIZE], out=out)
    monkeypatch.chdir(session.parent)
    flags = {
        "inspect": ["--data=bare.npz"],
        "evaluate": [f"--workdir={tiny_run}", "--data=bare.npz"],
        "train": ["--config=synthetic", "--config.data.train=bare.npz", "--workdir=run"],
        "view": ["--data=bare.npz", "--out=page.html"],
        "prepare": ["--input", "bare.npz", "--output=more.npz"],
    }
    with pytest.raises(GeoselfError) as error:
        cli.main_of(verb)(flags[verb])
    line = str(error.value)
    assert error.value.code == DATA
    assert "bare.npz: has no cameras" in line
    assert "geoself calibrate --data=bare.npz --intrinsics=guess --scale=" in line


def test_a_published_rig_gives_its_intrinsics(session, capsys):
    paths = [session / f"P1/walk/pose/{name}_json" for name in RIG.camera_names[:2]]
    names = ("54138969", "60457274")
    flags = [f"--camera={name}={path}" for name, path in zip(names, paths, strict=True)]
    out = session.parent / "out.npz"
    arrays = run(flags=[*flags, "--calibration=human36m:S1"], out=out)
    assert sorted(arrays["camera_names"].tolist()) == sorted(names)
    assert arrays["K"].shape == (1, 2, 3, 3) and (arrays["K"][0, :, 0, 0] > 1100).all()
    assert "human36m:S1: its intrinsics are taken" in capsys.readouterr().out


def test_the_image_size_of_a_camera_without_detections_is_not_asked_for(session, tmp_path):
    tables = {
        name: {"K": RIG.K[0].tolist()} | ({"image_size": [1000, 1000]} if name != "spare" else {})
        for name in (*RIG.camera_names, "spare")
    }
    (tmp_path / "lenses.json").write_text(json.dumps(tables))
    arrays = run(session, flags=[f"--calibration={tmp_path / 'lenses.json'}"])
    assert arrays["camera_names"].tolist() == list(RIG.camera_names)


def test_what_speaks_of_a_calibration_needs_one(session):
    assert "whose intrinsics are taken" in refused(session, flags=["--rig=S1"], code=USAGE)
    line = refused(session, flags=["--focal-length=9", "--calibration=x.toml"], code=USAGE)
    assert "leave out one of them" in line
    assert "no such file" in refused(session, flags=["--calibration=x.toml"], code=66)


def test_one_file_for_two_cameras_is_refused(session):
    file = session / "P1/walk/pose" / f"{RIG.camera_names[0]}_json"
    flags = [f"--camera=a={file}", f"--camera=b={file}", SIZE]
    assert "have one file" in refused(session, flags=flags)


def test_names_that_differ_by_case_alone_are_refused(tmp_path):
    first, *others = RIG.camera_names
    write_trial(tmp_path / "session/P1/walk/pose", 0)
    write_trial(tmp_path / "session/P1/run/pose", 1, [first.upper(), *others])
    assert "are they one?" in refused(tmp_path / "session", flags=[SIZE, "--subject=anna"])


def test_recordings_that_share_no_camera_are_refused(tmp_path):
    write_trial(tmp_path / "session/P1/walk/pose", 0)
    write_trial(tmp_path / "session/P1/run/pose", 1, [f"other{k}" for k in range(RIG.views)])
    words = refused(tmp_path / "session", flags=[SIZE, "--subject=anna"])
    assert "share no recording with" in words


def test_a_focal_length_in_millimetres_is_refused(session):
    words = refused(session, flags=[SIZE, "--focal-length=26"], code=USAGE)
    assert "wanted pixels, some 800 for images of 1000" in words
