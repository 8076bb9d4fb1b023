"""Flags that every recording needs are asked for before tables are looked for and read."""

import dataclasses
import json
import shutil

import numpy as np
import pandas as pd
import pytest
from calibration_files import known_rig, write_anipose
from detection_files import sleap
from scenes import motion

from geoself_jax.core.errors import DATA, USAGE, GeoselfError
from geoself_jax.core.skeleton import H36M_17
from geoself_jax.prepare import __main__ as prepare
from geoself_jax.prepare import detections
from geoself_jax.prepare.calibrations import read_calibration
from geoself_jax.prepare.calibrations.native import write_native
from geoself_jax.prepare.clip import ReadOptions
from geoself_jax.prepare.own_rig import read_own_rig
from geoself_jax.prepare.rig_options import RigOptions

KNOWN = known_rig(("A", "B"))
FRAMES = 8


def write_session(folder, names=H36M_17.joint_names):
    """A DeepLabCut table a camera."""
    folder.mkdir(parents=True)
    levels = [["DLC"], names, ["x", "y", "likelihood"]]
    columns = pd.MultiIndex.from_product(levels, names=["scorer", "bodyparts", "coords"])
    for view, camera in enumerate(KNOWN.names):
        seen = dataclasses.replace(KNOWN, points=motion(FRAMES).reshape(-1, 3)).pixels(view)
        sure = np.full((FRAMES, 17, 1), 0.9)
        values = np.concatenate([seen.reshape(FRAMES, 17, 2), sure], -1).reshape(FRAMES, -1)
        pd.DataFrame(values, columns=columns).to_csv(folder / f"cam{camera}.csv")


def break_tables(folder):
    for path in folder.glob("*.csv"):
        path.write_text("\n".join(path.read_text().splitlines()[:3]) + "\n0,a,b\n")


@pytest.fixture
def project(tmp_path):
    """Two sessions: of one the calibration says all, and no table is sound; the other has none."""
    for name in ("mouse1", "mouse2"):
        write_session(tmp_path / "project" / name)
    write_anipose(KNOWN, tmp_path / "c.toml", 0.001)
    rig = read_calibration(tmp_path / "c.toml", unit="mm", up="z")
    write_native(rig, tmp_path / "project/mouse1/rig.json")
    break_tables(tmp_path / "project/mouse1")
    return tmp_path / "project"


def refusal(project, **options):
    own = RigOptions(**{"fps": 50.0, "subject_from": "{name}", **options})
    with pytest.raises(GeoselfError) as refused:
        list(read_own_rig([project], own, ReadOptions()).clips)
    return refused.value


def test_a_unit_that_one_calibration_lacks_is_asked_for_before_tables_are_read(project):
    shutil.copy(project.parent / "c.toml", project / "mouse2/calibration.toml")
    error = refusal(project)
    assert len(error.lines) == 1 and error.code == DATA
    assert "mouse2/calibration.toml: its unit is not in the file" in str(error)
    assert "mouse1" in str(refusal(project, unit="mm"))


def test_an_image_size_that_one_calibration_lacks_is_asked_for_before_tables_are_read(project):
    rig = json.loads((project / "mouse1/rig.json").read_text())
    rig["image_size"][1] = [0, 0]
    (project / "mouse2/rig.json").write_text(json.dumps(rig))
    error = refusal(project)
    assert len(error.lines) == 1 and "the image size of camera B" in str(error)


def test_unknown_joints_are_asked_about_before_other_recordings_are_read(project):
    shutil.copy(project / "mouse1/rig.json", project / "mouse2/rig.json")
    shutil.rmtree(project / "mouse2")
    write_session(project / "a_mouse", [f"part{joint}" for joint in range(17)])
    shutil.copy(project / "mouse1/rig.json", project / "a_mouse/rig.json")
    error = refusal(project)
    assert "a_mouse" in str(error) and "mouse1" not in str(error)


@pytest.mark.parametrize("place", ["project/calibration.toml", "calibration.toml", "given.toml"])
def test_a_unit_is_asked_for_before_detections_are_looked_for(tmp_path, place):
    for number in (1, 2):
        folder = tmp_path / "project" / f"mouse{number}"
        folder.mkdir(parents=True)
        for camera in KNOWN.names:
            sleap(folder / f"cam{camera}.h5", np.ones((1, FRAMES, 17, 3)))
    write_anipose(KNOWN, tmp_path / place, 0.001)
    given = tmp_path / place if place.startswith("given") else None
    before = detections._reasons_at.cache_info().misses
    error = refusal(tmp_path / "project", calibration=given)
    assert "its unit is not in the file" in str(error)
    assert detections._reasons_at.cache_info().misses == before


def test_a_calibration_that_no_recording_uses_asks_for_nothing(tmp_path):
    project = tmp_path / "project"
    for name in ("mouse1", "mouse2"):
        write_session(project / name)
    write_anipose(KNOWN, project / "calibration.toml", 0.001)
    rig = read_calibration(project / "calibration.toml", unit="mm", up="z")
    for name in ("mouse1", "mouse2"):
        write_native(rig, project / name / "rig.json")
    own = RigOptions(fps=50.0, subject_from="{name}")
    for clip in read_own_rig([project], own, ReadOptions()).clips:
        np.testing.assert_allclose(clip.rig.center, rig.center)


@pytest.mark.parametrize("person", ["largets", "consistent:x", "everybody"])
def test_a_way_to_choose_that_is_none_is_refused_before_anything_is_read(tmp_path, person):
    flags = [f"--person={person}", "--fps=50", f"--output={tmp_path}/x.npz"]
    with pytest.raises(GeoselfError, match=f"--person={person} - no such way") as refused:
        prepare.main(["--input", str(tmp_path), *flags])
    assert refused.value.code == USAGE
