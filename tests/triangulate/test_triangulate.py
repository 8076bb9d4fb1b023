"""Joints from all cameras as files: near the truth, nearer when refined, and refusals."""

import dataclasses

import numpy as np
import pytest

from geoself_jax.core.errors import DATA, USAGE, GeoselfError
from geoself_jax.data.angles.angle_files import read_angles
from geoself_jax.data.angles.measure import angles_of
from geoself_jax.data.poses.formats import read_poses
from geoself_jax.triangulate.__main__ import main
from geoself_jax.triangulate.sequences import FRAMES, triangulated_clips


def error_of(clips, recording):
    """Mean distance to the truth, metres."""
    found = []
    for clip in clips:
        at = np.flatnonzero(recording.clip_id == recording.clip_names.index(clip.clip))
        at = at[np.argsort(recording.frame_id[at])]
        np.testing.assert_array_equal(clip.frame_id, recording.frame_id[at])
        found.append(np.linalg.norm(clip.pose - recording.pose_world[at], axis=-1).ravel())
    return float(np.nanmean(np.concatenate(found)))


def test_refined_joints_are_nearer_to_the_truth_than_those_of_frames(tiny_recording):
    alone, refined = (
        error_of(triangulated_clips(tiny_recording, "tiny", **how), tiny_recording)
        for how in ({"method": FRAMES}, {})
    )
    assert 0.001 < refined < alone < 0.1


def test_the_command_writes_every_clip_and_its_angles(tiny_file, tiny_recording, tmp_path, capsys):
    out, angles = f"--out={tmp_path}/{{clip}}.npz", f"--angles={tmp_path}/{{clip}}.csv"
    assert main([f"--data={tiny_file}", out, angles]) == 0
    expected = triangulated_clips(tiny_recording, "tiny")
    assert len(list(tmp_path.glob("*.npz"))) == len(expected) > 1
    for clip in expected:
        name = clip.clip.replace("#", "_")
        poses = read_poses(tmp_path / f"{name}.npz")
        np.testing.assert_array_equal(poses.pose, clip.pose)
        known = angles_of(poses)
        found = read_angles(tmp_path / f"{name}.csv")
        np.testing.assert_allclose(found.degrees, known.degrees, atol=1e-3)
    assert f"{tiny_recording.frames} frames" in capsys.readouterr().out


def test_one_clip_becomes_opensims_file(tiny_file, tiny_recording, tmp_path):
    clip = tiny_recording.clip_names[1]
    assert main([f"--data={tiny_file}", f"--clip={clip}", f"--out={tmp_path}/one.trc"]) == 0
    (expected,) = triangulated_clips(tiny_recording, "tiny", clip=clip)
    found = read_poses(tmp_path / "one.trc")
    assert found.frames == expected.frames and tuple(found.up) == (0, 1, 0)


def test_an_unknown_vertical_is_warned_of(tiny_arrays, tmp_path, capsys):
    """Or the angles of the pelvis would be off by the first camera's tilt without a word."""
    np.savez(tmp_path / "any.npz", **{**tiny_arrays, "world_up": np.zeros(0)})
    words = [f"--data={tmp_path}/any.npz", f"--out={tmp_path}/{{clip}}.npz", "--method=frames"]
    assert main(words) == 0
    assert "warning: " in (said := capsys.readouterr().err) and "which way is up" in said


def test_one_camera_is_refused(tiny_recording):
    one = tiny_recording.select_views(np.array([0]))
    with pytest.raises(GeoselfError, match="wanted two or more") as error:
        triangulated_clips(one, "one.npz")
    assert error.value.code == DATA


@pytest.mark.parametrize(
    ("flags", "code", "said"),
    [
        (["--clip=nobody", "--out=a.npz"], DATA, "no clip 'nobody'"),
        (["--out=a.npz"], USAGE, "add {clip} to --out"),
        (["--out={clip}.npz", "--angle-definitions=x.toml"], USAGE, "no angles"),
    ],
)
def test_what_cannot_be_is_one_line(tiny_file, tmp_path, monkeypatch, flags, code, said):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(GeoselfError) as error:
        main([f"--data={tiny_file}", *flags])
    assert error.value.code == code and said in str(error.value)
    assert not list(tmp_path.iterdir())


def test_a_frame_number_that_is_there_twice_is_refused(tiny_recording):
    """Or the second would be left out without a word."""
    twice = tiny_recording.frame_id.copy()
    twice[1] = twice[0]
    name = tiny_recording.clip_names[tiny_recording.clip_id[0]]
    with pytest.raises(GeoselfError) as refused:
        triangulated_clips(dataclasses.replace(tiny_recording, frame_id=twice), "tiny")
    assert refused.value.code == DATA
    assert f"tiny: clip {name!r}: frame_id {twice[0]} is there 2 times" in str(refused.value)
