"""A vertical that no file says stays unknown: from the calibration to what is said of it."""

import dataclasses

import animals
import numpy as np
import pytest
from calibration_files import known_rig, write_anipose
from scipy.spatial.transform import Rotation

from geoself_jax.core.config import AugmentationConfig, Config, DataConfig
from geoself_jax.core.errors import DATA, USAGE, GeoselfError
from geoself_jax.data import recording
from geoself_jax.inspect import charts, report
from geoself_jax.lift.camera_view import view_of
from geoself_jax.prepare.assemble import assemble
from geoself_jax.prepare.calibrations import read_calibration
from geoself_jax.prepare.calibrations.native import write_native
from geoself_jax.prepare.clip import ReadOptions
from geoself_jax.prepare.datasets import prepared
from geoself_jax.prepare.motion.room import room_of
from geoself_jax.prepare.run import summary
from geoself_jax.runtime.cli import main_of
from geoself_jax.train.check_config import unknown_vertical


def rolled(known):
    """Cameras turned about their axes, each otherwise."""
    for view, degrees in enumerate((0, 90, 180, 45)[: len(known.names)]):
        known.R[view] = Rotation.from_euler("z", degrees, degrees=True).as_matrix() @ known.R[view]
    return known


def from_above(known):
    """All on one side, looking down: the images do not say how steeply."""
    R = known.R[0]
    for view, degrees in enumerate((0, 3, 6, 9)):
        about_up = Rotation.from_euler("z", degrees, degrees=True).as_matrix()
        known.R[view] = R @ about_up
        known.center[view] = about_up.T @ known.center[0]
    return known.turned(Rotation.from_euler("x", 35, degrees=True).as_matrix())


@pytest.mark.parametrize("stand", [rolled, from_above])
def test_up_is_not_guessed_from_cameras_that_do_not_stand_level(tmp_path, stand):
    write_anipose(stand(known_rig()), tmp_path / "c.toml", 1)
    notices = []
    rig = read_calibration(tmp_path / "c.toml", unit="m", notice=notices.append)
    assert rig.world_up is None
    assert any("it stays unknown" in line and "--up=x|-x" in line for line in notices)
    given = read_calibration(tmp_path / "c.toml", unit="m", up="-y")
    np.testing.assert_array_equal(given.world_up, [0, -1, 0])
    write_native(rig, tmp_path / "rig.json")
    assert read_calibration(tmp_path / "rig.json").world_up is None
    np.testing.assert_array_equal(view_of(rig, "left").up, [0, -1, 0])  # drawn as if level


def test_up_of_a_ring_is_seen_in_the_axes_of_one_of_its_cameras(tmp_path):
    ring, degrees = known_rig(), 24
    for view, azimuth in enumerate(np.arange(len(ring.names)) * 360 / len(ring.names)):
        about = Rotation.from_euler("z", azimuth, degrees=True).as_matrix()
        down = Rotation.from_euler("x", 90 + degrees, degrees=True).as_matrix()
        ring.R[view] = down @ about.T
        ring.center[view] = -ring.R[view].T @ (0, 0, 4)
    up = ring.R[0] @ (0, 0, 1)
    write_anipose(ring.turned(ring.R[0]), tmp_path / "c.toml", 1)
    notices = []
    rig = read_calibration(tmp_path / "c.toml", unit="m", notice=notices.append)
    assert rig.world_up @ up > np.cos(np.deg2rad(3))
    assert any("took that direction" in line for line in notices)


@pytest.mark.parametrize("length", [1.0, 1e-200, 3e300])
def test_up_may_be_any_direction_of_any_length(tmp_path, length):
    wanted = np.array([0.1, -0.2, 0.97])
    rig = rig_with(tmp_path, up=",".join(str(length * number) for number in wanted))
    np.testing.assert_allclose(rig.world_up, wanted / np.linalg.norm(wanted), rtol=1e-12)


def test_up_may_be_said_to_be_unknown_whatever_the_format_has(tmp_path):
    write_native(rig_with(tmp_path, up="z"), tmp_path / "rig.json")
    assert read_calibration(tmp_path / "rig.json").world_up is not None
    assert read_calibration(tmp_path / "rig.json", up="unknown").world_up is None


def rig_with(folder, **options):
    write_anipose(known_rig(), folder / "c.toml", 1)
    return read_calibration(folder / "c.toml", unit="m", **options)


@pytest.mark.parametrize(
    "text", ["0,0,0", "1,2", "1,2,3,4", "nan,0,1", "inf,0,1", "0,z,1", "1,,2", "up", ""]
)
@pytest.mark.parametrize("command", ["prepare", "lift"])
def test_what_is_no_direction_is_refused_before_anything_is_read(command, text):
    flags = {
        "prepare": ["--input", "no", "--output=x.npz", f"--up={text}"],
        "lift": [
            *("--model=no", "--keypoints=no", "--out=x.npz", "--camera=no", "--fps=50"),
            f"--world-up={text}",
        ],
    }
    with pytest.raises(GeoselfError) as refused:
        main_of(command)(flags[command])
    flag = "--up" if command == "prepare" else "--world-up"
    assert refused.value.code == USAGE and str(refused.value).startswith(f"{flag}={text} - ")


@pytest.fixture(scope="module")
def lost():
    """A recording of an animal whose file does not know which way is up."""
    parents, pairs, root = animals.SHAPES["two components"]
    return animals.make_arrays(parents, pairs, root) | {"world_up": np.zeros(0)}


def test_an_empty_world_up_is_unknown_and_stays_so(lost, tmp_path):
    read = recording.from_arrays(lost, "x")
    assert read.world_up is None
    recording.write(read, tmp_path / "x.npz")
    assert recording.read(tmp_path / "x.npz").world_up is None
    options = ReadOptions()
    known = lost | {"world_up": np.array([0, 0, 1.0])}
    both = [*prepared.clips_of(lost, options), *prepared.clips_of(known, options)]
    arrays = assemble(both)
    assert arrays["world_up"].shape == (0,)  # of a part it is unknown
    assert "which way is up is unknown" in summary(arrays)
    assert "which way" not in summary(assemble(both[2:]))
    with pytest.raises(GeoselfError, match=r"vertical is unknown .* --up=z") as caught:
        room_of(both[0].rig)
    assert caught.value.code == DATA


def test_inspect_says_what_it_did_not_check_and_draws(lost):
    read = recording.from_arrays(lost, "x")
    found = report.inspect(read, "x", most=60)
    (vertical,) = (v for v in found.verdicts if v.check == "world_up")
    assert vertical.severity == "note" and "unknown" in vertical.evidence
    assert not found.errors and found.figures["floor_m"] == {"box": None}
    (above,) = charts.rig_from_above(found.samples[0]).axes
    assert above.get_title("left") == "box, seen along upwards in the images (up is unknown)"


def test_training_says_what_it_leaves_out(lost):
    read = recording.from_arrays(lost, "x")
    config = Config(
        data=DataConfig(train="x.npz"), augmentation=AugmentationConfig(share=0.5, exchange=0.5)
    )
    (line,) = unknown_vertical(config, read)
    assert line.startswith("x.npz: which way is up is unknown - ")
    assert "(config.augmentation: turn, shift, exchange)" in line and "--up" in line
    known = dataclasses.replace(read, world_up=np.array([0, 0, 1.0]))
    plain = dataclasses.replace(config, augmentation=AugmentationConfig(share=0))
    assert unknown_vertical(config, known) == unknown_vertical(plain, read) == []
