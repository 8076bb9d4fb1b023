"""Angles next to lifted poses: those of the poses in the file, and refusals before the work."""

import numpy as np
import pytest

from geoself_jax.core.errors import DATA, USAGE, GeoselfError
from geoself_jax.data.angles.angle_files import read_angles
from geoself_jax.data.angles.measure import angles_of
from geoself_jax.data.poses.formats import read_poses
from geoself_jax.lift import __main__ as lift


@pytest.fixture
def given(tiny_export, tiny_file, tmp_path):
    return [
        f"--model={tiny_export}",
        f"--keypoints={tiny_file}",
        "--camera=cam_a",
        f"--out={tmp_path}/{{clip}}.npz",
    ]


@pytest.fixture
def camera(tiny_recording):
    return tiny_recording.camera_names[0]


def test_every_clips_angles_are_those_of_its_filtered_poses(given, camera, tmp_path, capsys):
    given[2] = f"--camera={camera}"
    own = tmp_path / "own.toml"
    own.write_text('[angles]\nreach = ["left_hip", "left_shoulder", "left_wrist"]\n')
    angles = f"--angles={tmp_path}/{{clip}}.csv"
    more = ("--filter=one-euro:1,0.1", "--root=relative", f"--angle-definitions={own}")
    assert lift.main([*given, angles, *more]) == 0
    files = sorted(tmp_path.glob("*.csv"))
    assert len(files) == len(list(tmp_path.glob("*.npz"))) > 1
    for path in files:
        found, poses = read_angles(path), read_poses(path.with_suffix(".npz"))
        np.testing.assert_array_equal(found.frame_id, poses.frame_id)
        known = angles_of(poses)
        assert found.angle_names == (*known.angle_names, "reach")
        assert np.isfinite(found.of("reach")).any()
        np.testing.assert_allclose(found.degrees[:, :-1], known.degrees, atol=0.02)
    assert f"and {2 * len(files) - 1} more" in capsys.readouterr().out


def test_angles_are_those_of_the_lifted_legs_and_not_of_feet_kept_on_the_floor(given, tmp_path):
    walk = ["--keypoints=synthetic:test", "--frames=1200", "--camera=front_left"]
    for name, floor in (("level", []), ("floor", ["--floor=0"])):
        files = [f"--out={tmp_path}/{name}.npz", f"--angles={tmp_path}/{name}.csv"]
        assert lift.main([given[0], *walk, "--clip=walking#10", *files, *floor]) == 0
    assert (tmp_path / "floor.csv").read_bytes() == (tmp_path / "level.csv").read_bytes()
    poses = [read_poses(tmp_path / f"{name}.npz") for name in ("level", "floor")]
    assert np.abs(poses[0].pose - poses[1].pose).max() > 0.01 and poses[1].contact.any()


@pytest.mark.parametrize(
    ("flags", "code", "said"),
    [
        (["--angles=a.txt"], USAGE, "wanted .csv or .mot"),
        (["--angle-definitions=a.toml"], USAGE, "no angles are asked for"),
        (["--angles={tmp}/same.csv", "--out={tmp}/same.csv"], USAGE, "is --out as well"),
        (["--angles={tmp}/one.csv"], USAGE, "add {clip} to --angles"),
        (["--angles={tmp}/{clip}.csv", "--angle-definitions={tmp}/a.toml"], DATA, "no joint 'hip'"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(
    given, camera, tmp_path, flags, code, said
):
    given[2] = f"--camera={camera}"
    (tmp_path / "a.toml").write_text('[angles]\nknee = ["hip", "left_knee", "left_ankle"]\n')
    flags = [flag.replace("{tmp}", str(tmp_path)) for flag in flags]
    with pytest.raises(GeoselfError) as error:
        lift.main([*given, *flags])
    assert error.value.code == code and said in str(error.value)
    assert not list(tmp_path.glob("*.npz"))


def test_frames_that_are_filled_have_angles_too(given, tmp_path, tiny_recording, tiny_arrays):
    arrays = {name: array.copy() for name, array in tiny_arrays.items()}
    first = np.flatnonzero(arrays["clip_id"] == 0)
    arrays["confidence"][first[10:13]] = 0
    arrays["keypoints_2d"][first[10:13]] = np.nan
    np.savez(tmp_path / "gap.npz", **arrays)
    camera = f"--camera={tiny_recording.camera_names[0]}"
    clip = f"--clip={tiny_recording.clip_names[0]}"
    read = [given[0], f"--keypoints={tmp_path}/gap.npz", camera, clip]
    for fill in ("0", "3"):
        files = [f"--out={tmp_path}/{fill}.json", f"--angles={tmp_path}/{fill}.csv"]
        assert lift.main([*read, *files, f"--fill={fill}"]) == 0
    gap, filled = (read_angles(tmp_path / f"{fill}.csv").of("knee_angle_r") for fill in "03")
    assert np.isnan(gap[10:13]).all() and np.isfinite(filled[10:13]).all()
    np.testing.assert_array_equal(np.delete(gap, range(10, 13)), np.delete(filled, range(10, 13)))
