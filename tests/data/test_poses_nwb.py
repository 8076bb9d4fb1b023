"""NWB with ndx-pose: what pynwb finds in the files."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone

import h5py
import numpy as np
import pynwb
import pytest
from moving import FIRST, SKELETON, START, same_joints, walking
from ndx_pose import CalibratedCamera
from seeing import Notices

from geoself_jax import __version__
from geoself_jax.core.errors import DATA, USAGE, GeoselfError
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.poses import nwb_packages
from geoself_jax.data.poses.change_axes import in_camera, relative_to_root
from geoself_jax.data.poses.formats import check_writable, write_poses
from geoself_jax.data.poses.sequence import PoseCamera

BARE = {"keypoints_2d": None, "confidence": None}


@pytest.fixture(scope="module")
def poses(tiny_arrays):
    return walking(tiny_arrays)


@pytest.fixture
def write(tmp_path):
    """Writes poses and reads the file; a valid one, which takes the longest."""

    def written(poses, *, valid=False, **options):
        path = tmp_path / "a.nwb"
        write_poses(poses, path, **{"session_start": START, **options})
        assert not valid or pynwb.validate(path=str(path)) == []
        return pynwb.read_nwb(str(path))

    return written


def estimation_of(nwb):
    return nwb.processing["behavior"]["PoseEstimation"]


def joints_of(nwb):
    """(N, J, 3) in the order of the nodes, metres."""
    found = estimation_of(nwb)
    return np.stack([found[name].get_data_in_units() for name in found.skeleton.nodes], 1)


def rows(poses, values, missing=np.nan):
    """(N, ...) a row for each frame of the video from 0 on."""
    whole = np.full((poses.frame_id[-1] + 1, *values.shape[1:]), missing, np.float32)
    whole[poses.frame_id] = values
    return whole


def test_pynwb_finds_metres_at_the_times_of_the_videos_frames(write, poses):
    nwb = write(poses, valid=True)
    found = estimation_of(nwb)
    assert np.array_equal(joints_of(nwb), rows(poses, poses.pose), equal_nan=True)  # z up already
    assert np.isnan(joints_of(nwb)[:FIRST]).all() and np.isnan(joints_of(nwb)).sum() > 3 * FIRST
    for series in found.pose_estimation_series.values():
        assert series.unit == "meters" and series.conversion == 1 and series.rate == 25
        assert series.data.dtype == np.float32 and series.data.compression == "gzip"
        times = series.get_timestamps()
        assert np.allclose(times[poses.frame_id], poses.seconds) and times[0] == 0
    assert len(found.pose_estimation_series) == 17


def test_pynwb_finds_the_skeleton_the_confidence_and_where_it_is_from(write, poses):
    nwb = write(poses)
    found = estimation_of(nwb)
    assert list(found.skeleton.nodes) == list(SKELETON.joint_names)
    bones = [[p, child] for child, p in enumerate(SKELETON.parents) if p >= 0]
    assert found.skeleton.edges[:].tolist() == bones and len(bones) == 16
    assert nwb.processing["behavior"]["Skeletons"]["Skeleton"] is found.skeleton
    for joint, name in enumerate(SKELETON.joint_names):
        wanted = rows(poses, poses.confidence, 0)[:, joint]
        assert np.array_equal(found[name].confidence[:], wanted)
        assert "2D detection" in found[name].confidence_definition
    assert (found.source_software, found.source_software_version) == ("geoself_jax", __version__)
    assert "one camera" in found.description and "not triangulated" in found.description
    assert "Camera: cam1, images of 1000 x 1000 px" in found.description
    assert nwb.session_description == "3D joints over time, walking, clip clip0, of anna"
    assert nwb.subject.subject_id == "anna" and found.skeleton.subject is nwb.subject


def test_what_nobody_said_is_not_in_the_file(write, poses):
    unknown = poses.replace(subject="", action="", clip="", camera=None, name="seen", **BARE)
    nwb = write(unknown, valid=True)
    found = estimation_of(nwb)
    assert nwb.subject is None and found.skeleton.subject is None
    assert not nwb.devices and found.device is None
    assert all(series.confidence is None for series in found.pose_estimation_series.values())
    assert found.description == (
        "3D joints of one person or animal. seen. The camera is not known."
    )
    assert nwb.session_description == "3D joints over time"


@pytest.mark.parametrize("up", ["z", "y", "as-is"])
@pytest.mark.parametrize("axes", ["world", "camera"])
def test_the_camera_of_the_file_sees_the_joints_of_the_file(write, poses, axes, up):
    nwb = write(in_camera(poses) if axes == "camera" else poses, up=up)
    camera = estimation_of(nwb).device
    assert isinstance(camera, CalibratedCamera) and nwb.devices["cam1"] is camera
    local = joints_of(nwb) @ camera.rotation_matrix[:].T + camera.translation_vector[:]
    assert same_joints(local, rows(poses, in_camera(poses).pose))
    assert (camera.intrinsic_matrix[:] == poses.camera.K).all()


def test_a_camera_that_cannot_see_the_joints_or_was_guessed_is_none(write, poses):
    camera = estimation_of(write(relative_to_root(poses), valid=True)).device
    assert camera.rotation_matrix is None and camera.translation_vector is None
    guessed = PoseCamera("", poses.camera.K, (1920, 1080))
    nwb = write(in_camera(poses).replace(camera=guessed))
    assert not nwb.devices
    words = f"not calibrated: its focal length of {poses.camera.K[0, 0]:.0f} px is a guess"
    assert f"{words}, images of 1920 x 1080 px" in estimation_of(nwb).description


@pytest.mark.parametrize(
    ("change", "up", "origin", "axes", "upwards"),
    [
        (in_camera, "z", "the optical center", "x, z, -y of the camera's", None),
        (in_camera, "as-is", "the optical center", "x, y, z of the camera's", None),
        (lambda poses: poses, "z", "the origin of the", "x, y, z of the calibration's", (0, 0, 1)),
        (lambda poses: poses, "y", "the origin of the", "x, z, -y of the calibration's", (0, 1, 0)),
        (relative_to_root, "z", "the joint pelvis in each", "x, y, z of the cal", (0, 0, 1)),
    ],
)
def test_the_frame_is_said_in_words(write, poses, change, up, origin, axes, upwards):
    series = estimation_of(write(change(poses), up=up))["head"]
    said = series.reference_frame
    assert said.startswith(f"(0, 0, 0) is {origin}") and f"; x, y, z are {axes}" in said
    if upwards:
        assert f"is ({', '.join(f'{value:.3f}' for value in upwards)})" in said


def test_a_world_that_is_turned_by_an_odd_angle_says_the_matrix(write, poses):
    oblique = poses.replace(up=np.array([0.0, 0.6, 0.8]))
    said = estimation_of(write(oblique))["head"].reference_frame
    matrix = np.array(json.loads(said.split("x, y, z are ")[1].split(" times")[0]))
    assert np.allclose(matrix @ oblique.up, [0, 0, 1], atol=1e-5)


@pytest.mark.parametrize(
    "start",
    [
        "2026-01-31T12:00:00+01:00",
        "2026-01-31 11:00Z",
        datetime(2026, 1, 31, 11, tzinfo=UTC),
        datetime(2026, 1, 31, 16, 30, tzinfo=timezone(timedelta(hours=5, minutes=30))),
    ],
)
def test_the_session_starts_when_it_is_said(write, poses, start):
    nwb = write(poses, session_start=start)
    assert nwb.session_start_time == datetime(2026, 1, 31, 11, tzinfo=UTC)
    assert nwb.timestamps_reference_time == nwb.session_start_time
    precise = "2026-01-31T12:00:00.123456-07:00"
    assert write(poses, session_start=precise).session_start_time.isoformat() == precise


@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("a.nwb", {}, "wants the date and time of the video's frame 0 - set --nwb-session-start="),
        ("a.nwb", {"session_start": "2026-01-31T12:00:00"}, "its time zone is missing - set --nwb"),
        ("a.nwb", {"session_start": datetime(2026, 1, 31)}, "its time zone is missing"),
        ("a.nwb", {"session_start": "31.1.2026"}, "'31.1.2026' - wanted a date, a time and"),
        ("a.nwb", {"session_start": ""}, "wanted a date, a time and a time zone"),
        ("a.nwb", {"session_start": 1769857200}, "wanted a date, a time and a time zone"),
        ("a.npz", {"session_start": START}, f"session start '{START}' - only .nwb says it - leave"),
        ("a.trc", {"subject": "anna"}, "subject 'anna' - only .nwb says it - leave it out"),
        ("a.nwb", {"session_start": START, "unit": "mm"}, "the format has its own unit"),
        ("a.nwb", {"session_start": START, "up": "x"}, "up 'x'"),
    ],
)
def test_no_session_is_invented(tmp_path, poses, name, given, words):
    with pytest.raises(GeoselfError) as error:
        write_poses(poses, tmp_path / name, **given)
    assert error.value.code == USAGE and words in str(error.value)
    assert not list(tmp_path.iterdir())
    if "up" not in given:
        with pytest.raises(GeoselfError) as error:
            check_writable(tmp_path / name, **given)
        assert words in str(error.value)


def test_a_subject_that_is_given_takes_the_place_of_the_persons_name(write, poses):
    nwb = write(poses, subject="sub-01")
    assert nwb.subject.subject_id == "sub-01" and "anna" not in nwb.session_description
    for nobody in ("", " \n"):
        nwb = write(poses, subject=nobody)
        assert nwb.subject is None and nwb.session_description.endswith("clip clip0")


def test_a_subject_that_archives_refuse_is_written_and_said(write, poses):
    notices = Notices()
    nwb = write(poses.replace(subject="lab/mouse 3"), valid=True, notice=notices)
    assert nwb.subject.subject_id == "lab/mouse 3"
    assert notices.about("the subject is lab/mouse 3; archives want no /") and len(notices) == 1


def test_the_same_poses_in_the_same_session_have_the_same_identifier(write, poses):
    first = write(poses).identifier
    assert write(poses).identifier == first and len(first) == 36
    bent = poses.pose.copy()
    bent[3, 4, 0] += 1e-3
    others = [
        write(poses.replace(pose=bent)),
        write(poses.replace(confidence=poses.confidence / 2)),
        write(poses.replace(fps=50.0)),
        write(poses, session_start="2026-01-31T12:00:01+01:00"),
        write(poses, subject="otto"),
        write(poses, up="y"),
    ]
    assert len({first, *(other.identifier for other in others)}) == 7


def test_a_skeleton_without_bones_has_no_edge(write, poses):
    bare = Skeleton(SKELETON.joint_names, (-1,) * 17, (), 0)
    nwb = write(poses.replace(skeleton=bare), valid=True)
    assert estimation_of(nwb).skeleton.edges.shape == (0, 2)


def test_edges_of_more_joints_than_a_byte_counts_are_right(write, poses):
    names = tuple(f"joint_{number}" for number in range(260))
    chain = Skeleton(names, tuple(range(-1, 259)), (), 0)
    pose = np.random.default_rng(0).normal(0, 1, (2, 260, 3)).astype(np.float32)
    many = poses.replace(pose=pose, skeleton=chain, frame_id=np.arange(2), **BARE)
    nwb = write(many)
    assert estimation_of(nwb).skeleton.edges[:].tolist() == [[i, i + 1] for i in range(259)]
    assert np.array_equal(joints_of(nwb), pose)


def test_names_that_nwb_cannot_hold_are_changed_and_it_is_said(write, poses):
    odd = ("a/b", "c:d", "two words", "Kn{ö}chel", ".", "..", "&", "left-ear", "left.ear")
    odd = (*odd, "description", "skeleton", "device", *(f"j{i}" for i in range(5)))
    notices = Notices()
    skeleton = Skeleton(odd, SKELETON.parents, (), 0)
    nwb = write(poses.replace(skeleton=skeleton, subject="a\x00b"), valid=True, notice=notices)
    nodes = list(estimation_of(nwb).skeleton.nodes)
    assert nodes[:4] == ["a_b", "c_d", "two_words", "Kn_o_chel"] and nodes[7] == "left-ear"
    assert nodes[9:12] == ["description_2", "skeleton_2", "device_2"]
    assert len(set(nodes)) == 17 and nwb.subject.subject_id == "a b"
    assert np.array_equal(joints_of(nwb), rows(poses, poses.pose), equal_nan=True)
    assert notices.about("a/b is a_b, c:d is c_d") and len(notices) == 1


def test_no_frame_and_a_frame_too_late_are_refused(tmp_path, poses):
    none = poses.replace(pose=poses.pose[:0], frame_id=poses.frame_id[:0], **BARE)
    late = poses.replace(frame_id=poses.frame_id + 2**24)
    for wrong, words in ((none, "nothing to write"), (late, "at most 8388608")):
        with pytest.raises(GeoselfError, match=words) as error:
            write_poses(wrong, tmp_path / "a.nwb", session_start=START)
        assert error.value.code == DATA
    assert not list(tmp_path.iterdir())


def test_without_the_packages_the_error_gives_the_pip_command(tmp_path, monkeypatch, poses):
    monkeypatch.setattr(nwb_packages, "_NEEDED", ("pynwb", "no_such_package"))
    for ask in (check_writable, lambda *given, **more: write_poses(poses, *given, **more)):
        with pytest.raises(GeoselfError, match=r"pip install 'pynwb>=4\.2' 'ndx-pose") as error:
            ask(tmp_path / "a.nwb", session_start=START)
        assert error.value.code == USAGE and "no-such-package is not inst" in str(error.value)
    assert not list(tmp_path.iterdir())


def in_a_process(poses, folder, cache):
    """Writes in a process of its own, whose user's cache is that folder; what it printed."""
    code = (
        "import sys\n"
        "from geoself_jax.core.errors import GeoselfError\n"
        "from geoself_jax.data.poses.formats import read_poses, write_poses\n"
        "poses = read_poses(sys.argv[1])\n"
        "print(*sorted({'pynwb', 'ndx_pose', 'hdmf', 'pandas'} & set(sys.modules)))\n"
        "try: write_poses(poses, sys.argv[2], session_start=sys.argv[3])\n"
        "except GeoselfError as error: print(error.code, error)\n"
    )
    write_poses(poses, folder / "from.npz")
    words = [folder / "from.npz", folder / "a.nwb", START]
    env = {**os.environ, "XDG_CACHE_HOME": str(cache)}
    done = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, timeout=120, env=env
    )
    assert done.returncode == 0, done.stderr
    imported, _, rest = done.stdout.partition("\n")
    assert not imported  # until a file is written
    return rest


def test_pynwbs_pickle_is_neither_read_nor_left(tmp_path, poses):
    cache = tmp_path / "cache"
    assert in_a_process(poses, tmp_path, cache) == ""
    (folder,) = (cache / "pynwb-hdmf").iterdir()
    assert not list(folder.iterdir())
    (folder / "pynwb_core_typemap.pkl").write_bytes(b"")  # of a full disk
    (tmp_path / "a.nwb").unlink()
    assert in_a_process(poses, tmp_path, cache) == ""
    with h5py.File(tmp_path / "a.nwb") as file:
        assert file.attrs["neurodata_type"] == "NWBFile"


def test_a_cache_that_cannot_be_made_is_one_line(tmp_path, poses):
    (tmp_path / "file").write_text("")
    said = in_a_process(poses, tmp_path, tmp_path / "file" / "cache")
    assert said.startswith("74 .nwb - pynwb makes a folder") and said.count("\n") == 1
    assert "XDG_CACHE_HOME" in said and not (tmp_path / "a.nwb").exists()
