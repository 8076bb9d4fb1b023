"""FreeMoCap's array of all cameras is one file a camera; another order is found or refused."""

import os
import shutil

import numpy as np
import pytest
from scenes import motion, pixels_of, tiny_rig

from geoself_jax.core.errors import DATA, GeoselfError
from geoself_jax.data import recording
from geoself_jax.data.skeletons import BODY_25, COCO_23, MEDIAPIPE_33
from geoself_jax.prepare import __main__ as prepare
from geoself_jax.prepare.detections import read_detections
from geoself_jax.prepare.detections.all_cameras import split
from geoself_jax.prepare.lab_files import write_pose2sim

FRAMES, POINTS = 20, 553
AXES = "numCams_numFrames_numTrackedPoints_pixelXY.npy"
NAME = f"mediapipe_2dData_{AXES}"
RIG = tiny_rig()
CAMERAS = tuple(f"cam_{view}" for view in range(4))


def calibration(path, names=CAMERAS, views=4):
    clip = {
        "K": RIG.K,
        "dist": np.array([[*lens.coefficients[:4], 0] for lens in RIG.lenses]),
        "R": RIG.R,
        "center": RIG.center,
        "image_size": RIG.image_size,
    }
    write_pose2sim(path, names, {key: value[:views] for key, value in clip.items()})
    return path


def seen(clip=0, views=4, seed=0):
    """(cameras, frames, points, 3) as MediaPipe's recorder leaves it: depths third, NaN for nobody.

    The body's 33 points are joints and places between them; hands and face are elsewhere.
    """
    dice = np.random.default_rng(seed)
    joints = motion(FRAMES, clip)
    shares = dice.dirichlet(np.ones(17), 33)
    shares[:17] = np.eye(17)
    pixels = pixels_of(np.einsum("kj,fjx->fkx", shares, joints), RIG)[:, :views]
    array = dice.uniform(0, 1000, (views, FRAMES, POINTS, 3))
    array[:, :, :33, :2] = pixels.swapaxes(0, 1) + dice.normal(0, 1, (views, FRAMES, 33, 2))
    array[:, 5] = np.nan
    array[1, 7:9] = np.nan
    return array


def session(folder, array, name=NAME, videos=()):
    """A recording's folder as FreeMoCap 1.8.2 leaves it, with what it triangulated."""
    raw = folder / "output_data/raw_data"
    raw.mkdir(parents=True)
    np.save(raw / name, array)
    spatial = np.random.default_rng(1).normal(0, 500, (FRAMES, POINTS, 3))
    np.save(raw / "mediapipe_3dData_numFrames_numTrackedPoints_spatialXYZ.npy", spatial)
    np.save(folder / "output_data/mediapipe_body_3d_xyz.npy", spatial[:, :33])
    header = ",".join(f"{n}_{axis}" for n in MEDIAPIPE_33.joint_names for axis in "xyz")
    rows = "\n".join(",".join(map(str, frame.ravel())) for frame in spatial[:, :33])
    (folder / "output_data/mediapipe_body_3d_xyz.csv").write_text(f"{header}\n{rows}\n")
    for video in videos:
        place = folder / "synchronized_videos" / video
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(b"\0" * 8)
    return folder


def one_a_camera(folder, array):
    """The same joints as MediaPipe's own arrays, a file a camera, all visible."""
    folder.mkdir()
    for name, view in zip(CAMERAS, array, strict=True):
        body = view[:, :33].copy()
        body[..., 2] = np.where(np.isfinite(body[..., 0]), 1, np.nan)
        np.save(folder / f"{name}.npy", body)
    return folder


def run(tmp_path, *inputs, flags=(), calibrated=True):
    out = tmp_path / "out.npz"
    words = ["--input", *map(str, inputs), "--fps=30", f"--output={out}", *flags]
    if calibrated:
        words.append(f"--calibration={calibration(tmp_path / 'Calib.toml')}")
    assert prepare.main(words) == 0
    return recording.read(out)


def refused(tmp_path, *inputs, **more):
    with pytest.raises(GeoselfError) as error:
        run(tmp_path, *inputs, **more)
    assert error.value.code == DATA and "\n" not in str(error.value)
    return str(error.value)


def test_a_recording_is_what_one_file_a_camera_gives(tmp_path, capsys):
    array = seen()
    apart = run(tmp_path, one_a_camera(tmp_path / "apart", array))
    capsys.readouterr()
    read = run(tmp_path, session(tmp_path / "walk", array))
    said = capsys.readouterr().out
    np.testing.assert_array_equal(read.keypoints_2d, apart.keypoints_2d)
    np.testing.assert_array_equal(read.confidence, apart.confidence)
    np.testing.assert_array_equal(read.frame_id, apart.frame_id)
    np.testing.assert_allclose(read.camera.center, apart.camera.center)
    assert read.camera_names == CAMERAS and read.clip_names == ("walk",)
    assert read.skeleton == apart.skeleton
    assert "names no cameras; in the calibration's order they are view0 = cam_0" in said
    assert "cameras matched by triangulation" in said and "warning" not in said
    assert said.count("no confidences: 1 wherever there is a joint") == 1
    assert "of 553 points the first 33 are taken" in said


def test_a_permuted_file_is_found(tmp_path, capsys):
    array, order = seen(), [2, 0, 3, 1]
    right = run(tmp_path, session(tmp_path / "walk", array))
    capsys.readouterr()
    read = run(tmp_path, session(tmp_path / "other", array[order]))
    np.testing.assert_array_equal(read.keypoints_2d, right.keypoints_2d)
    said = capsys.readouterr().out
    assert "cam_0 = view1, cam_1 = view3, cam_2 = view0, cam_3 = view2" in said
    assert "warning" in said and "their order or names say otherwise" in said


def test_cameras_are_called_as_their_videos_in_the_order_of_lower_case(tmp_path):
    videos = ("Bottom.mp4", "attic.mp4", "door.MP4", "Chair.mp4")
    place = session(tmp_path / "walk", seen(), videos=videos)
    names = [path.name for path in split(place / "output_data/raw_data" / NAME)]
    assert names == ["attic", "Bottom", "Chair", "door"]
    toml = calibration(tmp_path / "own.toml", names)
    flags = [f"--calibration={toml}"]
    read = run(tmp_path, place, flags=flags, calibrated=False)
    assert read.camera_names == tuple(names)
    other = session(tmp_path / "other", seen()[[1, 0, 2, 3]], videos=videos)
    with pytest.raises(GeoselfError, match=r"names say attic = attic.* --camera=attic=\S+Bottom"):
        run(tmp_path, other, flags=flags, calibrated=False)


def test_two_cameras_are_confirmed_in_their_order_or_refused(tmp_path):
    toml = calibration(tmp_path / "two.toml", CAMERAS[:2], views=2)
    flags = [f"--calibration={toml}"]
    array = seen(views=2)
    read = run(tmp_path, session(tmp_path / "walk", array), flags=flags, calibrated=False)
    assert read.camera_names == CAMERAS[:2]
    other = session(tmp_path / "other", array[::-1])
    with pytest.raises(GeoselfError, match="triangulation says cam_0 = view1, cam_1 = view0"):
        run(tmp_path, other, flags=flags, calibrated=False)


def test_two_cameras_called_as_their_videos_are_confirmed_too(tmp_path):
    toml = calibration(tmp_path / "two.toml", ("left", "right"), views=2)
    flags, videos = [f"--calibration={toml}"], ("left.mp4", "right.mp4")
    array = seen(views=2)
    place = session(tmp_path / "walk", array, videos=videos)
    read = run(tmp_path, place, flags=flags, calibrated=False)
    assert read.camera_names == ("left", "right")
    other = session(tmp_path / "other", array[::-1], videos=videos)
    with pytest.raises(GeoselfError, match="triangulation says left = right, right = left"):
        run(tmp_path, other, flags=flags, calibrated=False)


def test_several_sessions_are_walked_or_named_and_their_file_is_one_too(tmp_path):
    tree = tmp_path / "recording_sessions"
    for clip, name in enumerate(("P1", "P2")):
        session(tree / name, seen(clip))
    read = run(tmp_path, tree)
    assert read.clip_names == ("P1", "P2") and read.subject_names == ("P1", "P2")
    named = run(tmp_path, tree / "P1", tree / "P2")
    np.testing.assert_array_equal(named.keypoints_2d, read.keypoints_2d)
    file = tree / "P1/output_data/raw_data" / NAME
    for given in (file, file.parent, file.parents[1]):
        alone = run(tmp_path, given)
        assert alone.clip_names == ("P1",)
        np.testing.assert_array_equal(alone.keypoints_2d, read.keypoints_2d[read.clip_id == 0])


def test_flags_of_cameras_and_people_go_on_to_work(tmp_path, capsys):
    place = session(tmp_path / "walk", seen())
    whole = run(tmp_path, place)
    some = run(tmp_path, place, flags=["--cameras=cam_3,cam_1", "--person=only"])
    assert some.camera_names == ("cam_3", "cam_1")
    at = np.isin(whole.frame_id, some.frame_id)
    np.testing.assert_array_equal(some.keypoints_2d, whole.keypoints_2d[at][:, [3, 1]])
    late = run(tmp_path, place, flags=["--shift=cam_2=2"])
    np.testing.assert_array_equal(late.keypoints_2d[0, 2], whole.keypoints_2d[2, 2])
    file = place / "output_data/raw_data" / NAME
    pairs = [f"--camera={name}={file}/view{view}" for view, name in enumerate(CAMERAS[:3])]
    words = [*pairs, "--fps=30", f"--output={tmp_path / 'pairs.npz'}"]
    assert prepare.main([*words, f"--calibration={tmp_path / 'Calib.toml'}"]) == 0
    pair = recording.read(tmp_path / "pairs.npz")
    assert pair.camera_names == CAMERAS[:3]
    free = tmp_path / "free.npz"
    sized = ["--uncalibrated", "--image-size=1000x1000", "--fps=30", f"--output={free}"]
    assert prepare.main(["--input", str(place), *sized]) == 0
    with np.load(free) as arrays:
        pixels = seen()[:, arrays["frame_id"], :33, :2].swapaxes(0, 1)
        np.testing.assert_allclose(arrays["keypoints_2d"][:, :, :33], pixels, rtol=1e-6)
        assert arrays["camera_names"].tolist() == ["view0", "view1", "view2", "view3"]
    words = [f"--camera=cam_0={file}/view9", "--fps=30", f"--output={tmp_path / 'no.npz'}"]
    with pytest.raises(GeoselfError, match="no such file"):
        prepare.main([*words, f"--calibration={tmp_path / 'Calib.toml'}"])


def test_each_tracker_has_its_body_and_its_score(tmp_path):
    dice = np.random.default_rng(0)
    for name, points, skeleton, scored in (
        ("openpose", 137, BODY_25, True),
        ("rtmpose", 133, COCO_23, True),
        ("mediapipe", 543, MEDIAPIPE_33, False),
        ("", 543, MEDIAPIPE_33, False),
    ):
        array = dice.uniform(0.1, 0.9, (2, 6, points, 3))
        array[..., :2] *= 1000
        path = tmp_path / f"{name}{'_' * bool(name)}2dData_{AXES}"
        np.save(path, np.asfortranarray(array) if name == "openpose" else array)
        found = read_detections(split(path)[1])
        assert found.skeleton == skeleton and found.first == 0 and found.frames == 6
        joints = skeleton.joints
        np.testing.assert_allclose(found.keypoints_2d, array[1, :, :joints, :2], rtol=1e-6)
        confidence = array[1, :, :joints, 2] if scored else np.ones((6, joints))
        np.testing.assert_allclose(found.confidence, confidence, rtol=1e-6)


def test_the_name_of_versions_before_1_4_and_pixels_alone_are_read(tmp_path):
    place = session(tmp_path / "walk", seen()[..., :2], name=f"mediapipe2dData_{AXES}")
    assert run(tmp_path, place).skeleton.joint_names[:33] == MEDIAPIPE_33.joint_names


def test_what_is_wrong_is_refused_in_a_line_that_names_it(tmp_path):
    array = seen()
    three = session(tmp_path / "three", array[:3])
    error = refused(tmp_path, three)
    assert NAME in error and "3 cameras" in error and "the calibration has 4" in error
    empty = array.copy()
    empty[2] = np.nan
    error = refused(tmp_path, session(tmp_path / "empty", empty))
    assert f"{NAME}/view2: nobody in any frame" in error and f"--camera=NAME={tmp_path}" in error
    error = refused(tmp_path, session(tmp_path / "nobody", np.full_like(array, np.nan)))
    assert f"{NAME}/view0: nobody in any frame" in error
    error = refused(tmp_path, session(tmp_path / "flat", array[0]))
    assert f"an array of shape {array[0].shape}" in error and "(cameras, frames, points" in error
    error = refused(tmp_path, session(tmp_path / "board", array, name=f"charuco_2dData_{AXES}"))
    assert "the points of charuco" in error
    noise = np.random.default_rng(0).uniform(0, 1000, array.shape)
    error = refused(tmp_path, session(tmp_path / "noise", noise))
    assert "which detections belong to which camera?" in error
    whole = tmp_path / "three/output_data/raw_data" / NAME
    with pytest.raises(
        GeoselfError, match="the detections of all cameras, 3 - wanted one camera's"
    ):
        read_detections(whole)


def test_points_in_space_and_two_trackers_are_refused(tmp_path):
    place = session(tmp_path / "walk", seen())
    raw = place / "output_data/raw_data"
    error = refused(tmp_path, raw / "mediapipe_3dData_numFrames_numTrackedPoints_spatialXYZ.npy")
    assert "spatialXYZ.npy: 3D points" in error and "_2dData_" in error
    np.save(raw / f"yolo_2dData_{AXES}", seen()[:, :, :17])
    error = refused(tmp_path, place)
    assert "2 files with the detections of all cameras" in error and "give one: --input" in error
    assert run(tmp_path, raw / NAME).skeleton.joint_names[:33] == MEDIAPIPE_33.joint_names
    (raw / f"yolo_2dData_{AXES}").unlink()
    (raw / NAME).unlink()
    shutil.rmtree(place / "synchronized_videos", ignore_errors=True)
    assert "3D points" in refused(tmp_path, place)


def test_objects_and_a_header_that_asks_for_too_much_are_not_read(tmp_path):
    class Trap:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "ran"),)

    objects = np.empty((2, 1, 17, 2), object)
    objects[:] = Trap()
    path = tmp_path / f"yolo_2dData_{AXES}"
    np.save(path, objects, allow_pickle=True)
    with pytest.raises(GeoselfError, match="holds Python objects"):
        read_detections(split(path)[0])
    assert not (tmp_path / "ran").exists()
    for shape in ((2, 1, 17, 3), (2, 10**9, 17, 2)):
        with path.open("wb") as file:
            header = {"descr": "<f8", "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(file, header)
            file.write(bytes(8 * 2 * 17 * 2))
        with pytest.raises(GeoselfError, match=r"its header asks for \d+ bytes"):
            read_detections(split(path)[0])
