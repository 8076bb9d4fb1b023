"""geoself calibrate: what it reads, writes, says and refuses."""

import dataclasses
import json

import numpy as np
import pytest
from people_seen import off, recording

from geoself_jax.calibrate.__main__ import main
from geoself_jax.calibrate.recording_cameras import RigReport, read_uncalibrated
from geoself_jax.calibrate.rig_page import page
from geoself_jax.calibrate.rig_report import write_toml
from geoself_jax.core.errors import DATA, MISSING, USAGE, WORKDIR, GeoselfError
from geoself_jax.data.recording import arrays_of, read
from geoself_jax.prepare.__main__ import main as prepare
from geoself_jax.prepare.calibrations import read_calibration

PEOPLE = recording()
BARE = ("R", "center", "world_up", "pose_world", "dist")


def arrays(*left_out, **changes):
    found = {name: a for name, a in arrays_of(PEOPLE).items() if name not in left_out}
    return found | changes


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Recordings without cameras: bare.npz has K, two.npz not even that."""
    place = tmp_path_factory.mktemp("calibrate")
    np.savez(place / "bare.npz", **arrays(*BARE))
    np.savez(place / "two.npz", **arrays(*BARE, "K"))
    np.savez(place / "whole.npz", **arrays("dist"))
    return place


def run(folder, *flags, data="bare.npz"):
    return main([f"--data={folder / data}", *flags])


@pytest.fixture(scope="module")
def written(folder):
    """Folder in which a recording without cameras was calibrated, with all outputs."""
    outputs = (f"--{name}={folder / file}" for name, file in OUTPUTS.items())
    assert run(folder, "--scale=height=1.75", *outputs) == 0
    return folder


OUTPUTS = {
    "output": "found.npz", "toml": "Calib.toml", "json": "found.json", "html": "found.html",
}  # fmt: skip


def test_a_recording_without_cameras_gets_them(written):
    found = read(written / "found.npz")
    assert found.cameras_from.startswith("cameras found (known intrinsics) by geoself calibrate")
    assert "metres by a height of 1.75 m" in found.cameras_from
    np.testing.assert_array_equal(found.world_up, [0, 0, 1])
    report = dataclasses.make_dataclass("Cameras", ["R", "center"])(
        found.camera.R[0], found.camera.center[0]
    )
    degrees, metres = off(report, PEOPLE)
    assert degrees.max() < 0.3 and metres.max() < 0.05
    assert found.keypoints_2d.shape == PEOPLE.keypoints_2d.shape


def test_the_toml_is_read_as_pose2sims_with_equal_cameras(written):
    rig, found = read_calibration(written / "Calib.toml"), read(written / "found.npz")
    assert rig.camera_names == found.camera_names
    np.testing.assert_allclose(rig.K, found.camera.K[0], rtol=1e-12)
    np.testing.assert_allclose(rig.R, found.camera.R[0], atol=1e-9)
    np.testing.assert_allclose(rig.center, found.camera.center[0], atol=1e-9)
    np.testing.assert_array_equal(rig.image_size, found.image_size[0])
    np.testing.assert_allclose(rig.world_up, [0, 0, 1])
    assert rig.cameras_from == found.cameras_from


def test_where_cameras_are_from_is_kept_by_prepare(written):
    again = written / "again.npz"
    assert prepare([f"--input={written / 'found.npz'}", f"--output={again}"]) == 0
    assert read(again).cameras_from == read(written / "found.npz").cameras_from


@pytest.mark.parametrize("up", [None, (0.0, -1.0, 0.0)])
def test_a_toml_says_another_vertical_than_z(up, written, tmp_path):
    up = None if up is None else np.array(up)
    found = dataclasses.replace(read(written / "found.npz"), world_up=up)
    K, R, center = (array[0] for array in found.camera)
    zero = np.zeros(2)
    names = found.camera_names
    rig = RigReport(
        found.rig_names[0], names, R, center, K, zero, zero, zero, 9, 240, "a baseline", None
    )
    write_toml(tmp_path / "Calib.toml", [rig], found)
    again = read_calibration(tmp_path / "Calib.toml").world_up
    assert again is None if up is None else np.allclose(again, up)


def test_the_json_has_the_cameras_and_how_sure_they_are(written):
    content = json.loads((written / "found.json").read_text())
    (rig,) = content["rigs"]
    assert content["format"] == "geoself-calibration/1"
    np.testing.assert_allclose(rig["R"], read(written / "found.npz").camera.R[0])
    assert rig["cameras"] == list(PEOPLE.camera_names)
    assert all(0 < d < 0.5 for d in rig["degrees"]) and rig["blocks"] >= 6
    assert rig["vertical"]["up"] and rig["moved"] is None


def test_the_page_shows_the_cameras_and_nothing_remote(written):
    page = (written / "found.html").read_text()
    assert page.count("<circle") == 2 and page.count("<rect") == 4
    assert "expected error deg" in page and "front_left" in page
    assert "default-src 'none'" in page and "http" not in page.replace("http-equiv", "")


def test_names_on_the_page_are_escaped():
    (R,), (center,), (K,) = PEOPLE.camera.R, PEOPLE.camera.center, PEOPLE.camera.K
    names, some = ("<b>", "a & b"), np.ones(2)
    people = dataclasses.replace(PEOPLE, camera_names=names, rig_names=("<script>",))
    rig = RigReport("<script>", names, R, center, K, some, some, some, 9, 240, "a bone", None)
    shown = page([rig], people, people, given=False)
    assert "<script>" not in shown and "<b>" not in shown and "a &amp; b" in shown


def test_a_network_is_trained_on_it(written, tiny_config):
    from geoself_jax.core.config import replace_at
    from geoself_jax.train.run import train

    config = tiny_config
    for key, value in {
        "data.train": str(written / "found.npz"), "data.validation_share": "0",
        "objective.views": "2", "schedule.length": "2", "schedule.call": "1",
    }.items():  # fmt: skip
        config = replace_at(config, key, value)
    outcome = train(config, written / "run", read(written / "found.npz"))
    assert outcome.steps == 2
    record = json.loads((written / "run/run.json").read_text())
    assert "by geoself calibrate" in json.dumps(record)


def test_intrinsics_are_guessed_where_there_are_none(folder):
    guessed = read_uncalibrated(folder / "two.npz", intrinsics="guess").camera.K[0]
    np.testing.assert_allclose(guessed, [[[800, 0, 499.5], [0, 800, 499.5], [0, 0, 1]]] * 2)
    new = folder / "guessed.npz"
    flags = ("--scale=none", "--intrinsics=guess", f"--output={new}")
    with pytest.raises(GeoselfError, match="leave their focal lengths open") as error:
        run(folder, *flags, data="two.npz")
    assert error.value.code == DATA and not new.exists()


def test_focal_lengths_and_a_camera_that_sees_nobody_are_said(folder, capsys):
    changes = arrays(*BARE)
    for name, axis in {"keypoints_2d": 1, "confidence": 1, "K": 1, "image_size": 1}.items():
        changes[name] = np.concatenate([changes[name], changes[name].take([1], axis)], axis)
    changes["confidence"][:, 2], changes["keypoints_2d"][:, 2] = 0, np.nan
    changes["camera_names"] = np.array([*PEOPLE.camera_names, "cellar"])
    np.savez(folder / "three.npz", **changes)
    output = folder / "of_three.npz"
    scale = "--scale=baseline:front_left,front_right=5.5"
    assert run(folder, scale, "--frames=150", f"--output={output}", data="three.npz") == 0
    said = capsys.readouterr().out
    assert "cellar: left out, it sees nobody" in said
    assert "150 frames" in said and "focal px" in said and "up is z" in said
    assert "metres by a baseline of front_left, front_right of 5.5 m" in said
    assert f"wrote {output}; now: " in said and "inspect" in said


def test_a_calibration_is_refined(folder, capsys):
    output = folder / "refined.npz"
    page = folder / "refined.html"
    assert run(folder, "--refine", f"--output={output}", f"--html={page}", data="whole.npz") == 0
    assert "grey: as they were given" in page.read_text()
    assert page.read_text().count("<circle") == 4  # each camera before and after
    said = capsys.readouterr().out
    assert said.count("not moved") == 2 and "before px" in said
    np.testing.assert_array_equal(read(output).camera.R, PEOPLE.camera.R)


REFUSED = {
    ("--scale=none", "--intrinsics=gues"): (USAGE, "known, focal or guess"),
    (): (USAGE, "--scale is missing"),
    ("--scale=height=tall",): (USAGE, "baseline:CAM,CAM=METRES"),
    ("--scale=none", "--refine"): (USAGE, "keeps the calibration's unit"),
    ("--refine", "--intrinsics=focal"): (USAGE, "keeps the calibration's unit"),
    ("--scale=none", "--frames=99"): (USAGE, "wanted 100 at least"),
    ("--scale=none", "--config.seed=1"): (USAGE, "--config.seed"),
    ("--scale=none", "--html=x.html", "--no-such"): (USAGE, "no such flag"),
    ("--scale=bone:left_hip,left_kne=0.4",): (DATA, "did you mean 'left_knee'?"),
}


@pytest.mark.parametrize("flags", REFUSED, ids=" ".join)
def test_wrong_flags_are_refused_and_nothing_is_written(flags, folder):
    before = sorted(folder.rglob("*"))
    with pytest.raises(GeoselfError) as error:
        run(folder, *flags, f"--output={folder / 'new.npz'}")
    code, said = REFUSED[flags]
    assert error.value.code == code and said in str(error.value)
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize("flag", ["output", "json", "html"])
def test_an_input_is_not_replaced(flag, folder):
    outputs = {"output": folder / "new.npz"} | {flag: folder / "bare.npz"}
    before = (folder / "bare.npz").read_bytes()
    with pytest.raises(GeoselfError) as error:
        run(folder, "--scale=none", *(f"--{name}={path}" for name, path in outputs.items()))
    assert error.value.code == WORKDIR and "is the input --data" in str(error.value)
    assert (folder / "bare.npz").read_bytes() == before


def test_a_file_that_is_not_there_or_has_no_intrinsics_is_refused(folder):
    flags = ("--scale=none", f"--output={folder / 'new.npz'}")
    with pytest.raises(GeoselfError) as error:
        run(folder, *flags, data="bear.npz")
    assert error.value.code == MISSING
    with pytest.raises(GeoselfError, match="K") as error:
        run(folder, *flags, data="two.npz")
    assert error.value.code == DATA


def test_several_rigs_are_refused_for_a_toml_before_the_work(folder):
    two = {n: np.concatenate([arrays()[n]] * 2) for n in ("K", "image_size")}
    half = (np.arange(PEOPLE.frames) % 2).astype(np.int32)
    changes = arrays(*BARE, **two, rig_id=half, rig_names=np.array(["a", "b"]))
    np.savez(folder / "rigs.npz", **changes)
    new = folder / "new.npz"
    with pytest.raises(GeoselfError, match="2 rigs, the file holds one") as error:
        run(folder, "--scale=none", f"--output={new}", "--toml=x.toml", data="rigs.npz")
    assert error.value.code == USAGE and not new.exists()


@pytest.mark.parametrize("coefficients", [(), (0.1, -0.05, 0, 0, 0), (0.1, -0.05, 0, 0, 0.02)])
def test_a_toml_has_the_lens(coefficients, tmp_path):
    dist = np.array([[coefficients, coefficients]]) if coefficients else None
    people = dataclasses.replace(PEOPLE, dist=dist)
    (R,), (center,), (K,) = (people.camera.R, people.camera.center, people.camera.K)
    zero = np.zeros(2)
    names = ('a "lens"', "b")
    people = dataclasses.replace(people, camera_names=names)
    name = people.rig_names[0]
    rig = RigReport(name, names, R, center, K, zero, zero, zero, 9, 240, "a baseline", None)
    write_toml(tmp_path / "Calib.toml", [rig], people)
    read = read_calibration(tmp_path / "Calib.toml")
    assert read.camera_names == names
    wanted = coefficients if any(coefficients[4:]) else coefficients[:4] or (0, 0, 0, 0)
    text = (tmp_path / "Calib.toml").read_text()
    assert f"distortions = {[float(c) for c in wanted]}" in text
    for lens in read.lenses:
        np.testing.assert_allclose(lens.coefficients[: len(wanted)], wanted)
    np.testing.assert_allclose(read.R, R, atol=1e-12)


def test_without_opencv_it_says_what_to_install(folder, monkeypatch):
    from geoself_jax.calibrate import requirements

    monkeypatch.setattr(requirements.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(GeoselfError, match="opencv-python-headless") as error:
        run(folder, "--scale=none", f"--output={folder / 'new.npz'}")
    assert error.value.code == USAGE


def test_a_repair_of_a_file_without_cameras_is_refused(folder):
    with pytest.raises(GeoselfError, match="has no cameras") as error:
        run(folder, "--refine", f"--output={folder / 'none.npz'}")
    assert error.value.code == DATA
    assert not (folder / "none.npz").exists()


def test_without_intrinsics_the_way_to_guess_them_is_named(folder):
    with pytest.raises(GeoselfError, match=r"has no intrinsics .* add --intrinsics=guess") as error:
        run(folder, "--scale=none", f"--output={folder / 'none.npz'}", data="two.npz")
    assert error.value.code == DATA


def test_a_camera_named_as_the_tomls_own_table_is_refused_before_the_work(folder):
    np.savez(folder / "names.npz", **arrays(*BARE, camera_names=np.array(["metadata", "b"])))
    flags = ("--scale=none", f"--output={folder / 'x.npz'}", f"--toml={folder / 'x.toml'}")
    with pytest.raises(GeoselfError, match="camera metadata - the file has a table") as error:
        run(folder, *flags, data="names.npz")
    assert error.value.code == USAGE
