"""Fractions of images are read by the calibration's sizes, which no flag contradicts."""

import shutil

import numpy as np
import pytest
from scenes import motion, pixels_of, tiny_rig

from geoself_jax.core.errors import USAGE, GeoselfError
from geoself_jax.core.skeleton import H36M_17
from geoself_jax.data import recording
from geoself_jax.prepare import __main__ as prepare
from geoself_jax.prepare.clip import ReadOptions
from geoself_jax.prepare.lab_files import write_pose2sim
from geoself_jax.prepare.rig_options import RigOptions
from geoself_jax.prepare.trials import find_trials, read_views

FRAMES = 12
SIZES = np.array([[1000, 1000], [640, 480], [1920, 1080], [800, 1200]])


@pytest.fixture
def lab(tmp_path):
    """Fractions of three of four cameras' images, whose sizes differ."""
    rig = tiny_rig()
    scale = np.array([[[w / 1000], [h / 1000], [1]] for w, h in SIZES.tolist()])
    clip = {
        "K": rig.K * scale,
        "dist": np.array([[*lens.coefficients[:4], 0] for lens in rig.lenses]),
        "R": rig.R,
        "center": rig.center,
        "image_size": SIZES,
    }
    write_pose2sim(tmp_path / "Calib.toml", rig.camera_names, clip)
    fractions = pixels_of(motion(FRAMES), rig) / 1000
    joints = np.concatenate([fractions, np.full((*fractions.shape[:-1], 1), 0.9)], -1)
    for view in range(3):
        folder = tmp_path / f"lab/cam{view + 1}"
        folder.mkdir(parents=True)
        for frame in range(FRAMES):
            line = [0, 0.5, 0.5, 0.2, 0.6, *joints[frame, view].ravel()]
            (folder / f"x_{frame + 1}.txt").write_text(" ".join(f"{n:.7g}" for n in line) + "\n")
    return tmp_path


def words(lab, *more):
    given = ["--input", str(lab / "lab"), f"--calibration={lab}/Calib.toml", "--fps=25"]
    return [*given, "--skeleton=h36m_17", f"--output={lab}/o.npz", *more]


def test_cameras_of_different_sizes_are_proved_and_read_by_their_own(lab, capsys):
    assert prepare.main(words(lab)) == 0
    said = capsys.readouterr().out
    assert "cameras matched by triangulation: cam1 = cam1, cam2 = cam2, cam3 = cam3: " in said
    for name, (width, height) in zip(("cam1", "cam2", "cam3"), SIZES.tolist(), strict=False):
        assert (
            f"{name}: joints are fractions of the image, multiplied by {width} x {height}" in said
        )
    read = recording.read(lab / "o.npz")
    wanted = pixels_of(motion(FRAMES), tiny_rig())[:, :3] / 1000 * SIZES[:3, None]
    assert np.nanmedian(np.abs(read.keypoints_2d - wanted)) < 3  # of the lens, undone


@pytest.mark.parametrize("flag", ["--image-size=1920x1080", "--image-size=cam2=1280x960"])
def test_a_size_that_contradicts_the_calibration_is_refused(lab, flag):
    with pytest.raises(
        GeoselfError, match=r"the calibration of cam[12] is in the pixels"
    ) as caught:
        prepare.main(words(lab, flag))
    assert caught.value.code == USAGE and not (lab / "o.npz").exists()


def test_a_size_that_the_calibration_lacks_is_taken_and_its_own_may_be_repeated(lab):
    path = lab / "Calib.toml"
    lines = path.read_text().splitlines()
    sized = [number for number, line in enumerate(lines) if line.startswith("size")]
    del lines[sized[1]]
    path.write_text("\n".join(lines))
    with pytest.raises(GeoselfError, match=r"image size of camera cam2 .* --image-size=cam2="):
        prepare.main(words(lab))
    sizes = ["--image-size=cam1=1000x1000", "--image-size=cam2=640x480"]
    assert prepare.main(words(lab, *sizes)) == 0
    np.testing.assert_array_equal(recording.read(lab / "o.npz").image_size[0], SIZES[:3])


def test_files_that_were_read_to_prove_their_cameras_are_not_read_again(lab):
    own = RigOptions(calibration=lab / "Calib.toml", skeleton=H36M_17, fps=25.0)
    (trial,), errors = find_trials([lab / "lab"], own, ReadOptions())
    assert not errors
    shutil.rmtree(lab / "lab")
    names = ["cam1", "cam2", "cam3"]
    views = read_views(trial.rig.select(names), trial, own, ReadOptions())
    assert [len(np.unique(view.frame)) for view in views.values()] == [FRAMES] * 3
