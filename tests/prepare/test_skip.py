"""Recordings, clips and subjects that are left out by name, also those that cannot be read."""

import re
import shutil

import numpy as np
import pytest
from scenes import motion, pixels_of, tiny_rig
from tiny import make_arrays

from geoself_jax.core.errors import USAGE, GeoselfError
from geoself_jax.data import recording
from geoself_jax.prepare import __main__ as prepare
from geoself_jax.prepare.lab_files import write_openpose, write_pose2sim

RIG = tiny_rig()


@pytest.fixture
def session(tmp_path):
    """Two people with two trials each; in one of them, P1/walk, no camera sees anybody."""
    place = tmp_path / "session"
    place.mkdir()
    dist = np.array([[*lens.coefficients[:4], 0] for lens in RIG.lenses])
    facts = {"K": RIG.K, "R": RIG.R, "center": RIG.center, "image_size": RIG.image_size}
    write_pose2sim(place / "Calib.toml", RIG.camera_names, {**facts, "dist": dist})
    for number, trial in enumerate(("P1/run", "P1/walk", "P2/run", "P2/walk")):
        pixels = pixels_of(motion(14, number % 2), RIG)
        for view, name in enumerate(RIG.camera_names):
            seen = 0.0 if trial == "P1/walk" else 0.9
            folder = place / trial / "pose"
            write_openpose(folder, name, pixels[:, view] * bool(seen), np.full((14, 17), seen))
    return place


def run(*words):
    assert prepare.main([*map(str, words)]) == 0


def of_rig(session, out, *words):
    flags = ("--fps=25", "--skeleton=h36m_17", f"--output={out}")
    run("--input", session, *flags, *words)
    return recording.read(out)


def test_a_recording_that_cannot_be_read_is_left_out_as_is_said(session, tmp_path, capsys):
    out = tmp_path / "out.npz"
    with pytest.raises(GeoselfError, match=r"P1/walk.*nobody in any frame"):
        of_rig(session, out)
    said = capsys.readouterr().out
    assert "the others are read with --skip=P1/walk\n" in said and not out.exists()
    assert of_rig(session, out, "--skip=P1/walk").clip_names == ("P1/run", "P2/run", "P2/walk")
    assert "left out, as --skip says: P1/walk (1)" in capsys.readouterr().out


def test_the_way_on_is_said_only_where_it_is_one(session, tmp_path, capsys):
    """It keeps what is skipped already; a comma in a name would be two."""
    out = tmp_path / "out.npz"
    for folder, said in (("P1/walk", "P2/run,P1/walk"), ("P1/walk,slow", None)):
        if folder != "P1/walk":
            (session / "P1/walk").rename(session / folder)
        with pytest.raises(GeoselfError, match=r"nobody in any frame"):
            of_rig(session, out, "--skip=P2/run")
        lines = [x for x in capsys.readouterr().out.splitlines() if "are read with --skip" in x]
        assert lines == ([f"the others are read with --skip={said}"] if said else [])


def test_the_way_on_is_said_of_empty_files_too(session, tmp_path, capsys):
    for file in (session / "P1/walk").rglob("*.json"):
        file.write_bytes(b"")
    inputs = [session / name for name in ("P1/run", "P1/walk", "P2/run")]
    words = ["--input", *inputs, "--fps=25", "--skeleton=h36m_17", f"--output={tmp_path / 'o.npz'}"]
    with pytest.raises(GeoselfError, match=r"P1/walk"):
        run(*words, f"--calibration={session / 'Calib.toml'}")
    assert "the others are read with --skip=P1/walk\n" in capsys.readouterr().out
    run(*words, f"--calibration={session / 'Calib.toml'}", "--skip=P1/walk")
    assert recording.read(tmp_path / "o.npz").clip_names == ("P1/run", "P2/run")


def test_a_recording_whose_own_calibration_is_bad_is_left_out(session, tmp_path, capsys):
    shutil.copy(session / "Calib.toml", session / "P1/walk/Calib.toml")
    text = (session / "Calib.toml").read_text()
    (session / "P1/walk/Calib.toml").write_text(re.sub(r"rotation = \[", "rotation = [0.1, ", text))
    out = tmp_path / "out.npz"
    with pytest.raises(GeoselfError, match=r"P1/walk/Calib.toml"):
        of_rig(session, out)
    for skip in ("P1/walk", "P1", "walk"):
        left = of_rig(session, out, f"--skip={skip}").clip_names
        assert left == tuple(
            name for name in ("P1/run", "P2/run", "P2/walk")
            if not (name.startswith(skip) or name.endswith(f"/{skip}"))
        )  # fmt: skip
    assert "as --skip says: P1 (2)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("skip", "clips"),
    [("P1", ("P2/run", "P2/walk")), ("walk", ("P1/run", "P2/run")), ("P1,run", ("P2/walk",))],
)
def test_names_are_of_subjects_and_folders_too(session, tmp_path, skip, clips):
    assert of_rig(session, tmp_path / "out.npz", f"--skip={skip}").clip_names == clips


def test_cameras_without_a_calibration_too(session, tmp_path):
    (session / "Calib.toml").unlink()
    out = tmp_path / "out.npz"
    words = ("--uncalibrated", "--image-size=1000x1000", "--fps=25", "--skeleton=h36m_17")
    for skip, left in (("P1/walk,P2", ["P1/run"]), ("walk", ["P1/run", "P2/run"])):
        run("--input", session, f"--output={out}", *words, f"--skip={skip}")
        with np.load(out) as arrays:
            assert arrays["clip_names"].tolist() == left


def test_clips_of_a_prepared_file_are_left_out(tmp_path):
    arrays, out = make_arrays(), tmp_path / "out.npz"
    np.savez(tmp_path / "all.npz", allow_pickle=False, **arrays)
    first, *rest = arrays["clip_names"].tolist()
    run("--input", tmp_path / "all.npz", f"--skip={first}", f"--output={out}")
    assert list(recording.read(out).clip_names) == rest


@pytest.mark.parametrize(
    ("skip", "words"),
    [
        ("P1/walk,P3", r"--skip=P3 - no recording, clip or subject .* mean 'P2'"),
        ("P1,P2", "--skip - it leaves nothing"),
        ("run,walk", "--skip - it leaves nothing"),
        ("P1/walk,P2,P1/run", "--skip - it leaves nothing"),
        ("P1/walk,P1/walk", r"--skip=.* names, each once"),
    ],
)
def test_a_name_that_nothing_has_and_all_of_them_are_refused(session, tmp_path, skip, words):
    with pytest.raises(GeoselfError, match=words) as error:
        of_rig(session, tmp_path / "out.npz", f"--skip={skip}")
    assert error.value.code == USAGE and not (tmp_path / "out.npz").exists()


def test_a_wrong_name_is_refused_before_anything_is_read(session, tmp_path):
    with pytest.raises(GeoselfError, match=r"--skip=P1/wlak - no .* mean 'P1/walk'"):
        of_rig(session, tmp_path / "out.npz", "--skip=P1/wlak")  # not: nobody in any frame


def test_actions_are_said_and_a_persons_only_folder_is_none(session, tmp_path, capsys):
    of_rig(session, tmp_path / "out.npz", "--skip=P1/walk")
    assert "subjects 2: P1, P2; actions 2: run, walk; rigs 1" in capsys.readouterr().out
    words = ("--skip=P1/walk,run", "--subject-from={grandparent}", "--action=session")
    of_rig(session, tmp_path / "out.npz", *words)
    assert "subjects 1: session; rigs 1" in capsys.readouterr().out


@pytest.mark.parametrize("more", [(), ("--uncalibrated", "--image-size=1000x1000")])
def test_who_everybody_is_does_not_depend_on_what_is_left_out(session, tmp_path, capsys, more):
    """Of P2 alone two recordings would be people called run and walk, or asked after."""
    given = ("--input", session / "P1/run", session / "P2/run", session / "P2/walk")
    flags = ("--fps=25", "--skeleton=h36m_17", f"--output={tmp_path / 'out.npz'}")
    calibration = () if more else (f"--calibration={session / 'Calib.toml'}",)
    run(*given, *flags, *more, *calibration, "--skip=P1/run")
    assert "subjects 1: P2; actions 2: run, walk" in capsys.readouterr().out
